"""Dates that users give: as YYYY-MM-DD, in every option and in Python, and in no other way."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from asnrules import Catalog, RunFilter
from asnrules.cli.app import app
from asnrules.errors import UsageError
from asnrules.util.text import read_day
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool

NONE = [
    "20260131",
    "2026-W05-6",
    "2026W056",
    "2026-031",
    "2026-1-31",
    "2026-01-3",
    "26-01-31",
    "٢٠٢٦-٠١-٣١",  # noqa: RUF001 - digits of another script
    "2026‐01‐31",  # noqa: RUF001 - hyphens of another kind
    " 2026-01-31",
    "2026-01-31 ",
    "2026-01-31\n",
    "2026-01-31T00:00",
    "2026-01-31 00:00:00",
    "2026-01-31Z",
    "0000-01-01",
    "10000-01-01",
    "-2026-01-31",
    "+2026-01-31",
    "2026-00-10",
    "2026-02-30",
    "2026/01/31",
    "31.01.2026",
    "today",
    "",
    "2026-01-31" * 1000,
]


def date_options() -> Iterator[tuple[str, str]]:
    """Give each command with an option that takes a date, found by what its help calls it."""

    def commands(group: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, one in group.commands.items():
            if hasattr(one, "commands"):
                yield from commands(one, f"{path}{name} ")
            else:
                yield f"{path}{name}", one

    for path, one in commands(typer.main.get_command(app), ""):
        for parameter in one.params:
            if parameter.metavar == "DATE":
                yield path, parameter.opts[0]


ARGUMENTS = {
    "classify": ["EXP_TYPE=NRS_IFU"],
    "generate": ["pool.csv"],
    "candidates": ["pool.csv"],
    "why": ["pool.csv", "a.fits"],
    "rulesets import": ["folder"],
    "rulesets publish": ["draft"],
    "rulesets impact": ["draft"],
    "audit import": ["file.json"],
    "rulesets blame": ["item"],
}


def test_all_options_are_looked_at() -> None:
    found = list(date_options())
    assert len(found) >= 14
    assert {path for path, option in found if option == "--as-of"} == {
        "lookup", "classify", "generate", "candidates", "why", "audit import", "rulesets blame"
    }  # fmt: skip


@pytest.mark.parametrize(("path", "option"), list(date_options()))
@pytest.mark.parametrize("text", ["20260131", "2026-W05-6", "2026-01-31T00:00"])
def test_other_spellings_are_refused(
    asnrules_on_file: Command, path: str, option: str, text: str
) -> None:
    result = asnrules_on_file(*path.split(), *ARGUMENTS.get(path, []), option, text)
    result.assert_error(2, f"{option}: '{text}'", "2026-01-31")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_date_is_one_short_line(text: str) -> None:
    with pytest.raises(UsageError) as error:
        read_day("--as-of", text)
    assert len(str(error.value)) < 200
    assert str(error.value).isprintable()


@given(st.dates())
def test_a_date_is_read_as_it_is_written(day: dt.date) -> None:
    text = f"{day.year:04}-{day.month:02}-{day.day:02}"
    assert read_day("--as-of", text) == day


@given(st.text(alphabet="0123456789-W T:.Z", max_size=12))
def test_nothing_else_is_a_date(text: str) -> None:
    try:
        day = read_day("--since", text)
    except UsageError:
        return
    assert day is not None
    assert text == f"{day.year:04}-{day.month:02}-{day.day:02}"


@pytest.mark.parametrize(
    ("day", "tag"),
    [("2026-04-20", "jwst-2.0.0 counts as in force from 2026-04-13, the day of a tag"),
     ("2022-08-15", "")],
)  # fmt: skip
def test_what_rests_on_the_day_of_a_tag_says_so(
    asnrules_on_file: Command, tmp_path: Path, day: str, tag: str
) -> None:
    exposure = nrc_image()
    pool = write_pool(tmp_path / "pool.csv", exposure)
    for words in (
        ("classify", "EXP_TYPE=NRC_IMAGE"),
        ("classify", pool),
        ("generate", pool, "--dry-run"),
        ("candidates", pool),
        ("why", pool, exposure["filename"]),
        ("rulesets", "blame", "NRC_IMAGE"),
    ):
        told = asnrules_on_file(*words, "--as-of", day)
        assert told.code == 0
        assert told.err.count("the day of a tag") == bool(tag)
        assert tag in told.err
        # By default it is what is in force today, by whatever.
        assert asnrules_on_file(*words).err == ""
    report = asnrules_on_file("generate", pool, "--dry-run", "--as-of", day, "--format", "json")
    assert [tag in line for line in json.loads(report.out)["diagnostics"]] == [True] * bool(tag)
    asnrules_on_file("lookup", "NRC_IMAGE", "--as-of", day).assert_fine()


def test_a_tag_is_on_record_and_no_difference_of_a_replay(
    asnrules_on_copy: Command, tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image())
    words = ("generate", pool, "--no-files")
    for number, (day, count) in enumerate([("2026-04-20", 1), ("2022-08-15", 0)], 1):
        assert asnrules_on_copy(*words, "--as-of", day).code == 0
        diagnostics = asnrules_on_copy("audit", "run", str(number), "-f", "json").json[
            "diagnostics"
        ]
        assert ["the day of a tag" in line for line in diagnostics] == [True] * count
        asnrules_on_copy("audit", "replay", str(number)).assert_fine()


def test_every_period_says_on_what_it_rests(asnrules_on_file: Command) -> None:
    releases = asnrules_on_file("rulesets", "releases", "-f", "csv").csv
    by_release = {row["release"]: row["goes_by"] for row in releases}
    for rows, name in (
        (asnrules_on_file("rulesets", "list", "-f", "csv").csv, "effective_from"),
        (asnrules_on_file("rulesets", "blame", "Asn_Lv2Spec", "-f", "csv").csv, "effective_from"),
        (asnrules_on_file("rulesets", "history", "NRS_MIMF", "-f", "csv").csv, "date"),
    ):
        rules = [row for row in rows if row["ruleset"].startswith("jwst-")]
        assert "tag" in {row["goes_by"] for row in rules}
        assert all(bool(row[name]) == (row["goes_by"] in {"operations", "tag"}) for row in rules)
        for row in rules:
            assert row["goes_by"] == by_release[row["ruleset"].removeprefix("jwst-")]


@pytest.mark.parametrize("day", [dt.datetime(2026, 1, 31, tzinfo=dt.UTC), 20260131])
def test_python_takes_no_times(kept_seeds: Any, day: Any) -> None:
    catalog = Catalog(kept_seeds)
    calls: list[Callable[[], object]] = [
        lambda: catalog.lookup("NRS_IFU", as_of=day),
        lambda: catalog.classify({"exp_type": "NRS_IFU"}, as_of=day),
        lambda: catalog.audit.runs(RunFilter(since=day)),
        lambda: catalog.audit.runs(RunFilter(until=day)),
    ]
    for call in calls:
        with pytest.raises(UsageError, match=r"is not a datetime\.date"):
            call()
