"""Write the whole ledger as JSON Lines, which `tools/verify_ledger.py` verifies by itself.

The first line says what the file is. Each run is an object with its header, section digests, the
digest before and its own; its rows follow, each as an array that begins with the table: first the
entries of the catalog that no run before it had, then its sections. The last line has the number
of runs and the last digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from asnrules.database.engines import transaction
from asnrules.database.locks import take_snapshot
from asnrules.database.schema import runs
from asnrules.database.stored import read_stored
from asnrules.errors import StoredValueError
from asnrules.record.ledger import (
    CATALOG,
    SECTIONS,
    Head,
    entry_rows,
    head,
    header_of,
    section_rows,
    stored_runs,
)
from asnrules.util.atomic_files import whole_file
from asnrules.util.canonical import canonical

FORMAT = {"format": "asnrules ledger", "version": 1}
"""The first line."""

Progress = Callable[[str, int, int], None]


def export(engine: Engine, progress: Progress | None = None) -> Iterator[bytes]:
    """Give the lines of the ledger, some thousands at a time.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    progress : callable, optional
        Told how many runs of how many have been written.
    """
    with transaction(engine) as connection:
        take_snapshot(connection)
        yield canonical(FORMAT) + b"\n"
        last = head(connection)
        entries = entry_rows(connection)
        done = covered = 0
        for values, label, checksum in list(stored_runs(connection)):
            if label is None:
                of, problem = f"run {values['run_id']}", "there is no such ruleset any more"
                raise StoredValueError(of, runs.name, "ruleset_id", problem)
            sections = _sections(values)
            yield _run_line(values, sections, label, checksum)
            until = max(covered, *sections.get(CATALOG, [0])[:1])
            yield _lines(CATALOG, entries[covered:until])
            covered = until
            yield from _rows(connection, values["run_id"])
            done += 1
            if progress is not None:
                progress("runs", done, last.run_id)
        yield canonical({"runs": done, "head": last.digest}) + b"\n"


def write_export(
    engine: Engine, path: Path, *, overwrite: bool = False, progress: Progress | None = None
) -> Head:
    """Write the ledger into a file: all of it or nothing.

    Returns
    -------
    Head
        The last run that is in it.

    Raises
    ------
    OutputError
        If the file is there already and may not be replaced, or cannot be written.
    """
    last = b""
    with whole_file(path, overwrite=overwrite) as stream:
        for last in export(engine, progress):
            stream.write(last)
    end = json.loads(last)
    return Head(end["runs"], end["head"])


def _sections(values: dict[str, Any]) -> dict[str, Any]:
    """Give the digests of the sections of a run, of which every value can be read."""
    of = f"run {values['run_id']}"
    for column in runs.columns:
        read_stored(column, values[column.name], of)
    found: dict[str, Any] = read_stored(runs.c.section_digests, values["section_digests"], of)
    return found


def _run_line(values: dict[str, Any], sections: dict[str, Any], label: str, checksum: str) -> bytes:
    line = {
        "run": header_of(values, label, checksum),
        "sections": sections,
        "previous": values["previous_digest"],
        "digest": values["digest"],
    }
    return canonical(line) + b"\n"


def _rows(connection: Connection, run_id: int) -> Iterator[bytes]:
    for table in SECTIONS:
        for rows in section_rows(connection, table, run_id):
            yield _lines(table.name, rows)


def _lines(table: str, rows: Sequence[Sequence[Any]]) -> bytes:
    return b"".join(canonical([table, *row]) + b"\n" for row in rows)
