"""What reading and recording cost at least: the csv module, and the bare driver.

`python -m benchmarks.floor POOL DATABASE COUNTS` is the process that is measured.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import Any

from benchmarks.databases import Databases
from benchmarks.processes import measured
from benchmarks.setting import Result, Setting
from benchmarks.tables import number, print_table

SIZE = 100_000
QUICK_SIZE = 100
_WIDTHS = {"exposures": 7, "decisions": 6, "associations": 11, "association_members": 9}

Row = tuple[Any, ...]


def floor(setting: Setting) -> Result:
    """Compare generating with the floor, on all databases."""
    pool = setting.pool("mixed", QUICK_SIZE if setting.quick else SIZE)
    runs = []
    for databases in setting.databases:
        ours = setting.stages(pool, databases)
        bare = _measure(str(pool), databases, ours["recorded"])
        runs += [
            {
                "what": what,
                "database": databases.name,
                "rows": ours["rows"],
                "recorded": sum(ours["recorded"].values()),
                "seconds": ours["seconds"][what],
                "floor": bare[what],
                "ratio": ours["seconds"][what] / bare[what],
            }
            for what in ("read", "record")
        ]
    print_table(
        "floor: seconds, against the csv module and the bare driver",
        ["stage", "database", "rows", "recorded rows", "asnrules", "floor", "ratio"],
        [
            [run["what"], run["database"], f"{run['rows']:,}", f"{run['recorded']:,}"]
            + [number(run[name]) for name in ("seconds", "floor", "ratio")]
            for run in runs
        ],
    )
    return {"runs": runs}


def _measure(pool: str, databases: Databases, counts: dict[str, int]) -> dict[str, float]:
    database = databases.new()
    try:
        cost = measured(
            [sys.executable, "-m", "benchmarks.floor", pool, database, json.dumps(counts)]
        )
    finally:
        databases.drop(database)
    found: dict[str, float] = json.loads(cost.out)
    return found


# ------------------------------------------------------------------ the process


def main() -> None:
    """Read and insert, and print the seconds of each."""
    pool, database, counts = sys.argv[1:]
    started = time.perf_counter()
    with open(pool, encoding="utf-8", newline="") as stream:  # noqa: PTH123
        _header, *cells = csv.reader(stream, delimiter="|")
    read = time.perf_counter() - started
    tables = {name: list(_rows(name, count, cells)) for name, count in json.loads(counts).items()}
    insert = insert_copy if "://" in database else insert_sqlite
    print(json.dumps({"read": read, "record": insert(database, tables)}))


def _rows(name: str, count: int, cells: list[list[str]]) -> Iterator[Row]:
    """Make rows as wide as those that are recorded, and about as long."""
    for place, row in enumerate(islice(cycle(cells), count), 1):
        if name == "exposures":
            yield (1, place, *row[:3], row[-1], json.dumps(row))
        elif name == "decisions":
            yield (1, 1, place, place % 100, 1, None)
        elif name == "associations":
            yield (1, place, *row[:8], "; ".join(row[8:30]))
        else:
            yield (1, place, 1, *row[:4], 1, place)


def insert_sqlite(path: str, tables: dict[str, list[Row]]) -> float:
    """Insert with sqlite3 into tables without index; give the seconds."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for name in tables:
        connection.execute(f"CREATE TABLE floor_{name} ({_columns(name, '')})")
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    for name, rows in tables.items():
        marks = ", ".join("?" * _WIDTHS[name])
        connection.executemany(f"INSERT INTO floor_{name} VALUES ({marks})", rows)
    connection.execute("COMMIT")
    return time.perf_counter() - started


def insert_copy(url: str, tables: dict[str, list[Row]]) -> float:
    """Insert with psycopg's COPY into tables without index; give the seconds."""
    import psycopg

    with psycopg.connect(url) as connection:
        for name in tables:
            connection.execute(f"CREATE TABLE floor_{name} ({_columns(name, 'text')})")
        connection.commit()
        started = time.perf_counter()
        with connection.cursor() as cursor:
            for name, rows in tables.items():
                with cursor.copy(f"COPY floor_{name} FROM STDIN") as copy:
                    write: Callable[[Row], None] = copy.write_row
                    for row in rows:
                        write(row)
        connection.commit()
        return time.perf_counter() - started


def _columns(name: str, kind: str) -> str:
    return ", ".join(f"c{number} {kind}" for number in range(_WIDTHS[name]))


if __name__ == "__main__":
    main()
