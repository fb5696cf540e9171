"""`asnrules rulesets diff`: how two rulesets differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, cell, print_json, print_records
from asnrules.cli.paragraphs import EXAMPLE, Paragraph, print_paragraphs

ROWS = ("what", "name", "change", "field", "before", "after")
BOTH = (*ROWS, "exp_types", "combinations", "example")


def diff(
    context: typer.Context,
    before: Annotated[
        str,
        typer.Argument(
            metavar="LABEL", help="Label of a ruleset.", autocompletion=completion.rulesets
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="LABEL",
            help="Label of another of its kind.",
            autocompletion=completion.rulesets,
        ),
    ],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Compare two rulesets: their rows and rules, and the answers of rules.

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
    from asnrules.catalog.open import open_catalog

    found = compare_rulesets(open_catalog(context.obj), before, after)
    changes = [change._asdict() for change in found.changes]
    answers = [_answer(answer.document()) for answer in found.answers]
    if output is Format.JSON:
        print_json(found.document())
    elif output is not Format.TABLE:
        print_records(_together(changes, answers), BOTH, output)
    elif found.combinations:
        # What rules say is too long for the cells of a table.
        print_paragraphs([*map(_change, changes), *map(_changed_answer, answers)])
    elif changes:
        print_records(changes, ROWS, output)
    told = f"{_count(changes)} of rows"
    if found.combinations:
        told += (
            f", {_count(answers)} of answers over "
            f"{found.combinations:,} combinations, {found.seconds:.1f} s"
        )
    messages.say(f"{before} -> {after}: {told}")
    if changes or answers:
        raise typer.Exit(1)


def _count(records: Sequence[Any]) -> str:
    return f"{len(records) or 'no'} change{'s' * (len(records) != 1)}"


def _change(change: dict[str, Any]) -> Paragraph:
    field = f", {change['field']}" if change["field"] else ""
    heading = f"{change['what']} {change['name']} {change['change']}{field}"
    return heading, [(side, cell(change[side])) for side in ("before", "after")]


def _changed_answer(answer: dict[str, Any]) -> Paragraph:
    return (
        f"answer changed, {answer['aspect']}: {answer['before']} -> {answer['after']}",
        [
            ("", f"{answer['combinations']:,} combinations of {cell(answer['exp_types'])}"),
            (EXAMPLE, answer["example"]),
        ],
    )


def _answer(document: dict[str, Any]) -> dict[str, Any]:
    example = " ".join(f"{name}={value or ''}" for name, value in document["example"].items())
    return {**document, "example": example}


def _together(
    changes: Iterable[dict[str, Any]], answers: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give both as records with the same fields."""
    blank = dict.fromkeys(BOTH)
    records = [{**blank, **change} for change in changes]
    for answer in answers:
        aspect = answer.pop("aspect")
        records.append({**blank, **answer, "what": "answer", "name": aspect, "change": "changed"})
    return records
