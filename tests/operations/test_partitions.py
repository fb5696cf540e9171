"""tools/partition.sql on a real server: what holds, what is found, and what comes back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from asnrules.catalog.open import check_catalog, connect_catalog, upgrade_catalog
from asnrules.database import locks, migrations
from asnrules.database.engines import transaction
from asnrules.record.export import write_export
from asnrules.record.verify import verify
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from operations.conftest import ROOT, ask, divide
from record.tampering import with_few_rulesets

TABLES = (
    "run_pools", "decisions", "associations", "association_members", "imported_associations",
)  # fmt: skip
VIEWS = ("v_decisions", "v_associations", "v_association_members", "v_imported_associations")
OLD_RUNS = {1, 2, 3, 4, 5}
REFUSAL = "a recorded run cannot be changed"


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, bkgdtarg="t"))


def rows(engine: Engine, name: str) -> list[str]:
    with engine.connect() as connection:
        return sorted(str(row) for row in connection.execute(text(f"SELECT * FROM {name}")))


def test_the_ledger_is_what_it_was(postgresql_server: Any, postgresql_ledger: str) -> None:
    engine = connect_catalog(postgresql_ledger)
    was = verify(engine)
    before = {name: rows(engine, name) for name in (*TABLES, *VIEWS)}
    assert (was.runs, was.findings) == (5, [])
    assert all(before.values())
    divide(postgresql_server, postgresql_ledger)
    assert {name: rows(engine, name) for name in (*TABLES, *VIEWS)} == before
    assert verify(engine) == was
    assert check_catalog(engine) == []


def test_runs_go_where_they_belong(parts_url: str, pool: str) -> None:
    engine = connect_catalog(parts_url)
    assert generate(engine, [pool], Options()).run_id == 7
    assert ask(engine, "SELECT asnrules_parts.cut()") == 8
    assert generate(engine, [pool], Options()).run_id == 8
    for table in TABLES:
        statement = (
            "SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid) FROM pg_inherits "
            f"WHERE inhparent = '{table}'::regclass"
        )
        names = [f"asnrules_parts.{table}_{start}" for start in (1, 6, 8)]
        assert ask(engine, statement) == " ".join(names)
    for start, runs in ((1, "1 2 3"), (6, "6 7"), (8, "8")):
        of_part = f"SELECT DISTINCT run_id FROM asnrules_parts.decisions_{start}"
        found = ask(
            engine, f"SELECT string_agg(run_id::text, ' ') FROM ({of_part} ORDER BY 1) AS r"
        )
        assert found == runs
    assert verify(engine).findings == []
    assert check_catalog(engine) == []


def test_an_upgrade_gets_through(parts_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_few_rulesets(monkeypatch)
    engine = connect_catalog(parts_url)
    with transaction(engine, writing=True) as connection:
        migrations.downgrade(connection, "0003")
    before, after = upgrade_catalog(engine)
    assert (before, after) == ("0003", migrations.HEAD)
    with transaction(engine) as connection:
        assert migrations.schema_differences(connection) == []
    assert check_catalog(engine) == []
    assert verify(engine).findings == []


LATE = {
    "run_pools": "SELECT {run}, 99, 1, 'late'",
    "decisions": "SELECT {run}, pool_id, position, 1, 0, NULL FROM exposures AS e WHERE NOT EXISTS "
    "(SELECT 1 FROM decisions WHERE run_id = {run} AND pool_id = e.pool_id) LIMIT 1",
    "associations": "SELECT run_id, 99, 'late', asn_type, asn_rule, asn_id, candidate_type, "
    "program, target, degraded_status, keys FROM associations WHERE run_id = {run} LIMIT 1",
    "association_members": "SELECT run_id, association, 99, product, expname, exptype, exposerr, "
    "pool_id, exposure FROM association_members WHERE run_id = {run} LIMIT 1",
    "imported_associations": "SELECT {run}, 1, '', '', '', NULL, NULL, NULL, 'explained', ''",
}
"""A row that would join a run, valid but for that."""


@pytest.mark.parametrize("table", TABLES)
def test_guards_hold_in_partitions(kept_parts: Engine, table: str) -> None:
    part = f"asnrules_parts.{table}"
    with kept_parts.connect() as connection:
        for name, run in ((table, 1), (table, 6), (f"{part}_1", 1), (f"{part}_6", 6)):
            _is_refused(connection, f"INSERT INTO {name} {LATE[table].format(run=run)}")
            _is_refused(connection, f"TRUNCATE {name} CASCADE")
            if run == 1 or table != "imported_associations":
                _is_refused(connection, f"UPDATE {name} SET run_id = run_id")
                _is_refused(connection, f"DELETE FROM {name}")


def _is_refused(connection: Connection, statement: str) -> None:
    with pytest.raises(DBAPIError, match=REFUSAL), connection.begin_nested():
        connection.exec_driver_sql(statement)


def test_roles_keep_their_rights(kept_parts: Engine) -> None:
    def may(role: str, name: str, right: str) -> bool:
        statement = f"SELECT has_table_privilege('asnrules_{role}', '{name}', '{right}')"
        return bool(ask(kept_parts, statement))

    for name in (*TABLES, *VIEWS):
        assert all(may(role, name, "SELECT") for role in ("reader", "recorder", "curator"))
        assert not any(may(role, name, "DELETE") for role in ("reader", "recorder", "curator"))
    for table in TABLES:
        assert may("recorder", table, "INSERT")
        assert not may("curator", table, "INSERT")
        assert not may("recorder", f"asnrules_parts.{table}_6", "INSERT")


def test_functions_look_at_the_catalog_only(kept_parts: Engine) -> None:
    paths = (
        "SELECT string_agg(DISTINCT coalesce(array_to_string(proconfig, ' '), proname), ';') "
        "FROM pg_proc WHERE pronamespace = 'asnrules_parts'::regnamespace"
    )
    assert ask(kept_parts, paths) == "search_path=public, pg_temp"


def test_nobody_records_meanwhile(kept_parts: Engine) -> None:
    with transaction(kept_parts, writing=True) as recording, kept_parts.connect() as connection:
        locks.take_ledger(recording)
        connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            connection.execute(text("SELECT asnrules_parts.cut()"))


def test_new_runs_always_have_a_place(parts_url: str) -> None:
    engine = connect_catalog(parts_url)
    with pytest.raises(DBAPIError, match="takes new runs; cut it first"):
        ask(engine, "SELECT asnrules_parts.detach(6)")
    assert ask(engine, "SELECT asnrules_parts.cut()") == 7
    with pytest.raises(DBAPIError, match="there is no run in the partition from run 7"):
        ask(engine, "SELECT asnrules_parts.cut()")


def _lost(engine: Engine) -> set[tuple[int | None, str | None]]:
    findings = verify(engine).findings
    assert all(re.fullmatch(r"0 rows where \d+ were recorded", one.finding) for one in findings)
    return {(one.run_id, one.table) for one in findings}


def test_a_partition_leaves_and_comes_back(
    postgresql_server: Any, parts_url: str, pool: str, tmp_path: Path
) -> None:
    engine, archive, exported = connect_catalog(parts_url), tmp_path / "old", tmp_path / "old.jsonl"
    parts = [(table, f"asnrules_parts.{table}_1") for table in TABLES]
    held = {
        (int(run), table)
        for table, part in parts
        for run in str(ask(engine, f"SELECT string_agg(run_id::text, ' ') FROM {part}")).split()
    }
    assert {run for run, _ in held} == OLD_RUNS
    last = write_export(engine, exported, [])
    ask(engine, "SELECT asnrules_parts.detach(1)")
    assert _lost(engine) == held
    assert check_catalog(engine) == []

    tables = [f"--table={part}" for _, part in parts]
    postgresql_server.run("pg_dump", parts_url, "--format=custom", f"--file={archive}", *tables)
    for _, part in parts:
        ask(engine, f"DROP TABLE {part}")
    assert generate(engine, [pool], Options()).run_id == 7
    assert _lost(engine) == held

    # The digest of then is still in the chain, and the export proves what it stands for.
    assert verify(engine, last.digest).known == 6
    verifier = [sys.executable, str(ROOT / "tools" / "verify_ledger.py"), str(exported)]
    done = subprocess.run([*verifier, last.digest], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(exported.read_text().splitlines()[-1]) == {"runs": 6, "head": last.digest}

    postgresql_server.run("pg_restore", parts_url, "--exit-on-error", str(archive))
    ask(engine, "SELECT asnrules_parts.attach(1, 6)")
    found = verify(engine, last.digest)
    assert (found.findings, found.known, found.runs) == ([], 6, 7)
    with engine.connect() as connection:
        _is_refused(connection, "DELETE FROM decisions WHERE run_id = 1")
        _is_refused(connection, f"INSERT INTO decisions {LATE['decisions'].format(run=1)}")


@pytest.fixture
def cheap_disk(postgresql_server: Any, partitioned_template: str) -> Iterator[str]:
    options = ["--quiet", "--command", "SET allow_in_place_tablespaces = on"]
    create = "CREATE TABLESPACE cheap LOCATION ''"
    postgresql_server.run("psql", partitioned_template, *options, "--command", create)
    yield "cheap"
    postgresql_server.execute("DROP TABLESPACE cheap")


def test_a_partition_moves_to_another_disk(cheap_disk: str, parts_url: str) -> None:
    engine = connect_catalog(parts_url)
    for table in TABLES:
        ask(engine, f"ALTER TABLE asnrules_parts.{table}_1 SET TABLESPACE {cheap_disk}")
    moved = (
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class JOIN pg_tablespace AS t "
        f"ON t.oid = reltablespace WHERE spcname = '{cheap_disk}' AND relkind = 'r'"
    )
    assert ask(engine, moved) == " ".join(sorted(f"{table}_1" for table in TABLES))
    assert verify(engine).findings == []


@pytest.mark.parametrize("table", ["association_members", "asnrules_parts.association_members_6"])
def test_a_member_of_no_association_is_refused(kept_parts: Engine, table: str) -> None:
    with kept_parts.connect() as connection, pytest.raises(IntegrityError, match="run_id_associ"):
        connection.exec_driver_sql(
            f"INSERT INTO {table} VALUES (7, 1, 1, '', '', '', NULL, NULL, NULL)"
        )
