"""Write the document of the commands from what they print as their help.

`python tests/commands.py` renews docs/cli.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import typer

from asnrules.cli.app import app
from asnrules.cli.help import EXAMPLES, SEE_ALSO, read_sections

DOCUMENT = Path(__file__).parents[1] / "docs" / "cli.md"

HEAD = """# Commands

Written from the help of the commands, `asnrules COMMAND --help`; `python tests/commands.py` renews
it. Data go to standard output, all else to standard error. An error is one line that says what to
do next. A table that is too wide for a terminal says once what is so of all rows, has texts of few
rows below it, and is wrapped between words; of `lookup`, `rulesets list`, `rulesets releases` and
`audit runs` the last columns are left out, and named. If that is not enough, each row is a list of
its cells. Through a pipe tables are as wide as they are.

`--columns` and `--where` choose columns and rows of what is printed as rows, those of `--format
csv`, in every format. `why` and `audit run` have neither, as an explanation, and a run as a whole,
are no table; nor have commands that print one row, and `sql`, whose query says it itself.
Numbers, days and moments are compared as such, and what is none of these is refused for a column of
them; `special=` wants rows without a value, `started_at=2026-11-05` what was on that day.

Where a pool, a page or a query is read, `-` is standard input; where one file is written,
`-` is standard output.
"""


class Described(NamedTuple):
    """A command or group of commands, and what it prints."""

    path: str
    command: Any
    context: typer.Context


def walk() -> Iterator[Described]:
    """Give `asnrules` itself, and everything below it."""
    root = typer.main.get_command(app)
    yield from _below(root, typer.Context(root, info_name="asnrules"))


def _below(command: Any, context: typer.Context) -> Iterator[Described]:
    yield Described(context.command_path, command, context)
    for name, one in getattr(command, "commands", {}).items():
        yield from _below(one, typer.Context(one, parent=context, info_name=name))


def documented() -> str:
    """Give the text of the document."""
    everything = list(walk())
    contents = [f"- {_link(one.path)}: {_first(one)}" for one in everything]
    parts = [HEAD, "\n".join(contents) + "\n"]
    parts += [_section(one) for one in everything]
    return "\n".join(parts)


def _section(one: Described) -> str:
    description, sections = read_sections(one.command.help)
    usage = one.command.get_usage(one.context).removeprefix("Usage: ")
    lines = [f"## {one.path}", "", _escaped(description), "", "```text"]
    lines += [" ".join(usage.split()), "```", ""]
    for kind in ("argument", "option"):
        lines += _parameters(one, kind)
    if hasattr(one.command, "commands"):
        below = [f"{one.path} {name}" for name in one.command.commands]
        lines += ["**Commands**: " + ", ".join(map(_link, below)), ""]
    for heading, entries in sections.items():
        lines += _listed(heading, entries)
    if one.context.parent is not None and not hasattr(one.command, "commands"):
        lines += ["For all other exit codes see " + _link("asnrules") + ".", ""]
    return "\n".join(lines)


def _parameters(one: Described, kind: str) -> Iterator[str]:
    records = [
        parameter.get_help_record(one.context)
        for parameter in one.command.get_params(one.context)
        if parameter.param_type_name == kind and not getattr(parameter, "hidden", False)
    ]
    if records:
        yield from (f"**{kind.capitalize()}s**", "")
        for term, text in records:
            yield f"- `{term}`: {_escaped(' '.join(text.split()))}"
        yield ""


def _listed(heading: str, entries: list[str]) -> Iterator[str]:
    if heading == SEE_ALSO:
        names = ", ".join(entries).split(", ")
        yield from ("**See also**: " + ", ".join(_link(f"asnrules {name}") for name in names), "")
        return
    yield from (f"**{heading.capitalize()}**", "")
    if heading == EXAMPLES:
        yield from ("```sh", *entries, "```", "")
        return
    for entry in entries:
        term, _, meaning = entry.partition(": ")
        yield f"- `{term}`: {_escaped(meaning)}"
    yield ""


def _first(one: Described) -> str:
    return _escaped(one.command.get_short_help_str())


def _link(path: str) -> str:
    return f"[{path}](#{path.replace(' ', '-')})"


def _escaped(text: str) -> str:
    return text.replace("*", r"\*").replace("<", r"\<")


if __name__ == "__main__":
    DOCUMENT.write_text(documented())
