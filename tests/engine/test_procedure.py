"""The procedure: who creates an association, who joins it, and in what order."""

from __future__ import annotations

import pytest

from engine.building import (
    Exposure,
    by_grouping,
    by_procedure,
    coronagraph,
    exposure,
    image,
    shown,
    work_of,
)

RULES = [("Asn_Lv2Image", image), ("Asn_Lv2CoronAsRate", coronagraph)]


def made(rule: str, *exposures: Exposure) -> list[list[str]]:
    """Give the associations of a rule, which grouping and the procedure agree on."""
    work = work_of(exposures)
    drafts = by_procedure(work, rule)
    assert by_grouping(work, rule) == drafts
    return shown(work, drafts)


# A science with its backgrounds


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_each_science_makes_an_association(rule: str, one: type) -> None:
    assert made(rule, one("a"), one("b")) == [["*a science"], ["*b science"]]


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_a_background_after_the_science_joins_it(rule: str, one: type) -> None:
    assert made(rule, one("a"), one("b", bkgdtarg="t")) == [["*a science", "b background"]]


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_a_background_before_the_science_creates_the_association(rule: str, one: type) -> None:
    assert made(rule, one("a", bkgdtarg="t"), one("b")) == [["*a background", "b science"]]


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_every_science_has_every_background(rule: str, one: type) -> None:
    pool = [one("a", bkgdtarg="t"), one("b"), one("c", bkgdtarg="t"), one("d")]
    assert made(rule, *pool) == [
        ["*a background", "b science", "c background"],
        ["*d science", "a background", "c background"],
    ]


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_members_stand_from_the_creating_one_on_then_those_before_it(rule: str, one: type) -> None:
    pool = [one("a"), one("b", bkgdtarg="t"), one("c"), one("d", bkgdtarg="t")]
    assert made(rule, *pool) == [
        ["*a science", "b background", "d background"],
        ["*c science", "d background", "b background"],
    ]


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_backgrounds_alone_make_one_association(rule: str, one: type) -> None:
    pool = [one("a", bkgdtarg="t"), one("b", bkgdtarg="t")]
    assert made(rule, *pool) == [["*a background", "b background"]]


@pytest.mark.parametrize(("rule", "one"), RULES)
def test_an_imprint_has_no_part(rule: str, one: type) -> None:
    assert made(rule, one("a"), one("b", is_imprt="t")) == [["*a science"]]


def test_nothing_comes_of_nothing() -> None:
    assert made("Asn_Lv2Image") == []


# Keys


@pytest.mark.parametrize(
    "other",
    [
        {"program": "2"},
        {"instrume": "niriss"},
        {"detector": "nrca2"},
        {"filter": "f150w"},
        {"filter": "n/a", "band": "f200w"},
        {"pupil": "f162m"},
        {"subarray": "sub64"},
        {"channel": "short"},
        {"exp_type": "nis_image"},
        {"tsovisit": "y"},
    ],
)
def test_a_background_with_another_key_stays_apart(other: Exposure) -> None:
    pool = [image("a", channel="long", tsovisit="x"), image("b", bkgdtarg="t", **{})]
    pool[1] |= {"channel": "long", "tsovisit": "x"} | other
    assert made("Asn_Lv2Image", *pool) == [["*a science"], ["*b background"]]


@pytest.mark.parametrize(
    "other", [{"targetid": "9"}, {"obs_id": "v2"}, {"grating": "g395h"}, {"exposerr": "bad"}]
)
def test_a_background_may_differ_in_everything_else(other: Exposure) -> None:
    pool = [image("a"), image("b", bkgdtarg="t") | other]
    assert made("Asn_Lv2Image", *pool) == [["*a science", "b background"]]


@pytest.mark.parametrize("key", ["pupil", "subarray", "tsovisit", "channel", "fxd_slit"])
def test_an_optional_key_that_is_empty_fits_any_value(key: str) -> None:
    pool = [image("a", **{key: "x"}), image("b", **{key: "n/a", "bkgdtarg": "t"})]
    assert made("Asn_Lv2Image", *pool) == [["*a science", "b background"]]


@pytest.mark.parametrize("key", ["pupil", "subarray", "tsovisit", "channel", "fxd_slit"])
def test_an_optional_key_that_is_empty_fixes_nothing(key: str) -> None:
    pool = [
        image("a", **{key: "n/a", "bkgdtarg": "t"}),
        image("b", **{key: "x"}),
        image("c", **{key: "y"}),
        image("d", **{key: "y", "bkgdtarg": "t"}),
    ]
    assert made("Asn_Lv2Image", *pool) == [
        ["*a background", "b science"],
        ["*c science", "d background", "a background"],
    ]


def test_the_keys_of_an_association_name_the_keyword_and_its_value() -> None:
    work = work_of([image("a", pupil="n/a", grating="g1", subarray="n/a")])
    (draft,) = by_procedure(work, "Asn_Lv2Image")
    assert dict(draft.keys) == {
        "program": ("program", "1"),
        "instrument": ("instrume", "nircam"),
        "detector": ("detector", "nrca1"),
        "opt_elem": ("filter", "f200w"),
        "opt_elem2": ("grating", "g1"),
        "exp_type": ("exp_type", "nrc_image"),
    }


