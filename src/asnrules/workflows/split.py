"""Spread the candidates of pools over jobs that together make what one run makes."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from asnrules.engine.candidates import Pair, linked, qualified
from asnrules.engine.generation import Wanted
from asnrules.errors import PoolError
from asnrules.pools.evaluation import EvaluatedPools, Progress, evaluate_pools
from asnrules.pools.inputs import PoolInput


class Group(NamedTuple):
    """Candidates that have to be worked by one job.

    Attributes
    ----------
    candidates : list of str
        Their names, sorted: ids, with the type where one id has several, `c1000:background`.
    exposures : int
        How many exposures they have.
    """

    candidates: list[str]
    exposures: int


def candidate_groups(
    engine: Engine,
    paths: Sequence[PoolInput],
    ruleset: str | None = None,
    as_of: dt.date | None = None,
    progress: Progress | None = None,
    *,
    workers: int = 1,
) -> list[Group]:
    """Give the groups of candidates that can be generated apart.

    A run for each group, with all its candidates selected, makes together what a run for all
    candidates makes: the same associations, under the same names.

    Parameters
    ----------
    engine, paths, ruleset, as_of, progress, workers
        As for `asnrules.pools.evaluation.evaluate_pools`.

    Returns
    -------
    list of Group
        The largest first.

    Raises
    ------
    PoolError
        If a pool is not one, or if associations are discovered in it: runs of selected candidates
        do not make these.
    """
    worked = evaluate_pools(engine, paths, ruleset, as_of, progress, workers=workers)
    _refuse_discovered(worked)
    groups = linked(worked.work, worked.candidates)
    names = _names(worked.candidates.values())
    found = [
        Group(
            sorted(names[pool.candidate] for pool in group),
            len({place for pool in group for place in pool.places}),
        )
        for group in groups
    ]
    return sorted(found, key=lambda group: (-group.exposures, group.candidates))


def _refuse_discovered(worked: EvaluatedPools) -> None:
    if worked.generation(Wanted()).discovers():
        raise PoolError(
            f"{', '.join(one.name for one in worked.pools)}: exposures that list one candidate "
            "alone also make associations for none, which runs of selected candidates do not; "
            "generate this pool in one run"
        )


def _names(candidates: Iterable[Sequence[Pair]]) -> dict[Pair, str]:
    """Name each candidate as generate selects it: by its id, with its type if it has several."""
    pairs = dict.fromkeys(pair for found in candidates for pair in found)
    types = Counter(identifier for identifier, _ in pairs)
    return {pair: pair[0] if types[pair[0]] == 1 else qualified(pair) for pair in pairs}
