"""Print records as paragraphs, for people: what is too long for the cells of a table."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

from asnrules.cli.output import printable

NARROWEST, WIDEST = 40, 100
"""Characters of a line, whatever the terminal."""

EXAMPLE = "example"
"""The name of what stays on one line, as it is there to be copied."""

Paragraph = tuple[str, Sequence[tuple[str, str | None]]]
"""A heading, and texts with their names; no name where there is '', no text where there is None."""


def print_paragraphs(paragraphs: Iterable[Paragraph]) -> None:
    """Print paragraphs, a blank line between them."""
    width = max(min(shutil.get_terminal_size().columns, WIDEST), NARROWEST)
    sys.stdout.write("\n".join(_written(*paragraph, width) for paragraph in paragraphs))


def _written(heading: str, texts: Sequence[tuple[str, str | None]], width: int) -> str:
    lines = [heading]
    for name, text in texts:
        if text:
            named = f"{name}: {text}" if name else text
            lines += [f"    {named}"] if name == EXAMPLE else _wrapped(named, width)
    return "".join(f"{printable(line)}\n" for line in lines)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
