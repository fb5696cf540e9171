"""Reasons of exposures beside others: what is wrong with them is told, not what they are beside."""

from __future__ import annotations

import pytest

from asnrules.engine.generation import Generation, Outcome, Wanted
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, exposure, image, ruleset, work_of

LABELS = ("jwst-3.0.0", "jwst-1.2.1")
O001 = "[('o001', 'observation')]"
MOSAIC = "[('c1000', 'mosaic')]"
BOTH = "[('o001', 'observation'), ('c1000', 'mosaic')]"

SPOILED = ({"is_imprt": "t"}, {"filter": "opaque"}, {"pntgtype": "parallel"})


def outcome(pool: list[Exposure], label: str, watched: int | None = None) -> Outcome:
    work = work_of(pool, rules=ruleset(label))
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    return Generation(work, candidates, [POOL] * len(work.rows), Wanted(watched=watched)).run()


def reasons(pool: list[Exposure], label: str = "jwst-3.0.0") -> dict[str, str]:
    """Give the reasons of those in no association, by file name, where more than rules says it."""
    names = sorted(one["filename"] for one in pool)
    return {names[place]: reason for place, reason in outcome(pool, label).reasons.items()}


# ------------------------------------------------------------------ other candidates


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("spoiled", SPOILED, ids=str)
def test_a_candidate_that_cannot_stand_does_not_hide_what_is_wrong(
    label: str, spoiled: dict[str, str]
) -> None:
    alone = reasons([image("a", asn_candidate=O001, **spoiled)], label)
    assert reasons([image("a", asn_candidate=BOTH, **spoiled)], label) == alone


@pytest.mark.parametrize("spoiled", SPOILED, ids=str)
def test_nor_does_it_where_there_is_no_other(spoiled: dict[str, str]) -> None:
    alone = reasons([image("a", asn_candidate=O001, **spoiled)])
    assert reasons([image("a", asn_candidate=MOSAIC, **spoiled)]) == alone != {}


def test_it_is_the_reason_where_nothing_else_is_wrong() -> None:
    expected = {"a": "candidate c1000 is of type mosaic"}
    assert reasons([image("a", asn_candidate=MOSAIC)]) == expected
    assert reasons([image("a", asn_candidate=BOTH)]) == {}


# ------------------------------------------------------------------ spoiled sciences


def grism(filename: str, **values: str) -> Exposure:
    optics = {"instrume": "niriss", "detector": "nis", "filter": "gr150r", "pupil": "f115w"}
    return exposure(filename, "nis_wfss", **(optics | {"subarray": "full"} | values))


def direct(filename: str, **values: str) -> Exposure:
    return grism(filename, **({"filter": "clear"} | values)) | {"exp_type": "nis_image"}


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize(
    ("label", "rule", "spoiled", "told"),
    [
        ("jwst-3.0.0", "Asn_Lv2WFSSNIS", {"pntgtype": "parallel"}, "PNTGTYPE is 'parallel'"),
        ("jwst-1.2.1", "Asn_Lv2WFSS", {"pntgtype": "parallel"}, "PNTGTYPE is 'parallel'"),
        ("jwst-1.2.1", "Asn_Lv2WFSS", {"is_imprt": "t"}, "IS_IMPRT is set"),
    ],
)
def test_what_should_be_the_science_does_not_lack_one(
    label: str, rule: str, spoiled: dict[str, str], told: str, beside: bool
) -> None:
    pool = [grism("a", **spoiled), *[direct("b")] * beside]
    reason = reasons(pool, label)["a"]
    assert f"no rule makes an association of it; nearest is {rule}: the class " in reason
    assert f": {told}, wanted " in reason
    assert "found no" not in reason


# ------------------------------------------------------------------ the nearest companion


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        ({"bkgdtarg": "t"}, "its BKGDTARG is t, wanted: "),
        ({"is_imprt": "t"}, "its IS_IMPRT is t, wanted: "),
        ({"pntgtype": "parallel"}, "its PNTGTYPE is parallel, wanted: "),
    ],
)
def test_a_direct_image_of_another_class_is_named(
    label: str, spoiled: dict[str, str], told: str
) -> None:
    pool = [grism("a"), direct("b", **spoiled), exposure("c", "nis_soss", instrume="niriss")]
    reason = reasons(pool, label)["a"]
    assert f" found no direct image for it; the nearest is b: {told}" in reason


@pytest.mark.parametrize("label", LABELS)
def test_an_image_of_the_same_program_is_nearer(label: str) -> None:
    pool = [
        grism("a", program="2"),
        direct("b", program="2", targetid="8", pupil="f150w", subarray="sub64", tsovisit="t"),
        direct("c", program="1"),
    ]
    reason = reasons(pool, label)["a"]
    assert "the nearest is b: " in reason
    assert "TARGETID is 8, here 7" in reason
    assert "PROGRAM" not in reason


@pytest.mark.parametrize("label", LABELS)
def test_an_image_of_another_instrument_is_never_meant(label: str) -> None:
    nircam = direct("b") | {"instrume": "nircam", "exp_type": "nrc_image"}
    reason = reasons([grism("a"), nircam], label)["a"]
    assert reason.endswith("found no direct image for it")
    reason = reasons([grism("a"), nircam, direct("c", program="2")], label)["a"]
    assert reason.endswith("the nearest is c: its PROGRAM is 2, here 1")


def test_neither_is_a_science_of_another_instrument() -> None:
    nircam = direct("b") | {"instrume": "nircam", "exp_type": "nrc_image"}
    fates = outcome([grism("a"), nircam], "jwst-1.2.1", watched=1).fates
    assert "Asn_Lv2WFSS found no science for it" in [one.reason for one in fates]


# ------------------------------------------------------------------ wording


def sky(**values: str) -> str:
    """Say what comes nearest to a background of a cube, where values of one are spoiled."""
    optics = {"instrume": "nirspec", "detector": "nrs1", "filter": "f290lp", "grating": "g395h"}
    shared = {"mostilno": "1", "dithptin": "1"}
    pool = [
        exposure("a", "nrs_ifu", **(optics | shared | {"asn_candidate": SKY.format("o001")})),
        exposure(
            "b",
            "nrs_ifu",
            **(optics | shared | {"asn_candidate": SKY.format("o002"), "bkgdtarg": "t"} | values),
        ),
    ]
    fates = outcome(pool, "jwst-3.0.0", watched=0).fates
    (found,) = {
        one.reason
        for one in fates
        if one.rule.name == "Asn_Lv2Spec" and one.reason is not None and "nearest" in one.reason
    }
    return found.partition("the nearest is ")[2]


SKY = "[('{}', 'observation'), ('c1001', 'background')]"


def test_an_optical_path_says_nothing_of_the_type_it_is_for() -> None:
    assert sky(filter="opaque") == "b: its FILTER is opaque, here f290lp"


@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        ({"is_imprt": "t"}, "b: its IS_IMPRT is t, wanted: f"),
        ({"pntgtype": "parallel"}, "b: its PNTGTYPE is parallel, wanted: science or no value"),
        ({"tsovisit": "t"}, "b: its TSOVISIT is t, wanted: not a time-series science exposure"),
        ({"bkgdtarg": "f"}, "b: its BKGDTARG is f, wanted: t"),
    ],
)
def test_what_is_wanted_is_no_double_negation(spoiled: dict[str, str], told: str) -> None:
    assert sky(**spoiled) == told
