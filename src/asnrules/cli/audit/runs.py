"""`asnrules audit runs`, `run` and `report`: which runs there are, and what one holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import OutputFormat, ReplaceFile, RunNumber, catalog, option, selects
from asnrules.cli.output import Format, cell, print_lines, print_records, print_table
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from asnrules.api_audit import Audit
    from asnrules.database.stored import Finding
    from asnrules.record.queries.runs import RunReport

RUNS = (
    "run_id", "origin", "started_at", "operator", "ruleset", "pools",
    "exposures", "associations", "unassociated", "not_imported", "note",
)  # fmt: skip

HEADER = (
    "run_id", "origin", "started_at", "finished_at", "operator", "host", "software_version",
    "ruleset", "note", "exposures", "associations",
)  # fmt: skip


Program = Annotated[str | None, option("P", "Runs with exposures of this program.")]
Since = Annotated[str | None, option("DATE", "Runs of this day (UTC) and later ones.")]
Until = Annotated[str | None, option("DATE", "Runs of this day (UTC) and earlier ones.")]


def audit(context: typer.Context) -> Audit:
    """Open the record."""
    from asnrules.api_audit import Audit

    return Audit(catalog(context))


def end_with(findings: list[Finding]) -> None:
    """Name each value that cannot be read, and end the command with findings if there are any."""
    for one in findings:
        messages.warn(one.words(), **one._asdict())
    if findings:
        messages.say("somebody has changed the database; asnrules audit verify finds all of it")
        raise typer.Exit(1)


@selects
def runs(
    context: typer.Context,
    program: Program = None,
    pool: Annotated[str | None, option("NAME", "Runs of a pool of this name.")] = None,
    operator: Annotated[str | None, option("NAME", "Runs of this operator.")] = None,
    ruleset: Annotated[
        str | None, option("LABEL", "Runs by this ruleset.", completion.rules)
    ] = None,
    origin: Annotated[
        Literal["generated", "imported"] | None, option(None, "Runs made here, or imported ones.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int | None, option("N", "Only the latest N.", min=1)] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """List the recorded runs, the latest first.

    Examples
    --------
    asnrules audit runs --program 1234 --since 2026-01-01
    asnrules audit runs --limit 5 --format json

    Exit Codes
    ----------
    1: stored values cannot be read
    3: there is no such ruleset

    See Also
    --------
    audit run, audit diff, audit replay
    """
    from asnrules.record.queries.runs import RunFilter

    findings: list[Finding] = []
    wanted = RunFilter(
        program, pool, operator, ruleset, origin,
        read_day("--since", since), read_day("--until", until),
    )  # fmt: skip
    found = audit(context).runs(wanted, limit, findings)
    print_records((run._asdict() for run in found), RUNS, output, ranked=True)
    end_with(findings)


def run(context: typer.Context, run_id: RunNumber, output: OutputFormat = Format.TABLE) -> None:
    """Show a run: who, when, from what; what each rule made; unassociated exposures, and why.

    Examples
    --------
    asnrules audit run 1
    asnrules audit run 1 --format json

    Exit Codes
    ----------
    1: stored values cannot be read
    3: there is no such run

    See Also
    --------
    audit runs, audit report, audit replay
    """
    found = audit(context).run(run_id, [])
    print_records(
        found.records() if output is Format.CSV else [found.document()],
        found.COLUMNS,
        output,
        document=found.document,
        people=lambda: _print_run(found),
    )
    end_with(found.findings)


def _print_run(report: RunReport) -> None:
    values = {name: getattr(report.run, name) for name in HEADER}
    options = [f"{name}={value}" for name, value in (report.options or {}).items() if value]
    left_out = report.run.without_association
    values["unassociated" if report.run.not_imported is None else left_out] = report.run.left_out
    for name, value in {**values, "options": options, **report.digests}.items():
        if value not in (None, []):
            sys.stdout.write(f"{name:<17} {cell(value)}\n")
    for title, columns, records in (
        ("", ("pool", "exposures", "sha256", "first_run_id"), report.pools),
        ("", ("asn_type", "asn_rule", "associations"), report.by_rule),
        (
            f"{left_out.capitalize()}:",
            ("exp_type", "exposures", "first", "reason"),
            report.left_out,
        ),
        ("Imported:", ("verdict", "file_name", "asn_rule", "explanation"), report.verdicts),
    ):
        if records:
            print_table(columns, ([one[name] for name in columns] for one in records), title)
    if report.diagnostics:
        sys.stdout.write("\nThe operator was told:\n")
        print_lines(f"  {line}" for line in report.diagnostics)


def report(
    context: typer.Context,
    run_id: RunNumber,
    file: Annotated[Path, option("FILE", "The page to write; - is stdout.", name="--output")],
    overwrite: ReplaceFile = False,
) -> None:
    """Write a run as one HTML page that needs nothing else: to read, search, print and send.

    Examples
    --------
    asnrules audit report 1 --output run-1.html
    asnrules audit report 1 --output - | gzip > run-1.html.gz

    Exit Codes
    ----------
    1: stored values cannot be read; the page has all the rest
    3: there is no such run

    See Also
    --------
    audit run, browse
    """
    from asnrules.report.rendering import page, write_page

    engine = catalog(context)
    findings: list[Finding] = []
    if str(file) == "-":
        sys.stdout.writelines(page(engine, run_id, findings))
    else:
        with messages.progress_bar() as progress:
            size = write_page(
                engine, run_id, file, findings, overwrite=overwrite, progress=progress
            )
        messages.say(f"{file}: run {run_id}, {size:,} bytes", run_id=run_id, bytes=size)
    end_with(findings)
