"""Write the whole ledger as JSON Lines, which `tools/verify_ledger.py` verifies by itself.

The first line says what the file is. Each run is an object with its header, section digests, the
digest before and its own; its rows follow, each as an array that begins with the table: first the
entries of the catalog that no run before it had, then its sections. The last line has the number
of runs and the last digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table

from asnrules.database.engines import transaction
from asnrules.database.locks import take_snapshot
from asnrules.database.schema.catalog import catalog_entries
from asnrules.database.schema.record import runs
from asnrules.database.stored import Finding, any_text, unreadable
from asnrules.errors import OutputError
from asnrules.record.chain import (
    CATALOG,
    SECTIONS,
    Head,
    RowsDigest,
    StoredRun,
    entry_rows,
    head,
    section_rows,
    stored_runs,
    strays,
    unreadable_rows,
)
from asnrules.util.atomic_files import whole_file
from asnrules.util.canonical import canonical
from asnrules.util.parallel import Progress

FORMAT = {"format": "asnrules ledger", "version": 1}
"""The first line."""


def export(
    engine: Engine, findings: list[Finding], progress: Progress | None = None
) -> Iterator[bytes]:
    """Give the lines of the ledger, some thousands at a time.

    The findings are values that cannot be read, which are written as they are stored, and tables
    with rows of no run, which are not written.
    """
    with transaction(engine) as connection, any_text(connection):
        take_snapshot(connection)
        yield canonical(FORMAT) + b"\n"
        last = head(connection)
        entries = entry_rows(connection)
        findings += unreadable(catalog_entries, entries, None)
        done = covered = 0
        for run in stored_runs(connection):
            run_id, sections = run.values["run_id"], run.sections
            findings += run.unreadable()
            if run.ruleset is None:
                problem = "there is no such ruleset any more"
                findings.append(Finding(run_id, runs.name, "ruleset_id", problem))
            yield _run_line(run)
            # Where it cannot be read which entries there were, all are given.
            count = sections.get(CATALOG, [0])[0] if sections else len(entries)
            until = max(covered, count)
            yield _lines(CATALOG, entries[covered:until])
            covered = until
            for table in SECTIONS:
                yield from _rows(connection, table, run_id, sections, findings)
            done += 1
            if progress is not None:
                progress("runs", done, last.run_id)
        findings += strays(connection)
        yield canonical({"runs": done, "head": last.digest}) + b"\n"


def write_export(
    engine: Engine,
    path: Path,
    findings: list[Finding],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Head:
    """Write the ledger into a file, see `export` and `whole_file`; give the last run."""
    if path.is_dir():
        mend = "name a file or, for Parquet files, give --format parquet"
        raise OutputError(f"{path}: is a folder, which is never replaced; {mend}")
    last = b""
    with whole_file(path, overwrite=overwrite) as stream:
        for last in export(engine, findings, progress):
            stream.write(last)
    end = json.loads(last)
    return Head(end["runs"], end["head"])


def _run_line(run: StoredRun) -> bytes:
    line = {
        "run": run.header,
        # Where these are not what was written, it has to be seen in the file.
        "sections": run.sections if run.has_sections_as_written else run.values["section_digests"],
        "previous": run.values["previous_digest"],
        "digest": run.values["digest"],
    }
    return canonical(line) + b"\n"


def _rows(
    connection: Connection,
    table: Table,
    run_id: int,
    sections: dict[str, Any],
    findings: list[Finding],
) -> Iterator[bytes]:
    digest = RowsDigest()
    for rows in section_rows(connection, table, run_id):
        digest.add(rows)
        yield _lines(table.name, rows)
    if digest.finished() != sections.get(table.name):
        findings += unreadable_rows(connection, table, run_id)


def _lines(table: str, rows: Sequence[Sequence[Any]]) -> bytes:
    return b"".join(canonical([table, *row]) + b"\n" for row in rows)
