"""What `why` is asked: of an exposure, of two, or of an association."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from asnrules.catalog.vocabulary import unknown_exp_types
from asnrules.errors import UsageError
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.inputs import PoolInput
from asnrules.util.text import Day
from asnrules.workflows.explain import Explanation, explain_exposure
from asnrules.workflows.explain_association import (
    AssociationExplanation,
    explain_association,
    explain_recorded,
    is_association,
    named_association,
)
from asnrules.workflows.explain_pair import PairExplanation, explain_pair
from asnrules.workflows.explained import of_pool, of_run

Answer = Explanation | PairExplanation | AssociationExplanation


def why(
    engine: Engine,
    words: Sequence[PoolInput],
    run: int | None = None,
    ruleset: str | None = None,
    as_of: Day | None = None,
    declarations: Declarations | None = None,
    told: Callable[[str], None] | None = None,
) -> Answer:
    """Explain what the words name: a pool, and an exposure or two of it, or an association.

    With a run they name exposures of that, or an association; an association may stand alone.
    `told` is called with what was assumed of the pool, and what is near an unknown EXP_TYPE.
    """
    declarations = declarations or Declarations()
    words = [str(one) if isinstance(one, Path) else one for one in words]
    first, *others = words
    if run is not None or not others:
        declarations.refuse("leave them out")
    if not others and isinstance(first, str) and is_association(first):
        return explain_recorded(engine, first, run, ruleset, as_of)
    if run is None and not others:
        pool = first if isinstance(first, str) else "the pool"
        raise UsageError(f"why: name an exposure of {pool}, or an association; see --help")
    if run is not None and len(others) > 1:
        raise UsageError("why: --run stands in place of POOL; give one of them")
    if run is not None:
        of, named = of_run(engine, run, ruleset, as_of), words
    else:
        of, named = of_pool(engine, first, ruleset, as_of, declarations), others
    if told is not None:
        for note in of.evaluated.notes:
            told(note)
    if len(named) > 1:
        return explain_pair(of, *named)
    if is_association(named[0]):
        return explain_association(of, named_association(engine, named[0]))
    found = explain_exposure(of, named[0])
    if told is not None and found.classification.published is None:
        for note in unknown_exp_types(engine, filter(None, [found.classification.exp_type])):
            told(note)
    return found
