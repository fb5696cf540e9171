"""Which changes made rules and conditions what they are, against the rules before and after."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine

import labels
from asnrules import Catalog
from asnrules.catalog.blame import Blame, blame
from asnrules.errors import NotFoundError
from seeds import seed

pytestmark = pytest.mark.usefixtures("read_once")

CHAIN = labels.RULES[: labels.RULES.index("jwst-2.0.0") + 1]


@cache
def named(label: str, kind: str) -> dict[str, Any]:
    ruleset = seed(label)
    found = ruleset.rules if kind == "rule" else ruleset.conditions
    return {one.name: one for one in found}


def changed_in(label: str, kind: str, name: str) -> list[str]:
    """Give the rulesets up to one in which an item, with all it uses, is not as before."""
    return [
        after
        for before, after in pairwise(CHAIN[: CHAIN.index(label) + 1])
        if named(before, kind).get(name) != named(after, kind).get(name)
    ]


@pytest.mark.parametrize(
    ("label", "kind"),
    [("jwst-1.9.4", "rule"), ("jwst-2.0.0", "rule"), ("jwst-2.0.0", "condition")],
)
def test_the_newest_change_is_in_the_last_ruleset_that_changed_it(
    kept_seeds: Engine, label: str, kind: str
) -> None:
    """Whatever a rule or condition uses, the rules are compared as they stand resolved."""
    wanted = {name: changed_in(label, kind, name) for name in named(label, kind)}
    unchanged = [name for name, rulesets in wanted.items() if not rulesets]
    for name in wanted.keys() - set(unchanged[4:]):
        found = blame(kept_seeds, name, ruleset=label)
        parts = [part for part in found.parts if part.kind != "class"]
        rulesets = [part.ruleset for part in parts if part.change is not None]
        assert rulesets[:1] == wanted[name][-1:], name
        stands = [part for part in parts if part.change is None]
        assert {part.ruleset for part in stands} <= {CHAIN[0]}
        is_first = (kind, name) in [(part.kind, part.item) for part in stands]
        assert is_first <= (name in named(CHAIN[0], kind))


def changes(found: Blame, *kinds: str) -> list[str]:
    parts = [part for part in found.parts if part.change and (not kinds or part.kind in kinds)]
    return list(dict.fromkeys(str(part.change) for part in parts))


def test_a_change_has_its_ruleset_reason_and_source(kept_seeds: Engine) -> None:
    found = Catalog(kept_seeds).blame("asn_lv2wfsc", ruleset="jwst-2.0.1")
    assert (found.name, found.kinds, found.ruleset) == ("Asn_Lv2WFSC", ("rule",), "jwst-2.0.0")
    one = next(part for part in found.parts if part.field == "asn_type")
    assert (one.before, one.after, one.change) == (["wfs-image2"], ["image2"], "2.0.0-wfsc-image2")
    assert (one.ruleset, str(one.effective_from)) == ("jwst-2.0.0", "2026-04-13")
    assert "image2" in str(one.why)
    assert one.source == "jwst pull request 10124"
    document = found.document()
    assert [*document] == ["name", "kinds", "ruleset", "parts"]
    assert len(document["parts"]) == len(found.parts)


def test_of_a_list_what_stands_counts_and_of_a_value_the_last(kept_seeds: Engine) -> None:
    early = blame(kept_seeds, "nod_pattern", ruleset="jwst-1.8.1")
    assert changes(early) == []
    later = blame(kept_seeds, "nod_pattern", ruleset="jwst-2.0.0")
    assert changes(later) == ["1.8.5-along-slit-out-of-spec"]
    rule = blame(kept_seeds, "Asn_Lv2Spec", ruleset="jwst-2.0.0")
    keys = [part for part in rule.parts if (part.item, part.field) ==
            ("Asn_Lv2Spec: science", "keys")]  # fmt: skip
    # The tile of 1.15.0 stands, its dither position went.
    assert [(part.change, part.after, part.before) for part in keys] == [
        ("1.18.0-spec-dither-free", [], ["dither"]),
        ("1.15.0-spec-tile-dither", ["mosaic_tile", "dither"], []),
    ]
    # The steps of before are those that all rules have by default, since the first.
    steps = [part for part in rule.parts if (part.item, part.field) == ("Asn_Lv2Spec", "steps")]
    assert [(part.change, part.after, part.before) for part in steps] == [
        ("1.18.0-imprint-pruning", ["imprint_pruning"], []),
    ]
    setting = blame(kept_seeds, "generation_order", ruleset="jwst-2.0.0")
    assert changes(setting) == ["1.14.0-tie-by-name"]


def test_what_is_gone_has_the_change_that_took_it(kept_seeds: Engine) -> None:
    found = blame(kept_seeds, "Asn_Lv2WFSS", ruleset="jwst-1.9.4")
    assert changes(found) == ["1.7.1-wfss-nrc-detector"]
    assert all(part.after == [] for part in found.parts)


@pytest.mark.parametrize(
    ("exp_type", "label", "has", "has_not"),
    [
        ("NRS_MIMF", "jwst-2.0.0", "2.0.0-wfsc-image2", "1.14.0-ami-rateints"),
        ("NIS_AMI", "jwst-2.0.0", "1.14.0-ami-rateints", "2.0.0-mir-wfss"),
        ("MIR_LRS-SLITLESS", "jwst-2.0.0", "2.0.0-lrs-taconfirm", "2.0.0-mir-wfss"),
        ("NRS_FIXEDSLIT", "jwst-1.19.0", "1.19.0-nod-target", "1.14.0-msa-primary"),
        ("MIR_WFSS", "jwst-1.20.0", "1.9.4-flag-order", "1.7.1-wfss-nis-pupil"),
    ],
)
def test_what_becomes_of_an_exp_type(
    kept_seeds: Engine, exp_type: str, label: str, has: str, has_not: str
) -> None:
    found = blame(kept_seeds, exp_type.lower(), ruleset=label)
    assert (found.name, found.kinds) == (exp_type, ("exp_type",))
    assert has in changes(found)
    assert has_not not in changes(found)


def test_a_change_is_found_by_its_name(kept_seeds: Engine) -> None:
    for change in seed("jwst-1.8.5").changes:
        found = blame(kept_seeds, change.change.upper(), ruleset="jwst-1.9.4")
        assert (found.name, found.kinds) == (change.change, ("change",))
        items = [(part.kind, part.item, part.field) for part in found.parts]
        assert items == ([item[:3] for item in change.items] or [("change", change.change, None)])
        assert {(part.change, part.why) for part in found.parts} == {(change.change, change.why)}


@pytest.mark.parametrize(
    ("name", "near"),
    [("asn_lv2wfsx", "Asn_Lv2WFSC"), ("NIS_IMAG", "NIS_IMAGE"), ("ifu_pathz", "ifu_path")],
)
def test_an_unknown_name_brings_near_ones(kept_seeds: Engine, name: str, near: str) -> None:
    with pytest.raises(NotFoundError, match=f"'{name}' in jwst-1.2.1.*{near}"):
        blame(kept_seeds, f"{name}", ruleset="jwst-1.2.1")
