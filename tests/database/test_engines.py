"""Connecting: what names a database, what each connection is set to, and what goes wrong."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import IntegrityError

from asnrules.catalog.open import connect_catalog
from asnrules.database import engines
from asnrules.database.engines import (
    database_url,
    make_parent_folder,
    open_engine,
    shown_url,
    transaction,
)
from asnrules.errors import DatabaseError, UsageError


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    return tmp_path / "file.db"


@pytest.fixture
def sqlite_engine(sqlite_file: Path) -> Engine:
    """Give an engine of a file with one table."""
    engine = open_engine(database_url(str(sqlite_file)))
    with transaction(engine, writing=True) as connection:
        connection.execute(text("CREATE TABLE notes (note TEXT NOT NULL) STRICT"))
    return engine


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.2)


def assert_trouble(engine: Engine, *words: str, writing: bool = False) -> None:
    """Check that a transaction fails with one line that says these words."""
    statement = "INSERT INTO notes VALUES ('x')" if writing else "SELECT count(*) FROM notes"
    with (
        pytest.raises(DatabaseError) as caught,
        transaction(engine, writing=writing) as connection,
    ):
        connection.execute(text(statement))
    assert_one_line(caught.value, *words)


def assert_one_line(error: DatabaseError, *words: str) -> None:
    assert error.exit_code == 4
    assert "\n" not in str(error)
    for word in words:
        assert word in str(error)


# ------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ("given", "driver", "database"),
    [
        ("rules.db", "sqlite", "rules.db"),
        ("/data/rules.db", "sqlite", "/data/rules.db"),
        ("some folder/100%.db", "sqlite", "some folder/100%.db"),
        ("./run=1/a@b.db", "sqlite", "./run=1/a@b.db"),
        ("/data/run=1;x/a@b?.db", "sqlite", "/data/run=1;x/a@b?.db"),
        ("../12:30.db", "sqlite", "../12:30.db"),
        (r"C:\\rules@home\\x=1.db", "sqlite", r"C:\\rules@home\\x=1.db"),
        ("sqlite:////data/a@b.db", "sqlite", "/data/a@b.db"),
        ("POSTGRESQL://host/rules", "postgresql+psycopg", "rules"),
        ("postgresql://me%40home@host/rules", "postgresql+psycopg", "rules"),
        ("sqlite:///rules.db", "sqlite", "rules.db"),
        ("sqlite:////data/rules.db", "sqlite", "/data/rules.db"),
        ("postgresql://host/rules", "postgresql+psycopg", "rules"),
        ("postgres://me:secret@host:5433/rules", "postgresql+psycopg", "rules"),
        ("postgresql+psycopg://host/rules", "postgresql+psycopg", "rules"),
    ],
)
def test_url_or_path_names_a_database(given: str, driver: str, database: str) -> None:
    url = database_url(given)
    assert (url.drivername, url.database) == (driver, database)


def test_socket_folder_of_a_url_is_kept() -> None:
    url = database_url("postgresql://me@/rules?host=/run/sockets")
    assert url.query == {"host": "/run/sockets"}


def test_default_is_a_file_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ASNRULES_DATABASE", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert database_url(None).database == str(tmp_path / "asnrules" / "asnrules.db")


@pytest.mark.parametrize(
    "given",
    [
        "mysql://host/rules",
        "garbage://",
        "http://[",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        ":memory:",
        "",
        "postgresql://host:port/rules",
        "postgresql://[::1/rules",
        "postgresql+nodriver://host/rules",
        "sqlite:///rules.db?nonsense=1",
        "sqlite:rules.db",
        "file:rules.db",
        "   ",
    ],
)
def test_what_names_no_database_is_refused_in_one_line(given: str) -> None:
    with pytest.raises(UsageError, match=r"\A--database: [^\n]+\Z"):
        database_url(given)


def test_driver_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DatabaseError, match=r"driver .* not installed") as caught:
        open_engine(database_url("postgresql://host/rules"))
    assert_one_line(caught.value)


def test_sqlite_that_is_too_old_is_said(monkeypatch: pytest.MonkeyPatch, sqlite_file: Path) -> None:
    monkeypatch.setattr(engines, "OLDEST_SQLITE", (99, 1))
    with pytest.raises(DatabaseError, match=r"older than 99\.1; take a Python") as caught:
        open_engine(database_url(str(sqlite_file)))
    assert_one_line(caught.value, "SQLite")


@pytest.mark.parametrize(
    "given",
    [
        "postgresql://me:secret@host/rules",
        "postgresql://me@host/rules?password=secret",
        "postgresql://host/rules?user=me&password=secret&sslmode=require",
        "postgresql://me@host/rules?sslpassword=secret",
    ],
)
def test_password_is_not_shown(given: str) -> None:
    shown = shown_url(database_url(given))
    assert "secret" not in shown
    assert "host/rules" in shown


def test_sqlite_file_is_shown_as_its_path() -> None:
    assert shown_url(database_url("sqlite:////data/rules.db")) == "/data/rules.db"


# ------------------------------------------------------------------------- connections


def test_every_sqlite_connection_checks_foreign_keys_and_syncs(
    sqlite_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_set_up_sqlite", engines._set_up_sqlite.__wrapped__)
    engine = open_engine(database_url(str(sqlite_file)))
    for _ in range(2):
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_sqlite_file_is_in_wal_mode_once_written(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_reading_makes_no_wal(sqlite_file: Path) -> None:
    with transaction(open_engine(database_url(str(sqlite_file)))) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "delete"


def test_transaction_commits_at_its_end(catalog: Engine) -> None:
    with transaction(catalog, writing=True) as connection:
        connection.execute(text("INSERT INTO instruments VALUES ('NEW')"))
    with transaction(catalog) as connection:
        found = connection.execute(text("SELECT 1 FROM instruments WHERE instrument = 'NEW'"))
        assert found.scalar() == 1


def test_transaction_that_fails_writes_nothing(catalog: Engine) -> None:
    def fail() -> None:
        with transaction(catalog, writing=True) as connection:
            connection.execute(text("CREATE TABLE moods (mood TEXT)"))
            connection.execute(text("INSERT INTO instruments VALUES ('NEW')"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with transaction(catalog) as connection:
        found = connection.execute(text("SELECT 1 FROM instruments WHERE instrument = 'NEW'"))
        assert found.scalar() is None
        assert not catalog.dialect.has_table(connection, "moods")


def test_broken_constraint_is_not_taken_for_an_outage(catalog: Engine) -> None:
    with pytest.raises(IntegrityError), transaction(catalog, writing=True) as connection:
        connection.execute(text("INSERT INTO instruments VALUES ('MIRI')"))


# ------------------------------------------------------------------------- two at once


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def test_second_writer_waits_for_the_first(
    sqlite_engine: Engine, other_thread: ThreadPoolExecutor
) -> None:
    started = threading.Event()

    def write_second() -> list[str]:
        started.set()
        with transaction(sqlite_engine, writing=True) as connection:
            connection.execute(text("INSERT INTO notes VALUES ('second')"))
            return list(connection.execute(text("SELECT note FROM notes")).scalars())

    with transaction(sqlite_engine, writing=True) as connection:
        second = other_thread.submit(write_second)
        started.wait()
        with pytest.raises(TimeoutError):
            second.result(timeout=0.2)
        connection.execute(text("INSERT INTO notes VALUES ('first')"))
    assert second.result(timeout=120) == ["first", "second"]


@pytest.mark.usefixtures("impatient")
def test_second_writer_says_that_another_process_is_writing(
    sqlite_engine: Engine, sqlite_file: Path, other_thread: ThreadPoolExecutor
) -> None:
    def write_second() -> None:
        engine = open_engine(database_url(str(sqlite_file)))
        assert_trouble(engine, str(sqlite_file), "another process", "0.2 s", writing=True)

    with transaction(sqlite_engine, writing=True) as connection:
        connection.execute(text("INSERT INTO notes VALUES ('first')"))
        other_thread.submit(write_second).result(timeout=120)


def test_reader_does_not_wait_for_a_writer(
    sqlite_engine: Engine, other_thread: ThreadPoolExecutor
) -> None:
    def read() -> int:
        with transaction(sqlite_engine) as connection:
            return int(connection.execute(text("SELECT count(*) FROM notes")).scalar_one())

    with transaction(sqlite_engine, writing=True) as connection:
        connection.execute(text("INSERT INTO notes VALUES ('first')"))
        assert other_thread.submit(read).result(timeout=120) == 0
    assert read() == 1


# ------------------------------------------------------------------------- trouble


def test_missing_folder_is_made(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "file.db"
    engine = connect_catalog(str(path))
    with transaction(engine, writing=True) as connection:
        connection.execute(text("CREATE TABLE notes (note TEXT)"))
    assert path.is_file()
    assert path.parent.stat().st_mode & 0o077 == 0


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError) as caught:
        make_parent_folder(database_url(str(tmp_path / "file" / "folder" / "file.db")))
    assert_one_line(caught.value, str(tmp_path / "file"), "Not a directory", "name another place")


def test_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError) as caught:
        make_parent_folder(database_url(str(tmp_path / "file" / "file.db")))
    assert_one_line(caught.value, str(tmp_path / "file"), "name another place")


@pytest.mark.parametrize("writing", [False, True])
def test_file_that_is_no_database_is_said(sqlite_file: Path, writing: bool) -> None:
    sqlite_file.write_text("filename | program\n" * 100)
    engine = open_engine(database_url(str(sqlite_file)))
    assert_trouble(engine, str(sqlite_file), "this file is not a database", writing=writing)


@pytest.mark.parametrize("writing", [False, True])
def test_folder_in_place_of_the_file_is_said(tmp_path: Path, writing: bool) -> None:
    engine = open_engine(database_url(str(tmp_path)))
    assert_trouble(engine, str(tmp_path), "check the path", writing=writing)


def test_damaged_file_is_said(sqlite_engine: Engine, sqlite_file: Path) -> None:
    content = sqlite_file.read_bytes()
    sqlite_file.write_bytes(content[:200] + b"\xff" * (len(content) - 200))
    assert_trouble(sqlite_engine, str(sqlite_file), "restore it from a backup")


def test_file_that_cannot_be_written_is_said(sqlite_engine: Engine, sqlite_file: Path) -> None:
    read_only = open_engine(make_url(f"sqlite:///file:{sqlite_file}?mode=ro&uri=true"))
    with transaction(read_only) as connection:
        assert connection.execute(text("SELECT count(*) FROM notes")).scalar() == 0
    assert_trouble(read_only, "it cannot be written", writing=True)


def test_full_disk_is_said(sqlite_engine: Engine) -> None:
    def fill() -> None:
        with transaction(sqlite_engine, writing=True) as connection:
            connection.execute(text("PRAGMA max_page_count = 3"))
            connection.execute(text("INSERT INTO notes VALUES (:note)"), {"note": "x" * 100_000})

    with pytest.raises(DatabaseError) as caught:
        fill()
    assert_one_line(caught.value, "make room on the disk")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@127.0.0.1:1/rules",
        "postgresql://me:secret@/rules?host=/no/such/folder",
        "postgresql://me:secret@host.invalid/rules",
    ],
)
def test_server_that_is_not_there_is_said(url: str) -> None:
    with (
        pytest.raises(DatabaseError) as caught,
        transaction(open_engine(database_url(url))) as connection,
    ):
        connection.execute(text("SELECT 1"))
    assert_one_line(caught.value, "me:***@", "check the URL and that the server is up")


def test_database_that_is_not_there_is_said(postgresql_url: str) -> None:
    url = make_url(postgresql_url).set(database="nowhere").render_as_string(hide_password=False)
    assert_trouble(open_engine(database_url(url)), 'database "nowhere" does not exist')


def test_error_of_the_server_is_one_line(postgresql_url: str) -> None:
    engine = connect_catalog(postgresql_url)
    with pytest.raises(DatabaseError) as caught, transaction(engine) as connection:
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert re.fullmatch(r"postgresql\+psycopg://[^\n]+", str(caught.value))
