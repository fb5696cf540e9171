"""The named changes between rulesets, against what the files say."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

import labels
from asnrules.catalog.changes import came_and_went, chain_of, changes_between, changes_of, elements
from asnrules.catalog.rulesets import list_rulesets
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError
from asnrules.rules.model import ChangeItem
from asnrules.util.environment import shipped

HEADERS: dict[str, Any] = {
    label: tomllib.loads((shipped("seed") / "rulesets" / label / "ruleset.toml").read_text())
    for label in labels.RULES
}
WRITTEN = [
    (label, change["id"], change["why"], change["source"])
    for label, header in HEADERS.items()
    for change in header.get("change", ())
]
CHAINED = [label for label, header in HEADERS.items() if "extends" in header]


@pytest.fixture
def connection(kept_seeds: Engine) -> Iterator[Connection]:
    with transaction(kept_seeds) as connection:
        yield connection


def test_the_view_has_each_change(connection: Connection) -> None:
    found = connection.execute(text("SELECT DISTINCT ruleset, change FROM v_rule_changes")).all()
    assert sorted(map(tuple, found)) == sorted(one[:2] for one in WRITTEN)


def test_a_ruleset_is_made_of_all_before_it(connection: Connection) -> None:
    infos = list_rulesets(connection)
    for label in CHAINED:
        chain = [info.ruleset for info in chain_of(infos, label)]
        assert chain == labels.RULES[: labels.RULES.index(label) + 1]


def test_changes_are_those_of_the_files_in_their_order(connection: Connection) -> None:
    chain = chain_of(list_rulesets(connection), CHAINED[-1])
    found = changes_of(connection, chain)
    assert [(one.ruleset, one.change, one.why, one.source) for one in found] == WRITTEN
    days = {info.ruleset: info.effective_from for info in chain}
    assert all(one.effective_from == days[one.ruleset] for one in found)


@pytest.mark.parametrize("label", CHAINED)
def test_changes_between_two_rulesets_in_either_order(connection: Connection, label: str) -> None:
    start = "jwst-1.8.1" if label > "jwst-1.8.1" else "jwst-1.2.0"
    places = [labels.RULES.index(one) for one in (start, label)]
    between = labels.RULES[min(places) + 1 : max(places) + 1]
    wanted = [change for ruleset, change, *_ in WRITTEN if ruleset in between]
    for ends in ((start, label), (label, start)):
        found = changes_between(connection, *ends)
        assert found is not None
        assert [one.change for one in found] == wanted


def test_none_are_between_what_was_not_made_of_each_other(connection: Connection) -> None:
    assert changes_between(connection, "2021-06-15", "jwst-1.4.0") is None
    assert changes_between(connection, "jwst-1.4.0", "jwst-1.4.0") == []
    with pytest.raises(NotFoundError, match="jwst-1"):
        changes_between(connection, "jwst-1.4.0", "jwst-1.4.O")


@pytest.mark.parametrize(
    ("before", "after", "came", "went"),
    [
        ('["a", "b"]', '["a", "c"]', [("c",)], [("b",)]),
        ('"a"', None, [], [("a",)]),
        ("3", "5", [("5",)], [("3",)]),
        ('[{"exp_type": {"in": ["a"]}}]', '[{"exp_type": {"in": ["a", "b"]}}]',
         [("exp_type", "in", "b")], []),
        ('[{"lamp": "x", "opmode": "y"}]', "[]", [], [("lamp x, opmode y",)]),
        ("not JSON", "[" * 100_000, [("[" * 100_000,)], [("not JSON",)]),
    ],
)  # fmt: skip
def test_what_came_and_what_went(
    before: str | None, after: str | None, came: list[Any], went: list[Any]
) -> None:
    assert came_and_went(ChangeItem("rule", "one", "field", before, after)) == (came, went)
    assert elements(after) == came or len(came) < len(elements(after))
