"""Pools read and judged by a ruleset: what generating and explaining start from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from asnrules.catalog.look_up import look_up
from asnrules.catalog.rulesets import EXECUTABLE, RulesetInfo, choose_ruleset, find_ruleset
from asnrules.catalog.vocabulary import keyword_names, special_keywords
from asnrules.database.engines import transaction
from asnrules.engine.conditions import condition_holds
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.order import canonical_order
from asnrules.engine.values import Row
from asnrules.engine.work import Work
from asnrules.errors import PoolError, UsageError
from asnrules.pools import Candidate, Pool, PoolSource, read_pool
from asnrules.pools.inputs import PoolInput, gather
from asnrules.pools.tables import TableSource, rendered
from asnrules.rules.model import Ruleset
from asnrules.util.atomic_files import sync, whole_file
from asnrules.workflows.classifier import Classification, Classifier
from asnrules.workflows.classify import load_rules

Progress = Callable[[str, int, int], None]
"""Called with the stage of work, what is done of it and all there is of it."""


@dataclass(frozen=True, slots=True)
class WorkedPools:
    """The exposures of pools together, in canonical order, judged by a ruleset.

    Attributes
    ----------
    info : RulesetInfo
        The executable ruleset.
    classifier : Classifier
        Of that ruleset and the published one that it implements.
    pools : list of Pool
        The pools.
    exposures : list of (int, int)
        For each exposure in canonical order: its pool, by place in `pools`, and its row there.
    work : Work
        The judged exposures.
    candidates : dict
        From asn_candidate text to its pairs of id and type.
    notes : list of str
        What there is to know about how the pools were made.
    """

    info: RulesetInfo
    classifier: Classifier
    pools: list[Pool]
    exposures: list[tuple[int, int]]
    work: Work
    candidates: dict[str, tuple[Candidate, ...]]
    notes: list[str]

    def generation(self, wanted: Wanted) -> Generation:
        """Make ready to make the associations."""
        names = [self.pools[pool].name for pool, _ in self.exposures]
        return Generation(self.work, self.candidates, names, wanted)

    def classifications(self) -> dict[int, Classification]:
        """Classify each distinct exposure: from the id of its judgement."""
        found: dict[int, Classification] = {}
        for place, judgement in enumerate(self.work.judgements):
            if id(judgement) not in found:
                found[id(judgement)] = self.classifier.classify(self.work, place)
        return found


def work_pools(
    engine: Engine,
    paths: Sequence[PoolInput],
    ruleset: str | None = None,
    as_of: dt.date | None = None,
    progress: Progress | None = None,
    *,
    workers: int = 1,
) -> WorkedPools:
    """Read pools and judge their exposures.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    paths : sequence
        The pool files, FITS files and tables, see `asnrules.pools.inputs.gather`; their
        exposures are worked together. `-` is standard input.
    ruleset, as_of : optional
        The executable ruleset, by label or by date; today's by default.
    progress : callable, optional
        Told how far the work is.
    workers : int
        How many processes may read the headers of FITS files.

    Raises
    ------
    PoolError
        If a pool is not one, or lacks a column that the rules need.
    UsageError
        If a pool is given twice.
    NotFoundError
        If there is no such ruleset.
    """
    rules = open_rules(engine, ruleset, as_of)
    gathered = gather(paths, ruleset=rules.ruleset, workers=workers, progress=progress)
    pools = _read(gathered.sources, rules.keywords, progress)
    return judge_pools(rules, pools, gathered.notes)


@dataclass(frozen=True, slots=True)
class Rules:
    """What pools are worked by.

    Attributes
    ----------
    info : RulesetInfo
        The executable ruleset.
    ruleset : Ruleset
        Its rules.
    classifier : Classifier
        Of it and the published one that it implements.
    keywords : list of str
        What rows of pools hold.
    """

    info: RulesetInfo
    ruleset: Ruleset
    classifier: Classifier
    keywords: list[str]


def open_rules(engine: Engine, ruleset: str | None = None, as_of: dt.date | None = None) -> Rules:
    """Read an executable ruleset from the catalog.

    Raises
    ------
    NotFoundError
        If there is no such ruleset.
    """
    with transaction(engine) as connection:
        info = choose_ruleset(connection, EXECUTABLE, ruleset, as_of)
        published = find_ruleset(connection, info.implements or "")
        modes = look_up(connection, published)
        specials = special_keywords(connection)
        rules, differences = load_rules(connection, info)
        keywords = keyword_names(connection)
    classifier = Classifier(published, modes, specials, rules, differences)
    return Rules(info, rules, classifier, keywords)


def judge_pools(rules: Rules, pools: list[Pool], notes: Sequence[str] = ()) -> WorkedPools:
    """Judge the exposures of pools, together.

    Parameters
    ----------
    rules : Rules
        From `open_rules`.
    pools : list of Pool
        Their rows hold the keywords of the rules.
    notes : sequence of str
        What there is to know about how they were made.

    Raises
    ------
    PoolError
        If a pool lacks a column that the rules need.
    """
    for pool in pools:
        check_columns(rules.ruleset, pool)
    rows = [row for pool in pools for row in pool.rows]
    origins = [(number, row) for number, pool in enumerate(pools) for row in range(len(pool.rows))]
    order = canonical_order(
        rows, rules.keywords.index("filename"), rules.keywords.index("asn_candidate")
    )
    ordered: list[Row] = [rows[place] for place in order]
    return WorkedPools(
        info=rules.info,
        classifier=rules.classifier,
        pools=pools,
        exposures=[origins[place] for place in order],
        work=Work.judged(rules.ruleset, rules.keywords, ordered),
        candidates={text: pairs for pool in pools for text, pairs in pool.candidates.items()},
        notes=list(notes),
    )


def check_columns(ruleset: Ruleset, pool: Pool) -> None:
    """Refuse a pool without a column that the rules cannot do without.

    Raises
    ------
    PoolError
        Naming the column.
    """
    for required in ruleset.required_columns:
        if required.column in pool.columns:
            continue
        for number, row in enumerate(pool.rows, 1):
            values = dict(zip(pool.keywords, row, strict=True))
            if required.condition is None or condition_holds(required.condition, values):
                because = "" if required.condition is None else f" ({required.condition.text})"
                raise PoolError(
                    f"{pool.name}: no column {required.column.upper()}, which the rules need for "
                    f"exposure {number}{because}; add the column"
                )


@contextmanager
def written_orphans(
    worked: WorkedPools, memberships: Sequence[int], path: Path, *, overwrite: bool
) -> Iterator[None]:
    """Write the exposures that are in no association as a pool, in canonical order.

    The file is there after the block, and not if the block fails.

    Parameters
    ----------
    worked : WorkedPools
        The exposures.
    memberships : sequence of int
        For each, in how many associations it is.
    path : Path
        The file. It has the columns that rules look at, as far as the pools have them.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    columns = [name for name in worked.work.places if any(name in p.columns for p in worked.pools)]
    columns.sort(key=lambda name: name != "filename")
    places = [worked.work.places[name] for name in columns]
    orphans = [
        [row[place] for place in places]
        for count, row in zip(memberships, worked.work.rows, strict=True)
        if count == 0
    ]
    with whole_file(path, overwrite=overwrite) as stream:
        stream.writelines(rendered(path.name, columns, orphans))
        # In the block a run is recorded: after that nothing is left to fail but its name.
        sync(stream)
        yield


def _read(
    paths: Sequence[PoolSource], keywords: Sequence[str], progress: Progress | None
) -> list[Pool]:
    pools: list[Pool] = []
    for path in paths:
        pool = read_pool(path, keywords, progress=_reading(path, progress))
        if any(other.sha256 == pool.sha256 for other in pools):
            raise UsageError(f"{pool.name}: the same pool is given twice; name it once")
        pools.append(pool)
    return pools


def _reading(path: PoolSource, progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None or isinstance(path, TableSource) or not Path(path).is_file():
        return None
    size = Path(path).stat().st_size
    return lambda done: progress("bytes", done, size)
