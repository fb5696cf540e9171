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

DATES = (dt.date(2031, 1, 1), None)


def status(engine: Engine) -> str:
    with transaction(engine) as connection:
        return find_ruleset(connection, "mine").status


def test_table_is_checked(catalog: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    shutil.copytree(SEEDS / "2026-03-20", folder)
    path = folder / "exposure_modes.csv"
    path.write_text(path.read_text().replace("MIR_WFSS,science,N/A", "MIR_WFSS,science,BACKGROUND"))
    done = import_ruleset(catalog, folder, ImportSettings("mine"))
    with pytest.raises(
        RulesetError, match=r"'mine' does not pass its check: .*MIR_WFSS.*check mine tells"
    ):
        publish_checked(catalog, "mine", Publishing(done.info.checksum, DATES))
    assert status(catalog) == "draft"
    done = import_ruleset(catalog, SEEDS / "2026-03-20", ImportSettings("mine"))
    info = publish_checked(catalog, "mine", Publishing(done.info.checksum[:12], DATES)).info
    assert info.status == "published"
    assert info.published_by


def test_a_draft_that_is_replaced_while_it_is_checked_is_not_published(catalog: Engine) -> None:
    reviewed = import_ruleset(catalog, SEEDS / "jwst-3.0.0", ImportSettings("mine")).info.checksum
    others = [SEEDS / "jwst-2.0.0"]

    def replacing(stage: str, done: int, total: int) -> None:
        if others:
            import_ruleset(catalog, others.pop(), ImportSettings("mine"))

    with pytest.raises(RulesetError, match=f"not the one with checksum {reviewed[:12]}"):
        publish_checked(catalog, "mine", Publishing(reviewed, DATES), replacing)
    assert status(catalog) == "draft"
