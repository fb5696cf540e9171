"""`asnrules lookup`: the rows of the published table."""

from __future__ import annotations

import pytest

from cli.conftest import Command

KEYS = [
    "ruleset", "exp_type", "instrument", "member_type",
    "special", "asn_type", "pipeline", "footnote",
]  # fmt: skip


def test_without_arguments_it_gives_the_table_of_today(asnrules: Command) -> None:
    rows = asnrules("lookup", "--format", "json").json
    assert len(rows) == 75
    assert len({row["exp_type"] for row in rows}) == 64
    assert {row["ruleset"] for row in rows} == {"2026-03-20"}
    assert [rows[0]["exp_type"], rows[-1]["exp_type"]] == ["FGS_ACQ1", "NRS_WATA"]


def test_the_rows_of_a_type_come_in_the_order_of_the_table(asnrules: Command) -> None:
    assert asnrules("lookup", "NRS_IFU").table == [
        ["2026-03-20", "NRS_IFU", "NIRSPEC", "background", "BACKGROUND", "spec2", "calwebb_spec2"],
        ["2026-03-20", "NRS_IFU", "NIRSPEC", "imprint", "IMPRINT", "spec2", "calwebb_spec2"],
        ["2026-03-20", "NRS_IFU", "NIRSPEC", "science", "N/A", "spec2", "calwebb_spec2"],
    ]


def test_json_has_the_keys_of_the_contract_and_null_for_na(asnrules: Command) -> None:
    rows = asnrules("lookup", "NRC_DARK", "--format", "json").json
    assert [list(row) for row in rows] == [KEYS]
    assert rows == [
        {
            "ruleset": "2026-03-20",
            "exp_type": "NRC_DARK",
            "instrument": "NIRCAM",
            "member_type": "dark",
            "special": None,
            "asn_type": None,
            "pipeline": None,
            "footnote": None,
        }
    ]


def test_a_table_shows_na_and_a_blank_footnote(asnrules: Command) -> None:
    assert asnrules("lookup", "NRC_DARK").table == [
        ["2026-03-20", "NRC_DARK", "NIRCAM", "dark", "N/A", "N/A", "N/A"]
    ]


def test_csv_shows_na_as_the_table_does(asnrules: Command) -> None:
    assert asnrules("lookup", "NRC_DARK", "--format", "csv").out == (
        "ruleset,exp_type,instrument,member_type,special,asn_type,pipeline,footnote\n"
        "2026-03-20,NRC_DARK,NIRCAM,dark,N/A,N/A,N/A,\n"
    )


def test_jsonl_has_a_line_for_each_row(asnrules: Command) -> None:
    rows = asnrules("lookup", "NRS_IFU", "--format", "jsonl").jsonl
    assert [row["member_type"] for row in rows] == ["background", "imprint", "science"]


@pytest.mark.parametrize("name", ["nrs_ifu", "Nrs_Ifu", "NRS_IFU"])
def test_an_exp_type_is_taken_in_any_case(asnrules: Command, name: str) -> None:
    rows = asnrules("lookup", name, "--format", "json").json
    assert [row["exp_type"] for row in rows] == ["NRS_IFU"] * 3


