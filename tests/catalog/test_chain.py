"""Rules that are written as changes on others: what they make, and what is refused."""

from __future__ import annotations

import datetime as dt
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.catalog.life_cycle import ImportSettings, export_files, import_ruleset
from asnrules.catalog.open import connect_catalog
from asnrules.catalog.rulesets import RulesetInfo, find_ruleset, list_releases, list_rulesets
from asnrules.database.engines import transaction
from asnrules.errors import RulesetError
from asnrules.rules.checksums import row_differences
from asnrules.rules.document import KINDS
from asnrules.rules.model import Ruleset
from asnrules.rules.read import read_ruleset
from asnrules.rules.releases import Release, shipped_releases, start_of
from asnrules.rules.rows import to_rows
from asnrules.rules.write import write_folder
from drafts import publish_draft
from seeds import READER, SEEDS, seed

HEADER = """\
label = "child"
kind = "rules"
title = "A child"
source = "made up"
extends = "jwst-3.0.0"
implements = "2026-03-20"

[[change]]
id = "one"
why = "for a test"
source = "made up"
"""
JANUARY = dt.date(2031, 1, 1)
START = HEADER.count("\n") + 1
"""The line on which a change begins to say something."""


def write_child(folder: Path, change: str, header: str = HEADER) -> Path:
    """Write a ruleset with one change on jwst-3.0.0."""
    (folder / "child").mkdir(exist_ok=True)
    (folder / "child" / "ruleset.toml").write_text(header + change, encoding="utf-8")
    return folder / "child"


def child(folder: Path, change: str, header: str = HEADER) -> Any:
    return READER.read(write_child(folder, change, header))


def info_of(engine: Engine, label: str) -> RulesetInfo:
    with transaction(engine) as connection:
        return find_ruleset(connection, label)


def stored(engine: Engine, label: str) -> tuple[Ruleset, tuple[str, str | None]]:
    """Give a ruleset with both its checksums."""
    with transaction(engine) as connection:
        key = find_ruleset(connection, label).ruleset_id
        return store.load_rules(connection, key), store.stored_checksums(connection, key)


def refused(folder: Path, change: str, header: str = HEADER) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        child(folder, change, header)
    place = str(folder / "child" / "ruleset.toml")
    told = [*caught.value.details] or [str(caught.value)]
    assert all(line.startswith(place) for line in told)
    return [line.removeprefix(place).removeprefix(", ") for line in told]


# ------------------------------------------------------------------------- what changes make


@pytest.mark.parametrize(
    ("change", "items"),
    [
        ('add.suffix = ["new"]', [("suffix", "new", None, None, '"new"')]),
        ('remove.suffix = ["uncal"]', [("suffix", "uncal", None, '"uncal"', None)]),
        ("[change.set.setting]\nsequence_digits = 3",
         [("setting", "sequence_digits", "value", "5", "3")]),
        ("[change.set.value_list]\nnod_patterns = { add = ['a'], remove = ['4-point-nod'] }",
         [("value_list", "nod_patterns", "value",
           '["2-point-nod", "4-point-nod", "along-slit-nod"]',
           '["2-point-nod", "along-slit-nod", "a"]')]),
        ("[change.set.rule.Asn_Lv2SpecSpecial]\nwithout = ['companion_class']",
         [("rule", "Asn_Lv2SpecSpecial", "companion_class", '"imprint"', None)]),
        ("[change.set.role.Asn_Lv2WFSSNIS]\n'direct image' = { offered_again = 1 }",
         [("role", "Asn_Lv2WFSSNIS: direct image", "offered_again", "2", "1")]),
        ("[change.set.key.mosaic_tile]\nrequired = false",
         [("key", "mosaic_tile", "required", "true", "false")]),
        ("[change.set.default]\nclass = 'dark'", [("default", "class", "value", '"science"',
                                                  '"dark"')]),
        ("[[change.set.known_difference]]\nexp_type = 'NIS_DARK'\naspect = 'member_type'\n"
         "published = 'science'\nsoftware = 'dark'\nreason = 'new'",
         [("known_difference", "NIS_DARK, member_type, science, dark", "reason", None, '"new"')]),
    ],
)  # fmt: skip
def test_a_change_tells_what_it_does(tmp_path: Path, change: str, items: list[Any]) -> None:
    ruleset = child(tmp_path, change)
    (made,) = ruleset.changes
    assert (made.change, made.why, made.source) == ("one", "for a test", "made up")
    found = [tuple(item) for item in made.items]
    if items[0][0] == "known_difference":
        found = [(*item[:3], None, item[4]) for item in found]
    assert found == items
    assert list(row_differences(seed(), ruleset))


