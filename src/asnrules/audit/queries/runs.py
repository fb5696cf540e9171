"""Which runs there are."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.schema import associations, exposures, rulesets, run_pools, runs


class RunFilter(NamedTuple):
    """Which runs are wanted; an empty field wants all.

    Attributes
    ----------
    program : str or None
        Of an exposure or an association of the run, with or without leading zeros.
    pool : str or None
        The name of a pool of the run, in any case.
    operator, ruleset, origin : str or None
        As recorded.
    since, until : date or None
        The first and the last day (UTC) on which it may have started.
    """

    program: str | None = None
    pool: str | None = None
    operator: str | None = None
    ruleset: str | None = None
    origin: str | None = None
    since: dt.date | None = None
    until: dt.date | None = None


class RecordedRun(NamedTuple):
    """What the record says of a run as a whole.

    Attributes
    ----------
    run_id : int
        Its number.
    origin : str
        `generated` or `imported`.
    started_at, finished_at : datetime
        In UTC.
    operator, host, software_version : str
        Who, where, with what.
    ruleset : str
        The label of the executable ruleset.
    pools : list of str
        The names of its pools.
    exposures, associations, unassociated : int
        How many exposures there were, associations were made, and exposures are in none.
    note : str or None
        Free text of the operator.
    """

    run_id: int
    origin: str
    started_at: dt.datetime
    finished_at: dt.datetime
    operator: str
    host: str
    software_version: str
    ruleset: str
    pools: list[str]
    exposures: int
    associations: int
    unassociated: int
    note: str | None


def list_runs(
    connection: Connection, wanted: RunFilter | None = None, limit: int | None = None
) -> list[RecordedRun]:
    """Give runs, the latest first.

    Parameters
    ----------
    connection : Connection
        Any.
    wanted : RunFilter, optional
        Which; all by default.
    limit : int, optional
        At most so many.

    Raises
    ------
    NotFoundError
        If there is no such ruleset; the message suggests near labels.
    """
    wanted = wanted or RunFilter()
    if wanted.ruleset is not None:
        find_ruleset(connection, wanted.ruleset)
    chosen = (
        select(runs.c.run_id)
        .where(*_conditions(wanted))
        .order_by(runs.c.run_id.desc())
        .limit(limit)
    )
    names = _pool_names(connection, chosen)
    columns = [
        rulesets.c.label.label(name) if name == "ruleset" else runs.c[name]
        for name in RecordedRun._fields
        if name != "pools"
    ]
    statement = (
        select(*columns)
        .join(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
        .where(runs.c.run_id.in_(chosen))
        .order_by(runs.c.run_id.desc())
    )
    return [
        RecordedRun(**row, pools=names.get(row["run_id"], []))
        for row in connection.execute(statement).mappings()
    ]


def _pool_names(connection: Connection, chosen: Select[Any]) -> dict[int, list[str]]:
    statement = (
        select(run_pools.c.run_id, run_pools.c.name)
        .where(run_pools.c.run_id.in_(chosen))
        .order_by(run_pools.c.run_id, run_pools.c.position)
    )
    names: dict[int, list[str]] = {}
    for run_id, name in connection.execute(statement):
        names.setdefault(run_id, []).append(name)
    return names


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.program is not None:
        conditions.append(_has_program(wanted.program))
    if wanted.pool is not None:
        named = func.lower(run_pools.c.name) == wanted.pool.lower()
        conditions.append(runs.c.run_id.in_(select(run_pools.c.run_id).where(named)))
    if wanted.operator is not None:
        conditions.append(runs.c.operator == wanted.operator)
    if wanted.ruleset is not None:
        of_label = select(rulesets.c.ruleset_id).where(rulesets.c.label == wanted.ruleset)
        conditions.append(runs.c.ruleset_id.in_(of_label))
    if wanted.origin is not None:
        conditions.append(runs.c.origin == wanted.origin)
    if wanted.since is not None:
        conditions.append(runs.c.started_at >= _midnight(wanted.since))
    if wanted.until is not None:
        conditions.append(runs.c.started_at < _midnight(wanted.until) + dt.timedelta(days=1))
    return conditions


def _has_program(program: str) -> ColumnElement[bool]:
    number = program.strip().lower()
    spellings = {number, number.lstrip("0"), number.zfill(5)}
    of_pools = (
        select(run_pools.c.run_id)
        .join(exposures, exposures.c.pool_id == run_pools.c.pool_id)
        .where(exposures.c.program.in_(spellings))
    )
    # Runs without a pool: there are few of them, and their associations know the program.
    imported = (
        select(associations.c.run_id)
        .join(runs, runs.c.run_id == associations.c.run_id)
        .where(runs.c.origin == "imported", associations.c.program.in_(spellings))
    )
    return or_(runs.c.run_id.in_(of_pools), runs.c.run_id.in_(imported))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
