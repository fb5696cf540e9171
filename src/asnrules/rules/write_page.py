"""Write a table as the page that the observatory publishes; `page` reads it back.

Misprints are written as they were printed; `errata` corrects them again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from asnrules.rules.model import NOT_APPLICABLE, Mode, Table
from asnrules.rules.page import HEADINGS, parse_restructuredtext

PRINTED = ("EXP_TYPE", "Member Exposure Type", "Specials", "Association Type")
"""The headings of a page, in the order of `HEADINGS`."""


def page_text(table: Table) -> str:
    """Write the page of a table: its rows, a blank row between instruments, and its footnotes."""
    printed = {(one.position, one.field): one.printed for one in table.errata}
    notes = list(dict.fromkeys(mode.footnote for mode in table.modes if mode.footnote))
    title = _literal(table.title)
    lines = [
        title,
        "=" * len(title),
        "",
        f"Source: {_literal(table.source)}",
        "",
        ".. list-table:: Exposure Modes for Stage 2 Processing",
        "   :widths: 20 20 20 20",
        "   :header-rows: 1",
        "",
        *_row_lines(PRINTED),
    ]
    groups = groupby(table.modes, key=lambda mode: mode.exp_type.partition("_")[0])
    for number, (_, group) in enumerate(groups):
        if number:
            lines += _row_lines([""] * len(HEADINGS))
        for mode in group:
            lines += _row_lines(_printed_cells(mode, printed, notes))
    lines += _footnote_lines(notes)
    return "\n".join(lines) + "\n"


def _printed_cells(mode: Mode, printed: dict[tuple[int, str], str], notes: list[str]) -> list[str]:
    cells = [
        _literal(printed.get((mode.position, name), getattr(mode, name) or NOT_APPLICABLE))
        for name in HEADINGS
    ]
    if mode.footnote:
        cells[0] += f" [#f{notes.index(mode.footnote) + 1}]_"
    return cells


def _row_lines(texts: Any) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f"   {'*' if number == 0 else ' '} - {text}".rstrip()


def _footnote_lines(notes: list[str]) -> Iterator[str]:
    if notes:
        yield from ("", "Footnotes", "---------")
    for number, note in enumerate(notes, 1):
        yield from ("", f".. [#f{number}] {_literal(note)}")


@lru_cache(maxsize=1024)
def _literal(text: str) -> str:
    """Write a text so that it is read as it stands, with marks before signs only if need be."""
    from docutils import nodes

    if text[:1].isalnum():
        paragraphs = parse_restructuredtext(f"x\n\n{text}\n").children[1:]
        if [type(one) for one in paragraphs] == [nodes.paragraph]:
            inside = paragraphs[0].children
            if [type(one) for one in inside] == [nodes.Text] and inside[0].astext() == text:
                return text
    marked = re.sub(r"([^\w\s]|_)", r"\\\1", text)
    # The first letter too, as it may begin the number of a list.
    return marked if marked.startswith("\\") else f"\\{marked}"
