"""Make the Stage 2 associations of pools, write them, and record the run."""

from __future__ import annotations

import datetime as dt
import getpass
import platform
import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine

from asnrules.associations.model import Association
from asnrules.associations.writer import check_names, written_files
from asnrules.catalog.classification import Classification
from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.engines import transaction
from asnrules.engine.candidates import Selection
from asnrules.engine.generation import Outcome, Wanted
from asnrules.errors import UsageError
from asnrules.pools.evaluation import EvaluatedPools, Progress, evaluate_pools, written_orphans
from asnrules.pools.inputs import PoolInput
from asnrules.record.record import Run
from asnrules.record.recorder import RunRecorder
from asnrules.util.environment import paused_collector
from asnrules.workflows.diagnostics import diagnostics_of


@dataclass(frozen=True, slots=True)
class Options:
    """How to generate.

    Attributes
    ----------
    ruleset, as_of : optional
        The executable ruleset, by label or by date; today's by default.
    candidates : sequence of str
        Ids of the candidates to work, `ID:TYPE` if an id has several types and not the first of
        them is meant; all of them by default.
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
    workers : int
        How many processes may share the work.
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
    workers: int = 1


class Orphan(NamedTuple):
    """An exposure that is in no association.

    Attributes
    ----------
    filename : str
        Its name.
    exp_type : str or None
        Its EXP_TYPE.
    reason : str
        Why it is in none.
    """

    filename: str
    exp_type: str | None
    reason: str


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
    orphans : list of Orphan
        The exposures that are in no association, by file name.
    made : sequence of Association
        The associations themselves.
    """

    run_id: int | None
    ruleset: str
    exposures: int
    associations: int
    unassociated: int
    files: list[str]
    diagnostics: list[str]
    by_rule: dict[tuple[str, str], int] = field(default_factory=dict)
    orphans: list[Orphan] = field(default_factory=list)
    made: Sequence[Association] = field(default=(), compare=False, repr=False)

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
            "orphans": [orphan._asdict() for orphan in self.orphans],
        }


def generate(
    engine: Engine,
    paths: Sequence[PoolInput],
    options: Options,
    progress: Progress | None = None,
    told: Callable[[int], None] | None = None,
) -> Report:
    """Make the associations of pools.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    paths : sequence
        Pool files, FITS files and tables, see `asnrules.pools.inputs.gather`; their exposures
        are worked together. `-` is standard input.
    options : Options
        How.
    progress : callable, optional
        Told how far the work is.
    told : callable, optional
        Told the id of the run once it is on record, even if an interrupt ends the call then.

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
    UsageError
        If the run is to be recorded under a draft.
    OutputError
        If the files cannot be written.
    DatabaseError
        If the run cannot be recorded; then no files are left either.
    """
    started = dt.datetime.now(dt.UTC)
    with paused_collector():
        wanted = wanted_by(options)
        if options.record and options.ruleset is not None:
            _refuse_draft(engine, options.ruleset)
        worked = evaluate_pools(
            engine, paths, options.ruleset, options.as_of, progress, workers=options.workers
        )
        outcome = make_associations(worked, wanted, progress)
        run = _run(options, worked, outcome, started)
        return _keep(RunRecorder(engine, told), options, worked, outcome, run, progress)


def make_associations(
    worked: EvaluatedPools, wanted: Wanted, progress: Progress | None = None
) -> Outcome:
    """Make the associations of judged pools.

    Raises
    ------
    NotFoundError
        If a selected candidate is not in the pools.
    PoolError
        If a value of a pool would make a name that is no plain file name.
    """
    generation = worked.generation(wanted)
    outcome = generation.run(progress and (lambda done, total: progress("candidates", done, total)))
    check_names(outcome.associations)
    return outcome


def _refuse_draft(engine: Engine, label: str) -> None:
    """Refuse to record a run under a draft: its rules may change, and the record would not say."""
    with transaction(engine) as connection:
        info = find_ruleset(connection, label)
    if info.status == "draft":
        raise UsageError(
            f"ruleset {label!r} is a draft, and no run is recorded under a draft; "
            "publish it, or use --no-record or --dry-run"
        )


