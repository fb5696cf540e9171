"""Find where jwst's answer depends on the order of the rows.

Here the answer never does, as the rows are worked in canonical order. But whoever compares with
jwst on the pool as it stands has to know for which exposures that order made a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from asnrules.engine.candidates import Pair
from asnrules.engine.drafts import Draft, Work
from asnrules.engine.finishing import finish
from asnrules.engine.model import Rule
from asnrules.engine.procedure import Procedure
from asnrules.engine.signatures import SCIENCE

_Membership = frozenset[tuple[str | None, str, bool]]
_Made = tuple[str, _Membership]
"""The name of a rule, and the files with their exptypes that it put together."""

LARGE = 200
"""From this size of a group on, only the reversed order is tried."""


class OrderDependence(NamedTuple):
    """A group of exposures whose associations by a rule depend on the order of the rows."""

    rule: Rule
    candidate: Pair
    places: Sequence[int]


def order_matters(
    work: Work, number: int, candidate: Pair, group: Sequence[int], finished: Sequence[Draft]
) -> bool:
    """Tell whether other orders of a group lead to other associations of its candidate.

    Parameters
    ----------
    work : Work
        The judged exposures.
    number : int
        The place of the rule in the ruleset.
    candidate : tuple of (str, str)
        Id and type of the candidate.
    group : sequence of int
        The exposures, in canonical order.
    finished : sequence of Draft
        All associations of the candidate, by all rules.

    Returns
    -------
    bool
        Whether any of the orders tried made a difference: not all orders are tried.
    """
    expected = _outcome(work, number, candidate, group)
    made: Counter[_Made] | None = None
    for order in _orders(work, group):
        other = _outcome(work, number, candidate, order)
        if other != expected:
            made = made or Counter(_made(work, draft) for draft in finished)
            if _kept(made) != _kept(made - expected + other):
                return True
    return False


def _kept(made: Counter[_Made]) -> dict[_Membership, str]:
    """Give the memberships with the rule that stays for each, as pruning chooses it."""
    return {membership: rule for rule, membership in sorted(made, key=lambda one: one[0])}


def _orders(work: Work, group: Sequence[int]) -> Iterator[list[int]]:
    backwards = list(reversed(group))
    yield backwards
    if len(group) < LARGE:
        by_class = sorted(group, key=lambda place: work.judgements[place].exposure_class != SCIENCE)
        yield by_class
        yield by_class[::-1]
        half = len(group) // 2
        yield [*group[half:], *group[:half]]
        yield [*group[::2], *group[1::2]]


def _outcome(work: Work, number: int, candidate: Pair, order: Sequence[int]) -> Counter[_Made]:
    """Give the memberships that an order of exposures leads to."""
    drafts = Procedure(work, number, candidate).run(order)
    return Counter(_made(work, one) for draft in drafts for one in finish(draft, work)[0])


def _made(work: Work, draft: Draft) -> _Made:
    return draft.rule.name, frozenset(
        (
            member.expname if member.place is None else work.value(member.place, "filename"),
            member.exptype,
            member.rateints,
        )
        for member in draft.members
    )
