"""Put many rows into a table, as fast as each database lets them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    table : Table
        Where to.
    rows : sequence of sequence
        A value for each of its columns; text, numbers, flags and None only, as they go to the
        driver as they are.
    """
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
