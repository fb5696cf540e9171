"""Associations while they grow: members, keys, and what a row becomes in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from asnrules.associations.model import Association
from asnrules.engine.model import Key, Role, Rule, Ruleset
from asnrules.engine.signatures import SCIENCE, Judge, Judgement, RuleVerdict
from asnrules.engine.stretches import DraftMember, Stretch
from asnrules.engine.values import EMPTY, Row

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
    """

    rule: Rule
    candidate: tuple[str, str]
    member: DraftMember | None
    reason: str | None
    association: Association | None = None
    keys: Mapping[str, tuple[str, str]] = {}


class KeyColumn(NamedTuple):
    """What a key finds in each exposure.

    Attributes
    ----------
    numbers : list of int
        For each exposure, a number of `pairs`; equal numbers for equal finds.
    pairs : list of (str, str) or None
        The keyword and its value; None, which has the number 0, for no value.
    """

    numbers: list[int]
    pairs: list[tuple[str, str] | None]


@dataclass(frozen=True, slots=True)
class Work:
    """The exposures of a pool, judged: all that grouping and finishing need.

    Attributes
    ----------
    ruleset : Ruleset
        The rules.
    rows : sequence of tuple
        The values of each exposure, in canonical order.
    places : dict of str to int
        Where the value of a keyword stands in a row.
    judgements : sequence of Judgement
        What the rules say of each exposure, in canonical order.
    has_other_names : bool
        Whether any exposure is listed under a name that is not that of its uncal product.
    degraded : set of int
        The exposures that have an error.
    has_repeated_names : bool
        Whether any file name comes more than once.
    """

    ruleset: Ruleset
    rows: Sequence[Row]
    places: dict[str, int]
    judgements: Sequence[Judgement]
    has_other_names: bool
    degraded: AbstractSet[int] = frozenset()
    has_repeated_names: bool = False
    _columns: dict[tuple[str, ...], KeyColumn] = field(default_factory=dict)

    @classmethod
    def judged(cls, ruleset: Ruleset, keywords: Sequence[str], rows: Sequence[Row]) -> Work:
        """Judge the exposures of a pool, given in canonical order."""
        return cls.judged_by(Judge(ruleset, keywords), keywords, rows)

    @classmethod
    def judged_by(cls, judge: Judge, keywords: Sequence[str], rows: Sequence[Row]) -> Work:
        """Judge exposures by a judge that remembers the signatures of others."""
        places = {keyword: place for place, keyword in enumerate(keywords)}
        judgements = [judge.judge(row) for row in rows]
        names = [row[places["filename"]] or "" for row in rows]
        error = places.get("exposerr")
        return cls(
            judge.ruleset,
            rows,
            places,
            judgements,
            has_other_names=any("_uncal." not in name for name in names),
            degraded={
                place
                for place, row in enumerate(rows)
                if error is not None and row[error] not in EMPTY
            },
            has_repeated_names=len(set(names)) < len(names),
        )

    def value(self, place: int, keyword: str) -> str | None:
        """Give the raw value of an exposure's keyword; None if there is no such column."""
        column = self.places.get(keyword)
        return None if column is None else self.rows[place][column]

    def given(self, place: int, keyword: str) -> str | None:
        """Give the value of an exposure's keyword; None if it is empty."""
        value = self.value(place, keyword)
        return None if value in EMPTY else value

    def first_given(self, place: int, sources: Sequence[str]) -> tuple[str, str] | None:
        """Give the first keyword of several that has a value, and the value."""
        for source in sources:
            value = self.given(place, source)
            if value is not None:
                return source, value
        return None

    def key_column(self, sources: tuple[str, ...]) -> KeyColumn:
        """Give what a key with these sources finds in each exposure."""
        column = self._columns.get(sources)
        if column is None:
            column = self._columns[sources] = self._key_column(sources)
        return column

    def _key_column(self, sources: tuple[str, ...]) -> KeyColumn:
        known = [source for source in sources if source in self.places]
        if not known:
            return KeyColumn([0] * len(self.rows), [None])
        cells = list(map(itemgetter(*(self.places[source] for source in known)), self.rows))
        seen: dict[tuple[str, str], int] = {}
        numbers: dict[Any, int] = {}
        for found in dict.fromkeys(cells):
            pairs = zip(known, found if len(known) > 1 else (found,), strict=True)
            pair = next((pair for pair in pairs if pair[1] not in EMPTY), None)
            numbers[found] = 0 if pair is None else seen.setdefault(pair, len(seen) + 1)
        return KeyColumn([numbers[found] for found in cells], [None, *seen])


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
