"""No password of a connection is repeated, however the connection is spelled."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import cast
from unittest import mock
from urllib.parse import quote

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.core import TyperGroup

from asnrules.cli import main
from asnrules.cli.app import app
from asnrules.cli.completion import answer
from asnrules.database.names import check_name, check_words
from asnrules.errors import UsageError
from cli.conftest import Command, tree_of

EXAMPLES = int(os.environ.get("ASNRULES_PASSWORDS", "60"))

SPELLINGS = [
    "postgresql://someone:{raw}@127.0.0.1:1/rules",
    "postgresql://someone:{quoted}@127.0.0.1:1/rules",
    "postgresql+psycopg://someone:{quoted}@127.0.0.1:1/rules",
    "postgresql+other://someone:{quoted}@127.0.0.1:1/rules",
    "postgres://someone:{raw}@127.0.0.1:1/rules",
    "POSTGRESQL://someone:{raw}@127.0.0.1:1/rules",
    "PostgreSQL://someone:{quoted}@127.0.0.1:1/rules",
    "  postgresql://someone:{raw}@127.0.0.1:1/rules",
    "'postgresql://someone:{raw}@127.0.0.1:1/rules'",
    "postgresql:/someone:{raw}@127.0.0.1:1/rules",
    "postgresql:someone:{raw}@127.0.0.1:1/rules",
    "postgresql:///someone:{raw}@127.0.0.1:1/rules",
    "postgresql//someone:{raw}@127.0.0.1:1/rules",
    "postgresql%3A//someone:{quoted}@127.0.0.1:1/rules",
    "postgresql://someone%3A{quoted}%40127.0.0.1:1/rules",
    "postgresql://someone%3A{quoted}@127.0.0.1:1/rules",
    "postgresql://someone@{raw}@127.0.0.1:1/rules",
    "postgresql://someone:{raw}/127.0.0.1:1/rules",
    "postgresql://127.0.0.1:{quoted}/rules",
    "postgresql://someone@127.0.0.1:1/rules?password={quoted}",
    "postgresql://someone@127.0.0.1:1/rules?nonsense={quoted}",
    "postgresql://someone@127.0.0.1:1/rules?{quoted}",
    "postgresql://someone@127.0.0.1:1/rules?{quoted}=1",
    "postgresql://someone@127.0.0.1:1/rules?sslmode={quoted}",
    "postgresql://someone@127.0.0.1:1/rules?connect_timeout={quoted}",
    "postgresql://someone@127.0.0.1:1/rules?options={quoted}",
    "postgresql://someone@127.0.0.1:1/rules?service={quoted}",
    "postgresql://someone@127.0.0.1/rules?port={quoted}",
    "postgresql://someone@/rules?host=someone:{quoted}@127.0.0.1",
    "postgresql://someone@127.0.0.1:1/rules;password={raw}",
    "postgresql://someone@127.0.0.1:1/rules&password={raw}",
    "postgresql://someone@127.0.0.1:1/rules#{raw}",
    "jdbc:postgresql://127.0.0.1:1/rules?user=someone&password={raw}",
    "jdbc:postgresql:rules;user=someone;password={raw}",
    "host=127.0.0.1 port=1 user=someone password={raw} dbname=rules",
    "host=127.0.0.1 port=1 user=someone password='{raw}'",
    "password={raw}",
    "PASSWORD = {raw}",
    "PGPASSWORD={raw}",
    "/password={raw}",
    "Server=127.0.0.1;User Id=someone;Password={raw};",
    "someone:{raw}@127.0.0.1/rules",
    "someone:{quoted}@127.0.0.1:1/rules",
    "//someone:{quoted}@127.0.0.1:1/rules",
    "/someone:{quoted}@127.0.0.1/rules",
    "./someone:{quoted}@127.0.0.1/rules",
    "mysql://someone:{raw}@127.0.0.1/rules",
    "{quoted}://someone@127.0.0.1/rules",
    "sqlite://someone:{raw}@127.0.0.1/rules.db",
    "sqlite:///postgresql://someone:{quoted}@127.0.0.1/rules.db",
    "sqlite:///rules.db?password={quoted}",
    "sqlite:///rules.db?nonsense={quoted}",
    "sqlite:////tmp/rules.db?{quoted}=1",
    "postgresql//someone {quoted} 127.0.0.1/rules",
    "Postgres//{quoted}@127.0.0.1/rules",
    "sqlite:/someone:{quoted}@127.0.0.1/rules.db",
]

_words = st.text("0123456789abcdef", min_size=8, max_size=8).map(lambda text: f"hush{text}")
_signs = st.sampled_from([*"@:/?#%=&;+[]\\'\"|~ü", "%40", "://", "@@", " ", "\n", "\t", "\r\n"])


@st.composite
def passwords(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Give a password, and the parts of it that nothing else has in it."""
    words = draw(st.lists(_words, min_size=1, max_size=3, unique=True))
    text = words[0]
    for word in words[1:]:
        text += draw(_signs) + word
    return text + draw(st.sampled_from(["", "@", "/", " ", ":"])), words


