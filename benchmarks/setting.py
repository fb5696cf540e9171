"""What all sections share: sizes, places, databases, and one measurement of the stages."""

from __future__ import annotations

import json
import math
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.databases import ASNRULES, Databases
from benchmarks.pools import write_pool
from benchmarks.processes import Cost, measured, median

Result = dict[str, Any]
SHORT = 10_000


@dataclass(frozen=True, slots=True)
class Setting:
    """What a section is run with.

    Attributes
    ----------
    folder : Path
        For pools, databases and output.
    databases : list of Databases
        SQLite first.
    quick, long : bool
        Whether small sizes only are wanted, or the largest as well.
    repeats : int
        How often what is short is measured.
    oracle_python : str or None
        A Python that has jwst.
    pools : Path or None
        A folder of pools to compare on, instead of made-up ones.
    rows : sequence of int
        Sizes of pools that were asked for, for sections that take them.
    before : Path or None
        Another checkout, to compare with.
    """

    folder: Path
    databases: list[Databases]
    quick: bool = False
    long: bool = False
    repeats: int = 3
    oracle_python: str | None = None
    pools: Path | None = None
    rows: Sequence[int] = ()
    before: Path | None = None

    def pool(self, mode: str, rows: int) -> Path:
        """Give a made-up pool."""
        path = self.folder / f"{mode}_{rows}.csv"
        return path if path.exists() else write_pool(path, mode, rows)

    def stages(
        self, pool: Path, databases: Databases, *, keep: bool = True, limit: float = 3600
    ) -> Result:
        """Measure the stages of a run, several times if it is short; give medians.

        Parameters
        ----------
        pool : Path
            The pool.
        databases : Databases
            Where to record.
        keep : bool
            Whether to write files and record.
        limit : float
            Seconds after which it is stopped.
        """
        runs = [self._stages(pool, databases, keep=keep, limit=limit)]
        while len(runs) < self.repeats and runs[0]["rows"] <= SHORT and runs[0]["total"] < 10:
            runs.append(self._stages(pool, databases, keep=keep, limit=limit))
        middle = {
            name: statistics.median(run[name] for run in runs)
            for name in ("total", "wall", "cpu", "peak")
        }
        seconds = {
            stage: statistics.median(run["seconds"][stage] for run in runs)
            for stage in runs[0]["seconds"]
        }
        return {**runs[0], **middle, "seconds": seconds, "repeats": len(runs)}

    def command(self, pool: Path, databases: Databases, rows: int) -> Result:
        """Measure the whole command, that records and writes no files, on all processors.

        Parameters
        ----------
        pool : Path
            The pool.
        databases : Databases
            Where to record.
        rows : int
            Exposures of the pool; medians are given of few.
        """

        def once() -> Cost:
            database = databases.new()
            options = ["--database", database, "generate", str(pool), "--no-files"]
            try:
                return measured([*ASNRULES, *options])
            finally:
                databases.drop(database)

        cost = median(once, self.repeats if rows <= SHORT else 1)
        return {"wall": cost.wall, "cpu": cost.cpu, "peak": cost.peak}

    def _stages(self, pool: Path, databases: Databases, *, keep: bool, limit: float) -> Result:
        database, output = databases.new(), self.folder / "output"
        command = [sys.executable, "-m", "benchmarks.stages", str(pool), database]
        # What is not kept is a stress test, which must not take the machine with it.
        command += ["--output", str(output), "--record"] if keep else ["--memory", "6"]
        try:
            cost = measured(command, limit)
        finally:
            databases.drop(database)
            shutil.rmtree(output, ignore_errors=True)
        return {**json.loads(cost.out), "wall": cost.wall, "cpu": cost.cpu, "peak": cost.peak}


def exponent(rows: Sequence[int], seconds: Sequence[float]) -> float | None:
    """Give the slope of log time over log rows; None without two sizes."""
    points = [
        (math.log(count), math.log(time))
        for count, time in zip(rows, seconds, strict=True)
        if time > 0
    ]
    if len({x for x, _ in points}) < 2:
        return None
    return statistics.linear_regression(*zip(*points, strict=True)).slope
