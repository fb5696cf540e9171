"""`asnrules sql`: a query against the views."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_rows


def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT; nothing is changed.")],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Run a read-only query; the views and their columns are described in docs/sql.md.

    Example: asnrules sql "SELECT exp_type, reason FROM v_unassociated"
    """
    from asnrules.catalog.opening import open_catalog
    from asnrules.database.readonly import query as run

    with run(open_catalog(context.obj), query) as (columns, rows):
        print_rows(columns, rows, output)
