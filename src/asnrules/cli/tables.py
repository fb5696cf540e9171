"""Tables that fit a terminal: cells are wrapped, and what is too wide for that is listed.

Where nothing is a terminal, tables are as wide as what is in them, for programs that read lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_GAP = 2
"""Blanks between two columns."""

_NARROW = 7
"""Characters of a column in which words are broken, as there is no other way."""

_PIECES = re.compile(r"[^\s_\-;,/.]*[\s_\-;,/.]?")
"""Where a cell may be broken: after these characters."""

Cells = Sequence[str]


def fitted(header: Cells, rows: Sequence[Cells], width: int) -> str | None:
    """Give a table as text that is no wider; None if it is not too wide as it is."""
    columns = [*zip(header, *rows, strict=True)]
    if _fits([_longest(column) for column in columns], width):
        return None
    # What is empty in all rows says nothing that is worth its place.
    kept = [at for at, column in enumerate(columns) if any(column[1:]) or not rows]
    header, columns = [header[at] for at in kept], [columns[at] for at in kept]
    rows = [[row[at] for at in kept] for row in rows]
    natural = [_longest(column) for column in columns]
    pieces = [_longest([piece for one in column for piece in _split(one)]) for column in columns]
    for least in (pieces, [min(one, _NARROW) for one in pieces]):
        if _fits(least, width):
            return "\n".join(_table(header, rows, _widths(natural, least, width)))
    return "\n".join(_listed(header, rows, width))


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)


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


def _table(header: Cells, rows: Sequence[Cells], widths: Sequence[int]) -> Iterator[str]:
    for number, row in enumerate((header, *rows)):
        lines = [_wrapped(one, width) for one, width in zip(row, widths, strict=True)]
        for at in range(max(map(len, lines))):
            parts = (one[at] if at < len(one) else "" for one in lines)
            yield _joined(parts, widths)
        if number == 0:
            yield _joined(("-" * width for width in widths), widths)


def _joined(parts: Iterator[str], widths: Sequence[int]) -> str:
    padded = (part.ljust(width) for part, width in zip(parts, widths, strict=True))
    return (" " * _GAP).join(padded).rstrip()


def _listed(header: Cells, rows: Sequence[Cells], width: int) -> Iterator[str]:
    """Give a line for each cell of a row, with its name."""
    longest = _longest(header)
    room = max(width - longest - _GAP, _NARROW)
    for number, row in enumerate(rows):
        yield from [""] * (number > 0)
        for name, text in zip(header, row, strict=True):
            for at, line in enumerate(_wrapped(text, room)):
                yield f"{'' if at else name:{longest}}{' ' * _GAP}{line}".rstrip()


def _split(text: str) -> list[str]:
    return [piece.rstrip() for piece in _PIECES.findall(text) if piece]


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines, inside words only if they are longer than a line."""
    lines, line = [], ""
    for piece in _PIECES.findall(text):
        if len(line) + len(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while len(line.rstrip()) > width:
            lines.append(line[:width])
            line = line[width:]
    return [one for one in (*lines, line.rstrip()) if one] or [""]
