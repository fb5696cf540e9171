"""A command that has changed something says so where its output cannot be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from asnrules.rules.checksums import checksum
from cli.small_pools import nrc_image, write_pool
from seeds import seed

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")

DIGITS = checksum(seed("jwst-3.0.0"))

COMMANDS = {
    "run 1 is on record": [
        ["generate", "pool.csv", "--output", "new"],
        ["generate", "pool.csv", "--no-files", "--format", "json"],
        ["audit", "import", "made", "--pool", "pool.csv", "--format", "jsonl"],
    ],
    "ruleset mine is imported": [
        ["rulesets", "import", "rules", "--label", "mine", "--effective-from", "2027-01-01"]
    ],
    "ruleset draft is published": [
        ["rulesets", "publish", "draft", "--effective-from", "2027-01-01", "--checksum", DIGITS]
    ],
}
CASES = [(kept, command) for kept, commands in COMMANDS.items() for command in commands]


@pytest.fixture(scope="module")
def prepared(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a pool, association files, a ruleset, and a database with a draft."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copyfile(templates.seeded("sqlite"), folder / "asnrules.db")
    write_pool(folder / "pool.csv", *[nrc_image(number) for number in range(60)])
    for command in (
        ["generate", "pool.csv", "--output", "made", "--no-record"],
        ["rulesets", "export", "jwst-3.0.0", "rules"],
        ["rulesets", "import", "rules", "--label", "draft"],
    ):
        run(folder, command, stdout=subprocess.DEVNULL).check_returncode()
    return folder


@pytest.fixture
def work(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "work"))


def run(work: Path, command: Sequence[str], **how: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "asnrules", *command],
        cwd=work,
        env={**os.environ, "ASNRULES_DATABASE": "asnrules.db"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=200,
        **how,
    )


@pytest.mark.parametrize(("kept", "command"), CASES)
def test_what_is_kept_is_said(work: Path, kept: str, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(work, command, stdout=full)
    assert done.returncode == 2
    assert done.stderr.endswith(
        f"asnrules: the output cannot be written: No space left on device; {kept}\n"
    )
    assert list(work.glob("*/.asnrules-*")) == []


@pytest.mark.parametrize(("kept", "command"), [CASES[1], CASES[-1]])
def test_where_nobody_reads_it_as_well(work: Path, kept: str, command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(work, command, stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == 2
    assert done.stderr.endswith(
        f"asnrules: the output cannot be written: nobody reads it; {kept}\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="it takes a shell to close a stream")
@pytest.mark.parametrize(("kept", "command"), [CASES[0], CASES[2]])
def test_where_it_is_closed_as_well(work: Path, kept: str, command: list[str]) -> None:
    closing = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "asnrules", *command]
    done = subprocess.run(
        closing,
        cwd=work,
        env={**os.environ, "ASNRULES_DATABASE": "asnrules.db"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 2
    assert done.stderr.endswith(f"; {kept}\n")
    assert done.stderr.startswith("asnrules: the output cannot be written: ")


def test_what_changes_nothing_may_be_left_unread(work: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run(work, ["generate", "pool.csv", "--dry-run"], stdout=writing)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