def test_classes_and_roles_are_put_in_their_place(tmp_path: Path) -> None:
    ruleset = child(
        tmp_path,
        """
[change.move.class]
flagged_background = { before = "flagged_psf" }

[change.add.role.Asn_Lv2SpecImprint.background]
requires = ["flagged_background"]
before = "science"
""",
    )
    order = [line.condition.name for line in ruleset.class_rules]
    assert order[-3:] == ["flagged_background", "flagged_psf", "flagged_imprint"]
    (rule,) = [rule for rule in ruleset.rules if rule.name == "Asn_Lv2SpecImprint"]
    assert [role.name for role in rule.roles] == ["background", "science"]


def test_a_rule_comes_and_goes_with_its_roles(tmp_path: Path) -> None:
    ruleset = child(
        tmp_path,
        """
[change.remove]
rule = ["Asn_Lv2CoronAsRate"]
intended_overlap = [
    { asn_rule = "Asn_Lv2CoronAsRate", stays = "Asn_Lv2ImageTSO" },
    { asn_rule = "Asn_Lv2CoronAsRate", stays = "Asn_Lv2Image" },
    { asn_rule = "Asn_Lv2CoronAsRate", stays = "Asn_Lv2ImageSpecial" },
]

[change.add.rule.Asn_New]
asn_type = "image2"
title = "A new one"
groups = ["base"]
requires = ["image_science"]

[[change.add.rule.Asn_New.role]]
name = "science"
single = true
""",
    )
    names = [rule.name for rule in ruleset.rules]
    assert "Asn_Lv2CoronAsRate" not in names
    assert "Asn_New" in names
    kinds = [(item.kind, item.item) for item in ruleset.changes[0].items if item.before is None]
    assert kinds == [("rule", "Asn_New"), ("role", "Asn_New: science")]


