"""Making associations set-wise comes to the same as the procedure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.drafts import Draft
from engine.building import Exposure, by_grouping, by_procedure, image, ruleset, shown, work_of
from engine.pools import FAMILIES, pools


def told(draft: Draft) -> tuple[Any, ...]:
    return draft.rule.name, draft.candidate, draft.creator, draft.members, draft.keys


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
    (draft,) = by_grouping(work_of([image("a"), image("b", **late)]), "Asn_Lv2Image")
    assert [member.rateints for member in draft.members] == [False, False]
    assert draft.keys["is_tso"] == ("tsovisit", "t")


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


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_regular_groups(family: str, data: st.DataObject) -> None:
    assert differences(data.draw(pools(family, regular=True))) == []


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_groups(family: str, data: st.DataObject) -> None:
    assert differences(data.draw(pools(family, regular=False))) == []
