"""Options that recur, declared once."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

import typer

from asnrules.cli import completion
from asnrules.cli.output import Format
from asnrules.errors import UsageError
from asnrules.util.days import read_day


class LogFormat(StrEnum):
    """What is written on stderr; see `asnrules.cli.messages`."""

    TEXT = "text"
    JSON = "json"


OutputFormat = Annotated[
    Format, typer.Option("--format", "-f", help="How data are printed.", show_default=True)
]
PublishedLabel = Annotated[
    str | None,
    typer.Option(
        "--ruleset",
        metavar="LABEL",
        help="Use this ruleset.",
        autocompletion=completion.tables,
    ),
]
RulesetLabel = Annotated[
    str | None,
    typer.Option(
        "--ruleset",
        metavar="LABEL",
        help="Use this ruleset.",
        autocompletion=completion.rules,
    ),
]
AnyRuleset = Annotated[
    str | None,
    typer.Option(
        "--ruleset",
        metavar="LABEL",
        help="Use this ruleset.",
        autocompletion=completion.rulesets,
    ),
]
AnyLabel = Annotated[
    str,
    typer.Argument(metavar="LABEL", help="Of the ruleset.", autocompletion=completion.rulesets),
]
DraftLabel = Annotated[
    str,
    typer.Argument(metavar="DRAFT", help="Label of the draft.", autocompletion=completion.drafts),
]
RunNumber = Annotated[
    int,
    typer.Argument(metavar="RUN", help="Number of the run.", autocompletion=completion.runs),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DATE", help="Use what was in force on this day (UTC)."),
]


def parse_day(text: str | None, ruleset: str | None = None) -> dt.date | None:
    """Read the value of `--as-of`.

    Raises
    ------
    UsageError
        If it is no date, or a ruleset is named as well.
    """
    if text is not None and ruleset is not None:
        raise UsageError("--ruleset and --as-of exclude each other; give one of them")
    return read_day("--as-of", text)
