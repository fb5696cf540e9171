"""`asnrules rulesets`: the rules themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli import completion, drafts, rulesets_check, rulesets_diff, rulesets_impact
from asnrules.cli.help import App
from asnrules.cli.options import AnyLabel, OutputFormat
from asnrules.cli.output import Format, print_json, print_records

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

COLUMNS = ("ruleset", "kind", "status", "effective_from", "effective_until", "implements", "title")


@app.command("list")
def list_(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """List the rulesets and the dates on which they are in force.

    Examples
    --------
    asnrules rulesets list
    asnrules rulesets list --format json

    See Also
    --------
    rulesets show, rulesets import
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.catalog.rulesets import list_rulesets
    from asnrules.database.engines import transaction

    with transaction(open_catalog(context.obj)) as connection:
        found = list_rulesets(connection)
    records = [
        {**{name: getattr(info, name) for name in COLUMNS}, "checksum": info.checksum}
        for info in found
    ]
    print_records(records, COLUMNS, output)


@app.command()
def show(
    context: typer.Context,
    label: AnyLabel,
    output: OutputFormat = Format.TABLE,
) -> None:
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
    from asnrules.catalog.open import open_catalog
    from asnrules.database.engines import transaction
    from asnrules.rules.describe import describe_ruleset

    with transaction(open_catalog(context.obj)) as connection:
        description = describe_ruleset(connection, label)
    if output is Format.TABLE:
        typer.echo(description.text())
    elif output is Format.JSON:
        print_json(description.document())
    else:
        print_records(description.rows, description.columns, output)


@app.command()
def history(
    context: typer.Context,
    exp_type: Annotated[
        str,
        typer.Argument(
            metavar="EXP_TYPE", help="Of the exposures.", autocompletion=completion.exp_types
        ),
    ],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Tell the life of an EXP_TYPE over all rulesets: a line for each change.

    Examples
    --------
    asnrules rulesets history NRS_MIMF

    Exit Codes
    ----------
    3: there is no such EXP_TYPE

    See Also
    --------
    lookup, rulesets diff
    """
    from asnrules.catalog.history import Change, exp_type_history
    from asnrules.catalog.open import open_catalog

    changes = exp_type_history(open_catalog(context.obj), exp_type)
    records = [change._asdict() for change in changes]
    print_records(records, Change._fields, output, not_applicable=("special",))


app.command("import")(drafts.import_)
app.command("export")(drafts.export)
app.command("publish")(drafts.publish)
app.command("check")(rulesets_check.check)
app.command("diff")(rulesets_diff.diff)
app.command("impact")(rulesets_impact.impact)
