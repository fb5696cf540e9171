"""`asnrules audit import`: associations that were made elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import messages
from asnrules.cli.options import (
    AsOf,
    Note,
    OutputFormat,
    RulesLabel,
    argument,
    catalog,
    option,
    parse_day,
)
from asnrules.cli.output import Format, print_lines, print_records, print_table

if TYPE_CHECKING:
    from asnrules.workflows.import_associations import ImportReport

COLUMNS = (
    "file", "asn_name", "asn_type", "asn_rule", "run_id", "ruleset", "verdict", "explanation",
)  # fmt: skip
REFUSED = 2  # The exit code where files were refused, though all others were imported


def import_(
    context: typer.Context,
    files: Annotated[
        list[str], argument("FILE...", "Association files; a folder means its *_asn.json.")
    ],
    pool: Annotated[
        list[str] | None,
        option("POOL", "A pool they were made of, or - for stdin; may be repeated."),
    ] = None,
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    operator: Annotated[str | None, option("NAME", "Who imports.", show_default="you")] = None,
    note: Note = None,
    format_: OutputFormat = Format.TABLE,
) -> None:
    """Record associations that were made elsewhere, with a verdict on each.

    Each is judged by the rules of its time, if its file tells that, or by today's. With a pool it
    says what today's would make instead, and which changes since made the difference.

    Examples
    --------
    asnrules audit import associations/ --pool jw01234_pool.csv
    asnrules audit import associations/ --pool - < jw01234_pool.csv

    Exit Codes
    ----------
    2: files were refused, though the others are on record
    3: there is no such ruleset, or none was in force on that day

    See Also
    --------
    audit run, generate
    """
    from asnrules.workflows.import_associations import ImportOptions, import_associations

    day = parse_day(as_of, ruleset)
    options = ImportOptions(pool or (), ruleset, day, operator, note)
    with messages.progress_bar() as progress:
        engine = catalog(context, writing=True, day=day)
        report = import_associations(engine, files, options, progress)
    messages.running.kept += [f"run {run.run_id} is on record" for run in report.runs]
    for run in report.runs:
        messages.note("recorded", f"run {run.run_id} is on record", **run._asdict())
    for error in report.errors:
        messages.refuse(error)
    print_records(
        (file._asdict() for file in report.files),
        COLUMNS,
        format_,
        document=report.document,
        people=lambda: _print(report),
    )
    if report.errors:
        raise typer.Exit(REFUSED)


def _print(report: ImportReport) -> None:
    print_table(
        ("run", "ruleset", "imported", "explained", "differs", "contradicts", "unexplained"),
        (
            [run.run_id, run.ruleset, run.associations, *run.verdicts.values()]
            for run in report.runs
        ),
    )
    for file in report.files:
        print_lines(["", f"{file.asn_name}: {file.verdict}", f"  {file.explanation}"])
