"""`asnrules audit`: asking the record, and replaying it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cli.conftest import Command, Result
from labels import RULES
from recorded import LATER_NAME, NEXT, POOL_NAME, image, record, stem, write_pool

pytestmark = pytest.mark.usefixtures("read_once")


@pytest.fixture
def audit(command: Callable[[str | None], Command], ledger_database: str) -> Command:
    """Give the command `asnrules audit`, on the ledger of tests/recorded.py."""
    run = command(ledger_database)
    return lambda *arguments: run("audit", *arguments)


def findings(result: Result, *words: str) -> list[str]:
    """Check that something was found, and give the lines of what is on stdout."""
    assert result.code == 1, result.err
    for word in words:
        assert word in result.err
    return result.out.splitlines()


# ------------------------------------------------------------------ runs


def test_runs_as_a_table(audit: Command) -> None:
    assert audit("runs", "--operator", "anna").table == [
        ["2", "generated", "2026-11-05T16:00:00Z", "anna", "jwst-3.0.0", LATER_NAME, "2", "2", "0"],
        ["1", "generated", "2026-11-05T10:15:00Z", "anna", "jwst-3.0.0", POOL_NAME, "6", "3", "3"],
    ]


def test_runs_as_data(audit: Command) -> None:
    (run,) = audit("runs", "--ruleset", NEXT, "--format", "json").json
    assert (run["run_id"], run["pools"], run["host"]) == (3, [POOL_NAME], "here")
    assert [one["run_id"] for one in audit("runs", "--format", "jsonl").jsonl] == [5, 4, 3, 2, 1]
    (row,) = audit("runs", "--pool", LATER_NAME, "--format", "csv").csv
    assert (row["run_id"], row["pools"], row["note"]) == ("2", LATER_NAME, "")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--program", "04231", "--limit", "2"], [5, 4]),
        (["--since", "2026-12-01", "--until", "2026-12-02"], [4, 3]),
        (["--origin", "imported"], [5, 4]),
        (["--program", "1"], []),
    ],
)
def test_runs_that_are_wanted(audit: Command, options: list[str], found: list[int]) -> None:
    assert [one["run_id"] for one in audit("runs", *options, "-f", "json").json] == found


def test_wrong_filters(audit: Command) -> None:
    audit("runs", "--since", "yesterday").assert_error(2, "--since", "yesterday", "2026-01-31")
    audit("runs", "--until", "2026-13-01").assert_error(2, "--until")
    audit("runs", "--origin", "made").assert_error(2, "--origin")
    audit("runs", "--limit", "0").assert_error(2, "--limit")
    audit("runs", "--ruleset", "jwst-9").assert_error(3, "jwst-9", "jwst-1.9.4")


# ------------------------------------------------------------------ run


def test_a_run_in_words(audit: Command) -> None:
    result = audit("run", "1")
    result.assert_fine()
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert lines[:5] == [
        "run_id 1",
        "origin generated",
        "started_at 2026-11-05T10:15:00Z",
        "finished_at 2026-11-05T10:15:00Z",
        "operator anna",
    ]
    assert any(line.startswith(f"{POOL_NAME} 6 ") for line in lines)
    assert "image2 Asn_Lv2ImageSpecial 1" in lines
    assert "In no association:" in lines
    assert f"NRC_DARK 1 {stem(4)}_uncal.fits no rule takes its EXP_TYPE" in lines
    assert not [line for line in lines if line.startswith(("note", "options", "Imported"))]


def test_an_imported_run_in_words(audit: Command) -> None:
    lines = [" ".join(line.split()) for line in audit("run", "4").out.splitlines()]
    assert "Imported:" in lines
    assert (
        "contradicts jw04231-o001_image2_00002_asn.json candidate_Asn_Lv2Image "
        "NRC_DARK makes no association"
    ) in lines


def test_a_run_as_data(audit: Command) -> None:
    found = audit("run", "1", "--format", "json").json
    assert (found["run_id"], found["pools"][0]["pool"]) == (1, POOL_NAME)
    assert {one["asn_rule"]: one["associations"] for one in found["by_rule"]} == {
        "Asn_Lv2Image": 2, "Asn_Lv2ImageSpecial": 1,
    }  # fmt: skip
    assert audit("run", "1", "--format", "jsonl").jsonl == [found]
    (row,) = audit("run", "1", "--format", "csv").csv
    assert (row["run_id"], row["pools"], row["note"]) == ("1", POOL_NAME, found["note"] or "")


def test_a_run_that_is_not_there(audit: Command) -> None:
    audit("run", "77").assert_error(3, "no run 77", "the last is 5")
    audit("run", "one").assert_error(2, "one")
    audit("run", "99999999999999999999").assert_error(3, "99999999999999999999")


# ------------------------------------------------------------------ exposure


def test_an_exposure_in_words(audit: Command) -> None:
    result = audit("exposure", f"{stem(1)}_rate.fits")
    result.assert_fine()
    lines = result.out.splitlines()
    assert lines[:5] == [
        f"{stem(1)}_uncal.fits",
        f"run 1, 2026-11-05T10:15:00Z, by anna, ruleset jwst-3.0.0, pool {POOL_NAME}",
        "  NRC_IMAGE, class science",
        "  jw04231-o001_image2_00003_asn: science, in image2 by Asn_Lv2Image for o001",
        "",
    ]
    assert "  NRC_IMAGE, class background (BACKGROUND)" in lines
    assert "  changed: BKGDTARG: t, was f" in lines
    assert "run 4, 2026-12-02T12:00:00Z, imported by clara, ruleset jwst-3.0.0" in lines
    assert (
        "  jw04231-o001_image2_00001_asn: science, in image2 by Asn_Lv2Image for o001; "
        "verdict: unexplained"
    ) in lines


def test_an_exposure_in_no_association_in_words(audit: Command) -> None:
    lines = audit("exposure", stem(5)).out.splitlines()
    assert "  in no association: it belongs to no candidate" in lines
    assert "  not imported" in lines


def test_an_exposure_of_which_nothing_changed(
    command: Callable[[str | None], Command], catalog: Engine, database_url: str, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", image(1))
    record(catalog, [pool])
    record(catalog, [pool], started="2026-11-06T10:15")
    lines = command(database_url)("audit", "exposure", stem(1)).out.splitlines()
    assert lines[-2].startswith("run 2, ")
    assert lines[-1] == "  as before"
    alone = command(database_url)("audit", "exposure", stem(1), "--limit", "1").out.splitlines()
    assert alone[0] == "runs 1 to 2: 2 decisions, ruleset jwst-3.0.0, in 1 association"
    assert alone[3] == lines[-2]
    assert alone[4:] == lines[2:4]


def test_an_exposure_as_data(audit: Command) -> None:
    found = audit("exposure", stem(1), "--format", "json").json
    assert [one["run_id"] for one in found] == [1, 2, 3, 4, 5]
    assert audit("exposure", stem(1), "--format", "jsonl").jsonl == found
    rows = audit("exposure", stem(1), "--format", "csv").csv
    assert [row["associations"] for row in rows[:2]] == [
        "jw04231-o001_image2_00003_asn (science)",
        "jw04231-o001_image2_00001_asn (science); jw04231-o001_image2_00002_asn (background)",
    ]
    assert rows[0]["changes"] == ""
    assert rows[1]["changes"].startswith("class: background, was science; ")


def test_an_exposure_in_many_runs_is_counted_and_listed_on_demand(audit: Command) -> None:
    done = audit("exposure", stem(1), "--limit", "2")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "run 1: 1 decision, ruleset jwst-3.0.0, in 1 association"
    assert lines[3] == "run 4: 1 decision, imported, ruleset jwst-3.0.0"
    assert lines[5:7] == ["", f"{stem(1)}_rate.fits"]
    assert [line.split(",")[0] for line in lines[6:] if line.startswith("run ")] == [
        "run 4", "run 5",
    ]  # fmt: skip
    assert done.err == "2 of 5 decisions are listed, the latest; --all lists all\n"
    whole = audit("exposure", stem(1), "--format", "json").json
    cut = audit("exposure", stem(1), "--limit", "2", "--format", "json")
    assert json.loads(cut.out) == whole[3:]
    assert audit("exposure", stem(1), "--all", "--format", "json").json == whole
    assert audit("exposure", stem(1), "--limit", "5").err == ""


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
def test_numbers_that_are_larger_than_any(audit: Command, number: int) -> None:
    assert audit("exposure", stem(1), "--limit", str(number)).code == 0
    assert audit("runs", "--limit", str(number), "--format", "json").json
    audit("run", str(number)).assert_error(3, f"no run {number} on record")
    audit("run", "--", str(-number)).assert_error(3, f"no run {-number} on record")
    verified = audit("verify", "--since", str(number), "--format", "json")
    assert f"there is no run {number}" in verified.out


def test_a_ledger_verified_in_part_says_so(audit: Command) -> None:
    assert json.loads(audit("verify", "--format", "json").out)["since"] == 0
    done = audit("verify", "--since", "2", "--format", "json")
    assert json.loads(done.out)["since"] == 2
    assert "rows of runs up to 2 were not read" in done.err


def test_an_exposure_that_is_not_there(audit: Command) -> None:
    result = audit("exposure", "jw04231001001_02101_00009_nrca1_uncal.fits")
    result.assert_error(3, "00009", "near it are", f"{stem(6)}_uncal.fits")


# ------------------------------------------------------------------ association


def test_an_association_in_words(audit: Command) -> None:
    result = audit("association", "jw04231-o001_image2_00002_asn")
    result.assert_fine()
    lines = result.out.splitlines()
    assert lines[:3] == [
        "jw04231-o001_image2_00002_asn",
        "  run 1, 2026-11-05T10:15:00Z, by anna, ruleset jwst-3.0.0",
        "  image2 by Asn_Lv2Image, for candidate o001 (observation) of program 04231, target 1",
    ]
    assert lines[5:8] == [
        f"  product {stem(2)}",
        f"    {stem(2)}_rate.fits (science, error moving_shutter)",
        f"    {stem(3)}_rate.fits (background)",
    ]
    assert lines[-1] == "  contradicts: NRC_DARK makes no association"


def test_an_association_as_data(audit: Command) -> None:
    name = "jw04231-o001_image2_00002_asn.json"
    found = audit("association", name, "--format", "json").json
    assert [one["run_id"] for one in found] == [1, 2, 3, 4]
    assert audit("association", name, "--format", "jsonl").jsonl == found
    rows = audit("association", name, "--format", "csv").csv
    assert rows[0]["products"] == (
        f"{stem(2)}: {stem(2)}_rate.fits (science), {stem(3)}_rate.fits (background)"
    )
    assert [row["verdict"] for row in rows] == ["", "", "", "contradicts"]


def test_an_association_that_is_not_there(audit: Command) -> None:
    audit("association", "jw04231-o001_image2_00009_asn").assert_error(3, "00009", "00003")


# ------------------------------------------------------------------ diff


def test_runs_that_differ(audit: Command) -> None:
    lines = findings(audit("diff", "1", "3"), "1 removed, 0 added, 0 changed, 2 the same")
    assert lines[2].split() == [
        "removed", "04231", "o001", "image2", "Asn_Lv2ImageSpecial", stem(3), "1",
    ]  # fmt: skip
    assert len(lines) == 3


def test_runs_that_do_not_differ(audit: Command) -> None:
    result = audit("diff", "1", "1")
    assert (result.code, result.out) == (0, "")
    assert result.err == "nothing differs in 3 associations\n"
    assert audit("diff", "1", "1", "--format", "csv").out.startswith("change,")


def test_differences_as_data(audit: Command) -> None:
    result = audit("diff", "2", "5", "--format", "json")
    found = json.loads(result.out)
    assert result.code == 1
    assert (found["before"], found["after"], found["unchanged"]) == (2, 5, 0)
    assert [one["products"][0]["name"] for one in found["removed"]] == [stem(2)]
    (change,) = found["changed"]
    assert change["fields"] == [
        {"field": "asn_rule", "before": "Asn_Lv2ImageSpecial", "after": "Asn_Lv2Image"}
    ]
    assert [(one["expname"], one["exptype"]) for one in change["members_added"]] == [
        (f"{stem(3)}_rate.fits", "background")
    ]
    (removed, changed) = map(
        json.loads, audit("diff", "2", "5", "--format", "jsonl").out.splitlines()
    )
    assert (removed["change"], changed["change"]) == ("removed", "changed")
    assert changed["differences"] == [
        "asn_rule: Asn_Lv2Image, was Asn_Lv2ImageSpecial",
        f"with {stem(3)}_rate.fits as background in {stem(1)}",
    ]


def test_a_difference_to_a_run_that_is_not_there(audit: Command) -> None:
    audit("diff", "1", "8").assert_error(3, "no run 8")
    audit("diff", "1").assert_error(2, "RUN")


# ------------------------------------------------------------------ replay


def test_a_run_again(audit: Command) -> None:
    assert audit("replay", "1").table == [
        ["1", "jwst-3.0.0", "jwst-3.0.0", "identical", "0", "0", "0", "0", "3"]
    ]
    found = audit("replay", "1", "--format", "json").json
    assert (found["run_id"], found["verdict"], found["reason"]) == (1, "identical", None)
    assert (found["run"], found["decisions"]) == ([], [])


def test_all_runs_again(audit: Command) -> None:
    verdicts = ["identical", "identical", "identical", "nothing to replay", "same"]
    assert [one["verdict"] for one in audit("replay", "--all", "-f", "json").json] == verdicts
    assert [one["verdict"] for one in audit("replay", "--all", "-f", "csv").csv] == verdicts
    assert [one["verdict"] for one in audit("replay", "--all", "-f", "jsonl").jsonl] == verdicts


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--since", "2026-12-01"], [3, 4, 5]),
        (["--until", "2026-12-01"], [1, 2, 3]),
        (["--program", "4231", "--since", "2026-12-03"], [5]),
        (["--program", "9"], []),
        (["2", "1"], [2, 1]),
    ],
)
def test_runs_that_are_to_be_run_again(
    audit: Command, options: list[str], found: list[int]
) -> None:
    assert [one["run_id"] for one in audit("replay", *options, "-f", "json").json] == found


def test_runs_again_under_other_rules(audit: Command) -> None:
    result = audit("replay", "1", "2", "--ruleset", NEXT)
    lines = findings(result)
    assert [line.split()[:4] for line in lines[2:4]] == [
        ["1", "jwst-3.0.0", NEXT, "differs"],
        ["2", "jwst-3.0.0", NEXT, "differs"],
    ]
    assert lines[4:8] == [
        "",
        f"Run 1 under {NEXT}:",
        f"  removed: image2 by Asn_Lv2ImageSpecial for o001 of 04231, {stem(3)}",
        f"  {stem(3)}_uncal.fits: associations: 2, was 3",
    ]


def test_many_differences_are_cut_short_for_people(
    command: Callable[[str | None], Command], catalog: Engine, database_url: str, tmp_path: Path
) -> None:
    from workflows.test_replay import publish_next

    publish_next(catalog)
    backgrounds = [image(number, bkgdtarg="t") for number in range(1, 16)]
    record(catalog, [write_pool(tmp_path / "pool.csv", *backgrounds)])
    lines = findings(command(database_url)("audit", "replay", "1", "--ruleset", NEXT))
    assert lines[-1] == "  and 10 more; --format json has them all"
    assert len(lines) == 3 + 2 + 20 + 1


def test_what_to_run_again_has_to_be_said(audit: Command) -> None:
    audit("replay").assert_error(2, "--all", "--since")
    audit("replay", "1", "--all").assert_error(2, "--all")
    audit("replay", "9").assert_error(3, "no run 9")
    audit("replay", "1", "--ruleset", "jwst-9").assert_error(3, "jwst-9")
    audit("replay", "--since", "x").assert_error(2, "--since")


# ------------------------------------------------------------------ timeline


def test_a_timeline_of_a_run(audit: Command) -> None:
    result = audit("timeline", "1")
    assert (result.code, result.err) == (0, f"run 1: {len(RULES)} rulesets, 5 events\n")
    lines = result.out.splitlines()
    assert lines[1:4] == [
        "jwst-1.2.0, in force from 2021-05-24, the day of a tag",
        "  3 associations",
        "jwst-1.5.3, in force from 2022-06-30",
    ]
    assert lines[4].startswith("  changes: image2 by Asn_Lv2Image for o001 of 04231")
    assert lines[4].endswith("; turned by 1.5.3-image-background")
    assert lines[-1].startswith("1.5.3-image-background (jwst-1.5.3) turned 2 associations: ")


def test_a_timeline_of_an_exposure(audit: Command) -> None:
    (document, csv_rows, lines) = (
        audit("timeline", f"{stem(2)}_uncal.fits", "-f", form) for form in ("json", "csv", "jsonl")
    )
    found = json.loads(document.out)
    assert [(one["event"], one["turned_by"]) for one in found["events"]] == [
        ("first", []), ("changes", ["1.5.3-image-background"]),
    ]  # fmt: skip
    assert found["events"][1]["effective_from"] == "2022-06-30"
    (turned,) = found["by_change"]
    assert (turned["ruleset"], turned["associations"]) == ("jwst-1.5.3", 1)
    assert [json.loads(line) for line in lines.out.splitlines()] == found["events"]
    assert csv_rows.out.splitlines()[2].endswith(",1.5.3-image-background")


def test_a_timeline_of_what_is_not_there(audit: Command) -> None:
    audit("timeline", f"{stem(7)}_uncal.fits").assert_error(3, f"{stem(6)}_uncal.fits")
    audit("timeline", "9").assert_error(3, "no run 9")
    audit("timeline", "4").assert_error(2, "the pool of run 4 is not on record")


# ------------------------------------------------------------------ what comes from outside


def test_no_control_character_of_the_record_is_printed(
    command: Callable[[str | None], Command], catalog: Engine, database_url: str, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", image(1))
    record(catalog, [pool], operator="red\x1b[31m")
    run = command(database_url)
    for arguments in (["runs"], ["run", "1"], ["exposure", stem(1)], ["association",
                      "jw04231-o001_image2_00001_asn"]):  # fmt: skip
        for output in ("table", "json", "jsonl"):
            result = run("audit", *arguments, "--format", output)
            result.assert_fine()
            assert "red" in result.out
            assert "\x1b" not in result.out


def test_names_of_users_are_no_sql(audit: Command) -> None:
    for name in ("' OR 1=1 --", "%", "_", "\\", "a\nb", "\x1b[31m"):
        result = audit("exposure", name)
        result.assert_error(3, "no exposure")
        assert "\x1b" not in result.err
        audit("association", name).assert_error(3, "no association")
        assert audit("runs", "--operator", name, "--pool", name, "-f", "json").json == []


def test_what_is_no_text_is_refused(audit: Command) -> None:
    for arguments in (["exposure"], ["association"], ["runs", "--operator"], ["runs", "--pool"]):
        audit(*arguments, "a\udcff").assert_error(2, "'a\\udcff'", "UTF-8")
