"""The examples of changes: what rules make before a change and after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from tests.engine.building import exposure, outcome_of, work_of

from asnrules.associations.model import Association
from asnrules.engine.candidates import Selection
from asnrules.rules.converter import FileConverter
from asnrules.rules.model import Ruleset
from asnrules.rules.read_rules import RulesReader
from asnrules.rules.shapes import ChangeShape, ExampleShape, RulesHeaderShape
from asnrules.rules.text_files import read_toml
from asnrules.rules.words import shipped_words
from asnrules.util.environment import shipped

SEEDS = shipped("seed") / "rulesets"
CHAIN = sorted(
    path.parent.name
    for path in SEEDS.glob("*/ruleset.toml")
    if "\nextends = " in path.read_text(encoding="utf-8")
)
READER = RulesReader(shipped_words())


@cache
def changes(label: str) -> list[ChangeShape]:
    """Give the changes of a ruleset as they are written."""
    path = SEEDS / label / "ruleset.toml"
    converter = FileConverter(shipped_words())
    header: RulesHeaderShape = converter.make(RulesHeaderShape, read_toml(path))
    return header.change


def made(ruleset: Ruleset, example: ExampleShape) -> list[Association]:
    """Make the associations of exposures that say what matters only."""
    rows = [
        exposure(f"e{number}_uncal.fits", "") | {"targetid": "1", **example.common, **one}
        for number, one in enumerate(example.exposures, 1)
    ]
    selection = Selection(frozenset(example.candidates), example.dms)
    return list(outcome_of(work_of(rows, rules=ruleset), selection=selection).associations)


def fits(association: Association, wanted: Mapping[str, Any]) -> bool:
    """Tell whether an association is the one that an example wants."""
    (product,) = association.products
    members = Counter((member.expname, member.exptype) for member in product.members)
    short = Counter((one.expname.rpartition("_")[0], one.exptype) for one in product.members)
    asked = Counter(tuple(text.split(" ")) for text in wanted.get("members", ()))
    return (
        all(getattr(association, name) == wanted[name] for name in wanted if "asn" in name)
        and wanted.get("product") in {None, product.name}
        and ("members" not in wanted or asked in (members, short))
    )


def told(associations: Sequence[Association], wanted: Sequence[Mapping[str, Any]]) -> str:
    """Say in what associations are not those wanted; '' if they are."""
    left = list(associations)
    for one in sorted(wanted, key=len, reverse=True):
        found = next((association for association in left if fits(association, one)), None)
        if found is None:
            return f"{dict(one)} is not among {[_seen(one) for one in associations]}"
        left.remove(found)
    return f"not wanted: {[_seen(one) for one in left]}" if left else ""


def _seen(one: Association) -> tuple[Any, ...]:
    members = [f"{member.expname} {member.exptype}" for member in one.products[0].members]
    return one.asn_type, one.asn_rule, one.asn_name, one.products[0].name, members


@cache
def stages(label: str) -> dict[str, tuple[Ruleset, Ruleset]]:
    """Give the rules before and after each change; those of one that follows begin before that."""
    found: dict[str, tuple[Ruleset, Ruleset]] = {}
    variants = READER.variants(SEEDS / label)
    names = [change.change for change in variants.changes]
    rules = [variants.made(names[:number]) for number in range(len(names) + 1)]
    for name, before, after in zip(names, rules[:-1], rules[1:], strict=True):
        first = found.get(variants.follows.get(name, ""), (before, after))
        found[name] = first[0], after
    return found


def examples() -> list[Any]:
    return [
        pytest.param(label, change.id, example, id=f"{change.id}-{number}")
        for label in CHAIN
        for change in changes(label)
        for number, example in enumerate(change.example)
    ]


@pytest.mark.parametrize("label", CHAIN)
def test_each_change_has_an_example(label: str) -> None:
    assert [change.id for change in changes(label) if not change.example] == []


@pytest.mark.parametrize(("label", "change", "example"), examples())
def test_example_of_a_change(label: str, change: str, example: ExampleShape) -> None:
    before, after = stages(label)[change]
    if example.before is not None:
        assert told(made(before, example), example.before) == ""
    assert told(made(after, example), example.after) == ""
