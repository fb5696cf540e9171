"""The check of rulesets: what it finds in changed ones, with exposures that show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from asnrules.analysis.check import check_rules, check_table
from asnrules.analysis.findings import Checked, Finding
from asnrules.analysis.space import Explored
from asnrules.engine.signatures import Judgement, judge_values
from asnrules.rules.checksums import checksum
from asnrules.rules.model import Ruleset
from catalog.analysis.rulesets import Edits, edited, vocabulary
from seeds import SEEDS, seed

PUBLISHED = sorted(path.name for path in SEEDS.iterdir() if path.name[0].isdigit())


EXPLORED = Explored()
"""What the rulesets of these tests have in common, which is most of it."""


def checked(content: Ruleset) -> Checked:
    return check_rules(content, seed("2026-03-20"), vocabulary(), explored=EXPLORED)


def judged(content: Ruleset, finding: Finding) -> Judgement:
    """Let the engine judge the example of a finding."""
    values = {name.lower(): value and value.lower() for name, value in finding.example.items()}
    return judge_values(content, values)


def takers(judgement: Judgement) -> set[str]:
    return {judgement.verdicts[number].rule.name for number in judgement.takers}


@pytest.fixture(scope="module")
def of_jwst() -> Checked:
    return checked(seed())


def test_the_rules_of_jwst_pass(of_jwst: Checked) -> None:
    assert of_jwst.open_findings() == []
    assert of_jwst.combinations > 10_000_000
    assert of_jwst.exp_types >= 76


# Section 3 of the history: EXP_TYPE, what is published, what the software makes of it.
CLASSES = {
    "tracking": ("science", "FGS_ACQ1 FGS_ACQ2 FGS_FINEGUIDE FGS_ID-IMAGE FGS_ID-STACK FGS_TRACK"),
    "dark": ("science", "FGS_DARK"),
    "flat": ("science", "FGS_INTFLAT FGS_SKYFLAT"),
}
ASN_TYPES = {
    ("image2", "nrslamp-spec2"): "NRS_AUTOFLAT NRS_AUTOWAVE",
    ("spec2", "tso-spec2"): ("NRS_BRIGHTOBJ NIS_SOSS MIR_MRS NIS_WFSS NRC_WFSS NRS_IFU MIR_WFSS"),
    ("spec2", "N/A"): "NIS_WFSS NRC_WFSS",
    ("nrslamp-spec2", "image2"): "NRS_LAMP",
    ("nrslamp-spec2", "N/A"): "NRS_LAMP",
    ("tso-spec2", "N/A"): "NRC_TSGRISM",
    ("image2", "tso-image2"): (
        "MIR_IMAGE MIR_4QPM MIR_LYOT NIS_AMI NIS_IMAGE NRC_CORON NRC_IMAGE NRS_MIMF"
    ),
    ("image2", "N/A"): "NRC_IMAGE",
}


def test_the_differences_of_the_history_are_accepted(of_jwst: Checked) -> None:
    said = {
        (finding.subject.split(" where ")[0], finding.text)
        for finding in of_jwst.findings
        if finding.accepted
    }
    for published, (software, names) in CLASSES.items():
        for name in names.split():
            text = f"member_type: {published} in the table, {software} by the rules"
            assert (name, text) in said
    for (published, software), names in ASN_TYPES.items():
        for name in names.split():
            text = f"asn_type: {published} in the table, {software} by the rules"
            assert (name, text) in said
    for name, made in (("MIR_TACONFIRM", "image2"), ("NRS_TASLIT", "image2"), ("NRC_WFSC", "N/A")):
        assert (name, f"row: N/A in the table, {made} by the rules") in said


def test_every_difference_on_record_comes_with_an_exposure(of_jwst: Checked) -> None:
    assert all(finding.example for finding in of_jwst.findings)


@pytest.mark.parametrize("label", PUBLISHED)
def test_the_published_tables_pass(label: str) -> None:
    assert check_table(seed(label), vocabulary().specials).findings == []


IMAGE = "rules/image.toml"
TWIN = """
[[rule]]
asn_rule = "Asn_Lv2ImageTwin"
asn_type = "image2"
title = "The same again"
groups = ["base"]
requires = ["full_subarray", "niriss_image"]

