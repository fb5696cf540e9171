"""Tables stored in other formats than a '|' separated text, told by what they begin with."""

from __future__ import annotations

import csv
import io
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import NamedTuple

from asnrules.errors import UsageError
from asnrules.pools.columnar import arrow_rows, arrow_stream_rows, parquet_rows
from asnrules.util.environment import optional
from asnrules.util.limits import LINE_BYTES, TABLE_BYTES
from asnrules.util.text import label

START = 1 << 16
"""How many bytes are looked at, at most."""

_REASON_LENGTH = 150


class Kind(Enum):
    """What a file holds."""

    TEXT = auto()
    COMMAS = auto()
    ECSV = auto()
    PARQUET = auto()
    ARROW = auto()
    ARROW_STREAM = auto()
    FITS = auto()


_MAGIC = {
    b"SIMPLE  =": Kind.FITS,
    b"PAR1": Kind.PARQUET,
    b"ARROW1": Kind.ARROW,
    b"\xff\xff\xff\xff": Kind.ARROW_STREAM,
    b"# %ECSV ": Kind.ECSV,
}


class StoredTable(NamedTuple):
    """A table of a file.

    Attributes
    ----------
    columns : sequence of str
        The names of its columns.
    rows : iterable of sequence
        A value for each column.
    skipped : deque of int or None
        For text, how many lines that are neither stand before the header and each row; filled
        as these are read.
    """

    columns: Sequence[str]
    rows: Iterable[Sequence[object]]
    skipped: deque[int] | None = None


class TableFormatError(ValueError):
    """A file that is not well formed; the message is what the library that read it said.

    Attributes
    ----------
    line : int or None
        The line, counted from 1, where it is known.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def kind_of(start: bytes, required: Sequence[str]) -> Kind:
    """Tell what a file holds.

    Parameters
    ----------
    start : bytes
        What it begins with, unpacked.
    required : sequence of str
        Columns that a header of text has.

    Returns
    -------
    Kind
        Text separated by commas only if its first line holds no '|' and all the columns.
    """
    start = start.removeprefix(b"\xef\xbb\xbf")
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    lines = (line for line in start.splitlines() if line.strip() and not _is_comment(line))
    header = next(lines, b"")
    if b"," in header and b"|" not in header:
        names = next(csv.reader([header.decode(errors="replace")]), [])
        if set(required) <= {name.strip().lower() for name in names}:
            return Kind.COMMAS
    return Kind.TEXT


def stored_table(kind: Kind, stream: io.BufferedReader) -> StoredTable:
    """Read a table.

    Parameters
    ----------
    kind : Kind
        What it is: not text and not FITS.
    stream : binary stream
        Of its unpacked bytes.

    Raises
    ------
    TableFormatError
        If it is not well formed; also while the rows are read.
    UsageError
        If the library that reads it is not installed.
    """
    if kind is Kind.COMMAS:
        return _commas(stream)
    return _guarded(_READERS[kind](stream))


def _is_comment(line: bytes) -> bool:
    return line.lstrip().startswith(b"#")


class _Records:
    """The records of a text separated by commas, and how many other lines stand before each."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
        self._others = 0
        self._line = 0
        self._length = 0
        self.skipped: deque[int] = deque()

    def __iter__(self) -> Iterator[list[str]]:
        try:
            for record in csv.reader(self._lines(), strict=True):
                self.skipped.append(self._others)
                self._others = self._length = 0
                yield record
        except csv.Error as error:
            raise TableFormatError(str(error), self._line) from error

    def _lines(self) -> Iterator[str]:
        while line := self._text.readline(LINE_BYTES + 1):
            self._line += 1
            if self._length + len(line) > LINE_BYTES:
                problem = f"the row is longer than {LINE_BYTES:,} characters"
                raise TableFormatError(problem, self._line)
            if line.strip() and not line.lstrip().startswith("#"):
                self._length += len(line)
                yield line
            else:
                self._others += 1


def _commas(stream: io.BufferedReader) -> StoredTable:
    records = _Records(stream)
    rows = iter(records)
    return StoredTable(next(rows, []), rows, records.skipped)


def _guarded(table: StoredTable) -> StoredTable:
    return table._replace(rows=_guarded_rows(table.rows))


def _guarded_rows(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    with _own_errors():
        yield from rows


@contextmanager
def _own_errors() -> Iterator[None]:
    """Turn whatever a library raises for a file that it cannot read into one error of ours."""
    try:
        yield
    except (UsageError, TableFormatError):
        raise
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise TableFormatError(label(text, _REASON_LENGTH)) from error


def _whole(stream: io.BufferedReader) -> bytes:
    content = stream.read(TABLE_BYTES + 1)
    if len(content) > TABLE_BYTES:
        raise TableFormatError(f"the table has more than {TABLE_BYTES:,} bytes, unpacked")
    return content


def _ecsv(stream: io.BufferedReader) -> StoredTable:
    tables = optional("astropy.table", "fits", "ECSV tables")
    with _own_errors(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = tables.Table.read(_whole(stream).decode(), format="ascii.ecsv", guess=False)
        columns = list(table.colnames)
        values = [table[name].tolist() for name in columns]
    return StoredTable(columns, zip(*values, strict=True))


def _parquet(stream: io.BufferedReader) -> StoredTable:
    return _columnar(parquet_rows, stream)


def _arrow(stream: io.BufferedReader) -> StoredTable:
    return _columnar(arrow_rows, stream)


def _arrow_stream(stream: io.BufferedReader) -> StoredTable:
    return _columnar(arrow_stream_rows, stream)


def _columnar(
    read: Callable[[bytes], tuple[Sequence[str], Iterable[Sequence[object]]]],
    stream: io.BufferedReader,
) -> StoredTable:
    with _own_errors():
        return StoredTable(*read(_whole(stream)))


_READERS = {
    Kind.ECSV: _ecsv,
    Kind.PARQUET: _parquet,
    Kind.ARROW: _arrow,
    Kind.ARROW_STREAM: _arrow_stream,
}
