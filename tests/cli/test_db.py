"""`asnrules db`: the database itself, and what other commands say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from asnrules.catalog.open import connect_catalog
from asnrules.database import migrations
from asnrules.database.engines import transaction
from cli.conftest import Command

REVISION = re.compile("[0-9]{4}")


@pytest.fixture
def asnrules_on_empty(command: Callable[[str | None], Command], database_url: str) -> Command:
    """Give the command, on a database without any table, of each engine in turn."""
    return command(database_url)


def test_current_of_an_empty_database(asnrules_on_empty: Command) -> None:
    (row,) = asnrules_on_empty("db", "current", "--format", "json").json
    assert list(row) == ["database", "revision", "program"]
    assert row["revision"] is None
    assert REVISION.fullmatch(row["program"])


def test_upgrade_makes_the_catalog(asnrules_on_empty: Command) -> None:
    result = asnrules_on_empty("db", "upgrade")
    assert (result.code, result.out) == (0, "")
    assert re.search(r": nothing -> [0-9]{4}\n$", result.err)
    (row,) = asnrules_on_empty("db", "current", "--format", "json").json
    assert row["revision"] == row["program"]
    assert len(asnrules_on_empty("lookup", "--format", "json").json) == 75


def test_upgrade_twice_changes_nothing(asnrules_on_copy: Command) -> None:
    before = asnrules_on_copy("rulesets", "list", "--format", "json").json
    result = asnrules_on_copy("db", "upgrade")
    assert result.code == 0
    assert re.search(r": ([0-9]{4}) -> \1\n$", result.err)
    assert asnrules_on_copy("rulesets", "list", "--format", "json").json == before


def test_check_of_a_good_database(asnrules: Command) -> None:
    result = asnrules("db", "check", "--format", "json")
    assert (result.code, result.out, result.err) == (0, "[]\n", "nothing is wrong\n")


def test_check_of_an_empty_database(asnrules_on_empty: Command) -> None:
    result = asnrules_on_empty("db", "check", "--format", "csv")
    assert (result.code, result.err) == (1, "")
    assert "no catalog yet" in result.out


def test_check_finds_a_changed_rule(
    asnrules_on_copy: Command, catalog: Engine, engine_name: str
) -> None:
    with catalog.begin() as connection:
        if engine_name == "sqlite":
            connection.execute(text("DROP TRIGGER guard_exposure_modes_update"))
        else:
            connection.execute(text("ALTER TABLE exposure_modes DISABLE TRIGGER USER"))
        connection.execute(
            text("UPDATE exposure_modes SET asn_type = 'image2' WHERE exp_type = 'NRS_IFU'")
        )
    result = asnrules_on_copy("db", "check", "--format", "csv")
    assert result.code == 1
    assert "ruleset 2021-06-15: its rows do not match its checksum" in result.out
    assert "jwst-3.0.0" not in result.out


def test_check_finds_a_missing_column(asnrules_on_copy: Command, catalog: Engine) -> None:
    with catalog.begin() as connection:
        connection.execute(text("ALTER TABLE runs ADD COLUMN hubble text"))
    result = asnrules_on_copy("db", "check", "--format", "csv")
    assert result.code == 1
    assert "hubble" in result.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["lookup"],
        ["classify", "EXP_TYPE=NRS_IFU"],
        ["rulesets", "list"],
        ["sql", "SELECT 1"],
    ],
)
def test_postgresql_is_changed_by_db_upgrade_only(
    command: Callable[[str | None], Command], postgresql_url: str, arguments: list[str]
) -> None:
    result = command(postgresql_url)(*arguments)
    result.assert_error(4, "no catalog yet", "run asnrules db upgrade")


def test_generate_asks_for_the_upgrade_before_it_writes(
    command: Callable[[str | None], Command], postgresql_url: str, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    result = command(postgresql_url)("generate", "pool.csv", "--output", str(output))
    result.assert_error(4, "run asnrules db upgrade")
    assert not output.exists()


def test_an_older_schema_on_postgresql_needs_an_upgrade(
    command: Callable[[str | None], Command], postgresql_url: str
) -> None:
    asnrules = command(postgresql_url)
    assert asnrules("db", "upgrade").code == 0
    with transaction(connect_catalog(postgresql_url), writing=True) as connection:
        migrations.downgrade(connection, "-1")
    asnrules("lookup").assert_error(4, "run asnrules db upgrade")
    assert asnrules("db", "upgrade").code == 0
    assert len(asnrules("lookup", "--format", "json").json) == 75


@pytest.mark.parametrize("arguments", [["generate", "pool.csv"], ["db", "upgrade"]])
def test_a_newer_schema_is_left_alone(
    asnrules_on_copy: Command, catalog: Engine, arguments: list[str]
) -> None:
    with catalog.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    asnrules_on_copy(*arguments).assert_error(4, "9999", "newer", "upgrade asnrules")
    with catalog.begin() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert revision == "9999"


SECRET = "hush-hush"


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://someone:{SECRET}@127.0.0.1:1/rules",
        f"postgresql+psycopg://someone:{SECRET}@127.0.0.1:1/rules",
        f"postgresql://someone@127.0.0.1:1/rules?password={SECRET}",
    ],
)
@pytest.mark.parametrize("arguments", [["lookup"], ["db", "current"], ["db", "upgrade"]])
def test_an_unreachable_server_is_one_line_without_the_password(
    command: Callable[[str | None], Command], url: str, arguments: list[str]
) -> None:
    result = command(url)(*arguments)
    result.assert_error(4, "127.0.0.1")
    assert SECRET not in result.err


@pytest.mark.parametrize(
    ("database", "word"),
    [
        ("mysql://someone:hush-hush@host/rules", "postgresql://"),
        ("sqlite://", "file"),
        ("sqlite:///:memory:", "file"),
        ("postgresql://someone:hush-hush@host:port/rules", "--database"),
        ("", "--database"),
    ],
)
def test_a_database_that_is_named_wrongly(
    command: Callable[[str | None], Command], database: str, word: str
) -> None:
    result = command(None)("--database", database, "lookup")
    result.assert_error(2, word)
    assert SECRET not in result.err


def test_a_file_that_is_no_database(
    command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be read as one\n" * 20)
    command(str(path))("lookup").assert_error(4, "notes.txt", "--database")
    assert path.read_text().startswith("not a database")


def test_a_folder_is_no_database(command: Callable[[str | None], Command], tmp_path: Path) -> None:
    command(str(tmp_path))("lookup").assert_error(4, str(tmp_path), "--database")


def test_a_place_where_no_database_can_be_made(
    command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    command(str(tmp_path / "file" / "rules.db"))("lookup").assert_error(4, "--database")
