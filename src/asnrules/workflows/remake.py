"""Recorded runs made again, by their own rules or others, and which changes turned what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import Connection

from asnrules.associations.comparison import FieldDifference
from asnrules.associations.model import Association
from asnrules.catalog.changes import NamedChange
from asnrules.catalog.classification import Classifier
from asnrules.engine.generation import Wanted
from asnrules.impact.remake import Remade
from asnrules.impact.turning import Chain, Named, Once, Step
from asnrules.pools.evaluation import evaluate
from asnrules.record.compare import Differences, content_of
from asnrules.record.pools import pool_ids_of, stored_pools
from asnrules.record.queries.decisions import Place
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import RecordedRun, details_of
from asnrules.record.write import recorded
from asnrules.rules.model import Ruleset
from asnrules.util.parallel import Progress


class Rerun:
    """A recorded run whose pools are evaluated again; a PoolError if the rules cannot do it."""

    def __init__(
        self,
        connection: Connection,
        run: RecordedRun,
        classifier: Classifier,
        keywords: Sequence[str],
        progress: Progress | None = None,
    ) -> None:
        told = progress and partial(progress, "exposures")
        pools = stored_pools(connection, run.run_id, keywords, told)
        details = details_of(Reader(connection), run.run_id)
        self.diagnostics: list[str] = details["diagnostics"]
        """What the operator was told."""
        self.wanted = Wanted.by(details["options"])
        self._pool_ids = pool_ids_of(connection, run.run_id)
        self.evaluated = evaluate(classifier, keywords, pools)
        self.places: list[Place] = [
            (self._pool_ids[pool], row + 1) for pool, row in self.evaluated.exposures
        ]
        """Where each exposure, in canonical order, is on record."""

    def recorded(
        self, made: Iterable[Association], places: Sequence[int] | None = None
    ) -> Iterator[Association]:
        """Give associations of all exposures, or of some, as they would be recorded."""
        exposures = self.evaluated.exposures
        if places is not None:
            exposures = [exposures[place] for place in places]
        return (recorded(one, exposures, self._pool_ids) for one in made)


class Turned(NamedTuple):
    """For each difference the changes of the chain that turned it, in the order of these."""

    decisions: list[Named]
    associations: list[Named]
    """Of what is removed, then of what is added, then of what is changed."""

    def all(self) -> Iterator[tuple[str, tuple[NamedChange, ...]]]:
        """Give them with what each is of."""
        yield from (("decision", changes) for changes in self.decisions)
        yield from (("association", changes) for changes in self.associations)


def turned(
    chain: Chain | Step,
    make: Callable[[Ruleset], Remade | None],
    associations: Differences,
    decisions: Sequence[tuple[int, Sequence[FieldDifference]]] = (),
) -> Turned:
    """Find the changes that turned differences between the ends of a chain, or of a step of it.

    A decision is that on the exposure of a number, see `Remade`.
    """
    pairs = [[content_of(one) for one in pair if one is not None] for pair in associations.pairs()]
    wanted = {content for contents in pairs for content in contents}
    count = len(decisions) + len(pairs)

    def states(ruleset: Ruleset) -> Sequence[Hashable]:
        """Give, of what a ruleset makes, what matters for each difference."""
        made = make(ruleset)
        if made is None:
            return [None] * count
        counts = Counter(one for one in map(content_of, made.associations) if one in wanted)
        return [
            *(_decided(made, place, fields) for place, fields in decisions),
            *(tuple(counts[content] for content in contents) for contents in pairs),
        ]

    asked = Once(states)
    found = [chain.turned(lambda ruleset, at=at: asked(ruleset)[at]) for at in range(count)]
    return Turned(found[: len(decisions)], found[len(decisions) :])


def _decided(made: Remade, place: int, fields: Sequence[FieldDifference]) -> Hashable:
    """Give what of a decision differs, as far as rules decide it."""
    names = {field.field for field in fields}
    return (
        made.classes[place] if "member_type" in names else None,
        made.memberships[place] if "associations" in names else None,
    )