def test_a_key_with_two_sources_stays_with_that_of_the_first_exposure() -> None:
    pool = [
        image("a", pupil="n/a", grating="x"),
        image("b", pupil="x", grating="n/a", bkgdtarg="t"),
        image("c", pupil="z", grating="x", bkgdtarg="t"),
        image("d", pupil="x", grating="y", bkgdtarg="t"),
    ]
    assert made("Asn_Lv2Image", *pool) == [
        ["*a science", "b background", "c background"],
        ["*d background", "b background"],
    ]


# A reference star that is a background as well


def test_a_psf_that_is_a_background_too_joins_every_science_as_science() -> None:
    star = {"is_psf": "t", "bkgdtarg": "t"}
    assert made("Asn_Lv2Image", image("a"), image("b", **star)) == [["*a science", "b science"]]
    assert made("Asn_Lv2Image", image("a", **star), image("b")) == [
        ["*a science"],
        ["*b science", "a science"],
    ]


def test_a_psf_alone_is_a_science() -> None:
    assert made("Asn_Lv2Image", image("a"), image("b", is_psf="t")) == [
        ["*a science"],
        ["*b science"],
    ]


# File names that come twice


def test_a_file_name_is_a_member_once() -> None:
    assert made("Asn_Lv2Image", image("a", obs_id="v1"), image("a", obs_id="v2")) == [
        ["*a science"]
    ]


def test_an_exposure_whose_file_name_is_a_member_counts_as_taken_whatever_its_keys() -> None:
    pool = [image("a", filter="f150w"), image("a", filter="f200w"), image("b", filter="f200w")]
    assert made("Asn_Lv2Image", *pool) == [["*a science"], ["*b science"]]


def test_a_background_of_the_same_file_name_is_not_added() -> None:
    pool = [image("a", bkgdtarg="n"), image("a", bkgdtarg="t"), image("b")]
    assert made("Asn_Lv2Image", *pool) == [["*a science"], ["*b science"]]


# Rules that keep state


def spectrum(filename: str, **values: str) -> Exposure:
    """Give a MIRI low-resolution exposure through the slit."""
    optics = {"instrume": "miri", "detector": "mirimage", "filter": "p750l", "subarray": "full"}
    return exposure(filename, "mir_lrs-fixedslit", **(optics | {"obs_id": "v1"} | values))


def confirmation(filename: str, **values: str) -> Exposure:
    """Give the image that confirms where the target is in the slit."""
    return spectrum(filename, **values) | {"exp_type": "mir_taconfirm", "filter": "f560w"}


def nod(filename: str, point: str, **values: str) -> Exposure:
    return spectrum(filename, **({"patttype": "along-slit-nod", "patt_num": point} | values))


def test_other_points_of_a_nod_join_as_background() -> None:
    assert made("Asn_Lv2MIRLRSFixedSlitNod", nod("a", "1"), nod("b", "2")) == [
        ["*a science", "b background"],
        ["*b science", "a background"],
    ]


def test_a_point_that_contains_the_number_of_the_science_does_not_join() -> None:
    assert made("Asn_Lv2MIRLRSFixedSlitNod", nod("a", "1"), nod("b", "10")) == [
        ["*a science"],
        ["*b science", "a background"],
    ]


def test_the_backgrounds_of_a_nod_are_of_one_point() -> None:
    pool = [nod("a", "1"), nod("b", "2"), nod("c", "3")]
    assert made("Asn_Lv2MIRLRSFixedSlitNod", *pool)[0] == ["*a science", "b background"]


def test_the_confirmation_of_the_observation_joins() -> None:
    pool = [spectrum("a"), confirmation("b"), confirmation("c", obs_id="v2")]
    assert made("Asn_MIRLRSTAConfirm", *pool) == [
        ["*a science", "b target_acquisition"],
        ["*c target_acquisition"],
    ]


def imprint(filename: str, **values: str) -> Exposure:
    return cube(filename, **({"is_imprt": "t"} | values))


def cube(filename: str, **values: str) -> Exposure:
    """Give an exposure of the NIRSpec integral field unit."""
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "clear", "grating": "prism"}
    return exposure(filename, "nrs_ifu", **(optics | {"mostilno": "1"} | values))


def test_a_spectrum_takes_the_imprints_of_its_tile() -> None:
    pool = [cube("a"), imprint("b"), imprint("c", mostilno="2"), cube("d", mostilno="2")]
    assert made("Asn_Lv2Spec", *pool) == [
        ["*a science", "b imprint"],
        ["*c imprint", "d science"],
    ]


def test_a_background_spectrum_takes_no_imprint_next_to_an_imprint() -> None:
    flagged = {"bkgdtarg": "t"}
    pool = [cube("a", **flagged), imprint("b", **flagged), imprint("c", **flagged)]
    assert made("Asn_Lv2SpecSpecial", *pool)[0][:2] == ["*a science", "b imprint"]
    assert "c imprint" not in made("Asn_Lv2SpecSpecial", *pool)[0]
