"""Run somebody's query without letting it change anything."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from asnrules.database.engines import transaction
from asnrules.errors import UsageError

_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}


@contextmanager
def query(engine: Engine, statement: str) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
    """Run one SELECT.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    statement : str
        The query.

    Yields
    ------
    tuple of (list of str, iterator of tuple)
        The names of the columns, and the rows, which are fetched as they are used.

    Raises
    ------
    UsageError
        If the statement is not a query, or the database does not understand it.
    """
    with transaction(engine) as connection:
        try:
            if engine.dialect.name == "sqlite":
                cursor = _on_sqlite(connection, statement)
            else:
                cursor = _on_postgresql(connection, statement)
            yield [column[0] for column in _described(cursor)], iter(cursor)
        except (sqlite3.Error, sqlite3.Warning, DBAPIError) as error:
            raise UsageError(f"sql: {_words(error)}; it takes one SELECT") from error
        except Exception as error:
            if type(error).__module__.split(".")[0] != "psycopg":
                raise
            raise UsageError(f"sql: {_words(error)}; it takes one SELECT") from error
        finally:
            raw = connection.connection.driver_connection
            if isinstance(raw, sqlite3.Connection):
                raw.set_authorizer(None)


def _described(cursor: Any) -> Any:
    if cursor.description is None:
        raise UsageError("sql: this is no query; it takes one SELECT")
    return cursor.description


def _on_sqlite(connection: Connection, statement: str) -> Any:
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        raise TypeError("an SQLite engine has SQLite connections")
    raw.execute("PRAGMA query_only = ON")
    # Reading is allowed by name: ATTACH, PRAGMA and whatever a later SQLite adds are not.
    raw.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )
    return raw.execute(statement)


def _on_postgresql(connection: Connection, statement: str) -> Any:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    raw: Any = connection.connection.driver_connection
    # A cursor on the server takes one SELECT and nothing else, so no COMMIT can hide in it.
    cursor = raw.cursor(name="asnrules_query")
    cursor.execute(statement)
    return cursor


def _words(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return " ".join(str(cause).split("\n")[0].split())
