"""`asnrules rulesets check`, `diff` and `impact`: what is printed, and the exit codes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from asnrules.analysis.tables import Vocabulary
from asnrules.catalog import check, compare, store
from asnrules.catalog.open import connect_catalog
from asnrules.catalog.rulesets import RulesetInfo, list_rulesets
from asnrules.database.engines import transaction
from asnrules.rules.checksums import checksum
from asnrules.rules.model import AnyRuleset
from catalog.analysis.rulesets import Edits, edited
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from labels import FEWEST, TABLES

# The images of NIRCam are no images any more, and a condition that nobody can meet comes in.
DRAFT: Edits = {
    "value_lists.toml": ('"nrc_coron", "nrc_image", "nrs_mimf"', '"nrc_coron", "nrs_mimf"'),
    "rules/image.toml": (
        'requires = ["fgs_imaging", "not wavefront_sensing"]',
        'requires = ["fgs_imaging", "wavefront_sensing", "not wavefront_sensing"]',
    ),
}


@pytest.fixture
def with_draft(asnrules_on_copy: Command, catalog: Engine, tmp_path: Path) -> Command:
    with transaction(catalog, writing=True) as connection:
        store.insert_draft(connection, edited(tmp_path, DRAFT))
    return asnrules_on_copy


# A check takes seconds, and the database is asked for the rules only. What is found in the same
# rulesets is the same in each format.


@pytest.fixture(autouse=True, scope="module")
def found_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((check, "check_rules"), (compare, "answer_changes")):
            patch.setattr(module, name, once(getattr(module, name)))
        yield


def once(find: Callable[..., Any]) -> Callable[..., Any]:
    found: dict[tuple[Any, ...], Any] = {}

    def known(one: AnyRuleset, other: AnyRuleset, words: Vocabulary, *rest: Any) -> Any:
        key = (one.label, checksum(one), other.label, checksum(other), tuple(words.exp_types))
        if key not in found:
            found[key] = find(one, other, words, *rest)
        return found[key]

    return known


@pytest.fixture
def copy_of_file(
    command: Callable[[str | None], Command], templates: Any, tmp_path: Path
) -> Command:
    return command(str(shutil.copyfile(templates.seeded("sqlite"), tmp_path / "asnrules.db")))


@pytest.fixture
def draft_in_file(copy_of_file: Command, tmp_path: Path) -> Command:
    with transaction(connect_catalog(str(tmp_path / "asnrules.db")), writing=True) as connection:
        store.insert_draft(connection, edited(tmp_path, DRAFT))
    return copy_of_file


def test_every_ruleset_of_the_catalog_passes(
    asnrules_on_file: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tried(connection: Connection) -> list[RulesetInfo]:
        return [info for info in list_rulesets(connection) if info.ruleset in labels]

    labels = [*TABLES, *FEWEST]
    monkeypatch.setattr("asnrules.catalog.check.list_rulesets", tried)
    result = asnrules_on_file("rulesets", "check", "--format", "json")
    assert result.code == 0
    found = json.loads(result.out)
    assert [one["findings"] for one in found] == [[]] * len(found)
    assert [one["ruleset"] for one in found] == labels
    assert labels[-1] == "jwst-3.0.0"
    assert {one["reason"] for one in found[-1]["accepted"]} - {None}
    assert "jwst-3.0.0 (6fb22df8333d): no findings" in result.err
    assert "combinations" in result.err


def test_check_of_a_table(asnrules_on_file: Command) -> None:
    result = asnrules_on_file("rulesets", "check", "2021-06-15")
    assert result.code == 0
    assert (
        "2021-06-15 (5314bd908117): no findings, 0 explained; 63 EXP_TYPEs, 74 rows" in result.err
    )


def test_check_of_a_draft(draft_in_file: Command) -> None:
    result = draft_in_file("rulesets", "check", "draft", "--format", "jsonl")
    assert result.code == 1
    records = [json.loads(line) for line in result.out.splitlines()]
    open_ones = [one for one in records if one["reason"] is None]
    # What nobody has explained comes first.
    assert records[: len(open_ones)] == open_ones
    found = {(one["check"], one["subject"]): one for one in open_ones}
    assert found["not delivered", "NRC_IMAGE"]["example"].startswith("EXP_TYPE=NRC_IMAGE")
    assert ("no value", "rule Asn_Lv2FGS") in found


def test_an_exp_type_of_a_later_table_is_no_finding_in_rules_before(
    copy_of_file: Command, tmp_path: Path
) -> None:
    asnrules = copy_of_file
    folder = tmp_path / "table"
    asnrules("rulesets", "export", "2026-03-20", str(folder)).assert_fine()
    with (folder / "exposure_modes.csv").open("a") as file:
        file.write("MIR_NEWMODE,science,N/A,image2,\n")
    words = ("--label", "later", "--effective-from", "2031-01-01", "--accept", "76=MIR_NEWMODE")
    assert asnrules("rulesets", "import", str(folder), *words).code == 0
    for label in ("jwst-1.2.1", "jwst-3.0.0"):
        result = asnrules("rulesets", "check", label, "--format", "jsonl")
        assert result.code == 0
        assert "MIR_NEWMODE" not in result.out
    # MIR_WFSS came after the table of 2021-06-15, and NRC_WFSC is in no table.
    assert "NRC_WFSC" in result.out
    assert "MIR_WFSS" not in asnrules("rulesets", "check", "jwst-1.2.1").out


def test_check_for_people(draft_in_file: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = draft_in_file("rulesets", "check", "draft")
    assert result.code == 1
    paragraphs = [text.splitlines() for text in result.out.split("\n\n")]
    found = {lines[0]: lines[1:] for lines in paragraphs}
    first = found["draft, not delivered: NRC_IMAGE"]
    assert first[0] == "    image2 in the table, and no rule makes it"
    assert first[1].startswith("    example: EXP_TYPE=NRC_IMAGE ")
    # A reason is a reason, wrapped like all but the examples, which are to be copied.
    assert len(first) == 2
    known = [lines for lines in paragraphs if lines[-1].startswith(("    reason: ", "      "))]
    assert len(known) > 50
    assert all(
        len(line) <= 80 or line.startswith("    example: ") for lines in known for line in lines[1:]
    )


def test_check_of_what_is_not_there(asnrules_on_file: Command) -> None:
    asnrules_on_file("rulesets", "check", "jwst-3.0.1").assert_error(3, "jwst-3.0.0")


def test_diff_of_tables(asnrules: Command) -> None:
    result = asnrules("rulesets", "diff", "2026-01-23", "2026-03-20")
    assert (result.code, result.err) == (1, "2026-01-23 -> 2026-03-20: 1 change of rows\n")
    assert result.lines[0].split() == [
        "row", "MIR_WFSS,", "N/A", "added", "member_type:", "science;", "asn_type:", "spec2",
    ]  # fmt: skip


def test_diff_of_what_is_the_same(asnrules_on_file: Command) -> None:
    result = asnrules_on_file("rulesets", "diff", "2020-12-07", "2021-03-19")
    assert (result.code, result.out) == (0, "")
    assert result.err == "2020-12-07 -> 2021-03-19: no changes of rows\n"


def test_diff_of_rules(draft_in_file: Command) -> None:
    result = draft_in_file("rulesets", "diff", "jwst-3.0.0", "draft", "--format", "json")
    assert result.code == 1
    found = json.loads(result.out)
    assert {(one["what"], one["name"]) for one in found["changes"]} == {
        ("value list", "imaging_types"), ("rule", "Asn_Lv2FGS"),
    }  # fmt: skip
    (made,) = (
        one
        for one in found["answers"]
        if (one["aspect"], one["before"]) == ("associations", "image2 by Asn_Lv2Image")
    )
    assert (made["after"], made["exp_types"][0]) == ("none", "NRC_IMAGE")
    records = draft_in_file("rulesets", "diff", "jwst-3.0.0", "draft", "--format", "csv")
    assert records.out.splitlines()[0] == (
        "what,name,change,field,before,after,by,exp_types,combinations,example"
    )
    assert len(records.out.splitlines()) == 1 + len(found["changes"]) + len(found["answers"])


def test_diff_of_rules_for_people(draft_in_file: Command) -> None:
    result = draft_in_file("rulesets", "diff", "jwst-3.0.0", "draft")
    assert result.code == 1
    found = {lines[0]: lines[1:] for lines in map(str.splitlines, result.out.split("\n\n"))}
    (rule,) = (name for name in found if name.startswith("rule "))
    assert rule == "rule Asn_Lv2FGS changed, requires"
    assert found[rule] == ["    after: wavefront_sensing"]
    answer = found["answer changed, associations: image2 by Asn_Lv2Image -> none"]
    assert " combinations of NRC_IMAGE" in answer[0]
    assert answer[-1].startswith("    example: EXP_TYPE=NRC_IMAGE ")


def test_diff_of_rules_and_a_table(asnrules_on_file: Command) -> None:
    result = asnrules_on_file("rulesets", "diff", "2026-03-20", "jwst-3.0.0")
    result.assert_error(2, "compare rulesets of one kind")


def test_impact(with_draft: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2))
    assert with_draft("generate", pool, "--no-files").code == 0
    report = tmp_path / "report.json"
    result = with_draft("rulesets", "impact", "draft", "--output", str(report))
    assert result.code == 1
    assert "2 decisions and 2 associations change" in result.err
    assert "image2 by Asn_Lv2Image -> none" in result.out
    kept = json.loads(report.read_text())
    assert kept["draft"]["checksum"].startswith(result.err.split("(")[1][:12])
    records = with_draft("rulesets", "impact", "draft", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in records] == kept["changes"]
    # The file is not replaced.
    again = with_draft("rulesets", "impact", "draft", "--output", str(report))
    again.assert_error(2, "is there already")


def test_impact_of_nothing(asnrules: Command) -> None:
    result = asnrules("rulesets", "impact", "jwst-3.0.0")
    assert (result.code, result.out) == (0, "")
    assert "no decisions and no associations change" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["jwst-3.0.0", "--since", "May"], 2, "--since: 'May'"),
        (["jwst-3.0.0", "--program", "4"], 3, "no exposure of program '4' is on record"),
        (["jwst-3.0.0", "--against", "jwst"], 3, "no ruleset 'jwst'"),
        (["jwst-3.0.0", "--against", "2026-03-20"], 3, "is of kind table"),
    ],
)
def test_impact_of_what_makes_no_sense(
    asnrules: Command, arguments: list[str], code: int, words: str
) -> None:
    asnrules("rulesets", "impact", *arguments).assert_error(code, words)


def test_diff_along_the_chain_names_the_changes(asnrules_on_file: Command) -> None:
    words = ("rulesets", "diff", "jwst-1.8.1", "jwst-1.8.5")
    found = json.loads(asnrules_on_file(*words, "--format", "json").out)
    assert [one["change"] for one in found["between"]][:1] == ["1.8.5-along-slit-out-of-spec"]
    (setting,) = (one for one in found["changes"] if one["name"] == "taken_once")
    (by,) = setting["by"]
    assert (by["change"], by["ruleset"]) == ("1.8.5-member-once", "jwst-1.8.5")
    assert (by["source"], by["effective_from"]) == ("jwst pull request 7332", None)
    told = asnrules_on_file(*words).out.split("\n\n")
    (first,) = (text for text in told if text.startswith("change 1.8.5-member-once of jwst-1.8.5"))
    assert first.endswith("source: jwst pull request 7332")
    (row,) = (text for text in told if text.startswith("setting taken_once changed"))
    assert row.endswith("by: 1.8.5-member-once of jwst-1.8.5")
