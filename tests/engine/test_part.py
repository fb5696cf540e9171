"""Candidates, each made by a process that knows nothing else, come to the same."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.associator import Made
from asnrules.engine.candidates import Selection, SubPool
from asnrules.engine.exposures import Work
from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.engine.part import digested
from asnrules.engine.signatures import Judge
from asnrules.pools import parse_candidates, read_pool
from engine.building import POOL, Exposure, image, keywords, ruleset, work_of
from engine.pools import FAMILIES, pools

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"


def apart(generation: Generation, candidates: Sequence[SubPool], _told: object) -> list[Made]:
    """Make each candidate from its pickle."""
    if not generation.can_part():
        return [generation.make(candidates)]
    parts = [pickle.loads(pickle.dumps(generation.part([one]))) for one in candidates]
    judge = Judge(ruleset_of(generation), parts[0].keywords)
    return [digested(elsewhere(part.make(judge), at)) for at, part in enumerate(parts)]


def elsewhere(made: Made, process: int) -> Made:
    """Give what is made with digests as another process has them."""
    made.unnamed = [
        one if one.digest is None else one._replace(digest=one.digest + process)
        for one in made.unnamed
    ]
    return made


def ruleset_of(generation: Generation) -> Any:
    return generation._work.ruleset


def assert_same(work: Work, **wanted: Any) -> Outcome:
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}

    def generation() -> Generation:
        return Generation(work, candidates, [POOL] * len(work.rows), Wanted(**wanted))

    whole = generation().run()
    assert generation().run(None, apart) == whole
    return whole


def example(label: str) -> Work:
    pool = read_pool(EXAMPLE, keywords())
    rows = [dict(zip(pool.keywords, map(str, row), strict=True)) for row in pool.rows]
    return work_of(rows, rules=ruleset(label))


@pytest.mark.parametrize("label", ["jwst-3.0.0", "jwst-1.14.0", "jwst-1.10.0", "jwst-1.2.0"])
def test_the_example_program(label: str) -> None:
    assert len(assert_same(example(label)).associations) > 10


def test_merged_and_selected() -> None:
    assert_same(example("jwst-3.0.0"), merge=True)
    ids = frozenset({"o001", "o003"})
    assert_same(example("jwst-3.0.0"), selection=Selection(ids, dms=True))


def test_candidates_that_make_the_same() -> None:
    both = "[('o001', 'observation'), ('c1000', 'background')]"
    pool = [
        image("1_uncal.fits", asn_candidate=both),
        image("2_uncal.fits", asn_candidate=both, bkgdtarg="t"),
    ]
    made = assert_same(work_of(pool)).associations
    assert [one.asn_id for one in made] == ["o001", "o001"]


@given(
    st.sampled_from(["jwst-3.0.0", "jwst-1.14.0", "jwst-1.9.4"]),
    st.sampled_from(sorted(FAMILIES)).flatmap(lambda name: pools(name, regular=False)),
)
@settings(max_examples=12)
def test_random_pools(label: str, pool: list[Exposure]) -> None:
    assert_same(work_of(pool, rules=ruleset(label)))
