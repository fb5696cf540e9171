"""`asnrules generate`: the associations of pools, written and recorded."""

from __future__ import annotations

import datetime as dt
import sys
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import messages
from asnrules.cli.help import Command
from asnrules.cli.options import AsOf, OutputFormat, RulesetLabel, parse_day
from asnrules.cli.output import Format, print_json, print_records, print_table, printable
from asnrules.cli.progress import progress_bar
from asnrules.errors import UsageError

if TYPE_CHECKING:
    from asnrules.workflows.generate import Report


SHOWN = 5
"""How many diagnostics are shown to a person."""

LISTED = 20
"""How many exposures in no association are shown to a person."""


NOW = "\0now"
"""Stands for the time, where no word of a command line can."""


class GenerateCommand(Command):
    """Lets `--version-id` stand without a value, as it may for asn_generate."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give the option a value where another option, or nothing, follows it."""
        given = []
        for word, following in zip_longest(args, args[1:], fillvalue="--"):
            bare = word == "--version-id" and following.startswith("-")
            given.append(f"--version-id={NOW}" if bare else word)
        return super().parse_args(ctx, given)


def _stamp() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y%m%dt%H%M%S")


def generate(
    context: typer.Context,
    pools: Annotated[
        list[str], typer.Argument(metavar="POOL...", help="Pools (- is stdin), or FITS files.")
    ],
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the files go.", show_default="here")
    ] = Path(),
    ruleset: RulesetLabel = None,
    as_of: AsOf = None,
    candidate: Annotated[
        list[str] | None,
        typer.Option(
            "--candidate", metavar="ID[:TYPE]", help="Only this candidate; may be repeated."
        ),
    ] = None,
    dms: Annotated[
        bool,
        typer.Option(
            "--dms", help="With --candidate: leave out what background candidates duplicate."
        ),
    ] = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="One file for each type and candidate.")
    ] = False,
    version_id: Annotated[
        str | None,
        typer.Option(metavar="[ID]", help="Put it into the names; without ID, the time."),
    ] = None,
    save_orphans: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write exposures in no association as a pool."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write no files and record nothing.")
    ] = False,
    no_record: Annotated[bool, typer.Option("--no-record", help="Write files only.")] = False,
    no_files: Annotated[bool, typer.Option("--no-files", help="Record only.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that differ.")
    ] = False,
    operator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who runs it.", show_default="you")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="Kept in the record.")] = None,
    format_: OutputFormat = Format.TABLE,
) -> None:
    """Make the Stage 2 associations of pools: association files, and a run in the record.

    A pool is a '|' separated text, or a table as CSV, ECSV, Parquet or Arrow; FITS files make one.

    Examples
    --------
    asnrules generate jw01234_pool.csv --output associations
    asnrules generate jw01234_pool.csv --candidate o001 --dry-run
    asnrules generate exposures/*_uncal.fits --output associations-of-fits

    Exit Codes
    ----------
    3: there is no such ruleset or candidate, or no ruleset was in force on that day

    See Also
    --------
    candidates, why, pool make, audit run, audit replay
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.util.parallel import processors
    from asnrules.workflows.generate import Options
    from asnrules.workflows.generate import generate as run

    if "-" in {str(output), str(save_orphans)}:
        raise UsageError(
            "generate: association files and pools go into a folder, not to standard output; "
            "--format json prints what was made"
        )
    options = Options(
        ruleset=ruleset,
        as_of=parse_day(as_of, ruleset),
        candidates=candidate or (),
        dms=dms,
        merge=merge,
        version_id=_stamp() if version_id == NOW else version_id,
        save_orphans=None if dry_run else save_orphans,
        output=None if dry_run or no_files else output,
        record=not (dry_run or no_record),
        overwrite=overwrite,
        operator=operator,
        note=note,
        workers=processors(),
    )
    with progress_bar() as progress:
        engine = open_catalog(context.obj, writing=options.record)
        report = run(
            engine, pools, options, progress, lambda run_id: messages.keep(_on_record(run_id))
        )
    _note(report)
    for diagnostic in report.diagnostics[:SHOWN]:
        messages.warn(diagnostic, run_id=report.run_id)
    if len(report.diagnostics) > SHOWN:
        rest = len(report.diagnostics) - SHOWN
        messages.warn(
            f"and {rest} more like these; --format json has them all", run_id=report.run_id
        )
    _print(report, format_)


def _on_record(run_id: int | None) -> str:
    return f"run {run_id} is on record"


def _note(report: Report) -> None:
    is_recorded = report.run_id is not None
    messages.note(
        "recorded" if is_recorded else "made",
        _on_record(report.run_id) if is_recorded else "the associations are made",
        run_id=report.run_id,
        ruleset=report.ruleset,
        exposures=report.exposures,
        associations=report.associations,
        unassociated=report.unassociated,
        files=len(report.files),
    )


def _print(report: Report, output: Format) -> None:
    if output is Format.JSON:
        print_json(report.document())
    elif output is Format.TABLE:
        print_table(
            ("run", "ruleset", "exposures", "associations", "unassociated", "files"),
            [
                [
                    "not recorded" if report.run_id is None else str(report.run_id),
                    report.ruleset,
                    str(report.exposures),
                    str(report.associations),
                    str(report.unassociated),
                    str(len(report.files)),
                ]
            ],
        )
        if report.by_rule:
            sys.stdout.write("\n")
            print_table(
                ("asn_type", "asn_rule", "associations"),
                [[*key, str(count)] for key, count in sorted(report.by_rule.items())],
            )
        if report.orphans:
            sys.stdout.write("\n")
            print_table(
                ("in no association", "exp_type", "reason"),
                [[printable(text or "") for text in orphan] for orphan in report.orphans[:LISTED]],
            )
        if len(report.orphans) > LISTED:
            rest = len(report.orphans) - LISTED
            messages.warn(f"and {rest} more in no association; --format json lists them all")
    else:
        document = report.document()
        flat = {
            **document,
            "files": " ".join(report.files),
            "diagnostics": "; ".join(report.diagnostics),
            "orphans": "; ".join(f"{one.filename}: {one.reason}" for one in report.orphans),
        }
        print_records([document if output is Format.JSONL else flat], list(document), output)
