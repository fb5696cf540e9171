"""Recompute every digest of the ledger, and say what does not match."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, func, select

from asnrules.audit.ledger import (
    CHAINED,
    GENESIS,
    NOTHING,
    SECTIONS,
    Head,
    RowsDigest,
    canonical,
    header_of,
    run_digest,
    section_rows,
    stored_runs,
)
from asnrules.catalog import store
from asnrules.database.engines import transaction
from asnrules.database.locks import take_snapshot
from asnrules.database.schema import exposures, pools, rulesets, runs
from asnrules.errors import UsageError

Progress = Callable[[str, int, int], None]


class Finding(NamedTuple):
    """Something that does not match.

    Attributes
    ----------
    run_id : int or None
        The run; None for what belongs to no run.
    table : str or None
        The table; None for what concerns the digest that was given.
    finding : str
        What is wrong, in words.
    """

    run_id: int | None
    table: str | None
    finding: str


@dataclass(slots=True)
class Verification:
    """What a verification came to.

    Attributes
    ----------
    runs, rows : int
        How many runs, and rows that belong to them, were recomputed.
    head : Head
        The last run.
    known : int or None
        The run whose digest was given; None if none was, or no run has it.
    findings : list of Finding
        What does not match; empty if all does.
    """

    runs: int = 0
    rows: int = 0
    head: Head = NOTHING
    known: int | None = None
    findings: list[Finding] = field(default_factory=list)


def verify(
    engine: Engine, against: str | None = None, progress: Progress | None = None
) -> Verification:
    """Recompute the ledger.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    against : str, optional
        A digest that was kept outside the database: the run that had it, and all before it, are
        then known to be what they were.
    progress : callable, optional
        Told how many rows of how many have been recomputed.

    Raises
    ------
    UsageError
        If `against` is no digest.
    """
    if against is not None:
        against = checked_digest(against)
    with transaction(engine) as connection:
        take_snapshot(connection)
        return _Verifier(connection, progress).run(against)


def checked_digest(text: str) -> str:
    """Read a digest that somebody gives.

    Raises
    ------
    UsageError
        If it is none.
    """
    digest = text.strip().lower()
    if len(digest) != len(GENESIS) or set(digest) - set("0123456789abcdef"):
        raise UsageError(
            f"--against: {text[:80]!r} is no digest; give the 64 digits of asnrules audit digest"
        )
    return digest


class _Verifier:
    def __init__(self, connection: Connection, progress: Progress | None) -> None:
        self._connection = connection
        self._progress = progress
        self._result = Verification()
        self._total = 0

    def run(self, against: str | None) -> Verification:
        stored = list(stored_runs(self._connection))
        sections = [_parsed(values["section_digests"]) for values, _, _ in stored]
        self._total = sum(_count(one) for found in sections for one in found.values())
        previous = GENESIS
        for (values, label, checksum), found in zip(stored, sections, strict=True):
            self._check_run(values, label, checksum, found, previous)
            previous = values["digest"]
            if previous == against:
                self._result.known = values["run_id"]
        if stored:
            self._result.head = Head(stored[-1][0]["run_id"], previous)
        self._result.findings += self._rulesets()
        self._result.findings += self._strays()
        if against is not None and self._result.known is None:
            text = f"no run has the digest {against}: what had it was changed or removed"
            self._result.findings.append(Finding(None, None, text))
        return self._result

    def _check_run(
        self,
        values: Mapping[str, Any],
        label: str | None,
        checksum: str | None,
        sections: Mapping[str, Any],
        previous: str,
    ) -> None:
        result, run_id = self._result, values["run_id"]
        result.runs += 1
        if values["previous_digest"] != previous:
            text = "it does not follow the run before it: that was changed, removed or added"
            result.findings.append(Finding(run_id, runs.name, text))
        header = header_of(values, label or "", checksum or "")
        is_written = canonical(sections).decode() == values["section_digests"]
        expected = run_digest(header, sections, values["previous_digest"])
        if not is_written or expected != values["digest"]:
            names = ", ".join(name for name in values if name not in CHAINED)
            text = f"it does not match its digest: a digest, its ruleset or one of {names} differs"
            result.findings.append(Finding(run_id, runs.name, text))
        for table in SECTIONS:
            recorded = sections.get(table.name)
            found = self._section(table, run_id)
            if found != recorded:
                result.findings.append(Finding(run_id, table.name, _difference(found, recorded)))

    def _section(self, table: Table, run_id: int) -> list[int | str]:
        digest = RowsDigest()
        for rows in section_rows(self._connection, table, run_id):
            digest.add(rows)
            self._result.rows += len(rows)
            if self._progress is not None:
                self._progress("rows", self._result.rows, max(self._total, self._result.rows))
        return digest.finished()

    def _rulesets(self) -> Iterator[Finding]:
        """Compare the rules that runs went by with their checksums."""
        used = select(rulesets.c.ruleset_id, rulesets.c.label).where(
            rulesets.c.ruleset_id.in_(select(runs.c.ruleset_id))
        )
        for key, label in self._connection.execute(used.order_by(rulesets.c.ruleset_id)).all():
            found = store.read_content(self._connection, key).checksum()
            if found != store.stored_checksum(self._connection, key):
                text = f"ruleset {label}: its rows do not match its checksum"
                yield Finding(None, rulesets.name, text)

    def _strays(self) -> Iterator[Finding]:
        """Look for rows that belong to no run on record."""
        for table in SECTIONS:
            is_exposures = table is exposures
            key = table.c.pool_id if is_exposures else table.c.run_id
            owner = pools.c.pool_id if is_exposures else runs.c.run_id
            stray = select(func.count()).select_from(table).where(~_exists(key, owner))
            count = self._connection.execute(stray).scalar_one()
            if count:
                text = f"{count} rows belong to no run on record"
                yield Finding(None, table.name, text)


def _exists(key: Any, owner: Any) -> Any:
    """Tell whether what a row belongs to is there."""
    return select(owner).where(owner == key).exists()


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _count(section: Any) -> int:
    return section[0] if isinstance(section, list) and isinstance(section[0], int) else 0


def _difference(found: list[int | str], recorded: Any) -> str:
    if not isinstance(recorded, list) or len(recorded) != len(found):
        return "there is no digest of its rows"
    if found[0] != recorded[0]:
        return f"{found[0]} rows where {recorded[0]} were recorded"
    return "a value of its rows was changed"
