"""Put many rows into a table, as fast as each database lets them in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, text
from sqlalchemy.exc import DBAPIError


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows that have a value for each column: text, numbers, flags and None only."""
    columns = table.columns.keys()
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", rows)
    else:
        marks = ", ".join("?" for _ in columns)
        # Names of our own schema only.
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(statement, [tuple(row) for row in rows])


def _copy(connection: Connection, statement: str, rows: Sequence[Sequence[Any]]) -> None:
    raw: Any = connection.connection.driver_connection
    driver: Any = connection.dialect.loaded_dbapi
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        # As SQLAlchemy would have it, had it sent the statement.
        raise DBAPIError.instance(statement, None, error, driver.Error) from error


@contextmanager
def lifted(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Leave out, on SQLite, the triggers that look at each row that is added.

    They cost as much as adding the row. They are dropped and made again inside the writer's own
    transaction, so that no other process ever sees the tables without them, nor does anybody if
    the transaction fails. PostgreSQL's look at all the rows of a statement at once, and stay.
    """
    guards: Sequence[Row[Any]] = ()
    if connection.dialect.name == "sqlite":
        statement = text(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name IN :names"
        ).bindparams(bindparam("names", expanding=True))
        names = [f"guard_{table.name}_insert" for table in tables]
        guards = connection.execute(statement, {"names": names}).all()
    for guard in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {guard.name}")
    yield
    for guard in guards:
        connection.exec_driver_sql(guard.sql)
