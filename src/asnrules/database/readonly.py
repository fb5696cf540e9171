"""Run a query of a user so that it can change nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, inspect

from asnrules.database.engines import transaction
from asnrules.errors import UsageError
from asnrules.util.environment import shipped
from asnrules.util.text import nearest_words

_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}

_STEPS = 100_000
"""After how many steps of a query, some milliseconds, Python may look whether it is interrupted.

Otherwise it would only look when there is a row."""

_VIEW = re.compile(r"^### (v_\w+)\n\n(.+?)(?:[.;:](?=\s)|\n\n)", re.MULTILINE | re.DOTALL)
"""A view in the document of the views, and the first sentence of what it says of it."""

_UNKNOWN_NAME = re.compile(
    r"no such (?P<kind>table|column): (?P<name>\S+)"
    r'|(?P<relation>relation|column) "?(?P<other>[^"]+?)"? does not exist'
)
"""A table or column that the database does not know, as SQLite and PostgreSQL say it."""


def described_views() -> dict[str, str]:
    """Give each view in the order of docs/sql.md, with what its rows are in a line."""
    text = (shipped("docs") / "sql.md").read_text(encoding="utf-8")
    return {name: " ".join(words.split()) for name, words in _VIEW.findall(text)}


@contextmanager
def query(engine: Engine, statement: str) -> Iterator[tuple[list[str], Iterator[tuple[Any, ...]]]]:
    """Run one SELECT; give the names of its columns, and its rows as they are fetched.

    What is not a query, or is not understood by the database, is a UsageError.
    """
    with transaction(engine) as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        cursor = _sqlite_cursor(connection) if is_sqlite else _postgresql_cursor(connection)
        try:
            cursor.execute(statement)
            yield [column[0] for column in _described(cursor)], iter(cursor)
        except (sqlite3.Error, sqlite3.Warning) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                # The driver has swallowed it, see _STEPS.
                raise KeyboardInterrupt from None
            raise _refusal(error, _nearest(engine, statement, error)) from error
        except Exception as error:
            if type(error).__module__.split(".")[0] != "psycopg":
                raise
            raise _refusal(error, _nearest(engine, statement, error)) from error
        finally:
            cursor.close()
            if is_sqlite:
                cursor.connection.set_authorizer(None)
                cursor.connection.set_progress_handler(None, _STEPS)


def _described(cursor: Any) -> Any:
    if cursor.description is None:
        raise _refusal("this is not a query")
    return cursor.description


def _sqlite_cursor(connection: Connection) -> Any:
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA query_only = ON")
    # Reading is allowed by name: ATTACH, PRAGMA and whatever a later SQLite adds are not.
    raw.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )
    # Python looks for signals whenever it evaluates something.
    raw.set_progress_handler(lambda: None, _STEPS)
    return raw.cursor()


def _postgresql_cursor(connection: Connection) -> Any:
    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    # Moments as text are in UTC then, as on SQLite.
    connection.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    raw: Any = connection.connection.driver_connection
    # A cursor on the server takes one SELECT and nothing else, so no COMMIT can hide in it.
    return raw.cursor(name="asnrules_query")


def _nearest(engine: Engine, statement: str, error: Exception) -> str | None:
    """Name what is spelled like a name that the database does not know; None if it knows all."""
    found = _UNKNOWN_NAME.search(str(error))
    if found is None:
        return None
    name = (found["name"] or found["other"]).rpartition(".")[2]
    # Another connection: PostgreSQL answers nothing more in a transaction that has failed.
    inspector = inspect(engine)
    tables = [*inspector.get_view_names(), *inspector.get_table_names()]
    if "column" not in (found["kind"], found["relation"]):
        return f"{nearest_words(name, tables)}; "
    asked = set(re.findall(r"\w+", statement.lower()))
    columns = [
        column["name"]
        for table in tables
        if table in asked
        for column in inspector.get_columns(table)
    ]
    return f"{nearest_words(name, columns)}; " if columns else ""


def _refusal(error: Exception | str, near: str | None = None) -> UsageError:
    words = " ".join(str(error).split("\n")[0].split())
    mend = "give one SELECT; " if near is None else near
    return UsageError(f"sql: {words}; {mend}asnrules sql lists the views, docs/sql.md has more")
