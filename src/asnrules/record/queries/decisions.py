"""What a run decided of each exposure, and how that differs when it is decided again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from asnrules.associations.comparison import FieldDifference, field_differences
from asnrules.database.schema.record import decisions, exposures, traces
from asnrules.record.pools import Place
from asnrules.record.queries.reader import DECIDED, columns

_BATCH = 10_000


class Trace(NamedTuple):
    """What the rules made of exposures of one signature, as recorded."""

    signature: str
    """The values that conditions look at, as JSON."""
    member_type: str | None
    special: str | None
    table_position: int | None
    """The row of the table."""
    agrees: bool | None
    """Whether table and rules agree."""
    reason: str
    trace: str
    """What each rule says, as JSON."""


class Decision(NamedTuple):
    """What became of an exposure."""

    filename: str
    associations: int
    reason: str | None
    trace: Trace


def decisions_in(connection: Connection, run_id: int) -> Iterator[tuple[Place, Decision]]:
    """Give the decisions of a run by pool and row, as they are fetched."""
    explained = _traces_of(connection, run_id)
    statement = (
        select(
            *columns(decisions, "trace_id", "pool_id", "position"),
            exposures.c.filename,
            *columns(decisions, "association_count", "reason"),
        )
        .join(exposures, DECIDED)
        .where(decisions.c.run_id == run_id)
        .order_by(decisions.c.pool_id, decisions.c.position)
        .execution_options(yield_per=_BATCH)
    )
    for trace_id, pool_id, position, *own in connection.execute(statement):
        yield (pool_id, position), Decision._make([*own, explained[trace_id]])


def _traces_of(connection: Connection, run_id: int) -> dict[int, Trace]:
    used = select(decisions.c.trace_id).where(decisions.c.run_id == run_id)
    statement = select(traces.c.trace_id, *columns(traces, *Trace._fields)).where(
        traces.c.trace_id.in_(used)
    )
    found = {}
    for trace_id, *values in connection.execute(statement):
        trace = Trace._make(values)
        # SQLite gives 0 and 1 where PostgreSQL gives false and true.
        agrees = None if trace.agrees is None else bool(trace.agrees)
        found[trace_id] = trace._replace(agrees=agrees)
    return found


class DecisionDifference(NamedTuple):
    """A decision that came out differently."""

    pool_id: int
    position: int
    filename: str
    fields: list[FieldDifference]

    def words(self) -> list[str]:
        """Say what is different."""
        return [
            f"{name}: {_shown(after)}, was {_shown(before)}" for name, before, after in self.fields
        ]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "filename": self.filename,
            "position": self.position,
            "fields": [one._asdict() for one in self.fields],
        }


def compare_decisions(
    recorded: Iterable[tuple[Place, Decision]], made: Mapping[Place, Decision], *, exactly: bool
) -> Iterator[DecisionDifference]:
    """Compare decisions on record with those made again.

    If not exactly, only class, special and the number of associations count: other rules say
    everything in other words.
    """
    found = set()
    for place, old in recorded:
        found.add(place)
        new = made[place]
        if old != new and (fields := list((_exact if exactly else _in_content)(old, new))):
            yield DecisionDifference(*place, old.filename, fields)
    for place, new in made.items():
        if place not in found:
            missing = FieldDifference("associations", None, new.associations)
            yield DecisionDifference(*place, new.filename, [missing])


def _in_content(old: Decision, new: Decision) -> Iterator[FieldDifference]:
    yield from field_differences(old.trace, new.trace, ("member_type", "special"))
    yield from field_differences(old, new, ("associations",))
    if new.associations == 0 < old.associations:
        yield FieldDifference("reason", None, new.reason or new.trace.reason)


def _exact(old: Decision, new: Decision) -> Iterator[FieldDifference]:
    yield from field_differences(old, new, ("associations", "reason"))
    for name, before, after in field_differences(old.trace, new.trace, Trace._fields):
        if name == "trace":
            yield from _rules(before, after)
        else:
            yield FieldDifference("trace_reason" if name == "reason" else name, before, after)


def _rules(before: str, after: str) -> Iterator[FieldDifference]:
    """Give what single rules say differently, or else that they say it in another order."""
    old, new = _answers(before), _answers(after)
    differ = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    for name in differ:
        yield FieldDifference(f"rule {name}", old.get(name), new.get(name))
    if not differ:
        yield FieldDifference("order of rules", list(old), list(new))


def _answers(trace: str) -> dict[str, str]:
    return {
        one["asn_rule"]: "takes it" if one["matched"] else one["failed_condition"]
        for one in json.loads(trace)
    }


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
