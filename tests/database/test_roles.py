"""The roles of PostgreSQL, tried by connecting as each of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from asnrules.catalog import store
from asnrules.catalog.life_cycle import discard_ruleset
from asnrules.catalog.open import connect_catalog, open_catalog
from asnrules.database.engines import transaction
from asnrules.database.schema.all_tables import metadata
from asnrules.errors import DatabaseError
from asnrules.record.verify import verify
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from filled import SEEDS, seed_few
from seeds import ship_only

RECORD = (
    "pools", "exposures", "runs", "run_pools", "traces", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip
VOCABULARY = ("instruments", "exp_types", "member_types", "keywords", "specials", "asn_types")
RULES = tuple(
    name for name in metadata.tables if name not in {*RECORD, *VOCABULARY, "catalog_entries"}
)
RIGHTS: dict[str, dict[str, set[str]]] = {
    "reader": {},
    "recorder": {table: {"INSERT"} for table in RECORD},
    "curator": {table: {"INSERT", "UPDATE", "DELETE"} for table in RULES}
    | {table: {"INSERT"} for table in (*VOCABULARY, "catalog_entries")},
}
ROLES = tuple(RIGHTS)


@pytest.fixture(scope="module")
def people(postgresql_server: Any, templates: Any) -> Iterator[dict[str, str]]:
    """Give a person for each role, which the first catalog of the server makes."""
    templates.get("postgresql", "few", seed_few, empty=True)
    found = {role: f"{role}_{uuid.uuid4().hex[:8]}" for role in ROLES}
    for role, person in found.items():
        postgresql_server.execute(f"CREATE ROLE {person} LOGIN IN ROLE asnrules_{role}")
    yield found
    for person in found.values():
        postgresql_server.execute(f"DROP ROLE {person}")


@pytest.fixture
def kept_as(templates: Any, people: dict[str, str]) -> Callable[[str], str]:
    """Give a function that gives the URL to connect to a kept catalog as somebody with a role."""
    kept = make_url(templates.get("postgresql", "few", seed_few, empty=True))
    return lambda role: kept.set(username=people[role], password=None).render_as_string(
        hide_password=False
    )


@pytest.fixture
def connect_as(
    postgresql_server: Any,
    templates: Any,
    people: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[str], str]]:
    """Give a function like `kept_as`, to a catalog that may be changed."""
    ship_only(monkeypatch, *SEEDS)
    url = postgresql_server.create(templates.get("postgresql", "few", seed_few, empty=True))

    def connect(role: str) -> str:
        person = make_url(url).set(username=people[role], password=None)
        return person.render_as_string(hide_password=False)

    yield connect
    postgresql_server.drop(url)


def rights(engine: Engine, table: str) -> set[str]:
    """Ask the server what the one who asks may do with a table."""
    found = set()
    with engine.connect() as connection:
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
            if connection.execute(
                text("SELECT has_table_privilege(:table, :right)"),
                {"table": table, "right": right},
            ).scalar_one():
                found.add(right)
    return found


@pytest.mark.parametrize("role", ROLES)
def test_role_has_exactly_the_rights_that_it_needs(
    kept_as: Callable[[str], str], role: str
) -> None:
    engine = connect_catalog(kept_as(role))
    with engine.connect() as connection:
        views = connection.execute(
            text("SELECT viewname FROM pg_views WHERE schemaname = 'public'")
        ).scalars().all()  # fmt: skip
    assert len(views) > 8
    for view in views:
        assert rights(engine, view) == {"SELECT"}
    for table in (*metadata.tables, "alembic_version"):
        assert rights(engine, table) == {"SELECT"} | RIGHTS[role].get(table, set()), table


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads(connect_as: Callable[[str], str], role: str) -> None:
    engine = open_catalog(connect_as(role))
    with transaction(engine) as connection:
        assert len(connection.execute(text("SELECT * FROM v_exposure_modes")).all()) == 75
    assert verify(engine).findings == []


@pytest.mark.parametrize("role", ROLES)
def test_only_the_recorder_records(
    connect_as: Callable[[str], str], role: str, tmp_path: Path
) -> None:
    engine = open_catalog(connect_as(role))
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, bkgdtarg="t"))
    if role == "recorder":
        assert [generate(engine, [pool], Options()).run_id for _ in range(2)] == [1, 2]
        assert verify(engine).findings == []
    else:
        with pytest.raises(DatabaseError, match="permission denied") as caught:
            generate(engine, [pool], Options())
        assert "docs/audit.md" in str(caught.value)


@pytest.mark.parametrize("role", ROLES)
def test_only_the_curator_changes_rules(connect_as: Callable[[str], str], role: str) -> None:
    import datetime as dt
    from dataclasses import replace

    engine = open_catalog(connect_as(role))
    with transaction(engine) as connection:
        key = store.ruleset_ids(connection)["2026-03-20"]
        assert key is not None
        content = store.load(connection, key)
    draft = replace(content, label="next", effective_from=dt.date(2031, 1, 1))

    def publish() -> None:
        with transaction(engine, writing=True) as connection:
            number = store.insert_draft(connection, draft)
            store.publish(connection, [number], dt.datetime.now(dt.UTC))

    if role != "curator":
        with pytest.raises(DatabaseError, match="permission denied"):
            publish()
        return
    publish()
    with transaction(engine, writing=True) as connection:
        assert "next" in store.ruleset_ids(connection)
        store.insert_draft(connection, replace(draft, label="another"))
    assert discard_ruleset(engine, "another").status == "draft"
    with transaction(engine) as connection:
        assert "another" not in store.ruleset_ids(connection)


@pytest.mark.parametrize("table", RECORD)
@pytest.mark.parametrize("role", ROLES)
def test_nobody_changes_the_record(kept_as: Callable[[str], str], role: str, table: str) -> None:
    engine = connect_catalog(kept_as(role))
    (column, *_) = metadata.tables[table].columns.keys()
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table} CASCADE",
        f"DROP TRIGGER guard_{table} ON {table}",
    ):
        with (
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
            engine.begin() as connection,
        ):
            connection.exec_driver_sql(statement)
