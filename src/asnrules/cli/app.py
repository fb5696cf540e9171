"""The commands and what they have in common."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli import audit, browse, classify, db, generate, lookup, pool, rulesets, sql, why

app = typer.Typer(
    help="The rules catalog for JWST Stage 2 associations.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"asnrules {version('asnrules')}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    database: Annotated[
        str | None,
        typer.Option(
            envvar="ASNRULES_DATABASE",
            metavar="URL",
            help="An SQLAlchemy URL or the path of an SQLite file. [default: a file of yours]",
        ),
    ] = None,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Look up what the rules say, decide what becomes of exposures, and keep the record."""
    context.obj = database


app.command("lookup")(lookup.lookup)
app.command("classify")(classify.classify)
app.command("generate", cls=generate.GenerateCommand)(generate.generate)
app.command("why")(why.why)
app.command("sql")(sql.sql)
app.command("browse")(browse.browse)
app.add_typer(pool.app, name="pool")
app.add_typer(rulesets.app, name="rulesets")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")
