"""`--columns` and `--where`, which commands that print rows have in common."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

import commands
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from labels import TABLES
from recorded import NEXT


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


@pytest.mark.parametrize(
    ("where", "same"),
    [
        ("changes=10.0", "changes=10"),
        ("changes>=1e1", "changes>=10"),
        ("kind==table", "kind=table"),
        ("releases=", "kind=table"),
        ("implements!=", "kind!=table"),
        ("effective_from=2026-03-*", "effective_from=2026-03-20"),
    ],
)
def test_one_meaning_in_two_spellings(asnrules: Command, where: str, same: str) -> None:
    found, expected = (
        asnrules("rulesets", "list", "--where", one, "--format", "json").json
        for one in (where, same)
    )
    assert found == expected
    assert found


def test_a_moment_is_on_a_day(asnrules_on_copy: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    asnrules_on_copy("generate", pool, "--no-files")
    (run,) = asnrules_on_copy("audit", "runs", "--format", "json").json
    moment = run["started_at"]

    def runs(where: str) -> int:
        return len(asnrules_on_copy("audit", "runs", "--where", where, "--format", "json").json)

    assert [runs(f"started_at={one}") for one in (moment, moment[:10], "2020-01-01")] == [1, 1, 0]
    asnrules_on_copy("audit", "runs", "--where", "started_at>2026-1-1").assert_error(
        2, "'2026-1-1'"
    )


def test_rows_without_a_value_are_found_as_such(asnrules: Command) -> None:
    rows = asnrules("lookup", "--format", "json").json
    none = [row["exp_type"] for row in rows if row["special"] is None]
    assert types(asnrules, "special=") == types(asnrules, "special=n/a") == none
    assert len(types(asnrules, "special!=")) == len(rows) - len(none)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("effective_from>2026-1-1", "effective_from is a day"),
        ("effective_from=2026", "effective_from is a day"),
        ("changes>=x", "changes is a number"),
        ("changes=ten", "changes is a number"),
    ],
)
@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_what_no_value_of_a_column_can_be_is_refused(
    asnrules: Command, where: str, words: str, output: str
) -> None:
    found = asnrules("rulesets", "list", "--where", where, "--format", output)
    found.assert_error(2, "--where: ", words, repr(where.split("=")[-1].split(">")[-1]))


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


# ------------------------------------------------------------------ commands that do much first


def test_a_run_is_a_row_and_what_it_needs_are_rows(asnrules: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2, exp_type="nrc_dark"))
    run = ["generate", pool, "--dry-run", "--columns", "unassociated,ruleset"]
    for output, printed in (
        ("csv", "unassociated,ruleset\n1,jwst-3.0.0\n"),
        ("jsonl", '{"unassociated": 1, "ruleset": "jwst-3.0.0"}\n'),
    ):
        assert asnrules(*run, "--where", "unassociated>0", "-f", output).out == printed
    assert asnrules(*run, "--where", "unassociated>1", "-f", "jsonl").out == ""
    assert asnrules(*run).lines[0].split() == ["1", "jwst-3.0.0"]
    needed = ["generate", pool, "--dry-run", "--needs", "--columns", "file", "-f", "csv"]
    (member,) = asnrules(*needed, "--where", "kind=science").csv
    assert member == {"file": "jw00001001001_02101_00001_nrca1_rate.fits"}


def test_what_cannot_be_selected_is_said_before_anything_is_recorded(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    asnrules = asnrules_on_copy
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    made = tmp_path / "made"
    asnrules("generate", pool, "--output", str(made), "--columns", "asociations").assert_error(
        2, "--columns", "associations"
    )
    assert not made.exists()
    assert asnrules("generate", pool, "--output", str(made), "--no-record").code == 0
    asnrules("audit", "import", str(made), "--where", "verdikt=differs").assert_error(
        2, "--where", "verdict"
    )
    assert asnrules("audit", "runs", "-f", "json").json == []
    found = asnrules("audit", "import", str(made), "--columns", "run_id,verdict", "-f", "csv")
    assert found.csv == [{"run_id": "1", "verdict": "unexplained"}]
    again = ["audit", "import", str(made), "--dry-run", "--where", "verdict!=unexplained"]
    assert (asnrules(*again).lines, asnrules(*again, "-f", "json").json) == ([], [])


def test_runs_made_again_are_rows_in_every_format(
    command: Callable[[str | None], Command], ledger_database: str
) -> None:
    asnrules = command(ledger_database)
    again = ["audit", "replay", "1", "2", "--ruleset", NEXT, "--columns", "run_id,removed"]
    for output, printed in (
        ("csv", "run_id,removed\n1,1\n2,1\n"),
        ("jsonl", '{"run_id": 1, "removed": 1}\n{"run_id": 2, "removed": 1}\n'),
    ):
        found = asnrules(*again, "-f", output)
        assert (found.code, found.out) == (1, printed)
    assert [line.split() for line in asnrules(*again).lines] == [["1", "1"], ["2", "1"]]
    # What a command comes to goes by all that it found.
    one = asnrules(
        "audit", "replay", "1", "--ruleset", NEXT, "--where", "verdict=same", "-f", "json"
    )
    assert (one.code, one.out) == (1, "[]\n")
    asnrules("audit", "replay", "1", "--where", "x=1").assert_error(2, "--where", "'x'")


def test_differences_of_rulesets_are_rows(asnrules: Command) -> None:
    diff = ["rulesets", "diff", "2026-01-23", "2026-03-20", "--where", "field=asn_type"]
    every = asnrules("rulesets", "diff", "2026-01-23", "2026-03-20", "-f", "csv")
    rows = [row for row in csv.DictReader(io.StringIO(every.out)) if row["field"] == "asn_type"]
    found = asnrules(*diff, "--columns", "name,after", "-f", "csv")
    assert (found.code, every.code) == (1, 1)
    assert [*csv.DictReader(io.StringIO(found.out))] == [
        {"name": row["name"], "after": row["after"]} for row in rows
    ]
    asnrules("rulesets", "conform", "jwst-3.0.0", "--python", "x", "--columns", "x").assert_error(
        2, "--columns", "'x'"
    )


def test_a_shown_ruleset_is_rows(asnrules: Command) -> None:
    rows = ["rulesets", "show", "2026-03-20", "--where", "exp_type=NRS_IFU"]
    found = asnrules(*rows, "--columns", "exp_type,special", "-f", "jsonl").jsonl
    assert {(row["exp_type"], row["special"]) for row in found} == {
        ("NRS_IFU", special) for special in (None, "IMPRINT", "BACKGROUND")
    }
    rules = asnrules("rulesets", "show", "jwst-3.0.0", "--columns", "asn_rule", "-f", "csv").csv
    assert {"asn_rule": "Asn_Lv2Image"} in rules


OTHERWISE = {
    "asnrules why": "an explanation is no table; it refuses CSV",
    "asnrules audit run": "a run is no table; it refuses CSV",
    "asnrules sql": "the query says it itself",
    "asnrules audit export": "the record is whole",
    "asnrules pool make": "one row", "asnrules audit digest": "one row",
    "asnrules rulesets import": "one row", "asnrules rulesets publish": "one row",
    "asnrules rulesets discard": "one row", "asnrules db current": "one row",
    "asnrules db check": "one column",
}  # fmt: skip
"""The commands with `--format` that have neither option, each with the reason."""


def test_commands_that_print_rows_have_both() -> None:
    options = {
        one.path: {word for parameter in one.command.params for word in parameter.opts}
        for one in commands.walk()
    }
    formatted = {path for path, words in options.items() if "--format" in words}
    having = {path for path, words in options.items() if {"--columns", "--where"} <= words}
    assert having == formatted - OTHERWISE.keys()
    assert OTHERWISE.keys() <= formatted
