"""Differences of the associations of two runs, by content, ignoring sequence numbers."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from asnrules.record.queries.associations import (
    RecordedAssociation,
    RecordedAssociations,
    RecordedMember,
)
from asnrules.record.queries.exposures import stem_of
from asnrules.record.queries.runs import find_run

_FIELDS = (
    "asn_type", "asn_rule", "asn_id", "candidate_type", "program", "target", "degraded_status",
)  # fmt: skip
_EXACT_FIELDS = (*_FIELDS, "asn_name", "keys")


class Associations(Protocol):
    """The associations of a run, on record or just made."""

    def __iter__(self) -> Iterator[RecordedAssociation]:
        """Yield them by their numbers."""

    def chosen(self, positions: Sequence[int]) -> list[RecordedAssociation]:
        """Give those with these numbers, in the order of the numbers."""


class FieldDifference(NamedTuple):
    """A value that changed."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """An association that is in both runs, but not the same.

    Attributes
    ----------
    before, after : RecordedAssociation
        What it was, and what it is.
    fields : list of FieldDifference
        Its own values that changed.
    members_removed, members_added : list of RecordedMember
        Its members that changed.
    reordered : bool
        Whether its members are the same, but in another order.
    """

    before: RecordedAssociation
    after: RecordedAssociation
    fields: list[FieldDifference]
    members_removed: list[RecordedMember]
    members_added: list[RecordedMember]
    reordered: bool

    def words(self) -> list[str]:
        """Say what changed."""
        return [
            *(f"{name}: {after}, was {before}" for name, before, after in self.fields),
            *(f"without {_member_words(member)}" for member in self.members_removed),
            *(f"with {_member_words(member)}" for member in self.members_added),
            *["its members in another order"] * self.reordered,
        ]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "before": self.before.document(),
            "after": self.after.document(),
            "fields": [one._asdict() for one in self.fields],
            "members_removed": [_member_document(one) for one in self.members_removed],
            "members_added": [_member_document(one) for one in self.members_added],
            "reordered": self.reordered,
        }


def _member_words(member: RecordedMember) -> str:
    return f"{member.expname} as {member.exptype} in {member.product}"


def _member_document(member: RecordedMember) -> dict[str, Any]:
    return {"product": member.product, **member.document()}


@dataclass(frozen=True, slots=True)
class Differences:
    """In what the associations of two runs differ.

    Attributes
    ----------
    unchanged : int
        How many are in both.
    removed, added : list of RecordedAssociation
        Those that are in one of the two.
    changed : list of Change
        Those that are in both, but not the same.
    reordered : bool
        Compared exactly: whether they are the same, but in another order.
    """

    unchanged: int
    removed: list[RecordedAssociation] = field(default_factory=list)
    added: list[RecordedAssociation] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    reordered: bool = False

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.changed or self.reordered)

    def summary(self) -> str:
        """Say how many there are of each kind."""
        return (
            f"{len(self.removed)} removed, {len(self.added)} added, {len(self.changed)} changed, "
            f"{self.unchanged} the same" + ", in another order" * self.reordered
        )

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "unchanged": self.unchanged,
            "removed": [one.document() for one in self.removed],
            "added": [one.document() for one in self.added],
            "changed": [one.document() for one in self.changed],
            "reordered": self.reordered,
        }


def compare_runs(connection: Connection, before: int, after: int) -> Differences:
    """Compare the associations of two runs on record, see `compare`.

    Parameters
    ----------
    connection : Connection
        Any.
    before, after : int
        The numbers of the runs.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    sides = [
        RecordedAssociations(connection, find_run(connection, run_id).run_id)
        for run_id in (before, after)
    ]
    return compare(*sides)


def compare(before: Associations, after: Associations, *, exactly: bool = False) -> Differences:
    """Compare the associations of two runs.

    What is equal is found by digests, so that of large runs only what differs is held in memory.

    Parameters
    ----------
    before, after : Associations
        Of the two runs.
    exactly : bool
        Whether names with their numbers, keys, errors of members, and the order of everything
        count as well.
    """
    old, new = _digests(before, exactly), _digests(after, exactly)
    left = before.chosen(_surplus(old, new))
    right = after.chosen(_surplus(new, old))
    unchanged = len(old) - len(left)
    pairs, removed, added = _paired(left, right)
    reordered = exactly and not (left or right) and list(old.values()) != list(new.values())
    return Differences(
        unchanged, removed, added, [_change(*pair, exactly) for pair in pairs], reordered
    )


