"""Members of growing associations, and logs of members that many of them share.

Ten thousand exposures may each take thousands of companions of their group. These companions
stand in one log, in the order in which they were taken; an association has a slice of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate, chain, compress
from typing import Any, NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.exposures import Work

WORTH_SHARING = 16
"""Fewer members than that are copied rather than shared."""


Facet = Callable[[Work, Member], Any]
"""Says something of a member."""


class MemberLog:
    """Members in the order in which associations took them.

    What is asked of them is found out once for all associations; from then on, nothing may be
    added.
    """

    __slots__ = ("_facets", "_places", "_rests", "_totals", "_values", "_work", "members")

    def __init__(self, work: Work) -> None:
        self._work = work
        self.members: list[Member] = []
        self._facets: dict[Facet, list[Any]] = {}
        self._places: dict[Facet, dict[Any, list[int]]] = {}
        self._values: dict[Facet, list[Any]] = {}
        self._totals: dict[Facet, list[int]] = {}
        self._rests: dict[tuple[Facet, frozenset[Any]], tuple[MemberLog, list[int]]] = {}

    def facets(self, facet: Facet) -> list[Any]:
        """Give what a function says of each member."""
        if facet not in self._facets:
            self._facets[facet] = [facet(self._work, one) for one in self.members]
        return self._facets[facet]

    def places(self, facet: Facet) -> dict[Any, list[int]]:
        """Give the places of the members by the result of a function, in their order."""
        if facet not in self._places:
            places = self._places[facet] = {}
            for place, value in enumerate(self.facets(facet)):
                places.setdefault(value, []).append(place)
        return self._places[facet]

    def values(self, facet: Facet) -> list[Any]:
        """Give the results of a function over the members, without None, in ascending order."""
        if facet not in self._values:
            distinct = [value for value in self.places(facet) if value is not None]
            self._values[facet] = sorted(distinct)
        return self._values[facet]

    def totals(self, facet: Facet) -> list[int]:
        """Add up what a function says, for each place, of all members that stand before it."""
        if facet not in self._totals:
            self._totals[facet] = list(accumulate(self.facets(facet), initial=0))
        return self._totals[facet]

    def leaving_out(self, facet: Facet, values: frozenset[Any]) -> tuple[MemberLog, list[int]]:
        """Leave out members with certain results of a function.

        With the others, give for each place in this log how many of them are before it.
        """
        if (facet, values) not in self._rests:
            stays = [value not in values for value in self.facets(facet)]
            rest = MemberLog(self._work)
            rest.members = list(compress(self.members, stays))
            self._rests[facet, values] = rest, list(accumulate(stays, initial=0))
        return self._rests[facet, values]

    def without(self, place: int | None) -> list[LogSlice]:
        """Give all of it but for one exposure, which may not be in it."""
        found = self.places(_place).get(place)
        if not found:
            return [LogSlice(self, 0, len(self.members))]
        return [LogSlice(self, 0, found[0]), LogSlice(self, found[0] + 1, len(self.members))]


class LogSlice(NamedTuple):
    """Members that follow one another in a log."""

    log: MemberLog
    start: int
    stop: int

    def members(self) -> list[Member]:
        """Give all of them."""
        return self.log.members[self.start : self.stop]

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

    def leaving_out(self, facet: Facet, values: frozenset[Any]) -> LogSlice:
        """Leave out members with certain results of a function."""
        rest, before = self.log.leaving_out(facet, values)
        return LogSlice(rest, before[self.start], before[self.stop])

    def having(self, facet: Facet, value: Any) -> list[Member]:
        """Give the members with a certain result of a function."""
        found = self.log.places(facet).get(value, [])
        first, end = bisect_left(found, self.start), bisect_left(found, self.stop)
        return [self.log.members[place] for place in found[first:end]]

    def first(self, facet: Facet, value: Any) -> Member | None:
        """Give the first member with a certain result of a function."""
        found: Sequence[int] = self.log.places(facet).get(value, ())
        at = bisect_left(found, self.start)
        is_inside = at < len(found) and found[at] < self.stop
        return self.log.members[found[at]] if is_inside else None

    def next_above(self, facet: Facet, value: Any) -> Member | None:
        """Give the first member with the smallest result of a function above a value."""
        values = self.log.values(facet)
        above = values[bisect_right(values, value) :]
        return next(filter(None, (self.first(facet, one) for one in above)), None)


def arranged(
    own: list[Member], slices: Sequence[LogSlice]
) -> tuple[list[Member], tuple[LogSlice, ...]]:
    """Give the members of an association as its own and shared ones: few are copied."""
    if sum(one.stop - one.start for one in slices) >= WORTH_SHARING:
        return own, tuple(slices)
    return [*own, *chain.from_iterable(one.members() for one in slices)], ()


def _place(_work: Work, member: Member) -> int | None:
    return member.exposure
