"""Write the whole ledger as JSON Lines, which `tools/verify_ledger.py` verifies by itself.

The first line says what the file is. Each run is an object with its header, section digests, the
digest before and its own; its rows follow, each as an array that begins with the table. The last
line has the number of runs and the last digest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from asnrules.audit.ledger import (
    SECTIONS,
    Head,
    canonical,
    head,
    header_of,
    section_rows,
    stored_runs,
)
from asnrules.database.engines import transaction
from asnrules.database.locks import take_snapshot
from asnrules.whole_files import whole_file

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
        done = 0
        for values, label, checksum in list(stored_runs(connection)):
            yield _run_line(values, label, checksum)
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


def _run_line(values: dict[str, Any], label: str, checksum: str) -> bytes:
    line = {
        "run": header_of(values, label, checksum),
        "sections": json.loads(values["section_digests"]),
        "previous": values["previous_digest"],
        "digest": values["digest"],
    }
    return canonical(line) + b"\n"


def _rows(connection: Connection, run_id: int) -> Iterator[bytes]:
    for table in SECTIONS:
        for rows in section_rows(connection, table, run_id):
            yield b"".join(canonical([table.name, *row]) + b"\n" for row in rows)
