"""Making associations set-wise comes to the same as the procedure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.steps import finish
from engine.building import Exposure, by_grouping, by_procedure, image, ruleset, shown, work_of
from engine.pools import FAMILIES, pools


def told(draft: GrowingAssociation) -> tuple[Any, ...]:
    made_of = draft.rule.name, draft.candidate, draft.creator
    return *made_of, draft.members, draft.keys, draft.degraded


def finished(work: Work, drafts: list[GrowingAssociation]) -> list[tuple[list[Any], list[str]]]:
    """Give what becomes of associations in the finishing steps, and why of others nothing."""
    found = [finish(draft, work) for draft in drafts]
    return [([told(draft) for draft in kept], reasons) for kept, reasons in found]


def differences(pool: list[Exposure]) -> list[str]:
    """Name the rules for which grouping and the procedure do not agree on a pool."""
    work = work_of(pool)
    return [
        rule.name
        for rule in ruleset().rules
        if [told(draft) for draft in by_grouping(work, rule.name)]
        != [told(draft) for draft in by_procedure(work, rule.name)]
    ]


def test_a_time_series_that_joins_does_not_change_what_was_taken_before() -> None:
    late = {"tsovisit": "t", "bkgdtarg": "t", "pntgtype": "target_acquisition"}
    (draft,) = by_grouping(
        work_of([image("a_uncal.fits"), image("b_uncal.fits", **late)]), "Asn_Lv2Image"
    )
    assert [member.expname for member in draft.members] == ["a_rate.fits", "b_rate.fits"]
    assert dict(draft.keys)["is_tso"] == ("tsovisit", "t")


def test_each_association_fixes_the_keywords_of_its_own_exposures() -> None:
    pool = [
        image("a", pupil="x", grating="n/a"),
        image("b", pupil="n/a", grating="y"),
        image("c", pupil="x", grating="z", bkgdtarg="t"),
    ]
    work = work_of(pool)
    assert shown(work, by_grouping(work, "Asn_Lv2Image")) == [
        ["*a science", "c background"],
        ["*b science"],
    ]


def many(exp_types: list[str], **values: str) -> list[Exposure]:
    """Give so many exposures that they share their companions, with errors here and there."""
    error = {"exposerr": "lost"}
    return [
        image(f"{number:03}_uncal.fits", **values)
        | {"exp_type": exp_types[number % len(exp_types)]}
        | (error if number in {20, 61} else {})
        | {"expspcin": str(number // 4), "dithptin": str(number % 3), "patt_num": str(number % 5)}
        for number in range(90)
    ]


LONG = {
    "sciences and backgrounds": [
        one | {"bkgdtarg": "nt"[number % 2]} for number, one in enumerate(many(["nrc_image"]))
    ],
    "reference stars": [
        one | dict.fromkeys(["bkgdtarg", "is_psf"], "nt"[number % 3 == 0])
        for number, one in enumerate(many(["nrc_image"]))
    ],
    "grisms": many(["nrc_image", "nrc_wfss", "nrc_wfss"]),
    "grisms of which some are of a time series": [
        one | {"tsovisit": "nnnt"[number % 4]}
        for number, one in enumerate(many(["nrc_wfss", "nrc_image", "nrc_image"]))
    ],
    "grisms with file names that come twice": [
        one | {"filename": f"{number // 2:03}_uncal.fits", "tsovisit": "nt"[number % 5 == 0]}
        for number, one in enumerate(many(["nrc_image", "nrc_wfss", "nrc_wfss"]))
    ],
    "imprints": [
        one | {"is_imprt": "nt"[number % 2], "targetid": "12"[number % 7 == 0], "mostilno": "1"}
        for number, one in enumerate(many(["mir_mrs"]))
    ],
    "imprints of backgrounds": [
        one | {"is_imprt": "ntt"[number % 3], "bkgdtarg": "t", "mostilno": "12"[number % 2]}
        for number, one in enumerate(many(["mir_mrs"]))
    ],
    "nods": many(["nrs_msaspec"], msametfl="m", numdthpt="5", subpxpts="1"),
    "nods along a slit": [
        one | {"patt_num": "12"[number % 2], "obs_id": "v1"}
        for number, one in enumerate(
            many(["mir_lrs-fixedslit"] * 8 + ["mir_taconfirm"], patttype="along-slit-nod")
        )
    ],
}
"""Groups that are long enough for associations to share members."""


@pytest.mark.parametrize("kind", LONG)
def test_long_groups(kind: str) -> None:
    pool = LONG[kind]
    assert differences(pool) == []
    assert unfinished(pool) == []


def unfinished(pool: list[Exposure]) -> list[str]:
    """Name the rules for which grouping and the procedure do not come to the same in the end."""
    work = work_of(pool)
    return [
        rule.name
        for rule in ruleset().rules
        if finished(work, by_grouping(work, rule.name))
        != finished(work, by_procedure(work, rule.name))
    ]


def test_long_groups_share_members() -> None:
    shared = {
        draft.rule.name
        for pool in LONG.values()
        for rule in ruleset().rules
        for draft in by_grouping(work_of(pool), rule.name)
        if draft.shared
    }
    assert shared >= {"Asn_Lv2Image", "Asn_Lv2Spec", "Asn_Lv2SpecSpecial", "Asn_Lv2WFSSNRC"}


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=2)
@given(data=st.data())
def test_any_long_groups(family: str, data: st.DataObject) -> None:
    pool = data.draw(pools(family, regular=False, fewest=30, most=50))
    assert differences(pool) == []
    assert unfinished(pool) == []


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=30)
@given(data=st.data())
def test_regular_groups(family: str, data: st.DataObject) -> None:
    assert differences(data.draw(pools(family, regular=True))) == []


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=30)
@given(data=st.data())
def test_any_groups(family: str, data: st.DataObject) -> None:
    assert differences(data.draw(pools(family, regular=False))) == []
