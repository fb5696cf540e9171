"""What jwst 3.0.0 made of whole pools is explained by its ruleset when it is imported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asnrules.catalog.opening import connect_catalog, upgrade_catalog
from asnrules.importing import ImportOptions, import_associations


def test_what_the_oracle_made_is_explained(
    whole_case: Any, engine_name: str, templates: Any, tmp_path: Path
) -> None:
    engine = connect_catalog(templates.get(engine_name, "imported parity", upgrade_catalog))
    for association in whole_case.given:
        name = association["asn_name"]
        written = {key: value for key, value in association.items() if key != "asn_name"}
        (tmp_path / f"{name}.json").write_text(json.dumps(written))
    options = ImportOptions([str(whole_case.folder / "pool.csv")], ruleset="jwst-3.0.0")
    report = import_associations(engine, [str(tmp_path / "*_asn.json")], options)
    if whole_case.given:
        assert report.errors == []
    assert len(report.files) == len(whole_case.given)
    assert [file for file in report.files if file.verdict != "explained"] == []
