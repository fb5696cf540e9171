"""`asnrules rulesets check`: what is wrong with a ruleset."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_json, print_records
from asnrules.cli.paragraphs import EXAMPLE, Paragraph, print_paragraphs
from asnrules.cli.progress import progress_bar

COLUMNS = ("ruleset", "check", "subject", "finding", "example", "reason")


def check(
    context: typer.Context,
    label: Annotated[
        str | None,
        typer.Argument(
            metavar="[LABEL]",
            help="Of the ruleset; all, if none is named.",
            autocompletion=completion.rulesets,
        ),
    ] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Check rulesets for what can never matter, and against the table they implement.

    Examples
    --------
    asnrules rulesets check 2026-03-20

    Exit Codes
    ----------
    1: something is found that the ruleset gives no reason for
    3: there is no such ruleset

    See Also
    --------
    rulesets diff, rulesets impact, rulesets publish
    """
    from asnrules.catalog.check import check_rulesets
    from asnrules.catalog.open import open_catalog

    with progress_bar() as progress:
        found = check_rulesets(open_catalog(context.obj), label, progress)
    if output is Format.JSON:
        print_json([one.document() for one in found])
    else:
        records = [_record(finding) for one in found for finding in one.findings]
        if output is Format.TABLE:
            # What nobody has explained comes last, where people look first.
            records.sort(key=lambda record: record["reason"] is None)
            print_paragraphs(map(_paragraph, records))
        else:
            print_records(records, COLUMNS, output)
    for one in found:
        open_ones = len(one.open_findings())
        messages.say(
            f"{one.ruleset}: {open_ones or 'no'} finding{'s' * (open_ones != 1)}, "
            f"{len(one.findings) - open_ones} explained; {one.exp_types} EXP_TYPEs, "
            f"{one.combinations:,} {'combinations' if one.kind == 'rules' else 'rows'}, "
            f"{one.seconds:.1f} s"
        )
    if any(one.open_findings() for one in found):
        raise typer.Exit(1)


def _record(finding: Any) -> dict[str, Any]:
    example = " ".join(f"{name}={value or ''}" for name, value in finding.example.items())
    return {**finding.document(), "example": example}


def _paragraph(record: dict[str, Any]) -> Paragraph:
    return (
        f"{record['ruleset']}, {record['check']}: {record['subject']}",
        [("", record["finding"]), (EXAMPLE, record["example"]), ("reason", record["reason"])],
    )
