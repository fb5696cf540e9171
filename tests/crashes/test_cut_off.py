"""Cut off at any point: what was acknowledged is there whole, and nothing else in part.

Two rounds of each by default. For more, and to see the counts:
`ASNRULES_CRASH_ROUNDS=1000 uv run pytest tests/crashes -n 0 -s --timeout 0`.
"""

from __future__ import annotations

import os
import random
import stat
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from asnrules.catalog.open import check_catalog, connect_catalog
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.record.verify import verify
from crashes.conftest import OLDER, SERIES, moments, pool_of
from crashes.nursery import KILLED, Ended, Nursery

SLOWEST = 1.2
"""Moments are drawn up to this many times the seconds that an undisturbed command takes."""


CountsOf = Callable[[str], Counter[str]]
series = pytest.mark.parametrize(
    ("number", "rounds"), SERIES, ids=[f"series{number}" for number, _ in SERIES]
)


def how(ended: Ended) -> str:
    return {0: "finished", KILLED: "killed", 4: "refused by the database", 2: "refused"}[ended.code]


def recorded(engine: Engine) -> set[int]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT run_id FROM runs")).scalars())


def assert_whole(engine: Engine, acknowledged: set[int]) -> None:
    assert verify(engine).findings == []
    assert acknowledged <= recorded(engine)


def assert_files(output: Path, exposures: int) -> None:
    names = [path.name for path in output.iterdir()]
    assert len(names) == exposures
    assert all(name.endswith("_asn.json") for name in names)


class Recording:
    """Records a run in each round, from a new pool."""

    EXPOSURES = 60

    def __init__(self, nursery: Nursery, database: str, folder: Path) -> None:
        self._nursery = nursery
        self._folder = folder
        self._number = 0
        self._command: tuple[str, ...] = ()
        self.database = database
        self.acknowledged: set[int] = set()
        self.typical = max(self.anew().seconds for _ in range(2))

    def anew(self, **cut: float | int | str) -> Ended:
        """Record a run that was not recorded before."""
        self._number += 1
        pool = pool_of(self._folder / f"pool{self._number}.csv", self._number, self.EXPOSURES)
        self._command = ("--database", self.database, *self._arguments(pool), "--format", "json")
        return self._run(**cut)

    def again(self) -> None:
        """Give the same command again, undisturbed."""
        ended = self._run()
        assert ended.code == 0, ended.err
        # A busy machine is slower at one time than at another.
        self.typical = ended.seconds
        self._check()

    def _run(self, **cut: float | int | str) -> Ended:
        ended = self._nursery.run(*self._command, **cut)
        self.acknowledged |= ended.run_ids
        return ended

    def _arguments(self, pool: str) -> tuple[str, ...]:
        raise NotImplementedError

    def _check(self) -> None:
        raise NotImplementedError


class Generating(Recording):
    """With association files."""

    def _arguments(self, pool: str) -> tuple[str, ...]:
        self._output = self._folder / f"files{self._number}"
        return ("generate", pool, "--output", str(self._output))

    def _check(self) -> None:
        assert_files(self._output, self.EXPOSURES)


class Importing(Recording):
    """Of association files that were made without a record."""

    def _arguments(self, pool: str) -> tuple[str, ...]:
        made = str(self._folder / f"made{self._number}")
        making = ("generate", pool, "--output", made, "--no-record")
        assert self._nursery.run("--database", self.database, *making).code == 0
        return ("audit", "import", made, "--pool", pool)

    def _check(self) -> None:
        assert len(list(self._folder.glob(f"made{self._number}/*"))) == self.EXPOSURES


KINDS = {"generate": Generating, "audit import": Importing}


@series
@pytest.mark.parametrize("kind", KINDS)
def test_recording_is_killed(
    nursery: Nursery,
    database_url: str,
    engine: Engine,
    tmp_path: Path,
    counts_of: CountsOf,
    kind: str,
    number: int,
    rounds: int,
) -> None:
    work = KINDS[kind](nursery, database_url, tmp_path)
    draw = random.Random(f"killed {number}")
    counts: Counter[str] = Counter()
    for part in moments(rounds, draw, lambda: counts["killed"] > 0):
        ended = work.anew(kill_after=part * SLOWEST * work.typical)
        counts[how(ended)] += 1
        assert_whole(engine, work.acknowledged)
        work.again()
    assert_whole(engine, work.acknowledged)
    counts_of(f"{kind} on {engine.dialect.name}, kill -9").update(counts)
    assert counts["killed"] > rounds / 4


