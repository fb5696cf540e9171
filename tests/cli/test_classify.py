"""`asnrules classify`: what an exposure is, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command, Process
from cli.small_pools import nrc_image, pool_text, write_pool

KEYS = [
    "filename", "exp_type", "member_type", "special",
    "published", "associations", "agrees", "reason",
]  # fmt: skip


def test_a_bright_object_is_a_time_series_whatever_the_table_says(asnrules: Command) -> None:
    document = asnrules("classify", "EXP_TYPE=NRS_BRIGHTOBJ", "--format", "json").json
    assert list(document) == KEYS
    reason = document.pop("reason")
    assert document == {
        "filename": None,
        "exp_type": "NRS_BRIGHTOBJ",
        "member_type": "science",
        "special": None,
        "published": {
            "ruleset": "2026-03-20",
            "member_type": "science",
            "special": None,
            "asn_type": "spec2",
        },
        "associations": [{"asn_type": "tso-spec2", "asn_rule": "Asn_Lv2SpecTSO"}],
        "agrees": False,
    }
    assert "spec2 in the table, tso-spec2 by the rules" in reason
    assert "always a time series" in reason


@pytest.mark.parametrize(
    ("keywords", "member_type", "special", "published", "asn_types", "agrees"),
    [
        ("EXP_TYPE=MIR_IMAGE", "science", None, "image2", ["image2"], True),
        ("EXP_TYPE=MIR_IMAGE TSOVISIT=T", "science", None, "image2", ["tso-image2"], False),
        ("EXP_TYPE=MIR_IMAGE TSOVISIT=F", "science", None, "image2", ["image2"], True),
        ("EXP_TYPE=NRC_CORON IS_PSF=T", "psf", "PSF", "image2", ["image2"], True),
        ("EXP_TYPE=NRS_IFU IS_IMPRT=T", "imprint", "IMPRINT", "spec2", ["spec2"], True),
        ("EXP_TYPE=NRC_DARK", "dark", None, None, [], True),
        ("EXP_TYPE=NIS_DARK", "dark", None, None, [], False),
        ("EXP_TYPE=MIR_TACQ", "target_acquisition", None, "image2", ["image2"], True),
        ("exp_type=nrs_mimf", "science", None, "image2", ["image2"], True),
    ],
)
def test_classes_and_associations(
    asnrules: Command,
    keywords: str,
    member_type: str,
    special: str | None,
    published: str | None,
    asn_types: list[str],
    agrees: bool,
) -> None:
    found = asnrules("classify", *keywords.split(), "--format", "json").json
    assert (found["member_type"], found["special"]) == (member_type, special)
    assert found["published"]["asn_type"] == published
    assert [made["asn_type"] for made in found["associations"]] == asn_types
    assert found["agrees"] is agrees


def test_flags_that_no_row_covers_are_no_rule(asnrules: Command) -> None:
    found = asnrules("classify", "EXP_TYPE=MIR_IMAGE", "BKGDTARG=T", "--format", "json").json
    assert found["published"] is None
    assert (found["member_type"], found["special"]) == ("background", "BACKGROUND")
    assert found["agrees"] is False
    assert "no rule: the table has no row for MIR_IMAGE with BACKGROUND" in found["reason"]


def test_an_unknown_exp_type_is_no_rule(asnrules: Command) -> None:
    found = asnrules("classify", "EXP_TYPE=NRC_IMAGINARY", "--format", "json").json
    assert found["published"] is None
    assert found["associations"] == []
    assert "no rule: the table has no row for NRC_IMAGINARY" in found["reason"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["classify", "{pool}"],
        ["generate", "{pool}", "--dry-run"],
        ["why", "{pool}", "jw00001001001_02101_00003_nrca1"],
    ],
)
def test_exp_types_of_a_pool_that_are_not_known_are_named_once_with_near_ones(
    asnrules: Command, tmp_path: Path, arguments: list[str]
) -> None:
    types = ["nrs_ifx", "nrs_ifx", "nrc_imag", *(f"xyz_{number}" for number in range(6))]
    exposures = [nrc_image(number + 1, exp_type=one) for number, one in enumerate(types)]
    pool = write_pool(tmp_path / "pool.csv", *exposures, nrc_image(90))
    found = asnrules(*(one.format(pool=pool) for one in arguments))
    assert found.code == 0
    lines = [line for line in found.err.splitlines() if "EXP_TYPE" in line]
    assert len(lines) <= 6, found.err
    assert "'NRC_IMAG' in the catalog; near it are NRC_IMAGE, " in lines[0]
    if arguments[0] != "why":
        # That speaks of one exposure.
        assert "'NRS_IFX' in the catalog; near it are NRS_IFU, " in lines[1]
        assert found.err.count("NRS_IFX") == 1


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("NSR_IFU", "near it are NRS_IFU, "),
        ("Asn_Lv2Spec", "Asn_Lv2Spec is a rule, see asnrules rulesets blame Asn_Lv2Spec"),
        ("spec2", "spec2 is an association type, see asnrules lookup spec2"),
    ],
)
def test_a_word_that_is_neither_file_nor_exp_type_brings_what_is_near(
    asnrules: Command, word: str, words: str
) -> None:
    asnrules("classify", word).assert_error(2, f"{word}: ", "neither a file nor", words)


@pytest.mark.parametrize("words", ["NRS_IFU", "nrs_ifu", "GRATING=G395H Nrs_Ifu", "NRS_IFUU"])
def test_an_exp_type_alone_is_short_for_the_keyword(asnrules: Command, words: str) -> None:
    written = [word if "=" in word else f"EXP_TYPE={word}" for word in words.split()]
    for output in ("json", "csv"):
        short = asnrules("classify", *words.split(), "--format", output)
        short.assert_fine()
        assert short.out == asnrules("classify", *written, "--format", output).out


@pytest.mark.parametrize("flag", ["IS_IMPRT", "BKGDTARG", "IS_PSF", "TSOVISIT"])
def test_a_flag_is_read_as_it_is_for_files(asnrules_on_file: Command, flag: str) -> None:
    def classified(*words: str) -> Any:
        found = asnrules_on_file("classify", "NRS_IFU", *words, "-f", "json").json
        return found["member_type"], found["special"], found["associations"]

    for value in ("0", "0.0", "no", "FALSE", "N", "f", "", "null", "nan", "none"):
        assert classified(f"{flag}={value}") == classified()
    for value in ("1", "yes", "True", "y"):
        assert classified(f"{flag}={value}") == classified(f"{flag}=t")
    for value in ("maybe", "2"):
        asnrules_on_file("classify", "NRS_IFU", f"{flag}={value}").assert_error(
            2, f"{flag} is '{value}'", f"write {flag}=t"
        )


def test_an_exp_type_is_given_once(asnrules: Command) -> None:
    for words in (["NRS_IFU", "MIR_IMAGE"], ["EXP_TYPE=NRS_IFU", "NRS_IFU"]):
        asnrules("classify", *words).assert_error(2, "EXP_TYPE is given twice")


def test_a_file_with_the_name_of_an_exp_type_is_a_pool(
    asnrules: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pool(tmp_path / "NRS_IFU", nrc_image())
    monkeypatch.chdir(tmp_path)
    (found,) = asnrules("classify", "NRS_IFU", "--format", "json").json
    assert found["exp_type"] == "NRC_IMAGE"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("NRS_IFUU", "no EXP_TYPE 'NRS_IFUU' in the catalog; near it are NRS_IFU, "),
        ("MIR_TACONFIRM", "has no row in 2026-03-20, nor in any other table"),
        ("MIR_WFSS --as-of 2021-07-01", "in the tables in force from 2026-03-20"),
    ],
)
def test_a_type_without_a_row_has_the_nearest_or_when_it_had_one(
    asnrules: Command, arguments: str, words: str
) -> None:
    found = asnrules("classify", *arguments.split(), "--format", "json")
    assert found.code == 0
    document = json.loads(found.out)
    assert document["published"] is None
    assert words in document["reason"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("GRATING=G395X", "GRATING is 'g395x', wanted prism, g140m, g235m, g395m, g140h, g235h or "
         "g395h;"),
        ("GRATING=G395X FILTER=F290LP", "GRATING is 'g395x', wanted g395m or g395h;"),
        ("GRATING=G395X FILTER=F290LP DETECTOR=NRS2", "GRATING is 'g395x', wanted g395h;"),
        ("FILTER=F290X", "FILTER is 'f290x', wanted clear, f070lp, f100lp, f170lp or f290lp;"),
        ("GRATING=G395H FILTER=F100LP",
         "FILTER is 'f100lp', wanted f290lp, or GRATING is 'g395h', wanted g140m or g140h;"),
    ],
)  # fmt: skip
def test_the_keyword_that_is_wrong_is_named_with_all_values_that_fit(
    asnrules: Command, given: str, words: str
) -> None:
    found = asnrules("classify", "NRS_IFU", *given.split(), "--format", "json").json
    assert found["associations"] == []
    assert words in found["reason"]


def test_without_exp_type_there_is_no_rule(asnrules: Command) -> None:
    found = asnrules("classify", "FILTER=F200W", "--format", "json").json
    assert (found["exp_type"], found["published"], found["associations"]) == (None, None, [])
    assert "EXP_TYPE is not given" in found["reason"]


@pytest.mark.parametrize("day", ["2019-01-01", "2021-05-01", "2021-05-23"])
def test_a_day_without_rules_or_table_is_not_found(
    asnrules: Command, tmp_path: Path, day: str
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    for what in ("EXP_TYPE=NRS_MIMF", pool):
        for output in ("table", "json", "jsonl", "csv"):
            asnrules("classify", what, "--as-of", day, "--format", output).assert_error(
                3, f"in force on {day}; the nearest:"
            )


def test_a_published_ruleset_is_compared_with_the_rules_of_today(asnrules: Command) -> None:
    arguments = ["EXP_TYPE=NRS_MIMF", "--ruleset", "2021-06-15", "--format", "json"]
    found = asnrules("classify", *arguments).json
    assert found["published"]["asn_type"] == "wfs-image2"
    assert [made["asn_type"] for made in found["associations"]] == ["image2"]
    assert found["agrees"] is False


def test_explain_gives_for_each_rule_what_failed(asnrules: Command) -> None:
    arguments = ["EXP_TYPE=NRC_CORON", "SUBARRAY=SUB320", "--explain", "--format", "json"]
    found = asnrules("classify", *arguments).json
    assert list(found) == [*KEYS, "rules"]
    assert all(list(rule) == ["asn_rule", "matched", "failed_condition"] for rule in found["rules"])
    rules = {rule["asn_rule"]: rule for rule in found["rules"]}
    assert rules["Asn_Lv2Image"] == {
        "asn_rule": "Asn_Lv2Image",
        "matched": True,
        "failed_condition": None,
    }
    assert rules["Asn_Lv2CoronAsRate"]["matched"] is False
    for word in ("SUBARRAY", "sub320", "full"):
        assert word in rules["Asn_Lv2CoronAsRate"]["failed_condition"]
    for word in ("TSOVISIT", "not set", "wanted t"):
        assert word in rules["Asn_Lv2ImageTSO"]["failed_condition"]


def test_a_type_that_a_rule_does_not_want_is_explained_by_those_that_it_wants(
    asnrules: Command,
) -> None:
    arguments = ["EXP_TYPE=NRC_DARK", "--explain", "--format", "json"]
    rules = {rule["asn_rule"]: rule for rule in asnrules("classify", *arguments).json["rules"]}
    failed = rules["Asn_Lv2ImageNonScience"]["failed_condition"]
    assert "'nrc_dark'" in failed
    assert "nrc_focus" in failed


def test_explain_in_a_table_has_a_line_for_each_rule(asnrules: Command) -> None:
    result = asnrules("classify", "EXP_TYPE=MIR_IMAGE", "FILENAME=a.fits", "--explain")
    result.assert_fine()
    first, second = result.out.split("\n\n")
    assert len(first.splitlines()) == 3
    lines = [line.split(maxsplit=2) for line in second.splitlines()]
    assert lines[0] == ["filename", "asn_rule", "answer"]
    assert ["a.fits", "Asn_Lv2Image", "takes it"] in lines
    (special,) = (line[2] for line in lines if line[1] == "Asn_Lv2ImageSpecial")
    assert special.endswith("neither BKGDTARG nor IS_PSF is set")
    assert len(lines) == 2 + 22


def test_explain_in_csv_has_a_column_of_rules(asnrules: Command) -> None:
    result = asnrules("classify", "EXP_TYPE=MIR_IMAGE", "--explain", "--format", "csv")
    (row,) = result.csv
    assert "Asn_Lv2Image: takes it" in row["rules"]
    assert "Asn_Lv2ImageTSO: a time-series science exposure" in row["rules"]


def test_a_table_row_has_what_is_nested_in_one_cell(asnrules: Command) -> None:
    (row,) = asnrules("classify", "EXP_TYPE=MIR_IMAGE", "TSOVISIT=T", "--format", "csv").csv
    assert row["published"] == "image2"
    assert row["associations"] == "tso-image2 (Asn_Lv2ImageTSO)"
    assert row["agrees"] == "no"


def test_a_table_row_shows_no_brackets_where_there_is_no_association(asnrules: Command) -> None:
    (row,) = asnrules("classify", "EXP_TYPE=NRC_DARK", "--format", "csv").csv
    assert row["published"] == "N/A"
    assert "[" not in row["associations"]


def test_a_value_may_hold_an_equals_sign_and_the_file_name_is_shown(asnrules: Command) -> None:
    arguments = ["FILENAME=a=b_uncal.fits", "exp_type=mir_image", "--format", "json"]
    assert asnrules("classify", *arguments).json["filename"] == "a=b_uncal.fits"


def test_an_unknown_keyword_brings_the_known_ones(asnrules: Command) -> None:
    result = asnrules("classify", "EXP_TYPE=MIR_IMAGE", "TSOVISITS=T")
    result.assert_error(2, "'TSOVISITS'", "TSOVISIT,", "BKGDTARG")


@pytest.mark.parametrize("swapped", [False, True])
def test_keywords_and_files_do_not_mix(asnrules: Command, tmp_path: Path, swapped: bool) -> None:
    words = ["EXP_TYPE=MIR_IMAGE", write_pool(tmp_path / "pool.csv", nrc_image())]
    asnrules("classify", *(reversed(words) if swapped else words)).assert_error(2, "pool.csv")


def test_ruleset_and_date_exclude_each_other(asnrules: Command) -> None:
    arguments = ["EXP_TYPE=MIR_IMAGE", "--ruleset", "jwst-3.0.0", "--as-of", "2026-08-01"]
    asnrules("classify", *arguments).assert_error(2, "--ruleset", "--as-of")


def test_an_unknown_ruleset(asnrules: Command) -> None:
    arguments = ["EXP_TYPE=MIR_IMAGE", "--ruleset", "jwst-9"]
    asnrules("classify", *arguments).assert_error(3, "'jwst-9'")


# ------------------------------------------------------------------ pools

# Not in the order of their names: the order of the pool is kept.
EXPOSURES = [
    nrc_image(3, bkgdtarg="t"),
    nrc_image(1),
    nrc_image(2, exp_type="nrc_dark"),
]
NAMES = [
    "jw00001001001_02101_00003_nrca1_uncal.fits",
    "jw00001001001_02101_00001_nrca1_uncal.fits",
    "jw00001001001_02101_00002_nrca1_uncal.fits",
]


def test_a_pool_as_json_is_a_list(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *EXPOSURES)
    found = asnrules("classify", pool, "--format", "json").json
    assert [list(one) for one in found] == [KEYS] * 3
    assert [one["filename"] for one in found] == NAMES
    assert [one["member_type"] for one in found] == ["background", "science", "dark"]
    assert [one["agrees"] for one in found] == [False, True, True]


def test_a_pool_of_one_exposure_as_json_is_a_list(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    assert len(asnrules("classify", pool, "--format", "json").json) == 1


def test_a_pool_as_jsonl_is_a_line_for_each_exposure(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *EXPOSURES)
    found = asnrules("classify", pool, "--format", "jsonl").jsonl
    assert [list(one) for one in found] == [KEYS] * 3
    assert [one["filename"] for one in found] == NAMES


def test_a_pool_as_csv(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *EXPOSURES)
    found = asnrules("classify", pool, "--format", "csv").csv
    assert [(one["filename"], one["published"]) for one in found] == [
        (NAMES[0], "no rule"),
        (NAMES[1], "image2"),
        (NAMES[2], "N/A"),
    ]


def test_a_pool_as_table(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *EXPOSURES)
    assert [line.split()[0] for line in asnrules("classify", pool).lines] == NAMES


def test_several_pools_come_one_after_the_other(asnrules: Command, tmp_path: Path) -> None:
    pools = [write_pool(tmp_path / f"pool{number}.csv", nrc_image(number)) for number in (9, 4)]
    found = asnrules("classify", *pools, "--format", "jsonl").jsonl
    assert [one["filename"].split("_")[2] for one in found] == ["00009", "00004"]


def test_a_pool_by_the_table_of_another_day(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", *EXPOSURES)
    arguments = ["--as-of", "2022-09-01", "--format", "jsonl"]
    found = asnrules("classify", pool, *arguments).jsonl
    assert [one["filename"] for one in found] == NAMES
    assert [one["published"] and one["published"]["asn_type"] for one in found] == [
        None,
        "image2",
        None,
    ]
    assert [one["special"] for one in found] == ["BACKGROUND", None, None]


def test_a_pool_from_standard_input(process: Process) -> None:
    result = process("classify", "-", "--format", "jsonl", stdin=pool_text(*EXPOSURES))
    assert [one["filename"] for one in result.jsonl] == NAMES


@pytest.mark.parametrize("output", ["table", "json"])
def test_a_bad_pool_is_one_line(asnrules: Command, tmp_path: Path, output: str) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(pool_text(nrc_image()) + "too|short\n")
    asnrules("classify", str(pool), "--format", output).assert_error(2, "pool.csv", "line 3")


def test_what_comes_before_a_bad_row_is_streamed(asnrules: Command, tmp_path: Path) -> None:
    pool = tmp_path / "pool.csv"
    pool.write_text(pool_text(nrc_image()) + "too|short\n")
    result = asnrules("classify", str(pool), "--format", "jsonl")
    assert (result.code, len(result.out.splitlines())) == (2, 1)
    assert result.err.startswith("asnrules: ")
    assert "line 3" in result.err
    assert len(result.err.splitlines()) == 1


def test_a_missing_pool(asnrules: Command, tmp_path: Path) -> None:
    asnrules("classify", str(tmp_path / "none.csv")).assert_error(2, "none.csv", "No such file")


@pytest.mark.parametrize("control", ["\x1b", "\x07", "\x7f", "\x9b"])
@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_no_control_character_of_a_value_is_printed(
    asnrules_on_file: Command, output: str, control: str
) -> None:
    value = f"NRC{control}[31mIMAGE"
    arguments = [f"EXP_TYPE={value}", f"FILENAME={value}", "--explain", "--format", output]
    result = asnrules_on_file("classify", *arguments)
    result.assert_fine()
    assert "[31m" in result.out.lower()
    assert control not in result.out


def test_json_gives_back_a_value_with_control_characters(asnrules_on_file: Command) -> None:
    result = asnrules_on_file("classify", "FILENAME=a\x1b[31m\x9bb", "--format", "json")
    assert json.loads(result.out)["filename"] == "a\x1b[31m\x9bb"


def test_the_command_refuses_what_is_no_flag(asnrules: Command) -> None:
    refused = asnrules("classify", "NRS_IFU", "IS_IMPRT=maybe")
    assert refused.code == 2
    assert "IS_IMPRT is 'maybe', neither t nor f; write IS_IMPRT=t" in refused.err
    assert asnrules("classify", "NRS_IFU", "IS_IMPRT=no", "-f", "json").json["member_type"] == (
        "science"
    )