def test_several_exp_types_come_in_the_order_of_the_table(asnrules: Command) -> None:
    rows = asnrules("lookup", "NRS_WATA", "fgs_image", "NIS_SOSS", "--format", "json").json
    assert [row["exp_type"] for row in rows] == ["FGS_IMAGE", "NIS_SOSS", "NRS_WATA"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--instrument", "nirspec", "--asn-type", "n/a"], ["NRS_DARK"]),
        (["--instrument", "FGS", "--asn-type", "image2"], ["FGS_FOCUS", "FGS_IMAGE"]),
        (["--member-type", "PSF"], ["MIR_4QPM", "MIR_LYOT", "NIS_AMI", "NRC_CORON"]),
        (["--special", "imprint"], ["NRS_IFU", "NRS_MSASPEC"]),
        (
            ["--special", "BACKGROUND"],
            ["MIR_LRS-FIXEDSLIT", "MIR_LRS-SLITLESS", "MIR_MRS", "NRS_FIXEDSLIT", "NRS_IFU"],
        ),
        (["--special", "N/A", "--asn-type", "TSO-SPEC2"], ["NRC_TSGRISM"]),
        (["--special", "n/a", "--member-type", "tracking", "--asn-type", "N/A"],
         ["FGS_ACQ1", "FGS_ACQ2", "FGS_FINEGUIDE", "FGS_ID-IMAGE", "FGS_ID-STACK", "FGS_TRACK"]),
        (["--asn-type", "nrslamp-spec2"], ["NRS_LAMP"]),
        (["NRS_IFU", "--special", "PSF"], []),
    ],
)  # fmt: skip
def test_filters(asnrules: Command, options: list[str], expected: list[str]) -> None:
    rows = asnrules("lookup", *options, "--format", "json").json
    assert [row["exp_type"] for row in rows] == expected


@pytest.mark.parametrize(
    ("day", "label", "asn_type"),
    [
        ("2020-12-07", "2020-12-07", "wfs-image2"),
        ("2021-06-14", "2021-03-19", "wfs-image2"),
        ("2021-07-01", "2021-06-15", "wfs-image2"),
        ("2026-01-22", "2025-05-02", "wfs-image2"),
        ("2026-01-23", "2026-01-23", "image2"),
        ("2026-02-01", "2026-01-23", "image2"),
        ("2026-03-20", "2026-03-20", "image2"),
    ],
)
def test_as_of_gives_what_was_in_force_on_that_day(
    asnrules: Command, day: str, label: str, asn_type: str
) -> None:
    (row,) = asnrules("lookup", "NRS_MIMF", "--as-of", day, "--format", "json").json
    assert (row["ruleset"], row["asn_type"]) == (label, asn_type)


def test_no_table_was_in_force_before_the_first(asnrules: Command) -> None:
    result = asnrules("lookup", "--as-of", "2020-12-06")
    result.assert_error(3, "2020-12-06", "2020-12-07")


def test_the_table_of_the_foundation_has_74_rows(asnrules: Command) -> None:
    result = asnrules("lookup", "--ruleset", "2021-06-15", "--format", "csv")
    assert len(result.out.splitlines()) == 75
    assert len({row["exp_type"] for row in result.csv}) == 63


def test_a_misprint_is_shown_as_what_it_means(asnrules: Command) -> None:
    rows = asnrules(
        "lookup", "NIS_IMAGE", "NRC_FOCUS", "--ruleset", "2021-06-15", "--format", "json"
    ).json
    assert [(row["special"], row["asn_type"]) for row in rows] == [(None, "image2")] * 2


@pytest.mark.parametrize(
    ("label", "footnote", "asn_type"),
    [("2020-12-07", "Deprecated.", "spec2"), ("2021-06-15", None, None)],
)
def test_the_deprecated_grism(
    asnrules: Command, label: str, footnote: str | None, asn_type: str | None
) -> None:
    (row,) = asnrules("lookup", "NRC_GRISM", "--ruleset", label, "--format", "json").json
    assert (row["footnote"], row["asn_type"]) == (footnote, asn_type)


def test_the_footnote_of_lamps(asnrules: Command) -> None:
    footnote = (
        "Association creation is heavily dependent upon other parameters such as LAMP, OPMODE, "
        "and GRATING."
    )
    (row,) = asnrules("lookup", "NRS_LAMP", "--format", "json").json
    assert row["footnote"] == footnote
    assert footnote in asnrules("lookup", "NRS_LAMP").out


def test_an_unknown_exp_type_brings_near_spellings(asnrules: Command) -> None:
    asnrules("lookup", "NRS_IFUU").assert_error(3, "'NRS_IFUU'", "NRS_IFU")


