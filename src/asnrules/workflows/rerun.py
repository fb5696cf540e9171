"""What is on record of a run, and its pools evaluated again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

from sqlalchemy import Connection

from asnrules.associations.model import Association
from asnrules.catalog.classification import Classifier, load_classifier
from asnrules.catalog.rulesets import RulesetInfo
from asnrules.catalog.vocabulary import keyword_names
from asnrules.engine.generation import Wanted
from asnrules.errors import UsageError
from asnrules.pools import Pool
from asnrules.pools.evaluation import evaluate
from asnrules.record.compare import Associations, Numbered
from asnrules.record.pools import Place, pool_ids_of, stored_pools, unrecorded
from asnrules.record.queries.associations import RecordedAssociations
from asnrules.record.queries.decisions import Decision, decisions_in
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import RecordedRun, details_of
from asnrules.record.write import recorded
from asnrules.util.parallel import Progress


@dataclass(frozen=True, slots=True)
class OnRecord:
    """What is on record of a run."""

    run: RecordedRun
    keywords: Sequence[str]
    pools: list[Pool]
    pool_ids: list[int]
    details: Mapping[str, Any]
    associations: Associations
    decisions: Iterable[tuple[Place, Decision]]

    @classmethod
    def read(
        cls,
        connection: Connection,
        run: RecordedRun,
        keywords: Sequence[str],
        progress: Progress | None = None,
    ) -> Self:
        """Read it as long as the connection is open, and what is much when it is asked for."""
        told = progress and partial(progress, "exposures")
        return cls(
            run,
            keywords,
            stored_pools(connection, run.run_id, keywords, told),
            pool_ids_of(connection, run.run_id),
            details_of(Reader(connection), run.run_id),
            RecordedAssociations(connection, run.run_id),
            decisions_in(connection, run.run_id),
        )

    def in_memory(self) -> Self:
        """Read the rest as well."""
        associations, decisions = Numbered(self.associations), list(self.decisions)
        return replace(self, associations=associations, decisions=decisions)


class Rerun:
    """A recorded run whose pools are evaluated again; a PoolError if the rules cannot do it."""

    def __init__(self, before: OnRecord, classifier: Classifier) -> None:
        self.diagnostics: list[str] = before.details["diagnostics"]
        """What the operator was told."""
        self.wanted = Wanted.by(before.details["options"])
        self.evaluated = evaluate(classifier, before.keywords, before.pools)
        self.places: list[Place] = [
            (before.pool_ids[pool], row + 1) for pool, row in self.evaluated.exposures
        ]
        """Where each exposure, in canonical order, is on record."""

    @classmethod
    def of(
        cls, connection: Connection, run: RecordedRun, info: RulesetInfo, *, whole: bool
    ) -> Self:
        """Evaluate the pools of a run again by rules.

        If `whole`, all that any rules look at has to be on record. What is not there is a
        UsageError.
        """
        keywords = keyword_names(connection)
        if not run.pools:
            raise UsageError(f"the pool of run {run.run_id} is not on record")
        if whole and (lost := unrecorded(connection, run.run_id, keywords)):
            names = ", ".join(lost).upper()
            raise UsageError(
                f"{names} of the pool of run {run.run_id} was not recorded; generate again"
            )
        return cls(OnRecord.read(connection, run, keywords), load_classifier(connection, info))

    def recorded(
        self, made: Iterable[Association], places: Sequence[int] | None = None
    ) -> Iterator[Association]:
        """Give associations of all exposures, or of some, as they would be recorded."""
        known = self.places if places is None else [self.places[place] for place in places]
        return (recorded(one, known) for one in made)
