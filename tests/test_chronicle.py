"""docs/history.md, against the rulesets and the example."""

from __future__ import annotations

import os
from collections import defaultdict

import pytest
from sqlalchemy import Engine

import chronicle
from asnrules.catalog.changes import changes_of
from asnrules.catalog.rulesets import list_rulesets
from asnrules.database.engines import transaction

pytestmark = pytest.mark.usefixtures("read_once")

COUNTED = ("jwst-1.9.4", "jwst-2.0.0", "jwst-3.0.0")
"""The rulesets whose changes are tried on the example; all of them on demand."""


def written() -> dict[str, chronicle.Touched]:
    found = chronicle.counted(chronicle.DOCUMENT.read_text())
    return defaultdict(lambda: chronicle.Touched(0, 0), found)


def test_the_history_is_that_of_the_rulesets(kept_seeds: Engine) -> None:
    """`python tests/chronicle.py` renews it."""
    exposures = len(chronicle.example(kept_seeds).exposures)
    text = chronicle.chronicle(kept_seeds, written(), exposures)
    assert chronicle.DOCUMENT.read_text() == text


def test_the_changes_that_it_picks_out_are_there(kept_seeds: Engine) -> None:
    with transaction(kept_seeds) as connection:
        found = {one.change for one in changes_of(connection, list_rulesets(connection))}
    assert {name for names in chronicle.THEMES.values() for name in names} <= found


def test_changes_touch_as_many_exposures_as_it_says(kept_seeds: Engine) -> None:
    with transaction(kept_seeds) as connection:
        chain = [info.ruleset for info in list_rulesets(connection) if info.change_count]
    labels = chain if "ASNRULES_RULESETS" in os.environ else COUNTED
    counts = chronicle.touched(chronicle.example(kept_seeds), labels)
    assert sum(count.exposures for count in counts.values()) > 0
    assert {name: written()[name] for name in counts} == counts
