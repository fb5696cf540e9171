"""What a draft of the exposure-mode table would change of what is on record."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from asnrules.catalog.life_cycle import ImportSettings, import_ruleset
from asnrules.errors import NotFoundError
from asnrules.impact.assess import assess_impact
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from seeds import SEEDS


def drafted(engine: Engine, folder: Path, old: str = "", new: str = "") -> str:
    shutil.copytree(SEEDS / "2026-03-20", folder)
    path = folder / "exposure_modes.csv"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return import_ruleset(engine, folder, ImportSettings("draft")).info.checksum


@pytest.fixture
def recorded(catalog: Engine, tmp_path: Path) -> Engine:
    exposures = (nrc_image(1), nrc_image(2, bkgdtarg="t"), nrc_image(3, exp_type="nrc_dark"))
    rows = [{"bkgdtarg": "f", **one} for one in exposures]
    generate(catalog, [write_pool(tmp_path / "pool.csv", *rows)], Options())
    return catalog


def test_table_that_says_the_same_changes_nothing(recorded: Engine, tmp_path: Path) -> None:
    digest = drafted(recorded, tmp_path / "draft")
    found = assess_impact(recorded, "draft")
    assert found.draft == {"ruleset": "draft", "checksum": digest}
    assert [one["ruleset"] for one in found.against] == ["2026-03-20"]
    assert (found.runs, found.exposures, found.signatures, found.changed) == (1, 3, 3, [])


def test_exposures_that_another_row_covers_are_named(recorded: Engine, tmp_path: Path) -> None:
    drafted(recorded, tmp_path / "draft", "NRC_IMAGE,science,N/A,image2", "NRC_IMAGE,dark,N/A,N/A")
    found = assess_impact(recorded, "draft", against="2025-05-02")
    (changed,) = found.changed
    change = "science, image2 -> dark, no association"
    assert changed.reason == ("row", change, "the row of NRC_IMAGE")
    assert (changed.name, changed.exp_type) == (nrc_image(1)["filename"], "NRC_IMAGE")
    assert (found.rows, found.decisions, found.associations) == (1, 0, 0)
    assert [one["ruleset"] for one in found.against] == ["2025-05-02"]
    assert next(iter(found.records()))["change"] == "science, image2 -> dark, no association"


def test_exposures_of_a_program_only(recorded: Engine, tmp_path: Path) -> None:
    drafted(recorded, tmp_path / "draft", "NRC_IMAGE,science,N/A,image2", "NRC_IMAGE,dark,N/A,N/A")
    program = nrc_image(1)["program"]
    assert len(assess_impact(recorded, "draft", program=program).changed) == 1
    with pytest.raises(NotFoundError, match="'77'"):
        assess_impact(recorded, "draft", program="77")
    with pytest.raises(NotFoundError, match="is of kind rules"):
        assess_impact(recorded, "draft", against="jwst-3.0.0")
