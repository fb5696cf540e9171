"""What rulesets make of some exposures of pools, and which changes turned it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

from asnrules.associations.comparison import FieldDifference
from asnrules.associations.model import Association
from asnrules.catalog.changes import NamedChange
from asnrules.engine.candidates import hang_together, linked_exposures
from asnrules.engine.generation import Wanted
from asnrules.errors import PoolError
from asnrules.impact.turning import Chain, Named, RulesetCache, Step
from asnrules.pools.evaluation import EvaluatedPools
from asnrules.record.compare import Content, content_of
from asnrules.rules.model import Ruleset
from asnrules.util.parallel import Progress


@dataclass(frozen=True)
class Remade:
    """What a ruleset makes of exposures, which are numbered as they were given."""

    associations: Sequence[Association]
    memberships: Sequence[int] = ()
    """In how many of them each exposure is."""
    classes: Sequence[str] = ()
    """Of each exposure."""

    @cached_property
    def counts(self) -> Counter[Content]:
        """How often each association is made, whatever its number."""
        return Counter(map(content_of, self.associations))


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
        judged: Callable[[Ruleset], EvaluatedPools | None] = self._judged
        self._under = RulesetCache(judged) if keeps else judged

    def linked(self, places: Iterable[int]) -> tuple[int, ...]:
        """Give exposures, in canonical order, with all that any of the rules may link with them."""
        parts = {id(self._parts[place]): self._parts[place] for place in places}
        return tuple(sorted(chain.from_iterable(parts.values())))

    def make(
        self, ruleset: Ruleset, places: Sequence[int], wanted: Wanted | None = None
    ) -> Remade | None:
        """Give what a ruleset makes of exposures; None if it cannot evaluate the pools.

        If nothing else is wanted of these, what is wanted of all.
        """
        self._asked += 1
        if self._progress is not None:
            self._progress("rulesets", self._asked, max(self._asked, len(self._rulesets)))
        pools = self._under(ruleset)
        if pools is None:
            return None
        part = pools.part(places)
        classes = [judgement.exposure_class for judgement in part.work.judgements]
        texts = {text for text in part.work.column("asn_candidate") if text is not None}
        wanted = (wanted or self._wanted).again(
            pair for text in texts for pair in part.candidates[text]
        )
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


class Turned(NamedTuple):
    """For each difference the changes of the chain that turned it, in the order of these."""

    decisions: list[Named]
    associations: list[Named]

    def all(self) -> Iterator[tuple[str, tuple[NamedChange, ...]]]:
        """Give them with what each is of."""
        yield from (("decision", changes) for changes in self.decisions)
        yield from (("association", changes) for changes in self.associations)


def turned(
    steps: Chain | Step,
    make: Callable[[Ruleset], Remade | None],
    pairs: Sequence[Iterable[Association | None]],
    decisions: Sequence[tuple[int, Sequence[FieldDifference]]] = (),
) -> Turned:
    """Find the changes that turned differences between the ends of a chain, or of a step of it.

    A pair is what was and what is; what comes or goes has only one of these. A decision is that on
    the exposure of a number, see `Remade`.
    """
    contents = [[content_of(one) for one in pair if one is not None] for pair in pairs]
    count = len(decisions) + len(contents)

    def states(ruleset: Ruleset) -> Sequence[Hashable]:
        """Give, of what a ruleset makes, what matters for each difference."""
        made = make(ruleset)
        if made is None:
            return [None] * count
        return [
            *(_decided(made, place, fields) for place, fields in decisions),
            *(tuple(made.counts[content] for content in pair) for pair in contents),
        ]

    asked = RulesetCache(states)

    def state(ruleset: Ruleset, at: int) -> Hashable:
        return asked(ruleset)[at]

    found = [steps.turned(partial(state, at=at)) for at in range(count)]
    return Turned(found[: len(decisions)], found[len(decisions) :])


def _decided(made: Remade, place: int, fields: Sequence[FieldDifference]) -> Hashable:
    """Give what of a decision differs, as far as rules decide it."""
    names = {field.field for field in fields}
    return (
        made.classes[place] if "member_type" in names else None,
        made.memberships[place] if "associations" in names else None,
    )
