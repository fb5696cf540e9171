"""What all commands have in common: help, versions, the database, errors, and how fast they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.conftest import Command, Process

COMMANDS = ["lookup", "classify", "generate", "sql", "rulesets", "db"]


def test_help_names_the_commands(process: Process) -> None:
    result = process("--help")
    result.assert_fine()
    assert result.out.startswith("Usage: asnrules [OPTIONS] COMMAND")
    listed = {line.split()[0] for line in result.out.splitlines() if line.startswith("  ")}
    assert listed.issuperset(COMMANDS)


def test_without_arguments_it_prints_help(process: Process) -> None:
    result = process()
    assert result.out + result.err == process("--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(asnrules_on_file: Command, name: str) -> None:
    result = asnrules_on_file(name, "--help")
    result.assert_fine()
    assert result.out.startswith(f"Usage: asnrules {name} ")


def test_version(process: Process) -> None:
    result = process("--version")
    result.assert_fine()
    assert result.out == f"asnrules {version('asnrules')}\n"


# ------------------------------------------------------------------ processes, end to end


def test_data_go_to_stdout(process: Process) -> None:
    result = process("lookup", "NRC_DARK", "--format", "csv")
    result.assert_fine()
    assert result.out == (
        "ruleset,exp_type,instrument,member_type,special,asn_type,pipeline,footnote\n"
        "2026-03-20,NRC_DARK,NIRCAM,dark,N/A,N/A,N/A,\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["lookup", "NRS_IFUU"], 3),
        (["lookup", "--as-of", "soon"], 2),
        (["generate", "none.csv"], 2),
        (["sql", "DELETE FROM keywords"], 2),
        (["--database", "postgresql://someone:hush@127.0.0.1:1/rules", "lookup"], 4),
    ],
)
def test_errors_are_one_line_on_stderr(process: Process, arguments: list[str], code: int) -> None:
    process(*arguments).assert_error(code)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["nothing"], "nothing"),
        (["lookup", "--nothing"], "--nothing"),
        (["lookup", "--format", "xml"], "xml"),
        (["classify"], "KEYWORD=VALUE"),
        (["generate"], "POOL"),
        (["rulesets", "show"], "LABEL"),
    ],
)
def test_wrong_use_is_one_line_as_well(
    asnrules_on_file: Command, arguments: list[str], word: str
) -> None:
    asnrules_on_file(*arguments).assert_error(2, word)


def test_a_reader_that_goes_away_is_no_trouble(kept_file: str) -> None:
    query = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 100000) "
        "SELECT x FROM n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "asnrules", "sql", query, "--format", "csv"],
        env={**os.environ, "ASNRULES_DATABASE": kept_file},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline() == "x\n"
        running.stdout.close()
        assert running.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_one_line(kept_file: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "asnrules", "--database", kept_file, "lookup"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode != 0
    assert done.stderr.startswith("asnrules: ")
    assert len(done.stderr.splitlines()) == 1


def test_an_output_that_cannot_show_a_letter_is_no_trouble(process: Process) -> None:
    arguments = ["classify", "EXP_TYPE=MIR_IMAGE", "FILENAME=é.fits", "--format", "csv"]
    result = process(*arguments, PYTHONIOENCODING="ascii")
    result.assert_fine()
    assert "MIR_IMAGE" in result.out


# ------------------------------------------------------------------ which database


def is_catalog(path: Path) -> bool:
    return path.is_file() and path.read_bytes().startswith(b"SQLite format 3\0")


def test_the_option_comes_before_the_variable(
    command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    named, other = tmp_path / "named.db", tmp_path / "other.db"
    rows = command(str(other))("--database", str(named), "lookup", "--format", "json").json
    assert len(rows) == 75
    assert is_catalog(named)
    assert not other.exists()


def test_a_database_named_after_the_command_is_told_its_place(asnrules_on_file: Command) -> None:
    result = asnrules_on_file("lookup", "NRS_IFU", "--database", "rules.db")
    result.assert_error(2, "it comes before the command, asnrules --database URL COMMAND")


def test_a_url_and_a_path_name_the_same_file(
    command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    path = tmp_path / "a folder to be made" / "rules.db"
    assert len(command(f"sqlite:///{path}")("lookup", "--format", "json").json) == 75
    assert is_catalog(path)
    (row,) = command(str(path))("db", "current", "--format", "json").json
    assert (row["database"], row["revision"]) == (str(path), row["program"])


def test_the_default_is_a_file_in_the_data_folder_of_the_user(
    process: Process, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    variables = {"ASNRULES_DATABASE": None, "XDG_DATA_HOME": str(data), "HOME": str(tmp_path)}
    result = process("lookup", "NRS_IFU", **variables)
    result.assert_fine()
    assert [path.name for path in tmp_path.rglob("*.db")] == ["asnrules.db"]


def test_an_empty_variable_is_as_good_as_none(process: Process, tmp_path: Path) -> None:
    variables = {"ASNRULES_DATABASE": "", "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    process("lookup", "NRS_IFU", **variables).assert_fine()
    assert [path.name for path in tmp_path.rglob("*.db")] == ["asnrules.db"]


def test_without_a_home_folder_it_works_or_says_so(process: Process, tmp_path: Path) -> None:
    result = process("db", "current", ASNRULES_DATABASE=None, XDG_DATA_HOME=None, HOME="")
    if result.code:
        result.assert_error(2, "home folder", "--database")
    else:
        # The user database knows a home: then it is there that the file is looked for.
        result.assert_fine()
        assert "asnrules.db" in result.out
    assert list(tmp_path.rglob("*.db")) == []


# ------------------------------------------------------------------ what a look-up does without

HEAVY = ["alembic", "rich", "pydantic", "sqlalchemy.orm", "docutils", "astropy", "hypothesis"]
LOOK_UP = """
import sys
from asnrules.cli import main
sys.argv = ["asnrules", "lookup", "NRS_IFU"]
try:
    main()
except SystemExit as done:
    assert not done.code, done.code
for name in sys.modules:
    print(name, file=sys.stderr)
"""


def test_a_look_up_imports_nothing_heavy(kept_file: str, process: Process) -> None:
    process("lookup").assert_fine()  # The database is there, and at the head of its schema.
    done = subprocess.run(
        [sys.executable, "-c", LOOK_UP],
        capture_output=True,
        text=True,
        env={"ASNRULES_DATABASE": kept_file},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 5
    modules = set(done.stderr.split())
    assert "asnrules.catalog.look_up" in modules
    assert modules.isdisjoint(HEAVY)
