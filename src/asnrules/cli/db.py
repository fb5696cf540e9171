"""`asnrules db`, `sql` and `browse`: the database itself."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from asnrules.cli import messages
from asnrules.cli.help import App
from asnrules.cli.options import OutputFormat, argument, catalog
from asnrules.cli.output import Format, print_records, print_rows
from asnrules.errors import UsageError
from asnrules.util.limits import QUERY_CHARACTERS

app = App(
    """Look after the database.

Examples
--------
asnrules db current

See Also
--------
sql, audit verify
"""
)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the database to the schema of this program and add the shipped rulesets.

    Examples
    --------
    asnrules db upgrade
    asnrules --database postgresql://curator@db.example.org/rules db upgrade

    See Also
    --------
    db current, db check
    """
    from asnrules.catalog.open import connect_catalog, upgrade_catalog
    from asnrules.database.engines import shown_url

    engine = connect_catalog(context.obj)
    before, after = upgrade_catalog(engine)
    messages.running.kept.append(f"the database is upgraded to {after}")
    messages.say(f"{shown_url(engine.url)}: {before or 'nothing'} -> {after}")


@app.command()
def current(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """Print the database, its schema and the schema of this program.

    Examples
    --------
    asnrules db current

    See Also
    --------
    db upgrade, db check
    """
    from asnrules.catalog.open import connect_catalog, describe_unknown
    from asnrules.database.engines import shown_url, transaction
    from asnrules.database.migrations import HEAD, current_revision

    engine = connect_catalog(context.obj)
    with transaction(engine) as connection:
        revision = current_revision(connection)
    record = {"database": shown_url(engine.url), "revision": revision, "program": HEAD}
    print_records([record], list(record), output)
    if unknown := describe_unknown(revision):
        messages.say(unknown)


@app.command()
def check(context: typer.Context, output: OutputFormat = Format.TABLE) -> None:
    """Compare the schema with the one expected, and each ruleset with its checksum.

    Examples
    --------
    asnrules db check

    Exit Codes
    ----------
    1: something is wrong

    See Also
    --------
    audit verify, db upgrade
    """
    from asnrules.catalog.open import check_catalog, connect_catalog

    findings = check_catalog(connect_catalog(context.obj))
    if findings or output is not Format.TABLE:
        print_records([{"finding": finding} for finding in findings], ["finding"], output)
    if findings:
        raise typer.Exit(1)
    messages.say("nothing is wrong")


def sql(
    context: typer.Context,
    query: Annotated[
        str | None,
        argument("[QUERY]", "One SELECT (- is stdin); nothing is changed. None lists the views."),
    ] = None,
    output: OutputFormat = Format.TABLE,
) -> None:
    """Run a read-only query, or list the views; docs/sql.md describes their columns.

    Examples
    --------
    asnrules sql
    asnrules sql "SELECT exp_type, reason FROM v_unassociated"
    asnrules sql - --format csv < query.sql

    See Also
    --------
    browse, audit runs
    """
    from asnrules.database.readonly import described_views
    from asnrules.database.readonly import query as run

    if query is None:
        views = [{"view": name, "rows": words} for name, words in described_views().items()]
        print_records(views, ("view", "rows"), output)
        return
    if query == "-":
        query = sys.stdin.read(QUERY_CHARACTERS + 1)
    if len(query) > QUERY_CHARACTERS:
        raise UsageError(
            f"sql: the query has more than {QUERY_CHARACTERS:,} characters; give one SELECT"
        )
    with run(catalog(context), query) as (columns, rows):
        print_rows(columns, rows, output)


def browse(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Port; 0 chooses a free one.")
    ] = 8001,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open a web browser.")] = True,
) -> None:
    """Show the catalog in a web browser: one search, and a page for whatever it finds.

    It finds EXP_TYPEs, exposures, associations, programs, rules, rulesets, releases and runs. Their
    pages say why, lead to each other, and to the table, its history and questions. It is read only
    and serves this machine only. Ctrl-C ends it.

    Examples
    --------
    asnrules browse --no-open
    asnrules browse --port 0

    See Also
    --------
    sql, audit report
    """
    from asnrules.browse.server import browse as serve

    def tell(url: str) -> None:
        messages.say(f"the catalog is at {url}; Ctrl-C ends it")

    serve(catalog(context), port, open_browser=open_, tell=tell)
