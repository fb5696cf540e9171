"""Members that many associations share, so that none has to list them all.

Ten thousand exposures may each take thousands of companions of their group. These companions
stand in one log, in the order in which they were taken; an association has a stretch of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, compress
from typing import Any, NamedTuple

from asnrules.engine.exposures import Work


class DraftMember(NamedTuple):
    """A member of a growing association.

    Attributes
    ----------
    place : int or None
        The exposure, by its place in canonical order; None for a file that is made later.
    exptype : str
        What it is in the association: science, background ...
    rateints : bool
        Whether its rateints product is meant, not its rate product.
    expname : str or None
        The file that is made later.
    role : str
        The role in which the rule took the exposure.
    """

    place: int | None
    exptype: str
    rateints: bool = False
    expname: str | None = None
    role: str = ""


Facet = Callable[[Work, DraftMember], Any]
"""Says something of a member."""


class Log:
    """Members in the order in which associations took them.

    What is asked of them is found out once for all associations; from then on, nothing may be
    added.

    Parameters
    ----------
    work : Work
        The judged exposures.
    """

    __slots__ = ("_facets", "_places", "_rests", "_totals", "_values", "_work", "members")

    def __init__(self, work: Work) -> None:
        self._work = work
        self.members: list[DraftMember] = []
        self._facets: dict[Facet, list[Any]] = {}
        self._places: dict[Facet, dict[Any, list[int]]] = {}
        self._values: dict[Facet, list[Any]] = {}
        self._totals: dict[Facet, list[int]] = {}
        self._rests: dict[tuple[Facet, frozenset[Any]], tuple[Log, list[int]]] = {}

    def facets(self, facet: Facet) -> list[Any]:
        """Give what a function says of each member."""
        found = self._facets.get(facet)
        if found is None:
            found = self._facets[facet] = [facet(self._work, one) for one in self.members]
        return found

    def places(self, facet: Facet) -> dict[Any, list[int]]:
        """Give where the members stand of which a function says the same, in their order."""
        found = self._places.get(facet)
        if found is None:
            found = self._places[facet] = {}
            for place, value in enumerate(self.facets(facet)):
                found.setdefault(value, []).append(place)
        return found

    def values(self, facet: Facet) -> list[Any]:
        """Give what a function says of any member, None left out, in ascending order."""
        found = self._values.get(facet)
        if found is None:
            distinct = [value for value in self.places(facet) if value is not None]
            found = self._values[facet] = sorted(distinct)
        return found

    def totals(self, facet: Facet) -> list[int]:
        """Add up what a function says, for each place, of all members that stand before it."""
        found = self._totals.get(facet)
        if found is None:
            found = self._totals[facet] = list(accumulate(self.facets(facet), initial=0))
        return found

    def leaving_out(self, facet: Facet, values: frozenset[Any]) -> tuple[Log, list[int]]:
        """Leave out those of which a function says certain things.

        Returns
        -------
        tuple of (Log, list of int)
            The others, and for each place in this log how many of them stand before it.
        """
        found = self._rests.get((facet, values))
        if found is None:
            stays = [value not in values for value in self.facets(facet)]
            rest = Log(self._work)
            rest.members = list(compress(self.members, stays))
            found = self._rests[facet, values] = rest, list(accumulate(stays, initial=0))
        return found

    def without(self, place: int | None) -> list[Stretch]:
        """Give all of it but for one exposure, which may not be in it."""
        found = self.places(_place).get(place)
        if not found:
            return [Stretch(self, 0, len(self.members))]
        return [Stretch(self, 0, found[0]), Stretch(self, found[0] + 1, len(self.members))]


class Stretch(NamedTuple):
    """Members that follow one another in a log."""

    log: Log
    start: int
    stop: int

    def members(self) -> list[DraftMember]:
        """Give all of them."""
        return self.log.members[self.start : self.stop]

    def facets(self, facet: Facet) -> list[Any]:
        """Give what a function says of each of them."""
        return self.log.facets(facet)[self.start : self.stop]

    def total(self, facet: Facet) -> int:
        """Add up what a function says of them."""
        totals = self.log.totals(facet)
        return totals[self.stop] - totals[self.start]

    def counts(self, facet: Facet) -> dict[Any, int]:
        """Count them by what a function says of them."""
        counts = {}
        for value, found in self.log.places(facet).items():
            count = bisect_left(found, self.stop) - bisect_left(found, self.start)
            if count:
                counts[value] = count
        return counts

    def leaving_out(self, facet: Facet, values: frozenset[Any]) -> Stretch:
        """Leave out those of which a function says certain things."""
        rest, before = self.log.leaving_out(facet, values)
        return Stretch(rest, before[self.start], before[self.stop])

    def having(self, facet: Facet, value: Any) -> list[DraftMember]:
        """Give those of which a function says so."""
        found = self.log.places(facet).get(value, [])
        first, end = bisect_left(found, self.start), bisect_left(found, self.stop)
        return [self.log.members[place] for place in found[first:end]]

    def first(self, facet: Facet, value: Any) -> DraftMember | None:
        """Give the first of which a function says so."""
        found: Sequence[int] = self.log.places(facet).get(value, ())
        at = bisect_left(found, self.start)
        is_inside = at < len(found) and found[at] < self.stop
        return self.log.members[found[at]] if is_inside else None

    def next_above(self, facet: Facet, value: Any) -> DraftMember | None:
        """Give the first of which a function says the least that is more than a value."""
        values = self.log.values(facet)
        for at in range(bisect_right(values, value), len(values)):
            member = self.first(facet, values[at])
            if member is not None:
                return member
        return None


WORTH_SHARING = 16
"""Fewer members than that are copied rather than shared."""


def arranged(
    own: list[DraftMember], stretches: Sequence[Stretch]
) -> tuple[list[DraftMember], tuple[Stretch, ...]]:
    """Give the members of an association as its own and shared ones: few are copied."""
    if sum(stretch.stop - stretch.start for stretch in stretches) >= WORTH_SHARING:
        return own, tuple(stretches)
    members = list(own)
    for stretch in stretches:
        members += stretch.members()
    return members, ()


def _place(_work: Work, member: DraftMember) -> int | None:
    return member.place
