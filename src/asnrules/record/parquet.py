"""Rows of tables as Parquet files, and how the files of a folder differ from them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Boolean, Column, Integer

from asnrules.database.stored import read_stored
from asnrules.database.types import Day, UtcTime
from asnrules.errors import StoredValueError
from asnrules.util.atomic_files import sync
from asnrules.util.environment import arrow
from asnrules.util.folders import Folder, held

_GROUP_ROWS = 122_880  # Rows of a row group, in which engines read: what DuckDB prefers
_GROUP_BYTES = 64 << 20  # Bytes of a row group, unpacked, from which on no more rows are added
_SHOWN = 200  # Characters of what an error says

Columns = Sequence[Column[Any]]


class UnwritableError(Exception):
    """A value that a column cannot hold; this program never stored it."""


def schema_of(columns: Columns) -> Any:
    """Give the Arrow schema of columns: numbers of 64 bits, moments and days as such, text."""
    pa = arrow()

    def kind(column: Column[Any]) -> Any:
        if isinstance(column.type, Boolean):
            return pa.bool_()
        if isinstance(column.type, Integer):
            return pa.int64()
        if isinstance(column.type, Day):
            return pa.date32()
        return pa.timestamp("us", "UTC") if isinstance(column.type, UtcTime) else pa.string()

    return pa.schema([pa.field(one.name, kind(one), bool(one.nullable)) for one in columns])


def batch_of(columns: Columns, rows: Sequence[Sequence[Any]]) -> Any:
    """Give rows, stored ones as `as_stored` has them, as an Arrow batch.

    A value of another kind than its column is an UnwritableError.
    """
    pa, schema = arrow(), schema_of(columns)
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    try:
        arrays = [
            pa.array(_as_such(column, own), field.type)
            for column, own, field in zip(columns, values, schema, strict=True)
        ]
        batch = pa.record_batch(arrays, schema=schema)
        for field, array in zip(schema, arrays, strict=True):
            if array.null_count and not field.nullable:
                raise UnwritableError(f"{field.name} has no value")
    except (pa.ArrowException, ValueError, TypeError, OverflowError, StoredValueError) as error:
        raise UnwritableError(str(error)) from error
    return batch


def _as_such(column: Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    if not isinstance(column.type, UtcTime | Day):
        return values
    return [None if one is None else read_stored(column, one, column.name) for one in values]


@contextmanager
def parquet_file(
    folder: Folder, name: str, columns: Columns
) -> Iterator[Callable[[Sequence[Sequence[Any]]], None]]:
    """Give a function that adds rows to a new file, which is on disk at the end.

    No more than a row group is kept in memory.
    """
    pa, parquet = arrow(), arrow(".parquet")
    schema = schema_of(columns)
    waiting: list[Any] = []

    with os.fdopen(folder.create(name), "wb") as stream:
        with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:

            def flush() -> None:
                if waiting:
                    writer.write_table(pa.Table.from_batches(waiting), row_group_size=_GROUP_ROWS)
                    waiting.clear()

            def add(rows: Sequence[Sequence[Any]]) -> None:
                waiting.append(batch_of(columns, rows))
                is_full = sum(batch.num_rows for batch in waiting) >= _GROUP_ROWS
                if is_full or sum(batch.nbytes for batch in waiting) >= _GROUP_BYTES:
                    flush()

            yield add
            flush()
        sync(stream)


# ------------------------------------------------------------------------- what is there


class Wanted(NamedTuple):
    """What a file should have."""

    columns: Columns
    row_count: int
    rows: Sequence[Sequence[Any]] | None = None
    """Compared value by value, if they are given: few."""


def folder_problem(
    parent: Folder, name: str, files: Sequence[str], wanted: Mapping[str, Wanted]
) -> str | None:
    """Say how a folder differs from what it should be: in its files, or in what one has."""
    try:
        with held(Path(name), parent) as folder:
            problems = (_file_problem(folder, *one) for one in wanted.items())
            return _names_problem(folder, files) or next(filter(None, problems), None)
    except UnwritableError as error:
        return f"the record has what cannot be written: {in_short(error)}"
    except (OSError, arrow().ArrowException, ValueError) as error:
        return f"it cannot be read: {in_short(error)}"


def _names_problem(folder: Folder, expected: Sequence[str]) -> str | None:
    names = folder.names()
    lacking, added = sorted({*expected} - {*names}), sorted({*names} - {*expected})
    if lacking:
        return f"it lacks {lacking[0]}"
    return f"it has {added[0]!a}, which is not of asnrules" if added else None


def _file_problem(folder: Folder, name: str, wanted: Wanted) -> str | None:
    columns, count, rows = wanted
    # No link is followed.
    with os.fdopen(folder.open(name), "rb") as stream:
        file = arrow(".parquet").ParquetFile(stream)
        found, has_columns = file.metadata.num_rows, file.schema_arrow.equals(schema_of(columns))
        if rows is not None:
            # Looked at before it is read, as anything may be there.
            is_equal = has_columns and found == count
            if is_equal:
                expected = arrow().Table.from_batches([batch_of(columns, rows)])
                is_equal = file.read().equals(expected)
            return None if is_equal else f"{name} differs from the record"
    if not has_columns:
        return f"{name} has other columns"
    return None if found == count else f"{name} has {found} rows where {count} are on record"


def in_short(error: Exception) -> str:
    """Give what an error says, which may quote what is untrusted."""
    return ascii(" ".join(str(error).split())[:_SHOWN])
