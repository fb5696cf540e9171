"""What jwst made of whole pools is explained by the rules of its release when it is imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.workflows.import_associations import ImportedFile, ImportOptions, import_associations

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.fixture
def catalog(all_cases: tuple[Any, ...], whole_case: Any, templates: Any) -> Engine:
    """Give a catalog that several cases share: each tenth is imported on PostgreSQL."""
    engine_name = "sqlite" if all_cases.index(whole_case) % 10 else "postgresql"
    return connect_catalog(templates.get(engine_name, "imported parity", upgrade_catalog))


def imported(
    engine: Engine, case: Any, made: list[dict[str, Any]], release: str, folder: Path
) -> list[ImportedFile]:
    for association in made:
        name = association["asn_name"]
        written = {key: value for key, value in association.items() if key != "asn_name"}
        (folder / f"{name}.json").write_text(json.dumps(written | {"code_version": release}))
    options = ImportOptions([str(case.folder / "pool.csv")])
    report = import_associations(engine, [str(folder / "*_asn.json")], options)
    if made:
        assert report.errors == []
    assert len(report.files) == len(made)
    return report.files


def check(files: list[ImportedFile], ruleset: str, *, exactly: bool) -> None:
    assert {file.ruleset for file in files} <= {ruleset}
    assert [file for file in files if file.verdict != "explained"] == []
    begin = ("the rules make exactly this: ", "it joins ")
    assert not exactly or all(file.explanation.startswith(begin) for file in files)


def test_what_jwst_3_0_0_made_is_explained(
    whole_case: Any, catalog: Engine, tmp_path: Path
) -> None:
    files = imported(catalog, whole_case, whole_case.given, "3.0.0", tmp_path)
    check(files, "jwst-3.0.0", exactly=whole_case.given == whole_case.in_order)


# What today's rules would make is told as well, which takes its time.
def test_what_jwst_1_3_0_made_is_explained(
    some_older_case: Any, templates: Any, tmp_path: Path
) -> None:
    engine = connect_catalog(templates.get("sqlite", "imported parity", upgrade_catalog))
    files = imported(engine, some_older_case, some_older_case.by_1_3_0, "1.3.0", tmp_path)
    check(files, "jwst-1.2.1", exactly=True)
