"""In what associations differ: of two runs, of two rulesets, or of a file and the rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

One = TypeVar("One")
Key = Callable[[One], Hashable]


class FieldDifference(NamedTuple):
    """A value that changed."""

    field: str
    before: Any
    after: Any


def field_differences(before: object, after: object, names: Iterable[str]) -> list[FieldDifference]:
    """Give the attributes in which two objects differ."""
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
    return [FieldDifference(*one) for one in pairs if one[1] != one[2]]


def surplus(these: Iterable[One], others: Iterable[One], key: Key[One]) -> list[One]:
    """Give those that have no equal among the others, of which each is the equal of one only."""
    left = Counter(map(key, others))
    found = []
    for one in these:
        name = key(one)
        if left[name]:
            left[name] -= 1
        else:
            found.append(one)
    return found


def paired(
    left: Sequence[One],
    right: Sequence[One],
    keys: Iterable[Key[One]],
    likeness: Callable[[One, One], int] = lambda one, other: 1,
) -> dict[int, int]:
    """Find what is the same, changed: from the places of the left to those of the right.

    Parameters
    ----------
    keys : iterable of callable
        Tried in order: the same have one of these in common.
    likeness : callable
        How much two have in common. Of several, the likest is taken, the first of these; with
        nothing in common none is.
    """
    found: dict[int, int] = {}
    taken: set[int] = set()
    for key in keys:
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place, one in enumerate(right):
            if place not in taken:
                groups[key(one)].append(place)
        for place, one in enumerate(left):
            if place in found:
                continue
            free = [other for other in groups[key(one)] if other not in taken]
            best = max(free, key=lambda other: likeness(one, right[other]), default=None)
            if best is not None and likeness(one, right[best]):
                found[place] = best
                taken.add(best)
    return found
