"""Choose the ruleset by which an association that was made elsewhere is judged."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.rulesets import RULES, TABLE, RulesetInfo, in_force, published, ruleset_of
from asnrules.rules.releases import release_numbers
from asnrules.util.text import shown

_TIME = re.compile(r"(?<![0-9])([0-9]{8})t[0-9]{6}(?![0-9])", re.IGNORECASE)

_OURS = re.compile(r"asnrules \S+, rules (.+)", re.DOTALL)
_VERSION = re.compile(
    r"(?:jwst[ =-]*|v)?"
    r"(?P<version>(?P<release>[0-9]{1,9}(?:\.[0-9]{1,9})*)"
    r"(?:(?:(?P<early>[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)[-_.]?[0-9]*)"
    r"|[-_.]?(?:post|rev|r)[-_.]?[0-9]*|-[0-9]+|(?=\+))(?:[-_.+][0-9a-z._+-]*)?)?)",
    re.IGNORECASE | re.ASCII,
)
"""A release; or, as PEP 440 and git name them, a version before it (`early`) or after it."""


class Choice(NamedTuple):
    """By which ruleset an association is judged."""

    info: RulesetInfo
    why: str
    """Which one, and why this one, in words."""
    then: RulesetInfo | None
    """The table of the time when the association was made, if that is told and there was one: the
    one that the rules implement by which it was made, or that was in force."""
    by_tag: str | None = None
    """That it goes by the day of a tag, if it goes by a day and that is one."""


class _Software(NamedTuple):
    """What a file tells of the software by which its association was made."""

    info: RulesetInfo | None = None
    """The rules to judge by; None if it does not tell them."""
    words: str = ""
    """Which rules these are, or why there are none; empty if the file tells nothing."""
    is_own: bool = True
    """Whether the software had these rules."""


def choose(
    association: ForeignAssociation,
    rulesets: Sequence[RulesetInfo],
    wanted: RulesetInfo,
    asked: str | dt.date | None = None,
) -> Choice:
    """Choose the ruleset by which an association is judged.

    Of all rulesets there are, `wanted` are the rules of the label or the day that was asked for, or
    today's.
    """
    day, told_by = _day_of(association)
    then = None if day is None else in_force(rulesets, TABLE, day)
    software = _software_of(association, rulesets)
    if software.info is not None and software.is_own:
        then = next((info for info in rulesets if info.ruleset == software.info.implements), then)
    if isinstance(asked, dt.date):
        return _by_day(wanted, f"in force on {asked}, as asked", then)
    if asked is not None:
        return Choice(wanted, f"{wanted.ruleset}, as asked", then)
    if software.info is not None:
        return Choice(software.info, software.words, then)
    return _of_its_day(rulesets, wanted, then, day, told_by, software.words)


def _of_its_day(
    rulesets: Sequence[RulesetInfo],
    today: RulesetInfo,
    then: RulesetInfo | None,
    day: dt.date | None,
    told_by: str,
    remark: str,
) -> Choice:
    """Choose the rules of the day on which an association was made, or today's."""
    begin = f"today's ({today.ruleset}); "
    also = f"; {remark}" if remark else ""
    if day is None:
        return Choice(today, f"{begin}the file does not tell when it was made{also}", then)
    when = f"in force on {day}, when it was made ({told_by})"
    own = in_force(rulesets, RULES, day)
    if own is not None:
        return _by_day(own, f"{when}{also}", then)
    earliest = _earliest(rulesets)
    if earliest is not None and earliest.effective_from and day < earliest.effective_from:
        return Choice(earliest, f"{_not_its_own(earliest, f'those {when}')}{also}", then)
    return Choice(today, f"{begin}the catalog has none {when}{also}", then)


def _by_day(info: RulesetInfo, why: str, then: RulesetInfo | None) -> Choice:
    tag = "" if info.by_tag is None else f"; {info.by_tag}"
    return Choice(info, f"{info.ruleset}, {why}{tag}", then, info.by_tag)


def _software_of(association: ForeignAssociation, rulesets: Sequence[RulesetInfo]) -> _Software:
    """Give the rules of the software by which a file says that its association was made."""
    text = (association.code_version or "").strip()
    if not text:
        return _Software()
    made = f"by which it was {'written' if association.is_by_hand else 'made'} (code_version)"
    if (ours := _OURS.fullmatch(text)) is not None:
        name = ours[1].strip()
        known = published(rulesets, RULES)
        own = next((info for info in known if info.ruleset == name), None)
        return _Software(own, f"{own.ruleset if own else _none_for(name)}, {made}")
    version = _VERSION.fullmatch(text)
    if version is None:
        return _Software(words=f"its code_version is not a release: {shown(text)}")
    name = version["version"]
    own = ruleset_of(rulesets, name)
    if own is not None:
        return _Software(own, f"{own.ruleset}, those of {name}, {made}")
    before, after = _beside(rulesets, version["release"], is_early=bool(version["early"]))
    if before is None and after is not None:
        return _Software(after, _not_its_own(after, f"those of {name}, {made}"), is_own=False)
    if before is not None and before == after:
        which = f"those of the releases before and after {name}"
        return _Software(before, f"{before.ruleset}, {which}, {made}")
    return _Software(words=f"{_none_for(name)}, {made}")


def _none_for(name: str) -> str:
    return f"the catalog has none for {name}"


def _beside(
    rulesets: Sequence[RulesetInfo], release: str, *, is_early: bool
) -> tuple[RulesetInfo | None, RulesetInfo | None]:
    """Give the rules of the releases before and after a version between releases.

    It is one on the way to a release if it is early, otherwise one after that.
    """
    place = release_numbers(release) or ()
    before, after = None, None
    for numbers, info in _releases(rulesets):
        if numbers < place or (numbers == place and not is_early):
            before = info
        elif after is None:
            after = info
    return before, after


def _releases(rulesets: Sequence[RulesetInfo]) -> list[tuple[tuple[int, ...], RulesetInfo]]:
    """Give the releases that the catalog has, in their order, with their rules."""
    found = (
        (release_numbers(release) or (), info)
        for info in published(rulesets, RULES)
        for release in info.releases
    )
    return sorted(found, key=lambda one: one[0])


def _earliest(rulesets: Sequence[RulesetInfo]) -> RulesetInfo | None:
    """Give the rules of the earliest release that the catalog has."""
    return next((info for _, info in _releases(rulesets)), None)


def _not_its_own(earliest: RulesetInfo, own: str) -> str:
    return f"{earliest.ruleset}, the earliest of the catalog, and not its own: {own}, are not in it"


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
