"""Options that recur, declared once, and the catalog that `--database` names."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages
from asnrules.cli.completion import Completer
from asnrules.cli.output import Format
from asnrules.errors import UsageError
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from sqlalchemy import Engine


def option(
    metavar: str | None,
    text: str,
    complete: Completer | None = None,
    *,
    name: str | None = None,
    **settings: Any,
) -> Any:
    """Declare an option; its name is that of the parameter if none is given."""
    names = () if name is None else (name,)
    return typer.Option(*names, metavar=metavar, help=text, autocompletion=complete, **settings)


def flag(name: str, text: str) -> Any:
    """Declare an option without a value."""
    return typer.Option(name, help=text)


def argument(metavar: str, text: str, complete: Completer | None = None) -> Any:
    """Declare an argument."""
    return typer.Argument(metavar=metavar, help=text, autocompletion=complete)


FORMAT = typer.Option("--format", "-f", help="How data are printed.", show_default=True)
OutputFormat = Annotated[Format, FORMAT]
_USE = "Use this ruleset."
TableLabel = Annotated[str | None, option("LABEL", _USE, completion.tables, name="--ruleset")]
RulesLabel = Annotated[str | None, option("LABEL", _USE, completion.rules, name="--ruleset")]
AnyRuleset = Annotated[str | None, option("LABEL", _USE, completion.rulesets, name="--ruleset")]
AsOf = Annotated[
    str | None, option("DATE", "Use what was in force on this day (UTC).", name="--as-of")
]
AnyLabel = Annotated[str, argument("LABEL", "Label of the ruleset.", completion.rulesets)]
DraftLabel = Annotated[str, argument("DRAFT", "Label of the draft.", completion.drafts)]
RunNumber = Annotated[int, argument("RUN", "Number of the run.", completion.runs)]
Pools = Annotated[list[str], argument("POOL...", "Pools (- is stdin), or FITS files.")]
ReplaceFile = Annotated[bool, flag("--overwrite", "Replace an existing file.")]
Note = Annotated[str | None, option("TEXT", "Kept in the record.")]


def parse_day(text: str | None, ruleset: str | None = None) -> dt.date | None:
    """Read the value of `--as-of`, which excludes a named ruleset."""
    if text is not None and ruleset is not None:
        raise UsageError("--ruleset and --as-of exclude each other; give one of them")
    return read_day("--as-of", text)


def tell_of_tag(engine: Engine, day: dt.date | None) -> None:
    """Say on stderr if the rules of a day that was asked for are in force by a tag only."""
    if day is None:
        return
    from asnrules.catalog.rulesets import RULES, choose_ruleset
    from asnrules.database.engines import transaction

    with transaction(engine) as connection:
        info = choose_ruleset(connection, RULES, None, day)
    if info.by_tag is not None:
        messages.warn(info.by_tag, ruleset=info.ruleset)


def catalog(context: typer.Context, *, writing: bool = False) -> Engine:
    """Open the catalog that the command is to use."""
    from asnrules.catalog.open import open_catalog

    return open_catalog(context.obj, writing=writing)
