"""Rulesets in files: what is refused, and that files, tables and checksum tell the same."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.database.engines import transaction
from asnrules.errors import RulesetError
from asnrules.rules.checksums import changes_checksum, checksum, rows_checksum
from asnrules.rules.from_rows import from_rows
from asnrules.rules.model import Operator, Term
from asnrules.rules.read import read_ruleset
from asnrules.rules.rows import CHAIN_TABLES, to_rows
from asnrules.rules.settings import Settings
from seeds import SEEDS, seed

LABELS = sorted(path.name for path in SEEDS.iterdir())
EXECUTABLE = "jwst-3.0.0"


def copied(label: str, folder: Path) -> Path:
    shutil.copytree(SEEDS / label, folder / label)
    return folder / label


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return copied("2026-03-20", tmp_path)


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    """Give a folder that says all, and names no parent."""
    return without_parent(copied(EXECUTABLE, tmp_path))


def without_parent(folder: Path) -> Path:
    header = folder / "ruleset.toml"
    text = header.read_text(encoding="utf-8").partition("[[change]]")[0]
    header.write_text(text.replace('extends = "jwst-2.0.0"\n', ""), encoding="utf-8")
    return folder


def change(path: Path, old: str, new: str) -> None:
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")


def told(error: RulesetError) -> list[str]:
    """Give all that an error says is wrong, each on a line of its own."""
    return [*error.details] or [str(error)]


def assert_refused(folder: Path, file: str, *words: str, alone: bool = True) -> None:
    with pytest.raises(RulesetError) as caught:
        read_ruleset(folder)
    for line in (str(caught.value), *told(caught.value)):
        assert line.startswith(str(folder / file.partition(",")[0])) or not alone
        assert "\n" not in line
    lines = [line for line in told(caught.value) if line.startswith(str(folder / file))]
    for word in words:
        assert word in "; ".join(lines)


# ------------------------------------------------------------------------- ruleset.toml


def test_folder_without_ruleset_toml_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, "ruleset.toml", "No such file")


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "nowhere", "ruleset.toml", "No such file")


@pytest.mark.parametrize("broken", ["label = ", "= 3", "label = 'a'\nlabel = 'b'", "[[["])
def test_broken_toml_is_refused(published: Path, broken: str) -> None:
    (published / "ruleset.toml").write_text(broken)
    assert_refused(published, "ruleset.toml", "mend the TOML")


def test_toml_in_another_encoding_is_refused(published: Path) -> None:
    (published / "ruleset.toml").write_bytes(b"title = '\xe9'")
    assert_refused(published, "ruleset.toml")


@pytest.mark.parametrize("name", ["label", "kind", "title", "source"])
def test_missing_header_is_named(published: Path, name: str) -> None:
    change(published / "ruleset.toml", f"{name} =", f"x{name} =")
    assert_refused(published, "ruleset.toml", f"no {name}")


def test_other_kind_is_refused(published: Path) -> None:
    change(published / "ruleset.toml", 'kind = "table"', 'kind = "printed"')
    assert_refused(published, "ruleset.toml", "'printed'", "table or rules")


@pytest.mark.parametrize("day", ['"2026-03-20"', "2026", "2026-03-20T00:00:00Z", "true"])
def test_effective_from_has_to_be_a_date(published: Path, day: str) -> None:
    change(published / "ruleset.toml", "effective_from = 2026-03-20", f"effective_from = {day}")
    assert_refused(published, "ruleset.toml", "effective_from")


@pytest.mark.parametrize("day", ["2026-03-20", "2026-03-19", '"2027-01-01"', "1"])
def test_effective_until_has_to_be_a_later_date(published: Path, day: str) -> None:
    change(
        published / "ruleset.toml", "effective_from =", f"effective_until = {day}\neffective_from ="
    )
    assert_refused(published, "ruleset.toml", "effective_until")


def test_end_without_a_start_is_refused(published: Path) -> None:
    change(published / "ruleset.toml", "effective_from = ", "effective_until = ")
    assert_refused(published, "ruleset.toml", "effective_until", "effective_from")


def test_dates_are_no_part_of_the_checksum(published: Path) -> None:
    dated = read_ruleset(published)
    assert (dated.effective_from, dated.effective_until) == (dt.date(2026, 3, 20), None)
    change(
        published / "ruleset.toml",
        "effective_from = 2026-03-20",
        "effective_from = 2026-03-20\neffective_until = 2027-01-01",
    )
    ended = read_ruleset(published)
    assert ended.effective_until == dt.date(2027, 1, 1)
    change(published / "ruleset.toml", "effective_until = 2027-01-01", "")
    change(published / "ruleset.toml", "effective_from = 2026-03-20", "")
    undated = read_ruleset(published)
    assert (undated.effective_from, undated.effective_until) == (None, None)
    assert len({checksum(one) for one in (dated, ended, undated)}) == 1


# What these rulesets were published with; none of it may ever change.
PUBLISHED_CHECKSUMS = {
    "2020-12-07": "5ddf8da88435a1d7c65a95bc9384f2311f2e343e3764a87837dd432d1705176f",
    "2021-03-19": "5ddf8da88435a1d7c65a95bc9384f2311f2e343e3764a87837dd432d1705176f",
    "2021-06-15": "5314bd9081171a5eb133adaa40a50f58629f8e177fa8dcf713cbef1a086c44f0",
    "2025-05-02": "5314bd9081171a5eb133adaa40a50f58629f8e177fa8dcf713cbef1a086c44f0",
    "2026-01-23": "8367d2c7172f36cfb653d088d3c62ab368dcf701f4d280e543437c2064d0cc93",
    "2026-03-20": "a783655e20360cf1584bd0bf41cf270c893c4f39fb87859128515491afbcc76e",
}


@pytest.mark.parametrize("label", PUBLISHED_CHECKSUMS)
def test_checksum_of_a_published_ruleset_stays(label: str) -> None:
    assert checksum(seed(label)) == PUBLISHED_CHECKSUMS[label]


@pytest.mark.parametrize("name", ["label", "title", "source"])
def test_header_has_to_be_text(published: Path, name: str) -> None:
    change(published / "ruleset.toml", f'{name} = "', f'{name} = 3 # "')
    assert_refused(published, "ruleset.toml", name)


def test_executable_ruleset_has_to_say_what_it_implements(executable: Path) -> None:
    change(executable / "ruleset.toml", "implements =", "xmplements =")
    assert_refused(executable, "ruleset.toml", "implements")


# ------------------------------------------------------------------------- tables


@pytest.mark.parametrize("file", ["exposure_modes.csv", "errata.csv"])
def test_missing_table_is_refused(published: Path, file: str) -> None:
    (published / file).unlink()
    assert_refused(published, file, "No such file")


@pytest.mark.parametrize(
    "header",
    [
        "exp_type,member_type,special,asn_type",
        "exp_type,member_type,special,asn_type,note",
        "member_type,exp_type,special,asn_type,footnote",
        "exp_type,member_type,special,asn_type,footnote,more",
        "",
    ],
)
def test_table_with_other_columns_is_refused(published: Path, header: str) -> None:
    change(
        published / "exposure_modes.csv", "exp_type,member_type,special,asn_type,footnote", header
    )
    assert_refused(published, "exposure_modes.csv", "columns", "asn_type, footnote")


@pytest.mark.parametrize("row", ["FGS_DARK,dark,N/A,N/A", "FGS_DARK,dark,N/A,N/A,,", "FGS_DARK"])
def test_ragged_row_is_refused_with_its_line(published: Path, row: str) -> None:
    change(published / "exposure_modes.csv", "FGS_DARK,dark,N/A,N/A,", row)
    assert_refused(published, "exposure_modes.csv", "line 4", "not 5 cells")


def test_unclosed_quote_is_refused(published: Path) -> None:
    change(published / "exposure_modes.csv", "MIR_WFSS,", '"MIR_WFSS,')
    assert_refused(published, "exposure_modes.csv")


def test_erratum_at_no_number_is_refused(published: Path) -> None:
    change(published / "errata.csv", "37,asn_type", "thirty,asn_type")
    assert_refused(published, "errata.csv", "thirty")


# ------------------------------------------------------------------------- executable


@pytest.mark.parametrize(
    "file",
    ["conditions.toml", "keys.toml", "classes.toml", "suffixes.csv", "known_differences.csv"],
)  # fmt: skip
def test_missing_file_of_an_executable_ruleset_is_refused(executable: Path, file: str) -> None:
    (executable / file).unlink()
    assert_refused(executable, file, "No such file")


def test_missing_path_table_is_refused_where_it_is_used(executable: Path) -> None:
    (executable / "ifu_paths.csv").unlink()
    lines = (executable / "conditions.toml").read_text(encoding="utf-8").splitlines()
    line = lines.index('paths = "ifu_paths.csv"') + 1
    assert_refused(executable, f"conditions.toml, line {line}: ", "unknown path table 'ifu_paths'")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "rules/image.toml", '"not wavefront_sensing"', '"not wavefront_sensin"',
            ["unknown condition 'wavefront_sensin'", "did you mean 'wavefront_sensing'?"],
        ),
        ("rules/image.toml", '"science_class"', '"xyzzy"', ["unknown condition 'xyzzy'"]),
        ("rules/image.toml", 'keys = ["exp_type"]', 'keys = ["exp_typ"]',
         ["unknown key 'exp_typ'", "did you mean 'exp_type'?"]),
        ("rules/image.toml", '"mode"]', '"mod"]', ["unknown group 'mod'", "'mode'"]),
        ("rules/image.toml", "title =", "titel =", ["unknown word 'titel'", "'title'"]),
        ("rules/image.toml", "offered_again", "offered", ["unknown word 'offered'"]),
        ("conditions.toml", '{ in = ["mir_darkall"', '{ inside = ["mir_darkall"',
         ["'inside'", "not an operator", "not_in"]),
        ("conditions.toml", "any_of = [{ is_psf", "any_off = [{ is_psf",
         ["any_off"]),
        ("keys.toml", "required = false", "requird = false", ["unknown word 'requird'"]),
        ("classes.toml", '"flagged_psf"', '"flagged_ps"',
         ["unknown condition 'flagged_ps'", "'flagged_psf'"]),
        ("rules/spectral.toml", "[[rule]]", "[[rule]", ["mend the TOML"]),
    ],
)  # fmt: skip
def test_name_that_is_not_there_is_refused(
    executable: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    change(executable / file, old, new)
    assert_refused(executable, file, *words)


@pytest.mark.parametrize("reason", ["the same class under two names", "another reason"])
def test_a_known_difference_that_comes_twice_is_refused(executable: Path, reason: str) -> None:
    line = "NRS_AUTOFLAT,member_type,nrs_autoflat,autoflat,,"
    again = f"{line}{reason}\n{line}"
    change(executable / "known_differences.csv", line, again)
    assert_refused(executable, "known_differences.csv", "this difference comes twice")


@pytest.mark.parametrize(
    ("file", "line", "word"),
    [
        ("rules/image.toml", 'asn_rule = "Asn_Lv2Image"\n', "asn_rule"),
        ("rules/image.toml", 'asn_type = "image2"\n', "asn_type"),
        ("rules/image.toml", 'name = "background"\n', "name"),
        ("conditions.toml", 'text = "IS_PSF is set"\n', "text"),
        ("classes.toml", 'default = "science"\n', "default"),
        ("keys.toml", 'program = { sources = ["program"] }\n', "program"),
    ],
)
def test_line_that_is_missing_is_named(executable: Path, file: str, line: str, word: str) -> None:
    change(executable / file, line, "")
    assert_refused(executable, file, word)


def test_unknown_required_column_condition_is_refused(executable: Path) -> None:
    change(executable / "ruleset.toml", '"nircam_coronagraphy"', '"nircam_coronagraph"')
    assert_refused(executable, "ruleset.toml", "'nircam_coronagraph'")


def test_unknown_finishing_step_in_the_tables_is_refused_when_the_rules_are_built(
    executable: Path,
) -> None:
    content = read_ruleset(executable)
    rows = to_rows(content)
    rows["asn_rule_steps"][0]["step"] = "candidate_validty"
    with pytest.raises(RulesetError, match=r"\A[^\n]*'candidate_validty'[^\n]*\Z") as caught:
        from_rows("rules", content.header(), rows)
    assert "candidate_validity" in str(caught.value)


# ------------------------------------------------------------------------- file, line, suggestion


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("conditions.toml", 'tsovisit = "t"', 'tsovist = "t"',
         ["unknown keyword 'tsovist'", "'tsovisit'"]),
        ("conditions.toml", 'exp_type = "nrs_ifu"', 'exp_type = "nrs_ifuu"',
         ["unknown EXP_TYPE 'nrs_ifuu'", "'nrs_ifu'"]),
        ("conditions.toml", '"mir_darkall", "mir_darkimg"', '"mir_darkall", "mir_darkim"',
         ["unknown EXP_TYPE 'mir_darkim'", "'mir_darkimg'"]),
        ("conditions.toml", 'class = "target_acquisition"', 'class = "target_aquisition"',
         ["unknown class 'target_aquisition'", "'target_acquisition'"]),
        ("conditions.toml", '"c[0-9]{4}"', '"c[0-9{4}"', ["bad pattern 'c[0-9{4}'"]),
        ("conditions.toml", '{ not_in = ["f277w"] }', '{ notin = ["f277w"] }',
         ["'notin' is not an operator", "did you mean 'not_in'?"]),
        ("conditions.toml", '{ not_in = ["f277w"] }', '{ not_in = [] }', ["not_in takes values"]),
        ("conditions.toml", '{ not_in = ["f277w"] }', '{ set = ["f277w"] }',
         ["set takes no values"]),
        ("conditions.toml", 'subarray = "full"', 'subarray = "FULL"', ["lower case"]),
        ("conditions.toml", 'subarray = "full"', 'subarray = 3', ["subarray", "a text, a list or"]),
        ("conditions.toml", "text = \"SUBARRAY is full\"", "text = 7", ["text", "quotes"]),
        ("conditions.toml", 'paths = "ifu_paths.csv"', 'paths = "../ifu_paths.csv"',
         ["'../ifu_paths.csv'", "beside"]),
        ("conditions.toml", 'paths = "ifu_paths.csv"', 'paths = "/etc/passwd"', ["beside"]),
        ("classes.toml", 'class = "engineering"', 'class = "enginering"',
         ["unknown class 'enginering'", "'engineering'"]),
        ("classes.toml", 'keyword = "pntgtype"', 'keyword = "pntgtyp"',
         ["unknown keyword 'pntgtyp'", "'pntgtype'"]),
        ("classes.toml", 'default = "science"', 'default = "scienc"', ["'scienc'", "'science'"]),
        ("keys.toml", '["filter", "band"]', '["filter", "bond"]',
         ["unknown keyword 'bond'", "'band'"]),
        ("keys.toml", 'excludes = "patt_num"', 'excludes = "pat_num"',
         ["unknown key 'pat_num'", "'patt_num'"]),
        ("keys.toml", '"opt_elem2", "fxd_slit"', '"opt_elem2", "fxd_slt"',
         ["unknown key 'fxd_slt'", "'fxd_slit'"]),
        ("keys.toml", '"not filter_opaque"', '"not filter_opak"',
         ["unknown condition 'filter_opak'", "'filter_opaque'"]),
        ("rules/image.toml", 'asn_type = "tso-image2"', 'asn_type = "tso-image"',
         ["unknown association type 'tso-image'", "'tso-image2'"]),
        ("rules/nirspec_nods.toml", "{ nod_split =", "{ nod_spit =",
         ["unknown finishing step 'nod_spit'", "'nod_split'"]),
        ("rules/nirspec_nods.toml", "same_target = true", "same_targt = true",
         ["unknown parameter of nod_split 'same_targt'", "'same_target'"]),
        ("rules/spectral.toml", 'name = "imprint"', 'name = "imprnt"',
         ["unknown role 'imprnt'", "'imprint'"]),
        ("rules/miri_lrs.toml", 'science_as = "background"', 'science_as = "backgrund"',
         ["unknown class 'backgrund'", "'background'"]),
        ("rules/spectral.toml", 'not_after = "imprint"', 'not_after = "imprnt"',
         ["unknown class 'imprnt'", "'imprint'"]),
        ("rules/spectral.toml", 'companion_class = "imprint"', 'companion_class = "imprnt"',
         ["unknown class 'imprnt'", "'imprint'"]),
        ("rules/spectral.toml", 'single = true', 'single = "true"', ["single", "true or false"]),
        ("rules/wfss.toml", 'offered_again = 2', 'offered_again = -2', ["offered_again", "number"]),
        ("rules/wfss.toml", '"Asn_Lv2WFSSNRC"', '"Asn_Lv2WFSSNIS"', ["a second rule"]),
        ("rules/wfss.toml", '"Asn_Lv2WFSSNRC"', '"Asn Lv2"', ["'Asn Lv2' is not a name"]),
        ("rules/image.toml", 'rateints = ["rateints_tso"', 'rateints = ["rateints_so"',
         ["unknown condition 'rateints_so'", "'rateints_tso'"]),
        ("rules/image.toml", 'when_key = "is_tso", ', '', ["when_key and when_value"]),
        ("ruleset.toml", 'steps = ["science_required"', 'steps = ["science_require"',
         ["unknown finishing step 'science_require'", "'science_required'"]),
        ("ruleset.toml", 'psf = "science"', 'psg = "science"', ["unknown class 'psg'", "'psf'"]),
        ("ruleset.toml", 'column = "targetid"', 'column = "targetit"',
         ["unknown keyword 'targetit'", "'targetid'"]),
        ("ruleset.toml", 'title = "', 'titel = ""\ntitle = "', ["unknown word 'titel'", "'title'"]),
        ("suffixes.csv", "alignrefsstep", "align_refs", ["'align_refs' comes twice"]),
        ("ifu_paths.csv", "g140m,f100lp,nrs1", "g140m,f100lp,NRS1", ["'NRS1'", "lower case"]),
        ("ifu_paths.csv", "grating,filter,", "grating,fitler,", ["unknown keyword 'fitler'"]),
        ("ifu_paths.csv", "grating,filter,", "grating,grating,", ["comes twice"]),
        ("known_differences.csv", "NIS_DARK,", "NIS_DRK,", ["unknown EXP_TYPE 'NIS_DRK'"]),
        ("known_differences.csv", "NIS_DARK,member_type", "NIS_DARK,membertype",
         ["unknown aspect 'membertype'", "'member_type'"]),
    ],
)  # fmt: skip
def test_ruleset_is_refused_with_file_line_and_suggestion(
    executable: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    path = executable / file
    before = path.read_text(encoding="utf-8")
    change(path, old, new)
    place = before.index(old)
    # Where the first changed letter stands.
    place += next(
        (number for number, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]),
        0,
    )
    line = before.count("\n", 0, place) + 1
    assert_refused(executable, f"{file}, line {line}: ", *words)


def test_line_is_that_of_the_use_and_not_of_another(executable: Path) -> None:
    """The same word stands in the file before, where it is right."""
    path = executable / "rules" / "miri_lrs.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    number = max(n for n, line in enumerate(lines) if "miri_confirmation" in line)
    lines[number] = 'requires = ["miri_confirmation", "not miri_lrs", "target"]'
    path.write_text("\n".join(lines))
    assert_refused(executable, f"rules/miri_lrs.toml, line {number + 1}: ", "'target'")


def test_rule_file_of_an_odd_name_is_refused(executable: Path) -> None:
    (executable / "rules" / "image.toml").rename(executable / "rules" / "an image.toml")
    assert_refused(executable, "rules/an image.toml", "name the file")


def test_second_role_of_a_name_is_refused(executable: Path) -> None:
    change(executable / "rules" / "image.toml", 'name = "science"', 'name = "background"')
    assert_refused(executable, "rules/image.toml, line 17: ", "a second role 'background'")


@pytest.mark.parametrize(
    ("line", "new", "words"),
    [
        (2, "FGS_ACQ,tracking,N/A,N/A,", ["unknown EXP_TYPE 'FGS_ACQ'", "'FGS_ACQ", "--accept 1="]),
        (2, "XXX_ACQ1,tracking,N/A,N/A,", ["unknown EXP_TYPE 'XXX_ACQ1'", "did you mean"]),
        (3, "FGS_ACQ2,trackng,N/A,N/A,", ["unknown member type 'trackng'", "'tracking'"]),
        (3, "FGS_ACQ2,tracking,NA,N/A,", ["unknown special 'NA'", "N/A"]),
        (3, "FGS_ACQ2,tracking,N/A,image,", ["unknown association type 'image'", "'image2'"]),
        (3, "FGS_ACQ1,tracking,N/A,image2,", ["FGS_ACQ1 with special N/A is on line 2 already"]),
        (3, 'FGS_ACQ2,tracking,N/A,N/A,"a\u2028b"', ["footnote"]),
    ],
)
def test_row_of_a_table_is_refused_with_its_line(
    published: Path, line: int, new: str, words: list[str]
) -> None:
    path = published / "exposure_modes.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] = new
    path.write_text("\n".join(lines))
    assert_refused(published, f"exposure_modes.csv, line {line}: ", *words)


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("99,asn_type,images,image2,x", ["no row 99"]),
        ("0,asn_type,images,image2,x", ["no row 0"]),
        ("37,asn_typ,images,image2,x", ["unknown field 'asn_typ'", "'asn_type'"]),
        ("37,asn_type,images,spec2,x", ["corrected is 'spec2'", "row 37 has image2"]),
        ("47,special,N/A/,N/A,x", ["a second erratum"]),
    ],
)
def test_erratum_is_refused_with_its_line(published: Path, new: str, words: list[str]) -> None:
    path = published / "errata.csv"
    header, _, second = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, second, new]))
    assert_refused(published, "errata.csv, line 3: ", *words)


def test_new_exp_type_that_is_accepted_by_row(published: Path) -> None:
    change(published / "exposure_modes.csv", "MIR_WFSS,", "MIR_NEWMODE,")
    content = read_ruleset(published, new_exp_types={31: "MIR_NEWMODE"})
    assert content.modes[30].exp_type == "MIR_NEWMODE"
    with pytest.raises(RulesetError, match="unknown EXP_TYPE"):
        read_ruleset(published, new_exp_types={30: "MIR_NEWMODE"})


@pytest.mark.parametrize("label", ["", "a b", "../x", "-x", "x" * 65, "a\n"])
def test_label_that_is_none_is_refused(published: Path, label: str) -> None:
    change(published / "ruleset.toml", 'label = "2026-03-20"', f"label = {json.dumps(label)}")
    with pytest.raises(RulesetError, match="label"):
        read_ruleset(published)


@pytest.mark.parametrize("file", ["known_differences.csv", "ifu_paths.csv", "suffixes.csv"])
@pytest.mark.parametrize("character", ["\0", "\x1b", "\x85"])
def test_control_character_is_refused(executable: Path, file: str, character: str) -> None:
    path = executable / file
    path.write_text(path.read_text(encoding="utf-8") + character, encoding="utf-8")
    line = path.read_text(encoding="utf-8").count("\n") + 1
    assert_refused(executable, f"{file}, line {line}: ", "a control character")


def test_file_that_is_too_big_is_refused(executable: Path) -> None:
    (executable / "keys.toml").write_text("#" * 1_000_001)
    assert_refused(executable, "keys.toml", "more than 100,000 bytes")


BITS = st.sampled_from(
    ["[", "]", "[[rule]]", "{", "}", '"', "=", "\n", ",", "#", "3", "true", "not ", "''", '"""',
     "\x00", "\x1b", "a.b", "(set)", "!", "\\", "2026-01-01", "N/A", "é"]
)  # fmt: skip