# ------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("change", "line", "problem"),
    [
        ('add.suffix = ["uncal"]', 0, "suffix uncal is there already; set it"),
        ('remove.suffix = ["uncall"]', 0, "unknown suffix 'uncall'; did you mean 'uncal'?"),
        ("[change.set.setting]\nsequence_digits = 5", 1, "sequence_digits is that already"),
        ("[change.set.rule.Asn_Lv2Spec]\nas_science = false", 1,
         "as_science of Asn_Lv2Spec is that already"),
        ("[change.set.rule.Asn_Lv2Spek]\nas_science = true", 0, "unknown rule 'Asn_Lv2Spek'"),
        ("[change.set.rule.Asn_Lv2Spec]\nrequires = { add = ['ifu_path'] }", 1,
         '"ifu_path" is there already'),
        ("[change.set.rule.Asn_Lv2Spec]\nrequires = { remove = ['dark'] }", 1,
         '"dark" is not there'),
        ("[change.set.rule.Asn_Lv2Spec]\nrequires = { plus = ['dark'] }", 1, "a list is set as"),
        ("[change.set.rule.Asn_Lv2Spec]\nrequires = { add = ['ifu_pat'] }", 1,
         "unknown condition 'ifu_pat'; did you mean"),
        ("[change.set.rule.Asn_Lv2Spec]\nrequire = ['ifu_path']", 1, "unknown word 'require'"),
        ("[change.set.rule.Asn_Lv2Spec]\nwithout = ['rateints']", 1, "Asn_Lv2Spec has no rateints"),
        ("[change.set.rules.Asn_Lv2Spec]\ntitle = 'x'", 0, "unknown kind of item 'rules'"),
        ("[change.move.class]\nflagged_psf = { before = 'flagged_imprint' }", 1,
         "flagged_psf is there already"),
        ("[change.move.class]\nflagged_psf = { before = 'flagged' }", 1, "unknown class 'flagged'"),
        ("[change.move.key]\npupil = { before = 'window' }", 1, "items of kind key have no order"),
        ("[change.add.role.Asn_None.science]\nsingle = true", 0, "there is no rule Asn_None"),
        ("[change.add.rule.Asn_New]\nasn_type = 'image2'\ntitle = 'x'", 0,
         "rule Asn_New has no role"),
        ("[change.remove]\nsetting = ['sequence_digits']", 1, "every ruleset says sequence_digits"),
        ("[change.remove]\ndefault = ['class']", 1, "every ruleset says class"),
        ("[change.remove]\ncondition = ['image_science']", 1,
         "rule Asn_Lv2Image, which comes from jwst-3.0.0: condition 'image_science' is removed"),
        ("[change.remove]\nrule = ['Asn_Lv2SpecImprint']", 1,
         "which comes from jwst-3.0.0: rule 'Asn_Lv2SpecImprint' is removed by a change"),
        ("[change.remove]\nkey = ['target']", 1, "key 'target' is removed by a change"),
        ("[change.remove]\npath_table = ['ifu_paths']", 1,
         "path table 'ifu_paths' is removed by a change"),
        ("", None, "changes nothing"),
        ("[change.remove]\nsuffix = ['rate']\n[change.add]\nsuffix = ['rate']", None,
         "changes nothing"),
        ("[change.set.path_table]\nifu_paths = '/etc/passwd'", 1, "unknown CSV file '/etc/passwd'"),
        ("[change.set.path_table]\nifu_paths = '../child/a.csv'", 1, "unknown CSV file"),
        ("[change.add.path_table]\nnew = '../child/../child/a.csv'", 1, "unknown CSV file"),
        ("[change.remove]\ncondition = ['ifu_path']\n[change.add.rule.Asn_X]\n"
         "asn_type = 'spec2'\ntitle = 'x'\nrequires = ['ifu_path']\n"
         "[[change.add.rule.Asn_X.role]]\nname = 'science'", 5,
         "condition 'ifu_path' is removed by a change"),
        ("add.known_difference = ['x']", 0, "known difference has to be a table of exp_type, "),
        ("[[change.add.intended_overlap]]\nasn_rule = 'Asn_Lv2Spec'\nstays = 'Asn_Lv2Image'\n"
         "reason = 'x'\nnote = 'y'", 4, "unknown word 'note'"),
        ("follows = 'two'", 0, "unknown change 'two'; there is none"),
        ("[change.ad.suffix]", 0, "unknown word 'ad'"),
        ("[[change.set.rule.Asn_Lv2Image.role]]\nname = 'science'\nsingle = true", 0,
         "write change.set.role.Asn_Lv2Image"),
        ("[change.set.rule.Asn_Lv2Spec]\nsteps = ['science_required', 'candidate_validity', "
         "'imprint_pruning']", 1, "steps of Asn_Lv2Spec is that already"),
        ("[change.set.rule.Asn_Lv2Spec]\nwithout = ['title']\ntitle = 'x'", 1,
         "title of Asn_Lv2Spec is set as well"),
        ("[change.move.class]\nflagged_imprint = { before = 'flagged_imprint' }", 1,
         "flagged_imprint cannot stand before itself"),
        ("[change.move.class]\nflagged_imprint = { after = 'flagged_imprint' }", 1,
         "flagged_imprint cannot stand after itself"),
        ("[change.move.class]\nflagged_psf = { before = 3 }", 1, ", flagged_psf"),
        ("[change.move.role.Asn_Lv2SpecImprint]\nscience = { before = 'mode' }", 1,
         "unknown role 'Asn_Lv2SpecImprint: mode'"),
        ("[change.add.role.Asn_Lv2SpecImprint.background]\nbefore = 'science'\nafter = 'science'",
         0, "say before or after which"),
        ("[change.add.suffix]\nfoo = { nonsense = 1 }", 1, "a suffix has nothing but its name"),
        ("[change.remove]\nsuffix = { mbsub = 'whatever' }", 1, 'name what goes in a list'),
        ("[change.remove.rule.Asn_Lv2Spec]\ntitle = 'x'", 0, 'name what goes in a list'),
    ],
)  # fmt: skip
def test_a_change_is_strict(tmp_path: Path, change: str, line: int | None, problem: str) -> None:
    told = refused(tmp_path, change)
    assert any(problem in one for one in told)
    if line is not None:
        assert any(one.startswith(f"line {START + line}: ") for one in told if problem in one)


