"""`-`: standard input where something is read, standard output where one file is written."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from cli.conftest import Command, Result
from cli.small_pools import nrc_image, pool_text, write_pool
from recorded import fill_ledger

EXPOSURE = nrc_image(1)
POOL = pool_text(EXPOSURE, nrc_image(2))
NAME = "jw00001-o001_image2_00001_asn"


@pytest.fixture
def given(
    monkeypatch: pytest.MonkeyPatch, asnrules_on_file: Command, tmp_path: Path
) -> Callable[..., Result]:
    """Give a function that runs a command in an empty folder, with a text as standard input."""
    monkeypatch.chdir(tmp_path)

    def run(text: str, *arguments: str) -> Result:
        stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", stream)
        return asnrules_on_file(*arguments)

    return run


@pytest.mark.parametrize(
    ("arguments", "exposures"),
    [(["generate", "-", "--dry-run", "-f", "json"], 2), (["classify", "-", "-f", "json"], 2)],
)
def test_a_pool_comes_in(
    given: Callable[..., Result], arguments: list[str], exposures: int
) -> None:
    answer = given(POOL, *arguments).json
    assert (answer["exposures"] if isinstance(answer, dict) else len(answer)) == exposures


def test_why_reads_a_pool(given: Callable[..., Result]) -> None:
    assert given(POOL, "why", "-", EXPOSURE["filename"]).out.startswith(EXPOSURE["filename"])


def test_a_query_comes_in(given: Callable[..., Result]) -> None:
    assert given("SELECT 1 AS one,\n2 AS two", "sql", "-", "-f", "csv").out == "one,two\n1,2\n"
    given("", "sql", "-").assert_error(2, "give one SELECT")


def test_standard_input_is_read_once(given: Callable[..., Result]) -> None:
    given(POOL, "generate", "-", "-", "--dry-run").assert_error(2, "give it once")


def test_a_page_goes_out_and_comes_in(
    asnrules_on_copy: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = asnrules_on_copy("rulesets", "export", "2026-03-20", "-")
    page.assert_fine()
    stream = io.TextIOWrapper(io.BytesIO(page.out.encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stream)

    result = asnrules_on_copy("rulesets", "import", "-", "--label", "again", "-f", "json")

    assert json.loads(result.out)[0]["rows"] == 75
    asnrules_on_copy("rulesets", "diff", "2026-03-20", "again")
    rows = [
        asnrules_on_copy("lookup", "--ruleset", label, "-f", "json").json
        for label in ("2026-03-20", "again")
    ]
    assert [{**row, "ruleset": "again"} for row in rows[0]] == rows[1]


def test_a_page_that_is_none_is_named(given: Callable[..., Result]) -> None:
    given("no table\n", "rulesets", "import", "-", "--label", "x").assert_error(2, "stdin: ")
    given("", "rulesets", "export", "jwst-3.0.0", "-").assert_error(2, "export it into a folder")


def test_parquet_goes_out(
    given: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8"))
    assert given(POOL, "classify", "-", "-f", "parquet", "--output", "-").code == 0
    assert pyarrow.parquet.read_table(io.BytesIO(written.getvalue())).num_rows == 2
    assert list(tmp_path.iterdir()) == []


def test_the_record_and_a_report_go_out(
    command: Callable[[str | None], Command],
    templates: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    database = templates.get("sqlite", "ledger", lambda engine: fill_ledger(engine, tmp_path))
    exported = command(database)("audit", "export", "--output", "-")
    exported.assert_fine()
    assert all(json.loads(line) for line in exported.out.splitlines())
    report = command(database)("audit", "report", "1", "--output", "-")
    report.assert_fine()
    assert report.out.startswith("<!")
    assert list(tmp_path.glob("-*")) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "pool.csv", "--output", "-"],
        ["generate", "pool.csv", "--save-orphans", "-"],
        ["rulesets", "impact", "jwst-3.0.0", "--output", "-"],
    ],
)
def test_what_is_no_stream_is_refused(
    given: Callable[..., Result], tmp_path: Path, arguments: list[str]
) -> None:
    write_pool(tmp_path / "pool.csv", EXPOSURE)
    given("", *arguments).assert_error(2, "--format json")
    assert [path.name for path in tmp_path.iterdir()] == ["pool.csv"]


def test_an_association_has_the_name_of_a_file(given: Callable[..., Result]) -> None:
    given("{}", "audit", "import", "-").assert_error(2, "give files", "--pool -")
