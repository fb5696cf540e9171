"""Reasons of exposures beside others: what is wrong with them is told, not what they are beside."""

from __future__ import annotations

import pytest

from asnrules.engine.generation import Generation
from asnrules.pools import parse_candidates
from engine.building import POOL, Exposure, exposure, image, ruleset, work_of

LABELS = ("jwst-3.0.0", "jwst-1.3.0")
O001 = "[('o001', 'observation')]"
MOSAIC = "[('c1000', 'mosaic')]"
BOTH = "[('o001', 'observation'), ('c1000', 'mosaic')]"

SPOILED = ({"is_imprt": "t"}, {"filter": "opaque"}, {"pntgtype": "parallel"})


def reasons(pool: list[Exposure], label: str = "jwst-3.0.0") -> dict[str, str]:
    """Give the reasons of those in no association, by file name, where more than rules says it."""
    work = work_of(pool, rules=ruleset(label))
    texts = {work.value(place, "asn_candidate") or "null" for place in range(len(work.rows))}
    candidates = {text: parse_candidates(text) for text in texts}
    found = Generation(work, candidates, [POOL] * len(work.rows)).run().reasons
    return {work.value(place, "filename") or "": reason for place, reason in found.items()}


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
        ("jwst-1.3.0", "Asn_Lv2WFSS", {"pntgtype": "parallel"}, "PNTGTYPE is 'parallel'"),
        ("jwst-1.3.0", "Asn_Lv2WFSS", {"is_imprt": "t"}, "IS_IMPRT is set"),
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
