"""`asnrules audit report`: a run as a page for a web browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from asnrules.cli import messages
from asnrules.cli.messages import progress_bar
from asnrules.cli.options import RunNumber


def report(
    context: typer.Context,
    run_id: RunNumber,
    file: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The page to write; - is stdout.")
    ],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing file.")
    ] = False,
) -> None:
    """Write a run as one HTML page that needs nothing else: to read, search, print and send.

    Examples
    --------
    asnrules audit report 1 --output run-1.html
    asnrules audit report 1 --output - | gzip > run-1.html.gz

    Exit Codes
    ----------
    3: there is no such run

    See Also
    --------
    audit run, browse
    """
    from asnrules.catalog.open import open_catalog
    from asnrules.report.rendering import page, write_page

    engine = open_catalog(context.obj)
    if str(file) == "-":
        for text in page(engine, run_id):
            sys.stdout.write(text)
        return
    with progress_bar() as progress:
        size = write_page(engine, run_id, file, overwrite=overwrite, progress=progress)
    messages.say(f"{file}: run {run_id}, {size:,} bytes", run_id=run_id, bytes=size)
