"""Catalogs with rows in every table: a ruleset of each kind, two drafts, and recorded runs."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.catalog.open import connect_catalog
from asnrules.catalog.vocabulary import seed_vocabulary
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.database.schema import all_tables as schema
from asnrules.record.write import writing_run
from asnrules.rules.model import AnyRuleset, Change, ChangeItem, Ruleset
from seeds import connected, seed

SEEDS = ("2026-03-20", "jwst-3.0.0")
"""A table of modes, and the rules that implement it."""
STARTED = dt.datetime(2026, 5, 1, 8, 30, tzinfo=dt.UTC)


@pytest.fixture
def full_catalog(
    engine_name: str, full_template: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Give a copy that a test may change."""
    yield from copied(engine_name, full_template, tmp_path, request)


def copied(
    engine_name: str, template: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    if engine_name == "sqlite":
        path = tmp_path / "full.db"
        shutil.copyfile(template, path)
        yield connect_catalog(str(path))
    else:
        server = request.getfixturevalue("postgresql_server")
        url = server.create(template)
        yield connect_catalog(url)
        server.drop(url)


@pytest.fixture
def kept_catalog(engine_name: str, full_template: str) -> Engine:
    """Give the one that all tests share: for those that change nothing."""
    return connected(full_template)


@pytest.fixture
def few_template(engine_name: str, templates: Any) -> str:
    """Give a catalog of two rulesets, for `catalog_template`."""
    template: str = templates.get(engine_name, "few", seed_few, empty=True)
    return template


@pytest.fixture
def full_template(engine_name: str, templates: Any) -> str:
    template: str = templates.get(engine_name, "full", fill_catalog, empty=True)
    return template


def without_guards(engine: Engine) -> None:
    """Drop all triggers, as somebody might who wants to change what must not be changed."""
    is_sqlite = engine.dialect.name == "sqlite"
    query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    if not is_sqlite:
        query = "SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal"
    with engine.begin() as connection:
        for name, table in connection.exec_driver_sql(query).all():
            on = "" if is_sqlite else f" ON {table}"
            connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def record_runs(engine: Engine) -> None:
    """Record a run that made associations, and one that imported some."""
    _record(engine, "generated")
    _record(engine, "imported")


def _record(engine: Engine, origin: str) -> None:
    with transaction(engine, writing=True) as connection:
        rules = store.ruleset_ids(connection)["jwst-3.0.0"]
        assert rules is not None
        tables = IMPORTED if origin == "imported" else _generated(rules)
        with writing_run(connection) as ledger:
            for table, rows in tables.items():
                ledger.add(schema.metadata.tables[table], rows)
            ledger.seal(_run(rules, origin))


def seed_few(engine: Engine, cut: Callable[[AnyRuleset], AnyRuleset] = lambda one: one) -> None:
    """Make a catalog of two published rulesets, as many would be copied and verified each time."""
    with transaction(engine, writing=True) as connection:
        migrations.upgrade(connection)
        seed_vocabulary(connection)
        for label in SEEDS:
            content = with_a_change(cut(seed(label)))
            store.publish(connection, [store.insert_draft(connection, content)], STARTED)


def small(content: AnyRuleset) -> AnyRuleset:
    """Leave a few of what there is much of, so that each column has a value all the same."""
    if not isinstance(content, Ruleset):
        return content
    names = {"Asn_Lv2MIRLRSFixedSlitNod", "Asn_Lv2SpecSpecial", "Asn_Lv2Image"}
    differences = content.known_differences
    overlaps = content.intended_overlaps
    return replace(
        content,
        rules=tuple(one for one in content.rules if one.name in names),
        intended_overlaps=tuple(one for one in overlaps if {one.asn_rule, one.stays} <= names),
        known_differences=(*differences[:3], *(one for one in differences if one.condition)),
    )


def with_a_change(content: AnyRuleset) -> AnyRuleset:
    """Give rules a change and no parent, so that the tables of changes have rows."""
    if not isinstance(content, Ruleset):
        return content
    item = ChangeItem("setting", "sequence_digits", "value", "3", "5")
    change = Change("five-digits", "More digits.", "made up", (item,))
    return replace(content, extends=None, changes=(change,))


def fill_catalog(engine: Engine) -> None:
    """Make a catalog with rows in every table."""
    seed_few(engine, small)
    with transaction(engine, writing=True) as connection:
        for label, source in zip(("draft-modes", "draft-rules"), SEEDS, strict=True):
            content = with_a_change(small(seed(source)))
            start = dt.date(2030, 1, 1)
            store.insert_draft(connection, replace(content, label=label, effective_from=start))
    record_runs(engine)


def _generated(rules: int) -> dict[str, list[tuple[Any, ...]]]:
    return {
        "pools": [(1, "ab", "[]", "[]", 2, 1)],
        "exposures": [
            (1, position, f"jw{position}_uncal.fits", "1", "NIS_IMAGE", "null", "{}")
            for position in (1, 2)
        ],
        "traces": [(1, rules, "{}", "science", "PSF", 37, True, "an image", "[]", 1)],
        "run_pools": [(1, 1, 1, "pool_1")],
        "decisions": [(1, 1, 1, 1, 1, None), (1, 1, 2, 1, 0, "it belongs to no candidate")],
        "associations": [(1, 1, *ASSOCIATION)],
        "association_members": [
            (1, 1, 1, "jw1", "jw1_rate.fits", "science", "null", 1, 1),
            (1, 1, 2, "jw1", "jw1_cat.ecsv", "sourcecat", None, None, None),
        ],
    }


ASSOCIATION = (
    "jw1-o001_image2_00001_asn", "image2", "Asn_Lv2Image", "o001", "observation", "1", "1", "none",
    "",
)  # fmt: skip
IMPORTED: dict[str, list[tuple[Any, ...]]] = {
    "associations": [(2, 1, *ASSOCIATION)],
    "association_members": [
        (2, 1, 1, "jw1", "jw1_rate.fits", "science", None, None, None),
    ],
    "imported_associations": [
        (
            2, 1, "jw1-o001_image2_00001_asn.json", "cd", "candidate_Asn_Lv2Image", "1.2.3", "v1",
            "pool_1", "unexplained", "no pool",
        ),
    ],
}  # fmt: skip


def _run(rules: int, origin: str) -> dict[str, Any]:
    return {
        "origin": origin, "started_at": STARTED, "finished_at": STARTED, "operator": "tester",
        "host": "here", "software_version": "0", "ruleset_id": rules, "options": "{}",
        "note": "first", "exposure_count": 2, "association_count": 1, "unassociated_count": 1,
        "diagnostics": "[]",
    }  # fmt: skip


@pytest.fixture
def kept_postgresql(templates: Any) -> Engine:
    return connected(templates.get("postgresql", "full", fill_catalog, empty=True))


@pytest.fixture
def kept_sqlite(templates: Any) -> Engine:
    return connected(templates.get("sqlite", "full", fill_catalog, empty=True))


@pytest.fixture
def full_sqlite(templates: Any, tmp_path: Path) -> Engine:
    path = tmp_path / "full.db"
    shutil.copyfile(templates.get("sqlite", "full", fill_catalog, empty=True), path)
    return connect_catalog(str(path))
