"""What is wrong in a folder is told at once, whatever the files: and nothing that only follows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from asnrules.errors import RulesetError
from asnrules.rules.read import read_ruleset
from seeds import SEEDS

RULES = {
    "ruleset.toml": ('column = "targetid"', 'column = "targetit"', "unknown keyword 'targetit'"),
    "value_lists.toml": ("nod_patterns = [", "nod_patterns = 3 # [", "has to be a list"),
    "conditions.toml": ('"mir_darkall", "mir_darkimg"', '"mir_darkal"', "EXP_TYPE 'mir_darkal'"),
    "keys.toml": ('["filter", "band"]', '["filter", "bond"]', "unknown keyword 'bond'"),
    "classes.toml": ('class = "engineering"', 'class = "enginering"', "class 'enginering'"),
    "rules/image.toml": ('"tso-image2"', '"tso-image"', "association type 'tso-image'"),
    "rules/spectral.toml": ("single = true", "single = 1", "single has to be true or false"),
    "ifu_paths.csv": ("g140m,f100lp,nrs1", "g140m,f100lp,NRS1", "'NRS1' is never found"),
    "suffixes.csv": ("alignrefsstep", "align_refs", "'align_refs' comes twice"),
    "known_differences.csv": ("NIS_DARK,", "NIS_DRK,", "unknown EXP_TYPE 'NIS_DRK'"),
    "intended_overlaps.csv": ("Asn_Lv2FGS,Asn_Lv2Image,", "Asn_Lv2FGS,Asn_Lv2ImageTSO,", "twice"),
}
"""By file: what stands there, what is written instead, and what is then told."""

TABLE = {
    "ruleset.toml": ('title = "', 'titel = ""\ntitle = "', "unknown word 'titel'"),
    "exposure_modes.csv": ("NRS_MIMF,science,N/A,image2", "NRS_MIMF,sience,N/A,image2", "'sience'"),
    "errata.csv": ("37,asn_type", "37,asn_typ", "unknown field 'asn_typ'"),
}

OPTIONAL = (
    "value_lists.toml", "rules/image.toml", "rules/spectral.toml", "ifu_paths.csv",
    "intended_overlaps.csv",
)  # fmt: skip
"""The files that a folder may do without."""

CHANGE = ("[change.set.condition.grism]", "[change.set.condition.grim]", "condition 'grim'")
"""In the changes of a folder that says all besides."""

BROKEN = {
    ".toml": ("\n", "\n[[[\n", "mend the TOML"),
    ".csv": ("\n", ',"\n', "mend the CSV"),
}
"""What makes a file unreadable, by its ending."""


def copied(label: str, folder: Path, *, with_parent: bool = False) -> Path:
    shutil.copytree(SEEDS / label, folder / label)
    header = folder / label / "ruleset.toml"
    if not with_parent and label.startswith("jwst"):
        text = header.read_text(encoding="utf-8").partition("[[change]]")[0]
        header.write_text(text.replace('extends = "jwst-2.0.0"\n', ""), encoding="utf-8")
    return folder / label


def spoil(folder: Path, file: str, fault: tuple[str, str, str]) -> tuple[str, str]:
    """Make a fault in a file; give the file and what is to be told of it."""
    old, new, words = fault
    before = (folder / file).read_text(encoding="utf-8")
    assert old in before
    (folder / file).write_text(before.replace(old, new, 1), encoding="utf-8")
    return file, words


def assert_told(folder: Path, *expected: tuple[str, str]) -> None:
    """Hold that each of these is told, of its file, and nothing else is."""
    with pytest.raises(RulesetError) as caught:
        read_ruleset(folder)
    told = [*caught.value.details] or [str(caught.value)]
    for file, words in expected:
        of_it = [line for line in told if line.startswith(str(folder / file)) and words in line]
        assert of_it, (file, words, told)
    assert len(told) == len(expected), told
    if len(expected) > 1:
        many = len({file for file, _ in expected})
        place = folder if many > 1 else folder / expected[0][0]
        assert str(caught.value).startswith(f"{place}: {len(expected)} things are wrong")


@pytest.mark.parametrize(("label", "faults"), [("jwst-3.0.0", RULES), ("2026-03-20", TABLE)])
def test_one_fault_in_each_file(
    tmp_path: Path, label: str, faults: dict[str, tuple[str, str, str]]
) -> None:
    folder = copied(label, tmp_path)
    assert_told(folder, *(spoil(folder, file, fault) for file, fault in faults.items()))


UNREADABLE = [
    (label, file, how)
    for label, faults in (("jwst-3.0.0", RULES), ("2026-03-20", TABLE))
    for file in faults
    for how in ("broken", "missing")
    if how == "broken" or file not in OPTIONAL
]


@pytest.mark.parametrize(("label", "file", "how"), UNREADABLE)
def test_a_file_that_cannot_be_read_hides_no_other(
    tmp_path: Path, label: str, file: str, how: str
) -> None:
    folder = copied(label, tmp_path)
    if how == "missing":
        (folder / file).unlink()
        first = (file, "a ruleset needs this file")
    else:
        first = spoil(folder, file, BROKEN[Path(file).suffix])
    others = [
        spoil(folder, other, fault)
        for other, fault in (TABLE if label == "2026-03-20" else RULES).items()
        if other != file
    ]
    assert_told(folder, first, *others)


def test_shapes_and_words_of_a_file_are_told_together(tmp_path: Path) -> None:
    folder = copied("jwst-3.0.0", tmp_path)
    expected = [
        spoil(folder, file, fault)
        for file, fault in (
            ("ruleset.toml", ("title =", "titel =", "has no title")),
            ("ruleset.toml", ("sequence_digits = 5", "sequence_digits = 0", "from 1 to 9")),
            ("ruleset.toml", RULES["ruleset.toml"]),
            ("keys.toml", ("[groups.base]", "[goups]\n[groups.base]", "unknown word 'goups'")),
            ("keys.toml", RULES["keys.toml"]),
            ("classes.toml", ("default =", "defalt =", "unknown word 'defalt'")),
            ("classes.toml", RULES["classes.toml"]),
        )
    ]
    assert_told(
        folder,
        *expected,
        ("ruleset.toml", "unknown word 'titel'"),
        ("classes.toml", "has no default"),
    )


def test_what_uses_something_wrong_is_not_wrong_itself(tmp_path: Path) -> None:
    folder = copied("jwst-3.0.0", tmp_path)
    # A list that a condition uses, which a group and a class and rules use.
    first = spoil(folder, "value_lists.toml", ('"mir_tacq", ', "3, ", "has to be text"))
    second = spoil(folder, "ifu_paths.csv", ("grating,filter,", "grating,fitler,", "'fitler'"))
    assert_told(folder, first, second)


@pytest.mark.parametrize("file", [file for file in RULES if file != "ruleset.toml"])
def test_changes_are_told_with_the_files_beside_them(tmp_path: Path, file: str) -> None:
    folder = copied("jwst-3.0.0", tmp_path, with_parent=True)
    assert_told(folder, spoil(folder, "ruleset.toml", CHANGE), spoil(folder, file, RULES[file]))


CHILD = """\
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
[change.set.path_table]
ifu_paths = "new.csv"
"""


@pytest.mark.parametrize(
    "fault",
    [
        ("title =", "titel =", "has no title"),
        ('source = "made up"\n[', "source = 3\n[", "source has to be text"),
        ('"jwst-3.0.0"', '"jwst-3.0.9"', "there is no ruleset jwst-3.0.9"),
        ("[change.set.path_table]", '[change.add]\nsuffix = ["uncal"]\n[change.set.path_table]',
         "is there already"),
        ("[change.set.path_table]", "[change.set.condition.grism]\nany_of = [{ no = 1 }]\n"
         "[change.set.path_table]", "unknown keyword 'no'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("grating,fitler,detector\nprism,clear,nrs1\n", "unknown keyword 'fitler'"),
        ("grating,filter,detector\nprism,clear\n", "not 3 cells"),
    ],
)
def test_changes_are_told_with_a_table_that_they_name(
    tmp_path: Path, fault: tuple[str, str, str], table: str, words: str
) -> None:
    folder = tmp_path / "child"
    folder.mkdir()
    (folder / "ruleset.toml").write_text(CHILD, encoding="utf-8")
    (folder / "new.csv").write_text(table, encoding="utf-8")
    first = [spoil(folder, "ruleset.toml", fault)]
    if "titel" in fault[1]:
        first.append(("ruleset.toml", "unknown word 'titel'"))
    assert_told(folder, *first, ("new.csv", words))


@pytest.mark.parametrize(
    "change",
    [
        "add.conditon.new = { text = 'new', any_of = [{ lamp = '(set)' }] }",
        "add.condition.new = { text = 'new', any_of = [{ lmp = '(set)' }] }",
        "add.path_table.new = 'none.csv'\n"
        "add.condition.new = { text = 'new', paths = 'new.csv' }",
        "remove.key = ['detectr']\nset.condition.grism = { without = ['paths'] }\n"
        "add.condition.new = { text = 'new', any_of = [{ lamp = '(set)' }] }",
    ],
)  # fmt: skip
def test_what_follows_from_a_refused_change_is_not_told(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "child"
    folder.mkdir()
    uses = "set.group.base = { requires = { add = ['new'] } }\n"
    text = CHILD.partition("[change.set")[0] + f"{change}\n{uses}"
    (folder / "ruleset.toml").write_text(text, encoding="utf-8")
    refusals = 2 if "detectr" in change else 1
    with pytest.raises(RulesetError) as caught:
        read_ruleset(folder)
    told = [*caught.value.details] or [str(caught.value)]
    assert len(told) == refusals, told
    assert not [line for line in told if "condition 'new'" in line]
