"""Make the Stage 2 associations of pools, write them, and record the run."""

from __future__ import annotations

import datetime as dt
import getpass
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Engine

from asnrules.associations.model import Association, Member
from asnrules.associations.needs import Need, needs_of
from asnrules.associations.writer import check_names, written_files
from asnrules.catalog.rulesets import RulesetInfo, find_ruleset
from asnrules.catalog.vocabulary import unknown_exp_types
from asnrules.database.engines import transaction
from asnrules.engine.generation import Outcome, Wanted
from asnrules.engine.signatures import EXP_TYPE
from asnrules.errors import UsageError
from asnrules.pools.evaluation import EvaluatedPools, evaluate_pools, written_orphans
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.inputs import PoolInput
from asnrules.record.write import Run, RunRecorder
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Progress, Workers, processes
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import Day
from asnrules.workflows.diagnostics import diagnostics_of
from asnrules.workflows.sharing import shared

_DRAFT = "publish it, or use --no-record or --dry-run"


@shown_briefly
@dataclass(frozen=True, slots=True)
class Options:
    """How to generate."""

    ruleset: str | None = None
    """The label of the rules; by default those in force today."""
    as_of: Day | None = None
    """The rules in force on this day instead."""
    declarations: Declarations = field(default_factory=Declarations)
    """What is declared of FITS files."""
    candidates: Sequence[str] = ()
    """Ids of candidates; `ID:TYPE` if an id has several types and the first is not meant. By
    default all candidates of the pools."""
    dms: bool = False
    """With candidates: see `asnrules.engine.candidates.Selection`."""
    merge: bool = False
    """Whether associations of one type and candidate become one file."""
    version_id: str | None = None
    """Stands in names and files."""
    save_orphans: Path | str | None = None
    """Where the unassociated exposures are written as a pool."""
    output: Path | str | None = None
    """The folder for association files; None writes none."""
    record: bool = True
    """Whether the run is recorded."""
    overwrite: bool = False
    """Whether different files of the same names may be replaced."""
    operator: str | None = None
    """For the record; by default the user."""
    note: str | None = None
    """Kept in the record."""
    needs: bool = False
    """Whether the report lists the files that the associations need on disk."""
    workers: Workers = 1
    """How many processes may share the work, or a `DaskCluster` that does it."""

    def recorded(self) -> dict[str, Any]:
        """Give what is recorded of them."""
        return {
            "as_of": self.as_of and str(self.as_of),
            "output": self.output is not None,
            "candidates": sorted(self.candidates),
            "dms": self.dms,
            "merge": self.merge,
            "ruleset": self.ruleset,
            "version_id": self.version_id,
            **self.declarations.recorded(),
        }


@shown_briefly
class Orphan(NamedTuple):
    """An unassociated exposure, and why it is in no association."""

    filename: str
    exp_type: str | None
    reason: str


@shown_briefly
@dataclass(frozen=True, slots=True)
class Report(Tabular):
    """What a run came to."""

    COLUMNS: ClassVar = (
        "asn_name", "asn_type", "asn_rule", "asn_id", "program", "target", "product",
        "expname", "exptype", "exposerr",
    )  # fmt: skip

    run_id: int | None
    """None if it was not recorded."""
    ruleset: str
    exposures: int
    associations: int
    unassociated: int
    """How many of each there are."""
    files: list[str]
    """The files written, in the order of the associations."""
    diagnostics: list[str]
    """Warnings for the operator."""
    by_rule: dict[tuple[str, str], int] = field(default_factory=dict)
    """From asn_type and asn_rule to the number of associations."""
    orphans: list[Orphan] = field(default_factory=list)
    """By file name."""
    needs: Sequence[Need] = field(default=(), compare=False, repr=False)
    """The files that the associations need on disk, if that was asked."""
    made: Sequence[Association] = field(default=(), compare=False, repr=False)
    """The associations themselves."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each member of each association as a record."""
        for one in self.made:
            association = {name: getattr(one, name) for name in self.COLUMNS[:6]}
            for product, member in one.placed:
                yield {**association, "product": product, **member.document()}

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
    """Make the associations of pools, write them, and record the run, as the options say.

    For the paths see `asnrules.pools.inputs.gather`; the exposures of all come together. `told` is
    called with the id of the run once it is on record, even if an interrupt ends the call. If the
    run cannot be recorded, no files are left either.
    """
    started = dt.datetime.now(dt.UTC)
    with paused_collector():
        _refuse_no_file_name(options.version_id)
        if options.record and options.ruleset is not None:
            with transaction(engine) as connection:
                refuse_draft(find_ruleset(connection, options.ruleset), _DRAFT)
        evaluated = evaluate_pools(
            engine,
            paths,
            options.ruleset,
            options.as_of,
            progress,
            declarations=options.declarations,
            workers=processes(options.workers),
        )
        unknown = unknown_exp_types(engine, evaluated.work.distinct(EXP_TYPE))
        evaluated = replace(evaluated, notes=[*evaluated.notes, *unknown])
        wanted = Wanted.by(options.recorded())
        outcome = make_associations(evaluated, wanted, progress, options.workers)
        run = _run(options, evaluated, outcome, started)
        return _keep(RunRecorder(engine, told), options, evaluated, outcome, run, progress)


