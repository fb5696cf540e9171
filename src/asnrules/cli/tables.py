"""Tables that fit a terminal.

What is too wide says once what is so of all rows, puts texts of a few rows below, wraps cells
between words, and leaves out the last columns if they are the least important. If that is not
enough, or there are few rows, each row is a list of its cells. Where nothing is a terminal, tables
are as wide as what is in them, for programs that read lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_GAP = 2
"""Blanks between two columns."""

_PADDING = 2
"""Blanks beside the name of a column in a table that is not fitted."""

_FEW = 5
"""Rows that are listed rather than shown without some of their columns."""

_FEWEST = 3
"""Columns that a table has at least when some are left out."""

_TEXT = 30
"""Characters of the shortest text that goes below the table."""

_WORDS = re.compile(r"\S+\s?|\s")
_PARTS = re.compile(r"[^\s_\-;,/.]*[\s_\-;,/.]?")
"""Where a cell may be broken: after a word; after a part of it in names of columns, and where a
word is longer than a line."""

Cells = Sequence[str]
Columns = Sequence[Cells]
"""The cells of each column, its name first."""


def fitted(
    header: Cells, rows: Sequence[Cells], width: int, *, may_leave_out: bool = False
) -> str | None:
    """Give a table as text that is no wider; None if it is not too wide as it is.

    The last columns may only be left out if they are the least important.
    """
    columns: Columns = [*zip(header, *rows, strict=True)]
    as_it_is = [max(len(name) + _PADDING, _longest(cells)) for name, *cells in columns]
    if _fits(as_it_is, width):
        return None
    # What is empty in all rows says nothing that is worth its place.
    full = [column for column in columns if any(column[1:]) or not rows] or columns
    above, columns = _said_once(full, width)
    once = columns
    columns, below = _with_notes(columns, width)
    left_out: list[str] = []
    may_leave_out = may_leave_out and not 0 < len(rows) <= _FEW
    while may_leave_out and len(columns) > _FEWEST and not _fits(_least(columns), width):
        left_out.insert(0, columns[-1][0])
        columns = columns[:-1]
    above = [*_lines(above, width), *([""] * bool(above))]
    if not _fits(_least(columns), width):
        return "\n".join([*above, *_listed(once, width)])
    if left_out:
        names = ", ".join(left_out)
        below.append(f"too wide for this terminal: {names}; choose columns with --columns")
    return "\n".join(
        [
            *above,
            *_table(columns, _widths(_natural(columns), _least(columns), width)),
            *([""] * bool(below)),
            *(line for one in below for line in _lines([one], width)),
        ]
    )


def _lines(texts: Sequence[str], width: int) -> Sequence[str]:
    return _wrapped(", ".join(texts), width) if texts else ()


def _said_once(columns: Columns, width: int) -> tuple[list[str], Columns]:
    """Take out columns that say the same of all rows, the first ones first, until it fits."""
    said, kept = [], [*columns]
    for column in columns:
        if len(column) > 2 and len(kept) > 1 and not _fits(_natural(kept), width):
            name, *cells = column
            if len(set(cells)) == 1:
                said.append(f"{name}: {cells[0]}")
                kept.remove(column)
    return said, kept


def _with_notes(columns: Columns, width: int) -> tuple[Columns, list[str]]:
    """Take texts of few rows out of the table, and put their numbers into its first column."""
    first, *others = columns
    notes: dict[str, int] = {}
    for column in others:
        name, *cells = column
        is_rare = sum(map(bool, cells)) * 2 <= len(cells)
        if _longest(cells) < _TEXT or not is_rare or _fits(_natural([first, *others]), width):
            continue
        others.remove(column)
        marks = [
            f" ({notes.setdefault(f'{name}: {text}', len(notes) + 1)})" if text else ""
            for text in cells
        ]
        first = [first[0], *map("".join, zip(first[1:], marks, strict=True))]
    return [first, *others], [f"({number}) {note}" for note, number in notes.items()]


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)


def _natural(columns: Columns) -> list[int]:
    return [_longest(column) for column in columns]


def _least(columns: Columns) -> list[int]:
    """Give the widths at which no word is broken."""
    return [
        _longest([*_split(name, _PARTS), *(word for cell in cells for word in cell.split())])
        for name, *cells in columns
    ]


def _fits(widths: Sequence[int], width: int) -> bool:
    return sum(widths) + _GAP * (len(widths) - 1) <= width


def _widths(natural: Sequence[int], least: Sequence[int], width: int) -> list[int]:
    """Cut the widest columns down to one width, the largest with which the table fits."""
    low, high = 0, max(natural)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(_capped(natural, least, middle), width):
            low = middle
        else:
            high = middle - 1
    return _capped(natural, least, low)


def _capped(natural: Sequence[int], least: Sequence[int], most: int) -> list[int]:
    pairs = zip(natural, least, strict=True)
    return [max(min(own, most), needed) for own, needed in pairs]


def _table(columns: Columns, widths: Sequence[int]) -> Iterator[str]:
    for number, row in enumerate(zip(*columns, strict=True)):
        pattern = _WORDS if number else _PARTS
        lines = [_wrapped(*pair, pattern) for pair in zip(row, widths, strict=True)]
        for at in range(max(map(len, lines))):
            parts = (one[at] if at < len(one) else "" for one in lines)
            yield _joined(parts, widths)
        if number == 0:
            yield _joined(("-" * width for width in widths), widths)


def _joined(parts: Iterator[str], widths: Sequence[int]) -> str:
    padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
    return (" " * _GAP).join(padded).rstrip()


def _listed(columns: Columns, width: int) -> Iterator[str]:
    """Give a line for each cell of a row that has something, with its name."""
    header, *rows = zip(*columns, strict=True)
    longest = _longest(header)
    room = max(width - longest - _GAP, 1)
    for number, row in enumerate(rows):
        yield from [""] * (number > 0)
        for name, text in zip(header, row, strict=True):
            for at, line in enumerate(_wrapped(text, room) if text else ()):
                yield f"{'' if at else name:{longest}}{' ' * _GAP}{line}".rstrip()


def _split(text: str, pattern: re.Pattern[str]) -> list[str]:
    return [piece.rstrip() for piece in pattern.findall(text) if piece]


def _wrapped(text: str, width: int, pattern: re.Pattern[str] = _WORDS) -> list[str]:
    """Break a text into lines, inside words only if they are longer than a line."""
    lines, line = [], ""
    for piece in _pieces(text, width, pattern):
        if len(line) + len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while len(line.rstrip()) > width:
            lines.append(line[:width])
            line = line[width:]
    return [one for one in (*lines, line.rstrip()) if one] or [""]


def _pieces(text: str, width: int, pattern: re.Pattern[str]) -> Iterator[str]:
    for word in pattern.findall(text):
        yield from [word] if len(word.rstrip()) <= width else _PARTS.findall(word)
