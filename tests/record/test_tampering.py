"""Every column of every table is tampered with, plausibly and with nonsense: it is found.

`ASNRULES_TAMPERING=1` tries every value that there is, in several rows of each table. A short
round always runs: a plausible value for each third column, nonsense for each fourth one, and on
PostgreSQL both for each sixth, in some of the tables.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Row
from sqlalchemy.exc import DBAPIError

from asnrules.catalog import store
from asnrules.catalog.entries import VOCABULARY
from asnrules.database.engines import transaction
from asnrules.database.guards import PUBLISHED
from asnrules.database.schema.all_tables import metadata
from asnrules.database.schema.catalog import catalog_entries, rulesets
from asnrules.database.schema.record import runs
from asnrules.record.chain import SECTIONS
from asnrules.record.verify import verify
from asnrules.rules.rows import to_rows
from filled import record_runs, seed_few, small
from record.tampering import KEYS, Tampering, nonsense, plausible, without_constraints
from seeds import connected, seed

LONG = bool(os.environ.get("ASNRULES_TAMPERING"))

NOT_COVERED = {
    ("ruleset_files", "path"): "of a draft",
    ("ruleset_files", "text"): "of a draft",
    ("rulesets", "label"): "of a draft",
    ("rulesets", "title"): "of a draft",
    ("rulesets", "source"): "of a draft",
    ("rulesets", "effective_from"): "of a draft",
    ("rulesets", "effective_until"): "of a draft",
    ("rulesets", "published_at"): "of a draft, which has none",
    ("rulesets", "published_by"): "of a draft, which has none",
    ("rulesets", "retroactive"): "of a draft, which has none",
}
"""Columns of which some values are in no digest; docs/audit.md lists the same."""

OF_RULESETS = {"rulesets", *PUBLISHED}
RECORD = {runs.name, *(table.name for table in SECTIONS)}
WORDS = {table.name for table in VOCABULARY}
TABLES = sorted(metadata.tables)


def _fill(engine: Engine) -> None:
    seed_few(engine, small)
    with transaction(engine, writing=True) as connection:
        draft = replace(seed("2020-12-07"), label="draft")
        store.insert_draft(connection, draft)
    record_runs(engine)
    without_constraints(engine)


def test_few_rules_have_a_value_in_each_column_all_the_same() -> None:
    content = seed()
    all_filled, filled = (
        {
            (table, name)
            for table, rows in to_rows(one).items()
            for row in rows
            for name, value in row.items()
            if value is not None
        }
        for one in (content, small(content))
    )
    assert filled == all_filled


@pytest.fixture
def tampering(engine_name: str, templates: Any, table: str) -> Tampering:
    """Give a table of the catalog that all tests share, as each puts back what it changes."""
    database = templates.get(engine_name, "tampering", _fill, empty=True)
    return Tampering(connected(database), metadata.tables[table])


def test_every_table_is_tampered_with() -> None:
    assert OF_RULESETS | RECORD | WORDS | {catalog_entries.name} == set(TABLES)


def test_what_is_not_covered_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    listed = text.split("covered by nothing:")[1].split("\n\n")[1]
    columns = {tuple(name.split(".")) for name in re.findall(r"`(\w+\.\w+)`", listed)} - {
        ("alembic_version", "version_num")
    }
    assert columns == set(NOT_COVERED)


def found(engine: Engine) -> set[tuple[str | None, str | None]]:
    return {(one.table, one.column) for one in verify(engine).findings}


def tables_of(engine: Engine) -> set[str | None]:
    return {table for table, _ in found(engine)}


def expected(table: str) -> set[str]:
    """Give the tables of which one has to be named: a ruleset's checksum is of all its rows."""
    return {table, "rulesets"} if table in OF_RULESETS else {table}


def is_covered(engine: Engine, column: Column[Any], row: Row[Any]) -> bool:
    if (column.table.name, column.name) not in NOT_COVERED:
        return True
    with engine.connect() as connection:
        statement = rulesets.select().where(rulesets.c.ruleset_id == row.ruleset_id)
        return connection.execute(statement).mappings().one()["status"] == "published"


def columns_of(tampering: Tampering, step: int) -> list[tuple[int, Column[Any]]]:
    """Give the columns, numbered; of a short round each so many, and fewer on PostgreSQL."""
    if tampering.engine.dialect.name == "postgresql":
        step = 6
    columns = list(enumerate(tampering.table.columns))
    if LONG:
        return columns
    return columns[TABLES.index(tampering.table.name) % step :: step] or columns[:1]


def rows_of(tampering: Tampering, column: Column[Any]) -> list[Row[Any]]:
    rows = [row for row in tampering.rows if is_covered(tampering.engine, column, row)]
    filled = [row for row in rows if row._mapping[column.name] is not None]
    if not LONG:
        return (filled or rows)[:1]
    return list(dict.fromkeys([*filled[:1], *filled[-1:], *rows[len(rows) // 2 :][:1], *rows[-1:]]))


@pytest.mark.parametrize("table", TABLES)
def test_plausible_value_is_found(tampering: Tampering, table: str) -> None:
    for _, column in columns_of(tampering, 3):
        others = [row._mapping[column.name] for row in tampering.rows]
        for row in rows_of(tampering, column):
            values = plausible(column, row._mapping[column.name], others)
            count = _tried(tampering, column, row, values, len(values) if LONG else 1)
            assert count > 0, column.name


def _tried(
    tampering: Tampering, column: Column[Any], row: Row[Any], values: list[str], wanted: int
) -> int:
    """Try values until enough of them could be put in; give how many."""
    tried = 0
    for value in values:
        statement = (
            f"UPDATE {column.table} SET {column.name} = {value} WHERE {tampering.where(row)}"
        )
        try:
            with tampering.changed(statement):
                assert tables_of(tampering.engine) & expected(column.table.name), (column, value)
        except DBAPIError:
            continue  # The key is another row's.
        tried += 1
        if tried == wanted:
            break
    return tried


@pytest.mark.parametrize("table", TABLES)
def test_nonsense_is_found_and_named(tampering: Tampering, table: str, engine_name: str) -> None:
    for at, column in columns_of(tampering, 4):
        for row in rows_of(tampering, column):
            values = nonsense(column, row._mapping[column.name], engine_name)
            if not LONG:
                values = values[at % len(values) :][:1]
            for value, is_unreadable in values:
                statement = (
                    f"UPDATE {table} SET {column.name} = {value} WHERE {tampering.where(row)}"
                )
                with tampering.changed(statement):
                    findings = found(tampering.engine)
                named = {table for table, _ in findings}
                assert named & expected(table), (column, value[:40])
                # A row without an owner is nobody's.
                if is_unreadable and column.name not in {*KEYS[table], "run_id", "ruleset_id"}:
                    assert (table, column.name) in findings, (column, value[:40])


@pytest.mark.parametrize("table", TABLES)
def test_removed_added_and_swapped_rows_are_found(tampering: Tampering, table: str) -> None:
    engine, rows = tampering.engine, tampering.rows
    with tampering.changed(f"DELETE FROM {table} WHERE {tampering.where(rows[0])}"):
        assert tables_of(engine) & expected(table)
    with tampering.changed(tampering.copied(rows[0])):
        assert tables_of(engine) & expected(table)
    for statements in islice(tampering.swaps(), None if LONG else 1):
        try:
            with tampering.changed(*statements):
                assert tables_of(engine) & expected(table), statements
        except DBAPIError:
            continue  # The column is a key.
