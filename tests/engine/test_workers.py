"""Shared by several processes, the work comes to the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.candidates import Selection
from asnrules.engine.exposures import Work
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.pools import parse_candidates, read_pool
from asnrules.util.parallel import can_share, parallel_map
from engine.building import POOL, Exposure, keywords, ruleset, work_of
from engine.pools import FAMILIES, pools

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"

pytestmark = pytest.mark.skipif(not can_share(), reason="no process can be forked safely here")


def made(work: Work, workers: int, **wanted: Any) -> Outcome:
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    names = [POOL] * len(work.rows)
    return Generation(work, candidates, names, Wanted(**wanted)).run(
        None,
        lambda generation, pools, told: parallel_map(
            generation.make, pools, [1] * len(pools), workers, told
        ),
    )


@pytest.mark.parametrize("label", ["jwst-3.0.0", "jwst-1.2.1"])
@pytest.mark.parametrize("merge", [False, True])
def test_the_example_program(label: str, merge: bool) -> None:
    pool = read_pool(EXAMPLE, keywords())
    rules = ruleset(label)
    rows = [dict(zip(pool.keywords, map(str, row), strict=True)) for row in pool.rows]
    works = [work_of(rows, rules=rules) for _ in range(2)]
    alone, together = made(works[0], 1, merge=merge), made(works[1], 3, merge=merge)
    assert together == alone
    assert len(alone.associations) > 10


@given(st.sampled_from(sorted(FAMILIES)).flatmap(lambda name: pools(name, regular=False)))
@settings(max_examples=8)
def test_random_pools(pool: list[Exposure]) -> None:
    assert made(work_of(pool), 2) == made(work_of(pool), 1)


def test_selected_candidates() -> None:
    pool = read_pool(EXAMPLE, keywords())
    rows = [dict(zip(pool.keywords, map(str, row), strict=True)) for row in pool.rows]
    wanted = {"selection": Selection(frozenset({"o001", "o003"}), dms=True)}
    assert made(work_of(rows), 2, **wanted) == made(work_of(rows), 1, **wanted)
