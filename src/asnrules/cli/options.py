"""Options that recur, declared once, and the catalog that `--database` names."""

from __future__ import annotations

import datetime as dt
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asnrules.cli import completion, messages, selection
from asnrules.cli.completion import Completer
from asnrules.cli.output import Format
from asnrules.errors import UsageError
from asnrules.util.text import read_day

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from asnrules.pools.fits.declared import Declarations


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


def format_option(text: str = "How data are printed.") -> Any:
    """Declare the option for the format of what is printed."""
    return typer.Option("--format", "-f", help=text, show_default=True)


OutputFormat = Annotated[Format, format_option()]
_USE = "Use this ruleset."
TableLabel = Annotated[str | None, option("LABEL", _USE, completion.tables, name="--ruleset")]
RulesLabel = Annotated[str | None, option("LABEL", _USE, completion.rules, name="--ruleset")]
AnyRuleset = Annotated[str | None, option("LABEL", _USE, completion.rulesets, name="--ruleset")]
AsOf = Annotated[
    str | None, option("DATE", "Use what was in force on this day (UTC).", name="--as-of")
]
AnyLabel = Annotated[str, argument("LABEL", "Label of the ruleset.", completion.rulesets)]
DraftLabel = Annotated[str, argument("DRAFT", "Label of the draft.", completion.drafts)]
Columns = Annotated[str | None, option("NAME,...", "Print only these columns, in this order.")]
Where = Annotated[
    list[str] | None,
    option("NAME=VALUE", "Print only rows with this (* for any) or != < <= > >= it; repeatable."),
]
RunNumber = Annotated[int, argument("RUN", "Number of the run.", completion.runs)]
Pools = Annotated[
    list[str], argument("POOL...", "Pools (- is stdin), FITS files, or folders of these.")
]
SetKeywords = Annotated[
    list[str] | None,
    option("[PATTERN:]KEYWORD=VALUE", "A keyword, in place of that in headers.", name="--set"),
]
MoreCandidates = Annotated[
    list[str] | None,
    option(
        "[PATTERN=]LIST",
        "More candidates of FITS files: \"[('c1000', 'background')]\".",
        name="--asn-candidate",
    ),
]
ReplaceFile = Annotated[bool, flag("--overwrite", "Replace an existing file.")]
Scheduler = Annotated[
    str | None, option("ADDRESS", "Share the work among the workers of this Dask scheduler.")
]
Note = Annotated[str | None, option("TEXT", "Kept in the record.")]


def declared(set_: list[str] | None, asn_candidate: list[str] | None) -> Declarations:
    """Give what the options `--set` and `--asn-candidate` declare of FITS files."""
    from asnrules.pools.fits.declared import Declarations

    return Declarations(asn_candidate or (), set_ or ())


class _Selecting:
    """A command with the options `--columns` and `--where`; see `selects`."""

    def __init__(self, command: Callable[..., None]) -> None:
        functools.update_wrapper(self, command)
        self._command = command
        self.__annotations__ = {**command.__annotations__, "columns": Columns, "where": Where}

    @property
    def __signature__(self) -> inspect.Signature:
        # typer asks for it when it makes the command; what it reads is not read for others.
        own = inspect.signature(self._command, eval_str=True)
        added = (
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
            for name, kind in (("columns", Columns), ("where", Where))
        )
        return own.replace(parameters=[*own.parameters.values(), *added])

    def __call__(self, *, columns: str | None, where: list[str] | None, **given: Any) -> None:
        with selection.selecting(columns, where or ()):
            self._command(**given)


def selects(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that prints rows the options `--columns` and `--where`."""
    return _Selecting(command)


def parse_day(text: str | None, ruleset: str | None = None) -> dt.date | None:
    """Read the value of `--as-of`, which excludes a named ruleset."""
    if text is not None and ruleset is not None:
        raise UsageError("--ruleset and --as-of exclude each other; give one of them")
    return read_day("--as-of", text)


def catalog(context: typer.Context, *, writing: bool = False, day: dt.date | None = None) -> Engine:
    """Open the catalog that the command is to use.

    If the rules of a day are asked for, say on stderr if they are in force by a tag only.
    """
    from asnrules.catalog.open import open_catalog

    engine = open_catalog(context.obj, writing=writing)
    if day is not None:
        from asnrules.catalog.rulesets import RULES, choose_ruleset
        from asnrules.database.engines import transaction

        with transaction(engine) as connection:
            info = choose_ruleset(connection, RULES, None, day)
        if info.by_tag is not None:
            messages.warn(info.by_tag, ruleset=info.ruleset)
    return engine
