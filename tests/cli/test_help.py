"""What every command prints as its help, and whether its examples hold."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

import commands
import shown
from asnrules.cli import BEFORE
from asnrules.cli.app import app
from asnrules.cli.help import EXAMPLES, SEE_ALSO, read_sections
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from pools.fits_files import image_name, write_fits

pytestmark = pytest.mark.usefixtures("read_once")

EVERYTHING = {one.path: one for one in commands.walk()}
SECTIONS = {path: read_sections(one.command.help)[1] for path, one in EVERYTHING.items()}
EXAMPLE_LINES = [
    (path, line) for path, sections in SECTIONS.items() for line in sections.get(EXAMPLES, [])
]


def test_there_are_all_commands() -> None:
    assert len(EVERYTHING) > 30
    assert {"asnrules", "asnrules audit", "asnrules audit run", "asnrules why"} <= set(EVERYTHING)


@pytest.mark.parametrize("path", EVERYTHING)
def test_help_has_examples_and_fits_a_terminal(
    asnrules_on_file: Command, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = asnrules_on_file(*path.split()[1:], "--help")
    result.assert_fine()

    lines = result.out.splitlines()
    assert lines[0].startswith(f"Usage: {path} ")
    assert max(map(len, lines)) <= 80
    examples = [line.strip() for line in lines[lines.index("Examples:") + 1 :]]
    assert any(re.search(rf"(^|\| ){path}( |$)", line) for line in examples)
    assert "----" not in result.out


@pytest.mark.parametrize("path", EVERYTHING)
def test_help_leads_on(path: str) -> None:
    names = ", ".join(SECTIONS[path].get(SEE_ALSO, [])).split(", ")
    assert names != [""] or path == "asnrules"
    assert [name for name in names if name and f"asnrules {name}" not in EVERYTHING] == []


@pytest.mark.parametrize("path", EVERYTHING)
def test_exit_codes_are_those_of_all_commands(path: str) -> None:
    codes = [line.split(": ")[0] for line in SECTIONS[path].get("Exit Codes", [])]
    assert set(codes) <= {"0", "1", "2", "3", "4", "130"}
    if path == "asnrules":
        assert len(codes) == 6


def test_docs_cli_is_what_the_help_says() -> None:
    """`python tests/commands.py` renews it."""
    assert commands.DOCUMENT.read_text() == commands.documented()


# ------------------------------------------------------------------ examples


PREPARED = """
import sys
from contextlib import redirect_stdout
from asnrules.cli import main

for line in (
    "generate jw01234_pool.csv --output associations",
    "generate jw01234_pool.csv --output associations",
    "audit digest --format json",
    "rulesets export jwst-3.0.0 my-rules",
    "rulesets export 2026-03-20 page.rst",
    "rulesets import my-rules --label my-rules --effective-from 2026-10-01",
    "rulesets import page.rst --label 2026-09-01",
    "rulesets import page.rst --label old-rules",
):
    sys.argv = ["asnrules", *line.split()]
    with open(f"{line.split()[1]}.txt", "w") as said, redirect_stdout(said):
        try:
            main()
        except SystemExit as done:
            assert not done.code, line
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, templates: Any) -> Path:
    """Give a folder with all that the examples name, and a record of two runs."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copyfile(templates.seeded("sqlite"), folder / "catalog.db")
    one, other = (
        nrc_image(number, filename=image_name(number), program="1234") for number in (1, 2)
    )
    pool = Path(write_pool(folder / "jw01234_pool.csv", one, other))
    (folder / "jw01234_pool.csv.gz").write_bytes(gzip.compress(pool.read_bytes()))
    (folder / "exposures").mkdir()
    for observation in (1, 2):
        write_fits(folder / "exposures" / image_name(1, observation))
    (folder / "query.sql").write_text("SELECT COUNT(*) FROM v_rulesets")
    done = subprocess.run(
        [sys.executable, "-c", PREPARED],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    digest = json.loads((folder / "digest.txt").read_text())[0]["digest"]
    (folder / "head-of-march.txt").write_text(f"{digest}\n")
    return folder


def _environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        # xargs and the like look for it there.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "ASNRULES_DATABASE": str(folder / "catalog.db"),
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
    }


@pytest.fixture
def run_at(
    command: Callable[[str | None], Command], monkeypatch: pytest.MonkeyPatch
) -> Callable[[Path, str], tuple[int, str]]:
    """Give a function that runs a line in a folder, and gives its exit code and what it says."""

    def run(folder: Path, line: str) -> tuple[int, str]:
        monkeypatch.chdir(folder)
        for name, value in _environment(folder).items():
            monkeypatch.setenv(name, value)
        if shown.SHELL.search(line):
            function = f'asnrules() {{ {shlex.quote(sys.executable)} -m asnrules "$@"; }}'
            done = subprocess.run(
                ["bash", "-c", f"set -o pipefail\n{function}\n{line}"],
                capture_output=True,
                check=False,
            )
            return done.returncode, done.stderr.decode()
        result = command(str(folder / "catalog.db"))(*shown.words(line)[1:])
        return result.code, result.err

    return run


@pytest.mark.parametrize(("path", "line"), EXAMPLE_LINES)
def test_an_example_does_what_it_says(
    run_at: Callable[[Path, str], tuple[int, str]], desk: Path, path: str, line: str
) -> None:
    if any(word in line for word in ("browse", "db.example.org", "conform")):
        # It would serve until it is interrupted, or look for a server or another environment: it is
        # understood, at least.
        line += " --help"
    code, said = run_at(desk, line)

    found = any(one.startswith("1: ") for one in SECTIONS[path].get("Exit Codes", []))
    assert code in ({0, 1} if found and path != "asnrules" else {0}), said


# ------------------------------------------------------------------ commands that are not called


@pytest.mark.parametrize(
    ("words", "name", "below"),
    [
        ("lookup NRS_IFU", "lookup", None),
        ("--database generate lookup", "lookup", None),
        ("--database=generate --log-format json audit runs", "audit", {"runs"}),
        ("audit --help", "audit", {path.split()[2] for path in EVERYTHING if "audit " in path}),
    ],
)
def test_a_command_that_is_called_is_made_alone(
    words: str, name: str, below: set[str] | None
) -> None:
    made: Any = typer.main.get_command(app.narrowed(words.split(), BEFORE))
    assert set(made.commands) == {name}
    assert below is None or set(made.commands[name].commands) == below


@pytest.mark.parametrize(
    "words", ["", "--help lookup", "lokup", "--version", "-- db", "--database"]
)
def test_all_commands_are_made_where_none_is_called(words: str) -> None:
    assert app.narrowed(words.split(), BEFORE) is app
