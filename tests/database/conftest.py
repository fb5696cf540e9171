"""A catalog with rows in every table: the seeds, two drafts, and a recorded run."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from asnrules.catalog import store
from asnrules.catalog.files import read_ruleset
from asnrules.catalog.opening import connect_catalog, upgrade_catalog
from asnrules.database import schema
from asnrules.database.engines import transaction
from asnrules.shipped import shipped

STARTED = dt.datetime(2026, 5, 1, 8, 30, tzinfo=dt.UTC)


@pytest.fixture
def full_catalog(
    engine_name: str, full_template: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    """Give a copy that a test may change."""
    if engine_name == "sqlite":
        path = tmp_path / "full.db"
        shutil.copyfile(full_template, path)
        yield connect_catalog(str(path))
    else:
        server = request.getfixturevalue("postgresql_server")
        url = server.create(full_template)
        yield connect_catalog(url)
        server.drop(url)


@pytest.fixture
def kept_catalog(engine_name: str, full_template: str) -> Engine:
    """Give the one that all tests share: for those that change nothing."""
    return connect_catalog(full_template)


@pytest.fixture
def full_template(engine_name: str, templates: Any) -> str:
    template: str = templates.get(engine_name, "full", _fill)
    return template


def _fill(engine: Engine) -> None:
    upgrade_catalog(engine)
    with transaction(engine, writing=True) as connection:
        for label, source in (("draft-modes", "2026-03-20"), ("draft-rules", "jwst-3.0.0")):
            content = read_ruleset(shipped("seed") / "rulesets" / source)
            store.insert_draft(
                connection, replace(content, label=label, effective_from=dt.date(2030, 1, 1))
            )
        rules = store.ruleset_id(connection, "jwst-3.0.0")
        rows = {
            "pools": {
                "pool_id": 1, "sha256": "ab", "keywords": "[]", "column_names": "[]",
                "exposures": 1,
            },
            "exposures": [
                {
                    "pool_id": 1, "position": position, "filename": f"jw{position}_uncal.fits",
                    "program": "1", "exp_type": "NIS_IMAGE", "asn_candidate": None,
                    "keyword_values": "{}",
                }
                for position in (1, 2)
            ],
            "runs": {
                "run_id": 1, "started_at": STARTED, "finished_at": STARTED, "operator": "tester",
                "host": "here", "software_version": "0", "ruleset_id": rules, "options": "{}",
                "note": None, "exposures": 1, "associations": 1, "unassociated": 0,
                "diagnostics": "[]",
            },
            "run_pools": {"run_id": 1, "position": 1, "pool_id": 1, "name": "pool_1"},
            "traces": {
                "trace_id": 1, "ruleset_id": rules, "signature": "{}", "member_type": "science",
                "special": None, "published_position": 37, "agrees": True, "reason": "an image",
                "trace": "[]",
            },
            "decisions": {
                "run_id": 1, "pool_id": 1, "position": 1, "trace_id": 1, "associations": 1,
                "reason": None,
            },
            "associations": {
                "run_id": 1, "position": 1, "asn_name": "jw1-o001_image2_00001_asn",
                "asn_type": "image2", "asn_rule": "Asn_Lv2Image", "asn_id": "o001",
                "candidate_type": "observation", "program": "1", "target": "1",
                "degraded_status": "none", "keys": "",
            },
            "association_members": {
                "run_id": 1, "association": 1, "position": 1, "product": "jw1",
                "expname": "jw1_rate.fits", "exptype": "science", "exposerr": None, "pool_id": 1,
                "exposure": 1,
            },
        }  # fmt: skip
        for table, row in rows.items():
            connection.execute(insert(schema.metadata.tables[table]), row)


@pytest.fixture
def kept_postgresql(templates: Any) -> Engine:
    return connect_catalog(templates.get("postgresql", "full", _fill))


@pytest.fixture
def kept_sqlite(templates: Any) -> Engine:
    return connect_catalog(templates.get("sqlite", "full", _fill))


@pytest.fixture
def full_sqlite(templates: Any, tmp_path: Path) -> Engine:
    path = tmp_path / "full.db"
    shutil.copyfile(templates.get("sqlite", "full", _fill), path)
    return connect_catalog(str(path))
