"""`asnrules rulesets check`, `diff` and `impact`: what rulesets come to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import DraftLabel, OutputFormat, argument, catalog, option
from asnrules.cli.output import EXAMPLE, Format, Paragraph, cell, print_paragraphs, print_records
from asnrules.errors import UsageError
from asnrules.util.text import read_day

COMPARE = "Compare with this ruleset."
FINDINGS = ("ruleset", "check", "subject", "finding", "example", "reason")
CHANGES = ("what", "name", "change", "field", "before", "after")
BOTH = (*CHANGES, "exp_types", "combinations", "example")
GROUPS = ("what", "change", "why", "count", "exp_types", "examples")
IMPACT = ("what", "change", "why", "run_id", "pool", "program", "exp_type", "name")


def check(
    context: typer.Context,
    label: Annotated[
        str | None,
        argument("[LABEL]", "Label of the ruleset; all by default.", completion.rulesets),
    ] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Find rules and rows that can never apply, and differences from the table implemented.

    Examples
    --------
    asnrules rulesets check 2026-03-20

    Exit Codes
    ----------
    1: there are findings that the ruleset does not explain
    3: there is no such ruleset

    See Also
    --------
    rulesets diff, rulesets impact, rulesets publish
    """
    from asnrules.catalog.check import check_rulesets

    with messages.progress_bar() as progress:
        checked = check_rulesets(catalog(context), label, progress)
    records = [_with_example(finding.document()) for one in checked for finding in one.findings]
    # What nobody has explained comes last, where people look first.
    by_reason = sorted(records, key=lambda record: record["reason"] is None)
    print_records(
        records,
        FINDINGS,
        output,
        document=lambda: [one.document() for one in checked],
        people=lambda: print_paragraphs(map(_finding, by_reason)),
    )
    for one in checked:
        found = len(one.open_findings())
        unit = "combinations" if one.kind == "rules" else "rows"
        messages.say(
            f"{one.ruleset}: {_count(found, 'finding')}, {len(one.findings) - found} explained; "
            f"{one.exp_types} EXP_TYPEs, {one.combinations:,} {unit}, {one.seconds:.1f} s"
        )
    if any(one.open_findings() for one in checked):
        raise typer.Exit(1)


def _finding(record: dict[str, Any]) -> Paragraph:
    return (
        f"{record['ruleset']}, {record['check']}: {record['subject']}",
        [("", record["finding"]), (EXAMPLE, record["example"]), ("reason", record["reason"])],
    )


def diff(
    context: typer.Context,
    before: Annotated[str, argument("LABEL", "Label of a ruleset.", completion.rulesets)],
    after: Annotated[str, argument("LABEL", "Label of another of its kind.", completion.rulesets)],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Compare two rulesets: rows, rules, and the decisions of the rules.

    Examples
    --------
    asnrules rulesets diff 2026-01-23 2026-03-20

    Exit Codes
    ----------
    1: they differ
    3: there is no such ruleset

    See Also
    --------
    rulesets show, rulesets history, rulesets impact
    """
    from asnrules.catalog.compare import compare_rulesets

    found = compare_rulesets(catalog(context), before, after)
    changes = [change._asdict() for change in found.changes]
    answers = [_with_example(answer.document()) for answer in found.answers]

    def print_differences() -> None:
        if found.combinations:
            # What rules say is too long for the cells of a table.
            print_paragraphs([*map(_change, changes), *map(_answer, answers)])
        elif changes:
            print_records(changes, CHANGES, output)

    named = {"what": "answer", "change": "changed"}
    records = [*changes, *({**one, **named, "name": one["aspect"]} for one in answers)]
    print_records(
        [{name: record.get(name) for name in BOTH} for record in records],
        BOTH,
        output,
        document=found.document,
        people=print_differences,
    )
    told = f"{_count(len(changes), 'change')} of rows"
    if found.combinations:
        told += (
            f", {_count(len(answers), 'change')} of answers over "
            f"{found.combinations:,} combinations, {found.seconds:.1f} s"
        )
    messages.say(f"{before} -> {after}: {told}")
    if changes or answers:
        raise typer.Exit(1)


def _change(change: Mapping[str, Any]) -> Paragraph:
    field = f", {change['field']}" if change["field"] else ""
    heading = f"{change['what']} {change['name']} {change['change']}{field}"
    return heading, [(side, cell(change[side])) for side in ("before", "after")]


def _answer(answer: Mapping[str, Any]) -> Paragraph:
    return (
        f"answer changed, {answer['aspect']}: {answer['before']} -> {answer['after']}",
        [
            ("", f"{answer['combinations']:,} combinations of {cell(answer['exp_types'])}"),
            (EXAMPLE, answer["example"]),
        ],
    )


def _with_example(document: dict[str, Any]) -> dict[str, Any]:
    """Write the example as keywords with their values."""
    example = " ".join(f"{name}={value or ''}" for name, value in document["example"].items())
    return {**document, "example": example}


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' * (number != 1)}"


def impact(
    context: typer.Context,
    draft: DraftLabel,
    against: Annotated[
        str | None,
        option("LABEL", COMPARE, completion.rules, show_default="that of each run"),
    ] = None,
    since: Annotated[str | None, option("DATE", "Only runs since this day (UTC).")] = None,
    program: Annotated[str | None, option("P", "Only exposures of this program.")] = None,
    report: Annotated[
        Path | None, option("FILE", "Write the whole report as JSON.", name="--output")
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
    from asnrules.impact.assess import assess_impact
    from asnrules.impact.report import write_report
    from asnrules.util.parallel import processors

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
            workers=processors(),
            progress=progress,
        )
    if report is not None:
        write_report(report, found)
    groups = [group.document() for group in found.groups()]
    print_records(
        found.records(),
        IMPACT,
        output,
        document=found.document,
        people=lambda: print_records(groups, GROUPS, output) if groups else None,
    )
    messages.say(
        f"{found.draft['ruleset']} ({found.draft['checksum'][:12]}) against "
        f"{', '.join(one['ruleset'] for one in found.against) or 'nothing'}: "
        f"{found.exposures:,} exposures of {found.runs} runs, {found.signatures:,} signatures; "
        f"{found.decisions or 'no'} decisions and {found.associations or 'no'} associations "
        f"change; {found.seconds:.1f} s"
    )
    if found.changed:
        raise typer.Exit(1)
