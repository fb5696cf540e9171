"""Of associations that say the same, one stays.

A ruleset names the steps that the associations of all rules go through, in order.

Source: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property
from typing import NamedTuple, TypeVar

from asnrules.associations.model import Member, Product
from asnrules.rules.model import Rule
from asnrules.rules.settings import Settings
from asnrules.rules.steps import ALIKE, FIRST_ID, SAME_FILES, SUPERSET, ProductPruning

Common = TypeVar("Common", bound=Hashable)


class Unnamed(NamedTuple):
    """A finished association: what is needed to prune and to name it."""

    rule: Rule
    candidate: tuple[str, str]
    creator: int
    product: Product
    digest: int | None
    """See `digest_of`; None if a file is there twice."""
    degraded: bool = False
    keys: str = ""
    """In words."""

    @property
    def asn_id(self) -> str:
        """The id of its candidate."""
        return self.candidate[0]

    @property
    def asn_type(self) -> str:
        """The type of its rule."""
        return self.rule.asn_type

    def membership(self) -> frozenset[tuple[str, str]]:
        """Give the files and their exptypes."""
        return frozenset((member.expname, member.exptype) for member in self.product.members)

    def exptypes(self) -> dict[str, str] | None:
        """Give the exptype of each file; None if a file is there twice.

        That is so where the pool lists an exposure under two names, and such an association is
        never equal to another, nor shorter.
        """
        exptypes = {member.expname: member.exptype for member in self.product.members}
        return exptypes if len(exptypes) == len(self.product.members) else None


def digest_of(member: Member) -> int:
    """Give the part of a member in the digest of its association, which is the sum of all.

    Associations with the same members have the same digest, and nearly always none but those.
    """
    # Of text: digests of tuples add up to the same where two members change exptypes.
    return hash(f"{member.expname} {member.exptype}")


Twins = Callable[[Unnamed], object]
"""Gives something that is equal for associations that differ at most in the suffixes of their
members and in the order of the parts of their product names."""


def prune(made: Sequence[Unnamed], settings: Settings, twins: Twins) -> list[int]:
    """Choose the associations that stay, given in order of generation.

    Their places come in the order in which they are numbered.
    """
    left = list(range(len(made)))
    for step in settings.overall:
        pruning = _Pruning(made, left, step.removes, twins)
        if isinstance(step, ProductPruning):
            pruning.products(step.keeps)
        else:
            pruning.memberships()
        left = [place for place in left if place not in pruning.removed]
    return _by_id(made, left[::-1]) if settings.numbers_reversed else left


def _by_id(made: Sequence[Unnamed], places: Sequence[int]) -> list[int]:
    return sorted(places, key=lambda place: made[place].candidate[0])


def _alike(places: Sequence[int], of: Callable[[int], Common]) -> dict[Common, list[int]]:
    """Give the places that have something in common, by what it is; not those that stand alone."""
    # Most stand alone, and a list for each would take much memory.
    first: dict[Common, int] = {}
    found: dict[Common, list[int]] = {}
    for place in places:
        key = of(place)
        before = first.setdefault(key, place)
        if before != place:
            found.setdefault(key, [before]).append(place)
    return found


class _Pruning:
    """Chooses which associations a step removes of those that are left."""

    def __init__(
        self, made: Sequence[Unnamed], left: Sequence[int], removes: str, twins: Twins
    ) -> None:
        self._made = made
        self._left = left
        self._kind = {ALIKE: self._outlook, SAME_FILES: self._files}.get(removes)
        self._twins = cache(lambda place: twins(made[place]))
        self.removed: set[int] = set()

    def memberships(self) -> None:
        """Of those with the same members keep the last, by asn_id and then as generated."""
        ordered = _by_id(self._made, self._left)
        same = _alike(ordered, lambda place: self._made[place].digest)
        same.pop(None, None)
        if not same:
            return
        kept: set[int] = set()
        for place in reversed(ordered):
            if place in self.removed:
                continue
            kept.add(place)
            alike = same.get(self._made[place].digest)
            if alike is None:
                continue
            membership = self._made[place].membership()
            found = [
                other
                for other in alike
                if other not in kept
                and other not in self.removed
                and self._made[other].membership() == membership
            ]
            for other in found:
                self._remove(other, kept)

    def products(self, keeps: str) -> None:
        """Of those with one product name keep some."""
        named = _alike(self._left, lambda place: self._made[place].product.name)
        for places in sorted(named.values()):
            ordered = _by_id(self._made, places)
            going = ordered[1:] if keeps == FIRST_ID else self._shorter(ordered, keeps)
            for place in going:
                self._remove(place)

    def _shorter(self, places: Sequence[int], keeps: str) -> set[int]:
        """Of associations with one product name, in order of asn_id, choose those to drop."""
        is_shorter = _is_part if keeps == SUPERSET else _is_comparable
        dropped: set[int] = set()
        dropped_twins: set[object] = set()
        members = {place: self._made[place].exptypes() for place in places}
        twins: dict[int, object] = dict(zip(places, places, strict=True))
        # Twins have equally many members: what has a number of its own need not be looked at.
        numbers = {place: len(self._made[place].product.members) for place in places}
        if len(set(numbers.values())) < len(numbers):
            counts = Counter(numbers.values())
            twins |= {
                place: self._twins(place)
                for place, number in numbers.items()
                if members[place] is not None and counts[number] > 1
            }
        for place in places:
            if twins[place] in dropped_twins:
                continue
            longest = place
            for other in places:
                if other in dropped or twins[other] == twins[longest]:
                    continue
                one, two = members[longest], members[other]
                if one is None or two is None or not is_shorter(*sorted((one, two), key=len)):
                    continue
                shorter = other
                if len(two) > len(one):
                    longest, shorter = other, longest
                dropped.add(shorter)
                dropped_twins.add(twins[shorter])
        return dropped

    def _remove(self, place: int, kept: AbstractSet[int] = frozenset()) -> None:
        """Remove an association or what goes in its place; never one of those that are kept."""
        if self._kind is None:
            self.removed.add(place)
            return
        for other in self._candidates[self._kind(place)]:
            if other in self.removed or other in kept:
                continue
            if self._kind == self._files or self._twins(other) == self._twins(place):
                self.removed.add(other)
                return

    @cached_property
    def _candidates(self) -> Mapping[object, Sequence[int]]:
        """Those that may be removed for one another, the first to go first."""
        assert self._kind is not None  # noqa: S101
        found: dict[object, list[int]] = defaultdict(list)
        is_by_id = self._kind == self._outlook
        for place in _by_id(self._made, self._left) if is_by_id else self._left:
            found[self._kind(place)].append(place)
        return found

    def _outlook(self, place: int) -> object:
        """Give what twins have in common, of what is quick to compare."""
        one = self._made[place]
        return one.asn_type, one.asn_id[:1], len(one.product.members)

    def _files(self, place: int) -> object:
        one = self._made[place]
        return one.asn_type, frozenset(member.expname for member in one.product.members)


def _is_comparable(shorter: Mapping[str, str], longer: Mapping[str, str]) -> bool:
    """Tell whether the lengths differ and no shared member has another exptype."""
    return len(shorter) < len(longer) and all(
        longer.get(expname, exptype) == exptype for expname, exptype in shorter.items()
    )


def _is_part(shorter: Mapping[str, str], longer: Mapping[str, str]) -> bool:
    """Tell whether the lengths differ and one has all members of the other."""
    return len(shorter) < len(longer) and shorter.items() <= longer.items()