@pytest.mark.parametrize(
    ("words", "number", "rows"),
    [
        ("NRS", 14, {"instrument": {"NIRSPEC"}}),
        ("nrs_", 14, {"instrument": {"NIRSPEC"}}),
        ("nirspec", 14, {"instrument": {"NIRSPEC"}}),
        ("NRS_*", 14, {"instrument": {"NIRSPEC"}}),
        ("MIR_LRS", 4, {"exp_type": {"MIR_LRS-FIXEDSLIT", "MIR_LRS-SLITLESS"}}),
        ("*soss", 1, {"exp_type": {"NIS_SOSS"}}),
        ("NRS_IF?", 1, {"exp_type": {"NRS_IFU"}}),
        ("spec2", 10, {"asn_type": {"spec2"}}),
        ("tso-*", 2, {"asn_type": {"tso-spec2", "tso-image2"}}),
        ("calwebb_spec2", 10, {"pipeline": {"calwebb_spec2"}}),
        ("imprint", 2, {"special": {"IMPRINT"}}),
        ("NRS spec2 nrslamp-spec2", 4, {"instrument": {"NIRSPEC"}, "pipeline": {"calwebb_spec2"}}),
        ("MIRI NIS background", 2, {"instrument": {"MIRI"}, "special": {"BACKGROUND"}}),
        ("NRS_IFU MIR_*", 10, {"instrument": {"NIRSPEC", "MIRI"}}),
    ],
)  # fmt: skip
def test_a_word_may_be_a_beginning_a_pattern_or_of_another_column(
    asnrules: Command, words: str, number: int, rows: dict[str, set[str]]
) -> None:
    found = asnrules("lookup", *words.split(), "--format", "json").json
    assert len(found) >= number
    for field, values in rows.items():
        assert {row[field] for row in found} == values


def test_words_find_all_that_the_columns_have(asnrules: Command) -> None:
    every = asnrules("lookup", "--format", "json").json
    for field, word in (("asn_type", "spec2"), ("instrument", "NIRSPEC"), ("exp_type", "NRS_IFU")):
        wanted = [row for row in every if row[field] == word]
        assert asnrules("lookup", word.swapcase(), "--format", "json").json == wanted


@pytest.mark.parametrize(
    ("word", "near"),
    [("XYZ", "near it are"), ("NRX_*", "near it are NRS_*, NRC_*"),
     ("XYZ*", "nothing is near it; EXP_TYPEs begin with FGS, MIR, NIS, NRC, NRS"),
     ("MIR_LSR*", "MIR_LRS*"),
     ("spek?", "near it are spec*"), ("*_FLT", "NRC_FLAT"), ("spek2", "spec2"),
     ("[", "near it are"),
     ("NRS_IF", "NRS_IFU"), ("", "near it are"), ("tso_spec2", "tso-spec2"),
     ("asn_image2", "image2"), ("calwebb-spec2", "calwebb_spec2"), ("NSR_IFU", "NRS_IFU")],
)  # fmt: skip
def test_an_unknown_word_brings_the_nearest(asnrules: Command, word: str, near: str) -> None:
    asnrules("lookup", "--", word).assert_error(3, repr(word), near, "asnrules lookup shows all")


