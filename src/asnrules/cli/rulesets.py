"""`asnrules rulesets`: list and show the rulesets, and add to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from asnrules.cli import (
    rulesets_analysis,
    rulesets_conform,
    rulesets_drafts,
    rulesets_history,
    rulesets_impact,
)
from asnrules.cli.help import App
from asnrules.cli.options import AnyLabel, OutputFormat, catalog, selects
from asnrules.cli.output import Format, print_lines, print_records
from asnrules.cli.rulesets_drafts import erratum_words

if TYPE_CHECKING:
    from asnrules.catalog.describe import Description

app = App(
    """The rulesets of the catalog.

Examples
--------
asnrules rulesets list
asnrules rulesets show jwst-3.0.0

See Also
--------
lookup, classify
"""
)

LISTED = (
    "ruleset", "kind", "status", "effective_from", "goes_by", "effective_until", "implements",
    "releases", "changes", "title",
)  # fmt: skip
RELEASES = (
    "release", "dms_build", "released", "in_operations_from", "ruleset", "effective_from",
    "goes_by", "effective_until",
)  # fmt: skip


@app.command("list")
@selects
def list_(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """List the rulesets, the dates on which they are in force, and the releases that have them.

    Goes by: what the first day is, that in operations or that of a tag. Rules without one were
    never in operations, or are superseded on their first day. Changes are counted from the ruleset
    before.

    Examples
    --------
    asnrules rulesets list
    asnrules rulesets list --format json

    See Also
    --------
    rulesets show, rulesets releases
    """
    from asnrules.catalog.rulesets import list_rulesets
    from asnrules.database.engines import transaction

    with transaction(catalog(context)) as connection:
        found = list_rulesets(connection)
    print_records((info.document() for info in found), LISTED, output, ranked=True)


@app.command()
@selects
def releases(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """List the releases of jwst, and the ruleset that each has.

    In operations from: the first day on which operations ran it, if that is known.

    Examples
    --------
    asnrules rulesets releases
    asnrules rulesets releases --format csv

    See Also
    --------
    rulesets list
    """
    from asnrules.catalog.rulesets import list_releases
    from asnrules.database.engines import transaction

    with transaction(catalog(context)) as connection:
        found = list_releases(connection)
    print_records([one._asdict() for one in found], RELEASES, output, ranked=True)


@app.command()
@selects
def show(context: typer.Context, label: AnyLabel, output: OutputFormat = Format.TABLE) -> None:
    """Show a ruleset: its header, and its rows or its rules in words.

    Examples
    --------
    asnrules rulesets show 2021-06-15
    asnrules rulesets show jwst-3.0.0 --format json

    Exit Codes
    ----------
    3: there is no such ruleset

    See Also
    --------
    rulesets list, rulesets diff, lookup
    """
    from asnrules.catalog.describe import describe_ruleset
    from asnrules.database.engines import transaction

    with transaction(catalog(context)) as connection:
        found = describe_ruleset(connection, label)
    print_records(
        found.rows,
        found.columns,
        output,
        document=found.document,
        people=lambda: _print_description(found),
    )


def _print_description(found: Description) -> None:
    print_lines([*found.heading(), ""])
    if found.glossary is not None:
        print_lines(found.rule_lines())
        return
    named = [name for name in found.columns if name != "footnote"]
    print_records(found.rows, found.columns, Format.TABLE, not_applicable=named)
    print_lines(f"erratum: {erratum_words(one)}" for one in found.errata)


app.command("import")(rulesets_drafts.import_)
app.command("export")(rulesets_drafts.export)
app.command("publish")(rulesets_drafts.publish)
app.command("discard")(rulesets_drafts.discard)
app.command("history")(rulesets_history.history)
app.command("blame")(rulesets_history.blame)
app.command("check")(rulesets_analysis.check)
app.command("diff")(rulesets_analysis.diff)
app.command("impact")(rulesets_impact.impact)
app.command("conform")(rulesets_conform.conform)
