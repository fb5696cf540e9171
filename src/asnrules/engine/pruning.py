"""Of associations that say the same, one stays.

A ruleset names the steps that the associations of all rules go through, in order. They are given
in order of generation, and numbered in the order in which the last step leaves them.

Source: behaviour of jwst 3.0.0 and 1.3.0, by running them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from asnrules.associations.model import Member, Product
from asnrules.rules.model import Settings


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
    asn_type : str
        Its type.
    """

    asn_id: str
    product: Product
    digest: int | None
    twins: Callable[[], object]
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


class Overall(NamedTuple):
    """A step over the associations of all rules.

    Attributes
    ----------
    function : callable
        Chooses among associations, given by their places, and puts them in order.
    text : str
        What it does, in words.
    """

    function: Callable[[Sequence[Entry], Sequence[int]], list[int]]
    text: str


def prune(entries: Sequence[Entry], steps: Sequence[str] = Settings().overall) -> list[int]:
    """Choose the associations that stay.

    Parameters
    ----------
    entries : sequence of Entry
        The associations in order of generation.
    steps : sequence of str
        The names of the steps; those of jwst 3.0.0 by default.

    Returns
    -------
    list of int
        The places of those that stay, in the order in which they are numbered.
    """
    kept = list(range(len(entries)))
    for step in steps:
        kept = OVERALL[step].function(entries, kept)
    return kept


def prune_memberships(entries: Sequence[Entry], places: Sequence[int]) -> list[int]:
    """Of associations with the same members, keep the last: by asn_id, then as generated."""
    ordered = sorted(places, key=lambda place: entries[place].asn_id)
    return _last_of_each(entries, ordered, lambda _entry: "")


def prune_memberships_of_type(entries: Sequence[Entry], places: Sequence[int]) -> list[int]:
    """Of associations of one type with the same members, keep the last generated."""
    return _last_of_each(entries, places, lambda entry: entry.asn_type)[::-1]


def _last_of_each(
    entries: Sequence[Entry], ordered: Sequence[int], kind_of: Callable[[Entry], str]
) -> list[int]:
    """Of associations of one kind with the same members, keep the last; give the last first."""
    seen: dict[tuple[str, int], list[int]] = {}
    kept = []
    for place in reversed(ordered):
        entry = entries[place]
        if entry.digest is not None:
            alike = seen.setdefault((kind_of(entry), entry.digest), [])
            if alike and _is_among(entries, place, alike):
                continue
            alike.append(place)
        kept.append(place)
    return kept


def _is_among(entries: Sequence[Entry], place: int, others: Sequence[int]) -> bool:
    membership = entries[place].membership()
    return any(entries[other].membership() == membership for other in others)


def prune_products(entries: Sequence[Entry], places: Sequence[int]) -> list[int]:
    """Of associations with one product name, drop those with fewer members; order by asn_id."""
    ordered = sorted(places, key=lambda place: entries[place].asn_id)
    named: dict[str, list[int]] = defaultdict(list)
    for place in ordered:
        named[entries[place].product.name].append(place)
    dropped: set[int] = set()
    for alike in named.values():
        if len(alike) > 1:
            dropped |= _shorter(entries, alike)
    return [place for place in ordered if place not in dropped]


def prune_products_by_candidate(entries: Sequence[Entry], places: Sequence[int]) -> list[int]:
    """Of associations with one product name, keep the first: by asn_id, then as they stand."""
    first: dict[str, int] = {}
    for place in sorted(places, key=lambda place: entries[place].asn_id):
        first.setdefault(entries[place].product.name, place)
    return [place for place in places if first[entries[place].product.name] == place]


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


OVERALL: dict[str, Overall] = {
    "prune_memberships": Overall(
        prune_memberships,
        "of associations with the same members, the last stays: by asn_id, then as generated",
    ),
    "prune_memberships_of_type": Overall(
        prune_memberships_of_type,
        "of associations of one type with the same members, the last generated stays",
    ),
    "prune_products": Overall(
        prune_products,
        "of associations of one product that give no member another exptype, those with fewer "
        "members go",
    ),
    "prune_products_by_candidate": Overall(
        prune_products_by_candidate,
        "of associations of one product, the first stays: by asn_id, then as the step before "
        "left them",
    ),
}
"""The steps by the names that rulesets use."""