@settings(max_examples=60)
@given(data=st.data())
def test_mutated_files_are_read_or_refused_in_one_line(tmp_path: Path, data: st.DataObject) -> None:
    label = data.draw(st.sampled_from(["2026-03-20", EXECUTABLE, CHANGED]))
    folder = copied(label, tmp_path / str(len(list(tmp_path.iterdir()))))
    if label == EXECUTABLE:
        without_parent(folder)
    path = data.draw(st.sampled_from(sorted(path for path in folder.rglob("*") if path.is_file())))
    text = path.read_text(encoding="utf-8")
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        length = data.draw(st.sampled_from([0, 1, 2, 5, 30]))
        text = text[:start] + data.draw(BITS) + text[start + length :]
    path.write_text(text, encoding="utf-8")
    try:
        content = read_ruleset(folder)
    except RulesetError as error:
        lines = [str(error), *told(error)]
    else:
        lines = []
        assert checksum(content)
        assert from_rows(content.kind, content.header(), to_rows(content)) == content
    assert not [line for line in lines if "\n" in line]
    shutil.rmtree(folder)


# ------------------------------------------------------------------------- round trip


@pytest.mark.parametrize("label", LABELS)
def test_tables_give_back_what_the_files_say(kept_seeds: Engine, label: str) -> None:
    files = seed(label)
    with transaction(kept_seeds) as connection:
        key = store.ruleset_ids(connection)[label]
        assert key is not None
        tables = store.load(connection, key)
        rows = store.stored_rows(connection, [key])[key]
        stored = store.stored_checksums(connection, key)
    assert tables == files
    assert rows.checksums() == stored
    assert checksum(tables) == checksum(files) == stored[0]
    # A table has no changes, and so no checksum of them.
    assert [one is None for one in stored] == [False, not label.startswith("jwst-")]
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in stored if one is not None)


