"""Locks by which processes take turns at one database, and the sessions that hold them.

On SQLite the writing transaction itself is the turn. On PostgreSQL it is a lock of the table that
is written first. It ends with the transaction, and only roles that may write there can take it; an
advisory lock could be taken by any role that may connect. Its mode does not conflict with ROW
EXCLUSIVE, which any session gets that prepares an INSERT, even one without the right to insert.
"""

from __future__ import annotations

import datetime as dt
import shlex

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from asnrules.database.engines import BUSY_SECONDS, LOCK_TIMEOUT, shown_url
from asnrules.errors import DatabaseError

_SCHEMA = 0x61736E72756C6573
_SHOWN = 3


def take_schema(connection: Connection) -> None:
    """Wait until no other process upgrades the database.

    The first upgrade finds no table to lock, so it is an advisory lock after all.
    """
    _take(connection, f"SELECT pg_advisory_xact_lock({_SCHEMA})", advisory=_SCHEMA)


def take_ledger(connection: Connection) -> None:
    """Wait until no other process adds a run: each is chained to the one before."""
    _take(connection, "SELECT asnrules_take_ledger()", table="runs")


def take_rulesets(connection: Connection) -> None:
    """Wait until no other process changes the rulesets.

    Two whose periods meet would wait for each other in the index that refuses it, and
    PostgreSQL would end one of them as a deadlock.
    """
    _take(connection, "LOCK TABLE rulesets IN SHARE UPDATE EXCLUSIVE MODE", table="rulesets")


def _take(
    connection: Connection, statement: str, table: str | None = None, advisory: int = 0
) -> None:
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
    try:
        connection.execute(text(statement))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_TIMEOUT:
            raise
        raise waited_too_long(connection.engine, BUSY_SECONDS, table, advisory) from error


def take_snapshot(connection: Connection) -> None:
    """See the database as it is now for the rest of the transaction, which has read nothing yet.

    On SQLite every transaction does.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


# The strength of the locks that each session has. One that waits for a stronger lock blocks others,
# too; one that waits for the same turn does not. One that only reads blocks only changes of the
# table itself.
_HOLDERS = """
WITH held AS (
    SELECT l.pid, max(CASE
        WHEN l.mode = 'AccessShareLock' THEN 1
        WHEN l.mode = 'RowShareLock' THEN 2
        WHEN l.mode = 'RowExclusiveLock' THEN 2
        WHEN l.granted OR l.mode <> 'ShareUpdateExclusiveLock' THEN 3
        ELSE 0 END) AS strength
    FROM pg_locks AS l
    WHERE l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.locktype = 'relation' AND :advisory = 0 AND EXISTS (
            SELECT 1 FROM pg_class AS c WHERE c.oid = l.relation
            AND c.relnamespace = quote_ident(current_schema())::regnamespace
            AND c.relname = coalesce(:table, c.relname))
        OR l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND (l.classid::bigint << 32) + l.objid::bigint = :advisory)
    GROUP BY l.pid)
SELECT h.pid, a.usename, a.application_name, a.xact_start
FROM held AS h JOIN pg_stat_activity AS a ON a.pid = h.pid
WHERE h.strength >= CASE WHEN :table IS NULL THEN (SELECT least(max(strength), 2) FROM held)
                    ELSE 3 END AND h.strength > 0
ORDER BY h.strength DESC, a.xact_start, h.pid
"""


def waited_too_long(
    engine: Engine, seconds: float, table: str | None = None, advisory: int = 0
) -> DatabaseError:
    """Make the error of having waited too long: which sessions have the lock, and what to do.

    It is the lock of a table, by default of any of the catalog, or an advisory lock.
    """
    place = shown_url(engine.url)
    waited = f"{place}: another process has been writing for {seconds:g} s"
    if engine.dialect.name == "sqlite":
        file = shlex.quote(place)
        return DatabaseError(f"{waited}; try again, or end it: fuser {file} tells which it is")
    holders = _holders(engine, table, advisory)
    if not holders:
        return DatabaseError(f"{waited}; try again")
    who = ", ".join(holders.values())
    calls = ", ".join(f"pg_terminate_backend({pid})" for pid in holders)
    return DatabaseError(
        f"{waited}: {who}; try again when it has ended, or have an administrator end it: "
        f"SELECT {calls}"
    )


def _holders(engine: Engine, table: str | None, advisory: int) -> dict[int, str]:
    """Describe the sessions that block others, the strongest locks first."""
    statement = text(_HOLDERS).bindparams(table=table, advisory=advisory)
    try:
        with engine.connect() as connection:
            rows = connection.execute(statement).all()
    except DBAPIError:
        # This would only have helped to describe the error.
        return {}
    return {row.pid: _described(*row) for row in rows[:_SHOWN]}


def _described(pid: int, user: str, application: str, since: dt.datetime | None) -> str:
    # The client chooses the application name, so it is untrusted.
    name = "".join(sign for sign in application if sign.isprintable())
    words = f"process {pid} of {user}" + (f" ({name})" if name else "")
    # The server tells it to members of that role only.
    return words if since is None else f"{words} since {since.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z"
