"""What the catalog has had is on record: what asnrules adds is no finding, another change is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError

from asnrules.catalog import store
from asnrules.catalog.entries import ENTRY_TABLES
from asnrules.catalog.vocabulary import add_exp_types
from asnrules.database.engines import transaction
from asnrules.database.schema.catalog import catalog_entries, rulesets
from asnrules.record.verify import verify
from drafts import publish_draft
from record.tampering import unguarded
from seeds import seed

REFUSED = "what is on record of the catalog cannot be changed"


def entries(engine: Engine) -> list[tuple[int, str, str]]:
    table = catalog_entries.c
    with engine.connect() as connection:
        statement = select(table.number, table.entry_table, table.entry).order_by(table.number)
        return [tuple(row) for row in connection.execute(statement)]


def findings(engine: Engine) -> set[tuple[int | None, str | None]]:
    return {(one.run_id, one.table) for one in verify(engine).findings}


def test_every_word_and_published_ruleset_is_on_record(kept_catalog: Engine) -> None:
    found = entries(kept_catalog)
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    with kept_catalog.connect() as connection:
        for table in ENTRY_TABLES:
            key = table.c.label if table is rulesets else table.columns[0]
            statement = select(key)
            if table is rulesets:
                statement = statement.where(table.c.status == "published")
            names = set(connection.execute(statement).scalars())
            assert {entry for _, name, entry in found if name == table.name} == names


def test_what_asnrules_adds_is_no_finding(full_catalog: Engine) -> None:
    before = len(entries(full_catalog))
    with transaction(full_catalog, writing=True) as connection:
        add_exp_types(connection, ["NRC_NEW"])
        content = seed("2026-03-20")
        later = replace(content, label="later", effective_from=dt.date(2031, 1, 1))
        store.insert_draft(connection, later)
    assert findings(full_catalog) == set()
    # It ends the period of the one before.
    publish_draft(full_catalog, "later", operator="a curator")
    assert entries(full_catalog)[before:] == [
        (before + 1, "exp_types", "NRC_NEW"),
        (before + 2, "rulesets", "later"),
    ]
    assert findings(full_catalog) == set()


@pytest.fixture
def catalog_template(few_template: str) -> str:
    return few_template


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("INSERT INTO exp_types VALUES ('NRC_NEW', 'NIRCAM', NULL)", "exp_types"),
        ("UPDATE exp_types SET instrument = 'MIRI' WHERE exp_type = 'NRC_IMAGE'", "exp_types"),
        ("UPDATE keywords SET assumed = 't' WHERE keyword = 'TSOVISIT'", "keywords"),
        ("UPDATE ruleset_files SET text = 'new'", "rulesets"),
        ("UPDATE rulesets SET status = 'draft', published_at = NULL", "rulesets"),
        ("DELETE FROM catalog_entries WHERE number = 1", "catalog_entries"),
    ],
)
def test_change_of_a_catalog_without_runs_is_found(
    catalog: Engine, statement: str, table: str
) -> None:
    assert findings(catalog) == set()
    with unguarded(catalog) as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0
    assert (None, table) in findings(catalog)


def test_entry_that_is_made_to_fit_is_found_by_the_runs_that_it_was_before(
    full_catalog: Engine,
) -> None:
    """As somebody would who changes a word and what is on record of it."""
    from asnrules.util.canonical import digest_of

    sha256 = digest_of(["NRC_IMAGE", "MIRI", "imaging"])
    with unguarded(full_catalog) as connection:
        for statement in (
            "UPDATE exp_types SET instrument = 'MIRI' WHERE exp_type = 'NRC_IMAGE'",
            f"UPDATE catalog_entries SET sha256 = '{sha256}' WHERE entry = 'NRC_IMAGE'",
        ):
            assert connection.exec_driver_sql(statement).rowcount == 1
    assert findings(full_catalog) == {(1, "catalog_entries"), (2, "catalog_entries")}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_entries SET sha256 = 'new' WHERE number = 1",
        "DELETE FROM catalog_entries WHERE number = 1",
    ],
)
def test_entries_stay_as_they_are(kept_catalog: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSED), kept_catalog.begin() as connection:
        connection.exec_driver_sql(statement)


def test_entries_are_not_truncated(kept_postgresql: Engine) -> None:
    with pytest.raises(DBAPIError, match=REFUSED), kept_postgresql.begin() as connection:
        connection.exec_driver_sql("TRUNCATE catalog_entries")


@pytest.mark.parametrize("row", ["(1, 'new', 'new', '')", "(9999, 'instruments', 'FGS', '')"])
def test_entries_are_not_replaced(kept_sqlite: Engine, row: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSED), kept_sqlite.begin() as connection:
        connection.exec_driver_sql(f"REPLACE INTO catalog_entries VALUES {row}")