def test_rulesets_that_say_the_same_have_one_checksum() -> None:
    rulesets = [seed(label) for label in LABELS]
    said = [(to_rows(one), one.implements) for one in rulesets]
    sums = [checksum(one) for one in rulesets]
    for content, own in zip(said, sums, strict=True):
        assert [one == own for one in sums] == [one == content for one in said]


def test_ruleset_that_implements_an_unknown_one_is_refused(kept_seeds: Engine) -> None:
    content = replace(seed(EXECUTABLE), label="mine", implements="1999-01-01")
    with (
        pytest.raises(RulesetError, match=r"\Amine implements '1999-01-01', [^\n]+\Z"),
        transaction(kept_seeds, writing=True) as connection,
    ):
        store.insert_draft(connection, content)


# ------------------------------------------------------------------------- checksum

CHANGED = "jwst-1.2.1"
"""Written as changes on another."""
CONTENTS = {label: seed(label) for label in ("2026-03-20", EXECUTABLE, CHANGED)}
ROWS = {label: to_rows(content) for label, content in CONTENTS.items()}
CHECKSUMS = {label: checksum(content) for label, content in CONTENTS.items()}
OTHER: dict[type, Callable[[Any], Any]] = {
    str: lambda value: value + " ",
    int: lambda value: value + 1,
    bool: lambda value: not value,
    type(None): lambda _: "",
    dt.date: lambda value: value + dt.timedelta(days=1),
}


