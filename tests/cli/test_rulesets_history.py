"""`asnrules rulesets history`: the life of an EXP_TYPE, against what is known of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from asnrules.util.environment import shipped
from cli.conftest import Command

SEEDS = shipped("seed") / "rulesets"

pytestmark = pytest.mark.usefixtures("read_once")


def published_lines(asnrules: Command, exp_type: str) -> list[tuple[str | None, ...]]:
    rows = asnrules("rulesets", "history", exp_type, "--format", "json").json
    assert rows == sorted(rows, key=lambda row: row["date"])
    return [
        tuple(row[name] for name in ("date", "ruleset", "special", "was", "became"))
        for row in rows
        if row["kind"] == "table"
    ]


def rules_of(asnrules: Command, exp_type: str, ruleset: str) -> dict[str | None, str]:
    rows = asnrules("rulesets", "history", exp_type, "--format", "json").json
    return {row["special"]: row["became"] for row in rows if row["ruleset"] == ruleset}


# From the history of the page.
@pytest.mark.parametrize(
    ("exp_type", "lines"),
    [
        (
            "NRC_GRISM",
            [
                ("2020-12-07", "2020-12-07", None, None, "science, spec2 (Deprecated.)"),
                ("2021-06-15", "2021-06-15", None, "science, spec2 (Deprecated.)",
                 "science, no association"),
            ],
        ),
        (
            "nrs_mimf",
            [
                ("2020-12-07", "2020-12-07", None, None, "science, wfs-image2"),
                ("2026-01-23", "2026-01-23", None, "science, wfs-image2", "science, image2"),
            ],
        ),
        ("MIR_WFSS", [("2026-03-20", "2026-03-20", None, "no row", "science, spec2")]),
        (
            "MIR_MRS",
            [
                ("2020-12-07", "2020-12-07", "BACKGROUND", None, "background, spec2"),
                ("2020-12-07", "2020-12-07", None, None, "science, spec2"),
            ],
        ),
        ("MIR_DARKALL", []),
    ],
)  # fmt: skip
def test_changes_of_the_table(
    asnrules: Command, exp_type: str, lines: list[tuple[str | None, ...]]
) -> None:
    assert published_lines(asnrules, exp_type) == lines


def test_what_the_rules_make_of_it(asnrules: Command) -> None:
    found = rules_of(asnrules, "NIS_SOSS", "jwst-1.2.0")
    assert found[None] == "science, spec2 by Asn_Lv2Spec"
    assert found["TSOVISIT"] == "science, tso-spec2 by Asn_Lv2SpecTSO"
    assert found["BACKGROUND"].startswith("background, spec2 by ")
    assert rules_of(asnrules, "NRC_DARK", "jwst-1.2.0") == {None: "dark, no association"}
    assert rules_of(asnrules, "NRC_TSIMAGE", "jwst-1.2.0")[None] == (
        "science, tso-image2 by Asn_Lv2ImageTSO"
    )


def test_a_flag_has_its_own_class_where_its_associations_are_the_usual(asnrules: Command) -> None:
    found = rules_of(asnrules, "MIR_LRS-FIXEDSLIT", "jwst-2.0.0")
    assert found["PSF"] == "psf, spec2 by Asn_MIRLRSTAConfirm"


def test_a_keyword_that_keys_came_to_need_makes_no_difference(asnrules: Command) -> None:
    rows = asnrules("rulesets", "history", "NIS_WFSS", "--format", "json").json
    assert "jwst-1.19.0" not in {row["ruleset"] for row in rows if row["special"] is None}


def test_each_line_names_its_source(asnrules: Command) -> None:
    rows = asnrules("rulesets", "history", "NRC_GRISM", "--format", "csv").csv
    sources = {row["ruleset"]: row["source"] for row in rows}
    assert "jwst 1.4.0 (2022-01-10)" in sources["2021-06-15"]
    assert "release 1.2.0" in sources["jwst-1.2.0"]
    assert list(rows[0]) == [
        "date",
        "goes_by",
        "ruleset",
        "kind",
        "special",
        "was",
        "became",
        "changes",
        "source",
    ]


# Found by trying each of the changes between.
@pytest.mark.parametrize(
    ("exp_type", "ruleset", "special", "changes"),
    [
        ("NRS_FIXEDSLIT", "jwst-1.9.4", "IMPRINT", "1.9.4-imprint-own"),
        ("MIR_WFSS", "jwst-2.0.0", None, "2.0.0-mir-wfss"),
        ("MIR_LRS-SLITLESS", "jwst-2.0.0", "TSOVISIT", "2.0.0-lrs-taconfirm"),
        # Which of two with the same members stays.
        ("NRS_LAMP", "jwst-1.11.0", None, "1.11.0-prune-memberships"),
        ("NRC_TSGRISM", "jwst-1.11.0", "PSF", "1.11.0-prune-memberships"),
        # A change for NIRCam says nothing of it.
        ("NIS_WFSS", "jwst-1.7.1", None, "1.7.1-wfss-nis-pupil"),
        # Of rules that operations never ran.
        ("MIR_LRS-FIXEDSLIT", "jwst-1.9.4", None, ""),
    ],
)
def test_changes_by_which_something_else_became_of_it(
    asnrules_on_file: Command, exp_type: str, ruleset: str, special: str | None, changes: str
) -> None:
    rows = asnrules_on_file("rulesets", "history", exp_type, "--format", "csv").csv
    found = [
        row["changes"]
        for row in rows
        if row["kind"] == "rules"
        and (row["ruleset"], row["special"]) == (ruleset, special or "N/A")
    ]
    assert found == [changes] * bool(changes)
    assert all(row["changes"] == "" for row in rows if row["was"] == "" or row["kind"] == "table")


def test_unknown_exp_type_brings_near_ones(asnrules: Command) -> None:
    asnrules("rulesets", "history", "NIS_IMAG").assert_error(3, "'NIS_IMAG'", "NIS_IMAGE")


def test_row_that_goes_and_rules_that_end(asnrules_on_copy: Command, tmp_path: Path) -> None:
    table = tmp_path / "table"
    shutil.copytree(SEEDS / "2026-03-20", table)
    path = table / "exposure_modes.csv"
    path.write_text(path.read_text().replace("MIR_MRS,background,BACKGROUND,spec2,\n", ""))
    (table / "errata.csv").write_text("position,field,printed,corrected,reason\n")
    shutil.copytree(SEEDS / "jwst-3.0.0", tmp_path / "rules")
    for folder, label, dates in (
        (table, "later", ["--effective-from", "2031-01-01", "--effective-until", "2032-01-01"]),
        (tmp_path / "rules", "rules", ["--effective-from", "2033-01-01"]),
    ):
        drafted = asnrules_on_copy(
            "rulesets", "import", str(folder), "--label", label, "-f", "jsonl"
        )
        reviewed = ("--checksum", json.loads(drafted.out)["checksum"])
        before = published_lines(asnrules_on_copy, "MIR_MRS")
        assert len(before) == (2 if label == "later" else 4), "a draft has no history"
        assert asnrules_on_copy("rulesets", "publish", label, *dates, *reviewed).code == 0
    assert published_lines(asnrules_on_copy, "MIR_MRS")[2:] == [
        ("2031-01-01", "later", "BACKGROUND", "background, spec2", "no row"),
        ("2032-01-01", "later", None, "science, spec2",
         "not known: the catalog has no table from here on"),
    ]  # fmt: skip
    assert rules_of(asnrules_on_copy, "MIR_MRS", "rules") == {}, "the same rules change nothing"


def test_blame_in_each_format(asnrules_on_file: Command) -> None:
    words = ("rulesets", "blame", "nrs_mimf", "--ruleset", "jwst-2.0.0")
    document = asnrules_on_file(*words, "--format", "json").json
    assert (document["name"], document["kinds"]) == ("NRS_MIMF", ["exp_type"])
    assert asnrules_on_file(*words, "--format", "jsonl").jsonl == document["parts"]
    rows = asnrules_on_file(*words, "--format", "csv").csv
    assert list(rows[0]) == [*document["parts"][0]]
    (row,) = (row for row in rows if row["field"] == "asn_type")
    assert (row["item"], row["before"], row["after"]) == ("Asn_Lv2WFSC", "wfs-image2", "image2")
    told = asnrules_on_file(*words)
    told.assert_fine()
    paragraphs = told.out.split("\n\n")
    assert paragraphs[0] == "NRS_MIMF, exp type up to jwst-2.0.0"
    assert paragraphs[1].splitlines()[0] == (
        "2.0.0-wfsc-image2, jwst-2.0.0 (in force from 2026-04-13, the day of a tag)"
    )
    assert "    source: jwst pull request 10124" in paragraphs[1]
    assert "    rule Asn_Lv2WFSC, asn_type: wfs-image2 -> image2" in paragraphs[1]
    assert paragraphs[-1].startswith("since the first ruleset, jwst-1.2.0 (in force from 2021-")


@pytest.mark.parametrize("date", ["", "effective_from = 2031-01-01\n"])
def test_blame_of_a_draft(asnrules_on_copy: Command, tmp_path: Path, date: str) -> None:
    (tmp_path / "ruleset.toml").write_text(
        'label = "mine"\nkind = "rules"\ntitle = "Mine"\nsource = "made up"\n'
        f'extends = "jwst-3.0.0"\nimplements = "2026-03-20"\n{date}\n[[change]]\nid = "one"\n'
        'why = "for a test"\nsource = "made up"\n[change.set.setting]\nsequence_digits = 3\n'
    )
    assert asnrules_on_copy("rulesets", "import", str(tmp_path)).code == 0
    told = asnrules_on_copy("rulesets", "blame", "sequence_digits", "--ruleset", "mine").out
    assert [line for line in told.splitlines() if line.startswith("one")] == ["one, mine (a draft)"]


def test_blame_by_day_and_of_what_is_not_there(asnrules_on_file: Command) -> None:
    document = asnrules_on_file(
        "rulesets", "blame", "Asn_Lv2Image", "--as-of", "2022-08-15", "--format", "json"
    ).json
    assert document["ruleset"] == "jwst-1.5.3"
    assert document["parts"][0]["change"] == "1.5.3-image-background"
    asnrules_on_file("rulesets", "blame", "Asn_Lv2Imag").assert_error(3, "Asn_Lv2Image")
