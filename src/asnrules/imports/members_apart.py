"""What keeps a member of a file out of the association that the rules make instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from asnrules.associations.model import Association
from asnrules.engine.candidates import Pair, SubPool
from asnrules.engine.generation import DUPLICATE, Wanted
from asnrules.engine.pairing import Pairing
from asnrules.engine.signatures import SCIENCE
from asnrules.pools.evaluation import EvaluatedPools


class MembersApart:
    """Compares exposures of pools with the sciences of associations that the rules make."""

    def __init__(
        self, evaluated: EvaluatedPools, sub_pools: Mapping[str, Sequence[SubPool]]
    ) -> None:
        self._evaluated = evaluated
        self._sub_pools = sub_pools
        self._pairing = Pairing(evaluated.work, evaluated.candidates)
        self._left_outs: dict[tuple[Pair, int], dict[tuple[str, int | None], str]] = {}

    def text(self, made: Association, science: int, place: int, exptype: str) -> str:
        """Say which keywords keep an exposure out in a role; '' if that is not known."""
        if exptype == SCIENCE or place == science:
            return ""
        pair = (made.asn_id, made.candidate_type)
        found = self._pairing.apart(science, place, [(made.asn_rule, pair)])
        apart = next((one for one in found if one.exptype == exptype), None)
        if apart is None:
            none = self._pairing.takes_none(science, exptype, made.asn_rule)
            return "" if none is None else none.text()
        if not apart.distance:
            shared = apart.candidate or pair
            why = self._left_out(made.asn_rule, shared, science, place)
            return f"only candidate {shared[0]} has both: {why}" if why and shared != pair else why
        elsewhere = self._pairing.other_rule(science, place, apart)
        return "; ".join(filter(None, [apart.text(), elsewhere]))

    def _left_out(self, rule: str, pair: Pair, science: int, place: int) -> str:
        """Say why an association that took an exposure left it out in the end."""
        if (pair, place) not in self._left_outs:
            # Nods are left out of the associations of several others. Of two associations of a
            # science, the one that is kept tells more than its duplicate, and comes last.
            reasons = sorted(self._reasons(pair, place), key=lambda one: one[1] != DUPLICATE)
            self._left_outs[pair, place] = dict(reasons)
        found = self._left_outs[pair, place]
        return found.get((rule, science)) or found.get((rule, None)) or ""

    def _reasons(self, pair: Pair, place: int) -> Iterator[tuple[tuple[str, int | None], str]]:
        """Give why associations of a candidate left an exposure out, by rule and science.

        What came to nothing before each science had one of its own has none.
        """
        for pool in self._sub_pools.get(pair[0], ()):
            places = list(pool.places)
            if pool.candidate == pair and place in places:
                wanted = Wanted(watched=places.index(place))
                for fate in self._evaluated.part(places).generation(wanted).run().fates:
                    if fate.association is None:
                        science = None if fate.science is None else places[fate.science]
                        yield (fate.rule.name, science), fate.reason or ""
