"""List the rulesets, and choose one by label or by date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, column, func, select, table

from asnrules.errors import NotFoundError
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from asnrules.util.text import check_day, near_spellings

TABLE = "table"
RULES = "rules"

# Without types: what cannot be read is for those who name the place.
_NAMES = (
    "ruleset_id", "label", "kind", "status", "title", "source", "effective_from",
    "effective_until", "implements", "checksum",
)  # fmt: skip
_ROW, _IMPLEMENTED = (table("rulesets", *map(column, _NAMES)).alias(name) for name in "ri")
_NEXT = func.lead(_ROW.c.effective_from).over(
    partition_by=[_ROW.c.kind, _ROW.c.status], order_by=_ROW.c.effective_from
)
# As `v_rulesets` has it, which is for others: what it shows is in no digest.
_COLUMNS = {
    **{column.name: column for column in _ROW.c},
    "ruleset": _ROW.c.label,
    "effective_until": func.coalesce(
        _ROW.c.effective_until, case((_ROW.c.status == "published", _NEXT))
    ),
    "implements": _IMPLEMENTED.c.label,
}


class RulesetInfo(NamedTuple):
    """A ruleset of the catalog."""

    ruleset: str
    """Its label."""
    kind: str
    """`table` or `rules`; `draft` or `published`; what it is; where it comes from."""
    status: str
    title: str
    source: str
    effective_from: dt.date | None
    """The first day on which it is in force; None for a draft without a date."""
    effective_until: dt.date | None
    """The first day on which it is no more: its own end, or the day on which the next one of its
    kind starts; None if there is neither."""
    implements: str | None
    """The table that rules implement."""
    checksum: str
    """SHA-256 of its content."""
    ruleset_id: int
    """Its key in the tables."""

    def is_in_force(self, day: dt.date) -> bool:
        """Tell whether it is in force on a day."""
        return (
            self.effective_from is not None
            and self.effective_from <= day
            and (self.effective_until is None or day < self.effective_until)
        )


def list_rulesets(connection: Connection) -> list[RulesetInfo]:
    """Give all rulesets, tables first, in order of their dates; last those without."""
    columns = [_COLUMNS[name].label(name) for name in RulesetInfo._fields]
    joined = _ROW.outerjoin(_IMPLEMENTED, _IMPLEMENTED.c.ruleset_id == _ROW.c.implements)
    rows = connection.execute(select(*columns).select_from(joined)).all()
    found = [RulesetInfo(*_with_dates(row._asdict())) for row in rows]
    return sorted(
        found,
        key=lambda info: (info.kind != TABLE, info.effective_from or dt.date.max, info.ruleset),
    )


def find_ruleset(connection: Connection, label: str) -> RulesetInfo:
    """Give a ruleset by its label.

    Raises
    ------
    NotFoundError
        If there is none; the message suggests near labels.
    """
    rulesets = {info.ruleset: info for info in list_rulesets(connection)}
    if label in rulesets:
        return rulesets[label]
    near = near_spellings(label, rulesets) or list(rulesets)
    raise NotFoundError(
        f"no ruleset {label!r} in the catalog; there are {', '.join(near)}; "
        "asnrules rulesets list tells more"
    )


def in_force(connection: Connection, kind: str, day: dt.date | None = None) -> RulesetInfo | None:
    """Give the published ruleset of a kind that is in force on a day, today by default (UTC)."""
    day = day or dt.datetime.now(dt.UTC).date()
    for info in list_rulesets(connection):
        if info.kind == kind and info.status == "published" and info.is_in_force(day):
            return info
    return None


def choose_ruleset(
    connection: Connection, kind: str, label: str | None = None, day: dt.date | None = None
) -> RulesetInfo:
    """Give the ruleset that a command means: by label, by date, or today's.

    Raises
    ------
    NotFoundError
        If there is no such label, it is of the other kind, or none was in force.
    UsageError
        If the day is not a date.
    """
    check_day("as_of", day)
    if label is not None:
        info = find_ruleset(connection, label)
        if info.kind != kind:
            others = [one.ruleset for one in list_rulesets(connection) if one.kind == kind]
            raise NotFoundError(
                f"ruleset {label!r} is of kind {info.kind}; of kind {kind} there are "
                f"{', '.join(others)}"
            )
        return info
    day = day or dt.datetime.now(dt.UTC).date()
    found = in_force(connection, kind, day)
    if found is None:
        raise NotFoundError(
            f"no {kind} {'was' if kind == TABLE else 'were'} in force on {day}; "
            f"{_nearest(connection, kind, day)}"
        )
    return found


def _nearest(connection: Connection, kind: str, day: dt.date) -> str:
    """Say which rulesets of a kind were in force last before a day, and first after it."""
    before, after = None, None
    for info in list_rulesets(connection):
        if info.kind != kind or info.status != "published" or info.effective_from is None:
            continue
        if info.effective_from <= day:
            before = info
        elif after is None:
            after = info
    parts = []
    if before is not None:
        parts.append(f"{before.ruleset} was until {before.effective_until}")
    if after is not None:
        parts.append(f"{after.ruleset} is from {after.effective_from}")
    return f"the nearest: {' and '.join(parts)}" if parts else "the catalog has none"


def _with_dates(row: dict[str, Any]) -> list[Any]:
    """Read the dates, which SQLite keeps as text."""
    return [
        dt.date.fromisoformat(value)
        if name.startswith("effective") and isinstance(value, str)
        else value
        for name, value in row.items()
    ]


# ------------------------------------------------------------------------- releases of jwst

_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")
_LABEL = "jwst-"


def ruleset_of(rulesets: Sequence[RulesetInfo], release: str) -> RulesetInfo | None:
    """Give the ruleset that has the rules of a release.

    That is the one with the label `jwst-RELEASE`, or else the one that `seed/releases.csv` names.

    Parameters
    ----------
    rulesets : sequence of RulesetInfo
        All of the catalog; drafts do not count.
    release : str
        Such as `1.3.1`; a version between releases is none.
    """
    wanted = _numbers(release)
    if wanted is None:
        return None
    own: RulesetInfo | None = None
    for info in rulesets:
        if info.kind == RULES and info.status == "published":
            if info.ruleset.startswith(_LABEL) and (
                _numbers(info.ruleset.removeprefix(_LABEL)) == wanted
            ):
                return info
            if info.ruleset == _shared().get(wanted):
                own = info
    return own


def _numbers(release: str) -> tuple[int, ...] | None:
    """Read a release; zeros at its end do not count."""
    if not _RELEASE.fullmatch(release):
        return None
    numbers = [int(number) for number in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


@cache
def _shared() -> dict[tuple[int, ...] | None, str]:
    """Read which releases share a ruleset."""
    rows = read_csv(shipped("seed") / "releases.csv", ("release", "ruleset"))
    return {_numbers(row["release"]): row["ruleset"] for row in rows}
