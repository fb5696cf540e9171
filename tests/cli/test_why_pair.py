"""`asnrules why` of two exposures: why is the other no companion of the first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command
from cli.test_why import cube, niriss, slit, write
from engine.building import Exposure, exposure, image
from labels import TRIED

LINKED = "[('o001', 'observation'), ('c1001', 'background')]"
OTHER = "[('o002', 'observation'), ('c1001', 'background')]"


def ask(run: Command, path: Path, *exposures: Exposure, rules: str = "jwst-3.0.0") -> Any:
    """Ask of the second exposure why it is no companion of the first."""
    pool = write(path / "pool.csv", *exposures)
    names = [one["filename"] for one in exposures[:2]]
    return run("why", pool, *names, "--ruleset", rules, "--format", "json").json


def obstacles(one: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(one["keyword"], one["found"], one["science"]) for one in one["obstacles"]]


def background(**values: str) -> Exposure:
    return cube("sky_uncal.fits", targetid="9", **({"bkgdtarg": "t"} | values))


def test_a_background_of_another_grating(asnrules: Command, tmp_path: Path) -> None:
    science = cube("cube_uncal.fits", asn_candidate=LINKED)
    found = ask(asnrules, tmp_path, science, background(asn_candidate=OTHER, grating="g140h"))
    nearest = found["nearest"][0]
    assert (found["science"], found["other"]) == ("cube_uncal.fits", "sky_uncal.fits")
    assert found["together"] == found["left_out"] == found["takes_none"] == []
    assert (nearest["exptype"], nearest["asn_rule"], nearest["candidate"]) == (
        "background",
        "Asn_Lv2Spec",
        "c1001",
    )
    assert obstacles(nearest) == [("GRATING", "g140h", "g395h")]
    assert "GRATING g140h, wanted g395h" in nearest["text"]


def test_a_background_without_a_grating(asnrules_on_file: Command, tmp_path: Path) -> None:
    science = cube("cube_uncal.fits", asn_candidate=LINKED)
    found = ask(asnrules_on_file, tmp_path, science, background(asn_candidate=OTHER, grating=""))
    assert obstacles(found["nearest"][0]) == [("GRATING", "null", "g395h")]
    assert "GRATING not given, wanted g395h" in found["nearest"][0]["text"]


def test_the_nearest_background_may_be_one_that_is_not_linked(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    science = cube("cube_uncal.fits", asn_candidate=LINKED)
    alone = "[('o002', 'observation')]"
    other = background(asn_candidate=alone, grating="g140h")
    far = background(asn_candidate=alone, grating="g140h", filter="f100lp")
    pool = write(tmp_path / "pool.csv", science, far | {"filename": "far_uncal.fits"}, other)
    told = asnrules_on_file("why", pool, "cube").out
    assert (
        "Asn_Lv2Spec, background: the nearest is sky_uncal.fits: its GRATING is g140h, here g395h; "
        "and the observations are not linked" in told
    )
    assert "far_uncal" not in told


def test_an_imprint_of_what_did_not_come_about(asnrules_on_file: Command, tmp_path: Path) -> None:
    science = cube("cube_uncal.fits", asn_candidate=LINKED)
    found = ask(asnrules_on_file, tmp_path, science, background(asn_candidate=OTHER, is_imprt="t"))
    assert found["nearest"] == []
    (left_out,) = found["left_out"]
    assert (left_out["asn_rule"], left_out["candidate"]) == ("Asn_Lv2Spec", "c1001")
    assert left_out["reason"] == "candidate c1001 has no background for it"


@pytest.mark.parametrize("label", TRIED)
def test_a_background_of_another_band_by_each_ruleset(
    asnrules_on_file: Command, tmp_path: Path, label: str
) -> None:
    mrs = {"instrume": "miri", "detector": "mirifushort", "channel": "12", "mostilno": "1"}
    science = exposure("mrs_uncal.fits", "mir_mrs", **mrs, band="short", asn_candidate=LINKED)
    sky = science | {"filename": "sky_uncal.fits", "asn_candidate": OTHER}
    found = ask(
        asnrules_on_file, tmp_path, science, sky | {"bkgdtarg": "t", "band": "long"}, rules=label
    )
    nearest = next(one for one in found["nearest"] if one["exptype"] == "background")
    assert obstacles(nearest) == [("BAND", "long", "short")]


def test_a_rule_that_takes_no_background(asnrules_on_file: Command, tmp_path: Path) -> None:
    science = image("image_uncal.fits", asn_candidate=LINKED)
    sky = image("sky_uncal.fits", asn_candidate=OTHER, bkgdtarg="t")
    found = ask(asnrules_on_file, tmp_path, science, sky, rules="jwst-1.2.0")
    assert [one["asn_rule"] for one in found["takes_none"]] == ["Asn_Lv2Image"]
    assert ask(asnrules_on_file, tmp_path, science, sky)["together"] != []


def test_a_background_that_no_candidate_links(asnrules_on_file: Command, tmp_path: Path) -> None:
    sky = background(asn_candidate="[('o002', 'observation')]")
    nearest = ask(asnrules_on_file, tmp_path, cube("cube_uncal.fits"), sky)["nearest"][0]
    assert (nearest["candidate"], nearest["obstacles"]) == (None, [])
    assert nearest["asn_name"] == "jw00001-o001_spec2_00001_asn"
    assert "the observations are not linked" in nearest["text"]


def test_a_time_series_takes_no_background(asnrules_on_file: Command, tmp_path: Path) -> None:
    science = cube("cube_uncal.fits", asn_candidate=LINKED, tsovisit="t")
    sky = background(asn_candidate=OTHER, tsovisit="t")
    found = ask(asnrules_on_file, tmp_path, science, sky)
    assert found["nearest"] == []
    (none,) = found["takes_none"]
    assert (none["asn_rule"], none["exptype"]) == ("Asn_Lv2SpecTSO", "background")
    assert "it is a time-series science exposure (TSOVISIT t)" in none["text"]
    told = asnrules_on_file("why", str(tmp_path / "pool.csv"), "cube").out
    assert f"candidate c1001 has no background for it: {none['text']}" in told


def test_an_imprint_that_another_fits_better_than(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    exposures = [
        cube("cube_uncal.fits", dithptin="1"),
        cube("imprint2_uncal.fits", dithptin="2", is_imprt="t"),
        cube("imprint1_uncal.fits", dithptin="1", is_imprt="t"),
    ]
    found = ask(asnrules_on_file, tmp_path, *exposures)
    (left_out,) = found["left_out"]
    assert "its DITHPTIN is 2, that of the science 1" in left_out["reason"]
    assert found["nearest"] == []


def test_an_imprint_of_another_tile(asnrules_on_file: Command, tmp_path: Path) -> None:
    imprint = cube("imprint_uncal.fits", mostilno="2", is_imprt="t")
    found = ask(asnrules_on_file, tmp_path, cube("cube_uncal.fits"), imprint)
    assert found["nearest"][0]["exptype"] == "imprint"
    assert obstacles(found["nearest"][0]) == [("MOSTILNO", "2", "1")]


@pytest.mark.parametrize("label", TRIED)
def test_an_imprint_of_another_grating_by_each_ruleset(
    asnrules_on_file: Command, tmp_path: Path, label: str
) -> None:
    imprint = cube("imprint_uncal.fits", is_imprt="t", grating="g140h")
    found = ask(asnrules_on_file, tmp_path, cube("cube_uncal.fits"), imprint, rules=label)
    nearest = next(one for one in found["nearest"] if one["exptype"] == "imprint")
    assert obstacles(nearest) == [("GRATING", "g140h", "g395h")]


def test_nods(asnrules_on_file: Command, tmp_path: Path) -> None:
    nods = slit("nod1_uncal.fits", "1"), slit("nod2_uncal.fits", "2")
    found = ask(asnrules_on_file, tmp_path, *nods)
    assert sorted((one["exptype"], one["other"]) for one in found["together"]) == [
        ("background", "science"),
        ("science", "background"),
    ]
    assert found["nearest"] == []
    found = ask(asnrules_on_file, tmp_path, nods[0], slit("nod2_uncal.fits", "1"))
    assert [("PATT_NUM 1" in one["reason"]) for one in found["left_out"]] == [True]
    found = ask(asnrules_on_file, tmp_path, nods[0], nods[1] | {"fxd_slit": "s200a2"})
    assert ("FXD_SLIT", "s200a2", "s200a1") in obstacles(found["nearest"][0])


def test_a_direct_image(asnrules_on_file: Command, tmp_path: Path) -> None:
    grism = niriss("grism_uncal.fits", "nis_wfss", "gr150r")
    direct = niriss("direct_uncal.fits", "nis_image", "clear")
    found = ask(asnrules_on_file, tmp_path, grism, direct)
    assert "what is made of the direct images stands for it" in found["left_out"][0]["reason"]
    found = ask(asnrules_on_file, tmp_path, grism, direct | {"pupil": "f200w"})
    nearest = next(one for one in found["nearest"] if one["exptype"] == "direct_image")
    assert obstacles(nearest) == [("PUPIL", "f200w", "f150w")]


def test_the_science_may_be_named_second(asnrules_on_file: Command, tmp_path: Path) -> None:
    sky = background(asn_candidate=OTHER, grating="g140h")
    found = ask(asnrules_on_file, tmp_path, sky, cube("cube_uncal.fits", asn_candidate=LINKED))
    assert (found["science"], found["other"]) == ("cube_uncal.fits", "sky_uncal.fits")
    assert obstacles(found["nearest"][0]) == [("GRATING", "g140h", "g395h")]


def test_one_exposure_twice(asnrules_on_file: Command, tmp_path: Path) -> None:
    pool = write(tmp_path / "pool.csv", cube("cube_uncal.fits"))
    result = asnrules_on_file("why", pool, "cube_uncal.fits", "cube_rate.fits")
    result.assert_error(2, "cube_uncal.fits", "name another exposure")


@pytest.mark.parametrize("name", ["o001", "not linked", "imprint"])
def test_the_text_says_what_the_document_says(
    asnrules_on_file: Command, tmp_path: Path, name: str
) -> None:
    sky = {
        "o001": background(grating="g140h"),
        "not linked": background(asn_candidate="[('o002', 'observation')]"),
        "imprint": cube("sky_uncal.fits", is_imprt="t"),
    }[name]
    found = ask(asnrules_on_file, tmp_path, cube("cube_uncal.fits"), sky)
    told = asnrules_on_file("why", str(tmp_path / "pool.csv"), "cube", "sky")
    told.assert_fine()
    for one in found["nearest"]:
        assert one["text"] in told.out
    for one in found["together"]:
        assert one["asn_name"] in told.out


def test_a_class_that_is_no_companion_is_said_to_be_none(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    lamp = image("led_uncal.fits") | {"exp_type": "nrc_led"}
    found = ask(asnrules_on_file, tmp_path, image("image_uncal.fits"), lamp)
    assert [one["text"] for one in found["takes_none"]] == [
        "no rule takes an exposure of class engineering as a companion"
    ]


def test_a_flag_that_another_rule_wants_is_named_with_what_would_do_for_it(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    lrs = {"instrume": "miri", "detector": "mirimage", "filter": "p750l"}
    science = exposure("lrs_uncal.fits", "mir_lrs-slitless", **lrs)
    found = ask(
        asnrules_on_file, tmp_path, science, science | {"filename": "b_uncal.fits", "is_imprt": "t"}
    )
    assert [one["text"].partition("science: ")[2] for one in found["takes_none"]] == [
        "BKGDTARG not given, wanted: t, or IS_PSF t"
    ]
