"""Guards of PostgreSQL hold against those who put objects of their own before the catalog's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from asnrules.catalog.open import check_catalog, connect_catalog, upgrade_catalog
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.database.guards import NUMBERED, PUBLISHED, RECORDED, WHOLE
from asnrules.database.schema.all_tables import metadata
from database.test_guards import LATE
from database.test_turns import insert as insert_copy
from filled import fill_catalog
from operations.conftest import divide
from seeds import ship_only

REFUSAL = (
    r"a (published ruleset|recorded run) cannot be changed|"
    r"what is on record of the catalog cannot be changed"
)
ROLES = ("reader", "recorder", "curator")

# Nothing is in them, so that every guard that looks here finds nothing to refuse.
EMPTY_TABLES = "; ".join(
    f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM public.{table} WHERE false"
    for table in metadata.tables
)
# What is equal is not, and what is text is other text.
OPERATORS = """
CREATE SCHEMA odd;
CREATE FUNCTION odd.no(bigint, bigint) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE FUNCTION odd.no(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR odd.= (FUNCTION = odd.no, LEFTARG = bigint, RIGHTARG = bigint);
CREATE OPERATOR odd.= (FUNCTION = odd.no, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION odd.coalesce(bigint, integer) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
CREATE FUNCTION odd.max(bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';
GRANT USAGE ON SCHEMA odd TO PUBLIC;
"""
OF_A_RUN = "(SELECT max(ruleset_id) FROM runs)"
RULESET = "(SELECT ruleset_id FROM public.runs LIMIT 1)"
OWN_PATH = "SET search_path = odd, pg_temp, public, pg_catalog"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    ship_only(monkeypatch, "2026-03-20")


@pytest.fixture(scope="module")
def odd_url(postgresql_server: Any, templates: Any) -> Iterator[str]:
    """Give a filled catalog where somebody may do what the upgrade has forbidden."""
    url = postgresql_server.create(templates.get("postgresql", "full", fill_catalog, empty=True))
    database = make_url(url).database
    postgresql_server.run("psql", url, "--quiet", "--command", OPERATORS)
    postgresql_server.execute(f"GRANT TEMPORARY ON DATABASE {database} TO PUBLIC")
    yield url
    postgresql_server.drop(url)


def shadowed(connection: Connection) -> None:
    connection.exec_driver_sql(EMPTY_TABLES)
    connection.exec_driver_sql(OWN_PATH)
    found = connection.exec_driver_sql("SELECT 1 FROM rulesets WHERE 1::bigint = 1::bigint")
    assert found.all() == []


# ------------------------------------------------------------------ all that there is

EVENTS = {4: "INSERT", 8: "DELETE", 16: "UPDATE", 32: "TRUNCATE"}
FUNCTIONS = """
SELECT proname, coalesce(array_to_string(proconfig, '; '), '')
FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


def test_every_function_looks_at_the_catalog_only(kept_postgresql: Engine) -> None:
    with kept_postgresql.connect() as connection:
        found = dict(tuple(row) for row in connection.execute(text(FUNCTIONS)))
    assert len(found) >= 5
    assert set(found.values()) == {"search_path=public, pg_temp"}


def triggers(connection: Connection) -> list[tuple[str, str]]:
    """Give each table with each event that a trigger of it looks at."""
    query = (
        "SELECT DISTINCT relname, tgtype::integer FROM pg_trigger JOIN pg_class "
        "ON pg_class.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'public'::regnamespace"
    )
    return sorted(
        {
            (table, event)
            for table, kind in connection.exec_driver_sql(query)
            for bit, event in EVENTS.items()
            if kind & bit
        }
    )


def statement(connection: Connection, table: str, event: str) -> str:
    """Make a statement that a guard has to refuse."""
    (column, *_) = metadata.tables[table].columns.keys()
    if event == "INSERT" and table in LATE:
        return f"INSERT INTO public.{table} VALUES {LATE[table].replace(OF_A_RUN, RULESET)}"
    if event == "INSERT":
        # Their own statement is to find rows, whatever they make of =.
        published = (
            f"{column} OPERATOR(pg_catalog.=) ANY (SELECT {column} FROM public.rulesets "
            "WHERE status OPERATOR(pg_catalog.=) 'published')"
        )
        return f"INSERT INTO public.{table} SELECT * FROM public.{table} WHERE {published}"
    return {
        "UPDATE": f"UPDATE public.{table} SET {column} = {column}",
        "DELETE": f"DELETE FROM public.{table}",
        "TRUNCATE": f"TRUNCATE public.{table} CASCADE",
    }[event]


def test_each_guard_holds_before_shadows(odd_url: str) -> None:
    tried = set()
    with connect_catalog(odd_url).connect() as connection:
        wanted = [
            (table, event)
            for table, event in triggers(connection)
            if event != "INSERT" or table not in WHOLE
        ]
        statements = {one: statement(connection, *one) for one in wanted}
        shadowed(connection)
        for (table, event), refused in statements.items():
            with pytest.raises(DBAPIError, match=REFUSAL), connection.begin_nested():
                connection.exec_driver_sql(refused)
            tried.add((table, event))
    changes = {"UPDATE", "DELETE", "TRUNCATE"}
    assert tried >= {(table, event) for table in (*PUBLISHED, *RECORDED, "runs", "rulesets")
                     for event in changes}  # fmt: skip
    assert tried >= {(table, "INSERT") for table in (*PUBLISHED, *RECORDED)}


def test_numbers_are_looked_at_before_shadows(odd_url: str) -> None:
    with connect_catalog(odd_url).connect() as connection:
        statements = []
        for table in NUMBERED:
            key, *_ = metadata.tables[table].columns.keys()
            named = insert_copy(connection, table, **{key: "9223372036854775807"})
            named = named.replace(f" {table}", f" public.{table}")
            statements.append(named.replace(" = ", " OPERATOR(pg_catalog.=) "))
        shadowed(connection)
        for refused in statements:
            with pytest.raises(DBAPIError, match="follow"), connection.begin_nested():
                connection.exec_driver_sql(refused)


def test_the_shadows_are_dangerous(odd_url: str) -> None:
    with connect_catalog(odd_url).connect() as connection:
        for function in ("refuse_published", "refuse_late"):
            connection.exec_driver_sql(f"ALTER FUNCTION asnrules_{function}() RESET search_path")
        late = statement(connection, "associations", "INSERT")
        shadowed(connection)
        assert connection.exec_driver_sql("UPDATE public.errata SET reason = ''").rowcount > 1
        assert connection.exec_driver_sql(late).rowcount == 1
        connection.rollback()


@pytest.mark.parametrize(
    ("role", "tables", "events"),
    [("curator", (*PUBLISHED, "rulesets"), ("INSERT", "UPDATE", "DELETE")),
     ("recorder", RECORDED, ("INSERT",))],
)  # fmt: skip
def test_those_who_may_write_are_refused_before_shadows(
    odd_url: str,
    connect_as: Callable[[str, str], Engine],
    role: str,
    tables: tuple[str, ...],
    events: tuple[str, ...],
) -> None:
    with connect_as(odd_url, role).connect() as connection:
        statements = [
            statement(connection, table, event)
            for table in tables
            for event in events
            if (table, event) != ("rulesets", "INSERT")
        ]
        shadowed(connection)
        for refused in statements:
            with pytest.raises(DBAPIError, match=REFUSAL), connection.begin_nested():
                connection.exec_driver_sql(refused)


# ------------------------------------------------------------------ what is taken from them

TRICKS = (
    "CREATE TEMPORARY TABLE rulesets (ruleset_id bigint, status text)",
    "SELECT 1 AS x INTO TEMPORARY rulesets",
    "CREATE TEMPORARY VIEW rulesets AS SELECT 1 AS ruleset_id",
    "CREATE TABLE public.shadow (x integer)",
    "CREATE FUNCTION public.shadow() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA shadow",
    "CREATE OPERATOR public.= (FUNCTION = int8eq, LEFTARG = bigint, RIGHTARG = text)",
    "SET session_replication_role = replica",
    "ALTER FUNCTION asnrules_refuse() SET search_path = pg_temp",
    "ALTER FUNCTION asnrules_refuse() RESET ALL",
    "CREATE OR REPLACE FUNCTION asnrules_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NULL; END'",
    "ALTER TABLE rulesets DISABLE TRIGGER ALL",
    "CREATE TRIGGER aaa BEFORE DELETE ON rulesets FOR EACH ROW EXECUTE FUNCTION asnrules_refuse()",
    "CREATE RULE quiet AS ON DELETE TO rulesets DO INSTEAD NOTHING",
)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_make_what_shadows(
    templates: Any, connect_as: Callable[[str, str], Engine], role: str
) -> None:
    engine = connect_as(templates.get("postgresql", "full", fill_catalog, empty=True), role)
    for trick in TRICKS:
        with (
            pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
            engine.begin() as connection,
        ):
            connection.exec_driver_sql(trick)


def may_make_tables(engine: Engine, name: str) -> bool:
    with engine.connect() as connection:
        statement = text("SELECT has_database_privilege(:name, current_database(), 'TEMPORARY')")
        return bool(connection.execute(statement, {"name": name}).scalar_one())


@pytest.mark.parametrize("was_there", [True, False])
def test_the_downgrade_gives_back_what_was_taken(
    postgresql_server: Any, postgresql_url: str, was_there: bool
) -> None:
    engine = connect_catalog(postgresql_url)
    if not was_there:
        database = make_url(postgresql_url).database
        postgresql_server.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
    upgrade_catalog(engine)
    assert not any(may_make_tables(engine, f"asnrules_{role}") for role in ROLES)
    with transaction(engine, writing=True) as connection:
        migrations.downgrade(connection, "0003")
    assert may_make_tables(engine, "public") is was_there
    upgrade_catalog(engine)
    assert not may_make_tables(engine, "public")
    assert check_catalog(engine) == []


def test_the_check_names_what_opens_the_way(odd_url: str) -> None:
    engine = connect_catalog(odd_url)
    found = check_catalog(engine)
    assert [line.split(" may")[0] for line in found] == [
        "role asnrules_curator", "role asnrules_reader", "role asnrules_recorder",
    ]  # fmt: skip
    database = make_url(odd_url).database
    assert f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC" in found[0]
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER FUNCTION asnrules_refuse_late() RESET search_path")
        lines = {
            line
            for line in _check(connection)
            if line.startswith("function asnrules_refuse_late()")
        }
        connection.rollback()
    assert len(lines) == 1


def _check(connection: Connection) -> list[str]:
    from asnrules.database.guards import missing_guards

    return missing_guards(connection)


# ------------------------------------------------------------------ a schema of another name


@pytest.mark.parametrize("schema", ["rules", "The Rules"])
def test_a_catalog_in_another_schema(
    postgresql_server: Any, postgresql_url: str, schema: str
) -> None:
    quoted = f'"{schema}"'
    database = make_url(postgresql_url).database
    postgresql_server.execute(f"ALTER DATABASE {database} SET search_path = {quoted}")
    engine = connect_catalog(postgresql_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {quoted}")
    upgrade_catalog(engine)
    assert check_catalog(engine) == []
    divide(postgresql_server, postgresql_url)
    assert check_catalog(engine) == []
    with engine.connect() as connection:
        paths = set(connection.scalars(text(
            "SELECT array_to_string(proconfig, ';') FROM pg_proc JOIN pg_namespace AS n "
            "ON n.oid = pronamespace WHERE proname LIKE 'asnrules%' OR nspname = 'asnrules_parts'"
        )))  # fmt: skip
        assert len(paths) == 1
        with pytest.raises(DBAPIError, match="a published ruleset cannot be changed"):
            connection.exec_driver_sql("DELETE FROM exposure_modes")
    with transaction(engine, writing=True) as connection:
        migrations.downgrade(connection, "0003")
    upgrade_catalog(engine)
    assert check_catalog(engine) == []


# ------------------------------------------------------------------ one after the other

DRAFT = "(SELECT ruleset_id FROM rulesets WHERE label = 'draft-modes')"
PUBLISH = (
    "UPDATE rulesets SET status = 'published', published_at = now() WHERE label = 'draft-modes'"
)


@pytest.fixture
def filled_url(postgresql_server: Any, templates: Any) -> Iterator[str]:
    url = postgresql_server.create(templates.get("postgresql", "full", fill_catalog, empty=True))
    yield url
    postgresql_server.drop(url)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_draft_of_yesterday_is_not_changed_when_it_is_published(
    filled_url: str, connect_as: Callable[[str, str], Engine], level: str
) -> None:
    curator = connect_as(filled_url, "curator")
    with curator.connect() as old, curator.begin() as other:
        old.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
        assert old.exec_driver_sql(f"SELECT {DRAFT}").scalar() is not None
        other.exec_driver_sql(PUBLISH)
        other.commit()
        with pytest.raises(DBAPIError, match=r"could not serialize|cannot be changed"):
            old.exec_driver_sql(f"DELETE FROM errata WHERE ruleset_id = {DRAFT}")


def test_a_draft_is_not_published_while_its_rows_change(
    filled_url: str, connect_as: Callable[[str, str], Engine]
) -> None:
    curator = connect_as(filled_url, "curator")
    with curator.connect() as first, curator.connect() as second:
        first.exec_driver_sql(f"DELETE FROM errata WHERE ruleset_id = {DRAFT}")
        second.exec_driver_sql("SET LOCAL lock_timeout = '100ms'")
        with pytest.raises(DBAPIError, match="lock timeout"):
            second.exec_driver_sql(PUBLISH)
