"""`asnrules audit`: the record of what was decided."""

from __future__ import annotations

import typer

from asnrules.cli.audit import runs

app = typer.Typer(
    help="The record of what was decided.", no_args_is_help=True, rich_markup_mode=None
)

app.command("runs")(runs.runs)
