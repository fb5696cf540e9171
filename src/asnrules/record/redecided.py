"""In what decisions made again differ from those on record."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from asnrules.record.differences import FieldDifference
from asnrules.record.queries.decisions import Decision, Trace


class MadeDecision(NamedTuple):
    """What became of an exposure when it was decided again.

    Attributes
    ----------
    filename : str
        Of the exposure.
    associations : int
        In how many it is.
    reason : str or None
        Why it is in none, where the trace does not say it.
    trace : Trace
        What the rules make of it.
    """

    filename: str
    associations: int
    reason: str | None
    trace: Trace


class DecisionDifference(NamedTuple):
    """A decision that came out differently.

    Attributes
    ----------
    pool_id, position : int
        The pool, and the row there.
    filename : str
        Of the exposure.
    fields : list of FieldDifference
        What is different.
    """

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
    recorded: Iterable[Decision],
    traces: Mapping[int, Trace],
    made: Mapping[tuple[int, int], MadeDecision],
    *,
    exactly: bool,
) -> Iterator[DecisionDifference]:
    """Compare decisions on record with those made again.

    Parameters
    ----------
    recorded : iterable of Decision
        Of a run.
    traces : mapping
        The traces that these refer to, by their ids.
    made : mapping
        By pool and row.
    exactly : bool
        Whether everything counts; or only class, special and the number of associations, where
        the rules are others and say everything in other words.
    """
    found = set()
    for one in recorded:
        place = (one.pool_id, one.position)
        found.add(place)
        old = MadeDecision(one.filename, one.associations, one.reason, traces[one.trace_id])
        new = made[place]
        fields = list(_exact(old, new) if exactly else _in_content(old, new)) if old != new else []
        if fields:
            yield DecisionDifference(*place, one.filename, fields)
    for place, new in made.items():
        if place not in found:
            missing = FieldDifference("associations", None, new.associations)
            yield DecisionDifference(*place, new.filename, [missing])


def _in_content(old: MadeDecision, new: MadeDecision) -> Iterator[FieldDifference]:
    for name, before, after in (
        ("member_type", old.trace.member_type, new.trace.member_type),
        ("special", old.trace.special, new.trace.special),
        ("associations", old.associations, new.associations),
    ):
        if before != after:
            yield FieldDifference(name, before, after)
    if new.associations == 0 < old.associations:
        yield FieldDifference("reason", None, new.reason or new.trace.reason)


def _exact(old: MadeDecision, new: MadeDecision) -> Iterator[FieldDifference]:
    if old.associations != new.associations:
        yield FieldDifference("associations", old.associations, new.associations)
    if old.reason != new.reason:
        yield FieldDifference("reason", old.reason, new.reason)
    for name in Trace._fields:
        before, after = getattr(old.trace, name), getattr(new.trace, name)
        if before == after:
            continue
        if name == "trace":
            yield from _rules(before, after)
        else:
            name = "trace_reason" if name == "reason" else name
            yield FieldDifference(name, before, after)


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
