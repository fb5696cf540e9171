"""Pools with something wrong with them: from the number of a case always the same one."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from robustness.odd_values import LARGE, odd_candidates, odd_value
from robustness.plausible import Table, plausible_pool

_BOMB_SIZE = 200_000_000
_MANY_COLUMNS = (200, 5_000, 100_000)
_INSERTED = [
    b"\0", b"\x1b[2J", b"\x1b]0;x\x07", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80",
    b"\xef\xbb\xbf", b"\r", b"\r\r\n", b"\n", b"\n\n", b"\xe2\x80\xa8", b"\xe2\x80\xae",
    b"\xe2\x81\xa6", b"\xc2\x85", b"\xc2\xa0", b"\x0b", b"\x0c", b"\x1a", b"\x7f", b"|", b'"', b"'",
    b"#", b"\n#", b"\x1f\x8b", b"\t",
]  # fmt: skip
_NAMES = ["p\u00f6ol.csv", "pool\x1b[31m.csv", "po\nol.csv", "p|o'o\"l", "\udcff.csv", "x" * 255]


@dataclass(frozen=True, slots=True)
class Case:
    """A mutated pool.

    Attributes
    ----------
    number : int
        The seed that it was made from.
    steps : tuple of str
        What was done to a plausible pool, in order.
    name : str
        The name of the file.
    content : bytes
        What the file holds.
    """

    number: int
    steps: tuple[str, ...]
    name: str
    content: bytes


def mutated_pool(number: int) -> Case:
    """Make the pool of that number: one to four mutations, those of bytes after the others."""
    numbers = random.Random(number)
    steps = numbers.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()), k=numbers.randint(1, 4))
    table = plausible_pool(numbers)
    for step in steps:
        if step in OF_TABLES:
            OF_TABLES[step](table, numbers)
    separator = numbers.choice([",", "\t", ";", "||", " "]) if "separator" in steps else "|"
    content = table.text(separator).encode("utf-8", "surrogatepass")
    for step in steps:
        if step in OF_BYTES:
            content = OF_BYTES[step](content, numbers)
    name = numbers.choice(_NAMES) if numbers.random() < 0.05 else "jw02345_pool.csv"
    return Case(number, tuple(steps), name, content)


# ------------------------------------------------------------------ columns


def _drop_columns(table: Table, numbers: random.Random) -> None:
    for _ in range(numbers.randint(1, 3)):
        place = numbers.randrange(max(len(table.columns), 1))
        for row in (table.columns, *table.rows):
            del row[place : place + 1]


def _double_column(table: Table, numbers: random.Random) -> None:
    place, target = (numbers.randrange(max(len(table.columns), 1)) for _ in range(2))
    for row in (table.columns, *table.rows):
        row[target:target] = row[place : place + 1]


def _shuffle_columns(table: Table, numbers: random.Random) -> None:
    order = list(range(len(table.columns)))
    numbers.shuffle(order)
    for row in (table.columns, *table.rows):
        row[:] = [row[place] for place in order if place < len(row)]


def _rename_column(table: Table, numbers: random.Random) -> None:
    place = numbers.randrange(max(len(table.columns), 1))
    upper = [name.upper() for name in table.columns[place : place + 1]]
    table.columns[place : place + 1] = upper if numbers.random() < 0.3 else [odd_value(numbers)]


def _drop_header(table: Table, _numbers: random.Random) -> None:
    table.columns = table.rows.pop(0) if table.rows else []


def _add_columns(table: Table, numbers: random.Random) -> None:
    count = numbers.choices(_MANY_COLUMNS, (10, 3, 1))[0]
    table.columns += [f"column{number}" for number in range(count)]
    for row in table.rows:
        row += ["x"] * count


# ------------------------------------------------------------------ rows and cells


def _odd_cells(table: Table, numbers: random.Random) -> None:
    """Put an odd value into some column, in one row or several."""
    for _ in range(numbers.randint(1, 4)):
        place = _column(table, numbers)
        value = odd_value(numbers)
        for row in _some(table, numbers):
            row[place : place + 1] = [value]


def _odd_rows(table: Table, numbers: random.Random) -> None:
    for row in _some(table, numbers):
        row[:] = [odd_value(numbers) if numbers.random() < 0.2 else cell for cell in row]


def _odd_candidates(table: Table, numbers: random.Random) -> None:
    lower = [column.lower() for column in table.columns]
    place = lower.index("asn_candidate") if "asn_candidate" in lower else 0
    text = odd_candidates(numbers)
    for row in _some(table, numbers):
        row[place : place + 1] = [text]


def _long_cell(table: Table, numbers: random.Random) -> None:
    place = _column(table, numbers)
    length = numbers.choices((131_072, 1_000_000, LARGE), (5, 3, 1))[0]
    for row in _some(table, numbers)[:1]:
        row[place : place + 1] = [numbers.choice(("x", "[(", '"', "1")) * length]


def _miscount_cells(table: Table, numbers: random.Random) -> None:
    for row in _some(table, numbers):
        if numbers.random() < 0.5:
            del row[numbers.randrange(len(row) + 1) :]
        else:
            row += [odd_value(numbers)] * numbers.randint(1, 50)


def _double_rows(table: Table, numbers: random.Random) -> None:
    table.rows += [list(row) for row in _some(table, numbers)]
    numbers.shuffle(table.rows)


def _same_names(table: Table, numbers: random.Random) -> None:
    """Give exposures that differ one file name."""
    for row in _some(table, numbers):
        row[:1] = table.rows[0][:1]


def _mix_rows(table: Table, numbers: random.Random) -> None:
    """Exchange cells of a column between rows."""
    for _ in range(numbers.randint(1, 8)):
        place = _column(table, numbers)
        for row in _some(table, numbers):
            row[place : place + 1] = numbers.choice(table.rows)[place : place + 1]


def _odd_lines(table: Table, numbers: random.Random) -> None:
    line = numbers.choice(([""], ["# comment"], ["  "], [odd_value(numbers)], list(table.columns)))
    table.rows.insert(numbers.randint(0, len(table.rows)), line)


def _column(table: Table, numbers: random.Random) -> int:
    """Choose a column: every second time one that names come from."""
    if numbers.random() < 0.5:
        wanted = numbers.choice(("filename", "program", "targetid", "exp_type", "asn_candidate"))
        lower = [column.lower() for column in table.columns]
        if wanted in lower:
            return lower.index(wanted)
    return numbers.randrange(max(len(table.columns), 1))


def _some(table: Table, numbers: random.Random) -> list[list[str]]:
    if not table.rows:
        return []
    chance = numbers.random()
    if chance < 0.3:
        return table.rows
    return numbers.sample(table.rows, numbers.randint(1, len(table.rows)))


# ------------------------------------------------------------------ bytes


def _truncate(content: bytes, numbers: random.Random) -> bytes:
    return content[: numbers.randint(0, len(content))]


def _flip(content: bytes, numbers: random.Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(numbers.randint(1, 8) if flipped else 0):
        flipped[_place(content, numbers)] ^= 1 << numbers.randrange(8)
    return bytes(flipped)


def _insert(content: bytes, numbers: random.Random) -> bytes:
    for _ in range(numbers.randint(1, 3)):
        place = _place(content, numbers) if content else 0
        content = content[:place] + numbers.choice(_INSERTED) + content[place:]
    return content


def _place(content: bytes, numbers: random.Random) -> int:
    """Choose a place: every second time in the first lines."""
    return numbers.randrange(min(len(content), numbers.choice((1_000, len(content)))))


def _encode(content: bytes, numbers: random.Random) -> bytes:
    text = content.decode("utf-8", "replace") + "# caf\u00e9\n"
    encoding = numbers.choice(
        ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-8-sig", "cp037", "utf-7"]
    )
    return text.encode(encoding, "replace")


def _end_lines(content: bytes, numbers: random.Random) -> bytes:
    return content.replace(b"\n", numbers.choice([b"\r\n", b"\r", b"\n\r", b"\n\n", b"\0", b""]))


def _replace(content: bytes, numbers: random.Random) -> bytes:
    """Forget the pool: an empty file, a binary one, or one of another kind."""
    others = [
        b"", b"\n", b"\n" * 5_000, b"#\n", b"\0" * 5_000, b"\x1f", b"\x1f\x8b", b"|", b"||||\n",
        b"\x89PNG\r\n\x1a\n", b"SIMPLE  =                    T", b"SQLite format 3\0", b"PK\x03",
        b"[]", b"{}", b"<html></html>", b"filename|asn_candidate\n", b"\xef\xbb\xbf", b"\xff\xfe",
        b"filename|asn_candidate\nx|null\n", b"filename|asn_candidate|exp_type\nx||nrc_image\n",
    ]  # fmt: skip
    if numbers.random() < 0.3:
        return numbers.randbytes(numbers.randint(1, 3_000))
    return numbers.choice(others)


def _zip(content: bytes, numbers: random.Random) -> bytes:
    packed = gzip.compress(content, 1, mtime=0)
    damage = numbers.choice((None, None, _truncate, _flip, _insert))
    if damage is None:
        return packed + packed if numbers.random() < 0.2 else packed
    return damage(packed, numbers)


def _bomb(content: bytes, numbers: random.Random) -> bytes:
    filling = numbers.choice((b"\0", b"x", b"|"))
    return gzip.compress(content, 1, mtime=0) * (numbers.random() < 0.5) + _bomb_of(filling)


@cache
def _bomb_of(filling: bytes) -> bytes:
    return gzip.compress(filling * _BOMB_SIZE, 1, mtime=0)


OF_TABLES: dict[str, Callable[[Table, random.Random], None]] = {
    "drop columns": _drop_columns,
    "double a column": _double_column,
    "shuffle columns": _shuffle_columns,
    "rename a column": _rename_column,
    "drop the header": _drop_header,
    "add columns": _add_columns,
    "odd cells": _odd_cells,
    "odd rows": _odd_rows,
    "odd candidates": _odd_candidates,
    "a long cell": _long_cell,
    "miscount cells": _miscount_cells,
    "double rows": _double_rows,
    "same names": _same_names,
    "mix rows": _mix_rows,
    "odd lines": _odd_lines,
}
OF_BYTES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "truncate": _truncate,
    "flip": _flip,
    "insert": _insert,
    "encode": _encode,
    "end lines": _end_lines,
    "replace": _replace,
    "zip": _zip,
    "bomb": _bomb,
}
_WEIGHTS = dict.fromkeys((*OF_TABLES, *OF_BYTES, "separator"), 6) | {
    "odd cells": 50,
    "mix rows": 50,
    "odd candidates": 20,
    "double rows": 16,
    "same names": 16,
    "shuffle columns": 12,
    "insert": 12,
    "replace": 3,
    "separator": 3,
    "a long cell": 2,
    "add columns": 2,
    "bomb": 1,
}
