"""The shared case of exposures that list a direct-image candidate alone."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.workflows.generate import Options, generate
from asnrules.workflows.import_associations import ImportOptions, import_associations

CASE = Path(__file__).parents[3] / "shared" / "cases" / "pool-direct-image-only"
POOL = str(CASE / "pool.csv")

pytestmark = pytest.mark.skipif(
    not CASE.is_dir(), reason="the folder shared/cases is not beside this checkout"
)


@pytest.fixture
def engine(engine_name: str, templates: Any) -> Any:
    return connect_catalog(templates.get(engine_name, "imported parity", upgrade_catalog))


@pytest.fixture
def expected() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CASE / "expected.json").read_text())
    return found


def test_equals_jwst_3_0_0(engine: Any, expected: list[dict[str, Any]], canon: ModuleType) -> None:
    report = generate(engine, [POOL], Options(ruleset="jwst-3.0.0", record=False))
    made = [(one.asn_name, json.loads(one.text("test"))) for one in report.made]
    assert canon.canon_list(made) == expected
    (direct,) = report.orphans
    assert direct.reason.startswith("it is used as a direct image: jw98103-c1000_t000_")


def test_none_is_discovered_for_selected_candidates(engine: Any) -> None:
    options = Options(ruleset="jwst-3.0.0", record=False, candidates=["c1000"])
    report = generate(engine, [POOL], options)
    assert [one.asn_id for one in report.made] == ["c1000", "c1000"]


def test_what_jwst_made_is_explained_when_it_is_imported(
    engine: Any, expected: list[dict[str, Any]], tmp_path: Path
) -> None:
    for association in expected:
        name = association["asn_name"]
        written = {key: value for key, value in association.items() if key != "asn_name"}
        (tmp_path / f"{name}.json").write_text(json.dumps(written))
    options = ImportOptions([POOL], ruleset="jwst-3.0.0")
    report = import_associations(engine, [str(tmp_path / "*_asn.json")], options)
    assert report.errors == []
    assert [file.verdict for file in report.files] == ["explained"] * len(expected)
