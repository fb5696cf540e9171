"""`asnrules rulesets impact`: what a draft would change of what is on record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import DraftLabel, OutputFormat
from asnrules.cli.output import Format, print_json, print_records
from asnrules.cli.progress import progress_bar
from asnrules.errors import UsageError
from asnrules.util.days import read_day

GROUPS = ("what", "change", "why", "count", "exp_types", "examples")
CHANGES = ("what", "change", "why", "run_id", "pool", "program", "exp_type", "name")


def impact(
    context: typer.Context,
    draft: DraftLabel,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Hold it against this ruleset.",
            show_default="that of each run",
            autocompletion=completion.rules,
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only runs since this day (UTC).")
    ] = None,
    program: Annotated[
        str | None, typer.Option(metavar="P", help="Only exposures of this program.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Keep the whole report, as JSON."),
    ] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Decide every recorded exposure again under a draft: what would change, and why.

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
    from asnrules.catalog.open import open_catalog
    from asnrules.impact.foreseeing import foresee
    from asnrules.impact.keeping import keep_report
    from asnrules.util.parallel import processors

    if str(report) == "-":
        raise UsageError("rulesets impact: --output takes a file; --format json prints the report")
    day = None if since is None else read_day("--since", since)
    with progress_bar() as progress:
        found = foresee(
            open_catalog(context.obj),
            draft,
            against=against,
            since=day,
            program=program,
            workers=processors(),
            progress=progress,
        )
    if report is not None:
        keep_report(report, found)
    if output is Format.JSON:
        print_json(found.document())
    elif output is Format.TABLE:
        groups: list[dict[str, Any]] = [group.document() for group in found.groups()]
        if groups:
            print_records(groups, GROUPS, output)
    else:
        print_records(found.records(), CHANGES, output)
    messages.say(
        f"{found.draft['ruleset']} ({found.draft['checksum'][:12]}) against "
        f"{', '.join(one['ruleset'] for one in found.against) or 'nothing'}: "
        f"{found.exposures:,} exposures of {found.runs} runs, {found.signatures:,} signatures; "
        f"{found.decisions or 'no'} decisions and {found.associations or 'no'} associations "
        f"change; {found.seconds:.1f} s"
    )
    if found.changed:
        raise typer.Exit(1)
