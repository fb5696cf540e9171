"""`asnrules rulesets history` and `blame`: how rules came to be what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from asnrules.cli import completion
from asnrules.cli.options import (
    AsOf,
    OutputFormat,
    RulesLabel,
    argument,
    catalog,
    parse_day,
    selects,
)
from asnrules.cli.output import Format, Paragraph, print_lines, print_paragraphs, print_records

if TYPE_CHECKING:
    from asnrules.catalog.blame import Blame, Blamed


@selects
def history(
    context: typer.Context,
    exp_type: Annotated[str, argument("EXP_TYPE", "Type of the exposures.", completion.exp_types)],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Show the history of an EXP_TYPE over all rulesets: a line for each change.

    Examples
    --------
    asnrules rulesets history NRS_MIMF

    Exit Codes
    ----------
    3: there is no such EXP_TYPE

    See Also
    --------
    lookup, rulesets blame, rulesets diff
    """
    from asnrules.catalog.history import Change, exp_type_history

    changes = exp_type_history(catalog(context), exp_type)
    records = [change._asdict() for change in changes]
    print_records(records, Change._fields, output, not_applicable=("special",))


@selects
def blame(
    context: typer.Context,
    item: Annotated[
        str,
        argument(
            "ITEM",
            "A rule, a condition, an EXP_TYPE, a change or another item.",
            completion.exp_types,
        ),
    ],
    ruleset: RulesLabel = None,
    as_of: AsOf = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Name the changes that made a rule, a condition or what becomes of an EXP_TYPE what it is.

    Each with its ruleset, reason and source; the newest first, then what is older than all changes.
    What a rule uses counts as part of it; of an EXP_TYPE, the rules for it and all that names it.

    Examples
    --------
    asnrules rulesets blame Asn_Lv2WFSC --ruleset jwst-2.0.0
    asnrules rulesets blame NRS_MIMF --format csv

    Exit Codes
    ----------
    3: there is no such item, or no such ruleset

    See Also
    --------
    rulesets history, rulesets diff, rulesets show
    """
    from asnrules.catalog.blame import blame as find

    day = parse_day(as_of, ruleset)
    found = find(catalog(context, day=day), item, ruleset=ruleset, as_of=day)
    print_records(
        found.records(),
        found.COLUMNS,
        output,
        document=found.document,
        people=lambda: _print(found),
    )


def _print(found: Blame) -> None:
    kinds = " and ".join(kind.replace("_", " ") for kind in found.kinds)
    print_lines([f"{found.name}, {kinds} up to {found.ruleset}", ""])
    print_paragraphs(
        _paragraph(list(parts), found.ruleset if found.is_draft else None)
        for _, parts in groupby(found.parts, lambda one: one.change)
    )


def _paragraph(parts: list[Blamed], draft: str | None) -> Paragraph:
    from asnrules.catalog.rulesets import first_day_words

    one = parts[0]
    period = first_day_words(one.effective_from, one.goes_by)
    ruleset = f"{one.ruleset} ({'a draft' if one.ruleset == draft else period})"
    if one.change is None:
        return f"since the first ruleset, {ruleset}", list(_by_kind(parts))
    texts = [("", one.why), ("source", one.source), *(part.words() for part in parts)]
    return f"{one.change}, {ruleset}", texts


def _by_kind(parts: Iterable[Blamed]) -> Iterator[tuple[str, str]]:
    for kind, those in groupby(parts, lambda one: one.kind):
        yield kind.replace("_", " "), ", ".join(one.item for one in those)
