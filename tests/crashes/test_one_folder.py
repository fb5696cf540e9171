"""Two and three writers in one folder, killed at random moments: nothing acknowledged is lost.

Two rounds by default; see `test_cut_off`.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from asnrules.associations.writer import written_files
from asnrules.record.verify import verify
from asnrules.record.write import RunRecorder
from cli.small_pools import nrc_image, write_pool
from crashes.conftest import OF_A_SERIES, SERIES
from crashes.nursery import KILLED, Ended, Nursery

EXPOSURES = 12
SLOWEST = 1.1
"""Moments are drawn up to this many times the seconds that a writer takes."""
ROUNDS_REMEMBERED = 8
"""How long a writer takes goes by about so many rounds, as the machine's speed changes."""

UNDISTURBED = 600.0

POOLS = {"one": "1", "two": "1", "other": "2"}
"""Pools and their programs: the files of the first two have the same names, and differ."""


class Folder:
    """A folder that several write into, round by round."""

    def __init__(self, nursery: Nursery, database: str, engine: Engine, folder: Path) -> None:
        self._nursery = nursery
        self._database = database
        self._engine = engine
        self._output = folder / "out"
        for name, program in POOLS.items():
            rows = [
                nrc_image(at, program=program, filename=f"jw{program}_{at:05}_nrca1_uncal.fits")
                for at in range(EXPOSURES)
            ]
            write_pool(folder / f"{name}.csv", *rows)
        self._pools = folder
        self._cleared_at = 0
        self._written_unrecorded = False
        self.acknowledged: set[int] = set()
        self.taken_back = 0
        self.typical = 0.0
        self.typical = max(self.run(["one", "two", "other"]) for _ in range(2))

    def command(self, name: str, *options: str) -> tuple[str, ...]:
        pool = str(self._pools / f"{name}.csv")
        command = ("generate", pool, "--output", str(self._output), "--format", "json")
        return ("--database", self._database, *command, *options)

    def run(self, names: list[str]) -> float:
        """Let writers write undisturbed; give how long they took."""
        return max(one.seconds for one in self.cut([self.command(n, "--overwrite") for n in names]))

    def cut(self, commands: list[tuple[str, ...]], *moments: float) -> list[Ended]:
        """Let writers write, each of which may be killed."""
        ended = self._nursery.run_all(commands, kill_at=moments)
        for command, one in zip(commands, ended, strict=True):
            # Who may not overwrite is told of the files of another pool.
            is_told = one.code == 2 and "differs" in one.err and "--overwrite" not in command
            assert is_told or one.code in {0, KILLED}, one.err
            self._written_unrecorded |= one.code == 0 and "--no-record" in command
            self.acknowledged |= one.run_ids
        slowest = max((one.seconds for one in ended if one.code != KILLED), default=self.typical)
        self.typical += (slowest - self.typical) / ROUNDS_REMEMBERED
        return ended

    def clear(self) -> None:
        shutil.rmtree(self._output, ignore_errors=True)
        self._cleared_at = max(self._runs(), default=0)
        self._written_unrecorded = False

    def check(self) -> None:
        """Settle the folder as the next run does, and see whether it holds what it has to."""
        recorder = RunRecorder(self._engine)
        with written_files(self._output, [], "", is_recorded=recorder.has) as settled:
            assert settled.left_alone == []
        self.taken_back += settled.taken_back > 0
        found: dict[str, list[str]] = {}
        for path in self._output.iterdir():
            assert path.name.endswith("_asn.json"), path.name
            document = json.loads(path.read_bytes())
            found.setdefault(document["program"], []).append(document["asn_pool"])
        runs = self._runs()
        assert self.acknowledged <= runs.keys()
        since = [pool for run_id, pool in sorted(runs.items()) if run_id > self._cleared_at]
        shared = [pool for pool in since if pool in {"one.csv", "two.csv"}]
        # The folder is locked until a run is on record, so the last on record wrote last.
        assert found.get("00001", []) == shared[-1:] * EXPOSURES
        others = found.get("00002", [])
        assert others in ([], ["other.csv"] * EXPOSURES)
        assert others or not ("other.csv" in since or self._written_unrecorded)

    def _runs(self) -> dict[int, str]:
        with self._engine.connect() as connection:
            found = connection.execute(text("SELECT run_id, name FROM run_pools"))
            return {row.run_id: row.name for row in found}


@pytest.mark.parametrize(
    ("number", "rounds"), SERIES, ids=[f"series{number}" for number, _ in SERIES]
)
def test_writers_in_one_folder_are_killed(
    nursery: Nursery,
    database_url: str,
    engine: Engine,
    tmp_path: Path,
    counts_of: Callable[[str], Counter[str]],
    number: int,
    rounds: int,
) -> None:
    if engine.dialect.name == "postgresql":
        assert nursery.run("--database", database_url, "db", "upgrade").code == 0
    folder = Folder(nursery, database_url, engine, tmp_path)
    draw = random.Random(f"one folder {number}")
    counts: Counter[str] = Counter()
    for _ in range(rounds):
        if draw.random() < 0.4:
            folder.clear()
        commands = [
            folder.command(
                draw.choice(["one", "one", "two", "other"]),
                *(["--overwrite"] if draw.random() < 0.5 else []),
            )
            for _ in range(draw.choice([2, 3]))
        ]
        if draw.random() < 0.2:
            commands.append(folder.command("other", "--no-record"))
        # Some get through, mostly while others are cut off at their files or their record.
        moments = [
            draw.uniform(0.3, SLOWEST) * folder.typical if draw.random() < 0.6 else UNDISTURBED
            for _ in commands
        ]
        ended = folder.cut(commands, *moments)
        counts.update({0: "finished", KILLED: "killed", 2: "refused"}[one.code] for one in ended)
        counts["rounds"] += 1
        folder.check()
    counts["rounds with files taken back"] = folder.taken_back
    assert verify(engine).findings == []
    if counts["rounds"] >= OF_A_SERIES:
        # Of few rounds, on a machine that is faster or slower by then, none need be killed.
        assert counts["killed"] > counts["rounds"] / 4
    counts_of(f"writers in one folder on {engine.dialect.name}, kill -9").update(counts)
