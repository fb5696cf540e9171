"""What tests share: the shipped rulesets, each read once, and connections to kept databases."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog import open as opening
from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.rules.read import RulesetReader
from asnrules.util.environment import shipped

SEEDS = shipped("seed") / "rulesets"

_ALL = opening._seed_folders

READER = RulesetReader()
"""Has the chain that a ruleset extends, once it was read."""


@cache
def seed(label: str = "jwst-3.0.0") -> Any:
    """Give a shipped ruleset; to read the chain that it extends takes a while."""
    return READER.read(SEEDS / label)


def ship_only(monkeypatch: pytest.MonkeyPatch, *labels: str) -> None:
    """Ship some of the rulesets, as a new database with all of them takes a while."""
    monkeypatch.setattr(opening, "_seed_folders", lambda: {one: SEEDS / one for one in labels})


def upgrade_with_all(engine: Engine) -> None:
    """Upgrade a database and add all rulesets, whatever a test ships."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(opening, "_seed_folders", _ALL)
        upgrade_catalog(engine)


@cache
def connected(database: str) -> Engine:
    """Connect to a database that tests share, and keep what SQLAlchemy makes of statements."""
    return connect_catalog(database)
