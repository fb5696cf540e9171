"""Roles of PostgreSQL that were given more than they need: the guards hold, and it is told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy.exc import DBAPIError

from asnrules.catalog.open import check_catalog, connect_catalog
from asnrules.database.guards import BULK, PUBLISHED, RECORDED, WHOLE
from asnrules.database.schema.all_tables import metadata
from filled import fill_catalog
from seeds import ship_only

REFUSAL = (
    r"a (published ruleset|recorded run) cannot be changed|"
    r"what is on record of the catalog cannot be changed"
)
RECORD = (*RECORDED, *WHOLE)
ALL = "INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    ship_only(monkeypatch, "2026-03-20")


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


@pytest.fixture(scope="module")
def granted(postgresql_server: Any, templates: Any) -> Iterator[str]:
    """Give a filled catalog, as a recorder sees it who may do all with its tables."""
    url = postgresql_server.create(templates.get("postgresql", "full", fill_catalog, empty=True))
    person = f"granted_{uuid.uuid4().hex[:8]}"
    postgresql_server.execute(f"CREATE ROLE {person} LOGIN IN ROLE asnrules_recorder")
    owner = connect_catalog(url)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"GRANT {ALL} ON ALL TABLES IN SCHEMA public TO {person}")
    yield make_url(url).set(username=person, password=None).render_as_string()
    owner.dispose()
    postgresql_server.drop(url)
    postgresql_server.execute(f"DROP ROLE {person}")


@pytest.mark.parametrize("table", [*RECORD, "rulesets", *PUBLISHED])
def test_guards_hold_for_whoever_may_do_all(granted: str, table: str) -> None:
    engine = connect_catalog(granted)
    (column, *_) = metadata.tables[table].columns.keys()
    published = "ruleset_id IN (SELECT ruleset_id FROM rulesets WHERE status = 'published')"
    where = "" if table in RECORD else f" WHERE {published}"
    same = " AND ".join(
        f"t.{key.name} = s.{key.name}" for key in metadata.tables[table].primary_key
    )
    merge = f"MERGE INTO {table} AS t USING (SELECT * FROM {table}{where}) AS s ON {same}"
    keys = ", ".join(key.name for key in metadata.tables[table].primary_key)
    statements = [
        f"UPDATE {table} SET {column} = {column}{where}",
        f"DELETE FROM {table}{where}",
        f"TRUNCATE {table} CASCADE",
        f"{merge} WHEN MATCHED THEN UPDATE SET {column} = s.{column}",
        f"{merge} WHEN MATCHED THEN DELETE",
        f"INSERT INTO {table} SELECT * FROM {table}{where} "
        f"ON CONFLICT ({keys}) DO UPDATE SET {column} = excluded.{column}",
    ]
    for statement in statements:
        with engine.connect() as connection:
            if not connection.exec_driver_sql(f"SELECT 1 FROM {table}{where} LIMIT 1").all():
                pytest.skip("there are no rows")
            with pytest.raises(DBAPIError, match=REFUSAL):
                connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("UPDATE, TRUNCATE ON decisions, runs TO asnrules_recorder",
         ["REVOKE TRUNCATE, UPDATE ON decisions, runs FROM PUBLIC, asnrules_recorder"]),
        ("TRIGGER, DELETE ON rulesets TO asnrules_curator",
         ["REVOKE TRIGGER ON rulesets FROM PUBLIC, asnrules_curator"]),
        ("DELETE ON exposures TO PUBLIC",
         [f"REVOKE DELETE ON exposures FROM PUBLIC, asnrules_{role}"
          for role in ("curator", "reader", "recorder")]),
        ("SELECT, REFERENCES ON ALL TABLES IN SCHEMA public TO asnrules_reader", []),
    ],
)  # fmt: skip
def test_rights_that_nobody_needs_are_told(catalog: Engine, given: str, told: list[str]) -> None:
    assert check_catalog(catalog) == []
    with catalog.begin() as connection:
        connection.exec_driver_sql(f"GRANT {given}")
    found = check_catalog(catalog)
    assert len(found) == len(told)
    for line, statement in zip(found, told, strict=True):
        assert line.endswith(statement)
        with catalog.begin() as connection:
            connection.exec_driver_sql(line.rpartition(": ")[2])
    assert check_catalog(catalog) == []


@pytest.mark.parametrize("kind", ["guard", "refer"])
@pytest.mark.parametrize("table", BULK)
def test_a_guard_that_somebody_has_replaced_is_told(catalog: Engine, table: str, kind: str) -> None:
    name = f"{kind}_{table}"
    with catalog.begin() as connection:
        connection.exec_driver_sql(f"GRANT TRIGGER ON {table} TO asnrules_recorder")
        connection.exec_driver_sql("SET LOCAL ROLE asnrules_recorder")
        # Functions of PostgreSQL itself are for everybody.
        connection.exec_driver_sql(
            f"CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        )
    replaced, right = check_catalog(catalog)
    assert f"table {table}: trigger {name} is gone, replaced or switched off" in replaced
    assert right.endswith(f"REVOKE TRIGGER ON {table} FROM PUBLIC, asnrules_recorder")


def test_a_guard_with_a_condition_is_told(catalog: Engine) -> None:
    with catalog.begin() as connection:
        connection.exec_driver_sql(
            "CREATE OR REPLACE TRIGGER guard_runs BEFORE UPDATE OR DELETE ON runs FOR EACH ROW "
            "WHEN (false) EXECUTE FUNCTION asnrules_refuse('never')"
        )
    (found,) = check_catalog(catalog)
    assert "table runs: trigger guard_runs is gone, replaced or switched off" in found
