"""Grism exposures: direct images give way to what is made of them."""

from __future__ import annotations

import pytest

from engine.building import Exposure, exposure, generated, summary

PARALLEL = {"asn_candidate": "[('c1001', 'direct_image')]"}


def niriss(filename: str, exp_type: str, number: str, **values: str) -> Exposure:
    optics = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    return exposure(filename, exp_type, **(optics | {"expspcin": number} | values))


def grism(filename: str, number: str = "1", **values: str) -> Exposure:
    """Give a NIRISS grism exposure, by its number in the sequence of exposures."""
    return niriss(filename, "nis_wfss", number, **({"filter": "gr150r"} | values))


def direct(filename: str, number: str = "1", filter_: str = "clear", **values: str) -> Exposure:
    """Give a NIRISS image, by its number; its filter tells which one is chosen."""
    return niriss(filename, "nis_image", number, **({"filter": filter_} | values))


def members(*pool: Exposure) -> list[list[str]]:
    """Give the members of each association of a grism rule."""
    found = summary(generated(pool).associations)
    return sorted(members for _, rule, members in found if rule.startswith("Asn_Lv2WFSS"))


def roots(*pool: Exposure) -> dict[str, str]:
    """Give for each science the name that its three products begin with."""
    found = {}
    for science, *others in members(*pool):
        (image,) = (one for one in others if one.endswith(" direct_image"))
        found[science.split()[0]] = image.removesuffix("_i2d.fits direct_image")
    return found


def optics(*pool: Exposure) -> dict[str, str]:
    """Give for each science the optics in the names of its products."""
    return {name: root.rpartition("_")[2] for name, root in roots(*pool).items()}


# What stands for the direct images


def test_direct_images_are_replaced_by_three_products() -> None:
    assert members(grism("a_uncal.fits"), direct("b_uncal.fits")) == [
        [
            "a_rate.fits science",
            "jw00001-o001_t007_niriss_clear-f150w_i2d.fits direct_image",
            "jw00001-o001_t007_niriss_clear-f150w_cat.ecsv sourcecat",
            "jw00001-o001_t007_niriss_clear-f150w_segm.fits segmap",
        ]
    ]


def test_the_products_have_no_error_and_are_no_exposures() -> None:
    pool = [grism("a", exposerr="null"), direct("b", exposerr="saturated")]
    (made,) = (one for one in generated(pool).associations if "WFSS" in one.asn_rule)
    assert [(one.exposerr, one.exposure) for one in made.products[0].members] == [
        ("null", 0),
        (None, None),
        (None, None),
        (None, None),
    ]


def test_each_grism_exposure_has_an_association_with_the_same_products() -> None:
    found = roots(grism("a"), direct("b"), grism("c"), direct("d"))
    assert found == dict.fromkeys("ac", "jw00001-o001_t007_niriss_clear-f150w")


def test_the_direct_image_is_an_image_of_its_own_as_well() -> None:
    outcome = generated([grism("a"), direct("b")])
    assert ("Asn_Lv2Image", ["b science"]) in [
        (rule, found) for _, rule, found in summary(outcome.associations)
    ]
    assert outcome.memberships == [1, 1]


def test_a_background_image_is_no_direct_image() -> None:
    assert members(grism("a"), direct("b", bkgdtarg="t")) == []


def test_a_background_stays_beside_the_products() -> None:
    (found,) = members(grism("a"), direct("b"), grism("c", bkgdtarg="t"))
    assert [one.split()[1] for one in found] == [
        "science",
        "background",
        "direct_image",
        "sourcecat",
        "segmap",
    ]


# The chosen one


def test_the_next_direct_image_after_the_science_is_chosen() -> None:
    pool = [grism("a", "4"), direct("b", "9", "f9"), direct("c", "6", "f6"), direct("d", "2", "f2")]
    assert optics(*pool) == {"a": "f150w-f6"}


def test_one_of_the_same_number_does_not_come_after() -> None:
    pool = [grism("a", "4"), direct("b", "4", "f4"), direct("c", "5", "f5")]
    assert optics(*pool) == {"a": "f150w-f5"}


def test_each_science_has_its_own_next_one() -> None:
    pool = [grism("a", "1"), direct("b", "2", "f2"), grism("c", "3"), direct("d", "4", "f4")]
    assert optics(*pool) == {"a": "f150w-f2", "c": "f150w-f4"}


def test_numbers_are_compared_as_numbers() -> None:
    pool = [grism("a", "8"), direct("b", "9", "f9"), direct("c", "10", "f10")]
    assert optics(*pool) == {"a": "f150w-f9"}
    pool = [grism("a", "9"), direct("b", "11", "f11"), direct("c", "10", "f10")]
    assert optics(*pool) == {"a": "f10-f150w"}


