"""Read recorded runs and their exposures back, a row at a time."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, or_, select

from asnrules.database.schema import exposures, pools, rulesets, run_pools, runs
from asnrules.database.stored import read_stored
from asnrules.engine.conditions import Row
from asnrules.record.recording import APART, NULL

_BATCH = 5_000
"""Rows that are held in memory at a time."""


class RecordedPool(NamedTuple):
    """A pool of a recorded run.

    Attributes
    ----------
    pool_id : int
        Its key.
    name : str
        The name it was given under.
    columns : frozenset of str
        The columns of its file.
    """

    pool_id: int
    name: str
    columns: frozenset[str]


class RecordedRun(NamedTuple):
    """A recorded run.

    Attributes
    ----------
    run_id : int
        Its key.
    started_at : datetime
        When.
    ruleset : str
        The label of its ruleset.
    options : dict
        As recorded.
    pools : tuple of RecordedPool
        What it was run on.
    """

    run_id: int
    started_at: dt.datetime
    ruleset: str
    options: dict[str, Any]
    pools: tuple[RecordedPool, ...]


class Stretch(NamedTuple):
    """Exposures that follow one another in a pool of a run.

    Attributes
    ----------
    pool : int
        The pool, by its place in the run.
    first : int
        The position of the first.
    end : int or None
        The position after the last; None for all that follow.
    """

    pool: int
    first: int
    end: int | None

    @property
    def length(self) -> int:
        """How many they are, where the last is known."""
        return 0 if self.end is None else self.end - self.first


class RecordedExposure(NamedTuple):
    """A recorded exposure: its pool, by place in the run, and its values."""

    pool: int
    row: Row


def newest_runs(connection: Connection, since: dt.datetime | None = None) -> list[RecordedRun]:
    """Give the newest run over each pool, the newest first.

    Parameters
    ----------
    connection : Connection
        Any.
    since : datetime, optional
        Of the runs that started then or later; aware.
    """
    statement = (
        select(
            runs.c.run_id,
            runs.c.started_at,
            rulesets.c.label,
            runs.c.options,
            pools.c.pool_id,
            run_pools.c.name,
            pools.c.column_names,
        )
        .join(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
        .join(run_pools, run_pools.c.run_id == runs.c.run_id)
        .join(pools, pools.c.pool_id == run_pools.c.pool_id)
        .order_by(runs.c.run_id.desc(), run_pools.c.position)
    )
    if since is not None:
        statement = statement.where(runs.c.started_at >= since)
    found: dict[int, RecordedRun] = {}
    for run_id, started_at, label, options, pool_id, name, columns in connection.execute(statement):
        of = f"run {run_id}"
        known = read_stored(pools.c.column_names, columns, of)
        pool = RecordedPool(pool_id, name, frozenset(known))
        run = found.get(run_id)
        before = () if run is None else run.pools
        given = read_stored(runs.c.options, options, of)
        found[run_id] = RecordedRun(run_id, started_at, label, given, (*before, pool))
    newest = []
    covered: set[int] = set()
    for run in found.values():
        ids = {pool.pool_id for pool in run.pools}
        if not ids <= covered:
            newest.append(run)
            covered |= ids
    return newest


def recorded_programs(connection: Connection, run: RecordedRun) -> list[str | None]:
    """Give the programs of the exposures of a run, with five digits."""
    statement = select(exposures.c.program).where(exposures.c.pool_id.in_(_ids(run))).distinct()
    return list(connection.execute(statement).scalars())


def recorded_exposures(
    connection: Connection,
    run: RecordedRun,
    keywords: Sequence[str],
    programs: Collection[str | None] | None = None,
    stretches: Collection[Stretch] | None = None,
) -> Iterator[RecordedExposure]:
    """Give the exposures of a run.

    Parameters
    ----------
    connection : Connection
        Any; it is busy until the last exposure has been given.
    run : RecordedRun
        The run.
    keywords : sequence of str
        What the values are to be aligned with.
    programs : collection of (str or None), optional
        Only the exposures of these programs, with five digits.
    stretches : collection of Stretch, optional
        Only these, in their order.
    """
    if stretches is None:
        stretches = [Stretch(place, 1, None) for place in range(len(run.pools))]
    wanted = None if programs is None else _of_programs(programs)
    for place, first, end in stretches:
        pool = run.pools[place]
        statement = select(
            *[exposures.c[name] for name in APART], exposures.c.keyword_values
        ).where(exposures.c.pool_id == pool.pool_id, exposures.c.position >= first)
        if end is not None:
            statement = statement.where(exposures.c.position < end)
        if wanted is not None:
            statement = statement.where(wanted)
        blank = {name: NULL if name in pool.columns else None for name in keywords}
        rows = connection.execute(
            statement.order_by(exposures.c.position), execution_options={"yield_per": _BATCH}
        )
        for *apart, values in rows:
            held = {**blank, **dict(zip(APART, apart, strict=True)), **json.loads(values)}
            yield RecordedExposure(place, tuple(map(held.__getitem__, keywords)))


def stretches_of(connection: Connection, run: RecordedRun, length: int) -> list[Stretch]:
    """Part the exposures of a run into stretches of at most some length."""
    columns = (pools.c.pool_id, pools.c.exposure_count)
    statement = select(*columns).where(pools.c.pool_id.in_(_ids(run)))
    counts = {row.pool_id: row.exposure_count for row in connection.execute(statement)}
    return [
        Stretch(place, first, min(first + length, counts[pool.pool_id] + 1))
        for place, pool in enumerate(run.pools)
        for first in range(1, counts[pool.pool_id] + 1, length)
    ]


def _ids(run: RecordedRun) -> list[int]:
    return [pool.pool_id for pool in run.pools]


def _of_programs(programs: Collection[str | None]) -> Any:
    named = exposures.c.program.in_([name for name in programs if name is not None])
    return or_(named, exposures.c.program.is_(None)) if None in programs else named
