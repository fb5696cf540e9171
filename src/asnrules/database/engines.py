"""Connect to the database: URLs, what is set on each connection, transactions.

Reading and writing are told apart from the start: a writer on SQLite takes its lock when the
transaction begins, since one that has read first cannot take it later without a deadlock.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from asnrules.database.names import check_name, default_path, is_fixed, is_url, reading_uri
from asnrules.errors import DatabaseError, UsageError

# What they log there is raised as well: without a handler, an interrupt that comes as a
# connection is closed would be on stderr as a traceback.
for _name in ("sqlalchemy.pool", "psycopg"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

VARIABLE = "ASNRULES_DATABASE"
"""The variable of the environment that names the database where nothing else does."""

OLDEST_SQLITE = (3, 37)
"""The first SQLite that knows STRICT tables."""

BUSY_SECONDS = 60
"""How long to wait for another process that writes to the same database."""

LOCK_TIMEOUT = "55P03"
"""PostgreSQL's code for a lock that was waited for too long."""

DAMAGED = "the file is damaged, restore it from a backup: docs/operations.md tells how"


def database_url(database: str | None) -> URL:
    """Turn what a user gave into a URL; None is what `VARIABLE` says, or the default file.

    What is neither a URL nor the path of an SQLite file is a UsageError, see `check_name`.
    """
    database = database if database is not None else os.environ.get(VARIABLE) or None
    if database is None:
        return URL.create("sqlite", database=str(default_path()))
    name = check_name(database)
    if not is_url(name):
        return URL.create("sqlite", database=name)
    try:
        url = make_url(name)
    except (ArgumentError, ValueError):
        # What it says may hold the password, also where only a traceback shows it.
        raise UsageError("--database: not a URL that SQLAlchemy can read; check it") from None
    if url.get_backend_name() == "sqlite":
        return url
    return url.set(drivername="postgresql+psycopg")


def shown_url(url: URL) -> str:
    """Write a URL for people, without its password and options."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    host = url.query.get("host") if url.host is None else None
    query = {"host": host} if isinstance(host, str) else {}
    return url.set(query=query).render_as_string(hide_password=True)


def database_name(url: URL) -> str:
    """Identify the database of a URL, for any user and host."""
    if url.get_backend_name() == "sqlite":
        return str(Path(url.database or "").resolve())
    host = url.host or url.query.get("host", "")
    port = url.port or url.query.get("port", "")
    return f"postgresql {host}:{port}/{url.database}"


def open_engine(url: URL) -> Engine:
    """Make the engine for a database; nothing is opened yet.

    It is a DatabaseError if the driver for PostgreSQL is not installed, or SQLite is too old, and a
    UsageError if the URL has an option that PostgreSQL's library does not know.
    """
    try:
        if url.get_backend_name() == "postgresql":
            _check_options(url)
            return create_engine(
                url,
                poolclass=NullPool,
                # Whatever the server's default is: the guards of the record ask for it.
                isolation_level="READ COMMITTED",
                connect_args={"fallback_application_name": "asnrules"},
            )
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise DatabaseError(
                f"this Python comes with SQLite {sqlite3.sqlite_version}, older than "
                f"{OLDEST_SQLITE[0]}.{OLDEST_SQLITE[1]}; take a Python with a newer one "
                "(that of uv or conda), or PostgreSQL"
            )
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise DatabaseError(
            "PostgreSQL's driver is not installed; pip install 'asnrules[postgresql]'"
        ) from error
    event.listen(engine, "do_connect", _connect_sqlite)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _check_options(url: URL) -> None:
    from psycopg.pq import Conninfo

    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    if not known.issuperset(url.query):
        raise UsageError(
            "--database: the URL has an option after its ? that PostgreSQL's library does not "
            "know; take it out"
        )


def read_only(engine: Engine) -> None:
    """Let the connections of an engine change nothing."""
    event.listen(engine, "connect", _set_read_only)


def _set_read_only(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.read_only = True


def _connect_sqlite(_dialect: Any, _record: Any, arguments: Any, options: Any) -> None:
    path = Path(arguments[0])
    if os.path.exists(path) and not (path.is_file() or path.is_dir()):  # noqa: PTH110
        # SQLite would wait for a pipe for ever.
        raise DatabaseError(f"{path}: is not a plain file; name another with --database")
    if is_fixed(path):
        arguments[0] = reading_uri(path)
        options["uri"] = True
    else:
        _keep_private(path)


def _keep_private(path: Path) -> None:
    """Let nobody but its owner read a file that is about to become a database.

    SQLite gives the files that it puts beside it the same rights. One that holds something
    already has the rights that its owner has given it.
    """
    with suppress(OSError, ValueError):
        # Through links, also one that leads to nothing yet.
        real = path.resolve()
        try:
            os.close(os.open(real, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            if real.is_file() and real.stat().st_size == 0:
                real.chmod(0o600)


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # The driver would begin transactions by itself, late and deferred; see _begin_sqlite.
    connection.isolation_level = None
    # SQLite leaves foreign keys unchecked unless asked, for each connection anew.
    connection.execute("PRAGMA foreign_keys = ON")
    # In WAL mode a run that is being written never blocks readers; FULL
    # makes an acknowledged run survive a power cut in that mode as well.
    connection.execute("PRAGMA synchronous = FULL")


def _set_up_writer(connection: sqlite3.Connection) -> None:
    # Of a new file only. Four times the default, as a run adds whole pages: a tenth less time.
    connection.execute("PRAGMA page_size = 16384")
    # For good, unless somebody is using the file just now: SQLite does not wait for having it for
    # itself. Nothing depends on it but speed, and the next writer tries again.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    # 32 MiB, as the default of 2 MiB has a big run read its own pages again; more gains nothing.
    connection.execute("PRAGMA cache_size = -32768")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def transaction(
    engine: Engine, *, writing: bool = False, by_row: bool = True
) -> Iterator[Connection]:
    """Open a connection with one transaction, committed at the end.

    Without `by_row`, SQLite does not look row by row whether what a row refers to is there, and the
    caller has to look in the end; see `asnrules.database.references`.

    A database that cannot be reached, is busy for too long, full or read only is a DatabaseError.
    """
    try:
        with engine.connect() as connection:
            raw = connection.connection.driver_connection
            if writing and isinstance(raw, sqlite3.Connection):
                _set_up_writer(raw)
                if not by_row:
                    raw.execute("PRAGMA foreign_keys = OFF")
            connection = connection.execution_options(writing=writing)
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    # A role that may change a table may also lock it against all reading.
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
                yield connection
    except UnicodeDecodeError as error:
        raise DatabaseError(
            f"{shown_url(engine.url)}: it holds text that is not UTF-8; {DAMAGED}"
        ) from error
    except DBAPIError as error:
        if (interrupt := _interrupt_before(error)) is not None:
            raise interrupt from None
        if not _is_about_the_database(error):
            raise
        if _code(error) in {sqlite3.SQLITE_BUSY, LOCK_TIMEOUT}:
            from asnrules.database.locks import waited_too_long

            raise waited_too_long(engine, BUSY_SECONDS) from error
        place = shown_url(engine.url)
        if _may_hold_password(error, engine.url):
            raise DatabaseError(
                f"{place}: an error whose text may hold a password; {_mend(error)}"
            ) from None
        said = " ".join(str(error.orig).split("\n")[0].split())
        raise DatabaseError(f"{place}: {said}; {_mend(error)}") from error


def _interrupt_before(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interrupt that caused an error: it cut a statement off, so the next one failed."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _is_about_the_database(error: DBAPIError) -> bool:
    """Whether an error is the database's, not ours: a broken constraint is a bug, not an outage."""
    if isinstance(error.orig, sqlite3.Error) and not hasattr(error.orig, "sqlite_errorcode"):
        # Of the driver itself: a stored value is not text.
        return False
    names = {kind.__name__ for kind in type(error.orig).__mro__}
    ours = {"IntegrityError", "DataError", "InterfaceError", "NotSupportedError"}
    return not names & ours


