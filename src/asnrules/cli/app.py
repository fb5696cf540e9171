"""The commands and what they have in common."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from asnrules.cli import audit, classify, db, generate, lookup, messages, pool, rulesets, why
from asnrules.cli.completion import Shell, completion_script, install_completion
from asnrules.cli.help import App
from asnrules.cli.options import option
from asnrules.util.process import LOG_FORMAT_VARIABLE

app = App(
    """The rules catalog for JWST Stage 2 associations.

Look up what the rules say, decide what becomes of exposures, and keep the record.

Examples
--------
asnrules lookup NRS_IFU
asnrules generate jw01234_pool.csv --output associations
asnrules generate --help
asnrules --install-completion bash

Exit Codes
----------
0: all is fine
1: check, verify, diff, replay or impact found something
2: usage error, bad input, or an output that cannot be written
3: not found
4: database or cluster out of reach or to be upgraded; database damaged or changed by other means
130: interrupted with Ctrl-C; what was not finished is undone (129, 143: by SIGHUP, SIGTERM)

Environment
-----------
ASNRULES_DATABASE: the database, where --database names none
ASNRULES_LOG_FORMAT: text or json, where --log-format says neither
XDG_DATA_HOME: where the folder asnrules with the default database is (Linux)
NO_COLOR: set to anything, turns off the colours of progress bars
COLUMNS: the width at which text is wrapped, where that is not a terminal's width

Files
-----
~/.local/share/asnrules/asnrules.db: the default database (Linux; else see asnrules db current)
~/.local/share/asnrules/completion.bash: the script that ~/.bashrc reads; the same for zsh
~/.config/fish/completions/asnrules.fish: the same for fish
"""
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"asnrules {version('asnrules')}")
        raise typer.Exit


def _install(shell: Shell | None) -> None:
    if shell is not None:
        script, *start = install_completion(shell)
        read = f", which {start[0]} reads" if start else ""
        messages.say(f"completion for {shell} is in {script}{read}; open a new shell")
        raise typer.Exit


def _show(shell: Shell | None) -> None:
    if shell is not None:
        sys.stdout.write(completion_script(shell))
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    database: Annotated[
        str | None,
        option(
            "URL",
            "An SQLAlchemy URL or the path of an SQLite file. [default: a file of yours]",
            name="--database",
            envvar="ASNRULES_DATABASE",
        ),
    ] = None,
    _log_format: Annotated[
        Literal["text", "json"],
        typer.Option(
            "--log-format",
            envvar=LOG_FORMAT_VARIABLE,
            help="Format of stderr: text or JSON Lines.",
            show_default=True,
        ),
    ] = "text",
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    _install_completion: Annotated[
        Shell | None,
        typer.Option(
            "--install-completion",
            callback=_install,
            is_eager=True,
            help="Set up completion for this shell.",
        ),
    ] = None,
    _show_completion: Annotated[
        Shell | None,
        typer.Option(
            "--show-completion",
            callback=_show,
            is_eager=True,
            help="Print the completion script.",
        ),
    ] = None,
) -> None:
    """Look up what the rules say, decide what becomes of exposures, and keep the record."""
    context.obj = database
    if context.invoked_subcommand != "pool":
        # A pool is made without any.
        messages.about(database)


app.command("lookup")(lookup.lookup)
app.command("classify")(classify.classify)
app.command("generate", cls=generate.GenerateCommand)(generate.generate)
app.command("candidates")(generate.candidates)
app.command("why")(why.why)
app.command("sql")(db.sql)
app.command("browse")(db.browse)
app.add_typer(pool.app, name="pool")
app.add_typer(rulesets.app, name="rulesets")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")
