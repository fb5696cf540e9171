"""Making associations set-wise comes to the same as the procedure."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.engine.drafts import Draft
from engine.building import Exposure, by_grouping, by_procedure, ruleset, work_of
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
