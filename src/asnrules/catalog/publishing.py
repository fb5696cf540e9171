"""Publish a draft: from then on it is in force on its dates, and nobody can change it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.life_cycle import DRAFT, changing, dated, find_draft
from asnrules.catalog.rulesets import RulesetInfo, in_force, list_rulesets, published
from asnrules.errors import RulesetError, UsageError
from asnrules.rules.model import AnyRuleset
from asnrules.rules.releases import release_numbers
from asnrules.util.results import Tabular, shown_briefly

_CHECKSUM = re.compile(r"[0-9a-f]{12,64}")

Dates = tuple[dt.date | None, dt.date | None]
"""The first day on which a draft is to be in force, and the first on which it no longer is; those
that it has by default. Without an end it is in force until the next of its kind is."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """How a draft is to be published."""

    checksum: str
    """That of the draft that was reviewed, or its first digits, at least 12: no other is published.
    """
    dates: Dates = (None, None)
    retroactive: str | None = None
    """Why it is to change what was in force on past days; without a reason it may not."""
    operator: str | None = None
    """Who publishes it, for the record."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the publication of a draft comes to."""

    info: RulesetInfo
    ruleset: AnyRuleset = field(repr=False)
    """With the dates that it would be published with."""
    instead_of: str | None
    """What is in force on its first day until then."""
    past: tuple[dt.date, dt.date] | None
    """The first and last of the days before today (UTC) on which it would come to be in force."""
    left: str | None
    """What is in force when it is to end, and would be no more: nothing would be."""

    @property
    def dates(self) -> Dates:
        """Those that it would be published with."""
        return self.ruleset.effective_from, self.ruleset.effective_until

    def past_days(self) -> str:
        """Say on which past days it would be in force, and what was."""
        first, last = self.past or (None, None)
        days = str(first) if last == first else f"{first} to {last}"
        return f"past days: {days}, when {self.instead_of or 'nothing'} was"

    def lines(self) -> Iterator[str]:
        """Say what is to be published, and what that changes, in lines to read."""
        label = self.info.ruleset
        start, end = self.dates
        yield f"{label}: {self.info.title}"
        yield f"checksum: {self.info.checksum}"
        instead = f", instead of {self.instead_of}" if self.instead_of else ""
        period = self.info.period if start is None else f"in force from {_span(start, end)}"
        yield f"{self.info.kind}, {period}{instead}"
        if self.past is not None:
            yield f"it would change what was in force on {self.past_days()}"
            if self.instead_of is not None:
                yield f"what differs: asnrules rulesets diff {self.instead_of} {label}"
        if self.left is not None:
            yield f"from {end} on nothing would be in force, when {self.left} is now"

    def command(self) -> str:
        """Give the command that publishes this and nothing else."""
        start, end = self.dates
        options = {
            "--checksum": self.info.checksum[:12],
            "--effective-from": start,
            "--effective-until": end,
            "--retroactive": None if self.past is None else "WHY",
        }
        given = (f"{name} {value}" for name, value in options.items() if value is not None)
        return " ".join(["asnrules rulesets publish", self.info.ruleset, *given])


