"""Of associations that say the same, one stays.

A ruleset names the steps that the associations of all rules go through, in order. They are given
in order of generation, and numbered in the order in which the last step leaves them.

Source: behaviour of jwst 3.0.0 and 1.3.0, by running them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from asnrules.associations.model import Member, Product
from asnrules.rules.steps import OVERALL, MembershipPruning, ProductPruning


class Entry(NamedTuple):
    """What pruning looks at in an association."""

    asn_id: str
    product: Product
    digest: int | None
    """See `digest_of`; None if a file is there twice."""
    twins: Callable[[], object]
    """Gives something that is equal for associations of one product name that differ at most in
    the suffixes of their members, and so have equally many."""
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


def prune(entries: Sequence[Entry], steps: Sequence[str]) -> list[int]:
    """Choose the associations that stay, given in order of generation, by steps with these names.

    Their places come in the order in which they are numbered.
    """
    kept = list(range(len(entries)))
    for name in steps:
        step = OVERALL[name]
        if isinstance(step, MembershipPruning):
            kept = _prune_memberships(entries, kept, step)
        else:
            kept = _prune_products(entries, kept, step)
    return kept


def _by_id(entries: Sequence[Entry], places: Sequence[int]) -> list[int]:
    return sorted(places, key=lambda place: entries[place].asn_id)


def _prune_memberships(
    entries: Sequence[Entry], places: Sequence[int], step: MembershipPruning
) -> list[int]:
    seen: dict[tuple[str, int], list[int]] = {}
    kept = []
    for place in reversed(_by_id(entries, places) if step.by_id else places):
        entry = entries[place]
        if entry.digest is not None:
            kind = entry.asn_type if step.of_type else ""
            alike = seen.setdefault((kind, entry.digest), [])
            if alike:
                membership = entry.membership()
                if any(entries[other].membership() == membership for other in alike):
                    continue
            alike.append(place)
        kept.append(place)
    return kept if step.by_id else kept[::-1]


def _prune_products(
    entries: Sequence[Entry], places: Sequence[int], step: ProductPruning
) -> list[int]:
    named: dict[str, list[int]] = {}
    ordered = _by_id(entries, places)
    for place in ordered:
        named.setdefault(entries[place].product.name, []).append(place)
    if step.first_only:
        first = {alike[0] for alike in named.values()}
        return [place for place in places if place in first]
    dropped: set[int] = set()
    for alike in named.values():
        if len(alike) > 1:
            dropped |= _shorter(entries, alike)
    return [place for place in ordered if place not in dropped]


def _shorter(entries: Sequence[Entry], places: Sequence[int]) -> set[int]:
    """Of associations with one product name, in order of asn_id, choose those to drop."""
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
            if one is None or two is None or not _is_comparable(one, two):
                continue
            shorter = other
            if len(two) > len(one):
                longest, shorter = other, longest
            dropped.add(shorter)
            dropped_twins.add(twins[shorter])
    return dropped


def _is_comparable(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether the lengths differ and no shared member has another exptype."""
    return len(one) != len(other) and all(
        other.get(expname, exptype) == exptype for expname, exptype in one.items()
    )