@pytest.mark.parametrize(
    ("asked", "word", "meant"),
    [
        ("lookup", "asn_lv2spec", "Asn_Lv2Spec is a rule, see asnrules rulesets blame"),
        ("lookup", "jwst-3.0.0", "jwst-3.0.0 is a ruleset, see asnrules rulesets show"),
        ("lookup", "grating", "GRATING is a keyword, see asnrules classify"),
        ("rulesets history", "Asn_Lv2Spec", "Asn_Lv2Spec is a rule, see asnrules rulesets blame"),
        ("rulesets history", "NIRSPEC", "NIRSPEC is an instrument, see asnrules lookup"),
        ("rulesets history", "spec2", "spec2 is an association type, see asnrules lookup"),
        ("rulesets blame", "wfs-image2", "wfs-image2 is an association type, see asnrules lookup"),
        ("rulesets show", "Asn_Lv2Spec", "Asn_Lv2Spec is a rule, see asnrules rulesets blame"),
        ("rulesets show", "nrs_ifu", "NRS_IFU is an EXP_TYPE, see asnrules lookup"),
        ("lookup --ruleset", "NIRSPEC", "NIRSPEC is an instrument, see asnrules lookup"),
    ],
)
def test_what_a_word_is_instead_is_said(
    asnrules: Command, asked: str, word: str, meant: str
) -> None:
    asnrules(*asked.split(), word).assert_error(3, f"{word!r} in ", meant)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["MIR_TACONFIRM"], "MIR_TACONFIRM' has no row in 2026-03-20, nor in any other table"),
        (["wfs-image2"], "but in the tables in force from 2020-12-07 to 2026-01-23"),
        (["--asn-type", "WFS-IMAGE2"], "from 2020-12-07 to 2026-01-23"),
        (["{new}", "--as-of", "2021-07-01"], "from 2026-03-20 to further notice"),
    ],
)
def test_what_is_known_but_has_no_row_says_so_and_when_it_had_one(
    asnrules: Command, arguments: list[str], words: str
) -> None:
    types = [
        {row["exp_type"] for row in asnrules("lookup", "--ruleset", one, "--format", "json").json}
        for one in ("2026-01-23", "2026-03-20")
    ]
    (new,) = types[1] - types[0]
    for others in ([], ["NRS_IFU"] if "--asn-type" not in arguments else []):
        found = asnrules("lookup", *(one.format(new=new) for one in arguments), *others)
        assert found.code == 0
        assert words in found.err
        assert len(found.err.splitlines()) == 1


def test_known_words_that_no_row_has_together_are_told_beside_an_empty_table(
    asnrules: Command,
) -> None:
    found = asnrules("lookup", "NRS_IFU", "image2")
    assert (found.code, found.lines) == (0, [])
    assert found.err == "no row of 2026-03-20 has all of that\n"
    assert asnrules("lookup", "NRS_IFU", "image2", "--format", "json").json == []


def test_one_unknown_exp_type_among_known_ones_is_an_error(asnrules: Command) -> None:
    asnrules("lookup", "NRS_IFU", "MIR_IMAGES").assert_error(3, "'MIR_IMAGES'", "MIR_IMAGE")


@pytest.mark.parametrize(
    ("options", "near"),
    [
        (["--instrument", "nirspek"], "NIRSPEC"),
        (["--member-type", "sciense"], "science"),
        (["--special", "imprnt"], "IMPRINT"),
        (["--asn-type", "images"], "image2"),
    ],
)
def test_an_unknown_value_of_a_filter_brings_near_spellings(
    asnrules: Command, options: list[str], near: str
) -> None:
    asnrules("lookup", *options).assert_error(3, near)


def test_an_unknown_ruleset_brings_the_known_ones(asnrules: Command) -> None:
    asnrules("lookup", "--ruleset", "2021-06-16").assert_error(3, "'2021-06-16'", "2021-06-15")


def test_executable_rules_are_no_table(asnrules: Command) -> None:
    asnrules("lookup", "--ruleset", "jwst-3.0.0").assert_error(3, "kind rules", "2026-03-20")


def test_ruleset_and_date_exclude_each_other(asnrules: Command) -> None:
    result = asnrules("lookup", "--ruleset", "2021-06-15", "--as-of", "2021-07-01")
    result.assert_error(2, "--ruleset", "--as-of")


@pytest.mark.parametrize("day", ["yesterday", "2021-13-01", "2021-02-29", "01.07.2021", ""])
def test_what_is_no_date_is_refused(asnrules: Command, day: str) -> None:
    asnrules("lookup", "--as-of", day).assert_error(2, "--as-of", repr(day))
