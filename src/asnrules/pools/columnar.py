"""Tables in Parquet and Arrow, read some rows at a time whatever they hold.

A few kilobytes of such a file can stand for terabytes of text, as a long value is stored once for
all its rows. So no more rows are unpacked at a time than fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asnrules.util.environment import optional
from asnrules.util.limits import TABLE_BYTES
from asnrules.util.text import label

_BATCH = 1_000
_TEXT_BYTES = 1 << 26
"""Bytes of text that are unpacked at a time, unless a row alone has more."""


def parquet_rows(content: bytes) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    """Give the columns and the rows of a Parquet file.

    Raises
    ------
    ValueError
        If it is too big, unpacked, or a column holds lists or objects; also while rows are read.
    UsageError
        If pyarrow is not installed.
    """
    arrow = _arrow()
    parquet = optional("pyarrow.parquet", "parquet", "Parquet tables")
    source = arrow.BufferReader(content)
    stored = parquet.read_metadata(source)
    groups = [stored.row_group(number) for number in range(stored.num_row_groups)]
    _check_size(sum(group.total_byte_size for group in groups))
    schema = parquet.read_schema(source)
    _check_types(arrow, schema)
    # Values that are stored once stay so: they are looked at before they are copied for each row.
    file = parquet.ParquetFile(source, read_dictionary=_texts(arrow, schema))
    return schema.names, _rows(arrow, file.iter_batches(_BATCH))


def arrow_rows(content: bytes) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    """Give the columns and the rows of an Arrow file, as `parquet_rows` does."""
    arrow = _arrow()
    file = optional("pyarrow.ipc", "parquet", "Arrow tables").open_file(arrow.BufferReader(content))
    _check_types(arrow, file.schema)
    batches = (file.get_batch(number) for number in range(file.num_record_batches))
    return file.schema.names, _rows(arrow, batches)


def arrow_stream_rows(content: bytes) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    """Give the columns and the rows of an Arrow stream, as `parquet_rows` does."""
    arrow = _arrow()
    ipc = optional("pyarrow.ipc", "parquet", "Arrow tables")
    file = ipc.open_stream(arrow.BufferReader(content))
    _check_types(arrow, file.schema)
    return file.schema.names, _rows(arrow, file)


def _arrow() -> Any:
    return optional("pyarrow", "parquet", "Parquet and Arrow tables")


def _check_size(count: int) -> None:
    if count > TABLE_BYTES:
        raise ValueError(f"the table has more than {TABLE_BYTES:,} bytes, unpacked")


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
        for start in range(0, batch.num_rows, _BATCH):
            some = batch.slice(start, _BATCH)
            longest = sum(_longest(arrow, column) for column in some.columns)
            step = max(1, min(_BATCH, _TEXT_BYTES // max(1, longest)))
            for at in range(0, some.num_rows, step):
                columns = some.slice(at, step).columns
                yield from zip(*(column.to_pylist() for column in columns), strict=True)


def _longest(arrow: Any, column: Any) -> int:
    """Give the bytes of the longest text of a column; 0 if it holds none."""
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
    compute = optional("pyarrow.compute", "parquet", "Parquet and Arrow tables")
    return compute.max(compute.binary_length(column)).as_py() or 0
