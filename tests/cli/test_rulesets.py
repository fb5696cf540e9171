"""`asnrules rulesets`: the rules themselves, for people."""

from __future__ import annotations

import re

import pytest

from cli.conftest import Command

# Label, kind, in force from and until, implements.
RULESETS = [
    ("2020-12-07", "table", "2020-12-07", "2021-03-19", None),
    ("2021-03-19", "table", "2021-03-19", "2021-06-15", None),
    ("2021-06-15", "table", "2021-06-15", "2025-05-02", None),
    ("2025-05-02", "table", "2025-05-02", "2026-01-23", None),
    ("2026-01-23", "table", "2026-01-23", "2026-03-20", None),
    ("2026-03-20", "table", "2026-03-20", None, None),
    ("jwst-1.2.0", "rules", "2021-05-24", "2021-06-07", "2021-03-19"),
    ("jwst-1.2.1", "rules", "2021-06-07", "2021-09-03", "2021-06-15"),
    ("jwst-1.3.2", "rules", "2021-09-03", "2022-01-10", "2021-06-15"),
    ("jwst-1.4.0", "rules", "2022-01-10", "2022-01-20", "2021-06-15"),
    ("jwst-1.4.2", "rules", "2022-01-20", "2022-06-16", "2021-06-15"),
    ("jwst-1.5.0", "rules", "2022-06-16", "2022-06-30", "2021-06-15"),
    ("jwst-1.5.3", "rules", "2022-06-30", "2022-09-21", "2021-06-15"),
    ("jwst-1.7.1", "rules", "2022-09-21", "2022-11-17", "2021-06-15"),
    ("jwst-1.8.1", "rules", "2022-11-17", "2023-02-28", "2021-06-15"),
    ("jwst-1.8.5", "rules", None, None, "2021-06-15"),
    ("jwst-1.9.0", "rules", None, None, "2021-06-15"),
    ("jwst-1.9.4", "rules", "2023-02-28", "2023-03-15", "2021-06-15"),
    ("jwst-1.9.6", "rules", "2023-03-15", "2023-05-23", "2021-06-15"),
    ("jwst-1.10.0", "rules", "2023-05-23", "2023-08-24", "2021-06-15"),
    ("jwst-1.11.0", "rules", "2023-08-24", "2023-12-05", "2021-06-15"),
    ("jwst-1.12.0", "rules", "2023-12-05", "2024-06-12", "2021-06-15"),
    ("jwst-1.13.0", "rules", None, None, "2021-06-15"),
    ("jwst-1.14.0", "rules", "2024-06-12", "2024-09-12", "2021-06-15"),
    ("jwst-1.15.0", "rules", "2024-09-12", "2024-12-06", "2021-06-15"),
    ("jwst-1.16.0", "rules", "2024-12-06", "2025-03-05", "2021-06-15"),
    ("jwst-1.17.0", "rules", "2025-03-05", "2025-05-20", "2021-06-15"),
    ("jwst-1.18.0", "rules", "2025-05-20", "2025-08-26", "2025-05-02"),
    ("jwst-1.18.1", "rules", None, None, "2025-05-02"),
    ("jwst-1.19.0", "rules", "2025-08-26", "2025-10-20", "2025-05-02"),
    ("jwst-1.20.0", "rules", "2025-10-20", "2026-04-13", "2025-05-02"),
    ("jwst-2.0.0", "rules", "2026-04-13", "2026-07-09", "2026-03-20"),
    ("jwst-3.0.0", "rules", "2026-07-09", None, "2026-03-20"),
]
FIELDS = ("ruleset", "kind", "effective_from", "effective_until", "implements")


def test_list_as_json(asnrules: Command) -> None:
    rows = asnrules("rulesets", "list", "--format", "json").json
    assert [tuple(row[name] for name in FIELDS) for row in rows] == RULESETS
    assert {row["status"] for row in rows} == {"published"}
    assert all(re.fullmatch("[0-9a-f]{64}", row["checksum"]) for row in rows)
    # No row changed in two revisions of the table.
    assert len({row["checksum"] for row in rows}) == len(RULESETS) - 2


def test_list_as_jsonl(asnrules: Command) -> None:
    rows = asnrules("rulesets", "list", "--format", "jsonl").jsonl
    assert [row["ruleset"] for row in rows] == [row[0] for row in RULESETS]


def test_list_as_csv(asnrules: Command) -> None:
    rows = asnrules("rulesets", "list", "--format", "csv").csv
    expected = [tuple(value or "" for value in row) for row in RULESETS]
    assert [tuple(row[name] for name in FIELDS) for row in rows] == expected


def test_list_as_table(asnrules: Command) -> None:
    lines = asnrules("rulesets", "list").lines
    assert [line.split()[0] for line in lines] == [row[0] for row in RULESETS]
    assert lines[2].split()[1:5] == ["table", "published", "2021-06-15", "2025-05-02"]


def test_show_a_table(asnrules: Command) -> None:
    result = asnrules("rulesets", "show", "2021-06-15")
    result.assert_fine()
    lines = result.out.splitlines()
    assert lines[0].startswith("2021-06-15: ")
    assert lines[1] == "table, published, in force from 2021-06-15 to 2025-05-02"
    rows = [line.split() for line in lines]
    assert ["36", "NIS_IMAGE", "science", "N/A", "image2"] in rows
    assert ["33", "NIS_DARK", "science", "N/A", "N/A"] in rows
    assert sum(bool(row) and row[0].isdigit() for row in rows) == 74


