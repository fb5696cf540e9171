"""Opening the catalog: made, migrated and seeded once, whoever comes first."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from asnrules.catalog import open as opening
from asnrules.catalog.open import check_catalog, connect_catalog, open_catalog, upgrade_catalog
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.errors import DatabaseError
from seeds import ship_only

FOLDERS = opening._seed_folders()
LABELS = ["2021-03-19", "2021-06-15", "jwst-1.2.0", "jwst-1.2.1"]
"""Some of each kind, and rules made of others."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ship few rulesets, as all of them take a while."""
    ship_only(monkeypatch, *LABELS)


@pytest.fixture
def catalog_template(few: None, engine_name: str, templates: Any) -> str:
    found: str = templates.get(engine_name, "opening", upgrade_catalog, empty=True)
    return found


def rulesets(engine: Engine) -> list[tuple[object, ...]]:
    with transaction(engine) as connection:
        rows = connection.execute(text("SELECT * FROM rulesets ORDER BY label")).mappings().all()
    # The checksum of rules depends on the tables that there are.
    return [tuple(value for name, value in row.items() if name != "checksum") for row in rows]


def labels(engine: Engine) -> list[str]:
    with transaction(engine) as connection:
        return list(connection.execute(text("SELECT label FROM rulesets ORDER BY label")).scalars())


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def downgrade(engine: Engine, revision: str) -> None:
    with transaction(engine, writing=True) as connection:
        migrations.downgrade(connection, revision)


def assert_good(engine: Engine, expected: list[str] = LABELS) -> None:
    assert check_catalog(engine) == []
    assert labels(engine) == expected


# ------------------------------------------------------------------------- first use


def test_first_use_makes_migrates_and_seeds_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(opening, "_seed_folders", lambda: FOLDERS)
    path = tmp_path / "new folder" / "rules.db"
    engine = open_catalog(str(path))
    assert path.is_file()
    assert len(FOLDERS) > 30
    assert_good(engine, sorted(FOLDERS))
    with transaction(engine) as connection:
        statuses = connection.execute(text("SELECT DISTINCT status FROM rulesets")).scalars().all()
    assert statuses == ["published"]


def test_default_file_is_made_in_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert_good(open_catalog())
    assert (tmp_path / "asnrules" / "asnrules.db").is_file()


def test_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "rules.db").touch()
    assert_good(open_catalog(str(tmp_path / "rules.db")))


def test_upgrade_tells_the_revisions_before_and_after(database_url: str) -> None:
    engine = connect_catalog(database_url)
    assert upgrade_catalog(engine) == (None, migrations.HEAD)
    assert upgrade_catalog(engine) == (migrations.HEAD, migrations.HEAD)
    assert_good(engine)


def test_opening_again_changes_nothing(catalog: Engine, database_url: str) -> None:
    before = rulesets(catalog)
    again = open_catalog(database_url)
    upgrade_catalog(again)
    assert rulesets(again) == before