@shown_briefly
@dataclass(frozen=True, slots=True)
class Publication(Tabular):
    """The result of publishing a ruleset."""

    info: RulesetInfo
    ended: RulesetInfo | None
    """The one that it brings to an end."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return self.info.added()


def publish_ruleset(engine: Engine, label: str, wanted: Publishing) -> Publication:
    """Publish a draft, which is not checked here; see `asnrules.workflows.publish`.

    Raises
    ------
    NotFoundError
        If there is no such ruleset.
    RulesetError
        If it may not be published; see `approved`.
    """
    with changing(engine) as connection:
        proposal = approved(connection, label, wanted)
        before = {one.ruleset: one for one in list_rulesets(connection)}
        store.update_dates(connection, proposal.info.ruleset_id, proposal.ruleset)
        store.publish(
            connection,
            [proposal.info.ruleset_id],
            dt.datetime.now(dt.UTC),
            by=wanted.operator,
            retroactive=None if proposal.past is None else wanted.retroactive,
        )
        after = list_rulesets(connection)
    changed = [one for one in after if one != before[one.ruleset]]
    return Publication(
        info=next(one for one in changed if one.ruleset == label),
        ended=next((one for one in changed if one.ruleset != label), None),
    )


def approved(connection: Connection, label: str, wanted: Publishing) -> Proposal:
    """Give what is to be published; see `propose` for what is refused.

    It is a RulesetError, besides, if past days would change without a reason.
    """
    proposal = propose(connection, label, wanted.dates, wanted.checksum)
    if proposal.past is not None and not (wanted.retroactive or "").strip():
        raise RulesetError(
            f"ruleset {label!r} would change what was in force on {proposal.past_days()}; give "
            f"another date with --effective-from, or say why: {proposal.command()}"
        )
    return proposal


def propose(
    connection: Connection, label: str, dates: Dates = (None, None), reviewed: str | None = None
) -> Proposal:
    """Say what the publication of a draft with some dates comes to.

    It is a RulesetError if it is published already, is not the one that was reviewed, has no date,
    overlaps with another of its kind, leaves today without one, has a release of another one, or
    implements a draft.
    """
    info = find_draft(connection, label)
    if reviewed is not None:
        refuse_unreviewed(label, info.checksum, reviewed)
    ruleset = dated(store.load(connection, info.ruleset_id), None, *dates)
    start = ruleset.effective_from
    if start is not None:
        _refuse_overlap(ruleset, start, store.periods(connection, info.kind))
    elif not info.releases:
        raise RulesetError(f"ruleset {label!r} has no date; give one with --effective-from")
    infos = list_rulesets(connection)
    _refuse_others(info, infos)
    before = None if start is None else in_force(infos, info.kind, start)
    left = _left(ruleset, infos)
    end, today = ruleset.effective_until, dt.datetime.now(dt.UTC).date()
    now = in_force(infos, info.kind, today)
    if end is not None and end <= today and now is not None and now.ruleset == left:
        raise RulesetError(
            f"ruleset {label!r} would end on {end}, and from then on, today as well, nothing would "
            f"be in force, when {left} is; publish first what follows it on {end} ({left} under "
            "another label, say), or give it no end"
        )
    return Proposal(info, ruleset, before and before.ruleset, _past(ruleset, infos), left)


def refuse_unreviewed(label: str, checksum: str, reviewed: str) -> None:
    """Refuse a draft whose checksum does not begin with the digits that were reviewed."""
    digits = reviewed.strip().lower()
    if not _CHECKSUM.fullmatch(digits):
        raise UsageError(
            f"--checksum: {reviewed[:80]!r} is not a checksum; give at least 12 of the 64 digits "
            "that asnrules rulesets show prints"
        )
    if not checksum.startswith(digits):
        raise RulesetError(
            f"the draft {label!r} is not the one with checksum {digits[:12]}: it has "
            f"{checksum[:12]} now; review it again: asnrules rulesets check {label}"
        )


def _left(ruleset: AnyRuleset, infos: Iterable[RulesetInfo]) -> str | None:
    """Give what is in force where a ruleset ends, if that is what it brings to an end."""
    start, end = ruleset.effective_from, ruleset.effective_until
    found = None if end is None else in_force(infos, ruleset.kind, end)
    if found is None or start is None or found.effective_from is None:
        return None
    return found.ruleset if found.effective_from < start else None


def _past(ruleset: AnyRuleset, infos: Iterable[RulesetInfo]) -> tuple[dt.date, dt.date] | None:
    today = dt.datetime.now(dt.UTC).date()
    start = ruleset.effective_from
    if start is None or start >= today:
        return None
    others = [one.effective_from for one in published(infos, ruleset.kind)]
    later = [first for first in others if first is not None and first > start]
    end = min([ruleset.effective_until or today, today, *later])
    return start, end - dt.timedelta(days=1)


def _refuse_others(info: RulesetInfo, others: Iterable[RulesetInfo]) -> None:
    """Refuse to publish rules with the releases of others, or that implement a draft."""
    ours = {release_numbers(one) for one in info.releases}
    for other in others:
        common = [one for one in other.releases if release_numbers(one) in ours]
        if other.status != DRAFT and common:
            raise RulesetError(
                f"ruleset {info.ruleset!r} has releases that {other.ruleset} has: "
                f"{', '.join(common)}; import it without them"
            )
        if other.status == DRAFT and other.ruleset == info.implements:
            raise RulesetError(
                f"ruleset {info.ruleset!r} implements {other.ruleset!r}, which is a draft; "
                "publish that one first"
            )


def _refuse_overlap(ruleset: AnyRuleset, start: dt.date, others: list[store.Period]) -> None:
    """Refuse a period that meets another; the database would as well, in fewer words."""
    for other in others:
        first = other.effective_from
        # Without an end of its own, the other one ends where this one starts.
        is_inside = first < start < (other.effective_until or start)
        is_around = start < first < (ruleset.effective_until or first)
        if first == start or is_inside or is_around:
            raise RulesetError(
                f"ruleset {ruleset.label!r} would be in force from "
                f"{_span(start, ruleset.effective_until)}, but {other.label} is from "
                f"{_span(first, other.effective_until)}; give other dates with --effective-from "
                "and --effective-until"
            )


def _span(start: dt.date, end: dt.date | None) -> str:
    return str(start) if end is None else f"{start} until {end}"
