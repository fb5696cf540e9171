"""`asnrules browse`: the catalog in a web browser."""

from __future__ import annotations

from typing import Annotated

import typer

from asnrules.cli import messages


def browse(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="0 takes one that is free.")
    ] = 8001,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open a web browser.")] = True,
) -> None:
    """Show the catalog in a web browser: the table, its history, runs, what was left out.

    Nothing can be changed, and nobody but this machine is served. Ctrl-C ends it.

    Examples
    --------
    asnrules browse --no-open
    asnrules browse --port 0

    See Also
    --------
    sql, audit report
    """
    from asnrules.browse.server import browse as serve
    from asnrules.catalog.open import open_catalog

    def tell(url: str) -> None:
        messages.say(f"the catalog is at {url}; Ctrl-C ends it")

    serve(open_catalog(context.obj), port, open_browser=open_, tell=tell)
