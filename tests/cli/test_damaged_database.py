"""A database file that is damaged is one line with the file and the mend, in every command."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asnrules.database.migrations import HEAD
from cli.conftest import Command
from cli.small_pools import nrc_image, write_pool
from cli.test_lost_output import ARGUMENTS
from recorded import fill_ledger

FLIPS = int(os.environ.get("ASNRULES_FLIPS", "30"))
PAGE = 4096

COMMANDS = [
    [*command.split()[1:], *arguments]
    for command, arguments in ARGUMENTS.items()
    # The others do not open it, or take long.
    if command.count(" ") and arguments != [] and "browse" not in command
    if not {"pool", "impact", "replay"} & set(command.split())
] + [["audit", "verify"], ["audit", "runs"], ["db", "check"], ["rulesets", "list"]]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Change a file at random places: of its header, its schema, its pages or its end."""
    changed = bytearray(content)
    kind = chance.choice(["header", "schema", "anywhere", "page", "cut", "shifted"])
    if kind == "cut":
        return bytes(changed[: chance.randrange(1, len(changed))])
    if kind == "page":
        start = PAGE * chance.randrange(len(changed) // PAGE)
        changed[start : start + PAGE] = chance.choice([bytes(PAGE), chance.randbytes(PAGE)])
    elif kind == "shifted":
        start = chance.randrange(100, len(changed))
        changed[start : start + chance.randrange(1, 5000)] = b"\0"
    else:
        first, last = {"header": (16, 100), "schema": (100, 4 * PAGE)}.get(
            kind, (100, len(changed))
        )
        for _ in range(chance.randrange(1, 100)):
            changed[chance.randrange(first, last)] = chance.randrange(256)
    return bytes(changed)


def test_bytes_that_are_changed_end_in_one_line(templates: Any, tmp_path: Path) -> None:
    ledger = templates.get("sqlite", "ledger", lambda engine: fill_ledger(engine, tmp_path))
    content = Path(ledger).read_bytes()
    write_pool(tmp_path / "pool.csv", nrc_image(1), nrc_image(2))
    chance = random.Random(14)
    cases = []
    for number in range(FLIPS):
        path = tmp_path / f"{number}.db"
        path.write_bytes(damaged(content, chance))
        cases.append(
            {
                "arguments": chance.choice(COMMANDS),
                "streams": {},
                "database": str(path),
                "folder": str(tmp_path),
            }
        )
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("stream_process.py"))],
        input=json.dumps({"cases": cases}),
        capture_output=True,
        text=True,
        check=True,
    )
    found = 0
    for case, outcome in zip(cases, json.loads(done.stdout), strict=True):
        assert outcome["code"] in range(5), (case, outcome)
        assert "Traceback" not in outcome["err"], case
        if outcome["code"] == 4:
            found += 1
            last = outcome["err"].splitlines()[-1]
            assert last.startswith(f"asnrules: {case['database']}: "), last
            assert "; " in last
    assert found > FLIPS // 4


@pytest.mark.parametrize("words", [["lookup"], ["db", "current"], ["db", "upgrade"]])
def test_what_is_no_file_is_not_waited_for(
    words: list[str], asnrules_on_file: Command, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "/dev/zero", "."):
        path = str(tmp_path / name)
        result = asnrules_on_file("--database", path, *words)
        result.assert_error(4, path, "--database")


def test_an_empty_file_is_an_empty_database(asnrules_on_file: Command, tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    result = asnrules_on_file("--database", str(path), "db", "current", "-f", "json")
    assert result.json[0]["revision"] is None
    asnrules_on_file("--database", str(path), "lookup").assert_fine()
    assert asnrules_on_file("--database", str(path), "db", "current", "-f", "json").json == [
        {"database": str(path), "revision": HEAD, "program": HEAD}
    ]