def test_of_those_as_near_the_first_is_chosen() -> None:
    pool = [grism("a", "1"), direct("b", "2", "f4"), direct("c", "2", "f2")]
    assert optics(*pool) == {"a": "f150w-f4"}


def test_the_first_is_the_first_from_the_creating_exposure_on() -> None:
    directs = [direct("b", "5", "f2"), direct("d", "5", "f4"), direct("f", "5", "f6")]
    pool = [*directs, grism("c", "1"), grism("e", "1")]
    assert optics(*pool) == {"c": "f150w-f2", "e": "f150w-f6"}


def test_if_none_comes_after_the_first_is_chosen() -> None:
    pool = [grism("a", "9"), direct("b", "2", "f2"), direct("c", "3", "f3")]
    assert optics(*pool) == {"a": "f150w-f2"}


@pytest.mark.parametrize("number", ["null", "none", "1.5", "x"])
def test_a_science_without_a_number_has_the_first(number: str) -> None:
    pool = [grism("a", number), direct("b", "9", "f9"), direct("c", "2", "f2")]
    assert optics(*pool) == {"a": "f150w-f9"}


@pytest.mark.parametrize("number", ["null", "none", "2.5", "x"])
def test_a_direct_image_without_a_number_is_passed_over(number: str) -> None:
    pool = [grism("a", "1"), direct("b", number, "f2"), direct("c", "3", "f3")]
    assert optics(*pool) == {"a": "f150w-f3"}


def test_if_no_direct_image_has_a_number_the_first_is_chosen() -> None:
    pool = [grism("a", "1"), direct("b", "x", "f2"), direct("c", "null", "f3")]
    assert optics(*pool) == {"a": "f150w-f2"}


# Names


def test_a_subarray_of_niriss_is_in_the_name() -> None:
    sub = {"subarray": "wfss128r"}
    assert roots(grism("a", **sub), direct("b", **sub)) == {
        "a": "jw00001-o001_t007_niriss_clear-f150w-wfss128r"
    }


def test_punctuation_of_keys_is_escaped_in_the_name() -> None:
    values = {"subarray": "sub-1", "targetid": "a.b"}
    found = roots(grism("a_uncal.fits", **values), direct("b_uncal.fits", **values))
    assert found == {"a_rate.fits": r"jw00001-o001_ta\.b_niriss_clear-f150w-sub\-1"}


def test_nircam_is_named_by_filter_and_pupil_of_the_direct_image_without_a_subarray() -> None:
    place = {"instrume": "nircam", "detector": "nrcalong", "subarray": "sub320", "filter": "f444w"}
    pool = [
        exposure("a", "nrc_wfss", **place, pupil="grismr"),
        exposure("b", "nrc_image", **place, pupil="clear"),
    ]
    assert roots(*pool) == {"a": "jw00001-o001_t007_nircam_clear-f444w"}


def test_miri_is_named_by_the_filter_alone() -> None:
    place = {"instrume": "miri", "detector": "mirimage", "subarray": "full"}
    pool = [
        exposure("a", "mir_wfss", **place, filter="p750l"),
        exposure("b", "mir_image", **place, filter="f560w", pupil="p1", grating="g1"),
    ]
    assert roots(*pool) == {"a": "jw00001-o001_t007_miri_f560w"}


def test_optics_are_sorted() -> None:
    pool = [grism("a"), direct("b", filter_="zz")]
    assert optics(*pool) == {"a": "f150w-zz"}


def test_a_band_stands_in_for_the_filter() -> None:
    assert optics(grism("a"), direct("b", filter_="n/a", band="short")) == {"a": "f150w-short"}


def test_a_grating_stands_in_for_the_pupil() -> None:
    place = {"instrume": "nircam", "detector": "nrcalong", "filter": "f444w"}
    pool = [
        exposure("a", "nrc_wfss", **place, pupil="grismr"),
        exposure("b", "nrc_image", **place, grating="g5"),
    ]
    assert roots(*pool) == {"a": "jw00001-o001_t007_nircam_f444w-g5"}


@pytest.mark.parametrize(("target", "written"), [("7", "007"), ("42", "042"), ("1234", "1234")])
def test_the_target_has_three_digits(target: str, written: str) -> None:
    pool = [grism("a", targetid=target), direct("b", targetid=target)]
    assert roots(*pool) == {"a": f"jw00001-o001_t{written}_niriss_clear-f150w"}


