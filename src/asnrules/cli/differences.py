"""Lines that say what differs, and which changes of the chain turned it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asnrules.cli.output import counted

if TYPE_CHECKING:
    from asnrules.catalog.changes import NamedChange
    from asnrules.impact.report import TurnedBy

SHOWN = 20  # How many differences are shown to a person


def first_lines(lines: Sequence[str]) -> Iterator[str]:
    """Give the first of some lines, indented, and say how many more there are."""
    yield from (f"  {line}" for line in lines[:SHOWN])
    if len(lines) > SHOWN:
        yield f"  and {len(lines) - SHOWN} more; --format json has them all"


def association_line(what: str, one: Mapping[str, Any], changes: Iterable[NamedChange]) -> str:
    """Say what became of an association, given as it is printed, and what turned it."""
    words = "; ".join(one["differences"])
    return (
        f"{what}: {one['asn_type']} by {one['asn_rule']} for {one['asn_id']} of {one['program']}, "
        f"{', '.join(one['products'])}{f': {words}' if words else ''}{turned_words(changes)}"
    )


def turned_words(changes: Iterable[NamedChange]) -> str:
    """Say which changes turned it, to follow what it is; nothing if none is known."""
    names = ", ".join(change.change for change in changes)
    return f"; turned by {names}" if names else ""


def turned_lines(turned: Iterable[TurnedBy]) -> Iterator[str]:
    """Say what each change turned, and why it was made."""
    for change, decisions, associations in turned:
        counts = ((decisions, "decision"), (associations, "association"))
        told = " and ".join(counted(count, what) for count, what in counts if count)
        yield f"{change.change} ({change.ruleset}) turned {told}: {change.why} ({change.source})"
