"""Share the candidates of pools among processes of this machine, or among machines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from asnrules.engine.associator import Made
from asnrules.engine.candidates import SubPool
from asnrules.engine.generation import Generation
from asnrules.engine.part import Part, in_order
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

    Copies of this process know the whole pool, so each takes some candidates. Another machine gets
    candidates with all that are linked with them, and their exposures.
    """
    if isinstance(workers, int):
        sizes = [len(pool.places) for pool in pools]
        count = workers if sum(sizes) >= _WORTH_SHARING else 1
        return parallel_map(generation.make, pools, sizes, count, told)
    groups = generation.groups(pools)
    sizes = [sum(len(pool.places) for pool in group) for group in groups]
    job = _Making(generation, constant(ruleset))
    count = len(pools)
    # Sizes are of exposures; what is told of is candidates.
    of_candidates = told and (lambda done, whole: told(done * count // whole, count))
    made = parallel_map(job, groups, sizes, workers, of_candidates)
    return [in_order(made, {pool.candidate: at for at, pool in enumerate(pools)})]


class _Making:
    """Makes the associations of groups of candidates."""

    def __init__(self, generation: Generation, rules: Constant[Ruleset]) -> None:
        self._generation = generation
        self._rules = rules

    def __call__(self, groups: Sequence[Sequence[SubPool]], told: Told | None = None, /) -> Made:
        return self._generation.make([pool for group in groups for pool in group], told)

    def errand(self, groups: Sequence[Sequence[SubPool]]) -> Errand:
        part = self._generation.part([pool for group in groups for pool in group])
        return Errand(_made, (self._rules, part))


def _made(rules: Constant[Ruleset], part: Part) -> Made:
    return part.make(_judge(rules, part.keywords))


@lru_cache(maxsize=8)
def _judge(rules: Constant[Ruleset], keywords: tuple[str, ...]) -> Judge:
    """Give the judge of rules that this process has asked before."""
    return Judge(rules.value, keywords)