def summed(label: str, rows: Any) -> str:
    return rows_checksum(CONTENTS[label].kind, CONTENTS[label].header(), rows)


def both_summed(label: str, rows: Any) -> tuple[str, str]:
    """Give the checksum of what decides, and that of changes and releases."""
    return summed(label, rows), changes_checksum(None, rows)


BOTH = {label: both_summed(label, rows) for label, rows in ROWS.items()}


def check_checksums(label: str, name: str, rows: Any) -> None:
    """Hold that a change of a table changes the checksum that it belongs to, and no other."""
    before, after = BOTH[label], both_summed(label, rows)
    are_same = [old == new for old, new in zip(before, after, strict=True)]
    assert are_same == [name in CHAIN_TABLES, name not in CHAIN_TABLES]


@pytest.mark.parametrize("label", CONTENTS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_changed_cell_changes_the_checksum(label: str, data: st.DataObject) -> None:
    tables = ROWS[label]
    name = data.draw(st.sampled_from(sorted(name for name, rows in tables.items() if rows)))
    index = data.draw(st.integers(0, len(tables[name]) - 1))
    row = tables[name][index]
    cell = data.draw(st.sampled_from(sorted(row)))
    rows = [*tables[name]]
    rows[index] = {**row, cell: OTHER[type(row[cell])](row[cell])}
    check_checksums(label, name, {**tables, name: rows})


@pytest.mark.parametrize("label", CONTENTS)
@settings(max_examples=20)
@given(data=st.data())
def test_removed_or_repeated_row_changes_the_checksum(label: str, data: st.DataObject) -> None:
    tables = ROWS[label]
    name = data.draw(st.sampled_from(sorted(name for name, rows in tables.items() if rows)))
    index = data.draw(st.integers(0, len(tables[name]) - 1))
    rows = tables[name]
    for other in (rows[:index] + rows[index + 1 :], [*rows, rows[index]]):
        check_checksums(label, name, {**tables, name: other})


@pytest.mark.parametrize("label", CONTENTS)
def test_order_of_rows_does_not_change_the_checksum(label: str) -> None:
    turned = {name: rows[::-1] for name, rows in reversed(ROWS[label].items())}
    assert summed(label, turned) == CHECKSUMS[label]


@pytest.mark.parametrize(
    "header",
    [
        {"label": "other"},
        {"title": "other"},
        {"source": "other"},
        {"effective_from": dt.date(2026, 7, 15)},
        {"implements": "2026-01-23"},
    ],
    ids=lambda header: next(iter(header)),
)
def test_of_the_header_only_the_table_is_part_of_the_checksum(header: dict[str, Any]) -> None:
    is_same = checksum(replace(CONTENTS[EXECUTABLE], **header)) == CHECKSUMS[EXECUTABLE]
    assert is_same == ("implements" not in header)


# ------------------------------------------------------------------------- all at once


def test_all_that_is_wrong_with_a_file_is_told(executable: Path) -> None:
    path = executable / "rules" / "image.toml"
    for old, new in (("single = true", "single = 1"), ('"image2"', '"image"'), ("title", "titel")):
        change(path, old, new)
    with pytest.raises(RulesetError, match=r"image\.toml: 4 things are wrong") as caught:
        read_ruleset(executable)
    for line, problem in (
        (3, "a rule has no title; add it"),
        (5, "unknown association type 'image'; did you mean 'image2'?"),
        (6, "unknown word 'titel'; did you mean 'title'?"),
        (19, "single has to be true or false"),
    ):
        assert f"{path}, line {line}: {problem}" in told(caught.value)


def test_of_many_findings_some_are_told(executable: Path) -> None:
    path = executable / "known_differences.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(",member_type,", ",member_typ,").replace(",asn_type,", ",asn_typ,")
    )
    with pytest.raises(RulesetError, match=r"differences\.csv: [5-9]\d things are wrong") as caught:
        read_ruleset(executable)
    assert len(caught.value.details) == 20


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("value_lists.toml", '"nis_tacq"', '"mir_tacq"', "acquisition_types is empty, or has a"),
        ("value_lists.toml", "nod_patterns = [", "nod_patterns = []\nothers = [",
         "nod_patterns is empty"),
        ("value_lists.toml", "nod_patterns = [", "Nods = [", "value list 'Nods': use lower-case"),
        ("value_lists.toml", '"2-point-nod"', "2", "has to be text of one line"),
        ("conditions.toml", '"time_series_types"', '"time_series_typs"',
         "unknown value list 'time_series_typs'; did you mean 'time_series_types'?"),
        ("conditions.toml", 'exp_type = { in = "time_series_types"',
         'class = { in = "nod_patterns"', "unknown class '2-point-nod'"),
        ("conditions.toml", '{ matches = ["c[0-9]{4}"] }', "{ matches = [4] }",
         "matches has to be a list of texts"),
        ("conditions.toml", 'any_of = [{ is_psf = "(set)" }]', "any_of = [{}]",
         "an alternative without a keyword"),
        ("conditions.toml", 'any_of = [{ is_psf = "(set)" }]', "any_of = []",
         "condition flagged_psf has no alternative"),
        ("conditions.toml", 'any_of = [{ is_psf = "(set)" }]', "any_of = 3",
         "any_of has to be a list"),
        ("conditions.toml", "[flagged_psf]", "[flaggedPSF]", "'flaggedPSF': use lower-case"),
        ("ifu_paths.csv", "g140m,f100lp,nrs1", ",,", "a row without a cell"),
        ("keys.toml", '["filter", "band"]', "[]", "key opt_elem has no source"),
        ("keys.toml", "[groups.base]", "[groups]\nbase = 3\n[groups.other]", "has to be a table"),
        ("classes.toml", 'class = "engineering"', 'class = "engineering"\nkeyword = "lamp"',
         "a class has either class or keyword"),
        ("ruleset.toml", "sequence_digits = 5", "sequence_digits = 0", "is from 1 to 9"),
        ("ruleset.toml", '"a3001"', '"3001"', "discovered_id is an a with digits"),
        ("ruleset.toml", "{ prune_products =", "{ prune_product =",
         "unknown step over all associations 'prune_product'"),
        ("ruleset.toml", 'keeps = "longer"', 'keeps = "long"',
         "keeps cannot be 'long'; did you mean 'longer'?"),
        ("ruleset.toml", "{ prune_memberships = { removes = \"found\" } }", '"prune_memberships"',
         "prune_memberships has no removes; state it"),
        ("ruleset.toml", '"by_candidate"', '"by_candidat"',
         "unknown order 'by_candidat'; did you mean 'by_candidate'?"),
        ("ruleset.toml", '"n/a"]', '"N/A"]', "'N/A' is no value of a pool"),
        ("rules/nirspec_nods.toml", "same_target = true", 'same_target = "t"',
         "nod_split: same_target has to be true or false"),
        ("rules/wfss.toml", 'filter_only = ["miri"]', 'filter_only = "miri"',
         "wfss_catalog: filter_only has to be a list of texts"),
        ("rules/wfss.toml", "same_optics = {}", "same_optics = { nrc_image = 3 }",
         "wfss_catalog: same_optics has to be a table of texts"),
        ("rules/wfss.toml", "{ wfss_catalog =", "{ one = {}, wfss_catalog =",
         "a finishing step is its name, or a table"),
        ("ruleset.toml", 'kind = "rules"\n', "", "no kind; add it"),
        ("ruleset.toml", 'implements = "2026-03-20"', "implements = 3", "has to be text"),
    ],
)  # fmt: skip
def test_what_no_file_may_say(executable: Path, file: str, old: str, new: str, words: str) -> None:
    change(executable / file, old, new)
    # Who uses it by its former name is told as well.
    assert_refused(executable, file, words, alone="use lower-case" not in words)


