"""Shipped rulesets, read from a database once: for tests that ask for many of them each time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, select

from asnrules.catalog import history, store
from asnrules.database.schema.catalog import rulesets
from asnrules.impact import turning
from asnrules.rules.model import Ruleset
from labels import RULES

_Version = tuple[Any, ...]
"""A label with its checksums: there are cut versions of shipped rulesets."""

_chains: dict[frozenset[_Version], dict[tuple[str, str], turning.Chain | None]] = {}
_loaded: dict[_Version, Ruleset] = {}
_anchored: dict[tuple[int, str], tuple[Ruleset, Any]] = {}
_USERS = (
    "catalog.history",
    "impact.assess",
    "workflows.import_associations",
    "workflows.replay",
    "workflows.timeline",
)


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep shipped rules and the chains between them, which are the same in all databases.

    Not for a test in whose database somebody changes them.
    """
    monkeypatch.setattr(store, "load_all_rules", functools.partial(_rules, store.load_all_rules))
    for user in _USERS:
        monkeypatch.setattr(f"asnrules.{user}.chain_between", _chain)
    monkeypatch.setattr(history._Past, "_anchored", _what_becomes(history._Past._anchored))


def _what_becomes(asked: Callable[[Any, Ruleset], Any]) -> Callable[[Any, Ruleset], Any]:
    """Ask once what rules make of an EXP_TYPE: of those that are kept, and of their changes."""

    def of(past: Any, ruleset: Ruleset) -> Any:
        key = id(ruleset), past._exp_type
        if key not in _anchored:
            # With the rules, whose place in memory no others have then.
            _anchored[key] = ruleset, asked(past, ruleset)
        return _anchored[key][1]

    return of


def _versions(connection: Connection) -> dict[int, _Version]:
    """Give the shipped rulesets of a database."""
    columns = (rulesets.c.label, rulesets.c.checksum, rulesets.c.changes_checksum)
    rows = connection.execute(select(rulesets.c.ruleset_id, *columns))
    return {key: tuple(version) for key, *version in rows if version[0] in RULES}


def _rules(read: object, connection: Connection, keys: Sequence[int]) -> list[Ruleset]:
    versions = _versions(connection)
    known = {key: _loaded[versions[key]] for key in keys if versions.get(key) in _loaded}
    missing = [key for key in keys if key not in known]
    known.update(zip(missing, read(connection, missing), strict=True))  # type: ignore[operator]
    _loaded.update((versions[key], one) for key, one in known.items() if key in versions)
    return [known[key] for key in keys]


def _chain(connection: Connection, before: str, after: str) -> turning.Chain | None:
    if not {before, after} <= {*RULES}:
        return turning.chain_between(connection, before, after)
    chains = _chains.setdefault(frozenset(_versions(connection).values()), {})
    if (before, after) not in chains:
        chains[before, after] = turning.chain_between(connection, before, after)
    return chains[before, after]
