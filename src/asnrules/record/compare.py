"""Differences of the associations of two runs, by content, ignoring sequence numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection

from asnrules.associations.comparison import FieldDifference, field_differences, paired, surplus
from asnrules.associations.model import RECORDED, Association, Member
from asnrules.pools.exposure_names import stem_of
from asnrules.pools.fits.file_names import STARTS
from asnrules.record.queries.associations import RecordedAssociations
from asnrules.record.queries.runs import find_run
from asnrules.util.results import Tabular, shown_briefly

_FIELDS = (
    "asn_type", "asn_rule", "asn_id", "candidate_type", "program", "target", "degraded_status",
)  # fmt: skip
_EXACT_FIELDS = (*_FIELDS, "asn_name", "keys")


Content = tuple[Any, ...]

_Placed = tuple[str, Member]
"""The name of a product, and a member of it."""


class Associations(Protocol):
    """The associations of a run, on record or just made."""

    def __iter__(self) -> Iterator[tuple[int, Association]]:
        """Yield them with their numbers."""

    def chosen(self, positions: Sequence[int]) -> list[Association]:
        """Give those with these numbers, in the order of the numbers."""


class Listed:
    """Associations in memory, each given as it would be recorded."""

    def __init__(
        self,
        made: Sequence[Association],
        recorded: Callable[[Iterable[Association]], Iterable[Association]],
    ) -> None:
        self._made = made
        self._recorded = recorded

    def __iter__(self) -> Iterator[tuple[int, Association]]:
        return iter(enumerate(self._recorded(self._made)))

    def chosen(self, positions: Sequence[int]) -> list[Association]:
        """Give those at these places, in their order."""
        return list(self._recorded(self._made[position] for position in sorted(positions)))


class Numbered:
    """Associations in memory, with the numbers that they have on record."""

    def __init__(self, found: Iterable[tuple[int, Association]]) -> None:
        self._found = dict(found)

    def __iter__(self) -> Iterator[tuple[int, Association]]:
        return iter(self._found.items())

    def chosen(self, positions: Sequence[int]) -> list[Association]:
        """Give those with these numbers, in the order of the numbers."""
        return [self._found[position] for position in sorted(positions)]


@shown_briefly
@dataclass(frozen=True, slots=True)
class Change:
    """An association that is in both runs, but not the same."""

    before: Association
    after: Association
    fields: list[FieldDifference]
    members_removed: list[_Placed]
    members_added: list[_Placed]
    reordered: bool
    """Whether its members are the same, but in another order."""

    def words(self) -> list[str]:
        """Say what changed."""
        return [
            *(
                f"{name}: {after or 'none'}, was {before or 'none'}"
                for name, before, after in self.fields
            ),
            *(f"without {_member_words(*member)}" for member in self.members_removed),
            *(f"with {_member_words(*member)}" for member in self.members_added),
            *["its members in another order"] * self.reordered,
        ]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "before": self.before.recorded(),
            "after": self.after.recorded(),
            "fields": [one._asdict() for one in self.fields],
            "members_removed": [_member_document(*one) for one in self.members_removed],
            "members_added": [_member_document(*one) for one in self.members_added],
            "reordered": self.reordered,
        }


def _member_words(product: str, member: Member) -> str:
    return f"{member.expname} as {member.exptype} in {product}"


def _member_document(product: str, member: Member) -> dict[str, Any]:
    return {"product": product, **member.document()}


@shown_briefly
@dataclass(frozen=True, slots=True)
class Differences(Tabular):
    """In what the associations of two runs differ."""

    COLUMNS: ClassVar = (
        "change", "program", "asn_id", "asn_type", "asn_rule", "products", "members",
        "differences",
    )  # fmt: skip

    unchanged: int
    """How many are in both."""
    removed: list[Association] = field(default_factory=list)
    added: list[Association] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    reordered: bool = False
    """Compared exactly: whether they are the same, but in another order."""

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.changed or self.reordered)

    def pairs(self) -> list[tuple[Association | None, Association | None]]:
        """Give what was and what is: removed, then added, then changed."""
        return [
            *((one, None) for one in self.removed),
            *((None, one) for one in self.added),
            *((one.before, one.after) for one in self.changed),
        ]

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each association that differs as a record; how it is now, if it still is."""
        for what, one, differences in (
            *(("removed", one, []) for one in self.removed),
            *(("added", one, []) for one in self.added),
            *(("changed", change.after, change.words()) for change in self.changed),
        ):
            names = ("program", "asn_id", "asn_type", "asn_rule")
            yield {
                "change": what,
                **{name: getattr(one, name) for name in names},
                "products": [product.name for product in one.products],
                "members": len(one.placed),
                "differences": differences,
            }

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
            "removed": [one.recorded() for one in self.removed],
            "added": [one.recorded() for one in self.added],
            "changed": [one.document() for one in self.changed],
            "reordered": self.reordered,
        }


