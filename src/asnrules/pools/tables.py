"""Tables of other libraries as pools, known by what they can do: none need be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asnrules.errors import UsageError
from asnrules.pools.rendering import TableSource
from asnrules.util.text import label

NAME = "table"
"""The name of a pool that is a table in memory."""

_LISTED = ("to_pylist", "to_list", "tolist")
"""By which columns give their values as a list: pyarrow's, polars' and pandas', NumPy's."""


def table_source(table: Any, name: str = NAME) -> TableSource:
    """Take a table for a pool.

    Parameters
    ----------
    table : table
        An astropy Table, a pandas or polars DataFrame, a pyarrow Table, or a mapping of column
        names to sequences of equal length. Of its values, see
        `asnrules.pools.rendering.cell_text`.
    name : str
        What stands for the name of a file.

    Raises
    ------
    UsageError
        If it is none of these.
    """
    names = _names(table)
    if names is None:
        raise UsageError(
            f"a {label(type(table).__name__)} is no pool; give a path, an astropy Table, a pandas "
            "or polars DataFrame, a pyarrow Table or a mapping of columns"
        )
    columns = [_values(table[name], name) for name in names]
    if len({len(column) for column in columns}) > 1:
        raise UsageError("the columns of the table differ in length; give each row a value")
    return TableSource(name, [str(name) for name in names], list(zip(*columns, strict=True)))


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
    raise UsageError(f"column {label(str(name))} is no column of values; give a list")