NAMES = {
    "value_list": "imaging_types", "path_table": "ifu_paths", "condition": "ifu_path",
    "key": "mosaic_tile", "group": "base", "class": "flagged_psf", "setting": "sequence_digits",
    "default": "steps", "written_as": "psf", "required_column": "pntgtype",
    "rule": "Asn_Lv2Spec", "role": "Asn_Lv2Spec.science", "suffix": "uncal",
    "known_difference": "x", "intended_overlap": "x",
}  # fmt: skip
"""An item of each kind."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word", ["add", "set", "remove", "move"])
def test_no_item_has_a_day(kind: str, word: str, tmp_path: Path) -> None:
    told = refused(tmp_path, f"[change.{word}.{kind}.{NAMES[kind]}]\nx = 2020-01-01")
    assert told == [f"line {START + 1}: {NOT_PLAIN.format('x')}"]


NOT_PLAIN = "{} has to be text, a whole number, true or false; rules have nothing else"


@pytest.mark.parametrize("value", ["2020-01-01", "12:00:00", "2020-01-01T00:00:00Z", "1.5", "-1",
                                   "inf", "1e999", "0x" + "f" * 3999, '"\\u001b[31m"',
                                   "[[[2020-01-01]]]"])  # fmt: skip
def test_what_no_rule_has_is_told_with_its_line(value: str, tmp_path: Path) -> None:
    for number, change in enumerate(
        (
            f"[change.set]\nrule = {value}",
            f"[change.remove]\nrule = [{value}]",
            f"[change.set.rule]\nAsn_Lv2Spec = {value}",
            f"[change.set.rule.Asn_Lv2Spec]\nrequires = {{ add = ['a', {value}] }}",
            f"[change.set.rule.Asn_Lv2Spec]\nwithout = [{{ a = {value} }}]",
            f"[[change.add.rule.Asn_X.role]]\nname = {value}",
        )
    ):
        told = refused(tmp_path, change)
        assert all("has to be" in one for one in told), (number, told)
        assert {one.partition(":")[0] for one in told} == {f"line {START + 1}"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", ["[{ a = 1 }]", "[['a']]", "3", "{ a = 'b' }", "[true]", "['']"])
def test_what_is_taken_away_is_named(kind: str, value: str, tmp_path: Path) -> None:
    name = NAMES[kind]
    told = refused(tmp_path, f"[change.set.{kind}.{name}]\nwithout = {value}")
    assert all(one.startswith("line ") for one in told)


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [
        ("rule", "Asn_Lv2Image", "asn_rule"),
        ("role", "Asn_Lv2Image.science", "name"),
        ("class", "flagged_psf", "condition"),
        ("required_column", "pntgtype", "column"),
    ],
)
@pytest.mark.parametrize("other", ["'other'", "'Asn_Lv2Spec'", "'flagged_imprint'", "'exposure'",
                                   "['a']", "3"])  # fmt: skip
@pytest.mark.parametrize("act", ["add", "set"])
def test_the_name_of_an_item_cannot_be_set(
    act: str, other: str, kind: str, name: str, word: str, tmp_path: Path
) -> None:
    told = refused(tmp_path, f"[change.{act}.{kind}.{name}]\n{word} = {other}")
    own = name.rpartition(".")[2]
    assert told == [f"line {START + 1}: {own} is named by its table; leave {word} out"]


@pytest.mark.parametrize("kind", NAMES)
def test_an_item_keeps_the_words_that_name_it(kind: str, tmp_path: Path) -> None:
    words = {"rule": "asn_rule", "role": "name", "class": "condition", "required_column": "column"}
    if kind in words:
        change = f"[change.set.{kind}.{NAMES[kind]}]\nwithout = ['{words[kind]}']"
        assert any(f"has no {words[kind]}; add it" in one for one in refused(tmp_path, change))


def test_an_example_is_of_rules_and_exposures_that_there_are(tmp_path: Path) -> None:
    example = """
