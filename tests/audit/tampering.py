"""Change what cannot be changed: without guards and without foreign keys, as an owner could."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, create_engine
from sqlalchemy.exc import IntegrityError

from asnrules.database.schema import metadata
from filled import without_guards

ALLOWED = {
    ("runs", "origin"): "CASE origin WHEN 'imported' THEN 'generated' ELSE 'imported' END",
    ("imported_associations", "verdict"): "'differs'",
}
"""Other values of columns that allow only some."""

KEYS = {table.name: table.primary_key.columns.keys() for table in metadata.tables.values()}


@contextmanager
def unguarded(engine: Engine) -> Iterator[Connection]:
    """Give a connection that nothing holds back; what it does is committed at the end."""
    without_guards(engine)
    free = create_engine(engine.url)
    with free.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
        yield connection
        connection.commit()
    free.dispose()


def change(connection: Connection, table: Table, column: Column[Any]) -> None:
    """Give one row another value in a column."""
    rows = connection.execute(table.select().order_by(*table.primary_key.columns)).mappings().all()
    for row in rows:
        where = " AND ".join(f"{key} = {row[key]}" for key in KEYS[table.name])
        statement = f"UPDATE {table} SET {column.name} = {_other(table, column, row)} WHERE {where}"
        try:
            with connection.begin_nested():
                assert connection.exec_driver_sql(statement).rowcount == 1
        except IntegrityError:
            continue  # A check forbids it in this row.
        return
    raise AssertionError(f"no row of {table} can have another {column.name}")


def _other(table: Table, column: Column[Any], row: Any) -> str:
    value = row[column.name]
    if (table.name, column.name) in ALLOWED:
        return ALLOWED[table.name, column.name]
    if isinstance(value, bool):
        return f"NOT {column.name}"
    if isinstance(value, int):
        return f"{column.name} + 100"
    if isinstance(value, dt.datetime):
        return "'2001-01-01T00:00:00.000000Z'"
    if value is None:
        return "1" if column.type.python_type is int else "'x'"
    return f"{column.name} || 'x'"
