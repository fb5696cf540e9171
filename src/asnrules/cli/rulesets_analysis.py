"""`asnrules rulesets check` and `diff`: rulesets analysed exhaustively."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import OutputFormat, argument, catalog, selects
from asnrules.cli.output import (
    EXAMPLE,
    Format,
    Paragraph,
    cell,
    counted,
    print_paragraphs,
    print_records,
)

if TYPE_CHECKING:
    from asnrules.catalog.changes import NamedChange

CHANGES = ("what", "name", "change", "field", "before", "after")


@selects
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
    from asnrules.analysis.findings import Checked
    from asnrules.catalog.check import check_rulesets

    with messages.progress_bar() as progress:
        checked = check_rulesets(catalog(context), label, progress)
    records = [record for one in checked for record in one.records()]
    # What is not explained comes last, where people look first.
    by_reason = sorted(records, key=lambda record: record["reason"] is None)
    print_records(
        records,
        Checked.COLUMNS,
        output,
        document=lambda: [one.document() for one in checked],
        people=lambda: print_paragraphs(map(_finding, by_reason)),
    )
    for one in checked:
        found = len(one.open_findings())
        unit = "combinations" if one.kind == "rules" else "rows"
        messages.say(
            f"{one.ruleset} ({one.checksum[:12]}): {counted(found, 'finding')}, "
            f"{len(one.findings) - found} explained; "
            f"{one.exp_types} EXP_TYPEs, {one.combinations:,} {unit}, {one.seconds:.1f} s",
            ruleset=one.ruleset,
            checksum=one.checksum,
        )
    if any(one.open_findings() for one in checked):
        raise typer.Exit(1)


def _finding(record: dict[str, Any]) -> Paragraph:
    return (
        f"{record['ruleset']}, {record['check']}: {record['subject']}",
        [("", record["finding"]), (EXAMPLE, record["example"]), ("reason", record["reason"])],
    )


@selects
def diff(
    context: typer.Context,
    before: Annotated[str, argument("LABEL", "Label of a ruleset.", completion.rulesets)],
    after: Annotated[str, argument("LABEL", "Label of another of its kind.", completion.rulesets)],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Compare two rulesets: rows, rules, and the decisions of the rules.

    Where one was made of the other, each row or rule names the changes that made the difference.

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
    records = list(found.records())
    changes = [one for one in records if one["what"] != "answer"]
    answers = [one for one in records if one["what"] == "answer"]

    def print_differences() -> None:
        if found.combinations:
            # What rules say is too long for the cells of a table.
            print_paragraphs(
                [*map(_named, found.between), *map(_change, changes), *map(_answer, answers)]
            )
        elif changes:
            print_records(changes, CHANGES, output)

    print_records(
        records,
        found.COLUMNS,
        output,
        flat=lambda record: {**record, "by": [_by(one) for one in record["by"] or ()]},
        document=found.document,
        people=print_differences,
    )
    told = f"{counted(len(changes), 'change')} of rows"
    if found.combinations:
        told += (
            f", {counted(len(answers), 'change')} of answers over "
            f"{found.combinations:,} combinations, {found.seconds:.1f} s"
        )
    messages.say(f"{before} -> {after}: {told}")
    if changes or answers:
        raise typer.Exit(1)


def _by(change: Mapping[str, Any]) -> str:
    return f"{change['change']} of {change['ruleset']}: {change['why']} ({change['source']})"


def _change(change: Mapping[str, Any]) -> Paragraph:
    field = f", {change['field']}" if change["field"] else ""
    heading = f"{change['what']} {change['name']} {change['change']}{field}"
    sides: list[tuple[str, str | None]] = [
        (side, cell(change[side])) for side in ("before", "after")
    ]
    by = [f"{one['change']} of {one['ruleset']}" for one in change["by"]]
    return heading, [*sides, ("by", ", ".join(by))]


def _named(change: NamedChange) -> Paragraph:
    heading = f"change {change.change} of {change.ruleset}"
    return heading, [("", change.why), ("source", change.source)]


def _answer(answer: Mapping[str, Any]) -> Paragraph:
    return (
        f"answer changed, {answer['name']}: {answer['before']} -> {answer['after']}",
        [
            ("", f"{answer['combinations']:,} combinations of {cell(answer['exp_types'])}"),
            (EXAMPLE, answer["example"]),
        ],
    )
