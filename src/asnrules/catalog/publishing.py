"""Publish a draft: from then on it is in force on its dates, and nobody can change it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.life_cycle import DRAFT, changing, dated, find_draft
from asnrules.catalog.rulesets import RulesetInfo, list_rulesets, published
from asnrules.errors import RulesetError, UsageError
from asnrules.rules.model import AnyRuleset
from asnrules.rules.releases import release_numbers
from asnrules.util.results import shown_briefly

_CHECKSUM = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Publishing:
    """How a draft is to be published."""

    effective_from: dt.date | None = None
    """The first day on which it is in force, and the first on which it no longer is; those that the
    draft has by default. Without an end it is in force until the next of its kind is."""
    effective_until: dt.date | None = None
    checksum: str | None = None
    """That of the draft that was reviewed, or its first digits, at least 8: any other is refused.
    """
    retroactive: str | None = None
    """Why it is to change what was in force on past days; without a reason it may not."""
    operator: str | None = None
    """Who publishes it, for the record."""


@shown_briefly
@dataclass(frozen=True, slots=True)
class Publication:
    """The result of publishing a ruleset."""

    info: RulesetInfo
    ended: RulesetInfo | None
    """The one that it brings to an end."""


def publish_ruleset(engine: Engine, label: str, wanted: Publishing) -> Publication:
    """Publish a draft, which is not checked here; see `asnrules.workflows.publish`.

    Raises
    ------
    NotFoundError
        If there is no such ruleset.
    RulesetError
        If it may not be published; see `dated_draft`.
    """
    with changing(engine) as connection:
        info, ruleset = dated_draft(connection, label, wanted)
        before = {one.ruleset: one for one in list_rulesets(connection)}
        is_retroactive = _past_days(ruleset, before.values()) is not None
        store.update_dates(connection, info.ruleset_id, ruleset)
        store.publish(
            connection,
            [info.ruleset_id],
            dt.datetime.now(dt.UTC),
            by=wanted.operator,
            retroactive=wanted.retroactive if is_retroactive else None,
        )
        after = list_rulesets(connection)
    changed = [one for one in after if one != before[one.ruleset]]
    return Publication(
        info=next(one for one in changed if one.ruleset == label),
        ended=next((one for one in changed if one.ruleset != label), None),
    )


def dated_draft(
    connection: Connection, label: str, wanted: Publishing
) -> tuple[RulesetInfo, AnyRuleset]:
    """Give a draft with the dates that it is to be published with.

    It is a RulesetError if it is published already, is not the one that was reviewed, has no date,
    overlaps with another of its kind, has a release of another one, implements a draft, or would
    change past days without a reason.
    """
    info = find_draft(connection, label)
    _refuse_unreviewed(info, wanted.checksum)
    draft = store.load(connection, info.ruleset_id)
    ruleset = dated(draft, None, wanted.effective_from, wanted.effective_until)
    if ruleset.effective_from is not None:
        _refuse_overlap(ruleset, ruleset.effective_from, store.periods(connection, info.kind))
    elif not info.releases:
        raise RulesetError(f"ruleset {label!r} has no date; give one with --effective-from")
    infos = list_rulesets(connection)
    _refuse_others(info, infos)
    past = _past_days(ruleset, infos)
    if past is not None and not (wanted.retroactive or "").strip():
        raise RulesetError(
            f"ruleset {label!r} would change what was in force on past days: {past}; give another "
            "date with --effective-from, or say why with --retroactive"
        )
    return info, ruleset


def _refuse_unreviewed(info: RulesetInfo, checksum: str | None) -> None:
    if checksum is None:
        return
    reviewed = checksum.strip().lower()
    if not _CHECKSUM.fullmatch(reviewed):
        raise UsageError(
            f"--checksum: {checksum[:80]!r} is not a checksum; give at least 8 of the 64 digits "
            "that asnrules rulesets show prints"
        )
    if not info.checksum.startswith(reviewed):
        raise RulesetError(
            f"the draft {info.ruleset!r} is not the one with checksum {reviewed[:12]}: it has "
            f"{info.checksum[:12]} now; review it again before it is published"
        )


def _past_days(ruleset: AnyRuleset, infos: Iterable[RulesetInfo]) -> str | None:
    """Say for which days before today (UTC) a ruleset would come to be in force, if for any."""
    today = dt.datetime.now(dt.UTC).date()
    start = ruleset.effective_from
    if start is None or start >= today:
        return None
    others = [(one.effective_from, one) for one in published(infos, ruleset.kind)]
    later = [first for first, _ in others if first is not None and first > start]
    end = min([ruleset.effective_until or today, today, *later])
    replaced = [
        one.ruleset
        for first, one in others
        if first is not None and first < end and start < (one.effective_until or end)
    ]
    last = end - dt.timedelta(days=1)
    days = str(start) if last == start else f"{start} to {last}"
    return f"{days}, when {', '.join(replaced) or 'nothing'} was"


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
