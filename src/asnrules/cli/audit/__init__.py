"""`asnrules audit`: the record of what was decided."""

from __future__ import annotations

import typer

from asnrules.cli.audit import ledger, runs

app = typer.Typer(
    help="The record of what was decided.", no_args_is_help=True, rich_markup_mode=None
)

app.command("runs")(runs.runs)
app.command("verify")(ledger.verify)
app.command("digest")(ledger.digest)
app.command("export")(ledger.export)
