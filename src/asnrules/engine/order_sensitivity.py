"""Find where jwst's answer depends on the order of the rows.

Here the answer never does, as the rows are taken in canonical order. But for a comparison with jwst
on the pool as it stands, the exposures have to be known for which that order makes a difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.batched_procedure import BatchedProcedure
from asnrules.engine.candidates import Pair
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.keywords import NAMES
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps import finish
from asnrules.engine.templates import Group, Grown, Templates
from asnrules.rules.model import Rule

Numbered = tuple[int, Group]
"""The place of a rule in the ruleset, and exposures that it can take."""

_Made = tuple[str, int]
"""The name of a rule, and a digest of the files with their exptypes that it put together.

The digest is the sum of those of the members: memberships of thousands, by the thousand, are
compared by no more than that.
"""

_Pattern = tuple[int, str, tuple[Any, ...], tuple[tuple[int, ...], ...]]

IRRELEVANT = frozenset({"asn_candidate", "exposerr"})
"""Keywords that do not decide which exposures come together."""

LARGE = 200
"""From this size of a group on, only the reversed order is tried."""


class OrderDependence(NamedTuple):
    """A group of exposures whose associations by a rule depend on the order of the rows."""

    rule: Rule
    candidate: Pair
    places: Sequence[int]


class OrderSensitivity:
    """Looks for groups of exposures whose order makes a difference."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._harmless: set[_Pattern] = set()
        self._procedures: dict[int, tuple[BatchedProcedure, Templates]] = {}
        places = work.places
        self._names = [places[name] for name in sorted(NAMES & places.keys())]
        self._relevant = itemgetter(*(places[name] for name in places.keys() - NAMES - IRRELEVANT))

    def of_candidate(
        self, candidate: Pair, groups: Sequence[Numbered], finished: Sequence[GrowingAssociation]
    ) -> list[OrderDependence]:
        """Give those groups whose other orders lead to other associations of a candidate.

        They are given among its groups that are not regular, with all its associations by all
        rules. Not all orders are tried.
        """
        # A candidate may have thousands of associations and as many groups to look at, so they
        # are gone through once, when first asked, and each group asks for its own digests only.
        made = cache(lambda: self._by_digest(finished))
        return [
            OrderDependence(self._work.ruleset.rules[number], candidate, group.places)
            for number, group in groups
            if self._order_matters(number, candidate, group, made)
        ]

    def _by_digest(self, finished: Sequence[GrowingAssociation]) -> dict[int, Counter[_Made]]:
        found: dict[int, Counter[_Made]] = {}
        for one in finished:
            made = _made(self._work, one)
            found.setdefault(made[1], Counter())[made] += 1
        return found

    def _order_matters(
        self,
        number: int,
        candidate: Pair,
        group: Group,
        made: Callable[[], dict[int, Counter[_Made]]],
    ) -> bool:
        pattern = self._pattern(number, candidate, group.places)
        if pattern in self._harmless:
            return False
        expected = self._outcome(number, group, candidate)
        is_same = True
        for order in _orders(self._work, group.places):
            other = self._outcome(number, group._replace(places=order), candidate)
            if other != expected:
                is_same = False
                if _would_differ(made(), expected, other):
                    return True
        if is_same:
            self._harmless.add(pattern)
        return False

    def _outcome(self, number: int, group: Group, candidate: Pair) -> Counter[_Made]:
        """Give the memberships that exposures in their order lead to."""
        work = self._work
        if number not in self._procedures:
            self._procedures[number] = BatchedProcedure(work, number), Templates(work, number)
        procedure, templates = self._procedures[number]
        procedure.offers.begin(has_same_keys=group.has_same_keys)
        grown = templates.of(
            group, candidate, lambda: Grown(procedure.run(group.places, candidate), irregular=True)
        )
        return Counter(
            _made(work, one) for each in grown.associations for one in finish(each, work)[0]
        )

    def _pattern(self, number: int, candidate: Pair, group: Sequence[int]) -> _Pattern:
        """Give what groups have in common that no order can tell apart.

        Programs repeat the same patterns over and over. Of keywords that nothing but equality
        is asked of, only that is kept.
        """
        rows = [self._work.rows[place] for place in group]
        names: list[tuple[int, ...]] = []
        for at in self._names:
            seen: dict[str | None, int] = {}
            names.append(tuple([seen.setdefault(row[at], len(seen)) for row in rows]))
        return number, candidate[1], tuple(map(self._relevant, rows)), tuple(names)


def _would_differ(
    by_digest: Mapping[int, Counter[_Made]], expected: Counter[_Made], other: Counter[_Made]
) -> bool:
    """Tell whether pruning would keep something else with one outcome in another's place."""
    made: Counter[_Made] = Counter()
    for digest in {digest for _, digest in (*expected, *other)}:
        made.update(by_digest.get(digest, {}))
    return _kept(made) != _kept(made - expected + other)


def _kept(made: Counter[_Made]) -> dict[int, str]:
    """Give the digests with the rule that stays for each, as pruning chooses it."""
    return {digest: rule for rule, digest in sorted(made)}


def _orders(work: Work, group: Sequence[int]) -> Iterator[list[int]]:
    yield list(reversed(group))
    if len(group) < LARGE:
        by_class = sorted(group, key=lambda place: work.judgements[place].exposure_class != SCIENCE)
        yield by_class
        yield by_class[::-1]
        half = len(group) // 2
        yield [*group[half:], *group[:half]]
        yield [*group[::2], *group[1::2]]


def _made(work: Work, one: GrowingAssociation) -> _Made:
    digest = sum(_digest_of(work, member) for member in one.own)
    return one.rule.name, digest + sum(part.total(_digest_of) for part in one.shared)


def _digest_of(work: Work, member: Member) -> int:
    name = None if member.exposure is None else work.value(member.exposure, "filename")
    # Of text, see `asnrules.engine.pruning.digest_of`.
    return hash(f"{name} {member.expname} {member.exptype}")