@series
@pytest.mark.parametrize("kind", KINDS)
def test_recording_runs_out_of_disk(
    nursery: Nursery,
    seeded_file: Path,
    tmp_path: Path,
    counts_of: CountsOf,
    kind: str,
    number: int,
    rounds: int,
) -> None:
    """Nothing that it writes may grow beyond a size: database, journal or association file."""
    engine = connect_catalog(str(seeded_file))
    work = KINDS[kind](nursery, str(seeded_file), tmp_path)
    draw = random.Random(f"disk {number}")
    counts: Counter[str] = Counter()
    for part in moments(rounds, draw, lambda: counts.total() > counts["finished"]):
        size = seeded_file.stat().st_size
        ended = work.anew(file_size=draw.choice([int(200_000 * part), size]))
        counts[how(ended)] += 1
        assert ended.code != 0 or ended.run_ids
        assert_whole(engine, work.acknowledged)
        work.again()
    counts_of(f"{kind} on sqlite, disk full").update(counts)
    assert counts.total() > counts["finished"]


@series
@pytest.mark.parametrize("kind", KINDS)
def test_recording_loses_its_connection(
    nursery: Nursery,
    postgresql_url: str,
    tmp_path: Path,
    counts_of: CountsOf,
    kind: str,
    number: int,
    rounds: int,
) -> None:
    engine = connect_catalog(postgresql_url)
    assert nursery.run("--database", postgresql_url, "db", "upgrade").code == 0
    work = KINDS[kind](nursery, postgresql_url, tmp_path)
    draw = random.Random(f"connection {number}")
    counts: Counter[str] = Counter()
    for part in moments(rounds, draw, lambda: counts["refused by the database"] > 0):
        ended = work.anew(lose_after=part * SLOWEST * work.typical, url=postgresql_url)
        counts[how(ended)] += 1
        assert ended.code in {0, 4}
        assert ended.code == 0 or ended.err.count("\n") == 1
        assert_whole(engine, work.acknowledged)
        work.again()
    counts_of(f"{kind} on postgresql, connection lost").update(counts)
    assert counts["refused by the database"] > 0


@series
def test_upgrade_is_killed(
    nursery: Nursery,
    older_database: Callable[[], str],
    engine_name: str,
    counts_of: CountsOf,
    number: int,
    rounds: int,
) -> None:
    draw = random.Random(f"upgrade {number}")
    counts: Counter[str] = Counter()
    typical = nursery.run("--database", older_database(), "db", "upgrade").seconds
    for part in moments(rounds, draw, lambda: counts["killed"] > 0):
        database = older_database()
        engine = connect_catalog(database)
        command = ("--database", database, "db", "upgrade")
        ended = nursery.run(*command, kill_after=part * SLOWEST * typical)
        counts[how(ended)] += 1
        with transaction(engine) as connection:
            revision = migrations.current_revision(connection)
        assert revision == migrations.HEAD or (revision == OLDER and ended.code == KILLED)
        again = nursery.run(*command)
        assert again.code == 0
        if revision != migrations.HEAD:
            typical = again.seconds
        assert check_catalog(engine) == []
        assert_whole(engine, {1, 2, 3})
    counts_of(f"db upgrade on {engine_name}, kill -9").update(counts)
    assert counts["killed"] > rounds / 4


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_file_that_may_only_be_read(nursery: Nursery, seeded_file: Path, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(
            folder.stat().st_mode | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH
        )
    seeded_file.chmod(0o444)
    pool = pool_of(tmp_path / "pool.csv", 1)
    command = ("--database", str(seeded_file), "generate", pool, "--no-files")
    ended = nursery.run(*command, user=65534)
    assert ended.code == 4
    assert "cannot be written" in ended.err
    assert verify(connect_catalog(str(seeded_file))).runs == 0
    assert nursery.run(*command).code == 0
