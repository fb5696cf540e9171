"""Tell who keeps others from writing, and how that is mended."""

from __future__ import annotations

import datetime as dt
import shlex
from typing import NamedTuple

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from asnrules.database.engines import shown_url
from asnrules.errors import DatabaseError

_SHOWN = 3


class Wanted(NamedTuple):
    """The lock that was waited for; with neither field, one of any table of the catalog.

    Attributes
    ----------
    table : str or None
        The table that one waited to write.
    advisory : int
        The key of an advisory lock; 0 for none.
    """

    table: str | None = None
    advisory: int = 0


ANY = Wanted()
"""A lock of any table of the catalog."""

# By how much each is in the way. One that waits for a stronger lock lets nobody pass; one that
# waits for the turn is a fellow sufferer. Whoever only reads keeps nobody out but one who changes
# the table itself.
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


def waited_too_long(engine: Engine, seconds: float, wanted: Wanted = ANY) -> DatabaseError:
    """Make the error of one who has waited for others.

    Parameters
    ----------
    engine : Engine
        Of the database; it is asked who holds the lock by now.
    seconds : float
        How long it was waited.
    wanted : Wanted
        What for.

    Returns
    -------
    DatabaseError
        Which says who it is, as far as the database tells, and how to go on.
    """
    place = shown_url(engine.url)
    waited = f"{place}: another process has been writing for {seconds:g} s"
    if engine.dialect.name == "sqlite":
        file = shlex.quote(place)
        return DatabaseError(f"{waited}; try again, or end it: fuser {file} tells which it is")
    holders = _holders(engine, wanted)
    if not holders:
        return DatabaseError(f"{waited}; try again")
    who = ", ".join(holders.values())
    calls = ", ".join(f"pg_terminate_backend({pid})" for pid in holders)
    return DatabaseError(
        f"{waited}: {who}; try again when it has ended, or have an administrator end it: "
        f"SELECT {calls}"
    )


def _holders(engine: Engine, wanted: Wanted) -> dict[int, str]:
    """Describe the sessions that are in the way, those that are most in it first."""
    statement = text(_HOLDERS).bindparams(**wanted._asdict())
    try:
        with engine.connect() as connection:
            rows = connection.execute(statement).all()
    except DBAPIError:
        # What is wrong has been found already; this would have been a help.
        return {}
    return {row.pid: _described(*row) for row in rows[:_SHOWN]}


def _described(pid: int, user: str, application: str, since: dt.datetime | None) -> str:
    # Whoever connects chooses the name of the application.
    name = "".join(sign for sign in application if sign.isprintable())
    words = f"process {pid} of {user}" + (f" ({name})" if name else "")
    # The server tells it to members of that role only.
    return words if since is None else f"{words} since {since.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z"
