"""Share the candidates of pools among processes of this machine, or among machines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from asnrules.engine.associator import Made
from asnrules.engine.candidates import SubPool
from asnrules.engine.generation import Generation
from asnrules.engine.part import Part, digested
from asnrules.engine.signatures import Judge
from asnrules.rules.checksums import constant
from asnrules.rules.model import Ruleset
from asnrules.util.parallel import Constant, Errand, Told, Workers, parallel_map

_WORTH_SHARING = 5_000
"""Exposures for which a second process pays: it takes some hundredths of a second to start."""


def shared(
    generation: Generation,
    pools: Sequence[SubPool],
    told: Told | None,
    *,
    workers: Workers,
    ruleset: Ruleset,
) -> list[Made]:
    """Have the associations of candidates made by workers, share by share.

    Copies of this process know the whole pool. Another machine gets candidates with their exposures
    only, so what may hang on those of other candidates is made here.
    """
    sizes = [len(pool.places) for pool in pools]
    if isinstance(workers, int):
        count = workers if sum(sizes) >= _WORTH_SHARING else 1
        return parallel_map(generation.make, pools, sizes, count, told)
    if not generation.can_part():
        return [generation.make(pools, told)]
    job = _Making(generation, constant(ruleset))
    return [digested(made) for made in parallel_map(job, pools, sizes, workers, told)]


class _Making:
    """Makes the associations of candidates."""

    def __init__(self, generation: Generation, rules: Constant[Ruleset]) -> None:
        self._generation = generation
        self._rules = rules

    def __call__(self, pools: Sequence[SubPool], told: Told | None = None, /) -> Made:
        return self._generation.make(pools, told)

    def errand(self, pools: Sequence[SubPool]) -> Errand:
        return Errand(_made, (self._rules, self._generation.part(pools)))


def _made(rules: Constant[Ruleset], part: Part) -> Made:
    return part.make(_judge(rules, part.keywords))


@lru_cache(maxsize=8)
def _judge(rules: Constant[Ruleset], keywords: tuple[str, ...]) -> Judge:
    """Give the judge of rules that this process has asked before."""
    return Judge(rules.value, keywords)
