"""The exported ledger, and the script that verifies it by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from asnrules.audit.export import write_export
from asnrules.errors import OutputError

SCRIPT = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


@pytest.fixture
def lines(full_catalog: Engine, tmp_path: Path) -> list[str]:
    path = tmp_path / "ledger.jsonl"
    write_export(full_catalog, path)
    return path.read_text().splitlines()


def script(path: Path, *arguments: str) -> tuple[int, str]:
    # -S and -I: neither this project nor anything that is installed.
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(path), *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def verified(lines: list[str], tmp_path: Path, *arguments: str) -> tuple[int, str]:
    path = tmp_path / "tried.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    return script(path, *arguments)


def test_export_says_what_it_is_and_where_it_ends(lines: list[str]) -> None:
    first, *_, last = map(json.loads, lines)
    assert first == {"format": "asnrules ledger", "version": 1}
    runs = [line for line in map(json.loads, lines) if "run" in line]
    assert [line["run"]["run_id"] for line in runs] == [1, 2]
    assert last == {"runs": 2, "head": runs[1]["digest"]}
    assert [
        "association_members",
        2,
        1,
        1,
        "jw1",
        "jw1_rate.fits",
        "science",
        None,
        None,
        None,
    ] in [json.loads(line) for line in lines]


def test_script_verifies_the_export(lines: list[str], tmp_path: Path) -> None:
    head = json.loads(lines[-1])["head"]
    assert verified(lines, tmp_path) == (0, f"2 runs match their digests; the last is {head}\n")
    assert verified(lines, tmp_path, head)[0] == 0
    code, text = verified(lines, tmp_path, "0" * 64)
    assert (code, text) == (1, f"no run has the digest {'0' * 64}\n")


def test_script_finds_each_line_that_is_gone_or_doubled(lines: list[str], tmp_path: Path) -> None:
    for at in range(len(lines)):
        for tampered in (lines[:at] + lines[at + 1 :], [*lines[: at + 1], *lines[at:]]):
            assert verified(tampered, tmp_path)[0] in {1, 2}


def test_script_finds_runs_and_rows_out_of_order(lines: list[str], tmp_path: Path) -> None:
    second = next(at for at, line in enumerate(lines) if '"previous":"000' not in line and
                  '"run"' in line)  # fmt: skip
    runs = [lines[0], *lines[second:-1], *lines[1:second], lines[-1]]
    assert verified(runs, tmp_path)[0] == 1
    exposure = next(at for at, line in enumerate(lines) if line.startswith('["exposures"'))
    rows = [*lines]
    rows[exposure : exposure + 2] = reversed(rows[exposure : exposure + 2])
    assert verified(rows, tmp_path)[0] == 1


def test_script_finds_each_value_that_was_changed(lines: list[str], tmp_path: Path) -> None:
    for at, line in enumerate(lines[1:], 1):
        document = json.loads(line)
        places = document.keys() if isinstance(document, dict) else range(1, len(document))
        for place in places:
            changed = json.loads(line)
            changed[place] = "other"
            tampered = [*lines[:at], json.dumps(changed), *lines[at + 1 :]]
            assert verified(tampered, tmp_path)[0] in {1, 2}


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_script_refuses_what_is_no_ledger(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    code, text = script(path)
    assert code == 2
    assert "cannot be read as a ledger" in text


def test_script_without_arguments_says_how_it_is_used(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Usage:" in done.stderr


def test_export_replaces_nothing_unasked(kept_seeds: Engine, tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_text("mine")
    with pytest.raises(OutputError, match="--overwrite"):
        write_export(kept_seeds, path)
    assert path.read_text() == "mine"
    write_export(kept_seeds, path, overwrite=True)
    assert script(path)[0] == 0
    assert list(tmp_path.iterdir()) == [path]


def test_export_that_cannot_be_written_is_refused(kept_seeds: Engine, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write_export(kept_seeds, tmp_path / "missing" / "ledger.jsonl")