def wanted_by(options: Options) -> Wanted:
    """Give what options want of the engine.

    Raises
    ------
    UsageError
        If the version id makes no file name.
    """
    version_id = options.version_id
    if version_id is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", version_id):
        raise UsageError(
            f"--version-id: {version_id[:80]!r} makes no file name; "
            "use up to 64 letters, digits, '.', '_', '+' and '-'"
        )
    ids = frozenset(name.lower() for name in options.candidates)
    return Wanted(
        selection=Selection(ids, options.dms),
        merge=options.merge,
        version_id=options.version_id,
        workers=options.workers,
    )


def _keep(
    recorder: RunRecorder,
    options: Options,
    worked: EvaluatedPools,
    outcome: Outcome,
    run: Run,
    progress: Progress | None,
) -> Report:
    """Write and record, both or neither."""
    _refuse_one_file_for_both(options, outcome.associations)
    files: list[Path] = []
    notes = [*worked.notes]
    run_id = None
    with ExitStack() as stack:
        if options.save_orphans is not None:
            stack.enter_context(
                written_orphans(
                    worked,
                    outcome.memberships,
                    options.save_orphans,
                    overwrite=options.overwrite,
                )
            )
        if options.output is not None:
            written = stack.enter_context(
                written_files(
                    options.output,
                    outcome.associations,
                    f"asnrules {run.software_version}, rules {worked.info.ruleset}",
                    overwrite=options.overwrite,
                    mark=recorder.mark(run) if options.record else None,
                    is_recorded=recorder.has,
                    waiting=progress and (lambda *times: progress("waiting for others", *times)),
                )
            )
            files = written.files
            notes += written.left_alone
            run = replace(run, diagnostics=[*run.diagnostics, *_undone(written.taken_back)])
        if options.record:
            # Committed inside the block of the files: if that fails, they go.
            run_id = recorder.record(run)
    return Report(
        run_id=run_id,
        ruleset=worked.info.ruleset,
        exposures=len(worked.exposures),
        associations=len(outcome.associations),
        unassociated=sum(count == 0 for count in outcome.memberships),
        files=[str(path) for path in files],
        diagnostics=[*notes, *run.diagnostics],
        by_rule=dict(Counter((one.asn_type, one.asn_rule) for one in outcome.associations)),
        orphans=_orphans(worked, outcome),
        made=outcome.associations,
    )


def _refuse_one_file_for_both(options: Options, associations: Sequence[Association]) -> None:
    orphans, output = options.save_orphans, options.output
    if orphans is None or output is None or orphans.parent.resolve() != output.resolve():
        return
    # On some systems capitals make no other file.
    name = orphans.name.lower()
    if any(name == f"{one.asn_name}.json".lower() for one in associations):
        raise UsageError(f"{orphans}: this run makes an association of that name; name another")


def _undone(count: int) -> list[str]:
    if not count:
        return []
    return [
        f"a run that was cut off before it was recorded had moved {count} files in the output "
        "folder; this is undone"
    ]


def _orphans(worked: EvaluatedPools, outcome: Outcome) -> list[Orphan]:
    work = worked.work
    classified: dict[int, Classification] = {}
    orphans = []
    for place, count in enumerate(outcome.memberships):
        if count:
            continue
        key = id(work.judgements[place])
        if key not in classified:
            classified[key] = worked.classifier.classify(work, place)
        found = classified[key]
        orphans.append(
            Orphan(
                filename=work.value(place, "filename") or "",
                exp_type=found.exp_type,
                reason=outcome.reasons.get(place, found.reason),
            )
        )
    return orphans


def _run(
    options: Options,
    worked: EvaluatedPools,
    outcome: Outcome,
    started: dt.datetime,
) -> Run:
    return Run(
        started_at=started,
        finished_at=dt.datetime.now(dt.UTC),
        operator=options.operator or user_name(),
        host=platform.node(),
        software_version=version("asnrules"),
        ruleset_id=worked.info.ruleset_id,
        options=_recorded_options(options),
        note=options.note,
        pools=worked.pools,
        exposures=worked.exposures,
        judgements=worked.work.judgements,
        classifications=worked.classifications() if options.record else {},
        memberships=outcome.memberships,
        reasons=outcome.reasons,
        associations=outcome.associations,
        diagnostics=diagnostics_of(worked, outcome),
    )


def user_name() -> str:
    """Give the name of the user who runs the program."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


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
