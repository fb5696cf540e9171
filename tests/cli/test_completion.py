"""What shells complete: which words, for which option or argument, of which database."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer

import commands
from asnrules.catalog import store
from asnrules.catalog.open import connect_catalog
from asnrules.cli.app import app
from asnrules.cli.completion import answer
from asnrules.database.engines import transaction
from cli.conftest import Command, Process
from labels import RULES
from labels import TABLES as RULESETS
from recorded import LATER_NAME, NEXT, POOL_NAME, fill_ledger, next_ruleset

ROOT: Any = typer.main.get_command(app)
DRAFT = "my-draft"
EXECUTABLE = sorted(RULES)

TAKES = {
    ("asnrules lookup", "words"): "NRS_IFU",
    ("asnrules lookup", "ruleset"): "2026-03-20",
    ("asnrules lookup", "instrument"): "MIRI",
    ("asnrules lookup", "member_type"): "science",
    ("asnrules lookup", "special"): "IMPRINT",
    ("asnrules lookup", "asn_type"): "tso-spec2",
    ("asnrules lookup", "output"): "jsonl",
    ("asnrules classify", "ruleset"): "2026-03-20",
    ("asnrules classify", "format_"): "parquet",
    ("asnrules generate", "ruleset"): "jwst-3.0.0",
    ("asnrules candidates", "ruleset"): "jwst-3.0.0",
    ("asnrules why", "ruleset"): "jwst-3.0.0",
    ("asnrules rulesets show", "label"): "jwst-3.0.0",
    ("asnrules rulesets history", "exp_type"): "NRS_IFU",
    ("asnrules rulesets blame", "ruleset"): "jwst-3.0.0",
    ("asnrules rulesets import", "label"): DRAFT,
    ("asnrules rulesets export", "label"): "2026-03-20",
    ("asnrules rulesets publish", "label"): DRAFT,
    ("asnrules rulesets discard", "label"): DRAFT,
    ("asnrules rulesets check", "label"): "2026-03-20",
    ("asnrules rulesets diff", "before"): "2026-03-20",
    ("asnrules rulesets diff", "after"): "jwst-3.0.0",
    ("asnrules rulesets conform", "label"): "jwst-3.0.0",
    ("asnrules rulesets conform", "exp_types"): "NRS_MIMF",
    ("asnrules rulesets impact", "draft"): DRAFT,
    ("asnrules rulesets impact", "against"): "jwst-3.0.0",
    ("asnrules audit runs", "ruleset"): "jwst-3.0.0",
    ("asnrules audit runs", "origin"): "imported",
    ("asnrules audit run", "run_id"): "5",
    ("asnrules audit report", "run_id"): "5",
    ("asnrules audit diff", "before"): "5",
    ("asnrules audit diff", "after"): "1",
    ("asnrules audit replay", "run_ids"): "5",
    ("asnrules audit verify", "since"): "5",
    ("asnrules audit timeline", "what"): "5",
    ("asnrules audit replay", "ruleset"): "jwst-3.0.0",
    ("asnrules audit import", "ruleset"): "jwst-3.0.0",
    ("asnrules", "_show_completion"): "zsh",
}
"""What some options and arguments take: a word that has to be among those suggested."""


@pytest.fixture
def ledger_of(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Give a function that gives the ledger of tests/recorded.py, and a draft, on an engine."""

    def fill(engine: Any) -> None:
        fill_ledger(engine, tmp_path_factory.mktemp("pools"))
        with transaction(engine, writing=True) as connection:
            store.insert_draft(connection, next_ruleset(DRAFT))

    return lambda engine_name: templates.get(engine_name, "ledger-with-draft", fill)


@pytest.fixture
def database(engine_name: str, ledger_of: Callable[[str], str]) -> str:
    return ledger_of(engine_name)


@pytest.fixture
def ledger_file(ledger_of: Callable[[str], str]) -> str:
    return ledger_of("sqlite")


Offered = Callable[..., dict[str, str]]


@pytest.fixture
def complete_for(monkeypatch: pytest.MonkeyPatch) -> Offered:
    """Give a function that gives the words that zsh and fish offer, each with its note."""

    def after(database: object, *words: str) -> dict[str, str]:
        monkeypatch.setenv("ASNRULES_DATABASE", str(database))
        lines = answer(ROOT, "fish", words).splitlines()
        return dict(line.split("\t", 1) for line in lines)

    return after


@pytest.fixture
def complete(complete_for: Offered, database: str) -> Offered:
    """Give the same for the ledger, on each engine in turn."""
    return partial(complete_for, database)


@pytest.fixture
def complete_on_file(complete_for: Offered, kept_file: str) -> Offered:
    """Give the same for a catalog in an SQLite file, without runs."""
    return partial(complete_for, kept_file)


