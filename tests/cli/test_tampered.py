"""Commands on a database in which a value was changed to nonsense: one line, no traceback.

`ASNRULES_TAMPERING=1` has every command read every value; a short round always runs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table

from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.database.schema.all_tables import metadata
from asnrules.database.types import Day, Json, UtcTime
from cli.conftest import Command
from record.tampering import Tampering, nonsense, with_few_rulesets, without_constraints
from recorded import POOL_NAME, fill_ledger

LONG = bool(os.environ.get("ASNRULES_TAMPERING"))
FILE = "jw04231001001_02101_00001_nrca1_uncal.fits"
COMMANDS = [
    ["audit", "runs"],
    ["audit", "run", "1"],
    ["audit", "run", "5", "--format", "json"],
    ["audit", "exposure", FILE],
    ["audit", "association", "jw04231-o001_image2_00001_asn"],
    ["audit", "export", "--output", "OUT"],
    ["audit", "report", "1", "--output", "OUT"],
    ["audit", "diff", "1", "3"],
    ["audit", "replay", "1"],
    ["audit", "digest"],
    ["why", "POOL", FILE],
    ["lookup", "NRC_IMAGE"],
    ["classify", "--exp-type", "NRC_IMAGE"],
    ["candidates", "POOL"],
    ["rulesets", "list"],
    ["rulesets", "show", "jwst-3.0.0"],
    ["rulesets", "show", "2026-03-20"],
    ["rulesets", "history", "NRC_IMAGE"],
    ["rulesets", "blame", "NRC_IMAGE"],
    ["rulesets", "check", "2026-03-20"],
    ["rulesets", "export", "jwst-3.0.0", "--output", "OUT"],
    ["db", "check"],
]
TABLES = sorted(metadata.tables)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    with_few_rulesets(monkeypatch)


@pytest.fixture
def pool(tmp_path_factory: pytest.TempPathFactory, templates: Any) -> str:
    return str(folder_of(tmp_path_factory, templates) / POOL_NAME)


def folder_of(tmp_path_factory: pytest.TempPathFactory, templates: Any) -> Path:
    """Make the template, once; give the folder with its pools."""

    def fill(engine: Any) -> None:
        upgrade_catalog(engine)
        fill_ledger(engine, Path(str(engine.url.database)).parent)
        without_constraints(engine)

    return Path(templates.get("sqlite", "tampered", fill, empty=True)).parent


@pytest.fixture
def tampered(tmp_path: Path, pool: str, templates: Any) -> Callable[[Table, Column[Any], int], str]:
    """Give a function that copies the catalog with one value changed, and gives its path."""
    template = templates.get("sqlite", "tampered", lambda engine: None)

    def change(table: Table, column: Column[Any], number: int) -> str:
        path = tmp_path / "tampered.db"
        shutil.copyfile(template, path)
        engine = connect_catalog(str(path))
        tampering = Tampering(engine, table)
        row = tampering.rows[number % len(tampering.rows)]
        values = nonsense(column, row._mapping[column.name], "sqlite")
        worst = [value for value, is_unreadable in values if is_unreadable] or [values[0][0]]
        value = worst[number % len(worst)]
        change = f"UPDATE {table} SET {column.name} = {value} WHERE {tampering.where(row)}"
        with tampering.connected() as connection:
            connection.exec_driver_sql(change)
            connection.exec_driver_sql("DROP TABLE kept_rows")
        return str(path)

    return change


def commands(number: int) -> Iterator[list[str]]:
    if LONG:
        yield from COMMANDS
    else:
        yield COMMANDS[number % len(COMMANDS)]


@pytest.mark.parametrize("table", TABLES)
def test_commands_end_in_one_line(
    tampered: Callable[[Table, Column[Any], int], str],
    command: Callable[[str | None], Command],
    pool: str,
    tmp_path: Path,
    table: str,
) -> None:
    start = TABLES.index(table)
    for number, column in enumerate(metadata.tables[table].columns, start):
        if not (LONG or isinstance(column.type, Json | UtcTime | Day) or number % 5 == 0):
            continue
        for more in range(5 if LONG else 1):
            run = command(tampered(metadata.tables[table], column, number + more))
            for arguments in commands(number):
                places = {"OUT": str(tmp_path / f"out{number}"), "POOL": pool}
                done = run(*(places.get(one, one) for one in arguments))
                said = [line for line in done.err.splitlines() if line.startswith("asnrules: ")]
                assert done.code in {0, 1, 2, 3, 4}, (column, arguments)
                if done.code in {2, 4}:
                    assert len(said) == 1, (column, arguments, done.err)
                for place in tmp_path.glob("out*"):
                    shutil.rmtree(place) if place.is_dir() else place.unlink()
            # In a short round, what verify finds is tried in tests/record for each column.
            if LONG:
                done = run("audit", "verify")
                assert done.code == 1, (column, done.err)


@pytest.mark.parametrize(
    ("column", "value", "arguments"),
    [
        ("options", "{", ["audit", "run", "1"]),
        ("diagnostics", "[" * 100_000, ["audit", "run", "1"]),
        ("started_at", "yesterday", ["audit", "runs"]),
        ("section_digests", f"[{'9' * 5000}]", ["audit", "export", "--output", "-"]),
    ],
)
def test_place_of_what_cannot_be_read_is_named(
    command: Callable[[str | None], Command],
    tmp_path: Path,
    pool: str,
    templates: Any,
    column: str,
    value: str,
    arguments: list[str],
) -> None:
    assert pool
    path = tmp_path / "tampered.db"
    shutil.copyfile(templates.get("sqlite", "tampered", lambda engine: None), path)
    with connect_catalog(str(path)).begin() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET {column} = '{value}' WHERE run_id = 1")
    done = command(str(path))(*arguments)
    assert done.code == 1
    line, more = done.err.splitlines()
    for word in ("run 1", "runs", column):
        assert word in line
    assert "asnrules audit verify" in more
