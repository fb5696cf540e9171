"""The named changes beside the differences of two rulesets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from sqlalchemy import Engine

import labels
from asnrules.catalog.changes import NamedChange, changes_between
from asnrules.catalog.compare import NamedDifference, named_differences
from asnrules.database.engines import transaction
from seeds import seed


def compared(
    engine: Engine, before: str, after: str
) -> tuple[Sequence[NamedChange], list[NamedDifference]]:
    with transaction(engine) as connection:
        between = changes_between(connection, before, after)
    assert between is not None
    return between, named_differences(seed(before), seed(after), between)


@pytest.mark.parametrize(("before", "after"), list(pairwise(labels.RULES)))
def test_each_difference_from_the_parent_has_its_changes(
    kept_seeds: Engine, before: str, after: str
) -> None:
    between, found = compared(kept_seeds, before, after)
    made = {one.change for difference in found for one in difference.by}
    assert made <= {one.change for one in between}
    for one in between:
        if one.change not in made:
            # It leaves no row, as others of this step went on with its items.
            others = {(it.kind, it.item) for other in between for it in other.items if other != one}
            assert {(it.kind, it.item) for it in one.items} & others or not one.items
    for change, by in found:
        assert by or change.name == "implements", change
    # Whoever looks back is told the same.
    assert compared(kept_seeds, after, before)[0] == between


def test_a_difference_has_only_changes_of_its_own(kept_seeds: Engine) -> None:
    _, found = compared(kept_seeds, "jwst-1.2.0", "jwst-2.0.0")
    by = {
        (one.what, one.name, one.field): [change.change for change in made] for one, made in found
    }
    assert by["rule", "Asn_Lv2WFSC", "asn_type"] == ["2.0.0-wfsc-image2"]
    assert by["setting", "sequence_digits", "value"] == ["1.8.1-five-digits"]
    assert by["setting", "generation_order", "value"] == [
        "1.8.5-tie-by-rule-rank", "1.14.0-tie-by-name"
    ]  # fmt: skip
    # By its group, and by itself.
    assert "1.5.0-tsgrism-nrcblong" in by["rule", "Asn_Lv2SpecTSO", "requires"]
    assert by["rule", "Asn_Lv2WFSS", None] == ["1.7.1-wfss-nrc-detector"]
    assert by["classes", "classes", "lines"] == ["1.9.4-flag-order"]
    assert by["role", "Asn_Lv2Spec: science", "keys"] == [
        "1.15.0-spec-tile-dither", "1.18.0-spec-dither-free"
    ]  # fmt: skip
    assert by["ruleset", "implements", "implements"] == []