# ------------------------------------------------------------------ which options, which words


def test_every_option_and_argument_that_takes_such_a_word_completes_it(
    complete_for: Offered, ledger_file: str
) -> None:
    offered = {
        (one.path, parameter.name): list(complete_for(ledger_file, *_before(one, parameter), ""))
        for one in commands.walk()
        for parameter in one.command.params
        if (one.path, parameter.name) in TAKES or _takes_a_known_word(parameter)
    }

    assert offered.keys() == TAKES.keys()
    assert {place: TAKES[place] in words for place, words in offered.items()} == dict.fromkeys(
        TAKES, True
    )


def _takes_a_known_word(parameter: Any) -> bool:
    """Tell by its name, or by how help calls what it takes."""
    metavar = str(parameter.metavar).strip("[].")
    return metavar in {"EXP_TYPE", "LABEL", "DRAFT", "RUN"} or bool(
        re.search("ruleset|label|exp_type|run_id", parameter.name)
    )


def _before(one: commands.Described, parameter: Any) -> list[str]:
    words = one.path.split()[1:]
    if parameter.param_type_name == "option":
        return [*words, parameter.opts[0]]
    arguments = [each for each in one.command.params if each.param_type_name == "argument"]
    return [*words, *["x"] * arguments.index(parameter)]


def test_rulesets_are_of_the_kind_that_a_command_takes(
    complete: Offered,
) -> None:
    assert list(complete("lookup", "--ruleset", "")) == RULESETS
    executable = [*EXECUTABLE, NEXT, DRAFT]
    assert list(complete("generate", "--ruleset", "")) == executable
    assert list(complete("rulesets", "show", "")) == [*RULESETS, *executable]
    assert list(complete("rulesets", "publish", "")) == [DRAFT]
    assert complete("rulesets", "publish", "my")[DRAFT].startswith("draft: ")


def test_runs_are_the_latest_first_and_say_what_they_are(
    complete: Offered,
) -> None:
    assert complete("audit", "run", "") == {
        "5": f"2026-12-03 12:00:00 {POOL_NAME}",
        "4": "2026-12-02 12:00:00 imported",
        "3": f"2026-12-01 09:00:00 {POOL_NAME}",
        "2": f"2026-11-05 16:00:00 {LATER_NAME}",
        "1": f"2026-11-05 10:15:00 {POOL_NAME}",
    }
    assert list(complete("audit", "diff", "5", "2")) == ["2"]
    assert complete("audit", "run", "9") == complete("audit", "run", "x") == {}
    assert complete("audit", "diff", "1", "2", "") == {}


def test_exp_types_are_completed_in_the_case_they_are_typed_in(
    complete_on_file: Offered,
) -> None:
    assert complete_on_file("lookup", "NRS_I") == {"NRS_IFU": "NIRSPEC", "NRS_IMAGE": "NIRSPEC"}
    assert list(complete_on_file("lookup", "MIR_IMAGE", "nrs_i")) == ["nrs_ifu", "nrs_image"]
    assert list(complete_on_file("lookup", "--instrument", "niri")) == ["niriss"]


def test_values_behind_an_equals_sign(complete_on_file: Offered) -> None:
    assert list(complete_on_file("lookup", "--format=js")) == ["--format=json", "--format=jsonl"]
    assert list(complete_on_file("classify", "EXP_TYPE=NRS_IF")) == ["EXP_TYPE=NRS_IFU"]
    assert list(complete_on_file("classify", "exp_type=nrs_if")) == ["exp_type=nrs_ifu"]
    assert list(complete_on_file("classify", "BKGD")) == ["BKGDTARG="]
    assert complete_on_file("classify", "BKGDTARG=") == {}