def test_rules_need_rules_with_roles(executable: Path) -> None:
    shutil.rmtree(executable / "rules")
    assert_refused(executable, "rules", "no rule; put [[rule]] into a TOML file there")
    rule = 'rule = [{ asn_rule = "Asn_One", asn_type = "spec2", title = "One", role = [] }]'
    (executable / "rules").mkdir()
    (executable / "rules" / "one.toml").write_text(rule)
    assert_refused(
        executable, "rules/one.toml", "rule Asn_One has no role; add [[rule.role]]", alone=False
    )


def test_value_lists_are_kept_by_name(executable: Path) -> None:
    ruleset = read_ruleset(executable)
    (named,) = [one for one in ruleset.conditions if one.name == "ifu_nod_pattern"]
    assert named.alternatives[0][0] == Term(
        "patttype", Operator.LISTED, ("2-point-nod", "4-point-nod"), "ifu_nod_patterns"
    )
    assert ruleset.value_lists["ifu_nod_patterns"] == ("2-point-nod", "4-point-nod")
    assert "value_lists.toml" in ruleset.files
    conditions = executable / "conditions.toml"
    text = conditions.read_text(encoding="utf-8")
    for name, values in ruleset.value_lists.items():
        text = text.replace(f'"{name}"', json.dumps(values))
    conditions.write_text(text, encoding="utf-8")
    (executable / "value_lists.toml").unlink()
    without = read_ruleset(executable)
    assert without.value_lists == {}
    assert checksum(without) != checksum(ruleset)
    spelled = [
        [[term[:3] for term in terms] for terms in one.alternatives] for one in without.conditions
    ]
    assert spelled == [
        [[term[:3] for term in terms] for terms in one.alternatives] for one in ruleset.conditions
    ]


