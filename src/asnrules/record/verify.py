"""Recompute every digest of the ledger, and say what does not match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, TypeVar

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError

from asnrules.database.engines import transaction
from asnrules.database.locks import take_snapshot
from asnrules.database.schema.record import runs
from asnrules.database.stored import Finding, any_text
from asnrules.errors import UsageError
from asnrules.record.chain import (
    CATALOG,
    CHAINED,
    GENESIS,
    NOTHING,
    SECTIONS,
    Head,
    RowsDigest,
    StoredRun,
    digest_of_rows,
    entry_rows,
    run_digest,
    section_rows,
    stored_runs,
    strays,
    unreadable_rows,
)
from asnrules.record.shared_digests import Digests, Section, shared_digests
from asnrules.record.tables import all_columns, stored_tables
from asnrules.record.verify_catalog import entry_findings, ruleset_findings
from asnrules.util.parallel import Progress, Workers
from asnrules.util.results import Tabular, shown_briefly

_Read = TypeVar("_Read")


@shown_briefly
@dataclass(slots=True)
class Verification(Tabular):
    """The result of a verification."""

    COLUMNS: ClassVar = Finding._fields

    runs: int = 0
    """How many were recomputed; so with `rows`."""
    rows: int = 0
    head: Head = NOTHING
    known: int | None = None
    """The run whose digest was given; None if none was, or no run has it."""
    since: int = 0
    """The rows of runs up to this one were not looked at."""
    findings: list[Finding] = field(default_factory=list)
    """Empty if all matches."""

    def records(self) -> list[dict[str, Any]]:
        """Give each finding as a record."""
        return [one._asdict() for one in self.findings]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "runs": self.runs,
            "rows": self.rows,
            "head": self.head._asdict(),
            "known": self.known,
            "since": self.since,
            "findings": self.records(),
        }


def verify(
    engine: Engine,
    against: str | None = None,
    progress: Progress | None = None,
    workers: Workers = 1,
    since: int = 0,
) -> Verification:
    """Recompute the ledger; workers share the digests of the rows of runs.

    With a digest that was kept outside the database, the run that had it, and all before it, are
    known to be what they were. With `since`, the rows of that run and of those before it are not
    read: only their headers are recomputed, with the digests of their rows as they are stored.
    What is not a digest is a UsageError.
    """
    if against is not None:
        against = _checked_digest(against)
    digests = shared_digests(engine, workers, progress, since)
    with transaction(engine) as connection:
        take_snapshot(connection)
        tables = stored_tables(connection)
        with all_columns(connection, tables):
            result = _Verifier(connection, digests, progress, since).run(against)
    readable = [one for one in result.findings if (one.table, one.column) not in tables.lost]
    result.findings = [*tables.findings, *readable]
    return result


def _checked_digest(text: str) -> str:
    """Read a digest that the user gives; a UsageError if it is none."""
    digest = text.strip().lower()
    if len(digest) != len(GENESIS) or set(digest) - set("0123456789abcdef"):
        raise UsageError(
            f"--against: {text[:80]!r} is not a digest; give the 64 digits of asnrules audit digest"
        )
    return digest


class _Verifier:
    def __init__(
        self, connection: Connection, digests: Digests, progress: Progress | None, since: int
    ) -> None:
        self._connection = connection
        self._since = since
        self._digests = digests
        self._progress = progress
        self._result = Verification(since=since)
        with any_text(connection):
            self._runs = stored_runs(connection)
            self._entries = entry_rows(connection)
        later = [run for run in self._runs if run.values["run_id"] > since]
        self._total = sum(section[0] for run in later for section in run.sections.values())

    def run(self, against: str | None) -> Verification:
        previous = GENESIS
        for run in self._runs:
            self._check_run(run, previous)
            previous = run.values["digest"]
            if previous == against:
                self._result.known = run.values["run_id"]
            self._result.head = Head(run.values["run_id"], previous)
        connection, entries = self._connection, self._entries
        self._result.findings += self._read(lambda: list(ruleset_findings(connection)))
        self._result.findings += self._read(lambda: list(entry_findings(connection, entries)))
        self._result.findings += strays(connection, self._since)
        if self._since and self._since not in {run.values["run_id"] for run in self._runs}:
            text = f"there is no run {self._since}: it was removed, or never was"
            self._found(self._since, runs.name, text)
        if against is not None and self._result.known is None:
            text = f"no run has the digest {against}: what had it was changed or removed"
            self._found(None, None, text)
        return self._result

    def _found(self, run_id: int | None, table: str | None, finding: str) -> None:
        self._result.findings.append(Finding(run_id, table, None, finding))

    def _check_run(self, run: StoredRun, previous: str) -> None:
        result, values, run_id = self._result, run.values, run.values["run_id"]
        result.runs += 1
        result.findings += run.unreadable()
        if values["previous_digest"] != previous:
            text = "it does not follow the run before it: that was changed, removed or added"
            self._found(run_id, runs.name, text)
        expected = run_digest(run.header, run.sections, values["previous_digest"])
        if not run.has_sections_as_written or expected != values["digest"]:
            names = ", ".join(name for name in values if name not in CHAINED)
            text = f"it does not match its digest: a digest, its ruleset or one of {names} differs"
            self._found(run_id, runs.name, text)
        if run_id > self._since:
            self._check_rows(run, run_id)
        # There is no digest from before there were entries, as the run's own digest says.
        if (recorded := run.sections.get(CATALOG)) is not None:
            found = digest_of_rows(self._entries[: recorded[0]])
            if found != recorded:
                self._found(run_id, CATALOG, difference(found, recorded))

    def _check_rows(self, run: StoredRun, run_id: int) -> None:
        result = self._result
        for table in SECTIONS:
            recorded = run.sections.get(table.name)
            found = self._digests.get(Section(run_id, table.name))
            if found is None:
                found = self._read(partial(self._digest, table, run_id))
            result.rows += int(found[0])
            if found != recorded:
                self._found(run_id, table.name, difference(found, recorded))
                with any_text(self._connection):
                    result.findings += unreadable_rows(self._connection, table, run_id)

    def _read(self, reading: Callable[[], _Read]) -> _Read:
        """Read something; where there is text that is none, once more, which takes longer."""
        try:
            return reading()
        except DBAPIError:
            if self._connection.dialect.name != "sqlite":
                # PostgreSQL stores no such text.
                raise
            with any_text(self._connection):
                return reading()

    def _digest(self, table: Table, run_id: int) -> list[int | str]:
        digest = RowsDigest()
        for rows in section_rows(self._connection, table, run_id):
            digest.add(rows)
            if self._progress is not None:
                done = self._result.rows + digest.count
                self._progress("rows", done, max(self._total, done))
        return digest.finished()


def difference(found: list[int | str], recorded: list[int | str] | None) -> str:
    """Say how the rows of a section differ from what was recorded."""
    if recorded is None:
        return "there is no digest of its rows"
    if found[0] != recorded[0]:
        return f"{found[0]} rows where {recorded[0]} were recorded"
    return "a value of its rows was changed"