def make_associations(
    evaluated: EvaluatedPools,
    wanted: Wanted,
    progress: Progress | None = None,
    workers: Workers = 1,
) -> Outcome:
    """Make the associations of evaluated pools, in several processes where that pays.

    A NotFoundError if a selected candidate is not in the pools; a PoolError if a value would make a
    name that is not a plain file name.
    """
    outcome = evaluated.generation(wanted).run(
        progress and partial(progress, "candidates"),
        partial(shared, workers=workers, ruleset=evaluated.work.ruleset),
    )
    check_names(outcome.associations)
    return outcome


def _refuse_no_file_name(version_id: str | None) -> None:
    if version_id is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", version_id):
        raise UsageError(
            f"--version-id: {version_id[:80]!r} makes no file name; "
            "use up to 64 letters, digits, '.', '_', '+' and '-'"
        )


def refuse_draft(info: RulesetInfo, mend: str) -> None:
    """Refuse to record a run under a draft: its rules may change, and the record would not say."""
    if info.status == "draft":
        raise UsageError(
            f"ruleset {info.ruleset!r} is a draft, and no run is recorded under a draft; {mend}"
        )


def _keep(
    recorder: RunRecorder,
    options: Options,
    evaluated: EvaluatedPools,
    outcome: Outcome,
    run: Run,
    progress: Progress | None,
) -> Report:
    """Write and record, both or neither."""
    files: list[str] = []
    notes = [*evaluated.notes]
    run_id = None
    with ExitStack() as stack:
        folder = None if options.output is None else Path(options.output)
        if options.save_orphans is not None:
            path = Path(options.save_orphans)
            _refuse_one_file_for_both(path, folder, outcome.associations)
            orphans = written_orphans(
                evaluated, outcome.memberships, path, overwrite=options.overwrite
            )
            stack.enter_context(orphans)
        if folder is not None:
            written = stack.enter_context(
                written_files(
                    folder,
                    outcome.associations,
                    f"asnrules {run.software_version}, rules {evaluated.info.ruleset}",
                    overwrite=options.overwrite,
                    mark=recorder.mark(run) if options.record else None,
                    is_recorded=recorder.has,
                    waiting=progress and partial(progress, "waiting for others"),
                    workers=processes(options.workers),
                )
            )
            files = written.files
            notes += written.left_alone
            if written.taken_back:
                undone = (
                    f"a run that was cut off before it was recorded had moved "
                    f"{written.taken_back} files in the output folder; this is undone"
                )
                run = replace(run, diagnostics=[*run.diagnostics, undone])
        if options.record:
            # Committed inside the block of the files: if that fails, they go.
            run_id = recorder.record(run)
    report = _report(run_id, evaluated, outcome, files, [*notes, *run.diagnostics])
    return replace(report, needs=_needs(evaluated, outcome)) if options.needs else report


def _needs(evaluated: EvaluatedPools, outcome: Outcome) -> list[Need]:
    work = evaluated.work

    def value(member: Member, keyword: str) -> str | None:
        return None if member.exposure is None else work.given(member.exposure, keyword)

    return list(needs_of(outcome.associations, work.ruleset.rules, value))


def _refuse_one_file_for_both(
    orphans: Path, output: Path | None, associations: Sequence[Association]
) -> None:
    if output is None or orphans.parent.resolve() != output.resolve():
        return
    # On some systems capitals make no other file.
    name = orphans.name.lower()
    if any(name == one.file_name.lower() for one in associations):
        raise UsageError(f"{orphans}: this run makes an association of that name; name another")


def _report(
    run_id: int | None,
    evaluated: EvaluatedPools,
    outcome: Outcome,
    files: list[str],
    diagnostics: list[str],
) -> Report:
    orphans = []
    for place, count in enumerate(outcome.memberships):
        if count == 0:
            found = evaluated.classification(place)
            reason = outcome.reasons.get(place, found.reason)
            name = evaluated.work.value(place, "filename") or ""
            orphans.append(Orphan(name, found.exp_type, reason))
    return Report(
        run_id=run_id,
        ruleset=evaluated.info.ruleset,
        exposures=len(evaluated.exposures),
        associations=len(outcome.associations),
        unassociated=len(orphans),
        files=files,
        diagnostics=diagnostics,
        by_rule=dict(Counter((one.asn_type or "", one.asn_rule) for one in outcome.associations)),
        orphans=orphans,
        made=outcome.associations,
    )


def _run(
    options: Options, evaluated: EvaluatedPools, outcome: Outcome, started: dt.datetime
) -> Run:
    by_tag = [] if options.as_of is None else filter(None, [evaluated.info.by_tag])
    return Run(
        started_at=started,
        operator=options.operator or user_name(),
        ruleset_id=evaluated.info.ruleset_id,
        options=options.recorded(),
        note=options.note,
        evaluated=evaluated,
        memberships=outcome.memberships,
        reasons=outcome.reasons,
        associations=outcome.associations,
        diagnostics=[*by_tag, *diagnostics_of(evaluated, outcome)],
    )


def user_name() -> str:
    """Give the name of the user who runs the program."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
