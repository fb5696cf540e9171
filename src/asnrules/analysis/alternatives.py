"""Find the alternatives of a condition that no value satisfies, or that decide nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from asnrules.analysis.formulas import Atom, shrunk
from asnrules.analysis.partition import partition
from asnrules.analysis.space import Example
from asnrules.engine.conditions import condition_holds, term_holds
from asnrules.rules.model import Condition, Term


class Superfluous(NamedTuple):
    """An alternative of a condition that decides nothing."""

    condition: Condition
    alternative: int
    """Its number, from 1."""
    keyword: str | None
    """The keyword whose terms no value satisfies; None if other alternatives always hold too."""
    example: Example
    """Values that satisfy all but that keyword, or that satisfy the alternative."""
    others: tuple[int, ...] = ()
    """The numbers of the alternatives that hold in the example too."""


def superfluous(condition: Condition, empty: AbstractSet[str | None]) -> Iterator[Superfluous]:
    """Find the alternatives of a condition that decide nothing; its `class` may have any value.

    First come those that no value satisfies; then those without which the condition says the same,
    the last of several that are alike.
    """
    classes = _partitions(condition, empty)
    needed = {}
    for number, terms in enumerate(condition.alternatives, 1):
        fitting = _fitting(terms, classes)
        impossible = next((keyword for keyword, values in fitting.items() if not values), None)
        if impossible is None:
            needed[number] = fitting
        else:
            example = {keyword: values[0] for keyword, values in fitting.items() if values}
            yield Superfluous(condition, number, impossible, example)
    if not needed:
        return
    for number in reversed(list(needed)):
        fitting = needed[number]
        others = {at: condition.alternatives[at - 1] for at in needed if at != number}
        if others and not _decides(fitting, others, classes):
            example = {keyword: values[0] for keyword, values in fitting.items()}
            holding = tuple(
                at
                for at, terms in others.items()
                if condition_holds(condition._replace(alternatives=(terms,)), example)
            )
            yield Superfluous(condition, number, None, example, holding)
            del needed[number]


def _partitions(
    condition: Condition, empty: AbstractSet[str | None]
) -> dict[str, tuple[str | None, ...]]:
    terms: dict[str, list[Term]] = defaultdict(list)
    for term in condition.terms:
        terms[term.keyword].append(term)
    return {keyword: partition(found, empty) for keyword, found in terms.items()}


def _fitting(
    terms: Sequence[Term], classes: Mapping[str, tuple[str | None, ...]]
) -> dict[str, list[str | None]]:
    """Give the values of each keyword that satisfy the terms on it."""
    return {
        keyword: [
            value
            for value in classes[keyword]
            if all(term_holds(term, value) for term in terms if term.keyword == keyword)
        ]
        for keyword in dict.fromkeys(term.keyword for term in terms)
    }


def _decides(
    fitting: Mapping[str, Sequence[str | None]],
    others: Mapping[int, Sequence[Term]],
    classes: Mapping[str, tuple[str | None, ...]],
) -> bool:
    """Tell whether some values satisfy an alternative and none of the others."""
    start: Atom = frozenset(frozenset(terms) for terms in others.values())
    left: set[Atom] = {start}
    for keyword, values in classes.items():
        following: set[Atom] = set()
        for atom in left:
            for value in fitting.get(keyword, values):
                after = shrunk(atom, keyword, value) if atom else False
                if after is False:
                    following.add(frozenset())
                elif after is not True:
                    following.add(after)
        left = following
    return bool(left)