def run(*arguments: str) -> tuple[int, str]:
    """Run the program in this process; give its exit code and all that it says."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", ["asnrules", *arguments]),
        mock.patch.object(typer.main, "get_command", tree_of),
    ):
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as done:
            code = int(done.code or 0)
    return code, out.getvalue() + err.getvalue()


def completions(spelled: str) -> str:
    """Give what a shell is told that completes a command with this database."""
    root = cast("TyperGroup", tree_of(app))
    words = ["--database", spelled, "lookup", "--ruleset", ""]
    return answer(root, "zsh", words) + answer(root, "fish", ["--database", spelled])


@settings(max_examples=EXAMPLES)
@given(
    st.sampled_from(SPELLINGS),
    passwords(),
    st.sampled_from([["lookup"], ["db", "current"], ["db", "upgrade"], ["audit", "runs"]]),
    st.sampled_from(["text", "json"]),
)
def test_a_password_is_not_repeated(
    spelling: str, password: tuple[str, list[str]], command: list[str], log: str
) -> None:
    text, words = password
    spelled = spelling.format(raw=text, quoted=quote(text, safe=""))
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"HOME": folder}):
        before = Path.cwd()
        os.chdir(folder)
        try:
            code, said = run("--log-format", log, "--database", spelled, *command)
            assert code in {2, 4}, said
            said += completions(spelled)
            assert list(Path(folder).rglob("*")) == []
        finally:
            os.chdir(before)
    assert [word for word in words if word in said.lower()] == []
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "spelled",
    [
        "user bob password hush host localhost",
        "PASSWORD hush",
        "dbname rules pwd hush",
        "postgresql\uff1a//bob\uff1ahush\uff20localhost/x",
        "bob\uff1ahush@localhost",
        "password\uff1dhush",
        "postgresql://bob:hush%00@localhost:1/x",
        "postgresql://bob:x@localhost%00hush:1/x",
    ],
)
@pytest.mark.parametrize("log", ["text", "json"])
def test_what_looks_like_a_connection_is_not_repeated(
    asnrules_on_file: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spelled: str,
    log: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = asnrules_on_file("--log-format", log, "--database", spelled, "lookup")
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == (1 if log == "text" else 2)
    assert "hush" not in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("./host=h password=x.db", "a password"),
        ("/data/pwd=x.db", "a password"),
        ("../someone:x@host/rules.db", "a login"),
        ("~/postgresql://host/rules", "://"),
        ("host=h x.db", "begins with ./ or /"),
        ("a@b.db", "begins with ./ or /"),
    ],
)
def test_why_a_path_is_refused_is_true_of_it(path: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(path)
    assert reason in str(caught.value)
    assert ("begins with" in str(caught.value)) == (not path.startswith((".", "/", "~")))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_spelling_is_refused_or_leads_to_a_server(spelling: str) -> None:
    """The password has an @, escaped or not."""
    spelled = spelling.format(raw="a@hush", quoted="a%40hush")
    name, refusal = "", ""
    try:
        name = check_name(spelled)
    except UsageError as error:
        refusal = str(error)
    assert "hush" not in refusal
    assert len(refusal.splitlines()) == (not name)
    assert not name or name.startswith(("postgresql:", "postgresql+psycopg:", "postgres:"))
    assert "@hush" not in name


@pytest.mark.parametrize(
    "words",
    [
        ["postgresql://someone:hush@127.0.0.1:1/rules", "lookup"],
        ["lookup", "postgresql://someone:hush@127.0.0.1:1/rules"],
        ["lookup", "--database", "postgresql://someone:hush@127.0.0.1:1/rules"],
        ["--databse", "postgresql://someone:hush@127.0.0.1:1/rules", "lookup"],
        ["--databse=postgresql://someone:hush@127.0.0.1:1/rules", "lookup"],
        ["generate", "POSTGRESQL://someone:hush@127.0.0.1:1/rules"],
        ["generate", "host=127.0.0.1 password=hush"],
        ["classify", "postgresql%3A%2F%2Fsomeone%3Ahush%40127.0.0.1"],
        ["generate", "pool.csv", "--note", "with postgresql://someone:hush@127.0.0.1:1/rules"],
        ["sql", "SELECT 'postgresql:/someone:hush@127.0.0.1/rules'"],
        ["db", "current", "sqlite:////tmp/someone:hush@127.0.0.1/rules"],
        ["db", "current", "postgresql//someone:hush@127.0.0.1/rules"],
        ["db", "current", "postgresql\\://someone:hush@127.0.0.1/rules"],
        ["db", "current", "postgresql://someone:hush\n@127.0.0.1/rules"],
        ["db", "current", "someone:hush@127.0.0.1/rules"],
        ["db", "current", "//someone:hush@127.0.0.1:1"],
        ["db", "current", "./someone:hush@localhost"],
        ["db", "current", "Server=127.0.0.1;Uid=someone;Pwd=hush"],
        ["rulesets", "import", "jdbc:postgresql:rules?password=hush"],
    ],
)
@pytest.mark.parametrize("log", ["text", "json"])
def test_a_connection_in_the_wrong_place_is_not_repeated(
    asnrules_on_file: Command, words: list[str], log: str
) -> None:
    result = asnrules_on_file("--log-format", log, *words)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert "hush" not in result.err
    assert "--database" in result.err


@pytest.mark.parametrize(
    "words",
    [
        ["generate", "o001:2.csv", "--note", "10:15 asked anna@stsci.example, see postgres docs"],
        ["audit", "import", "C:/data/a@b.json"],
        ["sql", "SELECT 'https://a.example/x:1' AS a, 'b@c' AS b"],
    ],
)
def test_other_words_are_no_connections(words: list[str]) -> None:
    check_words(words)


def test_what_the_driver_says_of_an_option_is_not_repeated(
    asnrules_on_file: Command, postgresql_url: str
) -> None:
    joined = "&" if "?" in postgresql_url else "?"
    url = f"{postgresql_url}{joined}options=-c%20hush%3D1"
    result = asnrules_on_file("--database", url, "lookup")
    result.assert_error(4, "may hold a password")
    assert "hush" not in result.err
