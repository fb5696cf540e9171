"""Choose the ruleset by which an association that was made elsewhere is judged."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.rulesets import RULES, TABLE, RulesetInfo, ruleset_of
from asnrules.rules.releases import release_numbers

_TIME = re.compile(r"(?<![0-9])([0-9]{8})t[0-9]{6}(?![0-9])", re.IGNORECASE)

_LEADING = re.compile(r"[0-9]+(\.[0-9]+)*")
_OURS = re.compile(r"asnrules \S+, rules (.+)", re.DOTALL)
_VERSION = re.compile(r"(?:jwst[ =-]*|v)?([0-9]+\.[0-9]\S*)", re.IGNORECASE)


class Choice(NamedTuple):
    """By which ruleset an association is judged."""

    info: RulesetInfo
    why: str
    """Which one, and why this one, in words."""
    then: RulesetInfo | None
    """The table of the time when the association was made, if that is told and there was one: the
    one that the rules implement by which it was made, or that was in force."""


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
    day, told_by = _day_of(association)
    then = None if day is None else _in_force(rulesets, TABLE, day)
    software, own = _software_of(association, rulesets)
    if own is not None:
        then = next((info for info in rulesets if info.ruleset == own.implements), then)
    if is_asked:
        return Choice(wanted, f"{wanted.ruleset}, as asked", then)
    today = f"today's ({wanted.ruleset});"
    earliest = _earliest(rulesets)
    if software is not None:
        did = "written" if association.is_by_hand else "made"
        made = f"by which it was {did} (code_version)"
        if own is None and earliest is not None and _is_before(software, earliest):
            return Choice(earliest, _not_its_own(earliest, f"those of {software}, {made}"), then)
        if own is None:
            return Choice(wanted, f"{today} the catalog has none for {software}, {made}", then)
        those = "" if software == own.ruleset else f", those of {software}"
        return Choice(own, f"{own.ruleset}{those}, {made}", then)
    if day is None:
        return Choice(wanted, f"{today} the file does not tell when it was made", then)
    own = _in_force(rulesets, RULES, day)
    when = f"in force on {day}, when it was made ({told_by})"
    if own is not None:
        tag = "" if own.by_tag is None else f"; {own.by_tag}"
        return Choice(own, f"{own.ruleset}, {when}{tag}", then)
    if earliest is not None and earliest.effective_from and day < earliest.effective_from:
        return Choice(earliest, _not_its_own(earliest, f"those {when}"), then)
    return Choice(wanted, f"{today} the catalog has none {when}", then)


def _earliest(rulesets: Sequence[RulesetInfo]) -> RulesetInfo | None:
    """Give the rules of the earliest release that the catalog has."""
    known = (info for info in _published(rulesets, RULES) if info.releases)
    return min(known, key=_first_release, default=None)


def _first_release(info: RulesetInfo) -> tuple[int, ...]:
    return release_numbers(info.releases[0]) or ()


def _is_before(software: str, earliest: RulesetInfo) -> bool:
    """Tell whether a version is earlier; one between releases counts as the release it leads to."""
    found = _LEADING.match(software)
    return found is not None and (release_numbers(found[0]) or ()) < _first_release(earliest)


def _not_its_own(earliest: RulesetInfo, own: str) -> str:
    return f"{earliest.ruleset}, the earliest of the catalog, and not its own: {own}, are not in it"


def _software_of(
    association: ForeignAssociation, rulesets: Sequence[RulesetInfo]
) -> tuple[str | None, RulesetInfo | None]:
    """Give the software that an association was made by, as its file tells it, and its ruleset."""
    text = (association.code_version or "").strip()
    ours = _OURS.fullmatch(text)
    if ours is not None:
        label = ours[1].strip()
        known = _published(rulesets, RULES)
        return label, next((info for info in known if info.ruleset == label), None)
    version = _VERSION.fullmatch(text)
    return (None, None) if version is None else (version[1], ruleset_of(rulesets, version[1]))


def _day_of(association: ForeignAssociation) -> tuple[dt.date | None, str]:
    """Give the day on which an association was made, and what of its file tells it, quoted.

    Its own time stands in version_id, and with it in its name; the pool is not much older.
    """
    for told_by, text in (
        ("version_id", association.version_id),
        ("its name", association.asn_name),
        ("asn_pool", association.asn_pool),
    ):
        found = _TIME.search(text or "")
        if found is not None:
            with suppress(ValueError):
                return dt.date.fromisoformat(found[1]), f"{told_by}, {found[0]}"
    return None, ""


def _in_force(rulesets: Sequence[RulesetInfo], kind: str, day: dt.date) -> RulesetInfo | None:
    return next((info for info in _published(rulesets, kind) if info.is_in_force(day)), None)


def _published(rulesets: Sequence[RulesetInfo], kind: str) -> list[RulesetInfo]:
    return [info for info in rulesets if info.kind == kind and info.status == "published"]
