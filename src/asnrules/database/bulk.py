"""Put many rows into a table, as fast as each database lets them in."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, Table, bindparam, text
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

Rows = Sequence[Sequence[Any]]
"""With a value for each column of their table: text, numbers, flags and None only."""

_ROWS = 1_000
"""Rows of one statement on SQLite. Each statement costs as much as a short row, and the thread that
inserts waits for its turn before the next. There may be 32,766 values."""

_MANY = 500
"""Rows for which it pays to leave the inserting to another thread."""

_AHEAD = 2
"""Batches that may wait to be inserted."""

_TURN = 0.0005
"""Seconds for which Python lets a thread go on while others wait: ten times as long unless asked,
which is longer than a statement takes."""

_PATIENCE = 0.1
"""Seconds until a statement that was stopped has to have ended."""

_BINARY = frozenset({"bigint", "boolean", "integer", "text"})
"""Types whose values are written in half the time where PostgreSQL takes them in binary; days are
text here."""


class Inserting:
    """Inserts rows in their order, many of them while the caller makes the next.

    Drivers let other threads run while the database works. One thread at a time uses the
    connection, so other statements take it from here.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread: ThreadPoolExecutor | None = None
        self._turn = sys.getswitchinterval()
        self._waiting: deque[Future[None]] = deque()

    def add(self, table: Table, rows: Rows) -> None:
        """Insert rows, see `insert_rows`; an error of it may come with the rows that follow."""
        if len(rows) < _MANY:
            insert_rows(self.connection, table, rows)
            return
        if self._thread is None:
            from concurrent.futures import ThreadPoolExecutor

            self._thread = ThreadPoolExecutor(1)
            sys.setswitchinterval(_TURN)
        self._finish(_AHEAD - 1)
        future = self._thread.submit(insert_rows, self._connection, table, rows)
        self._waiting.append(future)

    @property
    def connection(self) -> Connection:
        """The connection, once all rows are in."""
        self._finish(0)
        return self._connection

    def _finish(self, left: int) -> None:
        while len(self._waiting) > left:
            self._waiting[0].result()
            self._waiting.popleft()

    def close(self) -> None:
        """Leave the connection alone from here on; what waits is not inserted."""
        if self._thread is None:
            return
        from concurrent.futures import wait

        sys.setswitchinterval(self._turn)
        self._thread.shutdown(wait=False, cancel_futures=True)
        raw: Any = self._connection.connection.driver_connection
        driver: Any = self._connection.dialect.loaded_dbapi
        stop = raw.interrupt if self._connection.dialect.name == "sqlite" else raw.cancel
        running = [future for future in self._waiting if not future.done()]
        while wait(running, 0).not_done:
            # After an error or interrupt. It passes by a thread that is between two statements.
            with suppress(driver.Error):
                stop()
            wait(running, _PATIENCE)
        self._thread.shutdown()


@contextmanager
def inserting(connection: Connection) -> Iterator[Inserting]:
    """Insert rows while others are made; all are in at the end, if nothing was raised."""
    inserts = Inserting(connection)
    try:
        yield inserts
        _ = inserts.connection
    finally:
        inserts.close()


def insert_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows."""
    columns = table.columns.keys()
    names = ", ".join(connection.dialect.identifier_preparer.quote(name) for name in columns)
    if connection.dialect.name == "postgresql":
        _copy(connection, table, names, rows)
        return
    # Names of our own schema only.
    statement = f"INSERT INTO {table.name} ({names}) VALUES "  # noqa: S608
    marks = f"({', '.join('?' for _ in columns)})"
    whole = len(rows) - len(rows) % _ROWS
    parts = [rows[start : start + _ROWS] for start in range(0, whole, _ROWS)]
    if parts:
        values = [tuple(chain.from_iterable(part)) for part in parts]
        connection.exec_driver_sql(statement + ", ".join([marks] * _ROWS), values)
    if whole < len(rows):
        connection.exec_driver_sql(statement + marks, [tuple(row) for row in rows[whole:]])


def _copy(connection: Connection, table: Table, names: str, rows: Rows) -> None:
    types = [column.type.compile(connection.dialect).lower() for column in table.columns]
    is_binary = _BINARY.issuperset(types)
    statement = f"COPY {table.name} ({names}) FROM STDIN"
    statement += " (FORMAT BINARY)" if is_binary else ""
    raw: Any = connection.connection.driver_connection
    driver: Any = connection.dialect.loaded_dbapi
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            if is_binary:
                copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        # As SQLAlchemy would have it, had it sent the statement.
        raise DBAPIError.instance(statement, None, error, driver.Error) from error


@contextmanager
def lifted(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Leave out, on SQLite, the triggers that look at each row that is added.

    They cost as much as adding the row. They are dropped and made again inside the writer's own
    transaction, so that no other process ever sees the tables without them, and a failed
    transaction restores them. PostgreSQL's look at all the rows of a statement at once, and stay.
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
