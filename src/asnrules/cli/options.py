"""Options that recur, declared once."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from asnrules.cli.output import Format
from asnrules.errors import UsageError

OutputFormat = Annotated[
    Format, typer.Option("--format", "-f", help="How data are printed.", show_default=True)
]
RulesetLabel = Annotated[
    str | None, typer.Option("--ruleset", metavar="LABEL", help="Use this ruleset.")
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Use what was in force on this day (UTC)."),
]


def parse_day(
    text: str | None, ruleset: str | None = None, *, option: str = "--as-of"
) -> dt.date | None:
    """Read the value of `--as-of`, or of another option that takes a day.

    Raises
    ------
    UsageError
        If it is no date, or a ruleset is named as well.
    """
    if text is None:
        return None
    if ruleset is not None:
        raise UsageError("--ruleset and --as-of exclude each other; give one of them")
    return read_day("--as-of", text)


def read_day(option: str, text: str) -> dt.date:
    """Read a date that was given for an option.

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no date; write it as 2026-01-31") from error
