"""Pools stored as tables (CSV with commas, ECSV, Parquet, Arrow), told by what they begin with.

A few kilobytes of Parquet or Arrow can stand for terabytes of text, as a long value is stored
once for all its rows. So no more rows are unpacked at a time than fit in memory.
"""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum, auto
from typing import Any

from asnrules.errors import UsageError
from asnrules.pools.tables import ASN_CANDIDATE, FILENAME, TableSource
from asnrules.util.environment import arrow as arrow_library
from asnrules.util.environment import optional
from asnrules.util.limits import LINE_BYTES, TABLE_BYTES, bounded_memory
from asnrules.util.text import label

START = 1 << 16  # How many bytes are looked at, at most
_REASON_LENGTH = 150
_ROWS = 1_000  # Rows of Parquet and Arrow that are unpacked at a time, at most
_TEXT_BYTES = 1 << 26  # Bytes of text that are unpacked at a time, unless a row alone has more


class Kind(Enum):
    """What a file holds."""

    TEXT = auto()
    COMMAS = auto()
    ECSV = auto()
    PARQUET = auto()
    ARROW = auto()
    FITS = auto()


_ARROW_FILE = b"ARROW1"
_MAGIC = {
    b"SIMPLE  =": Kind.FITS,
    b"PAR1": Kind.PARQUET,
    _ARROW_FILE: Kind.ARROW,
    b"\xff\xff\xff\xff": Kind.ARROW,
    b"# %ECSV ": Kind.ECSV,
}


Table = tuple[Sequence[str], Iterable[Sequence[object]]]
"""Columns and rows."""


class TableFormatError(ValueError):
    """A file that is not well formed; the message is what the library that read it said."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def kind_of(start: bytes) -> Kind:
    """Tell what a file holds by the unpacked bytes that it begins with.

    Text is separated by commas only if its first line has no '|' and the columns of any pool.
    """
    start = start.removeprefix(b"\xef\xbb\xbf")
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    lines = (line.strip() for line in start.splitlines())
    header = next((line for line in lines if line and not line.startswith(b"#")), b"")
    if b"," in header and b"|" not in header:
        names = next(csv.reader([header.decode(errors="replace")]), [])
        if {FILENAME, ASN_CANDIDATE} <= {name.strip().lower() for name in names}:
            return Kind.COMMAS
    return Kind.TEXT


def stored_table(kind: Kind, stream: io.BufferedReader, name: str) -> TableSource:
    """Read a table from a stream of its unpacked bytes.

    If it is not well formed that is a TableFormatError, maybe not before the rows are read.
    """
    if kind is Kind.COMMAS:
        records = _Records(stream)
        rows = iter(records)
        columns: Sequence[str] = next(rows, [])
        if [*columns[:1]] == [""]:
            # The numbers of rows that pandas writes unless it is told not to.
            columns, rows = columns[1:], (row[1:] for row in rows)
        return TableSource(name, columns, rows, records.skipped)
    with _own_errors():
        content = stream.read(TABLE_BYTES + 1)
        _check_size(len(content))
        columns, values = _READERS[kind](content)
    return TableSource(name, columns, _guarded(values))


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


def _guarded(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
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


def _check_size(count: float) -> None:
    if count > TABLE_BYTES:
        raise TableFormatError(f"the table has more than {TABLE_BYTES:,} bytes, unpacked")


def _ecsv(content: bytes) -> Table:
    tables = optional("astropy.table", "fits", "ECSV tables")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = tables.Table.read(content.decode(), format="ascii.ecsv", guess=False)
        columns = list(table.colnames)
        values = [table[name].tolist() for name in columns]
    return columns, zip(*values, strict=True)


def _parquet(content: bytes) -> Table:
    arrow, parquet = arrow_library(), arrow_library(".parquet")
    source = arrow.BufferReader(content)
    stored = parquet.read_metadata(source)
    groups = [stored.row_group(number) for number in range(stored.num_row_groups)]
    _check_size(sum(group.total_byte_size for group in groups))
    schema = parquet.read_schema(source)
    _check_types(arrow, schema)
    # Values that are stored once stay so: they are looked at before they are copied for each row.
    file = parquet.ParquetFile(source, read_dictionary=_texts(arrow, schema))
    return schema.names, _rows(arrow, file.iter_batches(_ROWS))


def _arrow(content: bytes) -> Table:
    arrow, ipc = arrow_library(), arrow_library(".ipc")
    source = arrow.BufferReader(content)
    if content.startswith(_ARROW_FILE):
        file = ipc.open_file(source)
        batches = map(file.get_batch, range(file.num_record_batches))
    else:
        file = ipc.open_stream(source)
        batches = iter(file)
    _check_types(arrow, file.schema)
    return file.schema.names, _rows(arrow, _within_memory(batches))


def _within_memory(batches: Iterator[Any]) -> Iterator[Any]:
    """Unpack batches that fit: packed ones say their size nowhere that pyarrow gives it."""
    while True:
        try:
            with bounded_memory(4 * TABLE_BYTES):
                batch = next(batches, None)
        except MemoryError:
            _check_size(math.inf)
        if batch is None:
            return
        yield batch


_READERS = {Kind.ECSV: _ecsv, Kind.PARQUET: _parquet, Kind.ARROW: _arrow}


def _check_types(arrow: Any, schema: Any) -> None:
    for field in schema:
        if arrow.types.is_nested(field.type) or arrow.types.is_run_end_encoded(field.type):
            kind = label(str(field.type))
            raise ValueError(f"column {label(field.name)} holds values of type {kind}, not text")


def _texts(arrow: Any, schema: Any) -> list[str]:
    types = arrow.types
    are_text = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    return [field.name for field in schema if any(is_text(field.type) for is_text in are_text)]


def _rows(arrow: Any, batches: Iterable[Any]) -> Iterator[Sequence[object]]:
    for batch in batches:
        # A place outside its text, in a damaged file, would end the process.
        batch.validate(full=True)
        _check_size(batch.get_total_buffer_size())
        for start in range(0, batch.num_rows, _ROWS):
            some = batch.slice(start, _ROWS)
            longest = sum(_longest(arrow, column) for column in some.columns)
            step = max(1, min(_ROWS, _TEXT_BYTES // max(1, longest)))
            for at in range(0, some.num_rows, step):
                columns = some.slice(at, step).columns
                yield from zip(*(column.to_pylist() for column in columns), strict=True)


def _longest(arrow: Any, column: Any) -> int:
    """Bytes of the longest text of a column; 0 if it holds none."""
    types = arrow.types
    if isinstance(column, arrow.ExtensionArray):
        return _longest(arrow, column.storage)
    if types.is_dictionary(column.type):
        return _longest(arrow, column.dictionary.take(column.indices.unique()))
    if types.is_string_view(column.type) or types.is_binary_view(column.type):
        buffers = (cell.as_buffer() for cell in column)
        return max((0 if buffer is None else buffer.size for buffer in buffers), default=0)
    if not _texts(arrow, [arrow.field("", column.type)]):
        return 0
    compute = arrow_library(".compute")
    return compute.max(compute.binary_length(column)).as_py() or 0
