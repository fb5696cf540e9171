"""Nobody who may not record can stop those who may, and whoever is in the way is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.database import engines, locks, migrations
from asnrules.database.engines import transaction
from asnrules.errors import DatabaseError
from asnrules.record.chain import GENESIS
from asnrules.record.verify import verify
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from database.test_guards import columns
from filled import SEEDS, seed_few
from seeds import ship_only

ROLES = ("reader", "recorder", "curator")
ConnectAs = Callable[[str, str], Engine]


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, bkgdtarg="t"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.3)
    monkeypatch.setattr(locks, "BUSY_SECONDS", 0.3)


# ------------------------------------------------------------------ numbers

NUMBERS = ("9223372036854775807", "-9223372036854775808", "0", "-1", "{last} + 2", "{last} + 1000")
NEW_RUN = {"run_id": "{last} + 1", "previous_digest": "digest", "digest": "'new'"}
NEW_POOL = {"pool_id": "{last} + 1", "sha256": "'new'"}
NEW_TRACE = {"trace_id": "{last} + 1", "signature": "'new'"}
NEW_ENTRY = {"number": "{last} + 1", "entry": "'new'"}
OF_RECORDERS = {"runs": NEW_RUN, "pools": NEW_POOL, "traces": NEW_TRACE}
NEW_ROWS = OF_RECORDERS | {"catalog_entries": NEW_ENTRY}


def insert(connection: Connection, table: str, **values: str) -> str:
    """Make a statement that copies the last row of a table, but for these values."""
    key, *_ = columns(table)
    last = connection.execute(text(f"SELECT max({key}) FROM {table}")).scalar_one()
    run = connection.execute(text("SELECT max(run_id) FROM runs")).scalar_one()
    changed = {"run_id": str(run + 1)} | NEW_ROWS[table] | values
    named = ", ".join(changed.get(column, column) for column in columns(table))
    statement = f"INSERT INTO {table} SELECT {named} FROM {table} WHERE {key} = {last}"
    return statement.replace("{last}", str(last))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("table", NEW_ROWS)
def test_a_number_that_is_not_the_next_is_refused(
    kept_catalog: Engine, table: str, number: str
) -> None:
    key, *_ = columns(table)
    with (
        pytest.raises((DBAPIError, DatabaseError), match="follow"),
        transaction(kept_catalog, writing=True) as connection,
    ):
        connection.exec_driver_sql(insert(connection, table, **{key: number}))


@pytest.mark.parametrize("table", NEW_ROWS)
def test_the_next_number_is_taken(kept_catalog: Engine, table: str) -> None:
    with transaction(kept_catalog, writing=True) as connection:
        assert connection.exec_driver_sql(insert(connection, table)).rowcount == 1
        connection.rollback()


@pytest.mark.parametrize("digest", [f"'{GENESIS}'", "'other'", "previous_digest"])
def test_a_run_has_the_digest_of_the_one_before(kept_catalog: Engine, digest: str) -> None:
    with (
        pytest.raises(
            (DBAPIError, DatabaseError),
            match=r"follows the last one|previous_digest|cannot be changed",
        ),
        transaction(kept_catalog, writing=True) as connection,
    ):
        connection.exec_driver_sql(insert(connection, "runs", previous_digest=digest))


def test_the_first_run_follows_nothing(catalog: Engine, pool: str) -> None:
    first = (
        "INSERT INTO runs SELECT 1, 'generated', '2026-01-01T00:00:00.000000Z', "
        "'2026-01-01T00:00:00.000000Z', '', '', '', min(ruleset_id), '{}', NULL, 0, 0, 0, '[]', "
        "'{}', 'other', 'digest' FROM rulesets"
    )
    with (
        pytest.raises((DBAPIError, DatabaseError), match="follows the last one"),
        transaction(catalog, writing=True) as connection,
    ):
        connection.exec_driver_sql(first)
    assert generate(catalog, [pool], Options()).run_id == 1
    assert verify(catalog).findings == []


@pytest.mark.parametrize("table", OF_RECORDERS)
def test_a_recorder_cannot_use_numbers_up(
    catalog: Engine, database_url: str, connect_as: ConnectAs, pool: str, table: str
) -> None:
    if catalog.dialect.name == "sqlite":
        pytest.skip("SQLite has no roles; whoever writes the file is asked above")
    assert generate(catalog, [pool], Options()).run_id == 1
    recorder = connect_as(database_url, "recorder")
    key, *_ = columns(table)
    for number in ("9223372036854775807", "{last} + 2"):
        with (
            pytest.raises((DBAPIError, DatabaseError), match="follow"),
            recorder.begin() as connection,
        ):
            connection.exec_driver_sql(insert(connection, table, **{key: number}))
    assert generate(recorder, [pool], Options()).run_id == 2
    assert verify(catalog).findings == []


# ------------------------------------------------------------------ turns

OLD_KEYS = [0x61736E72756C6573 + number for number in range(3)]
MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE",
    "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE",
)  # fmt: skip
GRABS = (
    *(f"SELECT pg_advisory_lock({key})" for key in OLD_KEYS),
    *(f"SELECT pg_advisory_lock_shared({key})" for key in OLD_KEYS),
    *(
        f"LOCK TABLE {table} IN {mode} MODE"
        for table in ("runs", "pools", "rulesets", "decisions", "asn_types", "alembic_version")
        for mode in MODES
    ),
    *(f"SELECT 1 FROM {table} FOR {kind}" for table in ("runs", "rulesets")
      for kind in ("UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE")),
    "SELECT asnrules_take_ledger()",
    "INSERT INTO runs SELECT * FROM runs WHERE false",
    *(
        f"PREPARE grab_{number} AS {statement}"
        for number, statement in enumerate(
            (
                "INSERT INTO runs SELECT * FROM runs",
                "DELETE FROM runs",
                "UPDATE rulesets SET label = label",
                "DELETE FROM decisions",
                "SELECT 1 FROM runs FOR UPDATE",
            )
        )
    ),
    "ANALYZE runs",
    "CREATE STATISTICS mine ON run_id, digest FROM runs",
    "CREATE INDEX mine ON runs (run_id)",
    "CREATE RULE mine AS ON INSERT TO runs DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON runs EXECUTE FUNCTION asnrules_refuse()",
    "ALTER TABLE runs ADD COLUMN mine text",
    "DROP TABLE runs",
    "COMMENT ON TABLE runs IS 'mine'",
    "CREATE TEMPORARY TABLE mine (x integer); CREATE TRIGGER mine BEFORE INSERT ON mine "
    "FOR EACH STATEMENT EXECUTE FUNCTION asnrules_take_turn(); INSERT INTO mine VALUES (1)",
)  # fmt: skip


NOT_GRANTED = "permission denied|must be owner|lock timeout"


def grabbed(connection: Connection, statements: tuple[str, ...] = GRABS) -> list[str]:
    """Try them all; give those that are granted, and hold what they have got."""
    granted = []
    connection.exec_driver_sql("SET lock_timeout = '100ms'")
    for statement in statements:
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(statement)
            granted.append(statement)
        except DBAPIError as error:
            assert re.search(NOT_GRANTED, str(error)), statement  # noqa: PT017
    return granted


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("may_make_tables", [False, True])
def test_a_reader_stops_nobody(
    postgresql_server: Any,
    server_url: str,
    connect_as: ConnectAs,
    pool: str,
    may_make_tables: bool,
) -> None:
    if may_make_tables:
        database = make_url(server_url).database
        postgresql_server.execute(f"GRANT TEMPORARY ON DATABASE {database} TO PUBLIC")
    recorder = connect_as(server_url, "recorder")
    with connect_as(server_url, "reader").connect() as idle:
        granted = grabbed(idle)
        assert len([one for one in granted if "advisory" in one]) == 6
        assert all(re.search("advisory|IN ACCESS SHARE|PREPARE|ANALYZE", one) for one in granted)
        assert [generate(recorder, [pool], Options()).run_id for _ in range(2)] == [1, 2]
        take_rulesets(connect_as(server_url, "curator"))
    assert verify(recorder).findings == []


def take_rulesets(engine: Engine) -> None:
    with transaction(engine, writing=True) as connection:
        locks.take_rulesets(connection)


@pytest.fixture
def server_url(postgresql_server: Any, templates: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    ship_only(monkeypatch, *SEEDS)
    url = postgresql_server.create(templates.get("postgresql", "few", seed_few, empty=True))
    yield url
    postgresql_server.drop(url)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT asnrules_take_ledger()",
        "INSERT INTO decisions SELECT * FROM decisions WHERE false",
    ],
)
def test_who_has_the_turn_is_named_and_can_be_ended(
    postgresql_server: Any, server_url: str, connect_as: ConnectAs, pool: str, statement: str
) -> None:
    blocker, recorder = (connect_as(server_url, "recorder") for _ in range(2))
    assert blocker.url.username != recorder.url.username
    idle = blocker.connect()
    idle.exec_driver_sql("SET application_name = 'a \x1b[31m name'")
    pid = idle.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    idle.exec_driver_sql(statement)
    reader = connect_as(server_url, "reader").connect()
    grabbed(reader)
    with pytest.raises(DatabaseError) as caught:
        generate(recorder, [pool], Options())
    said = str(caught.value)
    assert caught.value.exit_code == 4
    assert "another process has been writing for 0.3 s" in said
    assert f"process {pid} of {blocker.url.username} (a " in said
    assert said.isprintable()
    mend = f"SELECT pg_terminate_backend({pid})"
    assert said.endswith(mend)
    postgresql_server.execute(mend)
    assert generate(recorder, [pool], Options()).run_id == 1
    reader.close()
    idle.invalidate()
    idle.close()


@pytest.mark.usefixtures("impatient")
def test_a_curator_who_holds_a_ruleset_is_named(
    server_url: str, connect_as: ConnectAs, pool: str
) -> None:
    curator, recorder = connect_as(server_url, "curator"), connect_as(server_url, "recorder")
    with curator.connect() as idle:
        pid = idle.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        idle.exec_driver_sql("SELECT 1 FROM rulesets FOR UPDATE")
        with pytest.raises(DatabaseError, match=rf"process {pid} of {curator.url.username}"):
            generate(recorder, [pool], Options())
    assert generate(recorder, [pool], Options()).run_id == 1


@pytest.mark.usefixtures("impatient")
def test_who_holds_the_rulesets_is_named(server_url: str, connect_as: ConnectAs) -> None:
    first, second = (connect_as(server_url, "curator") for _ in range(2))
    with first.connect() as idle:
        pid = idle.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        locks.take_rulesets(idle)
        with pytest.raises(DatabaseError, match=rf"process {pid} of {first.url.username}"):
            take_rulesets(second)
    take_rulesets(second)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("table", ["conditions", "rulesets", "ruleset_settings"])
def test_who_lets_nobody_read_is_named(
    server_url: str, connect_as: ConnectAs, pool: str, table: str
) -> None:
    curator, recorder = connect_as(server_url, "curator"), connect_as(server_url, "recorder")
    with curator.connect() as idle:
        pid = idle.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        idle.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        for use in (lambda: generate(recorder, [pool], Options()), lambda: verify(recorder)):
            with pytest.raises(DatabaseError, match=rf"process {pid} of {curator.url.username}"):
                use()
    assert generate(recorder, [pool], Options()).run_id == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "statement",
    [f"SELECT pg_advisory_lock({OLD_KEYS[0]})", "LOCK TABLE rulesets IN ACCESS SHARE MODE"],
)
def test_who_holds_up_an_upgrade_is_named(
    server_url: str, connect_as: ConnectAs, statement: str
) -> None:
    engine = connect_catalog(server_url)
    with transaction(engine, writing=True) as connection:
        migrations.downgrade(connection, "0002")
    reader = connect_as(server_url, "reader")
    with engine.begin() as connection:
        connection.exec_driver_sql("GRANT SELECT ON rulesets TO asnrules_reader")
    with reader.connect() as idle:
        pid = idle.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        idle.exec_driver_sql(statement)
        with pytest.raises(DatabaseError, match=rf"process {pid} of {reader.url.username}"):
            upgrade_catalog(engine)
    upgrade_catalog(engine)


@pytest.mark.usefixtures("impatient")
def test_who_writes_an_sqlite_file_is_looked_for(tmp_path: Path, templates: Any, pool: str) -> None:
    import shutil

    path = tmp_path / "my catalog.db"
    shutil.copyfile(templates.get("sqlite", "few", seed_few, empty=True), path)
    with transaction(connect_catalog(str(path)), writing=True):
        with pytest.raises(DatabaseError) as caught:
            generate(connect_catalog(str(path)), [pool], Options())
        said = str(caught.value)
    assert "another process has been writing for 0.3 s; try again" in said
    assert f"fuser '{path}'" in said


# ------------------------------------------------------------------ nothing joins a run


def late(connection: Connection) -> None:
    """Add a row to the next run."""
    connection.exec_driver_sql(
        "INSERT INTO associations VALUES (1, 999, 'late', 'image2', '', '', '', '', '', '', '')"
    )


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_row_with_an_old_snapshot_does_not_join_a_run(
    server_url: str, connect_as: ConnectAs, pool: str, level: str
) -> None:
    recorder = connect_as(server_url, "recorder")
    with connect_as(server_url, "recorder").connect() as old:
        old.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL {level}")
        assert old.exec_driver_sql("SELECT count(*) FROM runs").scalar() == 0
        assert generate(recorder, [pool], Options()).run_id == 1
        with pytest.raises(DBAPIError, match="READ COMMITTED"):
            late(old)
    assert verify(recorder).findings == []


@pytest.mark.usefixtures("impatient")
def test_a_row_of_an_open_transaction_does_not_join_a_run(
    server_url: str, connect_as: ConnectAs, pool: str
) -> None:
    recorder = connect_as(server_url, "recorder")
    with connect_as(server_url, "recorder").connect() as open_:
        late(open_)
        with pytest.raises(DatabaseError, match="another process"):
            generate(recorder, [pool], Options())
        with pytest.raises(DBAPIError, match="foreign key"):
            open_.commit()
    assert generate(recorder, [pool], Options()).run_id == 1
    assert verify(recorder).findings == []


def test_the_level_of_the_server_does_not_matter(
    postgresql_server: Any, server_url: str, connect_as: ConnectAs, pool: str
) -> None:
    database = make_url(server_url).database
    postgresql_server.execute(
        f"ALTER DATABASE {database} SET default_transaction_isolation = 'serializable'"
    )
    assert generate(connect_as(server_url, "recorder"), [pool], Options()).run_id == 1
