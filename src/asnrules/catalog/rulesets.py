"""List the rulesets, and choose one by label or by date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, case, column, func, select, table

from asnrules.catalog.vocabulary import what_is_meant
from asnrules.errors import NotFoundError, UsageError
from asnrules.rules.releases import PREFIX, Release, in_order, release_numbers, shipped_releases
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import Day, given_day

BY_TAG = ", the day of a tag"
"""Stands in what is said of rules whose first day that is."""

TABLE = "table"
RULES = "rules"

# Without types: a value that cannot be read is reported by `database.stored`, with its place.
_PLAIN = (
    "ruleset_id", "kind", "status", "title", "source", "effective_from", "checksum", "published_by",
    "retroactive",
)  # fmt: skip
_NAMES = (*_PLAIN, "label", "effective_until", "implements", "extends")
_ROW, _IMPLEMENTED, _EXTENDED = (
    table("rulesets", *map(column, _NAMES)).alias(name) for name in "rie"
)
_RELEASES = table(
    "ruleset_releases",
    *map(column, ("ruleset_id", "release", "released", "in_operations_from")),
)
_CHANGES = table("ruleset_changes", column("ruleset_id"))
_CHANGE_COUNT = select(func.count()).where(_CHANGES.c.ruleset_id == _ROW.c.ruleset_id)
_NEXT = func.lead(_ROW.c.effective_from).over(
    partition_by=[_ROW.c.kind, _ROW.c.status, _ROW.c.effective_from.is_(None)],
    order_by=_ROW.c.effective_from,
)
_END = func.coalesce(_ROW.c.effective_until, case((_ROW.c.status == "published", _NEXT)))
# As `v_rulesets` has it, which is for others: what it shows is in no digest.
_RULESETS = (
    select(
        *(_ROW.c[name] for name in _PLAIN),
        _ROW.c.label.label("ruleset"),
        _END.label("effective_until"),
        _IMPLEMENTED.c.label.label("implements"),
        _EXTENDED.c.label.label("extends"),
        _CHANGE_COUNT.correlate(_ROW).scalar_subquery().label("change_count"),
    )
    .select_from(_ROW)
    .outerjoin(_IMPLEMENTED, _IMPLEMENTED.c.ruleset_id == _ROW.c.implements)
    .outerjoin(_EXTENDED, _EXTENDED.c.ruleset_id == _ROW.c.extends)
)


_OPERATIONS, _TAG, _SUPERSEDED, _NEVER = "operations", "tag", "superseded", "never"
_SINCE = "in force from {}"
_FIRST_DAYS = {
    _TAG: f"{_SINCE}{BY_TAG}",
    _SUPERSEDED: "in force on no day, as a later ruleset began on the same one",
    _NEVER: "never in operations",
}


LISTED = (
    "ruleset", "kind", "status", "effective_from", "goes_by", "effective_until", "implements",
    "releases", "changes", "title", "extends", "checksum", "source", "published_by", "retroactive",
)  # fmt: skip
"""What is told of a ruleset in a list."""

ADDED = ("ruleset", "kind", "status", "effective_from", "effective_until", "checksum")
"""What is told of one that comes or goes."""


class _RulesetInfo(NamedTuple):
    ruleset: str
    kind: str
    """`table` or `rules`; `draft` or `published`; what it is; where it comes from."""
    status: str
    title: str
    source: str
    effective_from: dt.date | None
    """The first day on which it is in force; None for a draft without a date, and for rules that
    operations never ran."""
    effective_until: dt.date | None
    """The first day on which it no longer is: its own end, or the day on which the next one of its
    kind starts; None if there is neither."""
    implements: str | None
    checksum: str
    """SHA-256 of its content."""
    ruleset_id: int
    extends: str | None = None
    """The rules that its changes start from."""
    change_count: int = 0
    releases: tuple[str, ...] = ()
    """Of jwst, which have these rules."""
    goes_by: str | None = None
    """What its first day is: `operations`, the first on which operations ran one of its releases,
    or `tag`, that on which one was tagged. Why it has none: `superseded`, as a later ruleset begins
    on the same day, or `never`, as operations ran none of its releases. None if it was said."""
    published_by: str | None = None
    """Who published it; None for a draft, and for what is shipped."""
    retroactive: str | None = None
    """Why it changed what was in force on past days, if it did."""


@shown_briefly
class RulesetInfo(_RulesetInfo, Tabular):
    """A ruleset of the catalog."""

    __slots__ = ()

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        releases = ", ".join(self.releases) or None
        values = {**self._asdict(), "changes": self.change_count, "releases": releases}
        return {name: values[name] for name in LISTED}

    def added(self) -> dict[str, Any]:
        """Give what the command line prints of one that was added or removed."""
        return {name: getattr(self, name) for name in ADDED}

    @property
    def period(self) -> str:
        """Say in words when it is in force, and on what that rests."""
        first = first_day_words(self.effective_from, self.goes_by)
        if self.effective_from is None:
            return first
        comma = "," if self.goes_by == _TAG else ""
        return f"{first}{comma} to {self.effective_until or 'further notice'}"

    @property
    def by_tag(self) -> str | None:
        """Say that its first day is that of a tag, if it is: what goes by dates rests on that."""
        if self.goes_by != _TAG:
            return None
        return (
            f"{self.ruleset} counts as in force from {self.effective_from}{BY_TAG}; the day on "
            "which operations first ran it is not known"
        )

    def is_in_force(self, day: dt.date) -> bool:
        """Tell whether it is in force on a day."""
        return (
            self.effective_from is not None
            and self.effective_from <= day
            and (self.effective_until is None or day < self.effective_until)
        )


def list_rulesets(connection: Connection) -> list[RulesetInfo]:
    """Give all rulesets, tables first, in order of their dates; last those without.

    Rules that operations never ran have the day of their first release.
    """
    rows = connection.execute(_RULESETS).all()
    releases = _releases(connection)
    found = []
    for row in rows:
        own = releases.get(row.ruleset_id, ())
        day = _date(row.effective_from)
        info = RulesetInfo(**row._asdict(), releases=tuple(one.release for one in own))
        info = info._replace(
            effective_from=day,
            effective_until=_date(info.effective_until),
            goes_by=_goes_by(day, own),
        )
        first = day or (own[0].released if own else dt.date.max)
        found.append(((info.kind != TABLE, first, info.ruleset), info))
    return [info for _, info in sorted(found, key=lambda one: one[0])]


def _goes_by(day: dt.date | None, releases: Sequence[Release]) -> str | None:
    operations = {one.in_operations_from for one in releases} - {None}
    if day is None and releases:
        return _SUPERSEDED if operations else _NEVER
    if day in operations:
        return _OPERATIONS
    return _TAG if day in {one.released for one in releases} else None


def first_day_words(day: dt.date | None, goes_by: str | None) -> str:
    """Say from which day a ruleset is in force, and on what that rests; see `RulesetInfo`."""
    return _FIRST_DAYS.get(goes_by or "", "without a date yet" if day is None else _SINCE).format(
        day
    )


def _releases(connection: Connection) -> dict[int, tuple[Release, ...]]:
    """Give the releases of each ruleset."""
    found: dict[int, list[Release]] = {}
    for row in connection.execute(select(*_RELEASES.c)):
        release = Release(row.release, *map(_date, (row.released, row.in_operations_from)))
        found.setdefault(row.ruleset_id, []).append(release)
    return {key: in_order(releases) for key, releases in found.items()}


def find_ruleset(connection: Connection, label: str) -> RulesetInfo:
    """Give a ruleset by its label, or as `jwst-RELEASE` by a release that it has.

    If there is none it is a NotFoundError, which suggests near labels.
    """
    rulesets = {info.ruleset: info for info in list_rulesets(connection)}
    if label in rulesets:
        return rulesets[label]
    release = label.removeprefix(PREFIX)
    near = what_is_meant(connection, label, rulesets)
    if (info := ruleset_of(rulesets.values(), release)) is not None:
        if label.startswith(PREFIX):
            return info
        near = f"{PREFIX}{release} means the rules of that release"
    raise NotFoundError(
        f"no ruleset {label!r} in the catalog; {near}; asnrules rulesets list shows all"
    )


def published(infos: Iterable[RulesetInfo], kind: str) -> list[RulesetInfo]:
    """Give the published rulesets of a kind."""
    return [info for info in infos if info.kind == kind and info.status == "published"]


def in_force(
    infos: Iterable[RulesetInfo], kind: str, day: dt.date | None = None
) -> RulesetInfo | None:
    """Give the published ruleset of a kind that is in force on a day, today by default (UTC)."""
    day = day or dt.datetime.now(dt.UTC).date()
    return next((info for info in published(infos, kind) if info.is_in_force(day)), None)


def one_day(label: str | None, day: Day | None) -> dt.date | None:
    """Give the day of which rulesets are meant; a UsageError if one is named by a label, too."""
    if label is not None and day is not None:
        raise UsageError("ruleset and as_of exclude each other; give one of them")
    return given_day("as_of", day)


def choose_ruleset(
    connection: Connection, kind: str, label: str | None = None, day: Day | None = None
) -> RulesetInfo:
    """Give the ruleset that a command means: by label, by date, or today's.

    It is a NotFoundError if there is no such label, it is of the other kind, or none was in force,
    a UsageError if the day is not a date, or both are given.
    """
    on = one_day(label, day)
    if label is not None:
        info = find_ruleset(connection, label)
        if info.kind != kind:
            others = [one.ruleset for one in list_rulesets(connection) if one.kind == kind]
            raise NotFoundError(
                f"ruleset {label!r} is of kind {info.kind}; of kind {kind} there are "
                f"{', '.join(others)}"
            )
        return info
    on = on or dt.datetime.now(dt.UTC).date()
    infos = list_rulesets(connection)
    found = in_force(infos, kind, on)
    if found is None:
        raise NotFoundError(
            f"no {kind} {'was' if kind == TABLE else 'were'} in force on {on}; "
            f"{_nearest(infos, kind, on)}"
        )
    return found


def _nearest(infos: Iterable[RulesetInfo], kind: str, day: dt.date) -> str:
    """Say which rulesets of a kind were in force last before a day, and first after it."""
    dated = [(one.effective_from, one) for one in published(infos, kind)]
    before = [one for start, one in dated if start is not None and start <= day]
    after = [one for start, one in dated if start is not None and start > day]
    parts = [f"{one.ruleset} was until {one.effective_until}" for one in before[-1:]]
    parts += [f"{one.ruleset} is from {one.effective_from}" for one in after[:1]]
    return f"the nearest: {' and '.join(parts)}" if parts else "the catalog has none"


def _date(value: Any) -> Any:
    """Read a date, which SQLite keeps as text."""
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


# ------------------------------------------------------------------------- releases of jwst


def ruleset_of(rulesets: Iterable[RulesetInfo], release: str) -> RulesetInfo | None:
    """Give the ruleset that has the rules of a release; of several the one published first.

    A ruleset says which releases it has; one with the label `jwst-RELEASE` has that release. Drafts
    do not count, and a version between releases is none.
    """
    wanted = release_numbers(release)
    if wanted is None:
        return None
    rules = published(rulesets, RULES)
    named = [info for info in rules if wanted in map(release_numbers, info.releases)]
    called = [
        info
        for info in rules
        if info.ruleset.startswith(PREFIX)
        and release_numbers(info.ruleset.removeprefix(PREFIX)) == wanted
    ]
    return min(called or named, key=lambda info: info.ruleset_id, default=None)


@shown_briefly
class ListedRelease(NamedTuple):
    """A release of jwst, and the ruleset that it has."""

    release: str
    dms_build: str | None
    """The build of the observatory's data system that it belongs to."""
    released: dt.date
    in_operations_from: dt.date | None
    """The first day on which operations ran it, if that is known."""
    ruleset: str | None
    effective_from: dt.date | None
    goes_by: str | None
    effective_until: dt.date | None


def list_releases(connection: Connection) -> list[ListedRelease]:
    """Give all releases of jwst that are known, the first one first."""
    infos = list_rulesets(connection)
    shipped = shipped_releases()
    found = {name: one.release for name, one in shipped.items()}
    keys = {info.ruleset_id for info in infos if info.status == "published"}
    for key, releases in _releases(connection).items():
        if key in keys:
            found = {one.release: one for one in releases} | found
    listed = []
    for one in in_order(found.values()):
        info = ruleset_of(infos, one.release)
        build = shipped[one.release].dms_build if one.release in shipped else None
        names = ListedRelease._fields[-4:]
        period = [getattr(info, name) for name in names] if info else [None] * len(names)
        listed.append(ListedRelease(one.release, build, *one[1:], *period))
    return listed