def test_show_names_what_was_misprinted(asnrules: Command) -> None:
    lines = asnrules("rulesets", "show", "2021-06-15").out.splitlines()
    errata = [line for line in lines if line.startswith("erratum")]
    assert len(errata) == 2
    assert "row 36, asn_type: printed 'images', means 'image2'" in errata[0]
    assert "row 46, special: printed 'N/A/', means 'N/A'" in errata[1]


def test_show_the_ruleset_in_force_now(asnrules: Command) -> None:
    out = asnrules("rulesets", "show", "2026-03-20").out
    assert "in force from 2026-03-20 to further notice" in out


def test_show_a_table_as_json(asnrules: Command) -> None:
    document = asnrules("rulesets", "show", "2021-06-15", "--format", "json").json
    assert document["ruleset"] == "2021-06-15"
    assert document["effective_from"] == "2021-06-15"
    assert document["implements"] is None
    assert len(document["rows"]) == 74
    assert document["rows"][0] == {
        "position": 1,
        "exp_type": "FGS_ACQ1",
        "member_type": "tracking",
        "special": None,
        "asn_type": None,
        "footnote": None,
    }
    assert [(one["position"], one["printed"], one["corrected"]) for one in document["errata"]] == [
        (36, "images", "image2"),
        (46, "N/A/", "N/A"),
    ]


@pytest.mark.parametrize("output", ["jsonl", "csv"])
def test_show_a_table_row_by_row(asnrules: Command, output: str) -> None:
    result = asnrules("rulesets", "show", "2026-03-20", "--format", output)
    rows = result.jsonl if output == "jsonl" else result.csv
    assert [row["exp_type"] for row in rows][29:31] == ["MIR_TACQ", "MIR_WFSS"]
    assert len(rows) == 75


def rule_block(text: str, name: str) -> list[str]:
    """Give the lines of a rule, runs of blanks as one."""
    (block,) = [block for block in text.split("\n\n") if block.startswith(f"{name} -> ")]
    return [" ".join(line.split()) for line in block.splitlines()]


def test_show_lets_a_person_read_a_rule(asnrules: Command) -> None:
    out = asnrules("rulesets", "show", "jwst-3.0.0").out
    assert "implements: 2026-03-20" in out
    block = rule_block(out, "Asn_Lv2Image")
    assert block[0] == "Asn_Lv2Image -> image2"
    assert "takes an imaging science exposure type" in block
    assert "not a time-series science exposure" in block
    assert "in common program (PROGRAM)" in block
    assert "opt_elem (FILTER, else BAND)" in block
    assert "subarray (SUBARRAY), if there is one" in block
    assert "science: the class counts as science; one only" in block
    assert "finishing science_required" in block
    assert any(line.startswith("as background: BKGDTARG is set") for line in block)


def test_show_explains_the_words_that_rules_use(asnrules: Command) -> None:
    lines = asnrules("rulesets", "show", "jwst-3.0.0").out.splitlines()
    classes = lines.index("The class of an exposure: the first of these that holds")
    assert lines[classes + 1] == "  PNTGTYPE is something other than science: the value of PNTGTYPE"
    assert "  otherwise: science" in lines[classes:]
    condition = lines.index("  a time-series science exposure")
    assert lines[condition + 1 : condition + 3] == [
        "    PNTGTYPE is SCIENCE, TSOVISIT is T",
        "    PNTGTYPE is SCIENCE, EXP_TYPE begins with NRC_TSIMAGE, NRC_TSGRISM, "
        "or is NRS_BRIGHTOBJ",
    ]
    path = lines.index("  a valid NIRSpec IFU optical path, or no NRS_IFU")
    assert "    GRATING is G140H, FILTER is F100LP, DETECTOR is NRS1 or NRS2" in lines[path:]
    step = lines.index("  nod_split")
    assert lines[step + 1].startswith("    an association for each science; ")


def test_every_word_that_rules_use_is_explained(asnrules: Command) -> None:
    document = asnrules("rulesets", "show", "jwst-3.0.0", "--format", "json").json
    assert document["classes"][-1] == {"condition": "otherwise", "class": "science"}
    assert set(document["steps"]) == {step for rule in document["rules"] for step in rule["steps"]}
    for rule in document["rules"]:
        for text in [*rule["takes"], *rule["candidates"]]:
            condition = text.removeprefix("not ")
            says_itself = condition.split(" ")[0].isupper()
            assert says_itself or condition in document["conditions"], condition


def test_show_rules_as_json(asnrules: Command) -> None:
    document = asnrules("rulesets", "show", "jwst-3.0.0", "--format", "json").json
    assert document["implements"] == "2026-03-20"
    rules = {rule["asn_rule"]: rule for rule in document["rules"]}
    tso = rules["Asn_Lv2ImageTSO"]
    assert tso["asn_type"] == "tso-image2"
    assert tso["takes"][:2] == [
        "an imaging science exposure type",
        "a time-series science exposure",
    ]
    assert tso["keys"][:3] == [
        "program (PROGRAM)",
        "is_tso (TSOVISIT), if there is one",
        "instrument (INSTRUME)",
    ]
    assert tso["roles"] == ["science: the class counts as science; one only"]
    assert "candidate_validity" in tso["steps"]


def test_show_rules_as_csv_without_brackets(asnrules: Command) -> None:
    rows = {
        row["asn_rule"]: row
        for row in asnrules("rulesets", "show", "jwst-3.0.0", "--format", "csv").csv
    }
    takes = rows["Asn_Lv2ImageTSO"]["takes"]
    assert takes.startswith("an imaging science exposure type")
    assert "[" not in takes


def test_show_an_unknown_ruleset(asnrules: Command) -> None:
    asnrules("rulesets", "show", "jwst-3.O.0").assert_error(3, "'jwst-3.O.0'", "jwst-3.0.0")
