"""`asnrules generate`, and `candidates`, which tells how to divide it among jobs."""

from __future__ import annotations

import datetime as dt
import shlex
import sys
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from asnrules.cli import messages, selection
from asnrules.cli.help import Command
from asnrules.cli.needs import NEEDED, Needs, print_needs
from asnrules.cli.options import (
    AsOf,
    MoreCandidates,
    Note,
    OutputFormat,
    Pools,
    RulesLabel,
    Scheduler,
    SetKeywords,
    catalog,
    declared,
    flag,
    format_option,
    option,
    parse_day,
    selects,
)
from asnrules.cli.output import Format, print_records, print_table
from asnrules.errors import UsageError

if TYPE_CHECKING:
    from asnrules.workflows.generate import Options, Report

COLUMNS = (
    "run_id", "ruleset", "exposures", "associations", "unassociated", "files", "diagnostics",
    "orphans",
)  # fmt: skip

SHOWN = 5  # How many diagnostics are shown to a person
LISTED = 20  # How many unassociated exposures are shown to a person
ON_RECORD = "run %d is on record"

NOW = "\0now"  # Stands for the time, where no word of a command line can


class GenerateCommand(Command):
    """Lets `--version-id` stand without a value, as it may for asn_generate."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give the option a value where another option, or nothing, follows it."""
        given = []
        for word, following in zip_longest(args, args[1:], fillvalue="--"):
            bare = word == "--version-id" and following.startswith("-")
            given.append(f"--version-id={NOW}" if bare else word)
        return super().parse_args(ctx, given)


@selects
def generate(
    context: typer.Context,
    pools: Pools,
    output: Annotated[Path, option("DIR", "Folder for the files.", show_default="here")] = Path(),
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    candidate: Annotated[
        list[str] | None, option("ID[:TYPE]", "Only this candidate; may be repeated.")
    ] = None,
    dms: Annotated[
        bool, flag("--dms", "With --candidate: leave out what background candidates duplicate.")
    ] = False,
    merge: Annotated[bool, flag("--merge", "One file for each type and candidate.")] = False,
    set_: SetKeywords = None,
    asn_candidate: MoreCandidates = None,
    version_id: Annotated[
        str | None, option("[ID]", "Put ID into the names; without ID, the time.")
    ] = None,
    save_orphans: Annotated[
        Path | None, option("FILE", "Write unassociated exposures as a pool.")
    ] = None,
    dry_run: Annotated[bool, flag("--dry-run", "Write no files and record nothing.")] = False,
    no_record: Annotated[bool, flag("--no-record", "Write files only.")] = False,
    no_files: Annotated[bool, flag("--no-files", "Record only.")] = False,
    overwrite: Annotated[bool, flag("--overwrite", "Replace files that differ.")] = False,
    operator: Annotated[str | None, option("NAME", "Who runs it.", show_default="you")] = None,
    note: Note = None,
    scheduler: Scheduler = None,
    needs: Needs = False,
    format_: OutputFormat = Format.TABLE,
) -> None:
    """Make the Stage 2 associations of pools: association files, and a run in the record.

    A pool is a '|' separated text, or a table as CSV, ECSV, Parquet or Arrow; FITS files make one.

    Examples
    --------
    asnrules generate jw01234_pool.csv --output associations
    asnrules generate jw01234_pool.csv --candidate o001 --dry-run
    asnrules generate exposures/*_uncal.fits --output associations-of-fits
    asnrules generate exposures --set "*_02101_*:EXPSPCIN=3" --dry-run
    asnrules generate jw01234_pool.csv --dry-run --needs > files.txt

    Exit Codes
    ----------
    3: there is no such ruleset or candidate, or no ruleset was in force on that day

    See Also
    --------
    candidates, why, pool make, audit run, audit replay
    """
    from asnrules.util.parallel import workers_at
    from asnrules.workflows.generate import Options

    _refuse_streams(output, save_orphans)
    selection.expect(NEEDED if needs else COLUMNS)
    options = Options(
        ruleset=ruleset,
        as_of=parse_day(as_of, ruleset),
        declarations=declared(set_, asn_candidate),
        candidates=candidate or (),
        dms=dms,
        merge=merge,
        version_id=f"{dt.datetime.now(dt.UTC):%Y%m%dt%H%M%S}" if version_id == NOW else version_id,
        save_orphans=None if dry_run else save_orphans,
        output=None if dry_run or no_files else output,
        record=not (dry_run or no_record),
        overwrite=overwrite,
        operator=operator,
        note=note,
        needs=needs,
        workers=workers_at(scheduler),
    )
    report = _run(context, pools, options)
    _tell(report)
    if needs:
        print_needs(report.needs, format_)
    else:
        _print(report, format_)


