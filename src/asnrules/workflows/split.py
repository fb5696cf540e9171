"""Split the candidates of pools into jobs that together make the same as one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from asnrules.engine.candidates import Pair, candidate_pools, linked, qualified
from asnrules.engine.generation import Wanted
from asnrules.errors import PoolError
from asnrules.pools.evaluation import evaluate_pools
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.inputs import PoolInput
from asnrules.util.parallel import Progress
from asnrules.util.results import shown_briefly
from asnrules.util.text import Day


@shown_briefly
class Group(NamedTuple):
    """Candidates that have to go to one job."""

    candidates: list[str]
    """Their ids, sorted; with the type where one id has several, `c1000:background`."""
    exposures: int


def candidate_groups(
    engine: Engine,
    paths: Sequence[PoolInput],
    ruleset: str | None = None,
    as_of: Day | None = None,
    progress: Progress | None = None,
    *,
    declarations: Declarations | None = None,
    workers: int = 1,
) -> list[Group]:
    """Give the groups of candidates that separate runs can generate, the largest first.

    A run for each group, with its candidates selected, makes together what a run for all
    candidates makes: the same associations under the same names. Where exposures list only one
    candidate and associations are made for none as well, such runs do not: that is a PoolError.
    """
    evaluated = evaluate_pools(
        engine, paths, ruleset, as_of, progress, declarations=declarations, workers=workers
    )
    if evaluated.generation(Wanted()).discovers():
        raise PoolError(
            f"{', '.join(one.name for one in evaluated.pools)}: exposures that list one candidate "
            "alone also make associations for none, which runs of selected candidates do not; "
            "generate this pool in one run"
        )
    names = _names(evaluated.candidates.values())
    found = [
        Group(
            sorted(names[pool.candidate] for pool in group),
            len({place for pool in group for place in pool.places}),
        )
        for group in linked(evaluated.work, candidate_pools(evaluated.work, evaluated.candidates))
    ]
    return sorted(found, key=lambda group: (-group.exposures, group.candidates))


def _names(candidates: Iterable[Sequence[Pair]]) -> dict[Pair, str]:
    """Name each candidate as generate selects it: by its id, with its type if it has several."""
    pairs = dict.fromkeys(pair for found in candidates for pair in found)
    types = Counter(identifier for identifier, _ in pairs)
    return {pair: pair[0] if types[pair[0]] == 1 else qualified(pair) for pair in pairs}
