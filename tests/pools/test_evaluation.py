"""Pools read and judged together, and what is left over of them written as a pool again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import Engine

from asnrules.engine.generation import Wanted
from asnrules.errors import NotFoundError, OutputError, PoolError, UsageError
from asnrules.pools import read_pool
from asnrules.pools.evaluation import EvaluatedPools, evaluate_pools, written_orphans
from cli.small_pools import nrc_image, without, write_pool


def save(pools: EvaluatedPools, memberships: list[int], target: Path, *, overwrite: bool) -> None:
    with written_orphans(pools, memberships, target, overwrite=overwrite):
        pass


def worked(engine: Engine, *paths: str) -> EvaluatedPools:
    return evaluate_pools(engine, paths)


def names(pools: EvaluatedPools) -> list[str]:
    return [pools.work.value(at, "filename") or "" for at in range(len(pools.work.rows))]


# ------------------------------------------------------------------ read and judged


def test_exposures_of_all_pools_stand_in_canonical_order(
    kept_seeds: Engine, tmp_path: Path
) -> None:
    first = write_pool(tmp_path / "1.csv", nrc_image(filename="D"), nrc_image(filename="a"))
    second = write_pool(tmp_path / "2.csv", nrc_image(filename="c"), nrc_image(filename="B"))
    pools = worked(kept_seeds, first, second)
    assert names(pools) == ["a", "b", "c", "d"]
    assert list(pools.exposures) == [(0, 1), (1, 1), (1, 0), (0, 0)]
    assert [pool.name for pool in pools.pools] == ["1.csv", "2.csv"]


def test_the_rules_in_force_are_those_of_today(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    assert worked(kept_seeds, pool).info.ruleset == "jwst-3.0.0"
    assert evaluate_pools(kept_seeds, [pool], "jwst-3.0.0").info.ruleset == "jwst-3.0.0"


def test_candidates_of_all_pools_are_known(kept_seeds: Engine, tmp_path: Path) -> None:
    first = write_pool(tmp_path / "1.csv", nrc_image(1))
    second = write_pool(tmp_path / "2.csv", nrc_image(2, asn_candidate="[('o002', 'mosaic')]"))
    assert worked(kept_seeds, first, second).candidates == {
        "[('o001', 'observation')]": (("o001", "observation"),),
        "[('o002', 'mosaic')]": (("o002", "mosaic"),),
    }


def test_exposures_that_rules_cannot_tell_apart_are_classified_once(
    kept_seeds: Engine, tmp_path: Path
) -> None:
    rows = [nrc_image(1), nrc_image(2), nrc_image(3, exp_type="nrc_dark"), nrc_image(4)]
    pools = worked(kept_seeds, write_pool(tmp_path / "pool.csv", *rows))
    found = pools.classifications()
    assert [one.member_type for one in found.values()] == ["science", "dark"]
    assert [found[one].member_type for one in pools.work.judgements] == [
        "science",
        "science",
        "dark",
        "science",
    ]


def test_progress_tells_how_much_is_read(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    seen: list[tuple[str, int, int]] = []
    evaluate_pools(kept_seeds, [pool], progress=lambda *told: seen.append(told))
    size = Path(pool).stat().st_size
    assert seen[-1] == ("bytes", size, size)


# ------------------------------------------------------------------ what is refused


def test_the_same_pool_under_another_name(kept_seeds: Engine, tmp_path: Path) -> None:
    first = write_pool(tmp_path / "1.csv", nrc_image())
    second = write_pool(tmp_path / "2.csv", nrc_image())
    with pytest.raises(UsageError, match=r"2\.csv: the same pool is given twice"):
        worked(kept_seeds, first, second)


@pytest.mark.parametrize("column", ["pntgtype", "targetid"])
def test_a_column_that_the_rules_cannot_do_without(
    kept_seeds: Engine, tmp_path: Path, column: str
) -> None:
    pool = write_pool(tmp_path / "pool.csv", without(nrc_image(), column))
    with pytest.raises(PoolError, match=rf"pool\.csv: no column {column.upper()}, .*exposure 1"):
        worked(kept_seeds, pool)


@pytest.mark.parametrize("column", ["subarray", "pupil"])
def test_a_column_that_coronagraphy_cannot_do_without(
    kept_seeds: Engine, tmp_path: Path, column: str
) -> None:
    images = [without(nrc_image(number), column) for number in (1, 2)]
    assert names(worked(kept_seeds, write_pool(tmp_path / "images.csv", *images)))
    images[1]["exp_type"] = "NRC_CORON"
    pool = write_pool(tmp_path / "pool.csv", *images)
    with pytest.raises(PoolError, match=rf"no column {column.upper()}, .*exposure 2 \("):
        worked(kept_seeds, pool)


def test_a_pool_without_exposures_needs_no_column(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text("filename|asn_candidate\n")
    assert names(worked(kept_seeds, str(pool))) == []


def test_a_ruleset_that_is_not_there(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    with pytest.raises(NotFoundError, match="jwst-9"):
        evaluate_pools(kept_seeds, [pool], "jwst-9.9.9")


def test_a_day_before_there_were_rules(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    with pytest.raises(NotFoundError, match="1990-01-01"):
        evaluate_pools(kept_seeds, [pool], as_of=dt.date(1990, 1, 1))


def test_a_ruleset_that_cannot_be_run(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    with pytest.raises((NotFoundError, UsageError), match="2026-03-20"):
        evaluate_pools(kept_seeds, [pool], "2026-03-20")


# ------------------------------------------------------------------ orphans


def orphans_of(engine: Engine, tmp_path: Path, *paths: str) -> EvaluatedPools:
    """Write the exposures that are in no association, and read what was written."""
    pools = worked(engine, *paths)
    target = tmp_path / "orphans.csv"
    save(pools, pools.generation(Wanted()).run().memberships, target, overwrite=False)
    return worked(engine, str(target))


def kept_values(pools: EvaluatedPools, name: str) -> dict[str, str | None]:
    at = names(pools).index(name)
    return {keyword: pools.work.value(at, keyword) for keyword in pools.work.places}


DARK = nrc_image(filename="dark", exp_type="nrc_dark", asn_candidate="null")


def test_orphans_are_the_exposures_in_no_association_in_canonical_order(
    kept_seeds: Engine, tmp_path: Path
) -> None:
    lost = nrc_image(filename="a_lost", asn_candidate="[('c1000', 'mosaic')]")
    pool = write_pool(tmp_path / "pool.csv", nrc_image(), DARK, lost)
    assert names(orphans_of(kept_seeds, tmp_path, pool)) == ["a_lost", "dark"]


def test_orphans_keep_the_values_that_rules_look_at(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(), DARK)
    before = kept_values(worked(kept_seeds, pool), "dark")
    assert kept_values(orphans_of(kept_seeds, tmp_path, pool), "dark") == before


def test_orphans_of_two_pools_have_the_columns_of_both(kept_seeds: Engine, tmp_path: Path) -> None:
    other = {"filename": "other", "is_imprt": "t", **without(DARK, "filename", "exposerr")}
    pools = [write_pool(tmp_path / "1.csv", DARK), write_pool(tmp_path / "2.csv", other)]
    found = orphans_of(kept_seeds, tmp_path, *pools)
    assert names(found) == ["dark", "other"]
    assert (found.work.value(0, "is_imprt"), found.work.value(1, "is_imprt")) == ("null", "t")
    assert found.work.value(1, "band") is None


def test_no_orphans_are_a_pool_without_exposures(kept_seeds: Engine, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    assert names(orphans_of(kept_seeds, tmp_path, pool)) == []


@pytest.mark.parametrize(
    "candidates",
    [
        '[("o001", "mosaic")]',
        "@!fmt_cand([('o001', 'observation')])",
        "#!fmt_cand([('o001', 'observation')])",
        "1",
        "",
        "[('o|1', 'mosaic')]",
    ],
)
def test_orphans_read_again_whatever_their_candidates_look_like(
    kept_seeds: Engine, tmp_path: Path, candidates: str
) -> None:
    cell = f'"{candidates}"' if "|" in candidates else candidates
    pool = write_pool(tmp_path / "pool.csv", DARK | {"asn_candidate": cell})
    found = orphans_of(kept_seeds, tmp_path, pool)
    assert names(found) == ["dark"]
    assert found.work.value(0, "asn_candidate") == (candidates or "null")


def test_orphans_read_again_whatever_a_value_looks_like(kept_seeds: Engine, tmp_path: Path) -> None:
    odd = DARK | {"exposerr": '"a ""quoted"" | text"', "visitype": "it's #1, isn't it"}
    found = orphans_of(kept_seeds, tmp_path, write_pool(tmp_path / "pool.csv", odd))
    assert found.work.value(0, "exposerr") == 'a "quoted" | text'
    assert found.work.value(0, "visitype") == "it's #1, isn't it"


def test_orphans_do_not_replace_a_file(kept_seeds: Engine, tmp_path: Path) -> None:
    pools = worked(kept_seeds, write_pool(tmp_path / "pool.csv", DARK))
    target = tmp_path / "orphans.csv"
    target.write_text("mine")
    with pytest.raises(OutputError, match=r"orphans\.csv: .*--overwrite"):
        save(pools, [0], target, overwrite=False)
    assert target.read_text() == "mine"
    save(pools, [0], target, overwrite=True)
    assert names(worked(kept_seeds, str(target))) == ["dark"]


def test_orphans_in_a_folder_that_is_not_there(kept_seeds: Engine, tmp_path: Path) -> None:
    pools = worked(kept_seeds, write_pool(tmp_path / "pool.csv", DARK))
    with pytest.raises(OutputError, match=r"No such file or directory; name another"):
        save(pools, [0], tmp_path / "nowhere" / "orphans.csv", overwrite=False)


def test_orphans_are_written_in_lines_of_one_exposure_each(
    kept_seeds: Engine, tmp_path: Path
) -> None:
    pools = worked(kept_seeds, write_pool(tmp_path / "pool.csv", DARK, nrc_image()))
    target = tmp_path / "orphans.csv"
    save(pools, [0, 0], target, overwrite=False)
    header, *lines = target.read_text().splitlines()
    assert len(lines) == 2
    assert set(header.split("|")) == set(DARK)
    assert len(read_pool(str(target), ["filename", "asn_candidate"]).rows) == 2
