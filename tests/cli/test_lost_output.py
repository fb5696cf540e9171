"""Streams that are closed, full, or read by nobody: one line where there is a place for it."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from asnrules.catalog import open as catalog_open
from cli.small_pools import nrc_image, write_pool
from commands import walk
from record.tampering import with_few_rulesets
from recorded import fill_few_ledger

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")

ARGUMENTS: dict[str, list[str]] = {
    "asnrules": ["--version"],
    "asnrules lookup": ["NRS_IFU"],
    "asnrules classify": ["EXP_TYPE=NRS_IFU"],
    "asnrules generate": ["pool.csv"],
    "asnrules candidates": ["pool.csv"],
    "asnrules why": ["pool.csv", nrc_image(1)["filename"]],
    "asnrules sql": ["SELECT * FROM v_exposure_modes"],
    "asnrules browse": ["--port", "99999"],
    "asnrules pool": [],
    "asnrules pool make": ["no.fits"],
    "asnrules rulesets": [],
    "asnrules rulesets list": [],
    "asnrules rulesets releases": [],
    "asnrules rulesets show": ["2026-03-20"],
    "asnrules rulesets history": ["NRS_IFU"],
    "asnrules rulesets blame": ["NRS_IFU"],
    "asnrules rulesets diff": ["2021-03-19", "2026-03-20"],
    "asnrules rulesets impact": ["jwst-1.2.1"],
    "asnrules rulesets check": ["2026-03-20"],
    "asnrules rulesets conform": ["jwst-3.0.0", "--python", "no-python"],
    "asnrules rulesets import": ["no-folder", "--label", "x"],
    "asnrules rulesets export": ["2026-03-20", "-"],
    "asnrules rulesets publish": ["no-draft"],
    "asnrules rulesets discard": ["no-draft"],
    "asnrules audit": [],
    "asnrules audit runs": [],
    "asnrules audit run": ["1"],
    "asnrules audit exposure": [nrc_image(1)["filename"]],
    "asnrules audit association": ["jw00001-o001_image2_00001_asn"],
    "asnrules audit diff": ["1", "2"],
    "asnrules audit replay": ["1"],
    "asnrules audit timeline": ["1"],
    "asnrules audit verify": [],
    "asnrules audit digest": [],
    "asnrules audit export": ["--output", "-"],
    "asnrules audit import": ["no.json"],
    "asnrules audit report": ["1", "--output", "-"],
    "asnrules db": [],
    "asnrules db upgrade": [],
    "asnrules db current": [],
    "asnrules db check": [],
}
"""Each command, as it is run. One that is missing here fails the test below."""

WAYS: dict[str, dict[str, str]] = {
    "as usual": {},
    "no stdout": {"1": "closed"},
    "none at all": {"0": "closed", "1": "closed", "2": "closed"},
    "both full": {"1": "full", "2": "full"},
    "nobody reads either": {"1": "pipe", "2": "pipe"},
    "no stdin": {"0": "closed"},
    "no stderr": {"2": "closed"},
    "neither": {"1": "closed", "2": "closed"},
    "stdout full": {"1": "full"},
    "stderr full": {"2": "full"},
    "nobody reads stdout": {"1": "pipe"},
    "nobody reads stderr": {"2": "pipe"},
}
ALL = "ASNRULES_STREAMS" in os.environ
"""Whether every command is run in all of these ways; else in the first two and another."""

WRITING = {"generate", "publish", "discard", "upgrade", "import"}

LOST = "asnrules: the output cannot be written: "


@pytest.fixture(scope="module")
def outcomes(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[Any, dict[str, Any]]:
    """Run every command in every way, each on a catalog of its own."""
    folder = tmp_path_factory.mktemp("streams")
    ledger = templates.get(
        "sqlite", "few ledger", lambda engine: fill_few_ledger(engine, folder), empty=True
    )
    with pytest.MonkeyPatch.context() as patch:
        with_few_rulesets(patch)
        rulesets = {label: str(path) for label, path in catalog_open._seed_folders().items()}
    write_pool(folder / "pool.csv", nrc_image(1), nrc_image(2))
    keys, cases = [], []
    for command, arguments in ARGUMENTS.items():
        for number, (way, streams) in enumerate(WAYS.items()):
            if not ALL and number > 1 and (number + len(keys)) % 10:
                continue
            database = ledger
            if command.split()[-1] in WRITING:
                database = str(folder / f"{len(cases)}.db")
                shutil.copyfile(ledger, database)
            keys.append((command, way))
            cases.append(
                {
                    "arguments": [*command.split()[1:], *arguments],
                    "streams": streams,
                    "database": database,
                    "folder": str(folder),
                }
            )
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("stream_process.py"))],
        input=json.dumps({"rulesets": rulesets, "cases": cases}),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    results = json.loads(done.stdout)
    return {
        key: {**result, "database": case["database"]}
        for key, case, result in zip(keys, cases, results, strict=True)
    }


def test_every_command_is_run() -> None:
    assert {one.path for one in walk()} == set(ARGUMENTS)


def test_there_is_no_traceback_and_a_code_that_is_documented(
    outcomes: dict[Any, dict[str, Any]],
) -> None:
    for key, outcome in outcomes.items():
        assert outcome["code"] in range(5), (key, outcome)
        assert "Traceback" not in outcome["err"], key
        assert "Exception ignored" not in outcome["err"], key


@pytest.mark.parametrize("way", [way for way in WAYS if way != "as usual"])
def test_what_is_lost_is_said_in_one_line(outcomes: dict[Any, dict[str, Any]], way: str) -> None:
    streams = WAYS[way]
    for command in [name for name, one in outcomes if one == way]:
        usual = outcomes[command, "as usual"]
        found = outcomes[command, way]
        lost = found["code"] == 2 != usual["code"] or LOST in found["err"]
        assert not lost or streams.get("1") in {"closed", "full"}, (command, found)
        if "2" in streams:
            assert found["err"] == "", command
        elif lost:
            *before, last = re.sub("[0-9]+", "0", found["err"]).splitlines()
            assert last.startswith(LOST), command
            assert set(before) <= set(re.sub("[0-9]+", "0", usual["err"]).splitlines()), command
        else:
            assert len(found["err"].splitlines()) == len(usual["err"].splitlines()), command
        if not lost:
            broken = streams.get("1") == "pipe"
            assert found["code"] in ({usual["code"], 0} if broken else {usual["code"]}), command


@pytest.mark.parametrize("way", ["no stdout"])
@pytest.mark.parametrize(
    "command",
    ["lookup", "classify", "generate", "sql", "rulesets show", "audit run", "db current", ""],
)
def test_output_that_is_lost_is_an_error(
    outcomes: dict[Any, dict[str, Any]], command: str, way: str
) -> None:
    found = outcomes[f"asnrules {command}".strip(), way]
    assert found["code"] == 2
    assert LOST in found["err"]


def test_no_database_is_written_to_as_if_it_were_a_stream(
    outcomes: dict[Any, dict[str, Any]],
) -> None:
    for database in {outcome["database"] for outcome in outcomes.values()}:
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]


@pytest.mark.parametrize(
    ("redirected", "code", "err"),
    [(">&-", 2, LOST), ("2>&-", 0, ""), (">/dev/full", 2, LOST), (">&- 2>&- <&-", 2, "")],
)
def test_a_shell_does_the_same(kept_file: str, redirected: str, code: int, err: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m asnrules lookup NRS_IFU {redirected}'],
        env={**os.environ, "ASNRULES_DATABASE": kept_file},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert done.stderr.startswith(err)
    assert len(done.stderr.splitlines()) == bool(err)