def _digests(associations: Associations, exactly: bool) -> dict[int, bytes]:
    """Give the digest of each association by its number, in order."""
    return {
        one.position: hashlib.blake2b(
            repr(_content(one, exactly)).encode(), digest_size=16
        ).digest()
        for one in associations
    }


def _content(one: RecordedAssociation, exactly: bool) -> tuple[Any, ...]:
    """Give what makes an association what it is."""
    if exactly:
        return one[1:]
    return (*(getattr(one, name) for name in _FIELDS), sorted(_members(one, exactly).elements()))


def _members(one: RecordedAssociation, exactly: bool) -> Counter[tuple[Any, ...]]:
    # The first three say which file is in which product, and as what.
    return Counter(tuple(member) if exactly else member[:3] for member in one.members)


def _surplus(these: Mapping[int, bytes], others: Mapping[int, bytes]) -> list[int]:
    """Give the numbers of those for which there is no equal among the others."""
    left = Counter(others.values())
    surplus = []
    for number, digest in these.items():
        if left[digest]:
            left[digest] -= 1
        else:
            surplus.append(number)
    return surplus


# ------------------------------------------------------------------------- pairs

_Pairs = list[tuple[RecordedAssociation, RecordedAssociation]]

_SAME: tuple[Callable[[RecordedAssociation], Hashable], ...] = (
    lambda one: (one.program, one.asn_id, one.asn_type, *sorted(one.products)),
    lambda one: (one.program, one.asn_id, *sorted(one.products)),
    lambda one: (one.program, one.asn_type, *sorted(one.products)),
    lambda one: (one.program, one.asn_id, one.asn_type, *sorted(_stems(one))),
)
"""What makes two associations the same one, changed: the first of these that they share, and an
exposure in common. So another rule, type, candidate or product is a change."""


def _paired(
    left: list[RecordedAssociation], right: list[RecordedAssociation]
) -> tuple[_Pairs, list[RecordedAssociation], list[RecordedAssociation]]:
    """Find those that are the same, changed; give them and the rest of both sides."""
    pairs: _Pairs = []
    for key in _SAME:
        groups: dict[Hashable, list[RecordedAssociation]] = defaultdict(list)
        for one in right:
            groups[key(one)].append(one)
        taken: set[int] = set()
        unpaired = []
        for one in left:
            other = _nearest(one, groups[key(one)], taken)
            if other is None:
                unpaired.append(one)
            else:
                pairs.append((one, other))
                taken.add(other.position)
        left = unpaired
        right = [one for one in right if one.position not in taken]
    return sorted(pairs, key=lambda pair: pair[0].position), left, right


def _nearest(
    one: RecordedAssociation, others: Sequence[RecordedAssociation], taken: set[int]
) -> RecordedAssociation | None:
    """Give the one that has the most files in common with another, by their exposures."""
    stems = _stems(one)
    best, most = None, 0
    for other in others:
        if other.position not in taken:
            common = len(stems & _stems(other))
            if common > most:
                best, most = other, common
    return best


def _stems(one: RecordedAssociation) -> set[str]:
    return {stem_of(member.expname) for member in one.members}


def _change(before: RecordedAssociation, after: RecordedAssociation, exactly: bool) -> Change:
    fields = [
        FieldDifference(name, getattr(before, name), getattr(after, name))
        for name in (_EXACT_FIELDS if exactly else _FIELDS)
        if getattr(before, name) != getattr(after, name)
    ]
    old, new = _members(before, exactly), _members(after, exactly)
    return Change(
        before,
        after,
        fields,
        _only_in(before, old - new, exactly),
        _only_in(after, new - old, exactly),
        reordered=exactly and old == new and before.members != after.members,
    )


def _only_in(
    one: RecordedAssociation, wanted: Counter[tuple[Any, ...]], exactly: bool
) -> list[RecordedMember]:
    found = []
    for member in one.members:
        key = tuple(member) if exactly else member[:3]
        if wanted[key]:
            wanted[key] -= 1
            found.append(member)
    return found