def _refuse_streams(*paths: Path | None) -> None:
    if "-" in map(str, paths):
        raise UsageError(
            "generate: association files and pools go into a folder, not to standard output; "
            "--format json prints what was made"
        )


def _run(context: typer.Context, pools: list[str], options: Options) -> Report:
    """Generate with a progress bar; what is on record is told however the command ends."""
    from asnrules.workflows.generate import generate as run

    kept = messages.running.kept
    with messages.progress_bar() as progress:
        engine = catalog(context, writing=options.record)
        return run(engine, pools, options, progress, lambda made: kept.append(ON_RECORD % made))


def _tell(report: Report) -> None:
    """Print the result of a run on stderr, and its first diagnostics."""
    run_id, counts = report.run_id, _counts(report)
    if run_id is None:
        messages.note("made", "the associations are made", run_id=None, **counts)
    else:
        messages.note("recorded", ON_RECORD % run_id, run_id=run_id, **counts)
    shown, rest = report.diagnostics[:SHOWN], report.diagnostics[SHOWN:]
    if rest:
        shown = [*shown, f"and {len(rest)} more like these; --format json has them all"]
    for diagnostic in shown:
        messages.warn(diagnostic, run_id=run_id)


def _counts(report: Report) -> dict[str, Any]:
    names = ("ruleset", "exposures", "associations", "unassociated")
    return {**{name: getattr(report, name) for name in names}, "files": len(report.files)}


def _print(report: Report, output: Format) -> None:
    document = report.document()
    flat = {
        **document,
        "files": " ".join(report.files),
        "orphans": [f"{one.filename}: {one.reason}" for one in report.orphans],
    }
    print_records(
        [document],
        COLUMNS,
        output,
        flat=lambda _: flat,
        document=lambda: document,
        people=lambda: _print_for_people(report),
    )


def _print_for_people(report: Report) -> None:
    recorded = "not recorded" if report.run_id is None else report.run_id
    summary = {"run": recorded, **_counts(report)}
    print_table(list(summary), [list(summary.values())])
    if report.by_rule:
        rules = [(*names, count) for names, count in sorted(report.by_rule.items())]
        print_table(("asn_type", "asn_rule", "associations"), rules, title="")
    if report.orphans:
        columns = ("in no association", "exp_type", "reason")
        print_table(columns, report.orphans[:LISTED], title="")
    if len(report.orphans) > LISTED:
        rest = len(report.orphans) - LISTED
        messages.warn(f"and {rest} more in no association; --format json lists them all")


@selects
def candidates(
    context: typer.Context,
    pools: Pools,
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    set_: SetKeywords = None,
    asn_candidate: MoreCandidates = None,
    output: Annotated[
        Literal["table", "json", "jsonl", "csv", "options"],
        format_option("How data are printed; options: a line for each job."),
    ] = "table",
) -> None:
    """Print the groups of candidates that can be generated separately, the largest first.

    Generate run once for each group, with its options, makes the same as one run of all.

    Examples
    --------
    asnrules candidates jw01234_pool.csv
    asnrules candidates jw01234_pool.csv --format options > jobs.txt
    xargs -L 1 -P 4 asnrules generate jw01234_pool.csv < jobs.txt

    Exit Codes
    ----------
    3: there is no such ruleset, or none was in force on that day

    See Also
    --------
    generate
    """
    from asnrules.util.parallel import processors
    from asnrules.workflows.split import candidate_groups

    day = parse_day(as_of, ruleset)
    engine = catalog(context, day=day)
    with messages.progress_bar() as progress:
        groups = candidate_groups(
            engine,
            pools,
            ruleset,
            day,
            progress,
            declarations=declared(set_, asn_candidate),
            workers=processors(),
        )
    if output != "options":
        records = (group._asdict() for group in groups)
        print_records(records, ("exposures", "candidates"), Format(output))
        return
    for group in groups:
        words = [shlex.quote(f"--candidate={name}") for name in group.candidates]
        sys.stdout.write(f"{' '.join(words)}\n")