@pytest.mark.parametrize("name", [name for name in Settings._fields if name != "overall"])
def test_every_setting_is_said(executable: Path, name: str) -> None:
    path = executable / "ruleset.toml"
    path.write_text(re.sub(f"\n{name} = [^\n]*", "", path.read_text()))
    assert_refused(executable, "ruleset.toml", f"the settings has no {name}; add it")


# ------------------------------------------------------------------------- what is accepted


def test_a_known_difference_of_any_exp_type_needs_a_condition(executable: Path) -> None:
    path = executable / "known_differences.csv"
    lines = len(path.read_text(encoding="utf-8").splitlines())
    with path.open("a", encoding="utf-8") as stream:
        stream.write(",row,N/A,image2,,for a test\n")
    assert_refused(
        executable, "known_differences.csv", f"line {lines + 1}", "neither EXP_TYPE nor condition"
    )


def test_known_differences_are_of_an_exp_type_or_of_any(executable: Path) -> None:
    found = read_ruleset(executable).known_differences
    assert {one.exp_type for one in found} >= {"NIS_SOSS", "NRS_LAMP", None}
    assert {one.condition.name for one in found if one.exp_type is None} >= {
        "pointing_acquisition", "flagged_psf",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Asn_Lv2Imagf,Asn_Lv2Image,x\n", "unknown rule 'Asn_Lv2Imagf'"),
        ("Asn_Lv2FGS,Asn_Lv2Image,x\n", "these two come twice"),
    ],
)
def test_an_intended_overlap_of_no_rules_is_refused(
    executable: Path, line: str, words: str
) -> None:
    with (executable / "intended_overlaps.csv").open("a", encoding="utf-8") as stream:
        stream.write(line)
    assert_refused(executable, "intended_overlaps.csv", words)


def test_there_need_be_no_intended_overlaps(executable: Path) -> None:
    (executable / "intended_overlaps.csv").unlink()
    assert read_ruleset(executable).intended_overlaps == ()
