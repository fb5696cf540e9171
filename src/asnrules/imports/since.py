"""What today's rules make of exposures of the past, and the changes that made the difference."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cached_property

from asnrules.associations.comparison import CANDIDATE
from asnrules.associations.model import Association, Product
from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.changes import NamedChange
from asnrules.engine.candidates import hang_together, linked_exposures
from asnrules.engine.generation import Wanted
from asnrules.engine.signatures import SCIENCE
from asnrules.errors import PoolError
from asnrules.impact.turning import Chain, Once
from asnrules.imports.matching import Matcher
from asnrules.pools.evaluation import EvaluatedPools
from asnrules.rules.model import Ruleset

_REFUSED: Hashable = "refused"
"""Stands for what rules make that cannot do with the columns of a pool."""


class Since:
    """What became of the rules by which associations of pools are judged.

    Parameters
    ----------
    then : Matcher
        What these rules make of the pools; `now` is what today's do.
    chain : Chain or None
        From the ones to the others; None if neither was made of the other.
    """

    def __init__(self, then: Matcher, now: Matcher, chain: Chain | None) -> None:
        self.now = now
        self._then = then
        self._chain = chain
        self._under = Once(self._judged)
        self._places: tuple[int, ...] = ()
        self._made: dict[int, Sequence[Association]] = {}

    @property
    def today(self) -> str:
        """The label of today's rules."""
        return self.now.evaluated.info.ruleset

    def changes(self, one: ForeignAssociation) -> Sequence[NamedChange]:
        """Give the changes that turned what is made of the sciences of an association."""
        sciences = self._then.sciences(one.products)
        if self._chain is None or not sciences:
            return ()
        linked = {place for science in sciences for place in self._linked[science]}
        places = tuple(sorted(linked))
        asn_id = one.asn_id if one.tells(CANDIDATE) else None
        return self._chain.turned(lambda rules: self._state(rules, places, {*sciences}, asn_id))

    @cached_property
    def _linked(self) -> dict[int, Sequence[int]]:
        """From each exposure to those that it may depend on, by any of the rules."""
        pools, rulesets = self._then.evaluated, self._chain.rulesets if self._chain else ()
        everything = range(len(pools.work.rows))
        under = (self._under(rules) for rules in rulesets)
        if any(one is not None and hang_together(one.work) for one in under):
            return dict.fromkeys(everything, everything)
        texts, names = (pools.work.column(name) for name in ("asn_candidate", "filename"))
        parts = linked_exposures(texts, pools.candidates, names)
        return {place: part for part in parts for place in part}

    def _state(
        self, rules: Ruleset, places: tuple[int, ...], sciences: set[int], asn_id: str | None
    ) -> Hashable:
        """Give what rules make of sciences, whatever the numbers in its names."""
        found = self._associations(rules, places)
        if found is None:
            return _REFUSED
        return frozenset(
            _content(one, product)
            for one in found
            if asn_id in {None, one.asn_id}
            for product in one.products
            if any(places[place] in sciences for place in _sciences(product))
        )

    def _associations(
        self, rules: Ruleset, places: tuple[int, ...]
    ) -> Sequence[Association] | None:
        pools = self._under(rules)
        if pools is None:
            return None
        if places != self._places:
            # Files come in the order of their candidates; all that rules make would be too much.
            self._places = places
            self._made.clear()
        # By identity: `Once` keeps the rules.
        if id(rules) not in self._made:
            wanted = Wanted(diagnosed=False, explained=False)
            self._made[id(rules)] = pools.part(places).generation(wanted).run().associations
        return self._made[id(rules)]

    def _judged(self, rules: Ruleset) -> EvaluatedPools | None:
        try:
            return self._then.evaluated.under(rules)
        except PoolError:
            return None


def _sciences(product: Product) -> list[int]:
    """Give the exposures that are the sciences of a product."""
    members = (one for one in product.members if one.exptype == SCIENCE)
    return [one.exposure for one in members if one.exposure is not None]


def _content(one: Association, product: Product) -> Hashable:
    members = frozenset((member.expname, member.exptype) for member in product.members)
    return one.asn_type, one.asn_rule, one.asn_id, product.name, members
