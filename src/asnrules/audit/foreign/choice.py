"""Choose the ruleset by which an association that was made elsewhere is judged."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import NamedTuple

from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.rulesets import EXECUTABLE, PUBLISHED, RulesetInfo

_TIME = re.compile(r"(?<![0-9])([0-9]{8})t[0-9]{6}(?![0-9])", re.IGNORECASE)


class MadeOn(NamedTuple):
    """The day on which an association was made, and the field of its file that tells it."""

    day: dt.date
    told_by: str


class Choice(NamedTuple):
    """By which ruleset an association is judged.

    Attributes
    ----------
    info : RulesetInfo
        The executable ruleset.
    why : str
        Why this one, in words.
    then : RulesetInfo or None
        The published ruleset that was in force when the association was made, if that is told
        and there was one.
    """

    info: RulesetInfo
    why: str
    then: RulesetInfo | None


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

    Parameters
    ----------
    association : ForeignAssociation
        The association.
    rulesets : sequence of RulesetInfo
        All that there are.
    wanted : RulesetInfo
        The executable one that was asked for, or today's.
    is_asked : bool
        Whether it was asked for.
    """
    time = made_on(association)
    then = None if time is None else _in_force(rulesets, PUBLISHED, time.day)
    if is_asked:
        return Choice(wanted, "as asked", then)
    if time is None:
        return Choice(wanted, "today's, as the file does not tell when it was made", then)
    own = _in_force(rulesets, EXECUTABLE, time.day)
    when = f"on {time.day}, when it was made ({time.told_by})"
    if own is None:
        return Choice(wanted, f"today's, as the catalog has none that was in force {when}", then)
    return Choice(own, f"in force {when}", then)


def _in_force(rulesets: Sequence[RulesetInfo], kind: str, day: dt.date) -> RulesetInfo | None:
    for info in rulesets:
        if info.kind == kind and info.status == "published" and info.is_in_force(day):
            return info
    return None
