"""The exported ledger, and the script that verifies it by itself."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.errors import OutputError
from asnrules.record.export import write_export

STRIDE = 1 if "ASNRULES_TAMPERING" in os.environ else 3
"""Of the ways to write a place of a line, each so many is tried."""
SCRIPT = Path(__file__).parents[2] / "tools" / "verify_ledger.py"


@pytest.fixture
def lines(full_catalog: Engine, tmp_path: Path) -> list[str]:
    path = tmp_path / "ledger.jsonl"
    write_export(full_catalog, path, [])
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


# ------------------------------------------------------------------ tampering


@pytest.fixture
def sqlite_lines(kept_sqlite: Engine, tmp_path: Path) -> list[str]:
    """Give those of one database: what is exported is the same from both."""
    path = tmp_path / "ledger.jsonl"
    write_export(kept_sqlite, path, [])
    return path.read_text().splitlines()


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    """Give the script as a module, as a process for each of thousands of files takes too long."""
    spec = importlib.util.spec_from_file_location("verify_ledger", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def is_found(tool: ModuleType, lines: Sequence[str]) -> bool:
    """Tell whether something is found wrong: what does not match, or what is no ledger."""
    try:
        _, _, problems = tool.verify(iter([f"{line}\n".encode() for line in lines]))
    except ValueError as error:
        return "\n" not in str(error)
    return bool(problems)


def few(lines: list[str]) -> list[int]:
    """Choose lines: all, but of the many entries of the catalog only the ends."""
    entries = [at for at, line in enumerate(lines) if line.startswith('["catalog_entries"')]
    return [at for at in range(len(lines)) if at not in entries[2:-1]]


def test_untouched_lines_match(sqlite_lines: list[str], tool: ModuleType) -> None:
    assert not is_found(tool, sqlite_lines)


def test_each_line_that_is_gone_doubled_or_moved_is_found(
    sqlite_lines: list[str], tool: ModuleType
) -> None:
    lines = sqlite_lines
    for at in range(len(lines)):
        assert is_found(tool, lines[:at] + lines[at + 1 :])
        assert is_found(tool, [*lines[: at + 1], *lines[at:]])
        assert is_found(tool, [*lines[:at], "", *lines[at:]])
        for other in range(at + 1, len(lines)) if at in few(lines) else ():
            moved = [*lines]
            moved[at], moved[other] = moved[other], moved[at]
            assert is_found(tool, moved)
        assert is_found(tool, lines[:at])
    assert is_found(tool, [*lines, *lines])


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give each place in a document: keys and indexes, from the outermost."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inside:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from places_in(one, (*path, key))


def at_place(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document


class Doubled(dict[str, Any]):
    """An object that is written with one of its keys once more."""

    def __init__(self, found: dict[str, Any], key: str, value: Any) -> None:
        super().__init__(found)
        self._more = (key, value)

    def items(self) -> Any:
        return [*super().items(), self._more]


OTHERS: list[Any] = [
    None, True, 0, 1, -1, 1.0, float("nan"), 2**63, "", "other", [], {}, "0" * 64, "\ud800",
]  # fmt: skip


def spellings(document: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """Give documents that differ from one at a place: gone, doubled, renamed, another value."""
    key, value = path[-1], at_place(document, path)[path[-1]]
    near = [value + 1] if type(value) is int else []
    near += [value + "x", value.swapcase(), value[:-1]] if isinstance(value, str) else []
    for other in [*OTHERS, *near]:
        if type(other) is not type(value) or other != value:
            changed = copy.deepcopy(document)
            at_place(changed, path)[key] = other
            yield changed
    changed = copy.deepcopy(document)
    inside = at_place(changed, path)
    if isinstance(inside, list):
        inside.insert(key, value)
        yield changed
        del inside[key : key + 2]
        yield changed
        return
    del inside[key]
    yield changed
    for name in ("new", key.upper(), f"{key} "):
        renamed = copy.deepcopy(changed)
        at_place(renamed, path)[name] = value
        yield renamed
    for name, more in ((key, value), (key, "other"), ("new", value)):
        doubled = copy.deepcopy(document)
        whole = Doubled(at_place(doubled, path), name, more)
        if len(path) > 1:
            at_place(doubled, path[:-1])[path[-2]] = whole
        yield doubled if len(path) > 1 else whole


def test_each_key_and_value_of_each_line_is_covered(
    sqlite_lines: list[str], tool: ModuleType
) -> None:
    lines = sqlite_lines
    count = 0
    for at in few(lines):
        document = json.loads(lines[at])
        for path in places_in(document):
            for changed in spellings(document, path):
                count += 1
                if count % STRIDE == 0:
                    written = json.dumps(changed, separators=(",", ":"), sort_keys=False)
                    assert is_found(tool, [*lines[:at], written, *lines[at + 1 :]]), (path, written)
    assert count > 4_000


REWRITTEN: dict[str, Callable[[str], str]] = {
    "a byte order mark": lambda line: "\ufeff" + line,
    "a carriage return": lambda line: line + "\r",
    "a space at the end": lambda line: line + " ",
    "a space inside": lambda line: line.replace(",", ", ", 1),
    "something after it": lambda line: line + "{}",
    "a float": lambda line: line.replace(":1,", ":1.0,", 1).replace(",1,", ",1.0,", 1),
    "an exponent": lambda line: line.replace(":1,", ":1e0,", 1).replace(",1,", ",1e0,", 1),
    "a minus nought": lambda line: line.replace(":0,", ":-0,", 1).replace(",0,", ",-0,", 1),
    "another escape": lambda line: line.replace("a", "\\u0061", 1),
    "an escaped slash": lambda line: line.replace('"', '"\\/', 1),
    "a letter of elsewhere": lambda line: line.replace("a", "ä", 1),
    "deep nesting": lambda line: "[" * 200_000,
    "deep nesting that ends": lambda line: "[" * 5_000 + "]" * 5_000,
    "a huge number": lambda line: line.replace("1", "1" * 5_000, 1),
    "in capitals": lambda line: line.upper(),
}


@pytest.mark.parametrize("way", REWRITTEN)
def test_lines_that_are_written_in_another_way_are_found(
    sqlite_lines: list[str], tool: ModuleType, way: str
) -> None:
    lines = sqlite_lines
    tried = 0
    for at in few(lines):
        written = REWRITTEN[way](lines[at])
        if written != lines[at]:
            assert is_found(tool, [*lines[:at], written, *lines[at + 1 :]])
            tried += 1
    assert tried > 0


def test_order_of_keys_is_one(sqlite_lines: list[str], tool: ModuleType) -> None:
    lines = sqlite_lines
    for at in few(lines):
        document = json.loads(lines[at])
        if isinstance(document, dict):
            written = json.dumps(dict(reversed(document.items())), separators=(",", ":"))
            assert is_found(tool, [*lines[:at], written, *lines[at + 1 :]])


def test_ledger_that_is_cut_off_anywhere_is_refused(
    sqlite_lines: list[str], tool: ModuleType
) -> None:
    lines = sqlite_lines
    whole = "".join(f"{line}\n" for line in lines).encode()
    for end in range(0, len(whole), 97):
        with pytest.raises(ValueError):
            tool.verify(iter(whole[:end].splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ('{"format":"asnrules ledger","version":2}', "version"),
        ('{"format":"asnrules ledger","version":1,"version":1}', "twice"),
        ('{"format":"asnrules ledger","new":1,"version":1}', "version"),
    ],
)
def test_script_refuses_another_header(
    lines: list[str], tmp_path: Path, header: str, said: str
) -> None:
    code, text = verified([header, *lines[1:]], tmp_path)
    assert code == 2
    assert "line 1: " in text
    assert said in text
    assert text.count("\n") == 1


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
        write_export(kept_seeds, path, [])
    assert path.read_text() == "mine"
    write_export(kept_seeds, path, [], overwrite=True)
    assert script(path)[0] == 0
    assert list(tmp_path.iterdir()) == [path]


def test_export_that_cannot_be_written_is_refused(kept_seeds: Engine, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        write_export(kept_seeds, tmp_path / "missing" / "ledger.jsonl", [])
