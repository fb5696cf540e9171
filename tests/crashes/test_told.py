"""Whatever ends a command after it has changed something, it says what is on record.

Signals come at every step of a run, and at random moments; outputs cannot be written.
"""

from __future__ import annotations

import random
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from crashes.conftest import OF_A_SERIES, ROUNDS, pool_of
from crashes.nursery import Ended, Nursery
from crashes.test_cut_off import recorded

NOT_BEGUN = {70, -signal.SIGTERM, -signal.SIGHUP}
"""Exit codes of a process that a signal reaches before it is the program's."""

SIGNALS = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "hung up"}
EXPOSURES = 2
STRIDE = 3 if ROUNDS <= OF_A_SERIES else 1
"""A short round takes every third step of a run."""


class Runs:
    """Runs of one pool into one folder, each of which may be ended by something."""

    def __init__(self, nursery: Nursery, database: str, engine: Engine, folder: Path) -> None:
        self._nursery = nursery
        self._engine = engine
        self._output = folder / "out"
        pool = pool_of(folder / "pool.csv", 1, EXPOSURES)
        command = ("generate", pool, "--output", str(self._output), "--overwrite")
        self._command = ("--database", database, *command)
        self._before = recorded(engine)

    def run(self, **how: object) -> Ended:
        """Run it anew in an empty folder; check that what it says is what is on record."""
        for path in self._output.glob("*"):
            path.unlink()
        ended = self._nursery.run(*self._command, **how)
        after = recorded(self._engine)
        new = after - self._before
        self._before = after
        names = [path.name for path in self._output.iterdir()] if self._output.exists() else []
        assert [name for name in names if name.startswith(".")] == []
        assert len(names) == (EXPOSURES if new else 0), ended.err
        said = re.findall(r"run (\d+) is on record", ended.err)
        if ended.code in NOT_BEGUN:
            assert not new
        elif ended.code != 0:
            assert ended.err.count("\n") == 1, ended.err
            assert [int(number) for number in said] == sorted(new)
            assert ("undone" in ended.err) == (not new)
        return ended


@pytest.fixture
def runs(nursery: Nursery, database_url: str, engine: Engine, tmp_path: Path) -> Runs:
    if engine.dialect.name == "postgresql":
        assert nursery.run("--database", database_url, "db", "upgrade").code == 0
    return Runs(nursery, database_url, engine, tmp_path)


def test_a_signal_at_every_step(runs: Runs, counts_of: Callable[[str], Counter[str]]) -> None:
    counts: Counter[str] = Counter()
    for step in range(0, 10_000, STRIDE):
        ended = runs.run(signal=signal.SIGINT, signal_at=step)
        if ended.code == 0:
            break
        assert ended.code == 130
        assert ended.err.startswith("asnrules: interrupted")
        counts["on record" if "on record" in ended.err else "undone"] += 1
    counts_of("generate, SIGINT at each step").update(counts)
    assert min(counts["on record"], counts["undone"]) >= 2


@pytest.mark.parametrize("name", SIGNALS)
def test_signals_at_random_moments(
    runs: Runs, name: str, counts_of: Callable[[str], Counter[str]]
) -> None:
    draw = random.Random(f"told {name}")
    number = signal.Signals[name]
    typical = max(runs.run().seconds for _ in range(2))
    counts: Counter[str] = Counter()
    for _ in range(max(ROUNDS // 10, 3)):
        # Nothing is begun before it is imported, and the system ends it as ever.
        ended = runs.run(signal=number, kill_after=draw.uniform(0.2, 1.0) * typical)
        assert ended.code in {0, 128 + number, *NOT_BEGUN}
        if ended.code == 128 + number:
            assert ended.err.startswith(f"asnrules: {SIGNALS[name]}")
        counts["finished" if ended.code == 0 else "ended"] += 1
    counts_of(f"generate, {name}").update(counts)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_an_output_that_cannot_be_written(runs: Runs) -> None:
    ended = runs.run(stdout="/dev/full")
    assert ended.code == 2
    assert "No space left on device; run 1 is on record" in ended.err
