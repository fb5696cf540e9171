"""Lift the guards of tables that refuse rows, for the one transaction that may add them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Table, bindparam, text


@contextmanager
def lifted(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Leave out, on SQLite, the triggers that look at each row that is added.

    They cost as much as adding the row. They are dropped and made again inside the writer's own
    transaction, so that no other process ever sees the tables without them, nor does anybody if
    the transaction fails. PostgreSQL's look at all the rows of a statement at once, and stay.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    tables : sequence of Table
        The tables that get many rows.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
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
