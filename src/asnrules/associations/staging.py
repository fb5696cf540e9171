"""Fill a stage: the files of associations, on disk, and the journal that tells of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from asnrules.associations.journal import Entry, NewJournal, describe
from asnrules.associations.model import Association
from asnrules.util.folders import Folder, write_all
from asnrules.util.parallel import Told, parallel_map

if TYPE_CHECKING:
    from concurrent.futures import Executor

_BATCH = 128
"""Files that are open at a time; some systems allow 256 in all."""
_SYNCING = 32
"""Threads of all processes that wait for the disk. It writes many files at once nearly as fast as
one; of 8, 16, 32 and 64, and one sync of the whole file system, none was faster than 32."""
_WORTH_SHARING = 2_000
"""Files for which a second process pays."""
_TURNS = 4
"""Shares for each process, as one may be slower than another."""


class Staging(NamedTuple):
    """Writes files into a stage."""

    stage: Folder
    code_version: str
    replaced: Set[str]
    """Names of files in whose place something is that is put aside."""
    workers: int
    """How many processes may share the work."""

    def fill(self, associations: Sequence[Association], journal: NewJournal) -> None:
        """Write the files of all associations, and into the journal what they are."""
        starts = range(0, len(associations), _BATCH)
        batches = [associations[start : start + _BATCH] for start in starts]
        workers = self.workers if len(associations) >= _WORTH_SHARING else 1
        write = partial(self._write, journal, os.getpid(), max(2, _SYNCING // workers))
        parallel_map(write, batches, list(map(len, batches)), workers, turns=_TURNS)

    def _write(
        self,
        journal: NewJournal,
        first_process: int,
        syncing: int,
        batches: Sequence[Sequence[Association]],
        _told: Told | None,
    ) -> None:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(syncing) as threads:
            sync = partial(_sync, threads, syncing)
            for batch in batches:
                if first_process not in {os.getpid(), os.getppid()}:
                    # The run was killed, and others wait for the folder as long as this goes on.
                    return
                journal.add(self._on_disk(batch, sync))

    def _on_disk(
        self, batch: Sequence[Association], sync: Callable[[list[int]], None]
    ) -> list[Entry]:
        """Write files, wait until they are on disk, and say what they are."""
        digests = []
        descriptors: list[int] = []
        try:
            for one in batch:
                text = one.text(self.code_version)
                digests.append(hashlib.sha256(text).hexdigest())
                descriptors.append(self.stage.create(one.file_name))
                write_all(descriptors[-1], text)
            sync(descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        # Not earlier: some systems set the time of a file when it is closed.
        return [
            describe(self.stage, one.file_name, digest, replaces=one.file_name in self.replaced)
            for one, digest in zip(batch, digests, strict=True)
        ]


def _sync(threads: Executor, count: int, descriptors: Sequence[int]) -> None:
    shares = [descriptors[at::count] for at in range(min(count, len(descriptors)))]
    syncing = [threads.submit(lambda share: [*map(os.fsync, share)], share) for share in shares]
    for one in syncing:
        one.exception()
    for one in syncing:
        one.result()
