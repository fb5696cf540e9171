"""Names of members, products and associations."""

from __future__ import annotations

import json

import pytest

from asnrules.engine.exposures import member_name
from asnrules.engine.naming import association_name, product_name
from asnrules.util.text import program_name
from engine.building import Exposure, coronagraph, exposure, generated, image, ruleset

# Members


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a_uncal.fits", "a_rate.fits"),
        ("a_uncal.fits.gz", "a_rate.fits.gz"),
        ("folder/a_uncal.fits", "folder/a_rate.fits"),
        ("a_uncal_uncal.fits", "a_uncal_rate.fits"),
        ("a_uncal.fits_uncal.fits", "a_uncal.fits_rate.fits"),
    ],
)
def test_the_last_uncal_of_a_file_name_becomes_rate(filename: str, expected: str) -> None:
    assert member_name(filename, rateints=False) == expected
    assert member_name(filename, rateints=True) == expected.replace("_rate.", "_rateints.")


@pytest.mark.parametrize(
    "filename",
    ["a_rate.fits", "a_cal.fits", "a.fits", "a_uncal", "a_uncal.", "uncal.fits", "_uncal.fits", ""],
)
@pytest.mark.parametrize("rateints", [False, True])
def test_any_other_file_name_stays(filename: str, rateints: bool) -> None:
    assert member_name(filename, rateints=rateints) == filename


def member_suffixes(*exposures: Exposure) -> dict[str, set[str]]:
    """Give the suffixes with which the exposures are members, by rule."""
    found: dict[str, set[str]] = {}
    for one in generated(exposures).associations:
        for member in one.products[0].members:
            suffix = member.expname.removesuffix(".fits").rpartition("_")[2]
            found.setdefault(one.asn_rule.removeprefix("Asn_"), set()).add(suffix)
    return found


def infrared(exp_type: str, **values: str) -> Exposure:
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "f1065c", "subarray": "full"}
    return exposure("a_uncal.fits", exp_type, **(optics | values))


def test_an_image_is_a_rate_product() -> None:
    assert member_suffixes(image("a_uncal.fits")) == {"Lv2Image": {"rate"}}


@pytest.mark.parametrize("exp_type", ["mir_4qpm", "mir_lyot", "nis_ami"])
def test_coronagraphs_and_interferometry_are_rateints_products(exp_type: str) -> None:
    assert member_suffixes(infrared(exp_type)) == {"Lv2Image": {"rateints"}}


def test_a_time_series_is_a_rateints_product() -> None:
    series = image("a_uncal.fits", tsovisit="t")
    assert member_suffixes(series) == {"Lv2ImageTSO": {"rateints"}}


def test_only_t_makes_a_time_series() -> None:
    odd = image("a_uncal.fits", tsovisit="y")
    assert member_suffixes(odd) == {"Lv2Image": {"rate"}}


@pytest.mark.parametrize(
    ("exp_type", "values", "rule"),
    [
        ("nrc_tsimage", {"filter": "f200w", "pupil": "clear"}, "Lv2ImageTSO"),
        ("nrc_tsgrism", {"filter": "f444w", "pupil": "grismr"}, "Lv2SpecTSO"),
        (
            "nrs_brightobj",
            {"filter": "clear", "grating": "prism", "detector": "nrs1", "fxd_slit": "s1600a1"},
            "Lv2SpecTSO",
        ),
    ],
)
def test_some_types_are_rateints_products_without_the_flag(
    exp_type: str, values: Exposure, rule: str
) -> None:
    optics = {"instrume": "nircam", "detector": "nrcalong", "subarray": "sub"} | values
    assert member_suffixes(exposure("a_uncal.fits", exp_type, **optics)) == {rule: {"rateints"}}


@pytest.mark.parametrize("exp_type", ["mir_tacq", "nrs_wata", "nrs_verify", "nrc_taconfirm"])
def test_an_acquisition_is_a_rate_product_even_in_a_time_series(exp_type: str) -> None:
    found = member_suffixes(infrared(exp_type, tsovisit="t"))
    assert found == {"Lv2ImageNonScience": {"rate"}}


