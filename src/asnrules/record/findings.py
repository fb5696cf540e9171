"""The findings of a verification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table

from asnrules.database.stored import read_stored, shown
from asnrules.errors import StoredValueError


class Finding(NamedTuple):
    """Something that does not match."""

    run_id: int | None
    """None for what belongs to no run."""
    table: str | None
    """None for what concerns the digest that was given."""
    column: str | None
    """The column with a value that cannot be read; None where all can, and do not match."""
    finding: str

    def words(self) -> str:
        """Say where it is and what is wrong, in one line."""
        names = ("run", "table", "column")
        places = [f"{name} {value}" for name, value in zip(names, self, strict=False) if value]
        return f"{', '.join(places)}: {self.finding}"


def unreadable(
    table: Table, rows: Iterable[Sequence[Any]], run_id: int | None, of: str = ""
) -> Iterator[Finding]:
    """Find the columns with values that cannot be read, and the first such value of each.

    The rows have all columns, see `as_stored`; they belong to a run, or to what `of` names.
    """
    columns = list(table.columns)
    keys = [at for at, column in enumerate(columns) if column.primary_key]
    found = set()
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if column.name in found:
                continue
            try:
                read_stored(column, value, of)
            except StoredValueError as error:
                found.add(column.name)
                key = ", ".join(f"{columns[at].name} {shown(row[at])}" for at in keys)
                place = of or f"row with {key}"
                yield Finding(run_id, table.name, column.name, f"{place}: {error.problem}")
