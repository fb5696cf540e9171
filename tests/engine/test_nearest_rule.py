"""The nearest rule of exposures that rules take, and that are in no association even so."""

from __future__ import annotations

import pytest

from catalog.analysis.rulesets import EXECUTABLE
from engine.building import Exposure, exposure, outcome_of, ruleset, work_of
from engine.test_spoiled import Reasons, complete

SHUTTERS = exposure(
    "a_uncal.fits",
    "nrs_msaspec",
    instrume="nirspec",
    detector="nrs1",
    filter="f170lp",
    grating="g235m",
    msametfl="a_msa.fits",
    msastate="primarypark_config",
    expspcin="1",
    numdthpt="3",
    patt_num="1",
    subpxpts="1",
    opmode="msaspec",
)
SOSS = exposure(
    "a_uncal.fits",
    "nis_soss",
    instrume="niriss",
    detector="nis",
    filter="clear",
    pupil="gr700xd",
    visitype="prime_targeted_fixed",
    tsovisit="t",
)
TSIMAGE = exposure(
    "a_uncal.fits",
    "nrc_tsimage",
    instrume="nircam",
    detector="nrca1",
    filter="f200w",
    pupil="clear",
    visitype="prime_targeted_fixed",
    tsovisit="t",
)
CUBE = exposure(
    "a_uncal.fits",
    "nrs_ifu",
    instrume="nirspec",
    detector="nrs1",
    filter="f100lp",
    grating="g140h",
    mostilno="1",
    expspcin="1",
    numdthpt="4",
    patt_num="1",
)
IMPRINT = {"is_imprt": "t"}


def reason_of(label: str, values: Exposure) -> str:
    reason, _ = Reasons(label).of(complete(values))
    assert reason is not None
    return reason


@pytest.mark.parametrize("label", EXECUTABLE)
def test_a_rule_that_would_take_it_as_science_is_nearer_than_one_for_another_mode(
    label: str,
) -> None:
    assert reason_of(label, SHUTTERS | {"pntgtype": "parallel"}) == (
        "it counts as parallel (PNTGTYPE is 'parallel'); no rule makes an association of it; "
        "nearest is Asn_Lv2NRSMSA: the class counts as science: "
        "PNTGTYPE is 'parallel', wanted science or no value"
    )


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (SHUTTERS, "Asn_Lv2NRSMSA"),
        (SOSS, "Asn_Lv2SpecTSO"),
        (TSIMAGE, "Asn_Lv2ImageTSO"),
    ],
)
def test_a_flag_that_makes_it_no_science_is_nearer_than_another_mode(
    values: Exposure, rule: str
) -> None:
    assert reason_of("jwst-1.2.1", values | IMPRINT) == (
        "it counts as imprint (IS_IMPRT is set); no rule makes an association of it; "
        f"nearest is {rule}: the class counts as science: IS_IMPRT is set, wanted f"
    )


@pytest.mark.parametrize("pattern", ["none", "4-point-dither"])
def test_an_imprint_that_a_role_is_made_for_lacks_its_science(pattern: str) -> None:
    assert reason_of("jwst-1.2.1", CUBE | IMPRINT | {"patttype": pattern}) == (
        "it counts as imprint (IS_IMPRT is set); Asn_Lv2Spec found no science for it"
    )


@pytest.mark.parametrize(
    "values",
    [
        {"exp_type": "mir_lrs-fixedslit", "patttype": "none"},
        {"exp_type": "mir_lrs-slitless"},
        {"exp_type": "mir_lrs-slitless", "tsovisit": "t"},
    ],
)
def test_an_opaque_filter_comes_before_what_would_replace_it(values: Exposure) -> None:
    optics = {"instrume": "miri", "detector": "mirimage", "subarray": "full", "filter": "opaque"}
    spectrum = exposure("a_uncal.fits", values["exp_type"], **optics) | values
    reason = reason_of("jwst-3.0.0", spectrum)
    assert (
        "nearest is Asn_MIRLRSTAConfirm: FILTER is 'opaque', wanted a value other than opaque; "
        "or Asn_MIRLRSTAConfirm: OBS_ID is empty, wanted a value"
    ) in reason


GUIDER = exposure("a_uncal.fits", "fgs_image", instrume="fgs", detector="guider1")


def test_a_flag_that_alone_keeps_a_rule_from_it_is_as_near_as_a_missing_value() -> None:
    assert reason_of("jwst-1.2.1", GUIDER | {"bkgdtarg": "t"}) == (
        "it counts as background (BKGDTARG is set); no rule makes an association of it; "
        "nearest is Asn_Lv2ImageSpecial: "
        "FILTER is empty, wanted a value other than opaque, or BAND is empty, wanted a value; "
        "or Asn_Lv2FGS: the class counts as science: BKGDTARG is set, wanted f"
    )


def test_no_condition_is_told_by_what_it_must_not_be() -> None:
    lens = TSIMAGE | {"exp_type": "nrc_image", "tsovisit": "null", "filter": "opaque"}
    assert "nearest is Asn_Lv2Image: FILTER is 'opaque', wanted a value other than opaque" in (
        reason_of("jwst-3.0.0", lens)
    )


@pytest.mark.parametrize("label", EXECUTABLE)
@pytest.mark.parametrize("spoilt", [IMPRINT, {"pntgtype": "parallel"}])
def test_a_direct_image_of_another_class_is_nearest_to_being_an_image(
    label: str, spoilt: Exposure
) -> None:
    optics = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    grism = exposure("a_uncal.fits", "nis_wfss", **optics, filter="gr150r", expspcin="2")
    image = exposure("b_uncal.fits", "nis_image", **optics, filter="clear", expspcin="1") | spoilt
    reasons = outcome_of(work_of([grism, image], rules=ruleset(label))).reasons
    assert "nearest is Asn_Lv2Image: the class counts as science: " in reasons[1]
    assert next(iter(spoilt)).upper() in reasons[1]


@pytest.mark.parametrize("keyword", ["detector", "filter"])
def test_a_used_direct_image_is_told_what_keeps_it_from_an_association_of_its_own(
    keyword: str,
) -> None:
    optics = {"instrume": "niriss", "detector": "nis", "pupil": "f150w", "subarray": "full"}
    grism = exposure("a_uncal.fits", "nis_wfss", **optics, filter="gr150r", expspcin="2")
    image = exposure("b_uncal.fits", "nis_image", **optics, filter="clear", expspcin="1")
    reasons = outcome_of(work_of([grism, image | {keyword: "null"}])).reasons
    assert reasons[1].startswith("it is used as a direct image: ")
    assert (
        f"; no rule makes an association of it; nearest is Asn_Lv2Image: {keyword.upper()}"
        in (reasons[1])
    )
    candidate = {"asn_candidate": "[('o001', 'observation'), ('c1000', 'direct_image')]"}
    only = {"asn_candidate": "[('c1000', 'direct_image')]"}
    reasons = outcome_of(work_of([grism | candidate, image | only])).reasons
    assert "no rule" not in reasons.get(1, "")
