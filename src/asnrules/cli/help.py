"""Commands whose docstrings say all that `--help` prints, and that docs/cli.md is made of.

Below the description of a command a docstring may have sections, underlined as numpy does it:
Examples, Exit Codes, See Also, and whatever else there is to list. Each line of theirs is an
entry of its own; `term: meaning`, where the section lists such.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Sequence
from copy import copy
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from asnrules.cli import messages

EXAMPLES = "Examples"
SEE_ALSO = "See Also"

_HEADING = re.compile(r"^(\S[^\n]*)\n-{3,}\n", re.MULTILINE)


def read_sections(text: str | None) -> tuple[str, dict[str, list[str]]]:
    """Split a docstring into its description and the lines of each section, by its heading."""
    description, *rest = _HEADING.split(inspect.cleandoc(text or ""))
    bodies = [body.strip().splitlines() for body in rest[1::2]]
    return description.strip(), dict(zip(rest[::2], bodies, strict=True))


class _Explained:
    """What a command and a group print alike."""

    help: str | None

    def get_short_help_str(self, limit: int = 45) -> str:
        """Give the first sentence, whole: where commands are listed it is wrapped."""
        description, _ = read_sections(self.help)
        return " ".join(description.partition("\n\n")[0].split()).rstrip(".")

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the description."""
        description, _ = read_sections(self.help)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(description)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the sections; examples as they are, to be copied."""
        _, sections = read_sections(self.help)
        for heading, lines in sections.items():
            with formatter.section(heading.capitalize()):
                if heading == EXAMPLES:
                    indent = " " * formatter.current_indent
                    formatter.write("".join(f"{indent}{line}\n" for line in lines))
                elif heading == SEE_ALSO:
                    formatter.write_text("\n".join(lines))
                else:
                    formatter.write_dl([tuple(line.split(": ", 1)) for line in lines])


class Command(_Explained, TyperCommand):
    """A command that is explained by its docstring; the log says when it begins."""

    def invoke(self, ctx: Any) -> Any:
        """Run it, all its options understood."""
        messages.begun(path_of(ctx))
        return super().invoke(ctx)


class Group(_Explained, TyperGroup):
    """A group of commands that is explained in the same way."""


class App(typer.Typer):
    """A group that commands are added to, explained as a command is."""

    def __init__(self, explanation: str) -> None:
        super().__init__(
            cls=Group,
            help=explanation,
            no_args_is_help=True,
            add_completion=False,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
        )

    def narrowed(self, words: Sequence[str], options: Collection[str] = ()) -> App:
        """Give it with no command but the one that is called; with all where none is plainly.

        typer makes all the commands that there are, which takes longer than a look-up. Of the
        options of the group itself, those that take a value are given.
        """
        called, rest = _first(words, options)
        commands = [one for one in self.registered_commands if one.name == called]
        groups = [one for one in self.registered_groups if one.name == called]
        if not commands and not groups:
            return self
        alone = copy(self)
        alone.registered_commands = commands
        alone.registered_groups = []
        for group in map(copy, groups):
            group.typer_instance = cast("App", group.typer_instance).narrowed(rest)
            alone.registered_groups.append(group)
        return alone

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        """Add a command; see `typer.Typer.command`."""
        return super().command(name, **{"cls": Command, **settings})


def path_of(context: Any) -> str:
    """Give the name of a command as typed after the program: `audit verify`."""
    return str(context.command_path).partition(" ")[2]


def _first(words: Sequence[str], options: Collection[str]) -> tuple[str | None, Sequence[str]]:
    """Give the first word that is no option, and those after it; None where that is not certain."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        option, is_whole, _ = words[at].partition("=")
        if option not in options:
            break
        at += 1 if is_whole else 2
    named = words[at : at + 1]
    return (named[0] if named else None), words[at + 1 :]
