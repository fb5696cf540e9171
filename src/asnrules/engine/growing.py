"""Associations while they grow: members, keys, and what a row becomes in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from asnrules.associations.model import Association
from asnrules.engine.conditions import EMPTY
from asnrules.engine.exposures import Work
from asnrules.engine.shared_members import DraftMember, Stretch
from asnrules.engine.signatures import SCIENCE, Judgement, RuleVerdict
from asnrules.rules.model import Key, Role, Rule, Ruleset

Locked = dict[str, tuple[str, str]]
"""Locked keys: name to the keyword that the value came from, and the value."""


@dataclass(slots=True)
class Draft:
    """An association as a rule has grown it, before the finishing steps.

    Attributes
    ----------
    rule : Rule
        The rule that made it.
    candidate : tuple of (str, str)
        Id and type of the candidate that it was made for.
    creator : int
        The exposure that created it, by its place in canonical order: it gives target, program
        and the place of the association among the others.
    keys : dict
        What its exposures have in common.
    own : list of DraftMember
        Its members, in the order in which they were taken.
    shared : tuple of Stretch
        Members after those, which it shares with other associations.
    degraded : bool
        Whether any member that it had before the finishing steps has an error: even one that is
        left out later counts.
    watched : DraftMember or None
        What the watched exposure was before the finishing steps.
    """

    rule: Rule
    candidate: tuple[str, str]
    creator: int
    keys: Locked = field(default_factory=dict)
    own: list[DraftMember] = field(default_factory=list)
    shared: tuple[Stretch, ...] = ()
    degraded: bool = False
    watched: DraftMember | None = None

    @property
    def members(self) -> list[DraftMember]:
        """All members, in a list of their own."""
        members = list(self.own)
        for stretch in self.shared:
            members += stretch.members()
        return members

    def with_members(self, members: list[DraftMember], shared: tuple[Stretch, ...] = ()) -> Draft:
        """Give the same association with other members."""
        return Draft(
            self.rule, self.candidate, self.creator, self.keys, members, shared, self.degraded
        )

    def of_exptype(self, exptype: str) -> list[DraftMember]:
        """Give its members of an exptype."""
        found = [member for member in self.own if member.exptype == exptype]
        for stretch in self.shared:
            found += stretch.having(exptype_of, exptype)
        return found

    def holds(self, exptype: str) -> bool:
        """Tell whether it has a member of that exptype."""
        for member in self.own:
            if member.exptype == exptype:
                return True
        return any(stretch.first(exptype_of, exptype) is not None for stretch in self.shared)


def exptype_of(_work: Work, member: DraftMember) -> str:
    """Give the exptype of a member."""
    return member.exptype


def find(members: Sequence[DraftMember], place: int) -> DraftMember | None:
    """Give the first member that is a certain exposure."""
    return next((member for member in members if member.place == place), None)


class Lack(NamedTuple):
    """Why an association did not come about.

    Attributes
    ----------
    text : str
        In words.
    exptype : str or None
        What it lacked a member of; None if it was something else.
    """

    text: str
    exptype: str | None = None


class Fate(NamedTuple):
    """What became of an exposure in an association that a rule made, or might have made.

    Attributes
    ----------
    rule : Rule
        The rule.
    candidate : tuple of (str, str)
        Id and type of the candidate.
    member : DraftMember or None
        What the exposure was in it; None if the rule makes nothing for the candidate.
    reason : str or None
        Why the association did not come about, or the exposure is not in it; None if it is.
    association : Association or None
        The association, if the exposure is in it.
    keys : dict
        What the exposures of the association have in common.
    lacked : str or None
        What the association that did not come about lacked a member of, by exptype.
    """

    rule: Rule
    candidate: tuple[str, str]
    member: DraftMember | None
    reason: str | None
    association: Association | None = None
    keys: Mapping[str, tuple[str, str]] = {}
    lacked: str | None = None


def lock_keys(work: Work, keys: Sequence[Key], place: int, locked: Locked) -> bool:
    """Fit an exposure to keys, and lock those that had no value yet.

    Parameters
    ----------
    work : Work
        The judged exposures.
    keys : sequence of Key
        Tried in order.
    place : int
        The exposure.
    locked : dict
        What is locked already; changed in place, up to the first key that does not fit.

    Returns
    -------
    bool
        Whether all keys fit.
    """
    row, columns = work.rows[place], work.places
    for key in keys:
        held = locked.get(key.name)
        if held is not None:
            value = row[columns[held[0]]]
            if value != held[1] and (key.required or value not in EMPTY):
                return False
            continue
        column = work.key_column(key.sources)
        found = column.pairs[column.numbers[place]]
        if found is None:
            if key.required:
                return False
            continue
        if key.excludes is not None:
            excluded = locked.get(key.excludes)
            if excluded is None or excluded[1] in found[1]:
                return False
        locked[key.name] = found
    return True


def written_exptype(
    ruleset: Ruleset, rule: Rule, role: Role, judgement: Judgement, *, has_science: bool
) -> str:
    """Give the exptype with which an exposure joins an association in a role."""
    if rule.as_science:
        is_companion = judgement.exposure_class == rule.companion_class
        return judgement.exposure_class if is_companion and has_science else SCIENCE
    exptype = ruleset.written_as.get(judgement.exposure_class, judgement.exposure_class)
    if exptype != SCIENCE or role.science_as is None:
        return exptype
    return role.science_as


def is_rateints(verdict: RuleVerdict, locked: Locked) -> bool:
    """Tell whether an exposure joins with its rateints product."""
    if verdict.is_rateints:
        return True
    for use in verdict.rateints:
        held = locked.get(use.when_key or "")
        if held is not None and held[1] == use.when_value:
            return True
    return False
