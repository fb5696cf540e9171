"""Of associations that say the same, one stays.

A ruleset names the steps that the associations of all rules go through, in order.

Source: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, cached_property
from typing import NamedTuple

from asnrules.associations.model import Member, Product
from asnrules.rules.settings import Settings
from asnrules.rules.steps import (
    ALIKE,
    FIRST_ID,
    SAME_FILES,
    SUPERSET,
    MembershipPruning,
    ProductPruning,
)


class Entry(NamedTuple):
    """What pruning looks at in an association."""

    asn_id: str
    product: Product
    digest: int | None
    """See `digest_of`; None if a file is there twice."""
    twins: Callable[[], object]
    """Gives something that is equal for associations that differ at most in the suffixes of their
    members and in the order of the parts of their product names."""
    asn_type: str

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

    Associations with the same members have the same digest.
    """
    return hash((member.expname, member.exptype))


def prune(entries: Sequence[Entry], settings: Settings) -> list[int]:
    """Choose the associations that stay, given in order of generation.

    Their places come in the order in which they are numbered.
    """
    pruning = _Pruning(entries)
    for step in settings.overall:
        if isinstance(step, MembershipPruning):
            pruning.memberships(step)
        elif isinstance(step, ProductPruning):
            pruning.products(step)
    if not settings.numbers_reversed:
        return pruning.left
    last_first = pruning.left[::-1]
    return sorted(last_first, key=lambda place: entries[place].asn_id)


class _Pruning:
    """What is left of associations, step after step."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self.left = list(range(len(entries)))
        """In order of generation."""

    def _by_id(self, places: Sequence[int]) -> list[int]:
        return sorted(places, key=lambda place: self._entries[place].asn_id)

    def memberships(self, step: MembershipPruning) -> None:
        """Of those with the same members keep the last, by asn_id and then as generated."""
        ordered = self._by_id(self.left)
        same: dict[int, list[int]] = defaultdict(list)
        for place in ordered:
            digest = self._entries[place].digest
            if digest is not None:
                same[digest].append(place)
        removing = _Removing(self._entries, self.left, step.removes)
        kept: set[int] = set()
        for place in reversed(ordered):
            if place in removing.removed:
                continue
            kept.add(place)
            alike = same.get(self._entries[place].digest or 0, ())
            if len(alike) > 1:
                membership = self._entries[place].membership()
                found = [
                    other
                    for other in alike
                    if other not in kept
                    and other not in removing.removed
                    and self._entries[other].membership() == membership
                ]
                for other in found:
                    removing.remove(other, kept)
        self.left = [place for place in self.left if place not in removing.removed]

    def products(self, step: ProductPruning) -> None:
        """Of those with one product name keep some."""
        named: dict[str, list[int]] = defaultdict(list)
        for place in self.left:
            named[self._entries[place].product.name].append(place)
        removing = _Removing(self._entries, self.left, step.removes)
        for places in named.values():
            if len(places) > 1:
                ordered = self._by_id(places)
                going = ordered[1:] if step.keeps == FIRST_ID else self._shorter(ordered, step)
                for place in going:
                    removing.remove(place)
        self.left = [place for place in self.left if place not in removing.removed]

    def _shorter(self, places: Sequence[int], step: ProductPruning) -> set[int]:
        """Of associations with one product name, in order of asn_id, choose those to drop."""
        entries = self._entries
        is_shorter = _is_part if step.keeps == SUPERSET else _is_comparable
        dropped: set[int] = set()
        dropped_twins: set[object] = set()
        members = {place: entries[place].exptypes() for place in places}
        # Twins have equally many members: what has a number of its own need not be looked at.
        numbers = Counter(len(entries[place].product.members) for place in places)
        twins = {
            place: object()
            if members[place] is None or numbers[len(entries[place].product.members)] == 1
            else entries[place].twins()
            for place in places
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


def _is_comparable(shorter: Mapping[str, str], longer: Mapping[str, str]) -> bool:
    """Tell whether the lengths differ and no shared member has another exptype."""
    return len(shorter) < len(longer) and all(
        longer.get(expname, exptype) == exptype for expname, exptype in shorter.items()
    )


def _is_part(shorter: Mapping[str, str], longer: Mapping[str, str]) -> bool:
    """Tell whether the lengths differ and one has all members of the other."""
    return len(shorter) < len(longer) and shorter.items() <= longer.items()


class _Removing:
    """Removes associations, each for one that was found; see `ProductPruning.removes`."""

    def __init__(self, entries: Sequence[Entry], left: Sequence[int], removes: str) -> None:
        self.removed: set[int] = set()
        self._entries = entries
        self._left = left
        self._kind = {ALIKE: self._outlook, SAME_FILES: self._files}.get(removes)
        self._twins = cache(lambda place: entries[place].twins())

    def remove(self, place: int, kept: AbstractSet[int] = frozenset()) -> None:
        """Remove one for an association; never one of those that are kept."""
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
        left = list(self._left)
        if self._kind == self._outlook:
            left.sort(key=lambda place: self._entries[place].asn_id)
        found: dict[object, list[int]] = defaultdict(list)
        for place in left:
            found[self._kind(place)].append(place)
        return found

    def _outlook(self, place: int) -> object:
        """Give what twins have in common, of what is quick to compare."""
        entry = self._entries[place]
        return entry.asn_type, entry.asn_id[:1], len(entry.product.members)

    def _files(self, place: int) -> object:
        entry = self._entries[place]
        return entry.asn_type, frozenset(member.expname for member in entry.product.members)
