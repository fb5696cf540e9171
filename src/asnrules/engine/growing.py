"""Associations while they grow: members, keys, and what an exposure becomes in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from asnrules.associations.model import Association, Member
from asnrules.engine.exposures import Members, Work
from asnrules.engine.member_log import Facet, LogSlice
from asnrules.engine.signatures import SCIENCE, RuleVerdict
from asnrules.rules.model import Key, Role, Rule, Ruleset
from asnrules.util.results import shown_briefly

Keys = tuple[tuple[str, tuple[str, str]], ...]
"""Names of locked keys, each with the keyword that its value came from, and the value."""

Locked = dict[str, tuple[str, str]]
"""The same, to be changed."""


@dataclass(slots=True, eq=False)
class Template:
    """An association in terms of a group of exposures, each by its place in the group."""

    creator: int
    keys: tuple[tuple[str, str, int, int], ...]
    """The name of each, the keyword of its value with its place in a row, and an exposure that
    has the value."""
    members: list[tuple[int, Members]]
    """The exposure of each, and what exposures become in its role."""
    stays: bool = False
    """Whether the finishing steps are known to leave such an association as it is."""


@dataclass(slots=True)
class GrowingAssociation:
    """An association as a rule has grown it, before or after the finishing steps."""

    rule: Rule
    candidate: tuple[str, str]
    creator: int
    """The exposure that created it: it gives target, program and the place among the others."""
    keys: Keys = ()
    own: list[Member] = field(default_factory=list)
    """Its members, in the order in which they were taken."""
    shared: tuple[LogSlice, ...] = ()
    """Members after those, which it shares with other associations."""
    degraded: bool = False
    """Whether any member that it had before the finishing steps has an error: even one that is
    left out later counts."""
    is_unfinished: bool = False
    """Whether a step found that the whole pool has to stay unfinished."""
    watched: Member | None = None
    """What the watched exposure was before the finishing steps."""
    template: Template | None = None
    """What others like it are made from, if there may be others."""

    @property
    def members(self) -> list[Member]:
        """All members, in a list of their own."""
        members = list(self.own)
        for one in self.shared:
            members += one.members()
        return members

    def with_members(
        self, members: list[Member], shared: tuple[LogSlice, ...] = ()
    ) -> GrowingAssociation:
        """Give the same association with other members."""
        return GrowingAssociation(
            self.rule, self.candidate, self.creator, self.keys, members, shared, self.degraded
        )

    def of_exptype(self, exptype: str) -> list[Member]:
        """Give its members of an exptype."""
        found = [member for member in self.own if member.exptype == exptype]
        for one in self.shared:
            found += one.having(exptype_of, exptype)
        return found

    def holds(self, exptype: str) -> bool:
        """Tell whether it has a member of that exptype."""
        for member in self.own:
            if member.exptype == exptype:
                return True
        return any(one.first(exptype_of, exptype) is not None for one in self.shared)

    def first(self, work: Work, facet: Facet, value: Any) -> Member | None:
        """Give its first member with a certain result of a function."""
        for one in self.own:
            if facet(work, one) == value:
                return one
        return next(filter(None, (part.first(facet, value) for part in self.shared)), None)

    def counts(self, work: Work, facet: Facet) -> Counter[Any]:
        """Count its members by what a function says of them."""
        counts = Counter(facet(work, one) for one in self.own)
        for part in self.shared:
            counts.update(part.counts(facet))
        return counts

    def leaving_out(self, work: Work, facet: Facet, values: frozenset[Any]) -> GrowingAssociation:
        """Give the same association without members with certain results of a function."""
        own = [one for one in self.own if facet(work, one) not in values]
        shared = tuple(part.leaving_out(facet, values) for part in self.shared)
        return self.with_members(own, shared)


def exptype_of(_work: Work, member: Member) -> str:
    """Give the exptype of a member."""
    return member.exptype


def find(members: Sequence[Member], place: int) -> Member | None:
    """Give the first member that is a certain exposure."""
    return next((member for member in members if member.exposure == place), None)


class Lack(NamedTuple):
    """Why an association did not come about."""

    text: str
    exptype: str | None = None
    """What it lacked a member of; None if it was something else."""


@shown_briefly
class Fate(NamedTuple):
    """What became of an exposure in an association that a rule made, or might have made."""

    rule: Rule
    candidate: tuple[str, str]
    member: Member | None
    """What the exposure was in it; None if the rule makes nothing for the candidate."""
    reason: str | None
    """Why the association did not come about, or the exposure is not in it; None if it is."""
    association: Association | None = None
    """The association, if the exposure is in it."""
    keys: Mapping[str, tuple[str, str]] = {}
    """What the exposure has of `locked`."""
    locked: Mapping[str, tuple[str, str]] = {}
    """The keys of the association, those of other roles as well."""
    lacked: str | None = None
    """What the association that did not come about lacked a member of, by exptype."""
    science: int | None = None
    """The science of the association, or its first one, by its place."""


def lock_keys(work: Work, keys: Sequence[Key], place: int, locked: Locked) -> bool:
    """Fit an exposure to keys, and lock those that had no value yet; tell whether all fit.

    What is locked is changed in place, up to the first key that does not fit.
    """
    row, columns = work.rows[place], work.places
    for key in keys:
        held = locked.get(key.name)
        if held is not None:
            value = row[columns[held[0]]]
            if value != held[1] and (key.required or value not in work.ruleset.empty):
                return False
            continue
        found = work.key(key.sources).pair(row)
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
    ruleset: Ruleset, rule: Rule, role: Role, exposure_class: str, *, has_science: bool
) -> str:
    """Give the exptype with which an exposure joins an association in a role."""
    if rule.as_science:
        is_companion = exposure_class == rule.companion_class
        return exposure_class if is_companion and has_science else SCIENCE
    exptype = ruleset.written_as.get(exposure_class, exposure_class)
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
