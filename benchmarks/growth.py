"""How time and memory grow with the exposures of a pool: stage by stage, and the whole command.

Stages are those of one process that writes files as well. The command writes none, and shares its
work among the processors.
"""

from __future__ import annotations

from benchmarks.setting import Result, Setting, exponent
from benchmarks.stages import STAGES
from benchmarks.tables import number, print_table

MODES = ("mixed", "imaging")
SIZES = (1_000, 10_000, 100_000)
LONG_SIZES = (*SIZES, 1_000_000)
QUICK_SIZES = (50, 100)
_FROM = 10_000
"""The exponent is that of the sizes from here on: below, fixed costs show."""


def growth(setting: Setting) -> Result:
    """Measure, print and give all sizes on all databases."""
    sizes = QUICK_SIZES if setting.quick else LONG_SIZES if setting.long else SIZES
    modes = MODES[:1] if setting.quick else MODES
    runs = [
        {
            "mode": mode,
            "database": databases.name,
            **setting.stages(pool, databases),
            "command": setting.command(pool, databases, size),
        }
        for mode in modes
        for size in sizes
        for pool in [setting.pool(mode, size)]
        for databases in setting.databases
    ]
    slopes = [
        _slopes(mode, databases.name, runs) for mode in modes for databases in setting.databases
    ]
    _print(runs, slopes)
    return {"runs": runs, "exponents": slopes}


def _slopes(mode: str, database: str, runs: list[Result]) -> Result:
    of_kind = [run for run in runs if (run["mode"], run["database"]) == (mode, database)]
    large = [run for run in of_kind if run["rows"] >= _FROM]
    fitted = large if len(large) > 1 else of_kind
    rows = [run["rows"] for run in fitted]
    return {
        "mode": mode,
        "database": database,
        "from": rows[0],
        "to": rows[-1],
        "total": exponent(rows, [run["total"] for run in fitted]),
        "seconds": {
            stage: exponent(rows, [run["seconds"][stage] for run in fitted]) for stage in STAGES
        },
        "command": exponent(rows, [run["command"]["wall"] for run in fitted]),
    }


def _print(runs: list[Result], slopes: list[Result]) -> None:
    print_table(
        "growth: seconds of each stage, in one process that writes files as well",
        ["mode", "database", "rows", *STAGES, "total", "\N{MICRO SIGN}s/row", "peak MB"],
        [
            [run["mode"], run["database"], f"{run['rows']:,}"]
            + [number(run["seconds"][stage]) for stage in STAGES]
            + [number(run["total"]), number(1e6 * run["total"] / run["rows"]), number(run["peak"])]
            for run in runs
        ],
    )
    print_table(
        "growth: the whole command, on all processors, recorded, without files",
        ["mode", "database", "rows", "wall s", "cpu s", "\N{MICRO SIGN}s/row", "peak MB"],
        [
            [run["mode"], run["database"], f"{run['rows']:,}"]
            + [number(run["command"][name]) for name in ("wall", "cpu")]
            + [number(1e6 * run["command"]["wall"] / run["rows"]), number(run["command"]["peak"])]
            for run in runs
        ],
    )
    print_table(
        "growth: exponents (1: linear)",
        ["mode", "database", "rows", *STAGES, "total", "command"],
        [
            [slope["mode"], slope["database"], f"{slope['from']:,} to {slope['to']:,}"]
            + [number(slope["seconds"][stage]) for stage in STAGES]
            + [number(slope["total"]), number(slope["command"])]
            for slope in slopes
        ],
    )
