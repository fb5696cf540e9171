"""What today's rules make of exposures of the past, and the changes that made the difference."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from asnrules.associations.model import Association, Product
from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.changes import NamedChange
from asnrules.engine.generation import Wanted
from asnrules.engine.signatures import SCIENCE
from asnrules.impact.remake import Remade, Remake
from asnrules.impact.turning import Chain, Once
from asnrules.imports.matching import Matcher
from asnrules.rules.model import Ruleset


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
        rulesets = chain.rulesets if chain else ()
        self._remake = Remake(then.evaluated, Wanted(), rulesets, keeps=True)
        self._places: tuple[int, ...] = ()
        self._made = self._making(())

    @property
    def today(self) -> str:
        """The label of today's rules."""
        return self.now.evaluated.info.ruleset

    def changes(self, one: ForeignAssociation, asn_id: str | None) -> Sequence[NamedChange]:
        """Give the changes that turned what is made of the sciences of an association.

        What is made for a candidate counts, if one is given.
        """
        sciences = {*self._then.sciences(one.products)}
        if self._chain is None or not sciences:
            return ()
        places = self._remake.linked(sciences)
        if places != self._places:
            # Files come in the order of their candidates; all that rules make would be too much.
            self._places, self._made = places, self._making(places)
        numbers = {number for number, place in enumerate(places) if place in sciences}
        return self._chain.turned(lambda rules: self._state(rules, numbers, asn_id))

    def _making(self, places: tuple[int, ...]) -> Once[Remade | None]:
        return Once(lambda rules: self._remake.make(rules, places))

    def _state(self, rules: Ruleset, sciences: set[int], asn_id: str | None) -> Hashable:
        """Give what rules make of sciences, whatever the numbers in its names."""
        made = self._made(rules)
        return made and frozenset(
            _content(one, product)
            for one in made.associations
            if asn_id in {None, one.asn_id}
            for product in one.products
            if not sciences.isdisjoint(_sciences(product))
        )


def _sciences(product: Product) -> set[int | None]:
    """Give the exposures that are the sciences of a product."""
    return {member.exposure for member in product.members if member.exptype == SCIENCE}


def _content(one: Association, product: Product) -> Hashable:
    members = frozenset((member.expname, member.exptype) for member in product.members)
    return one.asn_type, one.asn_rule, one.asn_id, product.name, members
