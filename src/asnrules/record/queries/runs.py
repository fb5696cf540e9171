"""Which runs there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.schema.catalog import rulesets
from asnrules.database.schema.record import (
    associations,
    decisions,
    exposures,
    imported_associations,
    pools,
    run_pools,
    runs,
    traces,
)
from asnrules.database.stored import Finding
from asnrules.errors import NotFoundError, UsageError
from asnrules.record.chain import NOTHING
from asnrules.record.queries.reader import (
    IMPORTED,
    TRACE_REASON,
    Reader,
    columns,
    unassociated,
    without_association,
)
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import Day, given_day, wanted_program

_NUMBERS = 2**63
_MOST = 2**31  # Runs that are asked for; no ledger has as many


@shown_briefly
class RunFilter(NamedTuple):
    """Which runs are wanted; an empty field wants all."""

    program: str | int | None = None
    """Of an exposure or an association of the run, with or without leading zeros."""
    pool: str | None = None
    """The name of a pool of the run, in any case."""
    operator: str | None = None
    ruleset: str | None = None
    origin: str | None = None
    since: Day | None = None
    """The first day (UTC) on which it may have started; `until` is the last."""
    until: Day | None = None
    run_ids: Sequence[int] | None = None


@shown_briefly
class RecordedRun(NamedTuple):
    """What the record says of a run as a whole."""

    run_id: int
    origin: str
    started_at: dt.datetime
    finished_at: dt.datetime
    operator: str
    host: str
    software_version: str
    ruleset: str
    pools: list[str]
    """Their names."""
    exposures: int
    """How many; so with the next two."""
    associations: int
    unassociated: int | None
    """Of a generated run; None for an imported one."""
    not_imported: int | None
    """Of an imported run: exposures of its pools that no imported association has."""
    note: str | None

    @property
    def without_association(self) -> str:
        """Say where the exposures are that it has in no association."""
        return without_association(self.origin)

    @property
    def left_out(self) -> int | None:
        """Count the exposures that it has in no association."""
        return self.unassociated if self.not_imported is None else self.not_imported


def list_runs(
    connection: Connection,
    wanted: RunFilter | None = None,
    limit: int | None = None,
    findings: list[Finding] | None = None,
) -> list[RecordedRun]:
    """Give runs, the latest first; for findings, here and below, see `Reader`."""
    wanted, limit = wanted or RunFilter(), checked_limit(limit)
    if wanted.ruleset is not None:
        find_ruleset(connection, wanted.ruleset)
    chosen = (
        select(runs.c.run_id)
        .where(*_conditions(wanted))
        .order_by(runs.c.run_id.desc())
        .limit(limit)
    )
    reader = Reader(connection, findings)
    names = _pool_names(reader, chosen)
    statement = (
        select(
            *columns(runs, "run_id", "origin", "started_at", "finished_at"),
            *columns(runs, "operator", "host", "software_version", "note"),
            rulesets.c.label.label("ruleset"),
            runs.c.exposure_count.label("exposures"),
            runs.c.association_count.label("associations"),
            runs.c.unassociated_count.label("left_out"),
        )
        .select_from(runs)
        .outerjoin(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
        .where(runs.c.run_id.in_(chosen))
        .order_by(runs.c.run_id.desc())
    )
    found = []
    for row in reader.rows(statement, links={"ruleset": runs.c.ruleset_id}):
        counted = "not_imported" if row["origin"] == "imported" else "unassociated"
        row |= {"unassociated": None, "not_imported": None, counted: row.pop("left_out")}
        found.append(RecordedRun(**row, pools=names.get(row["run_id"], [])))
    return found


def checked_limit(limit: int | None) -> int | None:
    """Give how many runs are wanted as databases take it; a number below 1 is a UsageError."""
    if limit is None:
        return None
    if limit < 1:
        raise UsageError(f"limit: {limit} is not a number of runs; give 1 or more")
    return min(limit, _MOST)


def find_run(
    connection: Connection, run_id: int, findings: list[Finding] | None = None
) -> RecordedRun:
    """Give a run by its number; a NotFoundError says which there are."""
    # No database has a column for larger numbers.
    if abs(run_id) < _NUMBERS and (
        found := list_runs(connection, RunFilter(run_ids=[run_id]), findings=findings)
    ):
        return found[0]
    last = connection.execute(select(func.max(runs.c.run_id))).scalar()
    there_are = (
        f"the last is {last}, asnrules audit runs lists them"
        if last
        else "there is none yet, asnrules generate records one"
    )
    raise NotFoundError(f"no run {run_id} on record; {there_are}")


def last_digest(connection: Connection, findings: list[Finding] | None = None) -> dict[str, Any]:
    """Give the number and the digest of the last run."""
    last = select(func.max(runs.c.run_id)).scalar_subquery()
    statement = select(*columns(runs, "run_id", "digest")).where(runs.c.run_id == last)
    return next(Reader(connection, findings).rows(statement), NOTHING._asdict())


def details_of(reader: Reader, run_id: int) -> dict[str, Any]:
    """Give the options, diagnostics and digests of a run."""
    names = ("options", "diagnostics", "previous_digest", "digest")
    statement = select(*columns(runs, *names)).where(runs.c.run_id == run_id)
    (found,) = reader.rows(statement, run_id)
    return found


def pools_of(reader: Reader, run_id: int) -> list[dict[str, Any]]:
    """Give the pools of a run: name, SHA-256, exposures, and the run that brought it first."""
    statement = (
        select(
            run_pools.c.name.label("pool"),
            pools.c.sha256,
            pools.c.exposure_count.label("exposures"),
            pools.c.run_id.label("first_run_id"),
        )
        .select_from(run_pools)
        .outerjoin(pools, pools.c.pool_id == run_pools.c.pool_id)
        .where(run_pools.c.run_id == run_id)
        .order_by(run_pools.c.position)
    )
    outer = dict.fromkeys(("sha256", "exposures"), "first_run_id")
    links = {"first_run_id": run_pools.c.pool_id}
    return list(reader.rows(statement, run_id, outer=outer, links=links))


def rules_of(reader: Reader, run_id: int) -> list[dict[str, Any]]:
    """Give how many associations each rule made in a run."""
    key = (associations.c.asn_type, associations.c.asn_rule)
    statement = (
        select(*key, func.count().label("associations"))
        .where(associations.c.run_id == run_id)
        .group_by(*key)
        .order_by(*key)
    )
    return list(reader.rows(statement, run_id))


def left_out_of(reader: Reader, run_id: int) -> list[dict[str, Any]]:
    """Give the reasons of unassociated exposures: how many, and the first, by EXP_TYPE."""
    first = func.min(exposures.c.filename)
    statement = (
        select(
            exposures.c.exp_type,
            func.count().label("exposures"),
            first.label("first"),
            func.min(traces.c.trace_id).label("trace"),
        )
        .group_by(exposures.c.exp_type, decisions.c.reason, TRACE_REASON)
        .order_by(func.count().desc(), first)
    )
    names = ("exp_type", "reason", "exposures", "first")
    rows = unassociated(reader, run_id, statement, first=exposures.c.filename)
    return [{name: row[name] for name in names} for row in rows]


def verdicts_of(reader: Reader, run_id: int, position: int | None = None) -> list[dict[str, Any]]:
    """Give the associations that a run imported, or that with a number, with their verdicts."""
    imported = imported_associations.c
    statement = (
        select(
            *columns(associations, "asn_name", "asn_type"),
            *columns(imported_associations, "file_name", "asn_rule", "code_version", "version_id"),
            *columns(imported_associations, "asn_pool", "verdict", "explanation"),
        )
        .select_from(imported_associations)
        .join(associations, IMPORTED)
        .where(imported.run_id == run_id)
        .order_by(imported.position)
    )
    if position is not None:
        statement = statement.where(imported.position == position)
    return list(reader.rows(statement, run_id))


def _pool_names(reader: Reader, chosen: Select[Any]) -> dict[int, list[str]]:
    statement = (
        select(run_pools.c.run_id, run_pools.c.name)
        .where(run_pools.c.run_id.in_(chosen))
        .order_by(run_pools.c.run_id, run_pools.c.position)
    )
    names: dict[int, list[str]] = {}
    for row in reader.rows(statement):
        names.setdefault(row["run_id"], []).append(row["name"])
    return names


def _conditions(wanted: RunFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.run_ids is not None:
        yield runs.c.run_id.in_(wanted.run_ids)
    if wanted.program is not None:
        yield _has_program(wanted.program)
    if wanted.pool is not None:
        named = func.lower(run_pools.c.name) == wanted.pool.lower()
        yield runs.c.run_id.in_(select(run_pools.c.run_id).where(named))
    if wanted.operator is not None:
        yield runs.c.operator == wanted.operator
    if wanted.ruleset is not None:
        of_label = select(rulesets.c.ruleset_id).where(rulesets.c.label == wanted.ruleset)
        yield runs.c.ruleset_id.in_(of_label)
    if wanted.origin is not None:
        yield runs.c.origin == wanted.origin
    since, until = given_day("since", wanted.since), given_day("until", wanted.until)
    if since is not None:
        yield runs.c.started_at >= dt.datetime.combine(since, dt.time.min, dt.UTC)
    if until is not None:
        yield runs.c.started_at <= dt.datetime.combine(until, dt.time.max, dt.UTC)


def _has_program(program: str | int) -> ColumnElement[bool]:
    number = wanted_program(str(program))
    of_pools = (
        select(run_pools.c.run_id)
        .join(exposures, exposures.c.pool_id == run_pools.c.pool_id)
        .where(exposures.c.program == number)
    )
    # Runs without a pool: there are few of them, and their associations know the program.
    imported = (
        select(associations.c.run_id)
        .join(runs, runs.c.run_id == associations.c.run_id)
        .where(runs.c.origin == "imported", associations.c.program == number)
    )
    return or_(runs.c.run_id.in_(of_pools), runs.c.run_id.in_(imported))


@shown_briefly
@dataclass(frozen=True, slots=True)
class RunReport(Tabular):
    """All that the record says of a run but for the single exposures and associations."""

    COLUMNS: ClassVar = RecordedRun._fields

    run: RecordedRun
    options: dict[str, Any] | None
    """None if they cannot be read, as `diagnostics`, what the operator was told."""
    diagnostics: list[str] | None
    digests: dict[str, str]
    """`previous_digest` and `digest`."""
    pools: list[dict[str, Any]]
    by_rule: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    findings: list[Finding]
    """The values that cannot be read."""

    def records(self) -> list[dict[str, Any]]:
        """Give the run as one record, as in a list of runs."""
        return [self.run._asdict()]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            **self.run._asdict(),
            "pools": self.pools,
            "options": self.options,
            "by_rule": self.by_rule,
            "left_out": self.left_out,
            "verdicts": self.verdicts,
            "diagnostics": self.diagnostics,
            **self.digests,
            "findings": [one._asdict() for one in self.findings],
        }


def report_run(
    connection: Connection, run_id: int, findings: list[Finding] | None = None
) -> RunReport:
    """Give what is on record about a run, see `find_run`."""
    run = find_run(connection, run_id, findings)
    reader = Reader(connection, findings)
    details = details_of(reader, run_id)
    return RunReport(
        run=run,
        options=details.pop("options"),
        diagnostics=details.pop("diagnostics"),
        digests=details,
        pools=pools_of(reader, run_id),
        by_rule=rules_of(reader, run_id),
        left_out=left_out_of(reader, run_id),
        verdicts=verdicts_of(reader, run_id),
        findings=[] if findings is None else findings,
    )