def test_ready_file_is_only_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    open_catalog(str(path))
    before = path.read_bytes()
    open_catalog(str(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_upgrade_keeps_a_draft_with_the_label_of_no_seed(catalog: Engine) -> None:
    execute(
        catalog,
        "INSERT INTO rulesets (label, kind, status, title, source, effective_from, checksum) "
        "VALUES ('mine', 'table', 'draft', '', '', '2030-01-01', '')",
    )
    upgrade_catalog(catalog)
    assert labels(catalog) == [*LABELS, "mine"]


# ------------------------------------------------------------------------- two at once

WORKER = """
import sys
from asnrules.catalog import open as opening
from asnrules.catalog.open import connect_catalog, open_catalog, upgrade_catalog
few = {label: folder for label, folder in opening._seed_folders().items() if label in sys.argv}
opening._seed_folders = lambda: few
print("ready", flush=True)
for line in sys.stdin:
    command, database = line.split()
    try:
        if command == "open":
            open_catalog(database)
        else:
            upgrade_catalog(connect_catalog(database))
    except BaseException as error:
        print(type(error).__name__, " ".join(str(error).split()), flush=True)
    else:
        print("done", flush=True)
"""


class Worker:
    """A process that opens databases when it is told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER, *LABELS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def tell(self, command: str, database: str) -> None:
        assert self._process.stdin is not None
        print(command, database, file=self._process.stdin, flush=True)

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.communicate(timeout=120)


@pytest.fixture(scope="module")
def workers() -> Iterator[list[Worker]]:
    workers = [Worker(), Worker()]
    assert [worker.answer() for worker in workers] == ["ready", "ready"]
    yield workers
    for worker in workers:
        worker.end()


def at_once(workers: list[Worker], command: str, database: str) -> list[str]:
    for worker in workers:
        worker.tell(command, database)
    return [worker.answer() for worker in workers]


@pytest.mark.parametrize("attempt", range(4))
def test_two_processes_may_open_a_new_file_at_once(
    workers: list[Worker], tmp_path: Path, attempt: int
) -> None:
    database = str(tmp_path / f"rules{attempt}.db")
    assert at_once(workers, "open", database) == ["done", "done"]
    assert_good(connect_catalog(database))


@pytest.mark.parametrize("attempt", range(3))
def test_two_processes_may_upgrade_a_new_database_at_once(
    workers: list[Worker], database_url: str, attempt: int
) -> None:
    assert at_once(workers, "upgrade", database_url) == ["done", "done"], attempt
    assert_good(connect_catalog(database_url))


@pytest.mark.parametrize("attempt", range(2))
def test_two_processes_may_seed_a_migrated_database_at_once(
    workers: list[Worker], database_url: str, attempt: int
) -> None:
    engine = connect_catalog(database_url)
    with transaction(engine, writing=True) as connection:
        migrations.upgrade(connection)
    assert at_once(workers, "upgrade", database_url) == ["done", "done"], attempt
    assert_good(engine)


# ------------------------------------------------------------------------- older and newer


@pytest.mark.parametrize("revision", ["0003", "0001", "base"])
def test_older_file_is_brought_up_when_opened(tmp_path: Path, revision: str) -> None:
    database = str(tmp_path / "rules.db")
    engine = open_catalog(database)
    before = rulesets(engine)
    downgrade(engine, revision)
    again = open_catalog(database)
    assert_good(again)
    if revision != "base":
        assert rulesets(again) == before


def test_empty_server_database_is_left_to_db_upgrade(postgresql_url: str) -> None:
    with pytest.raises(DatabaseError, match="no catalog yet; run asnrules db upgrade") as caught:
        open_catalog(postgresql_url)
    assert caught.value.exit_code == 4
    assert inspect(connect_catalog(postgresql_url)).get_table_names() == []


def test_older_server_database_is_left_to_db_upgrade(postgresql_url: str) -> None:
    engine = connect_catalog(postgresql_url)
    upgrade_catalog(engine)
    downgrade(engine, "0002")
    with pytest.raises(DatabaseError, match="its schema is 0002; run asnrules db upgrade"):
        open_catalog(postgresql_url)
    with transaction(engine) as connection:
        assert migrations.current_revision(connection) == "0002"
    upgrade_catalog(engine)
    assert_good(open_catalog(postgresql_url))


def test_server_database_without_the_seeds_is_left_to_db_upgrade(postgresql_url: str) -> None:
    engine = connect_catalog(postgresql_url)
    with transaction(engine, writing=True) as connection:
        migrations.upgrade(connection)
    with pytest.raises(DatabaseError, match=r"seed|ruleset") as caught:
        open_catalog(postgresql_url)
    assert "run asnrules db upgrade" in str(caught.value)


@pytest.mark.parametrize(
    "opener",
    [
        lambda url: open_catalog(url, writing=True),
        lambda url: upgrade_catalog(connect_catalog(url)),
    ],
)
def test_newer_database_is_not_written(
    catalog: Engine, database_url: str, opener: Callable[[str], object]
) -> None:
    execute(catalog, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(
        DatabaseError, match=r"its schema, 9999, is newer than this program"
    ) as caught:
        opener(database_url)
    assert caught.value.exit_code == 4
    assert re.fullmatch(r"[^\n]+", str(caught.value))
    with transaction(catalog) as connection:
        assert migrations.current_revision(connection) == "9999"


def test_newer_database_is_read_if_it_can_be(catalog: Engine, database_url: str) -> None:
    execute(catalog, "UPDATE alembic_version SET version_num = '9999'")
    newer = open_catalog(database_url)
    assert rulesets(newer) == rulesets(catalog)
    with pytest.raises(DBAPIError, match=r"(?i)read.?only"), newer.begin() as connection:
        connection.exec_driver_sql("INSERT INTO instruments VALUES ('NEW')")
    execute(catalog, "DROP VIEW v_run_pools", "DROP VIEW v_runs")
    with (
        pytest.raises(DatabaseError, match="v_runs"),
        transaction(open_catalog(database_url)) as connection,
    ):
        connection.exec_driver_sql("SELECT run_id FROM v_runs")


# ------------------------------------------------------------------------- check


def test_check_says_where_an_older_schema_stands(catalog: Engine) -> None:
    downgrade(catalog, "0002")
    assert check_catalog(catalog) == [
        f"its schema is 0002; this program works with {migrations.HEAD}"
    ]


def test_check_says_that_there_is_no_catalog(database_url: str) -> None:
    (finding,) = check_catalog(connect_catalog(database_url))
    assert "no catalog yet" in finding


TAMPERINGS = [
    ("2021-06-15", "exposure_modes", "asn_type = 'spec2'", "position = 37"),
    ("2021-03-19", "errata", "printed = 'image'", "field = 'asn_type'"),
    ("2021-03-19", "rulesets", "source = 'somewhere else'", "1 = 1"),
    ("jwst-1.2.0", "keys", "required = NOT required", "key = 'program'"),
    ("jwst-1.2.1", "condition_terms", "position = position + 50", "position = 2"),
]


@pytest.mark.parametrize(("label", "table", "change", "where"), TAMPERINGS)
def test_check_names_the_ruleset_that_was_tampered_with(
    catalog: Engine, label: str, table: str, change: str, where: str
) -> None:
    sqlite = catalog.dialect.name == "sqlite"
    trigger = f"guard_{table}_update" if sqlite else f"guard_{table} ON {table}"
    key = f"(SELECT ruleset_id FROM rulesets WHERE label = '{label}')"
    execute(
        catalog,
        f"DROP TRIGGER {trigger}",
        f"UPDATE {table} SET {change} WHERE {where} AND ruleset_id = {key}",
    )
    findings = check_catalog(catalog)
    wrong = {"rulesets": "its title, source, dates or files are not those that were published"}.get(
        table, "its rows do not match its checksum"
    )
    assert f"ruleset {label}: {wrong}" in findings
    assert not [line for line in findings for other in LABELS if other != label and other in line]


def test_check_misses_no_removed_row(catalog: Engine) -> None:
    sqlite = catalog.dialect.name == "sqlite"
    execute(
        catalog,
        "DROP TRIGGER " + ("guard_errata_delete" if sqlite else "guard_errata ON errata"),
        "DELETE FROM errata WHERE position = 46 AND ruleset_id = "
        "(SELECT ruleset_id FROM rulesets WHERE label = '2021-03-19')",
    )
    assert "ruleset 2021-03-19: its rows do not match its checksum" in check_catalog(catalog)


def _guards(catalog: Engine) -> list[tuple[str, str]]:
    found = (
        "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger' ORDER BY 2"
        if catalog.dialect.name == "sqlite"
        else "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
        "WHERE NOT tgisinternal ORDER BY 1, 2"
    )
    with catalog.connect() as connection:
        return [(table, name) for table, name in connection.execute(text(found))]


def test_check_finds_each_trigger_that_is_gone(catalog: Engine) -> None:
    sqlite = catalog.dialect.name == "sqlite"
    guards = _guards(catalog)
    assert len(guards) > 60
    execute(
        catalog,
        *(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}") for table, name in guards),
    )
    findings = check_catalog(catalog)
    assert findings == [
        f"table {table}: trigger {name} is gone, replaced or switched off, so its rows may have "
        "been changed"
        for table, name in sorted(guards)
    ]


def test_check_finds_a_trigger_that_is_switched_off(catalog: Engine) -> None:
    if catalog.dialect.name == "sqlite":
        pytest.skip("SQLite has no such switch")
    execute(catalog, "ALTER TABLE decisions DISABLE TRIGGER keep_decisions")
    (finding,) = check_catalog(catalog)
    assert finding.startswith(
        "table decisions: trigger keep_decisions is gone, replaced or switched off"
    )


def test_check_finds_a_table_changed_by_hand(catalog: Engine) -> None:
    execute(catalog, "ALTER TABLE runs ADD COLUMN mood TEXT")
    (finding,) = check_catalog(catalog)
    assert "mood" in finding
