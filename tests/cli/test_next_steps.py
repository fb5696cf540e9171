"""An error says what to do next: one line, the nearest word, or the command that knows more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from recorded import fill_ledger, stem

pytestmark = pytest.mark.usefixtures("read_once")

WRONG_USE = [
    # What was typed; what is said besides that.
    (["lokup"], ["Did you mean 'lookup'?", "asnrules --help"]),
    (["audit", "rn", "1"], ["Did you mean 'run'", "asnrules audit --help"]),
    (["lookup", "--formt", "json"], ["--format", "asnrules lookup --help"]),
    (["lookup", "--database", "x.db"], ["before the command", "asnrules --database URL"]),
    (["lookup", "--format", "xml"], ["'table', 'json', 'jsonl', 'csv'", "lookup --help"]),
    (["lookup", "--as-of", "soon"], ["2026-01-31"]),
    (["lookup", "--as-of", "2026-01-01", "--ruleset", "x"], ["one of them"]),
    (["rulesets", "show"], ["LABEL", "asnrules rulesets list"]),
    (["rulesets", "diff", "2026-03-20"], ["LABEL", "asnrules rulesets list"]),
    (["rulesets", "history"], ["EXP_TYPE", "asnrules lookup"]),
    (["audit", "run"], ["RUN", "asnrules audit runs"]),
    (["audit", "run", "first"], ["'first'", "asnrules audit runs"]),
    (["audit", "replay"], ["--all"]),
    (["generate"], ["POOL", "asnrules generate --help"]),
    (["generate", "none.csv"], ["none.csv", "name a file"]),
    (["why", "none.csv", "x"], ["none.csv", "name a file"]),
    (["classify", "EXPTYPE=NRS_IFU"], ["did you mean EXP_TYPE?"]),
    (["classify", "none.csv"], ["none.csv", "name a file"]),
    (["rulesets", "import", "none.rst"], ["none.rst", "page's file", "folder"]),
    (["rulesets", "publish", "jwst-3.0.0"], ["export it", "another label"]),
    (["rulesets", "export", "jwst-3.0.0", "x.rst"], ["into a folder"]),
    (["sql", "DELETE FROM runs"], ["give one SELECT"]),
    (["sql", "SELECT * FROM v_association"], ["v_associations", "docs/sql.md"]),
    (["audit", "verify", "--against", "x"], ["asnrules audit digest"]),
    (["--database", "mysql://x/y", "lookup"], ["SQLite or PostgreSQL"]),
    (["--show-completion", "csh"], ["'bash', 'zsh', 'fish'"]),
]

NOT_FOUND = [
    (["lookup", "NRS_IFUU"], ["NRS_IFU,", "asnrules lookup"]),
    (["lookup", "no-such"], ["near it are", "asnrules lookup"]),
    (["lookup", "--instrument", "MIR"], ["MIRI"]),
    (["lookup", "--ruleset", "2026-03-21"], ["2026-03-20", "asnrules rulesets list"]),
    (["lookup", "--ruleset", "jwst-3.0.0"], ["of kind rules", "2026-03-20"]),
    (["lookup", "--as-of", "1999-01-01"], ["2020-12-07 is from 2020-12-07"]),
    (["rulesets", "show", "jwst-3.0.1"], ["jwst-3.0.0", "asnrules rulesets list"]),
    (["rulesets", "history", "NRS_MIMFF"], ["NRS_MIMF"]),
    (["rulesets", "check", "jwst-9"], ["asnrules rulesets list"]),
    (["audit", "run", "77"], ["the last is 5", "asnrules audit runs"]),
    (["audit", "diff", "1", "77"], ["the last is 5", "asnrules audit runs"]),
    (["audit", "replay", "77"], ["the last is 5", "asnrules audit runs"]),
    (["audit", "runs", "--ruleset", "jwst-3.O.0"], ["jwst-3.0.0", "asnrules rulesets list"]),
    (["audit", "exposure", f"{stem(9)}_uncal.fits"], ["near it are", stem(6)]),
    (["audit", "association", "jw04231-o001_image2_00009_asn"], ["jw04231-o001_image2_00003_asn"]),
]


@pytest.fixture
def asnrules_on_ledger(
    command: Callable[[str | None], Command],
    templates: Any,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Give the command, in an empty folder, on the ledger of tests/recorded.py."""
    monkeypatch.chdir(tmp_path)
    fill: Callable[[Any], None] = lambda engine: fill_ledger(  # noqa: E731
        engine, tmp_path_factory.mktemp("pools")
    )
    return command(templates.get("sqlite", "ledger", fill))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        *((arguments, 2, words) for arguments, words in WRONG_USE),
        *((arguments, 3, words) for arguments, words in NOT_FOUND),
    ],
)
def test_an_error_says_what_to_do_next(
    asnrules_on_ledger: Command, tmp_path: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    asnrules_on_ledger(*arguments).assert_error(code, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_pool_without_it_names_what_it_has(asnrules_on_ledger: Command, tmp_path: Path) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    names = ["o002", "jw00001001001_02101_00002_nrca1_uncal.fits"]
    result = asnrules_on_ledger("generate", pool, "--dry-run", "--candidate", names[0])
    result.assert_error(3, "o001")
    asnrules_on_ledger("why", pool, names[1]).assert_error(3, nrc_image(1)["filename"])


def test_a_record_without_runs_says_how_to_make_one(asnrules_on_file: Command) -> None:
    asnrules_on_file("audit", "run", "1").assert_error(3, "none yet", "asnrules generate")


def test_a_server_that_is_not_there_or_not_made(
    command: Callable[[str | None], Command], postgresql_url: str
) -> None:
    absent = command("postgresql://someone:hush@127.0.0.1:1/rules")("lookup")
    absent.assert_error(4, "check the URL")
    assert "hush" not in absent.err
    command(postgresql_url)("lookup").assert_error(4, "run asnrules db upgrade")


@pytest.mark.parametrize(
    ("module", "arguments", "extra"),
    [
        ("astropy", ["pool", "make", "{fits}", "--output", "-"], "asnrules[fits]"),
        ("pyarrow", ["classify", "EXP_TYPE=NRS_IFU", "-f", "parquet"], "asnrules[parquet]"),
        ("datasette", ["browse", "--no-open"], "asnrules[browse]"),
        ("psycopg", ["--database", "postgresql://h/d", "lookup"], "asnrules[postgresql]"),
    ],
)
def test_a_library_that_is_not_there_is_named_with_its_extra(
    kept_file: str,
    tmp_path: Path,
    module: str,
    arguments: list[str],
    extra: str,
) -> None:
    fits = tmp_path / "one.fits"
    fits.write_bytes(b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800))
    # A process of its own: what other tests imported stays imported in theirs.
    program = f"import sys; sys.modules[{module!r}] = None; from asnrules.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *(word.format(fits=fits) for word in arguments)],
        env={**os.environ, "ASNRULES_DATABASE": kept_file},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (4 if module == "psycopg" else 2, "")
    assert f"pip install '{extra}'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["lookup", "--ruleset"],
        ["classify", "NRS_IFU", "--ruleset"],
        ["rulesets", "show"],
        ["rulesets", "check"],
        ["rulesets", "diff", "jwst-3.0.0"],
        ["rulesets", "blame", "NRS_IFU", "--ruleset"],
        ["rulesets", "impact", "jwst-3.0.0", "--against"],
        ["audit", "runs", "--ruleset"],
        ["audit", "replay", "--program", "99999", "--ruleset"],
    ],
)
def test_an_unknown_ruleset_brings_the_nearest_ones(
    asnrules_on_ledger: Command, arguments: list[str]
) -> None:
    for label in ("jwst-9.9.9", "zzz"):
        asnrules_on_ledger(*arguments, label).assert_error(
            3, repr(label), "near it are ", "asnrules rulesets list shows all"
        )