[[change.example]]
common = {{ subarray = "full" }}
exposures = [{{ exp_type = "{exp_type}" }}]
before = []
after = ["image2 {rule}"]
"""
    told = refused(
        tmp_path, "add.suffix = ['new']\n" + example.format(exp_type="zzz", rule="Asn_Lv2Imag")
    )
    place = f"line {START + 2}: "
    assert told == [
        told[0],
        f"{place}unknown rule 'Asn_Lv2Imag'; did you mean 'Asn_Lv2Image'?",
    ]
    assert told[0].startswith(f"{place}unknown EXP_TYPE 'ZZZ'; near it are ")
    good = example.format(exp_type="nrc_image", rule="Asn_Lv2Image")
    assert child(tmp_path / "child", "add.suffix = ['new']\n" + good).suffixes


SECOND = '\n[[change]]\nid = "two"\nwhy = "w"\nsource = "s"\n'


def test_changes_follow_from_one_that_does_something(tmp_path: Path) -> None:
    told = refused(tmp_path, f'follows = "two"\n{SECOND}follows = "one"\n')
    assert told == [
        f"line {START}: change two follows from another one itself; name that which has items",
        f"line {START + 6}: change one follows from another one itself; name that which has items",
    ]


def test_what_changes_nothing_in_other_words_is_refused(tmp_path: Path) -> None:
    told = refused(
        tmp_path,
        "[change.set.rule.Asn_Lv2ImageTSO]\nrequires = ['image_science', { condition = 'tso' }]",
    )
    assert any("all changes together change nothing" in one for one in told)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('extends = "jwst-3.0.0"', 'extends = "jwst-9.9.9"', "there is no ruleset jwst-9.9.9"),
        ('extends = "jwst-3.0.0"', 'extends = "child"', "child extends itself"),
        ('extends = "jwst-3.0.0"\n', "", "changes of no parent; name it with extends"),
        ('id = "one"', "", "a change has no id; add it"),
        ('why = "for a test"', 'why = " "', "why is empty; say it"),
        (
            "[[change]]",
            'releases = [{ release = "3.9.9", released = 2031-01-02, '
            "in_operations_from = 2031-01-01 }]\n[[change]]",
            "mend a day",
        ),
        ('id = "one"', 'id = "o n e"', "change 'o n e': use up to 80 letters"),
        ("[[change]]", "[settings]\n[[change]]", "settings stands in a folder that says all"),
        ("[[change]]", 'releases = ["3.9.9"]\n[[change]]', "unknown release '3.9.9'"),
        *(
            ("[[change]]", f"releases = [{releases}]\n[[change]]", problem)
            for releases, problem in (
                ("'3.0.0', '3.0.0'", "release 3.0.0 comes twice"),
                ("'3.0.0', { release = '3.0', released = 2026-07-09 }", "3.0 comes twice"),
                ("{ release = '3.0', released = 2026-10-01 }", "3.0 is 3.0.0; write that"),
                ("{ release = '3.0.0.0', released = 2026-07-09 }", "3.0.0.0 is 3.0.0; write that"),
                (
                    "{ release = '3.1', released = 2026-10-01 }, "
                    "{ release = '3.1.0', released = 2026-10-01 }",
                    "release 3.1.0 comes twice",
                ),
                (
                    "{ release = '3.0.0', released = 1999-10-01 }",
                    "3.0.0 was tagged on 2026-07-09; give that day, or the name alone",
                ),
                (
                    "{ release = '1.9.6', released = 2020-10-06 }",
                    "1.9.6 was tagged on 2023-03-09; give that day",
                ),
                (
                    "{ release = '1.9.6', released = 2023-03-09, in_operations_from = 2031-01-01 }",
                    "1.9.6 is in operations from 2023-",
                ),
                (
                    "{ release = '3.1.0', released = 0001-01-01 }",
                    "3.1.0 was tagged before 3.0.0, on 2026-07-09; mend the day",
                ),
                (
                    "{ release = '3.1.1', released = 2026-10-01 }, "
                    "{ release = '3.1.0', released = 2026-10-02 }",
                    "3.1.1 was tagged before 3.1.0, on 2026-10-02; mend the day",
                ),
            )
        ),
    ],
)
def test_a_header_is_strict(tmp_path: Path, old: str, new: str, problem: str) -> None:
    header = HEADER.replace(old, new)
    if "extends" not in header:
        shutil.copytree(SEEDS / "jwst-3.0.0", tmp_path / "child")
        whole = (tmp_path / "child" / "ruleset.toml").read_text(encoding="utf-8")
        whole = whole.partition("[[change]]")[0].replace('extends = "jwst-2.0.0"', "")
        header = f"{whole}\n[[change]]{header.partition('[[change]]')[2]}"
    assert any(problem in one for one in refused(tmp_path, 'add.suffix = ["new"]\n', header))


@pytest.mark.parametrize("gone", ["rule = ['Asn_Lv2SpecImprint']", "condition = ['ifu_path']"])
def test_what_was_refused_does_not_spoil_what_is_read_next(tmp_path: Path, gone: str) -> None:
    folder = write_child(tmp_path, f"[change.remove]\n{gone}")
    told = []
    for _ in range(2):
        with pytest.raises(RulesetError) as caught:
            READER.read(folder)
        told.append([str(caught.value), *caught.value.details])
    assert told[0] == told[1]
    good = write_child(tmp_path, 'add.suffix = ["new"]')
    assert READER.read(good) == read_ruleset(good)


def test_a_circle_is_refused(tmp_path: Path) -> None:
    for label, parent in (("child", "other"), ("other", "child")):
        (tmp_path / label).mkdir()
        text = HEADER.replace('"child"', f'"{label}"').replace("jwst-3.0.0", parent)
        (tmp_path / label / "ruleset.toml").write_text(text + 'add.suffix = ["new"]')
    with pytest.raises(RulesetError, match=r"other.ruleset\.toml, line 5: child extends other it"):
        read_ruleset(tmp_path / "child")


def test_a_whole_folder_says_what_its_parent_and_changes_make(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    shutil.copytree(SEEDS / "jwst-3.0.0", folder)
    path = folder / "ruleset.toml"
    text = path.read_text(encoding="utf-8").partition("[[change]]")[0]
    text = text.replace('extends = "jwst-2.0.0"', 'extends = "jwst-3.0.0"')
    change = '\n[[change]]\nid = "one"\nwhy = "w"\nsource = "s"\nadd.suffix = ["new"]\n'
    path.write_text(text.replace('"jwst-3.0.0"', '"whole"', 1) + change, encoding="utf-8")
    with pytest.raises(
        RulesetError, match=r"this folder: it lacks a row of product_suffixes: .*new"
    ):
        read_ruleset(folder)
    with (folder / "suffixes.csv").open("a", encoding="utf-8") as stream:
        stream.write("new\n")
    ruleset = read_ruleset(folder)
    assert ruleset.extends == "jwst-3.0.0"
    assert [change.change for change in ruleset.changes] == ["one"]


# ------------------------------------------------------------------------- in the catalog


def test_changes_are_stored_beside_what_they_make(kept_seeds: Engine) -> None:
    files = seed("jwst-1.2.1")
    with transaction(kept_seeds) as connection:
        info = find_ruleset(connection, "jwst-1.3.0")
        stored = store.load_rules(connection, info.ruleset_id)
    assert (info.ruleset, info.extends, info.goes_by) == ("jwst-1.2.1", "jwst-1.2.0", "tag")
    assert (info.change_count, info.releases) == (4, ("1.2.1", "1.2.2", "1.2.3", "1.3.0", "1.3.1"))
    assert stored == files
    assert stored.changes == files.changes
    assert to_rows(stored) == to_rows(files)


def test_a_child_is_imported_exported_and_published(catalog: Engine, tmp_path: Path) -> None:
    folder = write_child(tmp_path, 'add.suffix = ["new"]')
    wanted = ImportSettings(label="mine", effective_from=dt.date(2031, 1, 1))
    assert import_ruleset(catalog, folder, wanted).info.extends == "jwst-3.0.0"
    write_folder(tmp_path / "out", export_files(catalog, "mine"))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ruleset.toml"]
    grandchild = tmp_path / "grandchild"
    grandchild.mkdir()
    text = HEADER.replace("jwst-3.0.0", "mine") + 'add.suffix = ["newer"]'
    (grandchild / "ruleset.toml").write_text(text)
    with pytest.raises(RulesetError, match=r"line 5: mine is a draft; publish it first"):
        import_ruleset(catalog, grandchild, ImportSettings("later"))
    with pytest.raises(RulesetError, match=r"line 5: mine extends itself; name another one"):
        import_ruleset(catalog, grandchild, wanted)
    publish_draft(catalog, "mine")
    later = ImportSettings(label="later", effective_from=dt.date(2032, 1, 1))
    assert import_ruleset(catalog, grandchild, later).info.extends == "mine"
    with transaction(catalog) as connection:
        ruleset = store.load_rules(connection, find_ruleset(connection, "later").ruleset_id)
    assert {"new", "newer"} <= ruleset.suffixes


def test_an_edited_folder_under_another_label_is_another_ruleset(
    catalog: Engine, tmp_path: Path
) -> None:
    write_folder(tmp_path / "edited", export_files(catalog, "jwst-3.0.0"))
    with (tmp_path / "edited" / "suffixes.csv").open("a", encoding="utf-8") as stream:
        stream.write("new\n")
    with pytest.raises(RulesetError, match="import the folder under another label"):
        import_ruleset(catalog, tmp_path / "edited", ImportSettings())
    done = import_ruleset(catalog, tmp_path / "edited", ImportSettings("mine"))
    assert (done.own_label, done.left_out) == ("jwst-3.0.0", ["parent", "changes", "releases"])
    info = done.info
    assert (info.extends, info.change_count, info.releases, info.effective_from) == (
        None, 0, (), None
    )  # fmt: skip
    # It is given back as what it is now.
    write_folder(tmp_path / "back", export_files(catalog, "mine"))
    assert tomllib.loads((tmp_path / "back" / "ruleset.toml").read_text(encoding="utf-8")) == {
        "label": "mine",
        **{
            word: value
            for word, value in tomllib.loads(
                (SEEDS / "jwst-3.0.0" / "ruleset.toml").read_text(encoding="utf-8")
            ).items()
            if word not in ("label", "extends", "change", "releases")
        },
    }
    again = import_ruleset(catalog, tmp_path / "back", ImportSettings())
    assert (again.info, again.left_out) == (info, [])


def test_changes_under_another_label_stay_changes_but_have_no_release(
    catalog: Engine, tmp_path: Path
) -> None:
    write_folder(tmp_path / "copy", export_files(catalog, "jwst-2.0.0"))
    done = import_ruleset(catalog, tmp_path / "copy", ImportSettings("mine"))
    original = info_of(catalog, "jwst-2.0.0")
    assert done.left_out == ["releases"]
    assert (done.info.extends, done.info.releases) == (original.extends, ())
    assert done.info.change_count == original.change_count
    assert done.info.checksum == original.checksum


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_ruleset_is_the_same_in_another_database(
    catalog: Engine, templates: Any, tmp_path: Path, is_whole: bool
) -> None:
    folder = tmp_path / "mine"
    if is_whole:
        write_folder(folder, export_files(catalog, "jwst-3.0.0"))
        text = (folder / "ruleset.toml").read_text(encoding="utf-8")
        text = text.replace('label = "jwst-3.0.0"', 'label = "mine"')
        text = text.replace('["3.0.0"]', '[{ release = "3.1.0", released = 2031-01-01 }]')
    else:
        folder.mkdir()
        text = HEADER.replace('"child"', '"mine"') + 'add.suffix = ["new"]\n'
    (folder / "ruleset.toml").write_text(text, encoding="utf-8")
    assert import_ruleset(catalog, folder, ImportSettings(effective_from=JANUARY)).left_out == []
    publish_draft(catalog, "mine")
    write_folder(tmp_path / "out", export_files(catalog, "mine"))
    other = connect_catalog(str(shutil.copyfile(templates.seeded("sqlite"), tmp_path / "other.db")))
    assert import_ruleset(other, tmp_path / "out", ImportSettings()).left_out == []
    publish_draft(other, "mine")
    ours, theirs = info_of(catalog, "mine"), info_of(other, "mine")
    assert theirs._replace(ruleset_id=ours.ruleset_id) == ours
    assert ours.extends == ("jwst-2.0.0" if is_whole else "jwst-3.0.0")
    assert stored(other, "mine") == stored(catalog, "mine")


# ------------------------------------------------------------------------- releases


def release(name: str) -> Release:
    return shipped_releases()[name].release


@pytest.mark.parametrize(
    ("names", "start"),
    [
        (["1.2.0"], dt.date(2021, 5, 24)),
        (["1.4.2", "1.4.3", "1.4.4", "1.4.5", "1.4.6"], dt.date(2022, 1, 20)),
        (["1.5.3", "1.6.0", "1.6.1", "1.6.2", "1.7.0"], dt.date(2022, 6, 30)),
        (["1.8.5"], None),
        (["1.9.0", "1.9.1", "1.9.2", "1.9.3"], None),
        (["1.9.4", "1.9.5"], dt.date(2023, 2, 28)),
        (["1.13.0", "1.13.1", "1.13.2", "1.13.3", "1.13.4"], None),
        (["1.18.1"], None),
        (["1.20.0", "1.20.1", "1.20.2"], dt.date(2025, 10, 20)),
        (["3.0.0"], dt.date(2026, 7, 9)),
        ([], None),
    ],
)
def test_a_ruleset_is_in_force_from_the_first_day_in_operations(
    names: list[str], start: dt.date | None
) -> None:
    assert start_of([release(name) for name in names]) == start


def test_releases_are_listed_with_their_rulesets(kept_seeds: Engine) -> None:
    with transaction(kept_seeds) as connection:
        found = {one.release: one for one in list_releases(connection)}
        published = [info for info in list_rulesets(connection) if info.releases]
    assert found["1.3.0"].ruleset == "jwst-1.2.1"
    assert (found["1.2.0"].dms_build, found["1.2.0"].released) == ("B7.8rc1", dt.date(2021, 5, 24))
    assert found["0.18.0"].ruleset is None
    assert {name for info in published for name in info.releases} <= set(found)


def test_a_release_is_listed_with_the_ruleset_that_is_published(
    catalog: Engine, tmp_path: Path
) -> None:
    for label, month in (("child", 3), ("other", 4)):
        header = HEADER.replace(
            "implements",
            f"releases = [{{ release = '3.9.0', released = 2030-01-01, "
            f"in_operations_from = 2030-{month:02}-01 }}]\nimplements",
        ).replace('"child"', f'"{label}"')
        import_ruleset(
            catalog, write_child(tmp_path, 'add.suffix = ["new"]', header), ImportSettings()
        )
    with transaction(catalog) as connection:
        assert "3.9.0" not in [one.release for one in list_releases(connection)]
    publish_draft(catalog, "other")
    with transaction(catalog) as connection:
        (found,) = [one for one in list_releases(connection) if one.release == "3.9.0"]
        assert find_ruleset(connection, "jwst-3.9").ruleset == "other"
    assert (found.ruleset, found.in_operations_from) == ("other", dt.date(2030, 4, 1))
    with pytest.raises(RulesetError, match=r"has releases that other has: 3\.9\.0"):
        publish_draft(catalog, "child")


def test_a_release_that_is_not_shipped_brings_its_days(tmp_path: Path) -> None:
    header = HEADER.replace(
        "implements",
        "releases = [{ release = '3.9.0', released = 2030-01-01, "
        "in_operations_from = 2030-03-01 }]\nimplements",
    )
    ruleset: Ruleset = child(tmp_path, 'add.suffix = ["new"]', header)
    assert ruleset.releases == (Release("3.9.0", dt.date(2030, 1, 1), dt.date(2030, 3, 1)),)
    assert ruleset.effective_from == dt.date(2030, 3, 1)
    assert replace(ruleset, releases=()) != ruleset
