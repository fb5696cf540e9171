"""`asnrules audit import`: associations that were made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import messages, selection
from asnrules.cli.options import (
    AsOf,
    Note,
    OutputFormat,
    RulesLabel,
    argument,
    catalog,
    flag,
    option,
    parse_day,
    selects,
)
from asnrules.cli.output import Format, print_lines, print_records, print_table

if TYPE_CHECKING:
    from asnrules.workflows.import_associations import ImportReport

REFUSED = 2  # The exit code where files were refused, though all others were imported
MISSING = 1  # The exit code where members are not in the folder


@selects
def import_(
    context: typer.Context,
    files: Annotated[
        list[str], argument("FILE...", "Association files; a folder means its *asn.json.")
    ],
    pool: Annotated[
        list[str] | None,
        option("POOL", "A pool they were made of, or - for stdin; may be repeated."),
    ] = None,
    members: Annotated[
        str | None, option("DIR", "Look for the members in this folder; name those missing.")
    ] = None,
    dry_run: Annotated[bool, flag("--dry-run", "Judge only; record nothing.")] = False,
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    operator: Annotated[str | None, option("NAME", "Who imports.", show_default="you")] = None,
    note: Note = None,
    format_: OutputFormat = Format.TABLE,
) -> None:
    """Record associations that were made elsewhere or by hand, with a verdict on each.

    Each is judged by the rules of its time, if its file tells that, or by today's. With a pool it
    says what today's would make instead, and which changes since made the difference.

    Examples
    --------
    asnrules audit import associations/ --pool jw01234_pool.csv
    asnrules audit import associations/ --pool - < jw01234_pool.csv
    asnrules audit import associations/ --members . --dry-run

    Exit Codes
    ----------
    1: members are not in the folder
    2: files were refused, though the others are on record
    3: there is no such ruleset, or none was in force on that day

    See Also
    --------
    audit run, generate
    """
    from asnrules.workflows.import_associations import (
        ImportedFile,
        ImportOptions,
        import_associations,
    )

    selection.expect(ImportedFile._fields)
    day = parse_day(as_of, ruleset)
    options = ImportOptions(pool or (), ruleset, day, operator, note, members, dry_run)
    with messages.progress_bar() as progress:
        engine = catalog(context, writing=not dry_run, day=day)
        report = import_associations(engine, files, options, progress)
    recorded = [run for run in report.runs if run.run_id is not None]
    messages.running.kept += [f"run {run.run_id} is on record" for run in recorded]
    for run in recorded:
        messages.note("recorded", f"run {run.run_id} is on record", **run._asdict())
    for error in report.errors:
        messages.refuse(error)
    print_records(
        report.records(),
        report.COLUMNS,
        format_,
        document=report.document,
        people=lambda: _print(report, members, is_recorded=not dry_run),
    )
    if report.errors:
        raise typer.Exit(REFUSED)
    if any(file.missing for file in report.files):
        raise typer.Exit(MISSING)


def _print(report: ImportReport, folder: str | None, *, is_recorded: bool) -> None:
    counts = ("explained", "differs", "contradicts", "unexplained")
    rows = [[run.ruleset, run.associations, *run.verdicts.values()] for run in report.runs]
    if not rows:
        return
    if is_recorded:
        rows = [[run.run_id, *row] for run, row in zip(report.runs, rows, strict=True)]
        print_table(("run", "ruleset", "imported", *counts), rows)
    else:
        print_table(("ruleset", "judged", *counts), rows)
    for file in report.files:
        print_lines(["", f"{file.asn_name}: {file.verdict}", f"  {file.explanation}"])
        if file.missing:
            print_lines([f"  not in {folder}: {', '.join(file.missing)}"])
        if file.verdict != "explained":
            print_lines(chain.from_iterable(map(_made, file.document()["by_rules"])))


def _made(association: dict[str, Any]) -> Iterator[str]:
    """Say what the rules make."""
    one = association
    for product in one["products"]:
        by = f"{one['asn_type']} by {one['asn_rule']} for {one['asn_id']}"
        yield f"  by the rules: {one['asn_name']}, {by}, {product['name']}"
        yield from (f"    {it['expname']} ({it['exptype']})" for it in product["members"])