[[rule.role]]
name = "science"
requires = ["science_class"]
single = true
"""


def test_two_rules_that_make_the_same_association(tmp_path: Path) -> None:
    meant = TWIN.replace("Asn_Lv2ImageTwin", "Asn_Lv2ImageThird")
    edits = {
        IMAGE: ("", TWIN + meant),
        "intended_overlaps.csv": ("", "Asn_Lv2Image,Asn_Lv2ImageThird,for a test\n"),
    }
    content = edited(tmp_path, edits)
    findings = {one.subject: one for one in checked(content).findings}
    finding = findings["rules Asn_Lv2Image and Asn_Lv2ImageTwin"]
    assert (finding.check, finding.accepted) == ("same association", None)
    assert "NIS_IMAGE" in finding.text
    assert {"Asn_Lv2Image", "Asn_Lv2ImageTwin"} <= takers(judged(content, finding))
    # An overlap that is meant is accepted.
    assert findings["rules Asn_Lv2Image and Asn_Lv2ImageThird"].accepted == "for a test"


@dataclass(frozen=True)
class Spoiled:
    """A ruleset with several mistakes that have nothing to do with each other."""

    content: Ruleset
    checked: Checked

    def finding(self, check: str, subject: str) -> Finding:
        return next(
            one
            for one in self.checked.open_findings()
            if (one.check, one.subject) == (check, subject)
        )


def spoiled(folder: Path, edits: Edits) -> Spoiled:
    content = edited(folder, edits)
    return Spoiled(content, checked(content))


# Each of these makes one finding, and no other.


ROLE = '\n[[rule.role]]\nname = "background"\nrequires = ["flagged_background"]\n'
WITHOUT_ROW = "NRS_TASLIT,row,N/A,image2,,the table has no row for this acquisition type\n"
NOT_KNOWN = """\
MIR_IMAGE,member_type,science,dark,,for a test
MIR_IMAGE,asn_type,image2,spec2,tso,for a test
,asn_type,spec2,nrslamp-spec2,tso,for a test
NRC_TSGRISM,asn_type,tso-spec2,N/A,shutter_file_missing,for a test
"""
MISSING = '\n[shutter_file_missing]\ntext = "x"\nany_of = [{ exp_type = "nrs_lamp" }]\n'


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Spoiled:
    edits = {
        "intended_overlaps.csv": ("", "Asn_Lv2Spec,Asn_Lv2Image,for a test\n"),
        "ifu_paths.csv": ("", "g235h,f170lp,nrs2\n"),
        "classes.toml": ("", '[[classes]]\ncondition = "pointing_acquisition"\nclass = "dark"\n'),
        "rules/nirspec_nods.toml": ('name = "exposure"\n', f'name = "exposure"\n{ROLE}'),
        "known_differences.csv": (WITHOUT_ROW, NOT_KNOWN),
        "conditions.toml": ("", MISSING),
    }
    found = spoiled(tmp_path_factory.mktemp("once"), edits)
    # The condition is for the last of four differences.
    assert len(found.checked.open_findings()) == len(edits) - 1 + 4
    return found


def test_an_overlap_on_record_that_does_not_occur(once: Spoiled) -> None:
    assert once.finding("does not occur", "intended overlap Asn_Lv2Spec, Asn_Lv2Image")


def test_known_differences_that_do_not_occur(once: Spoiled) -> None:
    gone = [one for one in once.checked.open_findings() if one.check == "does not occur"]
    subjects = [one.subject for one in gone if one.subject.startswith(("MIR", "any", "NRC"))]
    assert [one.split(" where ")[0] for one in subjects] == [
        "MIR_IMAGE", "MIR_IMAGE", "NRC_TSGRISM", "any EXP_TYPE",
    ]  # fmt: skip


def test_a_path_that_another_covers(once: Spoiled) -> None:
    finding = once.finding("never matches", "condition ifu_path, alternative 11")
    assert finding.example == {
        "DETECTOR": "nrs2", "FILTER": "f170lp", "GRATING": "g235h",
    }  # fmt: skip


def test_a_class_rule_that_comes_too_late(once: Spoiled) -> None:
    finding = once.finding("never matches", "class rule 11 (pointing_acquisition)")
    assert finding.example["PNTGTYPE"] == "target_acquisition"
    assert judged(once.content, finding).exposure_class == "target_acquisition"


def test_a_role_that_an_earlier_one_leaves_nothing(once: Spoiled) -> None:
    finding = once.finding("never matches", "role 'background' of rule Asn_Lv2NRSMSA")
    assert "'exposure'" in finding.text


def test_an_exp_type_that_no_row_covers(once: Spoiled) -> None:
    finding = once.finding("no row", "NRS_TASLIT")
    assert takers(judged(once.content, finding)) == {"Asn_Lv2ImageNonScience"}


# Of these one thing comes of another.


def _condition_edits(text: str) -> str:
    full = '[full_subarray]\ntext = "SUBARRAY is full"\nany_of = [{ subarray = "full" }]'
    series = 'exp_type = { in = ["mir_mrs", "mir_wfss", "nis_soss"'
    other = 'exp_type = { listed = ["fgs_image", "fgs_focus"] }'
    darks = '"mir_darkall", "mir_darkimg"'
    for old, new in {
        full: full.replace('"full" }', '["full", { not_in = ["full"] }] }'),
        series: series.replace('"mir_mrs", ', ""),
        other: other.replace('"fgs_focus"', '"fgs_focus", "nrc_led"'),
        darks: f'"mir_coroncal", {darks}',
    }.items():
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.fixture(scope="module")
def widely(tmp_path_factory: pytest.TempPathFactory) -> Spoiled:
    conditions = (SEEDS / "jwst-3.0.0/conditions.toml").read_text(encoding="utf-8")
    lines = (SEEDS / "jwst-3.0.0/known_differences.csv").read_text().splitlines(keepends=True)
    (line,) = (line for line in lines if line.startswith(",row,N/A,(any),flagged_background"))
    edits = {
        "conditions.toml": (conditions, _condition_edits(conditions)),
        "known_differences.csv": (line, ""),
        IMAGE: (
            'requires = ["image_science", "tso"]',
            'requires = ["image_science", "tso", "not tso"]',
        ),
    }
    return spoiled(tmp_path_factory.mktemp("widely"), edits)


def test_a_condition_that_no_value_satisfies(widely: Spoiled) -> None:
    assert "SUBARRAY" in widely.finding("no value", "condition full_subarray").text
    rule = widely.finding("no value", "rule Asn_Lv2CoronAsRate")
    assert rule.example["EXP_TYPE"] == "NRC_CORON"


def test_requirements_that_exclude_each_other(widely: Spoiled) -> None:
    finding = widely.finding("no value", "rule Asn_Lv2ImageTSO")
    assert "Asn_Lv2ImageTSO" not in takers(judged(widely.content, finding))
    # What it made before is missed as well.
    assert widely.finding("not delivered", "NRC_TSIMAGE")


def test_a_row_that_no_rule_delivers(widely: Spoiled) -> None:
    finding = widely.finding("not delivered", "MIR_MRS")
    assert takers(judged(widely.content, finding)) == set()


def test_an_association_that_nothing_announces(widely: Spoiled) -> None:
    finding = widely.finding("not announced", "NRC_LED")
    assert finding.text == "N/A in the table, image2 by the rules"


def test_a_flag_that_no_row_covers(widely: Spoiled) -> None:
    assert widely.finding("no row", "MIR_IMAGE with BACKGROUND").example["BKGDTARG"]


def test_a_class_that_differs(widely: Spoiled) -> None:
    finding = widely.finding("class", "MIR_CORONCAL")
    assert finding.text == "science in the table, dark by the rules"
    assert judged(widely.content, finding).exposure_class == "dark"


# ------------------------------------------------------------------------- published tables


# The reader of files refuses these; rows of a database may say so all the same.


def changed(field: str, change: Callable[[list[Any]], object]) -> Checked:
    table = seed("2026-03-20")
    rows = [*getattr(table, field)]
    change(rows)
    return check_table(replace(table, **{field: tuple(rows)}), vocabulary().specials)


def test_a_row_for_what_another_is_for_already() -> None:
    (finding,) = changed(
        "modes", lambda rows: rows.append(rows[25]._replace(position=76, asn_type=None))
    ).findings
    assert (finding.check, finding.subject) == ("never matches", "row 76")
    assert "row 26" in finding.text
    assert finding.example == {"EXP_TYPE": "MIR_LYOT", "IS_PSF": "t"}


def test_rows_for_specials_only() -> None:
    (finding,) = changed("modes", lambda rows: rows.pop(26)).findings
    assert (finding.check, finding.subject) == ("no row", "MIR_LYOT")


@pytest.mark.parametrize("change", [{"position": 77}, {"corrected": "spec2"}])
def test_an_erratum_to_what_is_not_there(change: dict[str, Any]) -> None:
    (finding,) = changed("errata", lambda rows: rows.append(rows[0]._replace(**change))).findings
    assert finding.check == "errata"


def test_what_was_checked_is_named(of_jwst: Checked) -> None:
    content = replace(seed(), suffixes=frozenset())
    assert of_jwst.checksum == checksum(seed()) != checksum(content)
