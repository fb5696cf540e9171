"""Only a draft that passes its check is published."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from asnrules.catalog.life_cycle import ImportSettings, import_ruleset
from asnrules.catalog.publishing import Publishing
from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.engines import transaction
from asnrules.errors import RulesetError
from asnrules.workflows.publish import publish_checked
from seeds import SEEDS

WANTED = Publishing(dt.date(2031, 1, 1))


def status(engine: Engine) -> str:
    with transaction(engine) as connection:
        return find_ruleset(connection, "mine").status


def test_table_is_checked(catalog: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    shutil.copytree(SEEDS / "2026-03-20", folder)
    path = folder / "exposure_modes.csv"
    path.write_text(path.read_text().replace("MIR_WFSS,science,N/A", "MIR_WFSS,science,BACKGROUND"))
    import_ruleset(catalog, folder, ImportSettings("mine"))
    with pytest.raises(
        RulesetError, match=r"'mine' does not pass its check: .*MIR_WFSS.*check mine tells"
    ):
        publish_checked(catalog, "mine", WANTED)
    assert status(catalog) == "draft"
    import_ruleset(catalog, SEEDS / "2026-03-20", ImportSettings("mine"))
    info = publish_checked(catalog, "mine", WANTED).info
    assert info.status == "published"
    assert info.published_by
