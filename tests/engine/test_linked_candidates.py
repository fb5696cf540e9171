"""Which candidates have to be worked together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.engine.generation import Wanted
from asnrules.pools.evaluation import EvaluatedPools, evaluate_pools
from asnrules.workflows.split import Group, candidate_groups
from cli.small_pools import nrc_image, write_pool

EXAMPLE = Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv"
OBSERVATIONS = {number: f"('o{number:03}', 'observation')" for number in range(1, 10)}


@pytest.fixture
def engine(templates: Any) -> Engine:
    from asnrules.catalog.open import connect_catalog

    return connect_catalog(templates.seeded("sqlite"))


def groups(engine: Engine, folder: Path, *exposures: dict[str, str]) -> list[Group]:
    return candidate_groups(engine, [write_pool(folder / "pool.csv", *exposures)])


def of(number: int, candidates: str, **changes: str) -> dict[str, str]:
    return nrc_image(number, asn_candidate=f"[{candidates}]", **changes)


def test_what_no_exposure_links_is_apart(engine: Engine, tmp_path: Path) -> None:
    exposures = [of(1, OBSERVATIONS[1]), of(2, OBSERVATIONS[2]), of(3, OBSERVATIONS[2])]
    found = groups(engine, tmp_path, *exposures)
    assert found == [Group(["o002"], 2), Group(["o001"], 1)]


def test_a_background_links_its_observations(engine: Engine, tmp_path: Path) -> None:
    sky = "('c1000', 'background')"
    exposures = [of(number, f"{OBSERVATIONS[number]}, {sky}") for number in (1, 2)]
    found = groups(engine, tmp_path, *exposures, of(3, OBSERVATIONS[3]))
    assert found == [Group(["c1000", "o001", "o002"], 2), Group(["o003"], 1)]


def test_backgrounds_link_in_a_chain(engine: Engine, tmp_path: Path) -> None:
    exposures = [
        of(1, f"{OBSERVATIONS[1]}, ('c1000', 'background')"),
        of(2, f"{OBSERVATIONS[2]}, ('c1000', 'background'), ('c1001', 'background')"),
        of(3, f"{OBSERVATIONS[3]}, ('c1001', 'background')"),
    ]
    found = groups(engine, tmp_path, *exposures)
    assert found == [Group(["c1000", "c1001", "o001", "o002", "o003"], 3)]


def test_a_candidate_that_makes_nothing_links_nothing(engine: Engine, tmp_path: Path) -> None:
    exposures = [of(number, f"{OBSERVATIONS[number]}, ('c1000', 'mosaic')") for number in (1, 2)]
    assert groups(engine, tmp_path, *exposures) == [Group(["o001"], 1), Group(["o002"], 1)]


def test_a_rule_that_asks_for_no_observation_is_minded(engine: Engine, tmp_path: Path) -> None:
    # Asn_Lv2WFSSParallel works candidates of direct images.
    exposures = [
        of(number, f"{OBSERVATIONS[number]}, ('c1000', 'direct_image')", pntgtype="parallel",
           exp_type="nis_wfss", instrume="niriss", visitype="parallel_pure", filter="gr150r")
        for number in (1, 2)
    ]  # fmt: skip
    assert groups(engine, tmp_path, *exposures) == [Group(["c1000", "o001", "o002"], 2)]


def test_exposures_of_one_name_are_linked(engine: Engine, tmp_path: Path) -> None:
    # Their products have one name, of which the one with more members stays.
    same = "jw00001001001_02101_00001_nrca1"
    exposures = [
        of(1, OBSERVATIONS[1], filename=f"{same}_uncal.fits"),
        of(2, OBSERVATIONS[2], filename=f"{same}_rate.fits"),
    ]
    assert groups(engine, tmp_path, *exposures) == [Group(["o001", "o002"], 2)]


def test_of_two_candidates_of_one_id_the_type_is_named(engine: Engine) -> None:
    named = {name for group in candidate_groups(engine, [EXAMPLE]) for name in group.candidates}
    assert {name for name in named if name.startswith("c1000")} == {"c1000:background"}


def test_candidates_of_one_id_are_linked(engine: Engine, tmp_path: Path) -> None:
    # Sequence numbers count within the id.
    exposures = [
        of(1, "('x1', 'observation')", bkgdtarg="t"),
        of(2, "('x1', 'background')", bkgdtarg="t"),
    ]
    assert groups(engine, tmp_path, *exposures) == [Group(["x1:background", "x1:observation"], 2)]


def _made(worked: EvaluatedPools, wanted: Wanted) -> Counter[Any]:
    return Counter(worked.generation(wanted).run().associations)


def assert_apart(engine: Engine, pool: Path) -> int:
    """Hold the associations of all groups against those of all candidates; give their number."""
    worked = evaluate_pools(engine, [pool])
    whole = _made(worked, Wanted())
    found = candidate_groups(engine, [pool])
    apart: Counter[Any] = Counter()
    for group in found:
        apart += _made(worked, Wanted.by({"candidates": group.candidates}))
    assert apart == whole
    assert len(whole) > len(found)
    return len(found)


def test_groups_make_together_what_all_make(engine: Engine, tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(EXAMPLE.read_text().replace("('c1000', 'MOSAIC')", "('c1004', 'MOSAIC')"))
    assert assert_apart(engine, pool) == 13
    # Its mosaic has the id of a background candidate, and with it those exposures.
    assert assert_apart(engine, EXAMPLE) == 11


def test_one_observation_alone_makes_too_much(engine: Engine, tmp_path: Path) -> None:
    # It does not know the association of the background candidate, which has its science too.
    pool = tmp_path / "pool.csv"
    pool.write_text(EXAMPLE.read_text().replace("('c1000', 'MOSAIC')", "('c1004', 'MOSAIC')"))
    worked = evaluate_pools(engine, [pool])
    alone = _made(worked, Wanted.by({"candidates": ["o003"]}))
    assert alone - _made(worked, Wanted())
