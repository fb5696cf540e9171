"""Tables in memory as the text of a '|' separated pool, which is the one form that is read.

A table of any kind is rendered as such a text, row by row, and read by the same reader, so that
its cells are checked, and its values understood, as those of a pool file are. Blank cells are
rendered as `null`: left blank they would be values in some columns, see `Pool.blanks`.

Tables of other libraries are known by what they can do: none need be installed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

from asnrules.errors import PoolError, UsageError
from asnrules.util.limits import CELL_CHARACTERS
from asnrules.util.text import CONTROL, label, shown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NAME = "table"
"""The name of a pool that is a table in memory."""

NULL = "null"
_BLOCK = 1 << 18
_KNOWN = 1 << 16
_SHORT = 1_000
_MISSING = frozenset({"NAType", "NaTType", "MaskedConstant"})
"""Types by which pandas and NumPy say that there is no value, known by name as neither need be
installed."""
_LISTED = ("to_pylist", "to_list", "tolist")
"""By which columns give their values as a list: pyarrow's, polars' and pandas', NumPy's."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table that is read as a pool, once."""

    name: str
    """What stands for the name of the file."""
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]

    def blocks(self) -> Iterator[bytes]:
        """Give it as the bytes of a pool file, some lines at a time; see `rendered`."""
        return rendered(self.name, self.columns, self.rows)


def table_source(table: Any) -> TableSource:
    """Take a table for a pool; of its values, see `cell_text`.

    Parameters
    ----------
    table : table
        An astropy Table, a pandas or polars DataFrame, a pyarrow Table, or a mapping of column
        names to sequences of equal length.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    names = _names(table)
    if names is None:
        raise UsageError(
            f"a {label(type(table).__name__)} is not a pool; give a path, an astropy Table, a "
            "pandas or polars DataFrame, a pyarrow Table or a mapping of columns"
        )
    columns = [_values(table[name], name) for name in names]
    if len({len(column) for column in columns}) > 1:
        raise UsageError("the columns of the table differ in length; give each row a value")
    return TableSource(NAME, [str(name) for name in names], list(zip(*columns, strict=True)))


def _names(table: Any) -> list[Any] | None:
    if isinstance(table, Mapping):
        return list(table)
    # astropy's, pyarrow's, pandas' and polars' name for it.
    for attribute in ("colnames", "column_names", "columns"):
        names = getattr(table, attribute, None)
        if names is not None:
            return list(names)
    return None


def _values(column: Any, name: Any) -> Sequence[object]:
    for method in _LISTED:
        if hasattr(column, method):
            values = getattr(column, method)()
            if isinstance(values, list):
                return values
    if isinstance(column, Sequence) and not isinstance(column, str | bytes):
        return column
    raise UsageError(f"column {label(str(name))} is not a column of values; give a list")


def rendered(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    skipped: deque[int] | None = None,
) -> Iterator[bytes]:
    """Render a table as a pool file, some lines at a time, in UTF-8.

    Parameters
    ----------
    name : str
        The table, as messages name it.
    columns : sequence of str
        The names of its columns.
    rows : iterable of sequence
        A value for each column, see `cell_text`.
    skipped : deque of int, optional
        For the header and each row, how many blank lines to put before it, so that lines are
        numbered as those of the file that the rows come from; filled as rows are read.

    Raises
    ------
    PoolError
        For a value that no pool can hold; the message names the row, counted from 1.
    """
    text_of = _Texts().__getitem__
    text = io.StringIO()
    bare = csv.writer(text, delimiter="|", lineterminator="\n")
    quoted = csv.writer(text, delimiter="|", lineterminator="\n", quoting=csv.QUOTE_ALL)
    for number, row in enumerate(chain([columns], rows)):
        blank = NULL if number else ""
        try:
            # Only texts are looked up: True, 1 and 1.0 would find each other.
            cells = [
                (text_of(value) if type(value) is str else cell_text(value)) or blank
                for value in row
            ]
        except ValueError as error:
            raise _refusal(name, columns, row, number, error) from error
        if skipped:
            text.write("\n" * skipped.popleft())
        # A line that begins with this mark would be a comment.
        (quoted if cells and cells[0].startswith("#") else bare).writerow(cells)
        if text.tell() >= _BLOCK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def cell_text(value: object) -> str:
    """Give a value as a pool has it.

    Text is stripped; a truth value becomes `t` or `f`; a whole number also comes as a float, as a
    column of integers with gaps is one of floats to some libraries; None, NaN, and what pandas or
    NumPy have for no value, become blank.

    Raises
    ------
    ValueError
        For a value of another type, and for text with control characters. The message says what
        it is.
    """
    if value is None or type(value).__name__ in _MISSING:
        return ""
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, str):
        return _checked(value).strip()
    if isinstance(value, bool) or type(value).__name__ in {"bool", "bool_"}:
        return "t" if value else "f"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int | Decimal):
        return str(value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise ValueError(f"a value of type {label(type(value).__name__)}")


class _Texts(dict[str, str]):
    """The text of a cell for a value that is text; values repeat a lot."""

    def __missing__(self, value: str) -> str:
        text = cell_text(value)
        if len(self) < _KNOWN and len(value) < _SHORT:
            self[value] = text
        return text


def _checked(text: str) -> str:
    if len(text) > CELL_CHARACTERS:
        raise ValueError(f"text of more than {CELL_CHARACTERS:,} characters: {shown(text)}")
    if not text.isprintable():
        if control := CONTROL.search(text):
            raise ValueError(f"control character {control[0]!r} in {shown(text)}")
        text.encode()
    return text


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(float(value))


def _refusal(
    name: str, columns: Sequence[str], row: Sequence[object], number: int, error: ValueError
) -> PoolError:
    """Say which cell it was."""
    place = next(place for place, value in enumerate(row) if _is_refused(value))
    column = label(str(columns[place])) if number and place < len(columns) else str(place + 1)
    problem = "not UTF-8 text" if isinstance(error, UnicodeError) else str(error)
    where = f"row {number}" if number else "header"
    return PoolError(
        f"{label(name, 200)}, {where}, column {column}: {problem}; "
        "give text without control characters, numbers or truth values"
    )


def _is_refused(value: object) -> bool:
    try:
        cell_text(value)
    except ValueError:
        return True
    return False


def rendered_stream(blocks: Iterator[bytes]) -> io.BufferedReader:
    """Give blocks of bytes as a stream."""
    return io.BufferedReader(_Blocks(blocks), 1 << 18)


class _Blocks(io.RawIOBase):
    """A stream of the bytes that an iterator gives."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        view = memoryview(buffer)
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
