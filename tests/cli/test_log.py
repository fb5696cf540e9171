"""`--log-format json`: what stderr is, line by line."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from asnrules.cli import messages
from asnrules.cli.messages import progress_bar
from asnrules.util.process import INTERRUPTED, interrupted_line
from asnrules.util.process import LOG_FORMAT_VARIABLE as VARIABLE
from cli.conftest import Command, Process, Result
from cli.small_pools import nrc_image, write_pool

SECRET = "hush-hush"
UNREACHABLE = f"postgresql://someone:{SECRET}@127.0.0.1:1/rules?sslpassword={SECRET}"


def log(result: Result) -> list[dict[str, Any]]:
    """Give the lines of stderr, each of which has to be one of the log."""
    lines = [json.loads(line) for line in result.err.splitlines()]
    for line in lines:
        assert list(line)[:4] == ["time", "level", "event", "message"]
        moment = dt.datetime.fromisoformat(line["time"])
        assert moment.utcoffset() == dt.timedelta()
        assert abs(moment - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
    return lines


def events(result: Result) -> list[str]:
    return [line["event"] for line in log(result)]


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(
        tmp_path / "pool.csv", nrc_image(1), nrc_image(2, exp_type="nrc_dark"),
        nrc_image(3, asn_candidate="#!unexpanded"),
    )  # fmt: skip


def test_a_run_is_logged(asnrules_on_copy: Command, database_url: str, pool: str) -> None:
    arguments = ["generate", pool, "--no-files", "--format", "json"]
    result = asnrules_on_copy("--log-format", "json", *arguments)
    started, recorded, diagnostic, finished = log(result)
    assert [started["event"], finished["event"]] == ["started", "finished"]
    assert {name: recorded[name] for name in list(recorded)[6:]} == {
        "run_id": 1, "ruleset": "jwst-3.0.0", "exposures": 3, "associations": 1,
        "unassociated": 2, "files": 0,
    }  # fmt: skip
    assert (diagnostic["event"], diagnostic["level"]) == ("diagnostic", "warning")
    assert "template mark" in diagnostic["message"]
    assert diagnostic["run_id"] == 1
    assert finished["exit_code"] == 0
    assert 0 < finished["seconds"] < 600
    name = make_url(database_url).database if "://" in database_url else database_url
    for line in (started, recorded, diagnostic, finished):
        assert line["command"] == "generate"
        assert f"{name}?" in f"{line['database']}?"
    # What is data stays what it is.
    assert json.loads(result.out)["run_id"] == 1


def test_an_upgrade_is_logged(command: Callable[[str | None], Command], database_url: str) -> None:
    asnrules = command(database_url)
    _, upgraded, summary, finished = log(asnrules("--log-format=json", "db", "upgrade"))
    assert (upgraded["event"], upgraded["before"]) == ("upgraded", None)
    assert upgraded["after"] in summary["message"]
    assert "jwst-3.0.0" in upgraded["rulesets"]
    assert (finished["event"], finished["command"]) == ("finished", "db upgrade")
    # There is nothing to be upgraded then.
    again = asnrules("--log-format=json", "db", "upgrade")
    assert events(again) == ["started", "summary", "finished"]


def test_a_look_up_that_makes_the_file_says_so(
    command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    result = command(str(tmp_path / "new.db"))("--log-format", "json", "lookup", "NRS_IFU")
    assert events(result) == ["started", "upgraded", "finished"]
    assert len(result.out.splitlines()) == 5


def test_findings_are_no_error(asnrules_on_file: Command) -> None:
    arguments = ["rulesets", "diff", "2026-01-23", "2026-03-20"]
    result = asnrules_on_file("--log-format", "json", *arguments)
    assert result.code == 1
    assert events(result) == ["started", "summary", "finished"]
    assert log(result)[-1]["exit_code"] == 1
    assert result.out == asnrules_on_file(*arguments).out


def test_verify_gives_numbers(asnrules_on_copy: Command, pool: str) -> None:
    asnrules_on_copy("generate", pool, "--no-files")
    result = asnrules_on_copy("--log-format", "json", "audit", "verify")
    _, counts, last, _ = log(result)
    # A pool, three exposures of two kinds, the run's pool, three decisions, an association with a
    # member.
    assert (counts["runs"], counts["rows"], counts["findings"]) == (1, 12, 0)
    assert (last["run_id"], len(last["digest"])) == (1, 64)


def test_what_is_refused_is_logged_one_by_one(asnrules_on_copy: Command, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"bad{number}_asn.json").write_text("{")
    result = asnrules_on_copy("--log-format", "json", "audit", "import", str(tmp_path))
    refused = [line for line in log(result) if line["event"] == "refused"]
    assert ["bad1" in refused[0]["message"], "bad2" in refused[1]["message"]] == [True, True]
    last = log(result)[-1]
    assert last["exit_code"] == result.code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "command_"),
    [
        (["lookup", "NRS_IFUU"], 3, "lookup"),
        (["generate", "none.csv"], 2, "generate"),
        (["sql", "DELETE FROM keywords"], 2, "sql"),
        (["--database", UNREACHABLE, "audit", "verify"], 4, "audit verify"),
        (["--database", UNREACHABLE, "db", "upgrade"], 4, "db upgrade"),
        (["--database", f"mysql://someone:{SECRET}@host/rules", "lookup"], 2, "lookup"),
    ],
)
def test_an_error_ends_the_log(
    asnrules_on_file: Command, arguments: list[str], code: int, command_: str
) -> None:
    result = asnrules_on_file("--log-format", "json", *arguments)
    assert (result.code, result.out) == (code, "")
    assert events(result) == ["started", "error"]
    last = log(result)[-1]
    assert (last["level"], last["exit_code"], last["command"]) == ("error", code, command_)
    assert SECRET not in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["--nothing"],
        ["lookup", "--nothing"],
        ["lookup", "--format", "xml"],
        ["generate"],
        ["audit"],
        ["--database", "x.db", "audit", "nothing"],
        [],
    ],
)
def test_wrong_use_is_one_line_as_well(asnrules_on_file: Command, arguments: list[str]) -> None:
    for words in (["--log-format", "json"], ["--log-format=text", "--log-format=json"]):
        result = asnrules_on_file(*words, *arguments)
        assert (result.code, result.out) == (2, "")
        (line,) = log(result)
        assert (line["event"], line["exit_code"]) == ("error", 2)
        assert re.search(r"; see asnrules( audit| generate| lookup)? --help$", line["message"])


def test_help_and_version_are_no_log(asnrules_on_file: Command) -> None:
    for arguments in (["--version"], ["--help"], ["audit", "verify", "--help"]):
        asnrules_on_file("--log-format", "json", *arguments).assert_fine()


def test_control_characters_are_written_as_json(asnrules_on_file: Command) -> None:
    result = asnrules_on_file("--log-format", "json", "lookup", "é\x1b[31m\x7f")
    assert result.err.isascii()
    assert "\x7f" not in result.err
    assert "\x1b" not in result.err
    assert log(result)[-1]["exit_code"] == 3


# ------------------------------------------------------------------ which one


def test_the_option_comes_before_the_variable(process: Process) -> None:
    variable = {VARIABLE: "json"}
    assert events(process("lookup", "NRS_IFU", **variable)) == ["started", "finished"]
    process("--log-format", "text", "lookup", "NRS_IFU", **variable).assert_fine()
    # Words after the command are the command's.
    result = process("classify", "EXP_TYPE=MIR_IMAGE", "--log-format", "json")
    result.assert_error(2, "--log-format")


def test_a_format_that_there_is_not_is_refused(process: Process) -> None:
    process("--log-format", "xml", "lookup").assert_error(2, "'xml'", "'text', 'json'")
    process("lookup", **{VARIABLE: "xml"}).assert_error(2, VARIABLE)


def test_a_terminal_gets_no_progress_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for words, is_shown in (([], True), (["--log-format", "json"], False)):
        monkeypatch.setattr(sys, "argv", ["asnrules", *words])
        with messages.speaking(), progress_bar() as progress:
            assert (progress is not None) is is_shown


# ------------------------------------------------------------------ what nobody foresees

FOREIGN = """
import logging, sys, warnings
sys.argv = ["asnrules", "--log-format", "json"]
from asnrules.cli import messages
with messages.speaking():
    warnings.simplefilter("always")
    warnings.warn("this is old")
    logging.getLogger("some.library").error("this is broken")
    logging.getLogger("some.library").info("this is chatter")
    print("this is no log", "at all", file=sys.stderr)
    {}["missing"]
"""


def test_libraries_and_bugs_are_in_the_log_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FOREIGN], capture_output=True, text=True, env=os.environ, check=False
    )
    warning, library, written, bug = log(Result(done.returncode, done.stdout, done.stderr))
    assert (warning["logger"], warning["level"]) == ("py.warnings", "warning")
    assert "this is old" in warning["message"]
    assert (library["event"], library["logger"]) == ("log", "some.library")
    assert library["message"] == "this is broken"
    assert (written["logger"], written["message"]) == ("stderr", "this is no log at all")
    assert (bug["event"], bug["exit_code"], done.returncode) == ("error", 1, 1)
    assert bug["traceback"].splitlines()[-1] == "KeyError: 'missing'"


def test_an_interrupt_while_it_starts_is_a_line_of_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["asnrules", "lookup"])
    assert interrupted_line(INTERRUPTED) == b"asnrules: interrupted\n"
    monkeypatch.setenv(VARIABLE, "json")
    (line,) = log(Result(INTERRUPTED, "", interrupted_line(INTERRUPTED).decode()))
    assert (line["event"], line["exit_code"]) == ("error", 130)
