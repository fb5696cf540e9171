"""The whole command, recorded and with files; in turn with another checkout, if one is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.databases import ASNRULES, Databases, all_databases
from benchmarks.growth import MODES
from benchmarks.processes import Cost, measured, median, paired
from benchmarks.setting import SHORT, Result, Setting
from benchmarks.tables import number, print_table

SIZES = (800, 100_000)
LONG_SIZES = (*SIZES, 1_000_000)
QUICK_SIZES = (100,)
_MOST_FILES = 1_000_000
"""Larger pools are recorded, and make no files."""

_FIGURES = ("wall", "cpu", "peak")


class Checkout(NamedTuple):
    """A state of asnrules, and databases that it made."""

    asnrules: Sequence[str]
    databases: list[Databases]


def command(setting: Setting) -> Result:
    """Measure, print and give all sizes on all databases."""
    default = QUICK_SIZES if setting.quick else LONG_SIZES if setting.long else SIZES
    modes = MODES[:1] if setting.quick else MODES
    ours = Checkout(ASNRULES, setting.databases)
    with _before(setting) as before:
        runs = [
            run
            for mode in modes
            for rows in setting.rows or default
            for run in _runs(setting, mode, rows, [ours, *before])
        ]
    columns = ["mode", "what", "rows", "wall s", "cpu s", "peak MB"]
    columns += ["before: wall s", "cpu s", "peak MB", "times"]
    print_table(
        "command: generate on all processors",
        columns,
        [
            [run["mode"], run["what"], f"{run['rows']:,}"]
            + [
                number(run[who] and run[who][name])
                for who in ("now", "before")
                for name in _FIGURES
            ]
            + [number(run["ratio_wall"])]
            for run in runs
        ],
    )
    return {"before": setting.before and str(setting.before), "runs": runs}


@contextmanager
def _before(setting: Setting) -> Iterator[list[Checkout]]:
    """Give the other checkout, if any; its environment is that of `uv sync` there."""
    if setting.before is None:
        yield []
        return
    asnrules = [str(setting.before.absolute() / ".venv" / "bin" / "python"), *ASNRULES[1:]]
    folder = setting.folder / "before"
    folder.mkdir()
    names = {databases.name for databases in setting.databases}
    only = names.pop() if len(names) == 1 else None
    with all_databases(folder, only, asnrules) as databases:
        yield [Checkout(asnrules, databases)]


def _runs(
    setting: Setting, mode: str, rows: int, checkouts: Sequence[Checkout]
) -> Iterator[Result]:
    pool = setting.pool(mode, rows)
    repeats = setting.repeats if rows <= SHORT else 1
    whats = [databases.name for databases in setting.databases]
    if mode == MODES[0] and rows <= _MOST_FILES:
        whats.append("files")
    for what in whats:
        tried = [_tried(setting, checkout, pool, what) for checkout in checkouts]
        now, before = _measured(tried, repeats)
        yield {
            "mode": mode,
            "what": what,
            "rows": rows,
            "now": _figures(now),
            "before": before and _figures(before),
            "ratio_wall": before and before.wall / now.wall,
        }


def _measured(tried: Sequence[Callable[[], Cost]], repeats: int) -> tuple[Cost, Cost | None]:
    if len(tried) == 1:
        return median(tried[0], repeats), None
    now, before, _ = paired(tried[0], tried[1], repeats)
    return now, before


def _tried(setting: Setting, checkout: Checkout, pool: Path, what: str) -> Callable[[], Cost]:
    """Give a function that records the pool in a new database, or writes its files."""
    databases = next((one for one in checkout.databases if one.name == what), None)
    output = setting.folder / "output"
    options = ["--no-files"] if databases else ["--no-record", "--output", str(output)]
    databases = databases or checkout.databases[0]

    def once() -> Cost:
        database = databases.new()
        asnrules = [*checkout.asnrules, "--database", database]
        try:
            return measured([*asnrules, "generate", str(pool), *options])
        finally:
            databases.drop(database)
            shutil.rmtree(output, ignore_errors=True)

    return once


def _figures(cost: Cost) -> Result:
    return {name: getattr(cost, name) for name in _FIGURES}
