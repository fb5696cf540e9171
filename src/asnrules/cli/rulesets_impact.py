"""`asnrules rulesets impact`: what a ruleset would change of what is on record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import completion, messages
from asnrules.cli.differences import turned_lines
from asnrules.cli.options import DraftLabel, OutputFormat, Scheduler, catalog, option, selects
from asnrules.cli.output import Format, print_lines, print_records
from asnrules.errors import UsageError
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from asnrules.impact.report import Impact

COMPARE = "Compare with this ruleset."
GROUPS = ("what", "change", "why", "turned_by", "count", "exp_types", "examples")


@selects
def impact(
    context: typer.Context,
    draft: DraftLabel,
    against: Annotated[
        str | None,
        option("LABEL", COMPARE, completion.rulesets, show_default="that of each run"),
    ] = None,
    since: Annotated[str | None, option("DATE", "Only runs since this day (UTC).")] = None,
    program: Annotated[str | None, option("P", "Only exposures of this program.")] = None,
    report: Annotated[
        Path | None, option("FILE", "Write the whole report as JSON.", name="--output")
    ] = None,
    scheduler: Scheduler = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Decide every recorded exposure again under a draft: what would change, and why.

    Of a table it says which exposures another row covers.

    Examples
    --------
    asnrules rulesets impact my-rules --since 2026-01-01
    asnrules rulesets impact my-rules --program 1234 --format csv

    Exit Codes
    ----------
    1: something would change
    3: there is no such ruleset

    See Also
    --------
    rulesets check, rulesets diff, audit replay
    """
    from asnrules.impact.assess import assess_impact
    from asnrules.impact.report import write_report
    from asnrules.util.parallel import workers_at

    if str(report) == "-":
        raise UsageError("rulesets impact: --output takes a file; --format json prints the report")
    day = read_day("--since", since)
    with messages.progress_bar() as progress:
        found = assess_impact(
            catalog(context),
            draft,
            against=against,
            since=day,
            program=program,
            workers=workers_at(scheduler),
            progress=progress,
        )
    if report is not None:
        write_report(report, found)
    print_records(
        found.records(),
        found.COLUMNS,
        output,
        document=found.document,
        people=lambda: _print(found),
    )
    messages.say(_summary(found))
    if found.changed:
        raise typer.Exit(1)


def _print(found: Impact) -> None:
    """Print for people what changes, and by which changes of the chain."""
    groups = [group.document() for group in found.groups()]
    if groups:
        print_records(groups, GROUPS, Format.TABLE)
    lines = [*turned_lines(found.by_change())]
    print_lines([""] * bool(lines) + lines)


def _summary(found: Impact) -> str:
    changes = (
        f"{found.decisions or 'no'} decisions and {found.associations or 'no'} associations change"
    )
    if found.rows:
        changes = f"another row covers {found.rows:,} of them"
    return (
        f"{found.draft['ruleset']} ({found.draft['checksum'][:12]}) against "
        f"{', '.join(one['ruleset'] for one in found.against) or 'nothing'}: "
        f"{found.exposures:,} exposures of {found.runs} runs, {found.signatures:,} signatures; "
        f"{changes}; {found.seconds:.1f} s"
    )
