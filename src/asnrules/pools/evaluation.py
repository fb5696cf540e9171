"""Load pools and evaluate their exposures by a ruleset."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from asnrules.catalog.classification import Classification, Classifier, load_classifier
from asnrules.catalog.rulesets import RULES, RulesetInfo, choose_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.engine.conditions import condition_holds, known_values
from asnrules.engine.exposures import Work, canonical_order
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.signatures import Judgement
from asnrules.errors import PoolError, UsageError
from asnrules.pools import Candidate, Pool, PoolSource, read_pool
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.inputs import PoolInput, gather
from asnrules.pools.tables import TableSource
from asnrules.rules.model import Ruleset
from asnrules.util.atomic_files import sync, whole_file
from asnrules.util.parallel import Progress
from asnrules.util.text import Day


class Origins:
    """Where exposures come from, by place: pairs of a pool, by its place, and a row there."""

    def __init__(self, pairs: Iterable[tuple[int, int]]) -> None:
        # A pair of objects for each exposure would take a tenth of the memory of a run.
        self.pools, self.rows = array("L"), array("L")
        for pool, row in pairs:
            self.pools.append(pool)
            self.rows.append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self.pools, self.rows, strict=True)

    def part(self, places: Sequence[int]) -> Origins:
        """Give those of some exposures."""
        return Origins((self.pools[place], self.rows[place]) for place in places)


@dataclass(frozen=True, slots=True)
class EvaluatedPools:
    """The exposures of pools together, in canonical order, evaluated by a ruleset."""

    classifier: Classifier
    pools: list[Pool]
    exposures: Origins
    """For each exposure in canonical order, its pool and its row there."""
    work: Work
    candidates: dict[str, tuple[Candidate, ...]]
    """From the text of an asn_candidate cell to its pairs of id and type."""
    notes: Sequence[str]
    """Notes on how the pools were made."""
    _classified: dict[Judgement, Classification] = field(default_factory=dict)

    @property
    def info(self) -> RulesetInfo:
        """The rules."""
        return self.classifier.info

    def generation(self, wanted: Wanted) -> Generation:
        """Prepare to make the associations."""
        names = [self.pools[pool].name for pool in self.exposures.pools]
        return Generation(self.work, self.candidates, names, wanted)

    def classification(self, place: int) -> Classification:
        """Classify an exposure, each distinct one once."""
        judgement = self.work.judgements[place]
        found = self._classified.get(judgement)
        if found is None:
            found = self._classified[judgement] = self.classifier.classify(self.work, place)
        return found

    def part(self, places: Sequence[int]) -> EvaluatedPools:
        """Give some of the exposures, in canonical order, judged as they are here."""
        return replace(self, exposures=self.exposures.part(places), work=self.work.part(places))

    def under(self, ruleset: Ruleset) -> EvaluatedPools:
        """Give the exposures judged by another ruleset, to make associations; not to classify.

        A pool that lacks a column that those rules need is a PoolError.
        """
        for pool in self.pools:
            check_columns(ruleset, pool)
        work = self.work
        others: list[int] = []
        if all(len(pool.others) == len(pool.rows) for pool in self.pools):
            others = [self.pools[pool].others[row] for pool, row in self.exposures]
        return replace(self, work=Work.judged(ruleset, [*work.places], work.rows, others))

    def classifications(self) -> dict[Judgement, Classification]:
        """Classify each distinct exposure."""
        for place in range(len(self.work.judgements)):
            self.classification(place)
        return self._classified


def evaluate_pools(
    engine: Engine,
    paths: Sequence[PoolInput],
    ruleset: str | None = None,
    as_of: Day | None = None,
    progress: Progress | None = None,
    *,
    declarations: Declarations | None = None,
    workers: int = 1,
) -> EvaluatedPools:
    """Read pools, FITS files and tables (see `gather`), and evaluate their exposures together.

    It is a PoolError if a pool is not valid or lacks a column that the rules need, a UsageError if
    one is given twice.
    """
    with transaction(engine) as connection:
        info = choose_ruleset(connection, RULES, ruleset, as_of)
        classifier = load_classifier(connection, info)
        keywords = keyword_names(connection)
    gathered = gather(
        paths,
        declarations=declarations,
        ruleset=classifier.ruleset,
        workers=workers,
        progress=progress,
    )
    pools: list[Pool] = []
    compares = classifier.ruleset.settings.taken_once != "file"
    for source in gathered.sources:
        pool = read_pool(source, keywords, progress=_reading(source, progress), compares=compares)
        if any(other.sha256 == pool.sha256 for other in pools):
            raise UsageError(f"{pool.name}: the same pool is given twice; name it once")
        pools.append(pool)
    return evaluate(classifier, keywords, pools, gathered.notes)


def evaluate(
    classifier: Classifier, keywords: Sequence[str], pools: list[Pool], notes: Sequence[str] = ()
) -> EvaluatedPools:
    """Evaluate the exposures of pools, whose rows hold the keywords, together.

    A pool that lacks a column that the rules need is a PoolError.
    """
    for pool in pools:
        check_columns(classifier.ruleset, pool)
    rows = [row for pool in pools for row in pool.rows]
    others = [other for pool in pools for other in pool.others]
    origins = Origins(
        (number, row) for number, pool in enumerate(pools) for row in range(len(pool.rows))
    )
    order = canonical_order(rows, keywords.index("filename"), keywords.index("asn_candidate"))
    return EvaluatedPools(
        classifier,
        pools,
        exposures=origins.part(order),
        work=Work.judged(
            classifier.ruleset,
            keywords,
            [rows[place] for place in order],
            [others[place] for place in order] if len(others) == len(rows) else (),
        ),
        candidates={text: pairs for pool in pools for text, pairs in pool.candidates.items()},
        notes=notes,
    )


def check_columns(ruleset: Ruleset, pool: Pool) -> None:
    """Refuse a pool without a column that the rules cannot do without, by a PoolError."""
    for required in ruleset.required_columns:
        if required.column in pool.columns:
            continue
        for number, row in enumerate(pool.rows, 1):
            values = known_values(ruleset, dict(zip(pool.keywords, row, strict=True)))
            if required.condition is None or condition_holds(required.condition, values):
                because = "" if required.condition is None else f" ({required.condition.text})"
                raise PoolError(
                    f"{pool.name}: no column {required.column.upper()}, which the rules need for "
                    f"exposure {number}{because}; add the column"
                )


@contextmanager
def written_orphans(
    evaluated: EvaluatedPools, memberships: Sequence[int], path: Path, *, overwrite: bool
) -> Iterator[None]:
    """Write the unassociated exposures as a pool, which is there unless the block fails.

    It has the columns that rules look at, as far as the pools have them. `memberships` tells for
    each exposure in how many associations it is. If it cannot be written it is an OutputError.
    """
    work = evaluated.work
    columns = [name for name in work.places if any(name in p.columns for p in evaluated.pools)]
    columns.sort(key=lambda name: name != "filename")
    places = [work.places[name] for name in columns]
    orphans = [
        [row[place] for place in places]
        for count, row in zip(memberships, work.rows, strict=True)
        if count == 0
    ]
    with whole_file(path, overwrite=overwrite) as stream:
        stream.writelines(TableSource(path.name, columns, orphans).blocks())
        # In the block a run is recorded: after that nothing is left to fail but its name.
        sync(stream)
        yield


def _reading(source: PoolSource, progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None or isinstance(source, TableSource) or not Path(source).is_file():
        return None
    size = Path(source).stat().st_size
    return lambda done: progress("bytes", done, size)