def _code(error: DBAPIError) -> int | str | None:
    """Give the number of an error of SQLite, or the code of one of a server that has answered."""
    number: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return getattr(error.orig, "sqlstate", None) if number is None else number & 0xFF


def _mend(error: DBAPIError) -> str:
    if (mend := _MENDS.get(code := _code(error))) is not None:
        return mend
    if isinstance(code, int):
        return "check the file"
    return "check the URL and that the server is up; asnrules db check looks at the schema"


_MENDS: dict[int | str | None, str] = {
    sqlite3.SQLITE_CANTOPEN: "check the path, or name another with --database",
    sqlite3.SQLITE_READONLY: "it cannot be written, name another with --database",
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: "this file is not a database, name another with --database",
    "P0001": "a guard of the catalog refuses it, and nothing is changed",
    "42501": "connect with a role that may: docs/audit.md lists the roles",
    "25006": "connect to a server that may be written",
    "53100": "make room on the server's disk",
}


def _may_hold_password(error: DBAPIError, url: URL) -> bool:
    """Whether the text of an error may hold a password, or an option that is one."""
    if url.get_backend_name() == "sqlite":
        return False
    password = str(url.password or "")
    spellings = {password, quote(password), quote(password, safe="")}
    if password and any(spelling in str(error.orig) for spelling in spellings):
        return True
    # The library, and the server before it lets anybody in, repeat options in parts.
    is_connecting = getattr(error.orig, "sqlstate", None) is None
    return is_connecting and not url.query.keys() <= {"host", "port"}


def make_parent_folder(url: URL) -> None:
    """Make the folder of an SQLite file, or say why it cannot be made."""
    folder = Path(url.database or "").absolute().parent
    try:
        # The record names people and programs, so a folder of ours is for its owner only.
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise DatabaseError(
            f"{folder}: {os.strerror(error.errno or 0)}; name another place with --database"
        ) from error
