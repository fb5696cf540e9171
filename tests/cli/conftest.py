"""The command line: in this process for the many small cases, as a process of its own for some."""

from __future__ import annotations

import csv
import functools
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from asnrules.catalog.open import upgrade_catalog
from asnrules.cli import main


@dataclass(frozen=True)
class Result:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        self.assert_fine()
        return json.loads(self.out)

    @property
    def jsonl(self) -> list[Any]:
        self.assert_fine()
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def csv(self) -> list[dict[str, str]]:
        self.assert_fine()
        return list(csv.DictReader(io.StringIO(self.out)))

    @property
    def table(self) -> list[list[str]]:
        """The cells of the rows under the header; none of them may be empty or hold two blanks."""
        self.assert_fine()
        return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in self.lines]

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()[2:]

    def assert_fine(self) -> None:
        assert (self.code, self.err) == (0, "")

    def assert_error(self, code: int, *words: str) -> None:
        """Check that it is one line on stderr, with these words in it, and nothing on stdout."""
        assert (self.code, self.out) == (code, ""), self.err
        assert self.err.startswith("asnrules: ")
        assert self.err.endswith("\n")
        assert len(self.err.splitlines()) == 1
        for word in words:
            assert word in self.err


Command = Callable[..., Result]

tree_of = functools.cache(typer.main.get_command)
"""typer makes the tree of all commands anew for each call, which takes longer than most of them."""


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str | None], Command]:
    """Give a function that gives the command `asnrules` for a database."""

    def for_database(database: str | None) -> Command:
        def run(*arguments: str) -> Result:
            if database is None:
                monkeypatch.delenv("ASNRULES_DATABASE", raising=False)
            else:
                monkeypatch.setenv("ASNRULES_DATABASE", database)
            monkeypatch.setattr(sys, "argv", ["asnrules", *arguments])
            monkeypatch.setattr(typer.main, "get_command", tree_of)
            capsys.readouterr()
            code = 0
            try:
                main()
            except SystemExit as done:
                code = int(done.code or 0)
            out, err = capsys.readouterr()
            return Result(code, out, err)

        return run

    return for_database


@pytest.fixture
def kept_database(engine_name: str, templates: Any) -> str:
    """Give a catalog of each engine in turn, shared by the tests that change nothing."""
    database: str = templates.get(engine_name, "kept by tests/cli", upgrade_catalog)
    return database


@pytest.fixture
def kept_file(templates: Any) -> str:
    """Give the one of SQLite, for tests in which the database does not matter."""
    database: str = templates.get("sqlite", "kept by tests/cli", upgrade_catalog)
    return database


@pytest.fixture
def asnrules(
    command: Callable[[str | None], Command], kept_database: str, read_once: None
) -> Command:
    """Give the command, on a catalog that the test leaves as it is."""
    return command(kept_database)


@pytest.fixture
def asnrules_on_file(
    command: Callable[[str | None], Command], kept_file: str, read_once: None
) -> Command:
    """Give the command, on a catalog in an SQLite file that the test leaves as it is."""
    return command(kept_file)


@pytest.fixture
def asnrules_on_copy(
    command: Callable[[str | None], Command], catalog: object, database_url: str, read_once: None
) -> Command:
    """Give the command, on a catalog of the test's own, of each engine in turn."""
    assert catalog
    return command(database_url)


Process = Callable[..., Result]


@pytest.fixture
def process(kept_file: str, tmp_path: Path) -> Process:
    """Give a function that runs `python -m asnrules` as a process, in the test's folder."""

    def run(*arguments: str, stdin: str = "", **environment: str | None) -> Result:
        variables: dict[str, str | None] = {
            **os.environ, "ASNRULES_DATABASE": kept_file, "NO_COLOR": "1", **environment,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "asnrules", *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={name: value for name, value in variables.items() if value is not None},
            check=False,
            timeout=120,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run
