"""Backup and restore, with the databases' own means, and what proves that all of it came back."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from asnrules.catalog.open import check_catalog, connect_catalog
from asnrules.database.engines import transaction
from asnrules.record.chain import Head, head
from asnrules.record.verify import Verification, verify
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from operations.conftest import ask
from recorded import fill_few_ledger


def last_run(database: str) -> Head:
    with transaction(connect_catalog(database)) as connection:
        return head(connection)


def assert_whole(database: str, last: Head) -> Verification:
    """Ask what docs/operations.md asks after a restore."""
    engine = connect_catalog(database)
    assert check_catalog(engine) == []
    found = verify(engine, last.digest)
    assert (found.findings, found.known, found.runs) == ([], last.run_id, last.run_id)
    assert found.head == last
    return found


# ------------------------------------------------------------------ one file


@pytest.fixture
def ledger_in_use(
    templates: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Give a file with a writer in the middle of its work, whose last run is in the WAL only."""
    path = tmp_path / "asnrules.db"
    template = templates.get(
        "sqlite",
        "few ledger",
        lambda engine: fill_few_ledger(engine, tmp_path_factory.mktemp("pools")),
        empty=True,
    )
    shutil.copyfile(template, path)
    with sqlite3.connect(path) as reader:
        # Somebody who has it open keeps the WAL from being folded into the file.
        reader.execute("SELECT count(*) FROM runs").fetchone()
        pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2))
        assert generate(connect_catalog(str(path)), [pool], Options()).run_id == 6
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO instruments VALUES ('HUBBLE')")
        yield str(path)
        writer.rollback()
        writer.close()
    reader.close()


VACUUM = "import sqlite3; sqlite3.connect('asnrules.db').execute(\"VACUUM INTO 'copy.db'\")"


def test_a_file_is_copied_while_it_is_written(ledger_in_use: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", VACUUM], cwd=tmp_path, check=True)
    last = last_run(ledger_in_use)
    assert last.run_id == 6
    assert_whole(str(tmp_path / "copy.db"), last)
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("SELECT count(*) FROM instruments").fetchone() == (5,)
    copy.close()


def test_the_backup_of_sqlite_does_as_well(ledger_in_use: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    source, target = sqlite3.connect(ledger_in_use), sqlite3.connect(copy)
    source.backup(target)
    source.close()
    target.close()
    assert_whole(str(copy), last_run(ledger_in_use))


def test_the_file_alone_is_not_all_of_it(ledger_in_use: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(Path(ledger_in_use).read_bytes())
    assert last_run(str(copy)).run_id < last_run(ledger_in_use).run_id


# ------------------------------------------------------------------ a server


@pytest.fixture(params=["ledger_template", "partitioned_template"])
def source(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def test_a_dump_is_restored(
    postgresql_server: Any, postgresql_url: str, source: str, tmp_path: Path
) -> None:
    last, dump = last_run(source), str(tmp_path / "asnrules.dump")
    assert last.run_id >= 5
    postgresql_server.run("pg_dump", source, "--format=custom", f"--file={dump}")
    postgresql_server.run("pg_restore", postgresql_url, "--exit-on-error", dump)
    # A dump holds no rights at the database itself, which the check says.
    database = make_url(postgresql_url).database
    said = check_catalog(connect_catalog(postgresql_url))
    assert [line.split(" may")[0] for line in said] == [
        f"role asnrules_{role}" for role in ("curator", "reader", "recorder")
    ]
    postgresql_server.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
    restored = assert_whole(postgresql_url, last)
    assert restored.rows == verify(connect_catalog(source)).rows

    # What was refused is refused, and who was let in is let in.
    engine = connect_catalog(postgresql_url)
    may = "SELECT has_table_privilege('asnrules_recorder', 'decisions', 'INSERT')"
    assert ask(engine, may) is True
    count = "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal"
    assert ask(engine, count) == ask(connect_catalog(source), count) > 20
    pool = write_pool(tmp_path / "pool.csv", nrc_image(7))
    assert generate(engine, [pool], Options()).run_id == last.run_id + 1
    assert verify(engine, last.digest).findings == []


def test_a_dump_on_another_server_needs_the_roles(
    postgresql_server: Any, ledger_template: str
) -> None:
    # The dump names three roles and makes none of them: so docs/operations.md makes them first.
    dump = postgresql_server.run("pg_dump", ledger_template, "--schema-only")
    assert "CREATE ROLE" not in dump
    for role in ("asnrules_reader", "asnrules_recorder", "asnrules_curator"):
        assert f" TO {role};" in dump