def test_the_program_has_five_digits() -> None:
    pool = [grism("a", program="321"), direct("b", program="321")]
    assert roots(*pool) == {"a": "jw00321-o001_t007_niriss_clear-f150w"}


def test_a_background_candidate_is_in_the_name() -> None:
    candidate = {"asn_candidate": "[('c1000', 'background')]"}
    pool = [grism("a"), direct("b"), grism("c", bkgdtarg="t")]
    assert roots(*[one | candidate for one in pool]) == {
        "a": "jw00001-c1000_t007_niriss_clear-f150w"
    }


# Keys


@pytest.mark.parametrize(
    "other",
    [{"program": "2"}, {"targetid": "8"}, {"pupil": "f200w"}, {"subarray": "sub64"}],
)
def test_a_niriss_image_with_another_key_is_no_direct_image(other: Exposure) -> None:
    assert members(grism("a"), direct("b") | other) == []


@pytest.mark.parametrize("other", [{"filter": "f9"}, {"detector": "nis2"}, {"obs_id": "v2"}])
def test_a_niriss_image_may_differ_in_everything_else(other: Exposure) -> None:
    assert len(members(grism("a"), direct("b") | other)) == 1


@pytest.mark.parametrize("other", [{"exp_type": "nrc_image"}, {"instrume": "nircam"}])
def test_an_image_of_another_instrument_is_no_direct_image(other: Exposure) -> None:
    assert members(grism("a"), direct("b") | other) == []


# Without a direct image, or without a science


def test_without_a_direct_image_there_is_no_association() -> None:
    outcome = generated([grism("a"), grism("b")])
    assert outcome.associations == []
    assert outcome.memberships == [0, 0]
    reason = "Asn_Lv2WFSSNIS found no direct image for it"
    assert outcome.reasons == {0: reason, 1: reason}


def test_direct_images_alone_are_images() -> None:
    outcome = generated([direct("a"), direct("b")])
    assert {one.asn_rule for one in outcome.associations} == {"Asn_Lv2Image"}
    assert outcome.memberships == [1, 1]
    assert outcome.reasons == {}


# Parallel exposures


def parallel(*pool: Exposure) -> list[Exposure]:
    return [one | PARALLEL for one in pool]


def test_a_parallel_exposure_names_no_target() -> None:
    pool = parallel(grism("a"), direct("b"))
    found = summary(one for one in generated(pool).associations if one.asn_id == "c1001")
    root = "jw00001-c1001_t000_niriss_clear-f150w"
    assert found == [
        (
            "jw00001-c1001_spec2_00001_asn",
            "Asn_Lv2WFSSParallel",
            [
                "a science",
                f"{root}_i2d.fits direct_image",
                f"{root}_cat.ecsv sourcecat",
                f"{root}_segm.fits segmap",
            ],
        )
    ]


def test_a_parallel_exposure_has_the_first_direct_image_with_long_in_its_name() -> None:
    pool = [
        grism("a", "1"),
        direct("b_nrca1", "2", "f2"),
        direct("c_nrcalong", "9", "f9"),
        direct("d_nrcblong", "3", "f3"),
    ]
    assert optics(*parallel(*pool)) == {"a": "f150w-f9"}


def test_a_parallel_exposure_has_the_first_direct_image_if_none_is_long() -> None:
    pool = [grism("a", "5"), direct("b", "9", "f9"), direct("c", "6", "f6")]
    assert optics(*parallel(*pool)) == {"a": "f150w-f9"}


@pytest.mark.parametrize(
    "other",
    [{"program": "2"}, {"targetid": "8"}, {"pupil": "f200w"}, {"subarray": "sub64"}],
)
def test_a_parallel_exposure_has_only_the_instrument_in_common(other: Exposure) -> None:
    made = generated(parallel(grism("a"), direct("b") | other)).associations
    assert [one.asn_id for one in made] == ["a3001", "c1001"]


def test_parallel_exposures_of_two_instruments_stay_apart() -> None:
    pool = parallel(grism("a"), direct("b", instrume="nircam"))
    outcome = generated(pool)
    assert outcome.associations == []
    assert outcome.reasons[0] == (
        "Asn_Lv2WFSSParallel found no direct image for it; the nearest is b: its INSTRUME is "
        "nircam, here niriss"
    )


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [("c1001", "mosaic"), ("c101", "direct_image"), ("o001", "direct_image")],
)
def test_a_parallel_candidate_is_a_direct_image_one_with_four_digits(
    identifier: str, kind: str
) -> None:
    candidate = {"asn_candidate": f"[('{identifier}', '{kind}')]"}
    assert members(grism("a") | candidate, direct("b") | candidate) == []
