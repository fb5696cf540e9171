"""Spread the candidates of pools over jobs that together make what one run makes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from asnrules.engine.apart import linked
from asnrules.engine.candidates import SubPool
from asnrules.errors import PoolError
from asnrules.pools.sources import PoolInput
from asnrules.worked import Progress, WorkedPools, work_pools


class Group(NamedTuple):
    """Candidates that have to be worked by one job.

    Attributes
    ----------
    candidates : list of str
        Their ids, sorted.
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
        As for `asnrules.worked.work_pools`.

    Returns
    -------
    list of Group
        The largest first.

    Raises
    ------
    PoolError
        If a pool is not one, or has two candidates of one id: only the first can be selected.
    """
    worked = work_pools(engine, paths, ruleset, as_of, progress, workers=workers)
    groups = linked(worked.work, worked.candidates)
    _refuse_ambiguous(worked, groups)
    found = [
        Group(
            sorted(pool.candidate[0] for pool in group),
            len({place for pool in group for place in pool.places}),
        )
        for group in groups
    ]
    return sorted(found, key=lambda group: (-group.exposures, group.candidates))


def _refuse_ambiguous(worked: WorkedPools, groups: Sequence[Sequence[SubPool]]) -> None:
    kinds: dict[str, dict[str, None]] = {}
    for pairs in worked.candidates.values():
        for identifier, kind in pairs:
            kinds.setdefault(identifier, {})[kind] = None
    for group in groups:
        for pool in group:
            identifier = pool.candidate[0]
            if len(kinds[identifier]) > 1:
                raise PoolError(
                    f"{', '.join(one.name for one in worked.pools)}: candidate {identifier} is of "
                    f"types {', '.join(kinds[identifier])}, and --candidate takes one of them; "
                    "generate this pool in one run"
                )
