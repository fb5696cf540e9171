"""`asnrules audit diff`: in what the associations of two runs differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_json, print_records

if TYPE_CHECKING:
    from asnrules.record.compare import Differences
    from asnrules.record.queries.associations import RecordedAssociation

COLUMNS = (
    "change", "program", "asn_id", "asn_type", "asn_rule", "products", "members", "differences",
)  # fmt: skip


def diff(
    context: typer.Context,
    before: Annotated[
        int, typer.Argument(metavar="RUN", help="Number of a run.", autocompletion=completion.runs)
    ],
    after: Annotated[
        int,
        typer.Argument(
            metavar="RUN", help="Number of another one.", autocompletion=completion.runs
        ),
    ],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Compare the associations of two runs by content, ignoring sequence numbers.

    Examples
    --------
    asnrules audit diff 1 2

    Exit Codes
    ----------
    1: they differ
    3: there is no such run

    See Also
    --------
    audit replay, audit runs
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.database.engines import transaction
    from asnrules.record.compare import compare_runs

    with transaction(open_catalog(context.obj)) as connection:
        found = compare_runs(connection, before, after)
    if output is Format.JSON:
        print_json({"before": before, "after": after, **found.document()})
    elif found or output is not Format.TABLE:
        print_records(records(found), COLUMNS, output)
    if not found:
        messages.say(f"nothing differs in {found.unchanged} associations")
        return
    messages.say(found.summary())
    raise typer.Exit(1)


def records(found: Differences) -> Iterator[dict[str, Any]]:
    """Give a row for each association that differs."""
    for one in found.removed:
        yield _record("removed", one, [])
    for one in found.added:
        yield _record("added", one, [])
    for change in found.changed:
        yield _record("changed", change.after, change.words())


def _record(change: str, one: RecordedAssociation, differences: list[str]) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in ("program", "asn_id", "asn_type", "asn_rule")}
    return {
        "change": change,
        **values,
        "products": one.products,
        "members": len(one.members),
        "differences": differences,
    }