def test_another_pointing_than_science_is_a_rate_product() -> None:
    pointed = infrared("mir_lyot", pntgtype="target_acquisition", tsovisit="t")
    found = member_suffixes(pointed)
    assert found == {"Lv2ImageNonScience": {"rate"}}


@pytest.mark.parametrize(
    ("pupil", "detector", "occulted"),
    [
        ("maskbar", "nrca1", False),
        ("maskbar", "nrca2", False),
        ("maskbar", "nrca3", False),
        ("maskbar", "nrca4", True),
        ("maskbar", "nrcalong", True),
        ("maskrnd", "nrca1", False),
        ("maskrnd", "nrca2", True),
        ("maskrnd", "nrca3", False),
        ("maskrnd", "nrca4", False),
        ("maskrnd", "nrcalong", True),
    ],
)
def test_full_frame_coronagraphy_is_rateints_where_the_target_is_occulted_and_rate_as_well(
    pupil: str, detector: str, occulted: bool
) -> None:
    found = member_suffixes(coronagraph("a_uncal.fits", pupil=pupil, detector=detector))
    both = {"Lv2Image": {"rateints"}, "Lv2CoronAsRate": {"rate"}}
    assert found == (both if occulted else {"Lv2Image": {"rate"}})


@pytest.mark.parametrize("detector", ["nrca1", "nrca2", "nrca4"])
def test_subarray_coronagraphy_is_rateints_only(detector: str) -> None:
    found = member_suffixes(coronagraph("a_uncal.fits", subarray="sub320", detector=detector))
    assert found == {"Lv2Image": {"rateints"}}


# Products


@pytest.mark.parametrize(
    ("expname", "expected"),
    [
        ("jw00001001001_02101_00001_nrca1_rate.fits", "jw00001001001_02101_00001_nrca1"),
        ("jw00001001001_02101_00001_nrca1_rateints.fits", "jw00001001001_02101_00001_nrca1"),
        ("a-rate.fits", "a"),
        ("a_rate_rate.fits", "a_rate"),
        ("a-cal_rate.fits", "a-cal"),
        ("a_assign_wcs.fits", "a"),
        ("a_wcs.fits", "a_wcs"),
        ("a_xrate.fits", "a_xrate"),
        ("arate.fits", "arate"),
        ("a.b_rate.fits", "a.b"),
        ("a_rate", "a"),
        ("rate.fits", "rate"),
        ("_rate.fits", "_rate"),
        ("folder/a_rate.fits", "folder/a"),
        ("/top_rate/a_b.fits", "/top_rate/a_b"),
    ],
)
def test_a_product_is_named_by_its_science_less_one_suffix(expname: str, expected: str) -> None:
    assert product_name(expname, ruleset().suffixes) == expected


def test_a_product_is_named_by_the_science_not_by_the_background() -> None:
    pool = [image("a_uncal.fits", bkgdtarg="t"), image("b_uncal.fits")]
    found = {one.asn_rule: one.products[0].name for one in generated(pool).associations}
    assert found == {"Asn_Lv2Image": "b", "Asn_Lv2ImageSpecial": "a"}


# Associations


@pytest.mark.parametrize(
    ("program", "sequence", "version_id", "expected"),
    [
        ("00001", 1, None, "jw00001-o001_image2_00001_asn"),
        ("12345", 99999, None, "jw12345-o001_image2_99999_asn"),
        ("12345", 123456, None, "jw12345-o001_image2_123456_asn"),
        ("00001", 7, "20260714T120000", "jw00001-o001_20260714t120000_image2_00007_asn"),
        ("00001", 7, "", "jw00001-o001_image2_00007_asn"),
    ],
)
def test_the_name_of_an_association(
    program: str, sequence: int, version_id: str | None, expected: str
) -> None:
    assert association_name(program, "o001", "image2", sequence, version_id) == expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [("1", "00001"), ("00001", "00001"), ("12345", "12345"), ("123456", "123456"), ("ab", "000ab")],
)
def test_a_program_has_at_least_five_characters(program: str, expected: str) -> None:
    assert program_name(program) == expected


def test_the_version_is_in_name_and_file() -> None:
    (one,) = generated([image("a_uncal.fits")], version_id="V1").associations
    assert one.asn_name == "jw00001-o001_v1_image2_00001_asn"
    assert json.loads(one.text("test"))["version_id"] == "V1"
