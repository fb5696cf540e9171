"""Choose the ruleset by which an association that was made elsewhere is judged."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple

from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.rulesets import RULES, TABLE, RulesetInfo, ruleset_of

_TIME = re.compile(r"(?<![0-9])([0-9]{8})t[0-9]{6}(?![0-9])", re.IGNORECASE)

_OURS = re.compile(r"asnrules \S+, rules (.+)", re.DOTALL)
_VERSION = re.compile(r"(?:jwst[ =-]*|v)?([0-9]+\.[0-9]\S*)", re.IGNORECASE)


class MadeOn(NamedTuple):
    """The day on which an association was made, and the field of its file that tells it."""

    day: dt.date
    told_by: str


class MadeBy(NamedTuple):
    """The software that made an association, and the ruleset of the catalog that it went by."""

    software: str
    info: RulesetInfo | None


class Choice(NamedTuple):
    """By which ruleset an association is judged."""

    info: RulesetInfo
    why: str
    """Which one, and why this one, in words."""
    then: RulesetInfo | None
    """The table of the time when the association was made, if that is told and there was one: the
    one that the rules implement by which it was made, or that was in force."""


def made_by(association: ForeignAssociation, rulesets: Sequence[RulesetInfo]) -> MadeBy | None:
    """Give what made an association, if its file tells it: a release of jwst, or this program."""
    text = (association.code_version or "").strip()
    ours = _OURS.fullmatch(text)
    if ours is not None:
        known = (info for info in rulesets if info.kind == RULES and info.status == "published")
        label = ours[1].strip()
        found = next((info for info in known if info.ruleset == label), None)
        return MadeBy(label, found)
    version = _VERSION.fullmatch(text)
    if version is None:
        return None
    return MadeBy(version[1], ruleset_of(rulesets, version[1]))


def made_on(association: ForeignAssociation) -> MadeOn | None:
    """Give the day on which an association was made, if its file tells it.

    Its own time stands in version_id, and with it in its name; the pool is not much older.
    """
    for told_by, text in (
        ("version_id", association.version_id),
        ("its name", association.asn_name),
        ("asn_pool", association.asn_pool),
    ):
        found = _TIME.search(text or "")
        if found is not None:
            try:
                return MadeOn(dt.date.fromisoformat(found[1]), told_by)
            except ValueError:
                continue
    return None


def choose(
    association: ForeignAssociation,
    rulesets: Sequence[RulesetInfo],
    wanted: RulesetInfo,
    *,
    is_asked: bool,
) -> Choice:
    """Choose the ruleset by which an association is judged.

    Of all rulesets there are, `wanted` are the rules that were asked for, or today's.
    """
    time = made_on(association)
    by = made_by(association, rulesets)
    then = None if time is None else _in_force(rulesets, TABLE, time.day)
    if by is not None and by.info is not None:
        implemented = by.info.implements
        then = next((info for info in rulesets if info.ruleset == implemented), then)
    if is_asked:
        return Choice(wanted, f"{wanted.ruleset}, as asked", then)
    today = f"today's ({wanted.ruleset});"
    if by is not None:
        did = "written" if association.is_by_hand else "made"
        made = f"by which it was {did} (code_version)"
        if by.info is None:
            return Choice(wanted, f"{today} the catalog has none for {by.software}, {made}", then)
        if by.software == by.info.ruleset:
            return Choice(by.info, f"{by.software}, {made}", then)
        return Choice(by.info, f"{by.info.ruleset}, those of {by.software}, {made}", then)
    if time is None:
        return Choice(wanted, f"{today} the file does not tell when it was made", then)
    own = _in_force(rulesets, RULES, time.day)
    when = f"in force on {time.day}, when it was made ({time.told_by})"
    if own is None:
        return Choice(wanted, f"{today} the catalog has none {when}", then)
    return Choice(own, f"{own.ruleset}, {when}", then)


def _in_force(rulesets: Sequence[RulesetInfo], kind: str, day: dt.date) -> RulesetInfo | None:
    for info in rulesets:
        if info.kind == kind and info.status == "published" and info.is_in_force(day):
            return info
    return None
