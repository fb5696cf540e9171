"""What other rulesets make of the exposures of a recorded run, and which changes turned it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from asnrules.associations.model import Association
from asnrules.catalog.changes import NamedChange
from asnrules.engine.candidates import hang_together, linked_exposures
from asnrules.engine.generation import Outcome, Wanted
from asnrules.errors import PoolError
from asnrules.impact.turning import Chain, Named, Once, Step
from asnrules.pools.evaluation import EvaluatedPools
from asnrules.record.compare import Content, Differences, content_of
from asnrules.record.queries.decisions import DecisionDifference, Place
from asnrules.record.write import recorded
from asnrules.rules.model import Ruleset
from asnrules.util.parallel import Progress


class Remade(NamedTuple):
    """What a ruleset makes of exposures."""

    associations: list[Association]
    """As they would be recorded."""
    memberships: dict[Place, int]
    """In how many of them each exposure is, by pool and position."""
    classes: dict[Place, str]


class Remake:
    """Makes the associations of some exposures of a run again, by any ruleset.

    Parameters
    ----------
    evaluated : EvaluatedPools
        All exposures of the run.
    wanted : Wanted
        The options of the run.
    pool_ids : sequence of int
        The keys of its pools.
    rulesets : sequence of Ruleset
        Those that are to be asked, and between which others may be.
    places : collection of Place, optional
        Exposures that matter; with them come all that may be linked with them. By default all.
    """

    def __init__(
        self,
        evaluated: EvaluatedPools,
        wanted: Wanted,
        pool_ids: Sequence[int],
        rulesets: Sequence[Ruleset],
        places: Collection[Place] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._evaluated = evaluated
        self._wanted = replace(wanted, diagnosed=False, explained=False)
        self._pool_ids = pool_ids
        self._progress = progress
        self._asked, self._expected = 0, len(rulesets)
        self._all = [(pool_ids[pool], row + 1) for pool, row in evaluated.exposures]
        self._places = [*range(len(self._all))]
        if places is not None and not self._hang_together(rulesets):
            self._places = self._linked(places)

    def _linked(self, wanted: Collection[Place]) -> list[int]:
        texts, names = (self._evaluated.work.column(name) for name in ("asn_candidate", "filename"))
        parts = linked_exposures(texts, self._evaluated.candidates, names)
        mattering = (part for part in parts if any(self._all[place] in wanted for place in part))
        return sorted(place for part in mattering for place in part)

    def _hang_together(self, rulesets: Iterable[Ruleset]) -> bool:
        for ruleset in rulesets:
            try:
                if hang_together(self._evaluated.under(ruleset).work):
                    return True
            except PoolError:
                pass
        return False

    def make(self, ruleset: Ruleset) -> Remade | None:
        """Give what a ruleset makes of them; None if it cannot evaluate the pools."""
        self._asked += 1
        if self._progress is not None:
            self._progress("rulesets", self._asked, max(self._asked, self._expected))
        try:
            part = self._evaluated.under(ruleset).part(self._places)
            outcome = self._outcome(part)
        except PoolError:
            return None
        own = [self._all[place] for place in self._places]
        memberships = outcome.memberships if outcome else [0] * len(own)
        return Remade(
            [
                recorded(one, part.exposures, self._pool_ids)
                for one in (outcome.associations if outcome else ())
            ],
            dict(zip(own, memberships, strict=True)),
            {
                place: judgement.exposure_class
                for place, judgement in zip(own, part.work.judgements, strict=True)
            },
        )

    def _outcome(self, part: EvaluatedPools) -> Outcome | None:
        texts = {text for text in part.work.column("asn_candidate") if text is not None}
        candidates = (pair for text in texts for pair in part.candidates[text])
        selection = self._wanted.selection.among(candidates)
        if selection is None:
            return None
        return part.generation(replace(self._wanted, selection=selection)).run()


class Turned(NamedTuple):
    """For each difference the changes of the chain that turned it, in the order of these."""

    decisions: list[Named]
    associations: list[Named]
    """Of what is removed, then of what is added, then of what is changed."""

    def all(self) -> list[tuple[str, tuple[NamedChange, ...]]]:
        """Give them with what each is of."""
        return [
            *(("decision", changes) for changes in self.decisions),
            *(("association", changes) for changes in self.associations),
        ]


def turned(
    chain: Chain | Step,
    make: Callable[[Ruleset], Remade | None],
    associations: Differences,
    decisions: Sequence[DecisionDifference] = (),
) -> Turned:
    """Find the changes that turned differences between the ends of a chain, or of a step of it."""
    pairs = [[content_of(one) for one in pair if one is not None] for pair in associations.pairs()]
    wanted = {content for contents in pairs for content in contents}
    places = {(one.pool_id, one.position) for one in decisions}
    # Of what each ruleset makes only that is kept which matters.
    seen = Once(lambda ruleset: _seen(make(ruleset), wanted, places))

    def turned_it(state: Callable[[_Seen], Hashable]) -> Named:
        return chain.turned(lambda ruleset: (one := seen(ruleset)) and state(one))

    return Turned(
        [turned_it(partial(_decided, one=one)) for one in decisions],
        [turned_it(partial(_counts, contents=contents)) for contents in pairs],
    )


class _Seen(NamedTuple):
    counts: Counter[Content]
    memberships: dict[Place, int]
    classes: dict[Place, str]


def _seen(made: Remade | None, wanted: set[Content], places: set[Place]) -> _Seen | None:
    if made is None:
        return None
    return _Seen(
        Counter(one for one in map(content_of, made.associations) if one in wanted),
        {place: made.memberships[place] for place in places},
        {place: made.classes[place] for place in places},
    )


def _decided(seen: _Seen, one: DecisionDifference) -> Hashable:
    """Give what of a decision differs, as far as rules decide it."""
    place = one.pool_id, one.position
    names = {field.field for field in one.fields}
    return (
        seen.classes[place] if "member_type" in names else None,
        seen.memberships[place] if "associations" in names else None,
    )


def _counts(seen: _Seen, contents: Sequence[Content]) -> Hashable:
    return tuple(seen.counts[content] for content in contents)
