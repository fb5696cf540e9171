"""Side by side with asn_generate of jwst, where a Python that has it is at hand."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.databases import ASNRULES
from benchmarks.processes import ROOT, Cost, ProcessError, measured, median
from benchmarks.setting import Result, Setting
from benchmarks.tables import number, print_table

POOLS = (
    ("imaging", 100), ("imaging", 250), ("mrs", 100), ("mrs", 250), ("mos", 100), ("mos", 250),
)  # fmt: skip
LONG_POOLS = (*POOLS, ("mrs", 500))
REAL_POOLS = ("pool_001_candidates", "pool_018_all_exptypes")
PARITY = ROOT.parent / "shared" / "parity"
"""Where pools of the public package lie, if it is there."""

QUICK_POOLS = (("imaging", 100),)
_RULES = "import jwst.associations.lib.rules_level2b as rules; print(rules.__file__)"
_MAIN = "import sys; from jwst.associations.main import main; sys.exit(main())"
_ENOUGH = 30.0
"""Seconds after which a measurement of the oracle is not repeated."""


def oracle(setting: Setting) -> Result:
    """Compare seconds of whole processes; skipped where no Python has jwst."""
    python = setting.oracle_python or sys.executable
    try:
        rules = measured([python, "-c", _RULES]).out.split("\n")[-2]
    except (OSError, ProcessError, IndexError):
        print(f"\noracle: skipped, as {Path(python).name} has no jwst; name one that has it "
              "with --oracle-python")  # fmt: skip
        return {"skipped": "no jwst"}
    runs = [_compare(setting, python, rules, name, pool) for name, pool in _pools(setting)]
    _print(runs)
    return {"runs": runs}


def _print(runs: list[Result]) -> None:
    print_table(
        "oracle: seconds of whole processes, and how many times longer asn_generate takes",
        [
            "pool", "rows", "files", "asn_generate wall", "cpu", "asnrules wall", "cpu",
            "recorded wall", "cpu", "times wall", "times cpu", "times wall recorded",
        ],
        [
            [run["pool"], f"{run['rows']:,}", f"{run['files']['asnrules']:,}"]
            + [
                number(run[who][what])
                for who in ("asn_generate", "asnrules", "asnrules_recorded")
                for what in ("wall", "cpu")
            ]
            + [number(run[name]) for name in ("ratio_wall", "ratio_cpu", "ratio_wall_recorded")]
            for run in runs
        ],
    )  # fmt: skip


def _pools(setting: Setting) -> Iterator[tuple[str, Path]]:
    if setting.pools is not None:
        for path in sorted(setting.pools.glob("**/*.csv")):
            yield str(path.relative_to(setting.pools)), path
        return
    wanted = QUICK_POOLS if setting.quick else LONG_POOLS if setting.long else POOLS
    for mode, rows in wanted:
        yield mode, setting.pool(mode, rows)
    for name in REAL_POOLS if not setting.quick else ():
        path = PARITY / name / "pool.csv"
        if path.is_file():
            yield name, path


def _compare(setting: Setting, python: str, rules: str, name: str, pool: Path) -> Result:
    databases = setting.databases[0]
    database = databases.new()
    ours = [*ASNRULES, "--database", database, "generate", str(pool)]
    output = setting.folder / "output"

    def run(command: list[str], option: str) -> Callable[[], Cost]:
        def once() -> Cost:
            shutil.rmtree(output, ignore_errors=True)
            output.mkdir()
            return measured([*command, option, str(output)])

        return once

    def files() -> int:
        return len(list(output.glob("*_asn.json")))

    plain = median(run([*ours, "--no-record"], "--output"), setting.repeats)
    made = {"asnrules": files()}
    recorded = median(run(ours, "--output"), setting.repeats)
    databases.drop(database)
    theirs = [python, "-c", _MAIN, "--ignore-default", "-r", rules, str(pool)]
    first = run(theirs, "-p")()
    slow = setting.quick or first.wall > _ENOUGH
    oracles = first if slow else median(run(theirs, "-p"), setting.repeats)
    made["asn_generate"] = files()
    shutil.rmtree(output)
    with pool.open(encoding="utf-8") as stream:
        rows = sum(bool(line.strip()) for line in stream) - 1
    return {
        "pool": name,
        "rows": rows,
        "files": made,
        "asn_generate": _shown(oracles),
        "asnrules": _shown(plain),
        "asnrules_recorded": _shown(recorded),
        "ratio_wall": oracles.wall / plain.wall,
        "ratio_cpu": oracles.cpu / plain.cpu,
        "ratio_wall_recorded": oracles.wall / recorded.wall,
    }


def _shown(cost: Cost) -> Result:
    return {"wall": cost.wall, "cpu": cost.cpu, "peak": cost.peak}
