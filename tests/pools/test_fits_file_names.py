"""Folders as they are downloaded: each exposure once, and everything else left alone by name."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.errors import PoolError
from asnrules.pools.fits.file_names import OTHERS, STARTS, listed_as, other_products, sort_out
from asnrules.pools.fits.pool import make_pool
from asnrules.pools.inputs import gather
from pools.fits_files import write_fits
from seeds import seed

ROOT = "jw01234004001_03101_00001_nrcblong"
PRODUCTS = [*STARTS, "cal", "i2d", "x1d", "s2d", "crf", "trapsfilled", "newproduct"]
AROUND = {
    "jw01234-o004_t001_nircam_clear-f444w_i2d.fits": "products of Stage 3",
    "jw01234-o004_t001_nircam_clear-f444w_segm.fits": "products of Stage 3",
    "jw01234-c1001_s00012_nirspec_f290lp-g395m_x1d.fits": "products of Stage 3",
    "jw01234004001_gs-track_2022190123456_cal.fits": "guide-star files",
    "jw01234004001_gs-acq1_2022190123456_uncal.fits": "guide-star files",
    "jw01234001001_01_msa.fits": "MSA metadata files",
    "jw01234-o004_20221101t000000_image2_00001_asn.json": "no exposures",
    "jw01234-o004_t001_nircam_clear-f444w_cat.ecsv": "no exposures",
    "jw01234004001_03101_00001_nrcblong_cal.jpg": "no exposures",
    "MANIFEST.HTML": "no exposures",
}


def names_of(products: list[str], root: str = ROOT) -> list[str]:
    return [f"{root}_{product}.fits" for product in products]


def listed(*files: str) -> list[str]:
    return [one.name for one in sort_out(files).exposures]


@pytest.mark.parametrize(
    ("starts", "wanted", "expected"),
    [
        ("uncal", "", "uncal"), ("rate", "", "rate"), ("rateints", "", "rateints"),
        ("uncal rate", "", "uncal"), ("uncal rateints", "", "uncal"),
        ("rate rateints", "", "uncal"), ("uncal rate rateints", "", "uncal"),
        ("uncal", "rate", "uncal"), ("uncal", "rateints", "uncal"),
        ("uncal rate", "rate", "rate"), ("uncal rate rateints", "rate", "rate"),
        ("uncal rate rateints", "rateints", "rateints"), ("rate rateints", "rateints", "rateints"),
        ("rate rateints", "rate", "rate"), ("uncal rateints", "rateints", "rateints"),
        # What Stage 1 has yet to make, or the rules choose by what goes with the exposure.
        ("uncal rate", "rateints", "uncal"), ("uncal rateints", "rate", "uncal"),
        ("uncal rate rateints", "rate rateints", "uncal"),
        ("rate rateints", "rate rateints", "uncal"),
        ("rate", "rateints", "rate"), ("rateints", "rate", "rateints"),
    ],
)  # fmt: skip
def test_each_exposure_is_listed_once(starts: str, wanted: str, expected: str) -> None:
    others = [one for one in PRODUCTS if one not in STARTS]
    products = starts.split()
    (exposure,) = sort_out(names_of([*others, *products])).exposures
    assert exposure.path == f"{ROOT}_{products[0]}.fits"
    listed = listed_as(exposure, wanted.split())
    assert listed.name == f"{ROOT}_{expected}.fits"
    (note,) = other_products([listed])
    assert note.startswith("left alone, as other products of the same exposures")
    left = {*names_of([*others, *products])} - {listed.name}
    assert set(note.split(": ")[1].split(", ")) == left


@pytest.mark.parametrize("name", AROUND)
def test_what_is_around_is_left_alone_and_named(name: str) -> None:
    found = sort_out([name, *names_of(["uncal"])])
    assert [one.name for one in found.exposures] == names_of(["uncal"])
    assert found.notes == [f"left alone, as {AROUND[name]}: {name}"]


@pytest.mark.parametrize("product", [one for one in PRODUCTS if one not in STARTS])
def test_a_product_alone_is_no_science(product: str, tmp_path: Path) -> None:
    path = write_fits(tmp_path / f"{ROOT}_{product}.fits")
    with pytest.raises(PoolError, match="there is none that Stage 2 starts from") as caught:
        make_pool([path])
    assert f"{ROOT}_{product}.fits" in caught.value.details[0]


def test_names_that_say_nothing_are_exposures() -> None:
    names = ["mine.fits", "b_c.fits", "a_uncal.fits", "a_b.fits", "2_rate.fits"]
    assert sorted(listed(*names)) == sorted(names)
    assert listed("a_rate.fits", "a_cal.fits", "A_I2D.fits", "b_cal.fits") == ["a_rate.fits"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, "rate"), ({"TSOVISIT": True}, "rateints"), ({"EXP_TYPE": "NRC_DARK"}, "uncal")],
)
def test_the_rules_say_what_stage_2_starts_from(
    changes: dict[str, object], expected: str, tmp_path: Path
) -> None:
    products = [*STARTS, "cal", "i2d"]
    paths = [write_fits(tmp_path / name, **changes) for name in names_of(products)]
    made = make_pool(paths, ruleset=seed())
    (row,) = csv.DictReader(io.StringIO(b"".join(made.source.blocks()).decode()), delimiter="|")
    assert row["filename"] == f"{ROOT}_{expected}.fits"
    left = [one for one in products if one != expected]
    assert set(made.notes[0].split(": ")[1].split(", ")) == set(names_of(left))


@pytest.mark.parametrize(("series", "there"), [(True, "rate"), (False, "rateints")])
def test_a_product_that_is_not_there_is_named(series: bool, there: str, tmp_path: Path) -> None:
    wanted = "rateints" if series else "rate"
    path = write_fits(tmp_path / names_of([there])[0], TSOVISIT=series)
    made = make_pool([path], ruleset=seed())
    assert made.notes[0] == (
        f"the {wanted} files, from which Stage 2 starts, are missing of the exposures listed as "
        f"{names_of([there])[0]}; get them, or the uncal files"
    )
    uncal = write_fits(tmp_path / names_of(["uncal"])[0], TSOVISIT=series)
    assert not any("missing" in note for note in make_pool([path, uncal]).notes)


def test_parts_of_a_long_exposure_are_exposures() -> None:
    parts = [f"jw01366002001_04101_00001-seg00{part}_nrs1" for part in (1, 2)]
    names = [name for part in parts for name in names_of(["uncal", "rateints", "calints"], part)]
    assert listed(*names) == [f"{part}_uncal.fits" for part in parts]


def test_packed_files_are_told_by_the_same_names() -> None:
    assert listed(f"x/{ROOT}_cal.fits.gz", f"y/{ROOT}_RATE.fits.gz") == [f"{ROOT}_RATE.fits"]


def test_a_pool_is_no_product_by_its_name(tmp_path: Path) -> None:
    uncal = write_fits(tmp_path / names_of(["uncal"])[0])
    for name in (f"{ROOT}_pool.csv", "jw01234-o001_pool.csv", "x_cal.csv"):
        assert gather([name, uncal]).sources[0] == name


def test_many_files_are_counted() -> None:
    names = [f"jw01234004001_03101_{number:05}_nrcb1_cal.fits" for number in range(50)]
    (note,) = sort_out(names).notes
    assert note.endswith("_00019_nrcb1_cal.fits and 30 more")


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from(PRODUCTS), st.booleans()), max_size=12,
        unique_by=lambda one: one[:2],
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_any_folder_lists_each_exposure_that_can_be_worked_once(
    files: list[tuple[int, str, bool]], order: object
) -> None:
    names = [
        f"jw01234004001_03101_{number:05}_nrcb1_{product}.fits{'.gz' if packed else ''}"
        for number, product, packed in files
    ]
    order.shuffle(names)  # type: ignore[attr-defined]
    found = sort_out(names)
    expected = {number for number, product, _ in files if product in STARTS}
    assert [int(one.name.split("_")[2]) for one in found.exposures] == sorted(expected)
    exposures = [listed_as(one, ["rate"]) for one in found.exposures]
    said = "".join([*found.notes, *other_products(exposures)])
    taken = {one.name for one in exposures}
    assert all(
        name.removesuffix(".gz") in taken or name.removesuffix(".gz") in said for name in names
    )
    assert not set(OTHERS) & {one.name.rpartition("_")[2] for one in found.exposures}


def test_a_pattern_fits_any_file_of_the_exposure(tmp_path: Path) -> None:
    from asnrules.pools.fits.declared import Declarations

    paths = [write_fits(tmp_path / name) for name in names_of(["uncal", "rate"])]
    made = make_pool(paths, Declarations(keywords=["*_rate.fits:PATT_NUM=7"]))
    (row,) = csv.DictReader(io.StringIO(b"".join(made.source.blocks()).decode()), delimiter="|")
    assert (row["filename"], row["patt_num"]) == (f"{ROOT}_uncal.fits", "7")


def test_what_lies_beside_is_left_alone_only_beside_fits_files(tmp_path: Path) -> None:
    name = tmp_path / "jw01234-o004_image2_00001_asn.json"
    name.write_text("{}")
    uncal = write_fits(tmp_path / names_of(["uncal"])[0])
    found = gather([str(name), uncal])
    assert len(found.sources) == 1
    assert found.notes[0] == f"left alone, as no exposures: {name.name}"
    assert gather([str(name)]).sources == [str(name)]
