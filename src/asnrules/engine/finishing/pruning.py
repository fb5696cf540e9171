"""Of associations that say the same, one stays.

Source: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from asnrules.associations.model import Member, Product


class Entry(NamedTuple):
    """What pruning looks at in an association.

    Attributes
    ----------
    asn_id : str
        The id of its candidate.
    product : Product
        Its product.
    digest : int or None
        See `digest_of`; None if a file is there twice.
    twins : callable
        Gives something that is equal for associations of one product name that differ at most
        in the suffixes of their members, and so have equally many.
    """

    asn_id: str
    product: Product
    digest: int | None
    twins: Callable[[], object]

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


def prune(entries: Sequence[Entry]) -> list[int]:
    """Choose the associations that stay.

    Parameters
    ----------
    entries : sequence of Entry
        The associations in order of generation.

    Returns
    -------
    list of int
        The places of those that stay, in the order in which they are numbered: by asn_id, and
        the last generated first.
    """
    ordered = sorted(range(len(entries)), key=lambda place: entries[place].asn_id)
    return _prune_products(entries, _prune_memberships(entries, ordered))


def _prune_memberships(entries: Sequence[Entry], ordered: Sequence[int]) -> list[int]:
    """Of associations with the same members, keep the last."""
    seen: dict[int, list[int]] = {}
    kept = []
    for place in reversed(ordered):
        digest = entries[place].digest
        if digest is not None:
            alike = seen.setdefault(digest, [])
            if alike and _is_among(entries, place, alike):
                continue
            alike.append(place)
        kept.append(place)
    return kept


def _is_among(entries: Sequence[Entry], place: int, others: Sequence[int]) -> bool:
    membership = entries[place].membership()
    return any(entries[other].membership() == membership for other in others)


def _prune_products(entries: Sequence[Entry], kept: Sequence[int]) -> list[int]:
    """Of associations with one product name, drop those with fewer members."""
    ordered = sorted(kept, key=lambda place: entries[place].asn_id)
    named: dict[str, list[int]] = defaultdict(list)
    for place in ordered:
        named[entries[place].product.name].append(place)
    dropped: set[int] = set()
    for places in named.values():
        if len(places) > 1:
            dropped |= _shorter(entries, places)
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