def compare_runs(connection: Connection, before: int, after: int) -> Differences:
    """Compare the associations of two runs on record, by number; see `compare`."""
    sides = [
        RecordedAssociations(connection, find_run(connection, run_id).run_id)
        for run_id in (before, after)
    ]
    return compare(*sides)


def compare(before: Associations, after: Associations, *, exactly: bool = False) -> Differences:
    """Compare the associations of two runs.

    What is equal is found by digests, so that of large runs only what differs is held in memory.

    With `exactly`, names with their numbers, keys, errors of members, and the order of everything
    count as well.
    """
    old, new = _digests(before, exactly), _digests(after, exactly)
    left = before.chosen(_only_in(old, new))
    right = after.chosen(_only_in(new, old))
    pairs = paired(left, right, _SAME, _common_stems)
    reordered = exactly and not (left or right) and list(old.values()) != list(new.values())
    return Differences(
        unchanged=len(old) - len(left),
        removed=[one for one, other in pairs if one and not other],
        added=[other for one, other in pairs if other and not one],
        changed=[_change(one, other, exactly) for one, other in pairs if one and other],
        reordered=reordered,
    )


def _only_in(these: Mapping[int, bytes], others: Mapping[int, bytes]) -> list[int]:
    return [number for number, _ in surplus(these.items(), others.items(), lambda one: one[1])]


def _digests(associations: Associations, exactly: bool) -> dict[int, bytes]:
    """Give the digest of each association by its number, in order."""
    content = _all_of if exactly else content_of
    return {
        number: hashlib.blake2b(repr(content(one)).encode(), digest_size=16).digest()
        for number, one in associations
    }


def _all_of(one: Association) -> Content:
    return one[: len(RECORDED) + 1]


def content_of(one: Association) -> Content:
    """Give what makes an association what it is, whatever its number."""
    return (*(getattr(one, name) for name in _FIELDS), tuple(sorted(map(_place, one.placed))))


def _place(placed: _Placed) -> tuple[str, str, str]:
    """Say which file is in which product, and as what."""
    product, member = placed
    return product, member.expname, member.exptype


def _names(one: Association) -> list[str]:
    return sorted(product.name for product in one.products)


_SAME: tuple[Callable[[Association], Hashable], ...] = (
    lambda one: (one.program, one.asn_id, one.asn_type, *_names(one)),
    lambda one: (one.program, one.asn_id, *_names(one)),
    lambda one: (one.program, one.asn_type, *_names(one)),
    lambda one: (one.program, one.asn_id, one.asn_type, *sorted(_stems(one))),
)
"""What makes two associations the same one, changed: the first of these that they share, and an
exposure in common. So another rule, type, candidate or product is a change."""


def _common_stems(one: Association, other: Association) -> int:
    return len(_stems(one) & _stems(other))


def _stems(one: Association) -> set[str]:
    return {stem_of(member.expname, STARTS) for _, member in one.placed}


def _change(before: Association, after: Association, exactly: bool) -> Change:
    key: Callable[[_Placed], Hashable] = tuple if exactly else _place
    removed = surplus(before.placed, after.placed, key)
    added = surplus(after.placed, before.placed, key)
    return Change(
        before,
        after,
        field_differences(before, after, _EXACT_FIELDS if exactly else _FIELDS),
        removed,
        added,
        reordered=exactly and not (removed or added) and before.products != after.products,
    )
