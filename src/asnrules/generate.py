"""Make the Stage 2 associations of pools, write them, and record the run."""

from __future__ import annotations

import datetime as dt
import getpass
import platform
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from asnrules.associations.files import check_names, written_files
from asnrules.audit.record import Run, record_run
from asnrules.catalog.rulesets import EXECUTABLE, RulesetInfo, choose_ruleset, find_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.classify import Classification, Classifier, load_classifier
from asnrules.database.engines import transaction
from asnrules.engine.candidates import Selection
from asnrules.engine.conditions import condition_holds
from asnrules.engine.drafts import Work
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.engine.model import Ruleset
from asnrules.engine.order import canonical_order
from asnrules.engine.values import Row
from asnrules.errors import PoolError, UsageError
from asnrules.pools import Candidate, Pool, read_pool

Progress = Callable[[str, int, int], None]
"""Called with the stage of work, what is done of it and all there is of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to generate.

    Attributes
    ----------
    ruleset, as_of : optional
        The executable ruleset, by label or by date; today's by default.
    candidates : sequence of str
        Ids of the candidates to work; all of them by default.
    dms : bool
        With candidates: see `asnrules.engine.candidates.Selection`.
    merge : bool
        Whether associations of one type and candidate are merged into one file.
    version_id : str or None
        To be put into names and files.
    save_orphans : Path or None
        A pool file to be made of the exposures that are in no association.
    output : Path or None
        Where files are written; None writes none.
    record : bool
        Whether the run is recorded.
    overwrite : bool
        Whether different files of the same names may be replaced.
    operator, note : str or None
        Who, and free text, for the record; the operator is the user by default.
    """

    ruleset: str | None = None
    as_of: dt.date | None = None
    candidates: Sequence[str] = ()
    dms: bool = False
    merge: bool = False
    version_id: str | None = None
    save_orphans: Path | None = None
    output: Path | None = None
    record: bool = True
    overwrite: bool = False
    operator: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    Attributes
    ----------
    run_id : int or None
        The id of the recorded run; None if it was not recorded.
    ruleset : str
        The label of the executable ruleset.
    exposures, associations, unassociated : int
        How many exposures there were, associations were made, and exposures are in none.
    files : list of str
        The files written, in the order of the associations.
    diagnostics : list of str
        What else there is to know.
    by_rule : dict
        From asn_type and asn_rule to the number of associations.
    """

    run_id: int | None
    ruleset: str
    exposures: int
    associations: int
    unassociated: int
    files: list[str]
    diagnostics: list[str]
    by_rule: dict[tuple[str, str], int] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "run_id": self.run_id,
            "ruleset": self.ruleset,
            "exposures": self.exposures,
            "associations": self.associations,
            "unassociated": self.unassociated,
            "files": self.files,
            "diagnostics": self.diagnostics,
        }


@dataclass(frozen=True, slots=True)
class _Input:
    """The exposures of all pools together, in canonical order."""

    pools: list[Pool]
    exposures: list[tuple[int, int]]
    rows: list[Row]
    candidates: dict[str, tuple[Candidate, ...]]

    @property
    def pool_names(self) -> list[str]:
        return [self.pools[pool].name for pool, _ in self.exposures]


def generate(
    engine: Engine,
    paths: Sequence[str],
    options: Options,
    progress: Progress | None = None,
) -> Report:
    """Make the associations of pools.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    paths : sequence of str
        The pool files; their exposures are worked together. `-` is standard input.
    options : Options
        How.
    progress : callable, optional
        Told how far the work is.

    Returns
    -------
    Report
        What it came to.

    Raises
    ------
    PoolError
        If a pool is not one, or lacks a column that the rules need.
    NotFoundError
        If there is no such ruleset.
    OutputError
        If the files cannot be written.
    DatabaseError
        If the run cannot be recorded; then no files are left either.
    """
    started = dt.datetime.now(dt.UTC)
    with transaction(engine) as connection:
        info = choose_ruleset(connection, EXECUTABLE, options.ruleset, options.as_of)
        published = find_ruleset(connection, info.implements or "")
        classifier = load_classifier(connection, info, published)
        keywords = keyword_names(connection)
    ruleset = classifier.ruleset
    if ruleset is None:
        raise TypeError("an executable ruleset makes a classifier with rules")
    given = _read(paths, keywords, progress)
    for pool in given.pools:
        check_columns(ruleset, pool)
    work = Work.judged(ruleset, keywords, given.rows)
    generation = Generation(work, given.candidates, given.pool_names, _wanted(options))
    outcome = generation.run(progress and (lambda done, total: progress("candidates", done, total)))
    check_names(outcome.associations)
    return _keep(engine, options, info, classifier, given, work, outcome, started)


def _wanted(options: Options) -> Wanted:
    ids = frozenset(name.lower() for name in options.candidates)
    return Wanted(
        selection=Selection(ids, options.dms), merge=options.merge, version_id=options.version_id
    )


def _keep(
    engine: Engine,
    options: Options,
    info: RulesetInfo,
    classifier: Classifier,
    given: _Input,
    work: Work,
    outcome: Outcome,
    started: dt.datetime,
) -> Report:
    """Write and record, both or neither."""
    files: list[Path] = []
    run_id = None
    diagnostics = [*_oddities(given), *_order_dependence(work, outcome)]
    with ExitStack() as stack:
        if options.record:
            # The transaction is committed inside the block of the files: if that fails, they go.
            run = Run(
                started_at=started,
                finished_at=dt.datetime.now(dt.UTC),
                operator=options.operator or _user(),
                host=platform.node(),
                software_version=version("asnrules"),
                ruleset_id=info.ruleset_id,
                options=_recorded_options(options),
                note=options.note,
                pools=given.pools,
                exposures=given.exposures,
                judgements=work.judgements,
                classifications=_classifications(classifier, work),
                memberships=outcome.memberships,
                reasons=outcome.reasons,
                associations=outcome.associations,
                diagnostics=diagnostics,
            )
        if options.output is not None:
            code_version = f"asnrules {version('asnrules')}, rules {info.ruleset}"
            files = stack.enter_context(
                written_files(
                    options.output,
                    outcome.associations,
                    code_version,
                    overwrite=options.overwrite,
                )
            )
        if options.record:
            with transaction(engine, writing=True) as connection:
                run_id = record_run(connection, run)
    by_rule: dict[tuple[str, str], int] = {}
    for association in outcome.associations:
        key = (association.asn_type, association.asn_rule)
        by_rule[key] = by_rule.get(key, 0) + 1
    return Report(
        run_id=run_id,
        ruleset=info.ruleset,
        exposures=len(given.rows),
        associations=len(outcome.associations),
        unassociated=sum(count == 0 for count in outcome.memberships),
        files=[str(path) for path in files],
        diagnostics=diagnostics,
        by_rule=by_rule,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


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


def _read(paths: Sequence[str], keywords: Sequence[str], progress: Progress | None) -> _Input:
    pools: list[Pool] = []
    for path in paths:
        pool = read_pool(path, keywords, progress=_reading(path, progress))
        if any(other.sha256 == pool.sha256 for other in pools):
            raise UsageError(f"{path}: the same pool is given twice; name it once")
        pools.append(pool)
    rows = [row for pool in pools for row in pool.rows]
    origins = [(number, row) for number, pool in enumerate(pools) for row in range(len(pool.rows))]
    order = canonical_order(rows, list(keywords).index("filename"))
    candidates: dict[str, tuple[Candidate, ...]] = {}
    for pool in pools:
        candidates |= pool.candidates
    return _Input(
        pools, [origins[place] for place in order], [rows[place] for place in order], candidates
    )


def _reading(path: str, progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None or not Path(path).is_file():
        return None
    size = Path(path).stat().st_size
    return lambda done: progress("bytes", done, size)


def _classifications(classifier: Classifier, work: Work) -> dict[int, Classification]:
    found: dict[int, Classification] = {}
    for place, judgement in enumerate(work.judgements):
        if id(judgement) not in found:
            found[id(judgement)] = classifier.classify(work, place)
    return found


def _oddities(given: _Input) -> list[str]:
    """Say what is odd about the pools but no error."""
    marks = ("#!", "@!")
    unexpanded = sum(text.startswith(marks) for pool in given.pools for text in pool.candidates)
    if unexpanded:
        return ["some ASN_CANDIDATE cells hold a template mark; their exposures have no candidate"]
    return []


def _order_dependence(work: Work, outcome: Outcome) -> list[str]:
    """Name the exposures for which jwst's answer depends on the order of the rows."""
    lines = []
    for found in outcome.order_dependent:
        names = sorted({work.value(place, "filename") or "" for place in found.places})
        lines.append(
            f"{found.rule.name}, candidate {found.candidate[0]}: jwst's answer depends on the "
            f"order of the rows of {', '.join(names)}; here it is that for the order of file names"
        )
    return sorted(lines)


def _recorded_options(options: Options) -> dict[str, Any]:
    return {
        "as_of": options.as_of and options.as_of.isoformat(),
        "output": options.output is not None,
        "candidates": sorted(options.candidates),
        "dms": options.dms,
        "merge": options.merge,
        "ruleset": options.ruleset,
        "version_id": options.version_id,
    }
