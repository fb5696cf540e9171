"""Which candidates have to be worked together, so that all the others may be worked elsewhere.

Associations stand in each other's way only after they are grown: of those with the same members,
or of one product, some are dropped. Both have an exposure in common, or two of one name. So
candidates that are linked by no exposure know nothing of each other, and neither do their numbers,
which count within a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from asnrules.engine.candidates import Pair, SubPool, sub_pools
from asnrules.engine.growth import refusal
from asnrules.engine.work import Work

_SUFFIX = re.compile("[_-][^_-]*$")
_Item = int | str | tuple[str]
"""What is linked: the number of a candidate, the name of an exposure, the id of candidates."""


def linked(work: Work, candidates: Mapping[str, Sequence[Pair]]) -> list[list[SubPool]]:
    """Give the candidates of which something may come, those that are linked in one list.

    Parameters
    ----------
    work : Work
        The judged exposures.
    candidates : mapping
        From asn_candidate text to its pairs of id and type.

    Returns
    -------
    list of list of SubPool
        In the order in which candidates are worked.
    """
    pools = [
        pool
        for pool in sub_pools(
            [row[work.places["asn_candidate"]] for row in work.rows],
            candidates,
            listed=work.ruleset.settings.whole_pool,
        )
        if _may_give(work, pool)
    ]
    links = _Links()
    for number, pool in enumerate(pools):
        # Numbers count within an id, whatever its types.
        links.join(number, (pool.candidate[0],))
        for place in pool.places:
            links.join(number, _name(work, place))
    groups: dict[_Item, list[SubPool]] = {}
    for number, pool in enumerate(pools):
        groups.setdefault(links.root(number), []).append(pool)
    return list(groups.values())


def _may_give(work: Work, pool: SubPool) -> bool:
    """Tell whether any rule that takes an exposure of a candidate makes something for it."""
    takers = {number for place in pool.places for number in work.judgements[place].takers}
    return any(refusal(work.ruleset.rules[number], pool.candidate) is None for number in takers)


def _name(work: Work, place: int) -> str:
    """Give the name of an exposure less its product: what the products of two may share."""
    return _SUFFIX.sub("", PurePosixPath(work.value(place, "filename") or "").stem)


class _Links:
    """Sets that grow together."""

    def __init__(self) -> None:
        self._parents: dict[_Item, _Item] = {}

    def root(self, one: _Item) -> _Item:
        """Give what stands for the set of one."""
        parents = self._parents
        root = one
        while (parent := parents.setdefault(root, root)) != root:
            root = parent
        while parents[one] != root:
            parents[one], one = root, parents[one]
        return root

    def join(self, one: _Item, other: _Item) -> None:
        """Make the sets of two the same."""
        self._parents[self.root(other)] = self.root(one)
