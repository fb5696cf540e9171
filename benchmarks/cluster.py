"""One run by a Dask cluster of two local workers, beside the same run by this machine alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.databases import ASNRULES, Databases
from benchmarks.processes import Cost, measured
from benchmarks.setting import Result, Setting
from benchmarks.tables import number, print_table

QUICK_ROWS = 1_000
ROWS = 100_000
LONG_ROWS = 1_000_000

_WORKERS = 2
_DIGESTS = "SELECT section_digests FROM runs"


def cluster(setting: Setting) -> Result:
    """Measure, print and give SQLite, whose recording is the fastest."""
    default = QUICK_ROWS if setting.quick else LONG_ROWS if setting.long else ROWS
    with _cluster(setting.folder) as address:
        runs = [
            run
            for rows in setting.rows or (default,)
            for _ in range(setting.repeats)
            for run in _pair(setting, rows, address)
        ]
    print_table(
        f"cluster: a run recorded; of the cluster's {_WORKERS} workers only the time is in it",
        ["rows", "by", "wall s", "CPU s here", "peak MB here"],
        [
            [f"{run['rows']:,}", run["who"]]
            + [number(run[name]) for name in ("wall", "cpu", "peak")]
            for run in runs
        ],
    )
    return {"runs": runs}


def _pair(setting: Setting, rows: int, address: str) -> list[Result]:
    """Run alone and by the cluster, which have to record the same."""
    databases, pool = setting.databases[0], setting.pool("mixed", rows)
    pair = (_run(databases, pool), _run(databases, pool, "--scheduler", address))
    if pair[0][1] != pair[1][1]:
        raise LookupError("the record of the cluster is not that of one machine")
    return [
        {"rows": rows, "who": who, "wall": cost.wall, "cpu": cost.cpu, "peak": cost.peak}
        for who, (cost, _) in zip(("this machine", "a cluster"), pair, strict=True)
    ]


def _run(databases: Databases, pool: Path, *options: str) -> tuple[Cost, object]:
    """Record a run in a new database; give what it cost, and the digests of what it recorded."""
    database = databases.new()
    asnrules = [*ASNRULES, "--database", database]
    try:
        cost = measured([*asnrules, "generate", pool, "--no-files", "--format", "json", *options])
        digests = measured([*asnrules, "sql", _DIGESTS, "--format", "json"])
    finally:
        databases.drop(database)
    return cost, json.loads(digests.out)


@contextmanager
def _cluster(folder: Path) -> Iterator[str]:
    """Start a scheduler and workers, each a process of its own; give the address."""
    with ExitStack() as programs:
        options = ("--host", "127.0.0.1", "--port", "0")
        said = programs.enter_context(_started(folder, "scheduler", "Scheduler at:", *options))
        address = said.partition(" at:")[2].split()[0]
        for _ in range(_WORKERS):
            options = (address, "--nthreads", "1", "--no-nanny", "--local-directory", "workers")
            programs.enter_context(_started(folder, "worker", "Registered to:", *options))
        yield address


@contextmanager
def _started(folder: Path, program: str, ready: str, *options: str) -> Iterator[str]:
    """Start a program of Dask, and give what it says until it is ready."""
    command = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--no-dashboard", *options]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        try:
            for line in process.stderr:
                said += line
                if ready in line:
                    break
            yield said
        finally:
            process.kill()
