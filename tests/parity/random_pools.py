"""Random pools for the releases of jwst, written as folders that the parity tools read.

    cd tests && uv run python -m parity.random_pools DIR --seed 1 --count 20
    python3 ../../shared/tools/history_oracle.py run DIR --releases 1.5.3,1.9.6
    uv run python -m parity.history --pools DIR --release 1.5.3 --release 1.9.6 --differences

The pools are those of `tests/differential`, `--count` of each kind: DIR/KIND-SEED-NUMBER/pool.csv.
For the same seed and the same hypothesis they are the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from differential.families import FAMILIES
from differential.observations import programs, real_observations, real_rows
from differential.pools import RandomPool, pools
from parity.cases import PARITY

KINDS: dict[str, SearchStrategy[RandomPool]] = {
    **{name: pools(family) for name, family in FAMILIES.items()},
    "observed": programs(disturbed=False),
    "disturbed": programs(disturbed=True),
}
if PARITY.is_dir():
    KINDS["rows of real pools"] = real_rows(real_observations(PARITY))

DRAWN = 6
"""Pools are drawn for each that is kept, the last: the first ones are plain."""


def random_pool(kind: SearchStrategy[RandomPool], numbers: str, rows: range) -> RandomPool:
    """Give the pool of a kind that has these numbers, with so many rows."""
    found = []

    @seed(numbers)
    @settings(
        max_examples=DRAWN,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.map(in_columns).filter(lambda pool: len(pool.rows) in rows and is_ordered(pool)))
    def draw(pool: RandomPool) -> None:
        found.append(pool)

    draw()
    return found[-1]


def in_columns(pool: RandomPool) -> RandomPool:
    """Put the columns in order of name, by which rows of one file are ordered."""
    columns = ("filename", *sorted({*pool.columns} - {"filename"}))
    return RandomPool(columns, pool.rows, pool.upper)


def is_ordered(pool: RandomPool) -> bool:
    """Tell whether rows of one file have one order only, wherever null comes."""
    values = pool.values()
    names = sorted(pool.columns)

    def order(null: str) -> list[int]:
        keys = [
            (row["filename"], [null if row[name] == "null" else row[name] for name in names])
            for row in values
        ]
        return sorted(range(len(keys)), key=keys.__getitem__)

    return order("") == order("null")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20, help="of each kind")
    parser.add_argument("--rows", type=int, nargs=2, default=(5, 15), metavar=("LEAST", "MOST"))
    options = parser.parse_args()
    least, most = options.rows
    for name, kind in KINDS.items():
        for number in range(options.count):
            pool = random_pool(kind, f"{options.seed} {number}", range(least, most + 1))
            folder = options.folder / f"{name.replace(' ', '-')}-{options.seed}-{number:03}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "pool.csv").write_text(pool.text())


if __name__ == "__main__":
    main()
