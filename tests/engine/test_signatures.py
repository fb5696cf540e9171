"""Judging: the class of an exposure, the rules that take it, and once for each signature."""

from __future__ import annotations

import itertools

import pytest

from asnrules.engine.conditions import known_values
from asnrules.engine.signatures import SET, Judge, class_of, judge_values
from engine.building import Exposure, exposure, image, keywords, rule_named, ruleset, work_of

OWN_CLASS = {
    "dark": ["mir_darkall", "mir_darkimg", "mir_darkmrs", "nis_dark", "nrc_dark", "nrs_dark"],
    "flat": ["mir_flatimage", "mir_flatimage-ext", "mir_flatmrs", "mir_flatmrs-ext", "nrc_flat"],
    "target_acquisition": [
        "mir_tacq",
        "mir_taconfirm",
        "nis_tacq",
        "nis_taconfirm",
        "nrc_tacq",
        "nrc_taconfirm",
        "nrs_confirm",
        "nrs_msata",
        "nrs_tacq",
        "nrs_taconfirm",
        "nrs_taslit",
        "nrs_wata",
    ],
    "engineering": [
        "nis_focus",
        "nis_lamp",
        "nrc_focus",
        "nrc_led",
        "nrs_focus",
        "nrs_image",
        "nrs_lamp",
    ],
    "autoflat": ["nrs_autoflat"],
    "autowave": ["nrs_autowave"],
}
PAIRS = [(exp_type, name) for name, exp_types in OWN_CLASS.items() for exp_type in exp_types]
NO_CLASS = [
    "nrc_image",
    "nrs_ifu",
    "nrs_verify",
    "fgs_dark",
    "fgs_acq1",
    "mir_coroncal",
    "nrs_mimf",
]


def class_with(**values: str) -> str:
    return class_of(ruleset(), known_values(ruleset(), values))


# Classes


@pytest.mark.parametrize(("exp_type", "expected"), PAIRS)
def test_some_exposure_types_have_a_class_of_their_own(exp_type: str, expected: str) -> None:
    assert class_with(exp_type=exp_type) == expected
    assert class_with(exp_type=exp_type, pntgtype="science") == expected


@pytest.mark.parametrize(("exp_type", "expected"), PAIRS)
def test_the_class_of_an_exposure_type_goes_before_its_flags(exp_type: str, expected: str) -> None:
    assert class_with(exp_type=exp_type, is_psf="t", is_imprt="t", bkgdtarg="t") == expected


@pytest.mark.parametrize("exp_type", [*NO_CLASS, *(exp_type for exp_type, _ in PAIRS)])
def test_another_pointing_goes_before_everything(exp_type: str) -> None:
    flags = {"is_psf": "t", "is_imprt": "t", "bkgdtarg": "t"}
    pointed = class_with(exp_type=exp_type, pntgtype="target_acquisition", **flags)
    assert pointed == "target_acquisition"
    assert class_with(exp_type=exp_type, pntgtype="parallel_sloppy") == "parallel_sloppy"


@pytest.mark.parametrize("exp_type", NO_CLASS)
def test_every_other_exposure_type_is_science(exp_type: str) -> None:
    assert class_with(exp_type=exp_type) == "science"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"is_psf": "t"}, "psf"),
        ({"is_imprt": "t"}, "imprint"),
        ({"bkgdtarg": "t"}, "background"),
        ({"is_psf": "t", "is_imprt": "t"}, "psf"),
        ({"is_psf": "t", "bkgdtarg": "t"}, "psf"),
        ({"is_imprt": "t", "bkgdtarg": "t"}, "imprint"),
        ({"is_psf": "t", "is_imprt": "t", "bkgdtarg": "t"}, "psf"),
        ({"is_psf": "f", "is_imprt": "n", "bkgdtarg": "t"}, "background"),
    ],
)
def test_flags_count_in_the_order_psf_imprint_background(flags: Exposure, expected: str) -> None:
    assert class_with(exp_type="nrs_ifu", **flags) == expected


@pytest.mark.parametrize("value", ["t", "y", "1", "true", "none", "0"])
def test_any_value_sets_a_flag(value: str) -> None:
    assert class_with(exp_type="nrs_ifu", bkgdtarg=value) == "background"


@pytest.mark.parametrize("value", ["", "null", "--", "n", "f", "false", "n/a"])
def test_an_empty_value_sets_nothing(value: str) -> None:
    flags = {"is_psf": value, "is_imprt": value, "bkgdtarg": value}
    assert class_with(exp_type="nrs_ifu", pntgtype=value, **flags) == "science"


def test_an_exposure_without_any_keyword_is_science() -> None:
    assert class_with() == "science"


# Rules


def test_the_rules_that_take_an_image_are_named_by_its_keywords() -> None:
    judgement = judge_values(ruleset(), image("a_uncal.fits"))
    takers = {ruleset().rules[number].name for number in judgement.takers}
    assert "Asn_Lv2Image" in takers
    assert not takers & {"Asn_Lv2ImageTSO", "Asn_Lv2FGS", "Asn_Lv2SpecImprint"}
    assert [verdict.rule for verdict in judgement.verdicts] == list(ruleset().rules)


