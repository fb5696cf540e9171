"""Make again what exposures of the same pattern became.

Programs repeat the same patterns over and over: the same signatures in the same order, with the
same values in what decides which come together. What a rule grows from one group of a pattern, it
grows from all of them; so it is grown once, and made again with the exposures of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.candidates import Pair
from asnrules.engine.conditions import Row
from asnrules.engine.exposures import Members, Work, member_name
from asnrules.engine.growing import GrowingAssociation, Template
from asnrules.engine.keywords import NAMES, compared_keywords

_LARGEST = 64
"""Exposures of a group: larger ones are seldom alike, and share members in a way of their own."""

_MOST = 5_000
"""Patterns that are kept, as they take memory."""


class Group(NamedTuple):
    """Exposures in canonical order."""

    places: Sequence[int]
    has_same_keys: bool
    """Whether the keys of the rule find the same in each of them."""


class Grown(NamedTuple):
    """What became of a group of exposures."""

    associations: list[GrowingAssociation]
    irregular: bool
    """Whether the order of the exposures may make a difference."""


class Templates:
    """What the rule of a number makes of patterns of exposures that have the same keys."""

    def __init__(self, work: Work, number: int) -> None:
        self._work = work
        self._rule = rule = work.ruleset.rules[number]
        keys = [*rule.keys, *(key for role in rule.roles for key in role.keys)]
        # Otherwise a file may be there twice, or values of two keywords are compared.
        self._is_repeated = not (
            work.has_other_names
            or work.has_repeated_names
            or any(key.excludes is not None for key in keys)
        )
        # The keys of the rule find the same in each exposure; what it is counts where it is asked.
        asked = {use.when_key for use in rule.rateints}
        valued = {source for key in keys if key.name in asked for source in key.sources}
        compared = compared_keywords(rule._replace(keys=()), rule.roles)
        self._names = self._places((compared & NAMES) - valued)
        self._values: Callable[[Row], Any] = itemgetter(
            # An empty slice, as one value alone would come without a tuple around it.
            slice(0),
            *self._places(valued | (compared - NAMES)),
        )
        self._known: dict[Hashable, tuple[list[Template], bool]] = {}

    def _places(self, keywords: Iterable[str]) -> list[int]:
        places = self._work.places
        return [places[keyword] for keyword in sorted(keywords) if keyword in places]

    def of(self, group: Group, candidate: Pair, grow: Callable[[], Grown]) -> Grown:
        """Give what becomes of a group; grow it if its pattern is new."""
        places = group.places
        if not (self._is_repeated and group.has_same_keys) or len(places) > _LARGEST:
            return grow()
        pattern = self._pattern(places, candidate)
        found = self._known.get(pattern)
        if found is not None:
            templates, irregular = found
            return Grown([self._made(one, places, candidate) for one in templates], irregular)
        grown = grow()
        if len(self._known) < _MOST and not any(one.shared for one in grown.associations):
            for one in grown.associations:
                one.template = self._template(one, places)
            templates = [one.template for one in grown.associations if one.template is not None]
            self._known[pattern] = templates, grown.irregular
        return grown

    def _pattern(self, places: Sequence[int], candidate: Pair) -> Hashable:
        rows = [self._work.rows[place] for place in places]
        equal = []
        for at in self._names:
            seen: dict[str | None, int] = {}
            equal.append(tuple([seen.setdefault(row[at], len(seen)) for row in rows]))
        judgements = [self._work.judgements[place] for place in places]
        return candidate[1], tuple(judgements), tuple(map(self._values, rows)), tuple(equal)

    def _template(self, one: GrowingAssociation, places: Sequence[int]) -> Template:
        work = self._work
        keys = []
        for name, (source, value) in one.keys:
            column = work.places[source]
            having = (at for at, place in enumerate(places) if work.rows[place][column] == value)
            keys.append((name, source, column, next(having)))
        return Template(
            creator=places.index(one.creator),
            keys=tuple(keys),
            members=[self._part(member, places) for member in one.own],
        )

    def _part(self, member: Member, places: Sequence[int]) -> tuple[int, Members]:
        """Tell which of the exposures a member is, and what exposures become in its role."""
        place = member.exposure or 0
        plain = member_name(self._work.value(place, "filename") or "", rateints=False)
        members = self._work.members(member.exptype, member.role, rateints=member.expname != plain)
        return places.index(place), members

    def _made(
        self, template: Template, places: Sequence[int], candidate: Pair
    ) -> GrowingAssociation:
        work = self._work
        keys = [
            (name, (source, work.rows[places[at]][column] or ""))
            for name, source, column, at in template.keys
        ]
        members = [members[places[at]] for at, members in template.members]
        return GrowingAssociation(
            self._rule,
            candidate,
            places[template.creator],
            tuple(keys),
            members,
            template=template,
        )
