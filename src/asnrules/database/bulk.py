"""Put many rows into a table, as fast as each database lets them in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

BATCH = 10_000
"""Rows that are held in memory at a time."""


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows of text and numbers.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    table : Table
        Where to.
    columns : sequence of str
        Names of its columns, in the order of the values.
    rows : iterable of sequence
        The values; text, integers and None only, as they go to the driver as they are.
    """
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({names}) FROM STDIN", rows)
    else:
        marks = ", ".join("?" for _ in columns)
        # Names of our own schema only.
        statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
        _insert(connection, statement, rows)


def _insert(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    rows = iter(rows)
    while batch := [tuple(row) for row in islice(rows, BATCH)]:
        connection.exec_driver_sql(statement, batch)


def _copy(connection: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    raw: Any = connection.connection.driver_connection
    driver: Any = connection.dialect.loaded_dbapi
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        # As SQLAlchemy would have it, had it sent the statement.
        raise DBAPIError.instance(statement, None, error, driver.Error) from error
