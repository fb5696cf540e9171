"""`asnrules rulesets import`, `export`, `publish`, and drafts under the other commands."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.util.environment import shipped
from cli.conftest import Command

SEEDS = shipped("seed") / "rulesets"
HEADER = "FILENAME,PROGRAM,TARGETID,EXP_TYPE,PNTGTYPE,INSTRUME,DETECTOR,FILTER,ASN_CANDIDATE"


IMAGE_TSO = 'asn_rule = "Asn_Lv2ImageTSO"\nasn_type = "tso-image2"'
LEFT_OUT = "asnrules: {} is not jwst-3.0.0; left out: parent, changes, releases\n"


def edited(folder: Path, file: str, old: str, new: str) -> None:
    path = folder / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def with_drafts(
    command: Callable[[str | None], Command], engine_name: str, templates: Any, tmp_path: Path
) -> Command:
    """Give the command, on a catalog with a draft of either kind that the test leaves as it is."""

    def fill(engine: Engine) -> None:
        table, rules = tmp_path / "table", tmp_path / "rules"
        shutil.copytree(SEEDS / "2026-03-20", table)
        edited(
            table, "exposure_modes.csv", "NRS_MIMF,science,N/A,image2", "NRS_MIMF,science,N/A,N/A"
        )
        shutil.copytree(SEEDS / "jwst-3.0.0", rules)
        edited(rules, "rules/image.toml", 'asn_type = "tso-image2"', 'asn_type = "image2"')
        run = command(engine.url.render_as_string(hide_password=False))
        for label, folder in (("table", table), ("rules", rules)):
            result = run("rulesets", "import", str(folder), "--label", label)
            assert (result.code, result.err) == (0, _errata(label))

    return command(templates.get(engine_name, "drafts of both kinds", fill))


def _errata(label: str) -> str:
    if label == "rules":
        return LEFT_OUT.format("rules")
    return (
        "asnrules: row 37, asn_type: printed 'images', means 'image2'; no association type has "
        "this name; every other imaging row says image2\n"
        "asnrules: row 47, special: printed 'N/A/', means 'N/A'; a stray slash\n"
    )


def checksum_of(asnrules: Command, label: str) -> str:
    """Give the checksum of a ruleset, as somebody reads it who reviews it."""
    found: str = asnrules("rulesets", "show", label, "--format", "json").json["checksum"]
    return found


# ------------------------------------------------------------------------- the life of a table


def test_page_is_exported_imported_and_published(asnrules_on_copy: Command, tmp_path: Path) -> None:
    asnrules = asnrules_on_copy
    page = tmp_path / "page.rst"
    asnrules("rulesets", "export", "2026-03-20", str(page)).assert_fine()
    text = page.read_text()
    page.write_text(text.replace("   * - NRS_MIMF\n     - science", "   * - NRS_MIMF\n     - dark"))

    result = asnrules(
        "rulesets", "import", str(page), "--label", "mine", "--effective-from", "2031-01-01",
        "--format", "json",
    )  # fmt: skip
    assert (result.code, result.err) == (0, _errata("table"))
    assert '"status": "draft"' in result.out
    assert '"rows": 75' in result.out
    assert '"errata": 2' in result.out
    before = asnrules("lookup", "NRS_MIMF", "--as-of", "2031-01-01", "--format", "json").json
    assert [row["member_type"] for row in before] == ["science"], "nothing is in force yet"

    reviewed = ("--checksum", checksum_of(asnrules, "mine")[:12])
    published = asnrules("rulesets", "publish", "mine", *reviewed, "--format", "json")
    assert published.code == 0
    assert published.err == "asnrules: 2026-03-20 is in force until 2031-01-01\n"
    for day, member_type in (("2030-12-31", "science"), ("2031-01-01", "dark")):
        rows = asnrules("lookup", "NRS_MIMF", "--as-of", day, "--format", "json").json
        assert [row["member_type"] for row in rows] == [member_type]
    asnrules("rulesets", "publish", "mine").assert_error(2, "'mine'", "published already")
    asnrules("rulesets", "import", str(page), "--label", "mine").assert_error(
        2, "'mine' is published and cannot be changed"
    )


def test_question_is_asked_and_answered(asnrules_on_copy: Command, tmp_path: Path) -> None:
    asnrules = asnrules_on_copy
    page = tmp_path / "page.rst"
    asnrules("rulesets", "export", "2026-03-20", str(page)).assert_fine()
    page.write_text(page.read_text().replace("   * - NIS_AMI\n", "   * - NIS_AMY\n"))
    line = page.read_text().splitlines().index("   * - NIS_AMY") + 1
    command = ("rulesets", "import", str(page), "--label", "mine")
    asked = asnrules(*command)
    assert (asked.code, len(asked.err.splitlines())) == (2, 3)
    for words in (
        f"page.rst, line {line}: row 32: EXP_TYPE 'NIS_AMY'", "'NIS_AMI'", "--accept 32=VALUE",
        "row 33: ", "page.rst: 2 things are wrong",
    ):  # fmt: skip
        assert words in asked.err
    answers = ("--accept", "32=NIS_AMI", "--accept", "33=NIS_AMI")
    result = asnrules(*command, *answers)
    assert result.code == 0
    assert "row 32, exp_type: printed 'NIS_AMY', means 'NIS_AMI'" in result.err
    asnrules(*command, *answers, "--accept", "1=FGS_ACQ1").assert_error(2, "row 1")


def test_new_exp_type_is_said(asnrules_on_copy: Command, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    asnrules_on_copy("rulesets", "export", "2026-03-20", str(folder)).assert_fine()
    edited(folder, "exposure_modes.csv", "MIR_WFSS", "MIR_NEWMODE")
    result = asnrules_on_copy(
        "rulesets", "import", str(folder), "--label", "mine", "--accept", "31=MIR_NEWMODE"
    )
    assert result.code == 0
    assert "asnrules: MIR_NEWMODE is a new EXP_TYPE\n" in result.err
    rows = asnrules_on_copy("lookup", "mir_newmode", "--ruleset", "mine", "--format", "json").json
    assert [(row["exp_type"], row["instrument"]) for row in rows] == [("MIR_NEWMODE", "MIRI")]


# ------------------------------------------------------------------------- the life of rules


def test_rules_are_exported_edited_imported_and_published(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    asnrules = asnrules_on_copy
    folder = tmp_path / "rules"
    asnrules("rulesets", "export", "jwst-3.0.0", str(folder)).assert_fine()
    edited(folder, "rules/image.toml", 'asn_type = "tso-image2"', 'asn_type = "image2"')
    imported = asnrules("rulesets", "import", str(folder), "--label", "mine", "--format", "csv")
    assert (imported.code, imported.err) == (0, LEFT_OUT.format("mine"))
    (one,) = csv.DictReader(io.StringIO(imported.out))
    assert (one["ruleset"], one["rows"], one["errata"]) == ("mine", "22", "0")
    keywords = ("EXP_TYPE=NRC_TSIMAGE", "--format", "json")
    assert _asn_types(asnrules("classify", *keywords, "--ruleset", "mine")) == ["image2"]
    assert _asn_types(asnrules("classify", *keywords)) == ["tso-image2"]

    again = asnrules("rulesets", "import", str(folder), "--label", "mine")
    replaced = "asnrules: the draft mine that was there is replaced\n"
    assert (again.code, again.err) == (0, LEFT_OUT.format("mine") + replaced)
    asnrules("rulesets", "publish", "mine").assert_error(
        2, "'mine' has no date", "--effective-from"
    )
    publish = ("rulesets", "publish", "mine", "--effective-from", "2031-01-01")
    reviewed = ("--checksum", one["checksum"])
    asnrules(*publish, *reviewed).assert_error(
        2, "does not pass its check", "NRC_TSIMAGE", "rulesets check"
    )
    discarded = asnrules("rulesets", "discard", "mine")
    assert (discarded.code, discarded.err) == (0, "the draft mine is gone\n")
    asnrules("rulesets", "discard", "mine").assert_error(3, "no draft 'mine'", "there is none")

    edited(folder, "rules/image.toml", 'title = "An image of a time series"', 'title = "Another"')
    edited(folder, "rules/image.toml", IMAGE_TSO.replace("tso-image2", "image2"), IMAGE_TSO)
    imported = asnrules("rulesets", "import", str(folder), "--label", "mine", "--format", "csv")
    (one,) = csv.DictReader(io.StringIO(imported.out))
    result = asnrules(*publish, "--checksum", one["checksum"], "--operator", "me")
    assert (result.code, result.err) == (0, "asnrules: jwst-3.0.0 is in force until 2031-01-01\n")
    assert "published by: me\n" in asnrules("rulesets", "show", "mine").out


def test_past_days_are_changed_for_a_reason_only(asnrules_on_copy: Command, tmp_path: Path) -> None:
    folder = tmp_path / "table"
    asnrules_on_copy("rulesets", "export", "2026-03-20", str(folder)).assert_fine()
    assert asnrules_on_copy("rulesets", "import", str(folder), "--label", "mine").code == 0
    digits = checksum_of(asnrules_on_copy, "mine")[:12]
    publish = ("rulesets", "publish", "mine", "--effective-from", "2026-04-01")
    command = (
        f"asnrules rulesets publish mine --checksum {digits} --effective-from 2026-04-01 "
        "--retroactive WHY"
    )
    asnrules_on_copy(*publish).assert_error(2, "--checksum", command)
    asnrules_on_copy(*publish, "--retroactive", "it came late").assert_error(2, command)
    publish = (*publish, "--checksum", digits)
    asnrules_on_copy(*publish).assert_error(2, "past days: 2026-04-01 to ", command)
    result = asnrules_on_copy(*publish, "--retroactive", "it came late", "--operator", "me")
    assert result.code == 0
    shown = asnrules_on_copy("rulesets", "show", "mine", "--format", "json").json
    assert (shown["published_by"], shown["retroactive"]) == ("me", "it came late")


def test_what_is_published_is_what_was_reviewed(asnrules_on_copy: Command, tmp_path: Path) -> None:
    asnrules, folder = asnrules_on_copy, tmp_path / "table"
    shutil.copytree(SEEDS / "2026-03-20", folder)
    load = ("rulesets", "import", str(folder), "--label", "mine", "--effective-from", "2031-01-01")
    assert asnrules(*load).code == 0
    reviewed = checksum_of(asnrules, "mine")
    checked = asnrules("rulesets", "check", "mine")
    assert (checked.code, f"mine ({reviewed[:12]}): no findings" in checked.err) == (0, True)
    publish = ("rulesets", "publish", "mine")
    asnrules(*publish).assert_error(
        2, "--checksum", f"{' '.join(publish)} --checksum {reviewed[:12]} --effective-from 2031-01-"
    )
    edited(folder, "exposure_modes.csv", "NRS_MIMF,science,N/A,image2", "NRS_MIMF,dark,N/A,N/A")
    assert asnrules(*load).code == 0
    asnrules(*publish, "--checksum", reviewed).assert_error(
        2, f"not the one with checksum {reviewed[:12]}", "asnrules rulesets check mine"
    )
    asnrules(*publish, "--checksum", reviewed[:11]).assert_error(2, "at least 12")
    result = asnrules(*publish, "--checksum", checksum_of(asnrules, "mine").upper())
    assert result.code == 0


def _asn_types(result: object) -> list[str]:
    return [one["asn_type"] for one in result.json["associations"]]  # type: ignore[attr-defined]


# ------------------------------------------------------------------------- drafts elsewhere


def test_draft_is_listed_and_shown(with_drafts: Command) -> None:
    rows = {row["ruleset"]: row for row in with_drafts("rulesets", "list", "-f", "json").json}
    assert (rows["table"]["status"], rows["rules"]["status"]) == ("draft", "draft")
    assert "rules, draft, without a date yet" in with_drafts("rulesets", "show", "rules").out
    assert with_drafts("db", "check").code == 0


def test_table_of_a_draft_is_looked_up(with_drafts: Command) -> None:
    rows = with_drafts("lookup", "NRS_MIMF", "--ruleset", "table", "--format", "json").json
    assert [(row["ruleset"], row["asn_type"]) for row in rows] == [("table", None)]


@pytest.mark.parametrize("how", ["--no-record", "--dry-run"])
def test_associations_are_made_under_a_draft_without_a_record(
    with_drafts: Command, pool: Path, tmp_path: Path, how: str
) -> None:
    command = ("generate", str(pool), "--output", str(tmp_path / "out"), "--ruleset", "rules")
    document = with_drafts(*command, how, "--format", "json").json
    assert (document["ruleset"], document["run_id"], document["associations"]) == ("rules", None, 1)
    assert with_drafts("sql", "SELECT count(*) AS n FROM v_decisions", "-f", "json").json == [
        {"n": 0}
    ]


@pytest.mark.parametrize("how", [[], ["--no-files"]])
def test_no_run_is_recorded_under_a_draft(
    with_drafts: Command, pool: Path, tmp_path: Path, how: list[str]
) -> None:
    out = tmp_path / "out"
    command = ("generate", str(pool), "--output", str(out), "--ruleset", "rules")
    with_drafts(*command, *how).assert_error(2, "'rules' is a draft", "--no-record", "publish")
    assert not out.exists()


def test_draft_explains_an_exposure(with_drafts: Command, pool: Path) -> None:
    document = with_drafts(
        "why", str(pool), "jw00001001001_02101_00001_mirimage_uncal.fits", "--ruleset", "rules",
        "--format", "json",
    ).json  # fmt: skip
    assert [one["asn_type"] for one in document["associations"]] == ["image2"]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    path = tmp_path / "jw00001_pool.csv"
    rows = [
        HEADER,
        "jw00001001001_02101_00001_mirimage_uncal.fits,1,1,MIR_IMAGE,SCIENCE,MIRI,MIRIMAGE,F770W,"
        "\"[('o001', 'observation')]\"",
    ]
    path.write_text(
        "\n".join(row.replace(",", "|") if row is HEADER else _piped(row) for row in rows)
    )
    return path


def _piped(row: str) -> str:
    cells, _, candidate = row.partition(',"')
    return f"{cells.replace(',', '|')}|{candidate.rstrip(chr(34))}"


# ------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "{seeds}/2026-03-20", "--effective-from", "tomorrow"],
         ["--effective-from", "'tomorrow'"]),
        (["import", "{seeds}/2026-03-20", "--label", "a b"], ["label 'a b'"]),
        (["import", "{seeds}/nothing", "--label", "a"], ["nothing", "No such file"]),
        (["import", "{seeds}/2026-03-20/exposure_modes.csv", "--label", "a"],
         ["no table of exposure modes"]),
        (["import", "{seeds}/2026-03-20", "--accept", "x"], ["--accept", "'x'"]),
        (["publish", "2026-03-20"], ["published already"]),
        (["publish", "2026-03-20", "--effective-until", "31/01/2027"], ["--effective-until"]),
        (["export", "2026-03-20", "{seeds}"], ["something already"]),
        (["export", "jwst-3.0.0", "rules.rst"], ["not a table"]),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(
    asnrules_on_file: Command, arguments: list[str], words: list[str]
) -> None:
    given = [argument.format(seeds=SEEDS) for argument in arguments]
    asnrules_on_file("rulesets", *given).assert_error(2, *words)


def test_unknown_label_is_not_found(asnrules_on_file: Command) -> None:
    run = asnrules_on_file
    run("rulesets", "export", "jwst-3.0.1", "x").assert_error(3, "'jwst-3.0.1'", "jwst-3.0.0")
    for command in ("publish", "discard"):
        done = run("rulesets", command, "jwst-3.0.1")
        done.assert_error(3, "no draft 'jwst-3.0.1'", "there is none")


def test_page_with_control_characters_prints_none_of_them(
    asnrules_on_file: Command, tmp_path: Path
) -> None:
    page = tmp_path / "page.rst"
    asnrules_on_file("rulesets", "export", "2026-03-20", str(page)).assert_fine()
    page.write_text(page.read_text().replace("- NIS_AMI\n", "- NIS_\u202eAMY\u2028\n"))
    result = asnrules_on_file("rulesets", "import", str(page), "--label", "mine")
    assert result.code == 2
    assert "\u202e" not in result.err
    assert "\\u202e" in result.err
    assert all(line.isprintable() for line in result.err.splitlines())
    assert len(result.err.splitlines()) == 3


def test_commands_that_read_no_ruleset_file_import_no_library_of_them(
    process: Callable[..., object],
) -> None:
    """A look-up must not wait for what only an import needs."""
    result = process("lookup", "NRS_IFU", PYTHONPROFILEIMPORTTIME="1")
    for library in ("cattrs", "docutils", "tomlkit"):
        assert f" {library}" not in result.err  # type: ignore[attr-defined]
