"""What is said of today's rules where a file is judged by those of its time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

import labels
from asnrules.catalog.open import upgrade_catalog
from asnrules.workflows.import_associations import ImportOptions, ImportReport, import_associations
from seeds import connected

pytestmark = pytest.mark.usefixtures("read_once")

EXAMPLE = Path(__file__).parents[2] / "examples" / "2022"
POOL = EXAMPLE / "jw01098_20220815t101500_pool.csv"
WAVEFRONT = "jw01098-o002_20220815t120000_wfs-image2_001_asn.json"
IMAGE = "jw01098-o001_20220815t120000_image2_001_asn.json"
NOD = "jw01098-o003_20220815t120000_spec2_001_asn.json"


@pytest.fixture
def catalog(templates: Any) -> Engine:
    """Give a catalog to whose record all of these tests add."""
    return connected(templates.get("sqlite", "since", upgrade_catalog))


def run(engine: Engine, folder: Path, ruleset: str | None = None) -> ImportReport:
    return import_associations(engine, [str(folder)], ImportOptions([str(POOL)], ruleset))


def said(report: ImportReport) -> dict[str, list[str]]:
    """Give for each association what its explanation says."""
    return {file.asn_name.split("_", 2)[2]: file.explanation.split("; ") for file in report.files}


def test_the_changes_since_are_named_with_reason_and_source(catalog: Engine) -> None:
    report = run(catalog, EXAMPLE)
    assert {(file.ruleset, file.verdict) for file in report.files} == {("jwst-1.5.3", "explained")}
    found = said(report)
    assert "today's rules (jwst-3.0.0) make the same" in found["image2_001_asn"]
    by = [text for text in found["wfs-image2_001_asn"] if "2.0.0-wfsc-image2" in text]
    assert by == [
        "changed since by 2.0.0-wfsc-image2: Images for wavefront sensing and control make image2, "
        "numbered with the others (jwst pull request 10124)"
    ]
    now = "by today's rules (jwst-3.0.0): type wfs-image2, image2 by the rules"
    assert now in found["wfs-image2_001_asn"]
    for nod in ("spec2_001_asn", "spec2_002_asn"):
        assert any(text.startswith("changed since by 1.19.0-nod-target: ") for text in found[nod])


@pytest.mark.parametrize("label", [one for one in labels.TRIED if one not in labels.RULES[-2:]])
def test_one_change_turned_it_whatever_rules_were_of_its_time(
    catalog: Engine, tmp_path: Path, label: str
) -> None:
    document = json.loads((EXAMPLE / WAVEFRONT).read_text())
    document["code_version"] = label.removeprefix("jwst-")
    (tmp_path / WAVEFRONT).write_text(json.dumps(document))
    (file,) = run(catalog, tmp_path).files
    assert (file.ruleset, file.verdict) == (label, "explained")
    (changed,) = (text for text in file.explanation.split("; ") if "changed since" in text)
    assert changed.startswith("changed since by 2.0.0-wfsc-image2: ")


def test_what_only_todays_rules_make_is_not_called_the_same(
    catalog: Engine, tmp_path: Path
) -> None:
    document = json.loads((EXAMPLE / WAVEFRONT).read_text())
    (tmp_path / WAVEFRONT).write_text(json.dumps(document | {"asn_type": "image2"}))
    (file,) = run(catalog, tmp_path).files
    assert (file.ruleset, file.verdict) == ("jwst-1.5.3", "differs")
    assert "; today's rules (jwst-3.0.0) make this; changed since by 2.0.0-wfsc-image2: " in (
        file.explanation
    )


BY_HAND = {"asn_rule": "DMSLevel2bBase", "asn_id": "a3001", "program": "noprogram"}


@pytest.mark.parametrize(
    ("changes", "roles"),
    [
        (BY_HAND, ("science", "background")),
        ({}, ("background", "background")),
        ({}, ("background", "science")),
        ({"asn_id": "o002"}, ("science", "background")),
    ],
)
def test_the_changes_are_named_whatever_the_file_is(
    catalog: Engine, tmp_path: Path, changes: dict[str, str], roles: tuple[str, ...]
) -> None:
    document = json.loads((EXAMPLE / NOD).read_text()) | changes
    (product,) = document["products"]
    for member, role in zip(product["members"], roles, strict=True):
        member["exptype"] = role
    (tmp_path / NOD).write_text(json.dumps(document))
    (file,) = run(catalog, tmp_path).files
    assert file.ruleset == "jwst-1.5.3"
    assert "; by today's rules (jwst-3.0.0): " in file.explanation
    assert "; changed since by 1.19.0-nod-target: " in file.explanation
    assert file.explanation.count("changed since by") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (WAVEFRONT, "by today's rules (jwst-3.0.0): product jw01098002001_02101_00001_nrs1: type "
         "wfs-image2, image2 by the rules; changed since by 2.0.0-wfsc-image2: "),
        (IMAGE, "today's rules (jwst-3.0.0) make the same; rules: "),
    ],
)  # fmt: skip
def test_what_was_made_by_hand_is_compared_with_todays_rules(
    catalog: Engine, tmp_path: Path, name: str, said: str
) -> None:
    document = json.loads((EXAMPLE / name).read_text())
    (tmp_path / name).write_text(json.dumps(document | {"asn_rule": "DMSLevel2bBase"}))
    (file,) = run(catalog, tmp_path).files
    assert (file.ruleset, file.verdict) == ("jwst-1.5.3", "explained")
    assert f"; {said}" in file.explanation


@pytest.mark.parametrize("asn_id", ["o001", "c1000"])
def test_the_changes_are_those_of_the_candidate_whose_members_it_has(
    catalog: Engine, tmp_path: Path, asn_id: str
) -> None:
    document = json.loads((EXAMPLE / NOD).read_text())
    (tmp_path / NOD).write_text(json.dumps(document | {"asn_id": asn_id}))
    (file,) = run(catalog, tmp_path).files
    assert (file.ruleset, file.verdict) == ("jwst-1.5.3", "differs")
    assert "; changed since by 1.19.0-nod-target: " in file.explanation


def test_nothing_is_said_by_todays_rules_or_without_a_pool(catalog: Engine, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / WAVEFRONT, tmp_path)
    (file,) = run(catalog, tmp_path, "jwst-3.0.0").files
    assert (file.ruleset, file.verdict) == ("jwst-3.0.0", "differs")
    assert "today" not in file.explanation
    (file,) = import_associations(catalog, [str(tmp_path)], ImportOptions()).files
    assert "today" not in file.explanation


def test_a_file_of_before_all_rules_is_judged_by_the_earliest_which_are_not_its_own(
    catalog: Engine, tmp_path: Path
) -> None:
    shutil.copy(EXAMPLE / WAVEFRONT, tmp_path)
    document = json.loads((tmp_path / WAVEFRONT).read_text())
    document["code_version"] = "0.18.3"
    (tmp_path / WAVEFRONT).write_text(json.dumps(document))
    (file,) = run(catalog, tmp_path).files
    assert (file.ruleset, file.verdict) == ("jwst-1.2.0", "explained")
    assert file.explanation.endswith(
        "rules: jwst-1.2.0, the earliest of the catalog, and not its own: those of 0.18.3, by "
        "which it was made (code_version), are not in it"
    )
