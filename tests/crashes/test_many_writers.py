"""Sixteen processes at one database: no run is lost, the chain holds, all get their turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from asnrules.catalog.open import check_catalog, connect_catalog
from asnrules.database import engines, locks
from asnrules.database.engines import transaction
from asnrules.database.locks import take_ledger
from asnrules.errors import DatabaseError
from asnrules.record.verify import verify
from crashes.conftest import pool_of
from crashes.nursery import Nursery

WRITERS = 16
TURNS = 2


def recording_command(database: str, pool: str) -> tuple[str, ...]:
    return ("--database", database, "generate", pool, "--no-files", "--format", "json")


def test_runs_of_many_processes_are_all_there(
    nursery: Nursery, database_url: str, engine: Engine, tmp_path: Path
) -> None:
    acknowledged: list[int] = []
    for turn in range(TURNS):
        # Half of the pools are new to the database, half are recorded by two at the same time.
        pools = [
            pool_of(tmp_path / f"pool{turn}-{at}.csv", 1 + turn * WRITERS + at % 12, 20)
            for at in range(WRITERS)
        ]
        ended = nursery.run_all([recording_command(database_url, pool) for pool in pools])
        assert [(one.code, one.err) for one in ended] == [(0, "")] * WRITERS
        acknowledged += [run_id for one in ended for run_id in one.run_ids]
    assert sorted(acknowledged) == list(range(1, WRITERS * TURNS + 1))
    found = verify(engine)
    assert (found.runs, found.findings) == (WRITERS * TURNS, [])
    with engine.connect() as connection:
        pools_of_a_name = connection.execute(text("SELECT count(*) FROM pools")).scalar_one()
    assert pools_of_a_name == 12 * TURNS


def test_old_database_is_upgraded_while_others_want_to_write(
    nursery: Nursery, older_database: Callable[[], str], engine_name: str, tmp_path: Path
) -> None:
    database = older_database()
    upgrade = ("--database", database, "db", "upgrade")
    pools = [pool_of(tmp_path / f"pool{at}.csv", 10 + at, 20) for at in range(WRITERS // 2)]
    commands = [
        command for pool in pools for command in (upgrade, recording_command(database, pool))
    ]
    ended = nursery.run_all(commands)
    codes = Counter(one.code for one in ended)
    assert codes[0] + codes[4] == WRITERS
    assert codes[4] == 0 or engine_name == "postgresql"
    for one in ended:
        # A server's database is left to db upgrade, and that is said.
        assert one.code == 0 or "run asnrules db upgrade" in one.err
    engine = connect_catalog(database)
    assert check_catalog(engine) == []
    found = verify(engine)
    recorded = sum(one.code == 0 for one in ended[1::2])
    assert (found.runs, found.findings) == (3 + recorded, [])


def test_who_waits_too_long_is_told(
    catalog: Engine, monkeypatch: pytest.MonkeyPatch, engine_name: str, database_url: str
) -> None:
    module = engines if engine_name == "sqlite" else locks
    monkeypatch.setattr(module, "BUSY_SECONDS", 1)
    with transaction(connect_catalog(database_url), writing=True) as first:
        take_ledger(first)
        with (
            pytest.raises(DatabaseError, match="another process has been writing for") as caught,
            transaction(connect_catalog(database_url), writing=True) as second,
        ):
            take_ledger(second)
    assert caught.value.exit_code == 4
    assert "try again" in str(caught.value)
    assert verify(catalog).findings == []
