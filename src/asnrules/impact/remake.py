"""What rulesets make of some exposures of pools."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from asnrules.associations.model import Association
from asnrules.engine.candidates import hang_together, linked_exposures
from asnrules.engine.generation import Wanted
from asnrules.errors import PoolError
from asnrules.impact.turning import Once
from asnrules.pools.evaluation import EvaluatedPools
from asnrules.rules.model import Ruleset
from asnrules.util.parallel import Progress


class Remade(NamedTuple):
    """What a ruleset makes of exposures, which are numbered as they were given."""

    associations: Sequence[Association]
    memberships: Sequence[int]
    """In how many of them each exposure is."""
    classes: Sequence[str]
    """Of each exposure."""


class Remake:
    """Makes the associations of exposures again, by any ruleset.

    Parameters
    ----------
    evaluated : EvaluatedPools
        All exposures of the pools.
    rulesets : sequence of Ruleset
        Those that are to be asked, and between which others may be.
    keeps : bool
        Whether what each judges of all exposures is kept, as several parts are asked for.
    """

    def __init__(
        self,
        evaluated: EvaluatedPools,
        wanted: Wanted,
        rulesets: Sequence[Ruleset],
        progress: Progress | None = None,
        *,
        keeps: bool = False,
    ) -> None:
        self._evaluated = evaluated
        self._wanted = wanted
        self._rulesets = rulesets
        self._progress = progress
        self._asked = 0
        self._under = Once(self._judged) if keeps else self._judged

    def linked(self, places: Iterable[int]) -> tuple[int, ...]:
        """Give exposures, in canonical order, with all that any of the rules may link with them."""
        parts = {id(self._parts[place]): self._parts[place] for place in places}
        return tuple(sorted(chain.from_iterable(parts.values())))

    def make(self, ruleset: Ruleset, places: Sequence[int]) -> Remade | None:
        """Give what a ruleset makes of exposures; None if it cannot evaluate the pools."""
        self._asked += 1
        if self._progress is not None:
            self._progress("rulesets", self._asked, max(self._asked, len(self._rulesets)))
        pools = self._under(ruleset)
        if pools is None:
            return None
        part = pools.part(places)
        classes = [judgement.exposure_class for judgement in part.work.judgements]
        texts = {text for text in part.work.column("asn_candidate") if text is not None}
        wanted = self._wanted.again(pair for text in texts for pair in part.candidates[text])
        if wanted is None:
            return Remade((), [0] * len(places), classes)
        outcome = part.generation(wanted).run()
        return Remade(outcome.associations, outcome.memberships, classes)

    @cached_property
    def _parts(self) -> dict[int, Sequence[int]]:
        """From each exposure to those that it may depend on, by any of the rules."""
        work = self._evaluated.work
        everything = range(len(work.rows))
        under = map(self._under, self._rulesets)
        if any(one is not None and hang_together(one.work) for one in under):
            return dict.fromkeys(everything, everything)
        texts, names = (work.column(name) for name in ("asn_candidate", "filename"))
        parts = linked_exposures(texts, self._evaluated.candidates, names)
        return {place: part for part in parts for place in part}

    def _judged(self, ruleset: Ruleset) -> EvaluatedPools | None:
        try:
            return self._evaluated.under(ruleset)
        except PoolError:
            return None
