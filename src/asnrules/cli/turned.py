"""The changes of the chain that turned something, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from asnrules.cli.output import counted

if TYPE_CHECKING:
    from asnrules.catalog.changes import NamedChange
    from asnrules.impact.report import TurnedBy


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
