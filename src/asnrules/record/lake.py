"""Write the ledger as a lake: Parquet files that DuckDB, Spark, Trino or Dask read in place.

What was written stays as it is, so that an export adds what is new and nothing else. Each run has
a folder of its own, such as `run_id=7`, with its header and digests in `runs.parquet`, and a file
for each of its sections. What the catalog got since the export before has one as well, such as
`catalog=262`, by the number of its last entry: the entries, the words and the published rulesets
that they are of, with all their rows. The column that a folder is named by is in none of its
files, as Hive has it. `_ledger.json` says how far the last export came; nothing else is replaced.

A folder gets its name when all in it is on disk. `tools/verify_ledger.py` verifies a lake.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, Text, select

from asnrules.catalog.entries import VOCABULARY
from asnrules.database.engines import transaction
from asnrules.database.guards import PUBLISHED
from asnrules.database.locks import take_snapshot
from asnrules.database.schema.all_tables import metadata
from asnrules.database.schema.catalog import catalog_entries, rulesets
from asnrules.database.schema.record import runs
from asnrules.database.stored import Finding, any_text, as_stored, shown, with_flags
from asnrules.errors import OutputError
from asnrules.record.chain import (
    CATALOG,
    NOTHING,
    SECTIONS,
    Head,
    RowsDigest,
    StoredRun,
    digest_of_rows,
    entry_rows,
    head,
    run_digest,
    section_rows,
    stored_runs,
    unreadable_rows,
)
from asnrules.record.parquet import UnwritableError, Wanted, folder_problem, in_short, parquet_file
from asnrules.record.verify import difference
from asnrules.record.verify_catalog import entry_findings, ruleset_findings
from asnrules.util.atomic_files import STAGE, remove_stage, staged, sync, whole_folder
from asnrules.util.canonical import canonical
from asnrules.util.environment import arrow
from asnrules.util.folder_locks import locked
from asnrules.util.folders import Folder
from asnrules.util.parallel import Progress
from asnrules.util.results import Tabular, shown_briefly

FORMAT = {"format": "asnrules lake", "version": 1}
"""Stands in `_ledger.json`, with the numbers of runs and entries and the last digest."""

LEDGER = "_ledger.json"
"""Engines take a file whose name begins so for none of their data."""

_RUN, _CATALOG = "run_id=", "catalog="
_RULESET_TABLES = [metadata.tables[name] for name in PUBLISHED]
_CATALOG_TABLES = (catalog_entries, *VOCABULARY, rulesets, *_RULESET_TABLES)
_HEADER_COLUMNS = [
    *(column for column in runs.columns if column.name != "run_id"),
    Column("ruleset", Text, nullable=False),
    Column("ruleset_checksum", Text, nullable=False),
]
_LONGEST = 10_000  # Bytes of `_ledger.json`


@shown_briefly
@dataclass(slots=True)
class Exported(Tabular):
    """The result of an export."""

    head: Head = NOTHING
    """The last run on record."""
    runs: int = 0
    """How many runs were written; so with `kept`, those that were there."""
    kept: int = 0
    problems: list[str] = field(default_factory=list)
    """A line for each thing in the folder that is not what it should be, and was left alone."""
    findings: list[Finding] = field(default_factory=list)
    """Of the runs, and of the catalog, that do not match their digests; they are not written."""

    def document(self) -> dict[str, Any]:
        """Give it as one record."""
        counts = {"runs": self.runs, "kept": self.kept, "problems": self.problems}
        return {
            **self.head._asdict(),
            **counts,
            "findings": [one._asdict() for one in self.findings],
        }


def export_lake(engine: Engine, path: Path, progress: Progress | None = None) -> Exported:
    """Write the runs and entries that are not in the folder yet, which is made if it is missing.

    Of what is there, headers, digests and numbers of rows are compared with the record; the values
    of rows are what `tools/verify_ledger.py` verifies. No other export writes there meanwhile.

    Raises
    ------
    OutputError
        If the folder holds another record, or cannot be written.
    UsageError
        If pyarrow is not installed.
    """
    arrow()
    waiting = None if progress is None else partial(progress, "waiting for another export")
    if path.exists() and not path.is_dir():
        raise OutputError(f"{path}: is not a folder; choose another")
    try:
        with (
            locked(path, waiting) as (folder, is_locked),
            transaction(engine) as connection,
            any_text(connection),
        ):
            take_snapshot(connection)
            return _Export(connection, folder, progress).run(is_locked=is_locked)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise OutputError(f"{path}: {reason}; choose another folder") from error


class _UnfitError(Exception):
    """Something on record that does not match its digest; the findings are told already."""


class _Export:
    def __init__(self, connection: Connection, folder: Folder, progress: Progress | None) -> None:
        self._connection = connection
        self._folder = folder
        self._progress = progress
        self._result = Exported()
        self._entries = entry_rows(connection)

    def run(self, *, is_locked: bool) -> Exported:
        result = self._result
        result.head = head(self._connection)
        stored = stored_runs(self._connection)
        self._check_ledger(stored)
        self._remove_stages(is_locked=is_locked)
        self._export_catalog()
        previous = NOTHING.digest
        for done, run in enumerate(stored, 1):
            if self._is_numbered(run):
                self._export_run(run, previous)
            previous = run.values["digest"]
            if self._progress is not None:
                self._progress("runs", done, len(stored))
        known = {run.values["run_id"] for run in stored}
        for number in self._numbers(_RUN):
            if number not in known:
                self._problem(f"{_RUN}{number}", "there is no such run on record")
        self._write_ledger()
        return result

    def _problem(self, name: str, text: str) -> None:
        mend = "it is left as it is; look at it, and remove it by hand"
        self._result.problems.append(f"{self._folder.path / name}: {text}; {mend}")

    def _numbers(self, prefix: str) -> list[int]:
        """Give the numbers in the names of what is there."""
        names = (name for name in self._folder.names() if name.startswith(prefix))
        texts = (name.removeprefix(prefix) for name in names)
        return sorted(int(text) for text in texts if text.isdecimal() and str(int(text)) == text)

    def _remove_stages(self, *, is_locked: bool) -> None:
        """Remove what killed exports have left."""
        files = {LEDGER, *_RUN_FILES, *_CATALOG_FILES}
        for name in self._folder.names():
            if name.startswith(STAGE):
                problem: str | None = "nobody can tell whether an export is using it"
                if is_locked:
                    problem = remove_stage(self._folder, name, files)
                if problem is not None:
                    self._problem(name, problem)

    # --------------------------------------------------------------------- how far it came

    def _check_ledger(self, stored: Sequence[StoredRun]) -> None:
        """Refuse a folder that holds another record, or other things and no record."""
        found = self._read_ledger()
        if found is None:
            self._refuse_others()
            return
        if found["runs"] == 0:
            return
        digests = {run.values["run_id"]: run.values["digest"] for run in stored}
        if digests.get(found["runs"]) != found["head"]:
            raise OutputError(
                f"{self._folder.path}: holds another record, or this one was changed: the digest "
                f"of its run {found['runs']} is another one; verify both, or choose another folder"
            )

    def _refuse_others(self) -> None:
        for name in self._folder.names():
            if not name.startswith((_RUN, _CATALOG, STAGE)):
                raise OutputError(
                    f"{self._folder.path}: holds {shown(name)}, and no export; choose another "
                    "folder"
                )

    def _read_ledger(self) -> dict[str, Any] | None:
        """Give how far the last export came; None if there was none."""
        if self._folder.find(LEDGER) is None:
            return None
        with suppress(OSError, ValueError, RecursionError, KeyError, TypeError, OverflowError):
            with os.fdopen(self._folder.open(LEDGER), "rb") as stream:
                content = stream.read(_LONGEST)
            found = json.loads(content)
            if content == _ledger(int(found["runs"]), str(found["head"]), int(found["entries"])):
                return dict(found)
        raise OutputError(
            f"{self._folder.path / LEDGER}: is not what an export writes; choose another folder"
        )

    def _write_ledger(self) -> None:
        last, found = self._result.head, self._read_ledger()
        content = _ledger(last.run_id, last.digest, len(self._entries))
        if found is None or canonical(found) + b"\n" != content:
            with staged(self._folder, [LEDGER]) as stage:
                with os.fdopen(stage.create(LEDGER), "wb") as stream:
                    stream.write(content)
                    sync(stream)
                stage.move(LEDGER, self._folder)
                self._folder.sync()

    # --------------------------------------------------------------------- runs

    def _export_run(self, run: StoredRun, previous: str) -> None:
        name = f"{_RUN}{run.values['run_id']}"
        header = run.header
        row = [run.values.get(one.name, header.get(one.name)) for one in _HEADER_COLUMNS]
        if self._folder.find(name) is not None:
            problem = self._run_problem(name, run, row)
            if problem is None:
                self._result.kept += 1
            else:
                self._problem(name, problem)
            return
        try:
            self._check_header(run, previous)
            with whole_folder(self._folder, name, _RUN_FILES) as folder:
                for table in SECTIONS:
                    self._write_section(folder, table, run)
                with parquet_file(folder, _file(runs), _HEADER_COLUMNS) as add:
                    add([row])
        except UnwritableError as error:
            self._found(run, runs, f"a value cannot be written: {in_short(error)}")
        except _UnfitError:
            pass
        else:
            self._result.runs += 1

    def _found(self, run: StoredRun, table: Table, text: str) -> None:
        self._result.findings.append(Finding(run.values["run_id"], table.name, None, text))

    def _is_numbered(self, run: StoredRun) -> bool:
        """Tell whether a run has a number, which names its folder; that it has none is told."""
        number = run.values["run_id"]
        is_one = type(number) is int and number > 0
        if not is_one:
            self._found(run, runs, f"{shown(number)} is not the number of a run")
        return is_one

    def _check_header(self, run: StoredRun, previous: str) -> None:
        values = run.values
        expected = run_digest(run.header, run.sections, previous)
        recorded = run.sections.get(CATALOG)
        is_covered = recorded is None or recorded == digest_of_rows(self._entries[: recorded[0]])
        is_as_written = run.has_sections_as_written and values["previous_digest"] == previous
        if is_as_written and expected == values["digest"] and is_covered:
            return
        self._result.findings += run.unreadable()
        self._found(run, runs, "it does not match its digest, or the run before it")
        raise _UnfitError

    def _write_section(self, folder: Folder, table: Table, run: StoredRun) -> None:
        run_id, digest, columns = run.values["run_id"], RowsDigest(), _columns(table)
        places = [at for at, one in enumerate(table.columns) if one in columns]
        try:
            with parquet_file(folder, _file(table), columns) as add:
                for rows in section_rows(self._connection, table, run_id):
                    digest.add(rows)
                    add([[row[at] for at in places] for row in rows])
        except UnwritableError as error:
            self._found(run, table, f"a value cannot be written: {in_short(error)}")
        else:
            found, recorded = digest.finished(), run.sections.get(table.name)
            if found == recorded:
                return
            self._found(run, table, difference(found, recorded))
        self._result.findings += unreadable_rows(self._connection, table, run_id)
        raise _UnfitError

    def _run_problem(self, name: str, run: StoredRun, row: Sequence[Any]) -> str | None:
        """Say how a folder that is there differs from a run."""
        wanted = {_file(runs): Wanted(_HEADER_COLUMNS, 1, [row])}
        for table in SECTIONS:
            count = run.sections.get(table.name, [0])[0]
            wanted[_file(table)] = Wanted(_columns(table), count)
        return folder_problem(self._folder, name, _RUN_FILES, wanted)

    # --------------------------------------------------------------------- the catalog

    def _export_catalog(self) -> None:
        covered = 0
        for number in self._numbers(_CATALOG):
            name = f"{_CATALOG}{number}"
            if problem := self._catalog_problem(name, self._entries[covered:number]):
                self._problem(name, problem)
            covered = number
        added = self._entries[covered:]
        if not added:
            return
        found = [*ruleset_findings(self._connection)]
        found += entry_findings(self._connection, self._entries)
        if found:
            self._result.findings += found
            return
        with whole_folder(self._folder, f"{_CATALOG}{added[-1][0]}", _CATALOG_FILES) as folder:
            for table in _CATALOG_TABLES:
                with parquet_file(folder, _file(table), list(table.columns)) as add:
                    add(_rows_of_entries(self._connection, table, added))

    def _catalog_problem(self, name: str, entries: Sequence[Sequence[Any]]) -> str | None:
        if not entries or name != f"{_CATALOG}{entries[-1][0]}":
            return "there are no such entries on record"
        wanted = Wanted(list(catalog_entries.columns), len(entries), entries)
        files = _CATALOG_FILES
        return folder_problem(self._folder, name, files, {_file(catalog_entries): wanted})


def _ledger(runs: int, head: str, entries: int) -> bytes:
    return canonical({**FORMAT, "runs": runs, "head": head, "entries": entries}) + b"\n"


def _file(table: Table) -> str:
    return f"{table.name}.parquet"


_RUN_FILES = sorted(_file(table) for table in (runs, *SECTIONS))
_CATALOG_FILES = sorted(_file(table) for table in _CATALOG_TABLES)


def _columns(table: Table) -> list[Column[Any]]:
    """Give the columns of a section but for the run, which its folder tells."""
    return [column for column in table.columns if column.name != "run_id"]


def _rows_of_entries(
    connection: Connection, table: Table, entries: Sequence[Sequence[Any]]
) -> list[Any]:
    """Give the rows of a table of the catalog that entries are of."""
    if table is catalog_entries:
        return list(entries)
    owner = table if table in VOCABULARY else rulesets
    names = [entry for _, of, entry, _ in entries if of == owner.name]
    columns = list(table.columns)
    statement = select(*(as_stored(connection, column) for column in columns))
    if table in VOCABULARY:
        statement = statement.where(columns[0].in_(names))
    else:
        keys = select(rulesets.c.ruleset_id).where(rulesets.c.label.in_(names))
        statement = statement.where(table.c.ruleset_id.in_(keys))
    found = connection.execute(statement.order_by(*table.primary_key.columns))
    return with_flags(columns, found.all())
