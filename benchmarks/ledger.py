"""A ledger of a thousand runs: how large it is, how fast it answers, and how fast it is verified.

`python -m benchmarks.ledger DATABASE FOLDER POOLS TIMES ROWS` is the process that fills it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.databases import ASNRULES, Databases
from benchmarks.pools import write_pool
from benchmarks.processes import Cost, measured, paired
from benchmarks.setting import Result, Setting
from benchmarks.tables import number, print_table

QUICK_SHAPE = (2, 2, 100)
SHAPE = (20, 5, 3_500)
LONG_SHAPE = (200, 5, 3_500)
"""Pools, how often each is run, and exposures of each; the long one has ten million members."""

REPEATS = 15


def ledger(setting: Setting) -> Result:
    """Measure, print and give all databases."""
    shape = QUICK_SHAPE if setting.quick else LONG_SHAPE if setting.long else SHAPE
    runs = [_run(setting, databases, shape) for databases in setting.databases]
    print_table(
        "ledger: bytes of an exposure that is new, and of one that is run again",
        ["database", "runs", "exposures", "members", "fill s", "MB", "bytes new", "bytes again"],
        [
            [run["database"], f"{run['runs']:,}", f"{run['exposures']:,}", f"{run['members']:,}"]
            + [number(run[name]) for name in ("fill", "megabytes", "bytes_new", "bytes_again")]
            for run in runs
        ],
    )
    print_table(
        "ledger: milliseconds of audit exposure, here and in an empty ledger; audit verify",
        [
            "database",
            "exposure ms",
            "empty ms",
            "beyond ms",
            "CPU beyond ms",
            "verify s",
            "rows",
            "rows/s",
        ],
        [
            [run["database"]]
            + [number(1000 * run[name]) for name in ("exposure", "empty", "wall_beyond", "beyond")]
            + [number(run["verify"]), f"{run['rows']:,}", f"{run['rows'] / run['verify']:,.0f}"]
            for run in runs
        ],
    )
    return {"runs": runs}


def _run(setting: Setting, databases: Databases, shape: tuple[int, int, int]) -> Result:
    database, empty = databases.new(), databases.new()
    arguments = [str(given) for given in (database, setting.folder, *shape)]
    try:
        filled: Result = json.loads(measured([sys.executable, "-m", __name__, *arguments]).out)
        times = 1 if setting.quick else REPEATS
        here, nothing, beyond = paired(
            _asking(database, filled["filename"]), _asking(empty, filled["filename"]), times
        )
        verified = measured([*ASNRULES, "--database", database, "audit", "verify", "-f", "json"])
    finally:
        databases.drop(database)
        databases.drop(empty)
    found = json.loads(verified.out)
    if found["findings"] or found["runs"] != filled["runs"]:
        raise LookupError(f"the ledger does not verify: {found['findings'][:3]}")
    return {
        "database": databases.name, **filled, "exposure": here.wall, "empty": nothing.wall,
        "wall_beyond": here.wall - nothing.wall, "beyond": beyond,
        "verify": verified.wall, "rows": found["rows"],
    }  # fmt: skip


def _asking(database: str, filename: str) -> Callable[[], Cost]:
    """Ask for an exposure; one that is in no run ends with the code for what is not there."""
    command = [*ASNRULES, "--database", database, "audit", "exposure", filename, "-f", "json"]
    return lambda: measured(command, codes=frozenset({0, 3}))


# ------------------------------------------------------------------ the process


def main() -> None:
    """Fill a ledger, and print what it came to."""
    from sqlalchemy import text

    from asnrules.catalog.open import open_catalog
    from asnrules.workflows.generate import Options, generate

    database, folder = sys.argv[1], Path(sys.argv[2])
    pools, times, rows = map(int, sys.argv[3:])
    engine = open_catalog(database, writing=True)
    started = time.perf_counter()
    sizes = [_size(database)]
    exposures = 0
    for turn in range(times):
        for at in range(pools):
            pool = folder / f"ledger_{at}.csv"
            if not pool.exists():
                write_pool(pool, "mixed", rows, seed=at, program=1 + 20 * at)
            exposures += generate(engine, [str(pool)], Options()).exposures
        if turn == 0:
            sizes.append(_size(database))
    sizes.append(_size(database))
    with engine.connect() as connection:
        members = connection.execute(text("SELECT count(*) FROM association_members"))
        filename = connection.execute(
            text("SELECT filename FROM exposures WHERE pool_id = :pool AND position = :row"),
            {"pool": pools // 2, "row": rows // 2},
        )
        found = {
            "runs": pools * times,
            "exposures": exposures,
            "members": members.scalar_one(),
            "filename": filename.scalar_one(),
            "fill": time.perf_counter() - started,
            "megabytes": sizes[2] / 1e6,
            "bytes_new": (sizes[1] - sizes[0]) / (pools * rows),
            "bytes_again": (sizes[2] - sizes[1]) / (pools * rows * (times - 1)),
        }
    print(json.dumps(found))


def _size(database: str) -> int:
    if "://" not in database:
        return sum(
            path.stat().st_size
            for path in map(Path, (database, f"{database}-wal"))
            if path.exists()
        )
    import psycopg

    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(found[0]) if found else 0


if __name__ == "__main__":
    main()
