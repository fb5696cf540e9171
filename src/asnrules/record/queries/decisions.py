"""What a run decided of each exposure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, and_, select

from asnrules.database.schema import decisions, exposures, traces

_BATCH = 10_000


class Trace(NamedTuple):
    """What the rules made of exposures of one signature, as recorded.

    Attributes
    ----------
    signature : str
        The values that conditions look at, as JSON.
    member_type, special : str or None
        The class, and the special.
    published_position : int or None
        The row of the published table.
    agrees : bool or None
        Whether table and rules agree.
    reason : str
        All of it in words.
    trace : str
        What each rule says, as JSON.
    """

    signature: str
    member_type: str | None
    special: str | None
    published_position: int | None
    agrees: bool | None
    reason: str
    trace: str


class Decision(NamedTuple):
    """What became of an exposure, as recorded.

    Attributes
    ----------
    pool_id, position : int
        The pool, and the row there.
    filename : str
        Of the exposure.
    associations : int
        In how many it is.
    reason : str or None
        Why it is in none, where the trace does not say it.
    trace_id : int
        Its trace, see `traces_of`.
    """

    pool_id: int
    position: int
    filename: str
    associations: int
    reason: str | None
    trace_id: int


def decisions_in(connection: Connection, run_id: int) -> Iterator[Decision]:
    """Give the decisions of a run by pool and row, as they are fetched."""
    statement = (
        select(
            decisions.c.pool_id,
            decisions.c.position,
            exposures.c.filename,
            decisions.c.association_count,
            decisions.c.reason,
            decisions.c.trace_id,
        )
        .join(
            exposures,
            and_(
                exposures.c.pool_id == decisions.c.pool_id,
                exposures.c.position == decisions.c.position,
            ),
        )
        .where(decisions.c.run_id == run_id)
        .order_by(decisions.c.pool_id, decisions.c.position)
        .execution_options(yield_per=_BATCH)
    )
    for row in connection.execute(statement):
        yield Decision._make(row)


def traces_of(connection: Connection, run_id: int) -> dict[int, Trace]:
    """Give the traces that the decisions of a run refer to."""
    used = select(decisions.c.trace_id).where(decisions.c.run_id == run_id)
    statement = select(traces.c.trace_id, *(traces.c[name] for name in Trace._fields)).where(
        traces.c.trace_id.in_(used)
    )
    found = {}
    for trace_id, *values in connection.execute(statement):
        trace = Trace._make(values)
        # SQLite gives 0 and 1 where PostgreSQL gives false and true.
        agrees = None if trace.agrees is None else bool(trace.agrees)
        found[trace_id] = trace._replace(agrees=agrees)
    return found
