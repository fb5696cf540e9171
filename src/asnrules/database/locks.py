"""Turns that processes take at one database.

On SQLite the writing transaction itself is the turn; PostgreSQL has advisory locks, which end
with the transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from asnrules.database.engines import BUSY_SECONDS

_SCHEMA = 0x61736E72756C6573
_LEDGER = 0x61736E72756C6574
_RULESETS = 0x61736E72756C6575


def take_schema(connection: Connection) -> None:
    """Wait until no other process upgrades the database."""
    _take(connection, _SCHEMA)


def take_ledger(connection: Connection) -> None:
    """Wait until no other process adds a run.

    Runs are chained, so one is added after the other.
    """
    _take(connection, _LEDGER)


def take_rulesets(connection: Connection) -> None:
    """Wait until no other process changes the rulesets.

    Two whose periods meet would wait for each other in the index that refuses it, and
    PostgreSQL would end one of them as a deadlock.
    """
    _take(connection, _RULESETS)


def _take(connection: Connection, key: int) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def take_snapshot(connection: Connection) -> None:
    """See the database as it is now for the rest of the transaction, which has read nothing yet.

    On SQLite every transaction does.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
