"""How often the order of exposures may matter: groups that are not regular, in pools of all kinds.

A group is what a rule can take for one candidate and its keys do not part. In a regular one each
exposure joins all associations that it can, whatever the order; any other has to be worked
exposure by exposure, by the procedure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.pools import MODES
from benchmarks.setting import Result, Setting
from benchmarks.tables import print_table

PARITY = Path(__file__).parents[2] / "shared" / "parity"
ROWS = 10_000
QUICK_ROWS = 100
QUICK_STRIDE = 40
_COUNTED = ("exposures", "groups", "of several", "irregular")


def irregular(setting: Setting) -> Result:
    """Count the groups of made-up pools, and of those of the parity folder if it is there."""
    from asnrules.catalog.open import open_catalog

    engine = open_catalog(setting.databases[0].new())
    runs = [
        {"family": family, "pools": len(pools), **_counted(engine, pools)}
        for family, pools in _families(setting)
        if pools
    ]
    print_table(
        "irregular: groups of exposures that need the procedure",
        ["family", "pools", *_COUNTED],
        [
            [run["family"], f"{run['pools']:,}"] + [f"{run[name]:,}" for name in _COUNTED]
            for run in runs
        ],
    )
    return {"runs": runs}


def _families(setting: Setting) -> Iterator[tuple[str, Sequence[Path]]]:
    rows = QUICK_ROWS if setting.quick else ROWS
    for mode in MODES:
        yield mode, [setting.pool(mode, rows)]
    stride = QUICK_STRIDE if setting.quick else 1
    yield "real", sorted(PARITY.glob("*/pool.csv"))[::stride]
    for family in ("probe", "fuzz"):
        yield family, sorted(PARITY.glob(f"{family}/*/pool.csv"))[::stride]


def _counted(engine: Any, pools: Sequence[Path]) -> Counter[str]:
    """Work pools one by one, and count what their groups are like."""
    from asnrules.engine.generation import Wanted
    from asnrules.errors import PoolError
    from asnrules.pools.evaluation import evaluate_pools

    counts: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))
    for path in pools:
        try:
            worked = evaluate_pools(engine, [str(path)])
        except PoolError:
            # Without a column that the rules need there are no groups.
            continue
        counts["exposures"] += len(worked.exposures)
        with _counting(counts):
            worked.generation(Wanted()).run()
    return counts


@contextmanager
def _counting(counts: Counter[str]) -> Iterator[None]:
    """Count the groups that are worked in the block."""
    grouping: Any = import_module("asnrules.engine.grouping").Grouping
    associations = grouping.associations

    def counted(self: Any, places: Sequence[int], candidate: Any) -> Any:
        sizes = [len(group.places) for group in self.groups(places)]
        drafts = associations(self, places, candidate)
        counts["groups"] += len(sizes)
        counts["of several"] += sum(size > 1 for size in sizes)
        counts["irregular"] += len(self.irregular)
        return drafts

    grouping.associations = counted
    try:
        yield
    finally:
        grouping.associations = associations
