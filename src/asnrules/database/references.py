"""Look, for all rows of a run at once, whether what they refer to is there.

SQLite looks row by row, which is a tenth of the time in which a large run is recorded. PostgreSQL
looks statement by statement, by triggers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, ForeignKeyConstraint, Table, func, select
from sqlalchemy.exc import IntegrityError

from asnrules.database.schema import record
from asnrules.database.schema.all_tables import metadata


def check_references(connection: Connection, run_id: int) -> None:
    """Raise IntegrityError if a row of a run, the last one, refers to what is not there."""
    for table in metadata.tables.values():
        if "run_id" in table.columns or table is record.exposures:
            for key in table.foreign_key_constraints:
                if any(_lost(connection, key, run_id)):
                    _refuse(key)


def _of_run(table: Table, run_id: int) -> ColumnElement[bool]:
    if table is not record.exposures:
        return table.c.run_id == run_id
    # They belong to the run that brought their pool: those of earlier ones were there before.
    before = select(func.max(record.pools.c.pool_id)).where(record.pools.c.run_id < run_id)
    return table.c.pool_id > func.coalesce(before.scalar_subquery(), 0)


def _lost(connection: Connection, key: ForeignKeyConstraint, run_id: int) -> Iterator[bool]:
    """Tell of each value of the first column of a key whether anything is missing."""
    first, *last = key.columns
    parent, *numbers = (element.column for element in key.elements)
    own = _of_run(key.table, run_id)
    values: Sequence[Any] = [run_id]
    if first.name != "run_id":
        statement = select(first).where(own, first.is_not(None)).distinct()
        values = connection.scalars(statement).all()
    for value in values:
        found = select(func.count()).where(parent == value)
        if not last:
            yield connection.scalar(found) == 0
            continue
        # Each end is asked for alone, as an index then gives it at once.
        least, most = (
            connection.scalar(select(end(last[0])).where(own, first == value))
            for end in (func.min, func.max)
        )
        if least is not None:
            # Different numbers that are all there are as many as there are from least to most.
            there = connection.scalar(found.where(numbers[0].between(least, most)))
            yield there != most - least + 1


def _refuse(key: ForeignKeyConstraint) -> None:
    """Raise what SQLAlchemy does where the database itself finds it."""
    raise IntegrityError(None, None, sqlite3.IntegrityError(f"FOREIGN KEY {key.name} failed"))
