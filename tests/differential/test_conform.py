"""`rulesets conform` with the jwst 3.0.0 of this environment: what agrees, and what does not."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog.open import connect_catalog
from asnrules.workflows.conform import conform

pytest.importorskip("jwst", reason="jwst 3.0.0 is not installed beside asnrules")


@pytest.fixture
def catalog_file(templates: Any) -> Engine:
    return connect_catalog(templates.seeded("sqlite"))


def test_the_rules_of_3_0_0_conform(catalog_file: Engine) -> None:
    found = conform(catalog_file, "jwst-3.0.0", sys.executable, exp_types=["NRS_MIMF"])
    assert (found.release, found.differences, found.stops) == ("3.0.0", [], {})
    assert found.exposures > 100


def test_the_rules_of_2_0_0_do_not(catalog_file: Engine) -> None:
    """Parallel MIRI grisms have a rule since 3.0.0."""
    found = conform(catalog_file, "jwst-2.0.0", sys.executable, exp_types=["MIR_WFSS"])
    assert {one.sign.exp_type for one in found.differences} == {"MIR_WFSS"}
    parallel = [one for one in found.differences if one.sign.asn_rule == "Asn_Lv2WFSSParallel"]
    assert parallel
    for one in parallel:
        assert all("direct_image" in row["asn_candidate"] for row in one.pool.rows)
        assert len(one.pool.rows) <= 2