def test_the_verdicts_of_the_takers_and_only_those_match() -> None:
    judgement = judge_values(ruleset(), image("a_uncal.fits"))
    matched = [number for number, verdict in enumerate(judgement.verdicts) if verdict.matched]
    assert tuple(matched) == judgement.takers


def test_a_required_key_without_a_value_keeps_a_rule_off() -> None:
    judgement = judge_values(ruleset(), image("a_uncal.fits", filter="n/a"))
    (verdict,) = (one for one in judgement.verdicts if one.rule == rule_named("Asn_Lv2Image"))
    assert not verdict.matched


# Signatures


def row(values: Exposure) -> tuple[str | None, ...]:
    return tuple(values.get(keyword) for keyword in keywords())


def test_exposures_with_the_same_signature_have_one_judgement() -> None:
    judge = Judge(ruleset(), keywords())
    first = judge.judge(row(image("a_uncal.fits", program="1", targetid="1", exposerr="x")))
    other = judge.judge(row(image("b_uncal.fits", program="2", targetid="3", exposerr="y")))
    assert first is other
    assert len(judge) == 1


def test_empty_values_are_alike() -> None:
    judge = Judge(ruleset(), keywords())
    (first, *others) = [
        judge.judge(row(image("a_uncal.fits") | {"bkgdtarg": value}))
        for value in ruleset().empty
        if value
    ]
    missing = judge.judge(row(image("a_uncal.fits")))
    assert all(other is first for other in [*others, missing])
    assert len(judge) == 1


def test_another_value_that_a_condition_looks_at_makes_another_judgement() -> None:
    judge = Judge(ruleset(), keywords())
    plain = judge.judge(row(image("a_uncal.fits")))
    flagged = judge.judge(row(image("a_uncal.fits", bkgdtarg="t")))
    keyless = judge.judge(row(image("a_uncal.fits", program="n/a")))
    assert [one.exposure_class for one in (plain, flagged, keyless)] == [
        "science",
        "background",
        "science",
    ]
    image_rule = ruleset().rules.index(rule_named("Asn_Lv2Image"))
    assert [image_rule in one.takers for one in (plain, flagged, keyless)] == [True, True, False]
    assert len(judge) == 3


def test_a_value_that_only_keys_look_at_counts_as_set_or_not() -> None:
    judge = Judge(ruleset(), keywords())
    judgement = judge.judge(row(image("a_uncal.fits", program="12345")))
    assert judgement.values["program"] == SET
    assert judgement.values["exp_type"] == "nrc_image"
    assert judgement.values["bkgdtarg"] is None
    assert judgement.values["class"] == "science"


def test_a_hundred_thousand_exposures_of_six_kinds_are_judged_six_times() -> None:
    kinds = [
        row(image("", detector=detector, **flags))
        for detector in ("nrca1", "nrca2", "nrcblong")
        for flags in ({}, {"bkgdtarg": "t"})
    ]
    place = keywords().index("filename")
    judge = Judge(ruleset(), keywords())
    judgements = {
        id(judge.judge((*kind[:place], f"e{number}_uncal.fits", *kind[place + 1 :])))
        for number, kind in zip(range(100_000), itertools.cycle(kinds), strict=False)
    }
    assert len(judge) == 6
    assert len(judgements) == 6


def test_a_keyword_that_is_no_column_has_no_value() -> None:
    judge = Judge(ruleset(), ["exp_type", "filename"])
    judgement = judge.judge(("nrs_ifu", "a_uncal.fits"))
    assert judgement.exposure_class == "science"
    assert judgement.takers == ()


@pytest.mark.parametrize("keyword", ["exp_type", "pntgtype", "filter", "detector", "visitype"])
@pytest.mark.parametrize("word", ["(any)", "(set)"])
def test_the_words_of_the_engine_have_no_meaning_in_a_pool(word: str, keyword: str) -> None:
    judge = Judge(ruleset(), keywords())
    odd = judge.judge(row(image("a_uncal.fits") | {keyword: word}))
    unknown = judge.judge(row(image("a_uncal.fits") | {keyword: "qqq"}))
    assert odd.takers == unknown.takers


def test_judging_a_pool_gives_what_judging_its_exposures_gives() -> None:
    exposures = [
        image("a_uncal.fits"),
        image("b_uncal.fits", bkgdtarg="t"),
        exposure("c_uncal.fits", "nrc_tacq", pntgtype="target_acquisition"),
    ]
    judgements = work_of(exposures).judgements
    alone = [judge_values(ruleset(), values) for values in exposures]
    assert [one.exposure_class for one in judgements] == [
        "science",
        "background",
        "target_acquisition",
    ]
    assert [one.takers for one in judgements] == [one.takers for one in alone]
