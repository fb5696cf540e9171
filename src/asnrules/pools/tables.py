"""Tables as the text of a '|' separated pool, which is the one form that is read.

So their cells are checked, and their values understood, as those of a pool file are. Blank cells
are rendered as `null`: left blank they would be values in some columns, see `Pool.blanks`.

Tables of other libraries are known by what they can do: none need be installed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import numbers
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

from asnrules.errors import PoolError, UsageError
from asnrules.util.limits import CELL_CHARACTERS
from asnrules.util.text import CONTROL, label, shown

NAME = "table"  # The name of a pool that is a table in memory
FILENAME = "filename"
ASN_CANDIDATE = "asn_candidate"
NULL = "null"  # What stands in a pool for no value
_BLOCK = 1 << 18
_KNOWN = 1 << 16
_SHORT = 1_000
_MISSING = frozenset({"NAType", "NaTType", "MaskedConstant"})
"""Types by which pandas and NumPy say that there is no value, known by name as neither need be
installed."""
_NO_VALUE = frozenset({"NaN", "nan", "None", "<NA>", "NaT", "#N/A", "-"})
"""Texts by which pandas and spreadsheets say so. Case counts: NONE is a value of FXD_SLIT."""
_LISTED = ("to_pylist", "to_list", "tolist")
"""By which columns give their values as a list: pyarrow's, polars' and pandas', NumPy's."""


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table that is read as a pool, once."""

    name: str
    """What stands for the name of the file."""
    columns: Sequence[str]
    rows: Iterable[Sequence[object]]

    skipped: deque[int] | None = None
    """For the header and each row, how many blank lines to put before it, so that lines are
    numbered as those of the file that the rows come from; filled as rows are read."""

    def blocks(self) -> Iterator[bytes]:
        """Render it as a pool file, some lines at a time, in UTF-8.

        A value that no pool can hold is a PoolError, which names the row, counted from 1.
        """
        known = _Texts()
        text = io.StringIO()
        bare = csv.writer(text, delimiter="|", lineterminator="\n")
        quoted = csv.writer(text, delimiter="|", lineterminator="\n", quoting=csv.QUOTE_ALL)
        for number, row in enumerate(chain([self.columns], self.rows)):
            blank = NULL if number else ""
            text_of = known.__getitem__ if number else cell_text
            try:
                # Only texts are looked up: True, 1 and 1.0 would find each other.
                cells = [
                    (text_of(value) if type(value) is str else cell_text(value)) or blank
                    for value in row
                ]
            except ValueError as error:
                raise self._refusal(row, number, error) from error
            if self.skipped:
                text.write("\n" * self.skipped.popleft())
            # A line that begins with this mark would be a comment.
            (quoted if cells and cells[0].startswith("#") else bare).writerow(cells)
            if text.tell() >= _BLOCK:
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
        yield text.getvalue().encode()

    def _refusal(self, row: Sequence[object], number: int, error: ValueError) -> PoolError:
        """Say which cell it was."""
        place = next(place for place, value in enumerate(row) if _is_refused(value))
        is_named = number and place < len(self.columns)
        column = label(str(self.columns[place])) if is_named else str(place + 1)
        problem = "not UTF-8 text" if isinstance(error, UnicodeError) else str(error)
        where = f"row {number}" if number else "header"
        return PoolError(
            f"{label(self.name, 200)}, {where}, column {column}: {problem}; "
            "give text without control characters, numbers or truth values"
        )


def keyword_texts(values: Mapping[str, object]) -> dict[str, str]:
    """Give an exposure, by keyword, as a pool has it, without keywords that have no value."""
    texts = {}
    for keyword, value in values.items():
        try:
            text = cell_text(value)
        except ValueError as error:
            raise UsageError(f"{label(str(keyword))}: {error}; give text or a number") from error
        if text or isinstance(value, str):
            texts[str(keyword)] = text
    return texts


def _is_refused(value: object) -> bool:
    try:
        cell_text(value)
    except ValueError:
        return True
    return False


def is_rows(given: Any) -> bool:
    """Tell whether something is a list of rows, each a mapping."""
    return isinstance(given, list) and {isinstance(one, Mapping) for one in given} == {True}


def table_source(table: Any) -> TableSource:
    """Take an astropy Table, a DataFrame, a pyarrow Table or a mapping of columns for a pool.

    So are rows, each a mapping, in a list.
    """
    if is_rows(table):
        keys = list(dict.fromkeys(key for row in table for key in row))
        rows = [[row.get(key) for key in keys] for row in table]
        return TableSource(NAME, [str(key) for key in keys], rows)
    # astropy's, pyarrow's, pandas' and polars' name for it.
    attributes = ("colnames", "column_names", "columns")
    found = (getattr(table, attribute, None) for attribute in attributes)
    names = table if isinstance(table, Mapping) else next((n for n in found if n is not None), None)
    if names is None:
        raise UsageError(
            f"a {label(type(table).__name__)} is not a pool; give a path, an astropy Table, a "
            "pandas or polars DataFrame, a pyarrow Table or a mapping of columns"
        )
    names = list(names)
    columns = [_values(table[name], name) for name in names]
    if len({len(column) for column in columns}) > 1:
        raise UsageError("the columns of the table differ in length; give each row a value")
    return TableSource(NAME, [str(name) for name in names], list(zip(*columns, strict=True)))


def _values(column: Any, name: Any) -> Sequence[object]:
    for method in _LISTED:
        if hasattr(column, method):
            values = getattr(column, method)()
            if isinstance(values, list):
                return values
    if isinstance(column, Sequence) and not isinstance(column, str | bytes):
        return column
    raise UsageError(f"column {label(str(name))} is not a column of values; give a list")


def cell_text(value: object) -> str:
    """Give a value as a pool has it; a ValueError says what no pool can hold.

    Text is stripped; a truth value becomes `t` or `f`; a whole number also comes as a float, as a
    column of integers with gaps is one of floats to some libraries; None, NaN, and what pandas or
    NumPy have for no value, become blank.
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
    if isinstance(value, numbers.Integral):
        # One of NumPy, as the next one.
        return str(int(value))
    if isinstance(value, numbers.Real):
        return _number(float(value))
    raise ValueError(f"a value of type {label(type(value).__name__)}")


class _Texts(dict[str, str]):
    """The text of a cell for a value that is text; values repeat a lot."""

    def __missing__(self, value: str) -> str:
        text = cell_text(value)
        text = "" if text in _NO_VALUE else text
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
