"""Turns that processes take at one database.

On SQLite the writing transaction itself is the turn. On PostgreSQL it is a lock of the table that
is written first, which ends with the transaction and which nobody can take who may not write there:
an advisory lock can be taken by everybody who may connect. Nor is it in a mode that ROW EXCLUSIVE
keeps out, as everybody has that who prepares an INSERT, whether allowed to or not.
"""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from asnrules.database.blockers import Wanted, waited_too_long
from asnrules.database.engines import BUSY_SECONDS, LOCK_TIMEOUT

_SCHEMA = 0x61736E72756C6573


def take_schema(connection: Connection) -> None:
    """Wait until no other process upgrades the database.

    The first upgrade finds no table to lock, so it is an advisory lock after all.
    """
    _take(connection, f"SELECT pg_advisory_xact_lock({_SCHEMA})", Wanted(advisory=_SCHEMA))


def take_ledger(connection: Connection) -> None:
    """Wait until no other process adds a run.

    Runs are chained, so one is added after the other.
    """
    _take(connection, "SELECT asnrules_take_ledger()", Wanted(table="runs"))


def take_rulesets(connection: Connection) -> None:
    """Wait until no other process changes the rulesets.

    Two whose periods meet would wait for each other in the index that refuses it, and
    PostgreSQL would end one of them as a deadlock.
    """
    statement = "LOCK TABLE rulesets IN SHARE UPDATE EXCLUSIVE MODE"
    _take(connection, statement, Wanted(table="rulesets"))


def _take(connection: Connection, statement: str, wanted: Wanted) -> None:
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
    try:
        connection.execute(text(statement))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_TIMEOUT:
            raise
        raise waited_too_long(connection.engine, BUSY_SECONDS, wanted) from error


def take_snapshot(connection: Connection) -> None:
    """See the database as it is now for the rest of the transaction, which has read nothing yet.

    On SQLite every transaction does.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
