"""`asnrules sql`: a query against the views."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from asnrules.cli.options import OutputFormat
from asnrules.cli.output import Format, print_rows
from asnrules.errors import UsageError
from asnrules.util.limits import QUERY_CHARACTERS


def sql(
    context: typer.Context,
    query: Annotated[
        str,
        typer.Argument(metavar="QUERY", help="One SELECT (- is stdin); nothing is changed."),
    ],
    output: OutputFormat = Format.TABLE,
) -> None:
    """Run a read-only query; the views and their columns are described in docs/sql.md.

    Examples
    --------
    asnrules sql "SELECT exp_type, reason FROM v_unassociated"
    asnrules sql - --format csv < query.sql

    See Also
    --------
    browse, audit runs
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.database.readonly import query as run

    if query == "-":
        query = sys.stdin.read(QUERY_CHARACTERS + 1)
    if len(query) > QUERY_CHARACTERS:
        raise UsageError(
            f"sql: the query has more than {QUERY_CHARACTERS:,} characters; give one SELECT"
        )
    with run(open_catalog(context.obj), query) as (columns, rows):
        print_rows(columns, rows, output)
