"""`--columns` and `--where`, which commands that print rows have in common."""

from __future__ import annotations

from pathlib import Path

import pytest

import commands
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from labels import TABLES


def types(asnrules: Command, *where: str) -> list[str]:
    options = [word for one in where for word in ("--where", one)]
    rows = asnrules("lookup", *options, "--columns", "exp_type", "--format", "jsonl").jsonl
    return [row["exp_type"] for row in rows]


@pytest.mark.parametrize(
    ("output", "printed"),
    [
        ("csv", "asn_type,exp_type\nN/A,NRC_DARK\n"),
        ("jsonl", '{"asn_type": null, "exp_type": "NRC_DARK"}\n'),
        ("table", "asn_type    exp_type\n----------  ----------\nN/A         NRC_DARK\n"),
    ],
)
def test_columns_come_in_the_order_of_the_option(
    asnrules: Command, output: str, printed: str
) -> None:
    found = asnrules("lookup", "NRC_DARK", "--columns", "asn_type, exp_type", "--format", output)
    found.assert_fine()
    assert found.out == printed


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (["asn_type=TSO-*"], ["NRC_TSGRISM", "NRC_TSIMAGE"]),
        (["asn_type=n/a", "exp_type=nrs_*"], ["NRS_DARK"]),
        (["special!=N/A", "special!=background", "special!=psf"], ["NRS_IFU", "NRS_MSASPEC"]),
        (["special=imprint", "exp_type != nrs_ifu"], ["NRS_MSASPEC"]),
        (["exp_type>=nrs_w"], ["NRS_WATA"]),
        (["exp_type=["], []),
    ],
)
def test_rows_meet_all_conditions(asnrules: Command, where: list[str], expected: list[str]) -> None:
    assert types(asnrules, *where) == expected


def test_numbers_and_days_are_compared_as_such(asnrules: Command) -> None:
    def listed(where: str) -> list[str]:
        rows = asnrules("rulesets", "list", "--where", where, "--format", "json").json
        return [row["ruleset"] for row in rows]

    every = asnrules("rulesets", "list", "--format", "json").json
    assert listed("effective_from<2021-04-01") == ["2020-12-07", "2021-03-19"]
    assert listed("kind=table") == list(TABLES)
    assert listed("changes>=9") == [
        row["ruleset"] for row in every if int(row["changes"] or 0) >= 9
    ]


def test_what_is_nested_is_filtered_as_it_is_shown_and_given_as_it_is(
    asnrules: Command, tmp_path: Path
) -> None:
    pool = write_pool(
        tmp_path / "pool.csv", nrc_image(1), nrc_image(2, exp_type="nrc_dark"), nrc_image(3)
    )
    arguments = ["classify", pool, "--where", "published=image2", "--columns", "published"]
    assert [row["published"]["asn_type"] for row in asnrules(*arguments, "-f", "json").json] == [
        "image2"
    ] * 2
    assert asnrules(*arguments, "-f", "csv").out == "published\nimage2\nimage2\n"


def test_a_document_is_rows_then(asnrules: Command) -> None:
    arguments = [
        "rulesets",
        "blame",
        "NRS_MIMF",
        "--columns",
        "change",
        "--where",
        "change=*-PSF-science",
    ]
    rows = asnrules(*arguments, "-f", "json").json
    assert {row["change"] for row in rows} == {"1.10.0-psf-science"}
    assert {line.strip() for line in asnrules(*arguments).lines} == {"1.10.0-psf-science"}


def test_what_a_command_comes_to_goes_by_all_that_it_found(asnrules: Command) -> None:
    every = asnrules("rulesets", "check", "2026-03-20")
    none = asnrules("rulesets", "check", "2026-03-20", "--where", "finding=*no such*", "-f", "json")
    assert (none.code, none.out) == (every.code, "[]\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--columns", "exptype"], ["--columns", "'exptype'", "near it are exp_type"]),
        (["--where", "exptype=x"], ["--where", "'exptype'", "near it are exp_type"]),
        (["--where", "exp_type"], ["--where", "'exp_type' is not a condition", "asn_type=spec2"]),
        (["--where", "=x"], ["--where", "'=x'"]),
        (["--columns", " ,"], ["--columns", "exp_type,asn_type"]),
    ],
)
def test_what_cannot_be_selected_is_one_line(
    asnrules: Command, options: list[str], words: list[str]
) -> None:
    asnrules("lookup", *options).assert_error(2, *words)
    # What was asked of one command is not asked of the next.
    assert len(asnrules("lookup", "--format", "json").json) == 75


def test_parquet_is_not_selected(asnrules: Command, tmp_path: Path) -> None:
    target = tmp_path / "new.parquet"
    arguments = ["classify", "NRS_IFU", "-f", "parquet", "--output", str(target)]
    asnrules(*arguments, "--where", "agrees=yes").assert_error(2, "--where", "Parquet")
    assert not target.exists()


def test_commands_that_print_rows_have_both() -> None:
    having = [
        one.path.removeprefix("asnrules ")
        for one in commands.walk()
        if {"columns", "where"} <= {parameter.name for parameter in one.command.params}
    ]
    assert having == [
        "lookup", "classify", "candidates", "rulesets list", "rulesets releases",
        "rulesets history", "rulesets blame", "rulesets check", "rulesets impact", "audit runs",
        "audit exposure", "audit association", "audit diff", "audit timeline",
    ]  # fmt: skip
