"""`asnrules audit report` and `asnrules browse` on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.conftest import Command


@pytest.fixture
def asnrules(command: Callable[[str | None], Command], ledger_database: str) -> Command:
    """Give the command, on the ledger of tests/recorded.py."""
    return command(ledger_database)


def test_a_page_is_written(asnrules: Command, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    done = asnrules("audit", "report", "1", "--output", str(path))
    size = path.stat().st_size
    assert (done.code, done.out) == (0, "")
    assert done.err == f"{path}: run 1, {size:,} bytes\n"
    assert path.read_text().startswith("<!DOCTYPE html>\n")


def test_a_page_is_printed(asnrules: Command, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    asnrules("audit", "report", "1", "--output", str(path))
    done = asnrules("audit", "report", "1", "--output", "-")
    assert (done.code, done.err) == (0, "")
    assert done.out == path.read_text()


def test_a_file_that_is_there_stays(asnrules: Command, tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    path.write_text("mine")
    asnrules("audit", "report", "1", "--output", str(path)).assert_error(
        2, str(path), "--overwrite"
    )
    assert path.read_text() == "mine"
    assert asnrules("audit", "report", "1", "--output", str(path), "--overwrite").code == 0
    assert path.read_text() != "mine"


def test_a_folder_that_is_not_there(asnrules: Command, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "run.html"
    done = asnrules("audit", "report", "1", "--output", str(path))
    done.assert_error(2, str(path), "No such file", "name another")


@pytest.mark.parametrize("run", ["99", "0", "99999999999999999999"])
def test_there_is_no_such_run(asnrules: Command, tmp_path: Path, run: str) -> None:
    done = asnrules("audit", "report", run, "--output", str(tmp_path / "run.html"))
    done.assert_error(3, f"no run {run} on record", "the last is 5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_browse_says_what_else_there_is_for_postgresql(asnrules: Command) -> None:
    asnrules("browse", "--no-open").assert_error(
        2, "not PostgreSQL", "asnrules sql", "asnrules audit report", "asnrules_reader"
    )


def test_a_port_that_is_none(asnrules: Command) -> None:
    asnrules("browse", "--port", "70000").assert_error(2, "--port", "70000")
