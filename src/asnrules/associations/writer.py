"""Write association files: all of them or none, and none outside the output folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from asnrules.associations.journal import (
    Entry,
    IsRecorded,
    Journal,
    RunMark,
    describe,
    has_digest,
    is_plain,
)
from asnrules.associations.model import Association
from asnrules.associations.recovery import (
    ASIDE,
    StageError,
    Waiting,
    decide,
    locked,
    move_in,
    new_stage,
    settle_stage,
    stages_of,
)
from asnrules.errors import OutputError, PoolError
from asnrules.util.atomic_files import OVERWRITE, check_target
from asnrules.util.folders import Folder, held

_SYNCING = 16
"""Threads that wait for the disk. It writes many files at once nearly as fast as one."""


class Written(NamedTuple):
    """Files that are in place.

    Attributes
    ----------
    files : list of Path
        In the order of the associations.
    taken_back : int
        How many files of runs that were cut off were taken back before.
    left_alone : list of str
        A line for each thing in the folder that looks like the rest of such a run and is none.
    """

    files: list[Path]
    taken_back: int
    left_alone: list[str]


@contextmanager
def written_files(
    folder: Path,
    associations: Sequence[Association],
    code_version: str,
    *,
    overwrite: bool = False,
    mark: RunMark | None = None,
    is_recorded: IsRecorded = lambda _: False,
    waiting: Waiting | None = None,
) -> Iterator[Written]:
    """Write the files of associations, and take them back if the block fails.

    What runs left in the folder that were cut off is settled first. Then the files are written
    into a folder in it, and moved into place when the block is entered, so that a run can be
    recorded inside the block: both are there and on disk afterwards, or neither. Meanwhile other
    runs into the same folder wait. If the process is killed in the block, the next run settles it.

    Parameters
    ----------
    folder : Path
        The output folder; made if it is missing.
    associations : sequence of Association
        What to write, each under its `asn_name`.
    code_version : str
        The software and ruleset that made them.
    overwrite : bool
        Whether a file of the same name with another content may be replaced.
    mark : RunMark, optional
        The run that is recorded in the block.
    is_recorded : callable
        Tells whether a run was recorded: one that was cut off, or this one if the block fails;
        then the files stay.
    waiting : callable, optional
        Told how long it has waited for another run.

    Yields
    ------
    Written
        The files, and what was settled.

    Raises
    ------
    PoolError
        If a value of a pool would make a name that is no plain file name.
    OutputError
        If a file cannot be written, or a different one is there already.
    """
    check_names(associations)
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder}: is no folder; choose another with --output")
        with locked(folder, waiting) as (place, is_locked):
            taken_back, left_alone = _settled(place, is_recorded, is_locked=is_locked)
            stage_name = new_stage()
            try:
                place.make(stage_name)
                with held(Path(stage_name), place) as stage:
                    files = _moved(place, stage, associations, code_version, overwrite, mark)
                    yield Written(files, taken_back, left_alone)
                    decide(stage)
            finally:
                # It is taken back unless it was decided that it stays, or the run was recorded: an
                # interrupt can come between the end of the record's transaction and here.
                _settle_own(place, stage_name, is_recorded)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _settled(folder: Folder, is_recorded: IsRecorded, *, is_locked: bool) -> tuple[int, list[str]]:
    count = 0
    problems = {}
    for name in stages_of(folder):
        if not is_locked:
            problems[name] = "without file locks nobody can tell whether a run is using it"
            continue
        try:
            count += settle_stage(folder, name, is_recorded)
        except StageError as error:
            problems[name] = str(error)
    return count, [
        f"{folder.path / name}: {problem}, so it is left alone; look at it and remove it by hand"
        for name, problem in problems.items()
    ]


def _settle_own(folder: Folder, name: str, is_recorded: IsRecorded) -> None:
    try:
        try:
            settle_stage(folder, name, is_recorded)
        except KeyboardInterrupt:
            # It can be done again from wherever it was.
            settle_stage(folder, name, is_recorded)
            raise
    except StageError as error:
        raise OutputError(
            f"{folder.path / name}: {error}, though this run has made it; look at it and at the "
            "files in the folder, and remove it by hand"
        ) from error


def _unwritable(folder: Path, error: OSError) -> OutputError:
    place = error.filename or folder
    return OutputError(
        f"{place}: {os.strerror(error.errno or 0)}; choose another folder with --output"
    )


def check_names(associations: Sequence[Association]) -> None:
    """Refuse names that are no plain file names, or that two associations share.

    Raises
    ------
    PoolError
        Naming the association, whose program or candidate id is the cause.
    """
    seen = set()
    for association in associations:
        name = association.asn_name
        if not is_plain(name) or name in seen:
            what = "would be made twice" if name in seen else "is not a plain file name"
            raise PoolError(
                f"association {name[:80]!r} {what}; mend PROGRAM ({association.program[:80]!r}) "
                f"or ASN_CANDIDATE (id {association.asn_id[:80]!r}) of its exposures"
            )
        seen.add(name)


def _moved(
    folder: Folder,
    stage: Folder,
    associations: Sequence[Association],
    code_version: str,
    overwrite: bool,
    mark: RunMark | None,
) -> list[Path]:
    """Write files into a stage and move them into their folder, all on disk; give their paths."""
    written = [(f"{one.asn_name}.json", _write(stage, one, code_version)) for one in associations]
    entries = []
    for entry in _on_disk(stage, written):
        path = folder.path / entry.name
        is_equal = overwrite or _has_file(folder, entry)
        replaces = check_target(
            path,
            overwrite=is_equal,
            mend=f"it differs; choose another folder with --output, or {OVERWRITE}",
        )
        entries.append(entry._replace(replaces=replaces))
    if entries:
        stage.make(ASIDE)
        with held(Path(ASIDE), stage) as aside:
            move_in(folder, stage, aside, Journal(entries, mark))
    return [folder.path / entry.name for entry in entries]


def _write(stage: Folder, association: Association, code_version: str) -> str:
    """Write a file; give its digest."""
    content = json.dumps(association.document(code_version), indent=4).encode() + b"\n"
    with os.fdopen(stage.create(f"{association.asn_name}.json"), "wb") as stream:
        stream.write(content)
    return hashlib.sha256(content).hexdigest()


def _on_disk(stage: Folder, written: Sequence[tuple[str, str]]) -> list[Entry]:
    """Wait until files are on disk; say what they are."""
    from concurrent.futures import ThreadPoolExecutor

    def sync(one: tuple[str, str]) -> Entry:
        descriptor = stage.open(one[0], writable=True)
        try:
            os.fsync(descriptor)
            return describe(descriptor, *one)
        finally:
            os.close(descriptor)

    with ThreadPoolExecutor(_SYNCING) as threads:
        return list(threads.map(sync, written))


def _has_file(folder: Folder, entry: Entry) -> bool:
    """Tell whether a folder has an equal file; a link to one is none."""
    try:
        return has_digest(folder, entry)
    except OSError:
        return False
