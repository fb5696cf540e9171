"""Run a process and say what it cost."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MEGABYTE = 1 << 20
FINE = frozenset({0})
_UNIT_OF_RSS = 1 if sys.platform == "darwin" else 1024


class Cost(NamedTuple):
    """What a process cost.

    Attributes
    ----------
    wall, cpu : float
        Seconds; of its children too, in `cpu`.
    peak : float
        Most memory held at a time, in MB.
    out : str
        What it wrote to standard output.
    """

    wall: float
    cpu: float
    peak: float
    out: str


class ProcessError(Exception):
    """A process that failed, or took too long."""


def measured(
    command: Sequence[str | Path], limit: float = 3600, codes: frozenset[int] = FINE
) -> Cost:
    """Run a process to its end.

    Parameters
    ----------
    command : sequence of str or Path
        The program and its arguments; it runs in the root of the checkout.
    limit : float
        Seconds after which it is stopped.
    codes : set of int
        The exit codes that it may end with.

    Raises
    ------
    ProcessError
        If it fails or takes longer.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=ROOT, stdout=out, stderr=err,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        status, usage = _wait(process, started + limit)
        wall = time.perf_counter() - started
        for stream in (out, err):
            stream.seek(0)
        if status not in codes:
            message = err.read().strip().split("\n")[-1]
            raise ProcessError(f"ended with status {status}: {message[:500]}")
        cpu = usage.ru_utime + usage.ru_stime
        return Cost(wall, cpu, usage.ru_maxrss * _UNIT_OF_RSS / MEGABYTE, out.read())


def _wait(process: subprocess.Popen[bytes], end: float) -> tuple[int, resource.struct_rusage]:
    pause = 0.001
    while True:
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        if found:
            process.returncode = os.waitstatus_to_exitcode(status)
            return process.returncode, usage
        if time.perf_counter() > end:
            process.kill()
            os.wait4(process.pid, 0)
            process.returncode = -9
            raise ProcessError("took too long")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


def median(run: Callable[[], Cost], repeats: int) -> Cost:
    """Run several times; give the medians, with the output of the last."""
    return _median([run() for _ in range(repeats)])


def paired(
    one: Callable[[], Cost], other: Callable[[], Cost], repeats: int
) -> tuple[Cost, Cost, float]:
    """Run two things in turn; give the medians of each, and of the differences in CPU seconds."""
    pairs = [(one(), other()) for _ in range(repeats)]
    ones, others = ([pair[at] for pair in pairs] for at in (0, 1))
    beyond = statistics.median(first.cpu - second.cpu for first, second in pairs)
    return _median(ones), _median(others), beyond


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        wall=statistics.median(cost.wall for cost in costs),
        cpu=statistics.median(cost.cpu for cost in costs),
        peak=statistics.median(cost.peak for cost in costs),
        out=costs[-1].out,
    )
