"""What today's rules make of exposures of the past, and the changes that made the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.changes import NamedChange
from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Wanted
from asnrules.impact.remake import Remade, Remake, turned
from asnrules.impact.turning import Chain, RulesetCache
from asnrules.imports.matching import Matcher, Near
from asnrules.rules.model import Ruleset

_Making = Callable[[Ruleset], Remade | None]


class Today:
    """What today's rules make of pools, compared with what the rules of the past make.

    Parameters
    ----------
    then, now : Matcher
        By the rules of the past, and by today's.
    chain : Chain or None
        From the former to the latter; None if neither was made of the other.
    """

    def __init__(self, then: Matcher, now: Matcher, chain: Chain | None) -> None:
        self.now = now
        self._then = then
        self._chain = chain
        rulesets = chain.rulesets if chain else ()
        self._remake = Remake(then.evaluated, Wanted(), rulesets, keeps=True)
        self._last: tuple[tuple[int, ...], Wanted, _Making] | None = None

    @property
    def label(self) -> str:
        """The label of today's rules."""
        return self.now.evaluated.info.ruleset

    def changes(
        self, one: ForeignAssociation, then: Near | None, now: Near | None
    ) -> Sequence[NamedChange]:
        """Give the changes that turned what came nearest to an association into what does now."""
        ends = [near for near in (then, now) if near is not None]
        products = [*one.products, *(made for near in ends for made in near.association.products)]
        sciences = self._then.sciences(products)
        if self._chain is None or not ends or not sciences:
            return ()
        # What only a selection makes is compared with what the same selection makes.
        selections = [near.expected.selected or Selection() for near in ends]
        wanted = Wanted(min(selections, key=lambda selection: len(selection.ids)))
        making = self._making(self._remake.linked(sciences), wanted)
        parts = [part for near in ends for part in near.expected.parts or [near.association]]
        (found,) = turned(self._chain, making, [parts]).associations
        return found

    def _making(self, places: tuple[int, ...], wanted: Wanted) -> _Making:
        # Files come in the order of their candidates; all that rules make would be too much.
        if self._last is None or self._last[:2] != (places, wanted):
            made = RulesetCache(lambda rules: self._remake.make(rules, places, wanted))
            self._last = places, wanted, made
        return self._last[2]