def test_a_file_goes_before_a_keyword(
    complete_on_file: Offered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(complete_on_file("classify", "EXP_")) == ["EXP_TYPE="]
    (tmp_path / "EXP_pool.csv").touch()
    assert complete_on_file("classify", "EXP_") == {}
    assert complete_on_file("classify", "") == {}


def test_commands_and_options(complete_on_file: Offered) -> None:
    assert list(complete_on_file("audit", "re")) == ["report", "replay"]
    assert complete_on_file("audit", "di") == {
        "diff": "Compare the associations of two runs by content, ignoring sequence numbers",
        "digest": "Print the digest of the last run, to be kept outside the database",
    }
    assert list(complete_on_file("lookup", "--as")) == ["--asn-type", "--as-of"]
    assert list(complete_on_file("browse", "--")) == ["--port", "--open", "--no-open", "--help"]
    assert complete_on_file("nothing", "") == complete_on_file("lookup", "--nothing=") == {}
    assert complete_on_file("lookup", "--", "--as") == {}


def test_an_option_whose_value_may_be_left_out(complete_on_file: Offered) -> None:
    words = complete_on_file("generate", "--version-id", "--ruleset", "jwst-3")
    assert list(words) == ["jwst-3.0.0"]


# ------------------------------------------------------------------ of which database


def test_the_database_that_was_typed_goes_before_the_variable(
    complete_on_file: Offered, database: str
) -> None:
    assert complete_on_file("audit", "run", "") == {}
    for words in (["--database", database], [f"--database={database}"]):
        assert len(complete_on_file(*words, "audit", "run", "")) == 5


def test_a_path_is_read_as_the_shell_will_read_it(
    complete_on_file: Offered, ledger_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, name = ledger_file.rpartition("/")
    monkeypatch.setenv("HOME", folder)
    for path in (f"~/{name}", f"$HOME/{name}", f"sqlite:///{ledger_file}"):
        assert len(complete_on_file("--database", path, "audit", "run", "")) == 5


def _nothing(path: Path) -> None:
    """Leave nothing there."""


def _text(path: Path) -> None:
    path.write_text("no database\n")


def _empty(path: Path) -> None:
    path.touch()


def _other(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE exp_types (something)")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [_nothing, _text, _empty, _other, _pipe])
def test_without_a_database_of_ours_it_offers_what_is_shipped(
    complete_for: Offered, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "folder" / "asnrules.db"
    path.parent.mkdir()
    make(path)
    before = [(one, one.stat().st_size) for one in path.parent.iterdir()]

    assert complete_for(path, "lookup", "NRS_IF") == {"NRS_IFU": "NIRSPEC"}
    assert list(complete_for(path, "rulesets", "show", "")) == [*RULESETS, *EXECUTABLE]
    assert complete_for(path, "audit", "run", "") == {}
    assert [(one, one.stat().st_size) for one in path.parent.iterdir()] == before


def test_a_locked_database_is_not_waited_for(
    complete_for: Offered, kept_file: str, tmp_path: Path
) -> None:
    path = shutil.copy(kept_file, tmp_path / "locked.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        assert list(complete_for(path, "lookup", "NRS_IF")) == ["NRS_IFU"]
        assert complete_for(path, "audit", "run", "") == {}
        connection.execute("ROLLBACK")


def test_nothing_is_said_where_no_server_answers(process: Process) -> None:
    result = process(
        "lookup", "NRS_IF",
        ASNRULES_DATABASE="postgresql://someone:hush@127.0.0.1:1/rules",
        _ASNRULES_COMPLETE="fish",
    )  # fmt: skip
    assert (result.code, result.out, result.err) == (0, "NRS_IFU\tNIRSPEC\n", "")


def test_it_never_fails(process: Process, tmp_path: Path) -> None:
    odd = {"HOME": "", "XDG_DATA_HOME": "relative", "ASNRULES_DATABASE": None}
    for words in (["audit", "run", ""], [], ["lookup", "\udcff"]):
        result = process(*words, _ASNRULES_COMPLETE="zsh", **odd)
        assert (result.code, result.err) == (0, "")
    assert process("one word too few", _ASNRULES_COMPLETE="bash").out == ""
    assert list(tmp_path.iterdir()) == []


HARMFUL = ["$(id)", "`id`", "*", " IFU", ";id", "'", '"', "\x1b[31m", "\n", "\\", "~", "{a,b}"]


def test_words_that_a_shell_would_obey_are_left_out(complete_for: Offered, tmp_path: Path) -> None:
    path = tmp_path / "hostile.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(
            "CREATE TABLE exp_types (exp_type TEXT, instrument TEXT);"
            "CREATE TABLE runs (run_id INTEGER, started_at TEXT, origin TEXT);"
            "CREATE TABLE run_pools (run_id INTEGER, position INTEGER, name TEXT);"
            "INSERT INTO runs VALUES (1, '2026-01-01 00:00:00', 'generated');"
        )
        names = ["NRS_IFU", *("NRS_" + end for end in HARMFUL), "-NRS"]
        connection.executemany("INSERT INTO exp_types VALUES (?, NULL)", [[one] for one in names])
        connection.execute(
            "INSERT INTO run_pools VALUES (1, 1, ?)", ["a\x1b[31m\tb\nc\u202e" + "d" * 200]
        )
    assert list(complete_for(path, "lookup", "")) == ["NRS_IFU"]
    note = complete_for(path, "audit", "run", "")["1"]
    assert note.startswith("2026-01-01 00:00:00 a[31mbcddd")
    assert len(note) < 80


HEAVY = ["sqlalchemy", "alembic", "rich", "tabulate", "docutils", "astropy"]
COMPLETE = """
import sys
from asnrules.cli import main
sys.argv = ["asnrules", "audit", "run", ""]
main()
for name in sys.modules:
    print(name, file=sys.stderr)
"""


def test_it_imports_nothing_heavy(database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMPLETE],
        capture_output=True,
        text=True,
        env={**os.environ, "ASNRULES_DATABASE": database, "_ASNRULES_COMPLETE": "fish"},
        check=True,
    )
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["5", "4", "3", "2", "1"]
    modules = set(done.stderr.split())
    assert "asnrules.catalog.suggestions" in modules
    assert modules.isdisjoint(HEAVY)


# ------------------------------------------------------------------ in a shell

READLINE = r"""
source <(asnrules --show-completion bash)
# Breaks a line into words as readline does, and completes the last.
offered() {
    COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    local current=${1##*[ =:]}
    _asnrules_completion asnrules "$current" ""
    printf '%s\n' "$1" "${COMPREPLY[@]}" ""
}
"""


@pytest.fixture
def bash(tmp_path: Path, database: str) -> Callable[..., dict[str, list[str]]]:
    """Give a function that gives what bash would offer after some lines."""
    program = tmp_path / "bin" / "asnrules"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m asnrules "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def offered(*lines: str) -> dict[str, list[str]]:
        calls = "".join(f"offered {shlex_quoted(line)}\n" for line in lines)
        done = subprocess.run(
            ["bash", "--norc", "-c", READLINE + calls],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={
                **os.environ,
                "PATH": f"{program.parent}:{os.environ['PATH']}",
                "ASNRULES_DATABASE": database,
            },
            check=False,
        )
        # Where there is no line to be edited, compopt has nothing to do.
        assert done.stderr == ""
        blocks = [block.splitlines() for block in done.stdout.split("\n\n") if block]
        return {block[0]: [word for word in block[1:] if word] for block in blocks}

    return offered


def shlex_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_offers_what_may_come_next(
    bash: Callable[..., dict[str, list[str]]], database: str
) -> None:
    url = database if "://" in database else f"sqlite:///{database}"
    expected = {
        "asnrules audit run ": ["5", "4", "3", "2", "1"],
        "asnrules classify EXP_TYPE=NRS_IF": ["NRS_IFU"],
        'asnrules rulesets show "jwst-3': ["jwst-3.0.0"],
        f"asnrules --database {url} audit run 4": ["4"],
        "asnrules lookup --ruleset=2026": ["2026-01-23", "2026-03-20"],
    }
    assert bash(*expected) == expected


def test_a_script_for_each_shell(asnrules_on_file: Command) -> None:
    for shell, word in (("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --")):
        result = asnrules_on_file("--show-completion", shell)
        result.assert_fine()
        assert word in result.out
    asnrules_on_file("--show-completion", "tcsh").assert_error(2, "tcsh", "bash", "zsh", "fish")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home folder of the test's own."""
    folder = tmp_path / "a home's folder"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "ZDOTDIR"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.mark.parametrize(
    ("shell", "start"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", None)]
)
def test_a_shell_is_set_up_once(
    asnrules_on_file: Command, home: Path, shell: str, start: str | None
) -> None:
    if start:
        (home / start).write_text("# no end of line")
    for _ in range(2):
        result = asnrules_on_file("--install-completion", shell)
        assert (result.code, result.out) == (0, "")
        assert result.err.startswith(f"completion for {shell} is in {home}")
    (script,) = [path for path in home.rglob("*") if path.suffix == f".{shell}"]
    assert script.read_text() == asnrules_on_file("--show-completion", shell).out
    if start:
        first, second = (home / start).read_text().splitlines()
        assert first == "# no end of line"
        done = subprocess.run(
            ["sh", "-c", f"{second.split('&&')[0]} && echo it is there"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.stdout == "it is there\n"


def test_a_set_up_bash_completes(asnrules_on_file: Command, home: Path) -> None:
    asnrules_on_file("--install-completion", "bash")
    done = subprocess.run(
        ["bash", "--rcfile", str(home / ".bashrc"), "-i", "-c", "complete -p asnrules"],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert "-F _asnrules_completion asnrules" in done.stdout


def test_what_cannot_be_set_up_is_one_line(asnrules_on_file: Command, home: Path) -> None:
    (home / ".local").write_text("in the way")
    asnrules_on_file("--install-completion", "bash").assert_error(2, "--show-completion")
    assert not (home / ".bashrc").exists()


def test_the_catalog_of_a_database_is_what_is_offered(complete: Offered, database: str) -> None:
    engine = connect_catalog(database)
    with transaction(engine) as connection:
        labels = store.ruleset_ids(connection)
    assert set(complete("rulesets", "check", "")) == set(labels)
