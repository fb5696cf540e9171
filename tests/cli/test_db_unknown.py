"""A database whose schema nobody knows is called unknown by every command, and left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from asnrules.catalog.open import open_catalog
from asnrules.database import migrations
from asnrules.errors import DatabaseError
from cli.conftest import Command

SAYS_SO = {
    "an unknown text": ["UPDATE alembic_version SET version_num = 'garbage'"],
    "one of alembic's": ["UPDATE alembic_version SET version_num = 'ae1027a6acf'"],
    "escape signs": ["UPDATE alembic_version SET version_num = '\x1b[31mred\x1b[0m'"],
    "no text": ["UPDATE alembic_version SET version_num = ''"],
    "a blank": ["UPDATE alembic_version SET version_num = ' '"],
    "four digits too few": ["UPDATE alembic_version SET version_num = '0000'"],
    "five digits": ["UPDATE alembic_version SET version_num = '99999'"],
    "other digits": ["UPDATE alembic_version SET version_num = '٩٩٩٩'"],
    "no row": ["DELETE FROM alembic_version"],
    "two rows": ["INSERT INTO alembic_version VALUES ('0001')"],
    "two rows, one unknown": ["INSERT INTO alembic_version VALUES ('garbage')"],
    "no table": ["DROP TABLE alembic_version"],
}
COMMANDS = [
    ["lookup"], ["classify", "NRS_IFU"], ["generate", "pool.csv"], ["why", "pool.csv", "x"],
    ["rulesets", "list"], ["rulesets", "publish", "x"], ["audit", "runs"], ["audit", "verify"],
    ["sql", "SELECT 1"], ["db", "upgrade"],
]  # fmt: skip
FEW = [["lookup"], ["rulesets", "publish", "x"], ["db", "upgrade"]]
"""Of those that read, that write, and that change the schema, one each."""


def everything(engine: Engine) -> tuple[object, ...]:
    with engine.connect() as connection:
        tables = sorted(inspect(connection).get_table_names())
        versions = (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
            if "alembic_version" in tables
            else []
        )
        rulesets = connection.execute(text("SELECT label FROM rulesets ORDER BY 1")).scalars().all()
    return tables, sorted(versions), rulesets


@pytest.mark.parametrize("case", SAYS_SO)
def test_every_command_says_it_and_leaves_it(
    asnrules_on_copy: Command, catalog: Engine, database_url: str, case: str
) -> None:
    with catalog.begin() as connection:
        for statement in SAYS_SO[case]:
            connection.exec_driver_sql(statement)
    before = everything(catalog)
    commands = COMMANDS if case in {"an unknown text", "no table"} else FEW
    for command in commands:
        result = asnrules_on_copy(*command)
        if result.code != 2:
            result.assert_error(4, "its schema is unknown", "restore")
        assert result.err.count("\n") == 1
        assert "\x1b" not in result.err
    assert any(asnrules_on_copy(*command).code == 4 for command in commands)

    found = asnrules_on_copy("db", "current", "--format", "json")
    assert found.code == 0
    assert found.err.startswith("its schema is unknown")
    checked = asnrules_on_copy("db", "check", "--format", "json")
    assert checked.code == 1
    assert "its schema is unknown" in checked.out
    for writing in (False, True):
        with pytest.raises(DatabaseError, match="its schema is unknown"):
            open_catalog(database_url, writing=writing)
    assert everything(catalog) == before


def test_a_file_of_another_program_is_left_alone(
    command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    path = tmp_path / "bookmarks.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (address TEXT)")
    before = path.read_bytes()
    for arguments in (["lookup"], ["db", "upgrade"], ["db", "check"]):
        result = command(str(path))(*arguments)
        assert result.code in {1, 4}
        assert "its schema is unknown" in result.out + result.err
    assert path.read_bytes() == before


def test_what_is_newer_is_still_called_newer() -> None:
    assert migrations.is_newer("9999")
    assert not any(migrations.is_newer(one) for one in ("", "99999", "999a", "garbage", "0000"))
