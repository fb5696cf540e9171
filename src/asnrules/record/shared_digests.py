"""The digests of what runs have on record, computed by several workers.

Processes of this machine read what they digest, each by a connection of its own. Other machines get
the rows, which takes about as long as to digest them: they help where this one has too much to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from asnrules.database.engines import transaction
from asnrules.database.schema.all_tables import metadata
from asnrules.database.stored import any_text
from asnrules.errors import DatabaseError
from asnrules.record.chain import SECTIONS, RowsDigest, StoredRun, section_rows, stored_runs
from asnrules.util.parallel import Errand, Progress, Told, Workers, parallel_map

_WORTH_SHARING = 100_000
"""Rows for which a second process pays."""

_MOST_SENT = 200_000
"""Rows of a section that another machine gets: they are in memory at once."""

_DAMAGE = (DBAPIError, DatabaseError)
"""What cannot be read is left out here: `record.verify` reports it, with its place."""

Rows = Sequence[Sequence[object]]


class Section(NamedTuple):
    """The rows of a table that belong to a run."""

    run_id: int
    table: str


Digests = dict[Section, list[int | str]]
"""The number of rows of each section, and their digest."""


def shared_digests(
    engine: Engine, workers: Workers, progress: Progress | None, since: int
) -> Digests:
    """Digest the sections of runs after one; those that one worker has to do are left out."""
    sizes = {} if workers == 1 else _sizes(engine, since)
    if isinstance(workers, int):
        sizes = sizes if sum(sizes.values()) >= _WORTH_SHARING else {}
    else:
        sizes = {section: size for section, size in sizes.items() if size <= _MOST_SENT}
    if not sizes:
        return {}
    told = progress and partial(progress, "sections")
    shares = parallel_map(_Digesting(engine), [*sizes], [*sizes.values()], workers, told)
    return {section: digest for share in shares for section, digest in share.items()}


def _sizes(engine: Engine, since: int) -> dict[Section, int]:
    """Give the sections of the runs after one, and how many rows each is said to have."""
    runs: list[StoredRun] = []
    with suppress(*_DAMAGE), transaction(engine) as connection, any_text(connection):
        runs = stored_runs(connection)
    names = [table.name for table in SECTIONS]
    return {
        Section(run.values["run_id"], name): max(run.sections[name][0], 1)
        for run in runs
        for name in names
        if name in run.sections and run.values["run_id"] > since
    }


class _Digesting:
    """Digests sections as far as they can be read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, sections: Sequence[Section], told: Told | None = None, /) -> Digests:
        found: Digests = {}
        with suppress(*_DAMAGE), transaction(self._engine) as connection:
            for done, (section, batches) in enumerate(_read(connection, sections), 1):
                found[section] = _digest(batches)
                if told is not None:
                    told(done, len(sections))
        return found

    def errand(self, sections: Sequence[Section]) -> Errand:
        read: list[tuple[Section, Sequence[Rows]]] = []
        with suppress(*_DAMAGE), transaction(self._engine) as connection:
            for section, batches in _read(connection, sections):
                read.append((section, [*batches]))
        return Errand(_digested, (read,))


def _read(
    connection: Connection, sections: Sequence[Section]
) -> Iterator[tuple[Section, Iterator[Rows]]]:
    for section in sections:
        table = metadata.tables[section.table]
        yield section, section_rows(connection, table, section.run_id)


def _digested(read: Sequence[tuple[Section, Sequence[Rows]]]) -> Digests:
    return {section: _digest(batches) for section, batches in read}


def _digest(batches: Sequence[Rows] | Iterator[Rows]) -> list[int | str]:
    digest = RowsDigest()
    for rows in batches:
        digest.add(rows)
    return digest.finished()
