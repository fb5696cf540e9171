"""Read the plain files that rulesets and vocabulary are written in, and say what is wrong there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from asnrules.errors import RulesetError
from asnrules.util.limits import NUMBER_DIGITS, RULESET_FILE_BYTES, TOML_DEPTH, TOML_DOTS

FILE_NAME = re.compile(r"(rules/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""What a file of rules may be called, and where it may lie."""

_LONG = re.compile(r"(\S{100})\S+")
_MANY_DIGITS = re.compile(rf"[0-9a-fA-F_]{{{NUMBER_DIGITS}}}")
_MARK = r"\1..."
_MOST, _MOST_OF_ALL = 20, 100
"""How many findings of a file are told, and of all files."""
_BIG = 30_000
_FEW = 5
"""In a file of more characters than are usual, how many are told with their line."""

Keys = tuple[str | int, ...]
"""The way to a value from the top of a TOML file."""


def wrong(path: Path, line: int | None, problem: str) -> RulesetError:
    """Say what is wrong in a file, with the line if it is known."""
    return RulesetError(f"{path}, line {line}: {problem}" if line else f"{path}: {problem}")


class Findings:
    """What is wrong in a file, to be told all at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._told: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._told)

    def at_line(self, line: int | None, problem: str) -> None:
        """Note what is wrong in a line, if it is known."""
        self._told[str(wrong(self.path, line, _LONG.sub(_MARK, problem)))] = None

    def at(self, keys: Keys, problem: str) -> None:
        """Note what is wrong with a value of a TOML file."""
        # To find a line takes long. A value that is not written there is where it would be.
        line = None
        text = read_text(self.path) if keys and len(self._told) < _MOST else ""
        most = _MOST if len(text) <= _BIG else _FEW
        while keys and line is None and len(self._told) < most:
            line = line_of(text, keys)
            keys = keys[:-1]
        self.at_line(line, problem)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Note what refuses the file as a whole, and go on."""
        try:
            yield
        except RulesetError as error:
            self._told[str(error)] = None

    def told(self) -> list[str]:
        """Give what was noted, each with the file and the line."""
        return [*self._told]


def settle(folder: Path, findings: Iterable[Findings]) -> None:
    """Refuse the files in which anything was noted: with one finding, or several as `details`."""
    files = [(one.path, one.told()) for one in findings if len(one)]
    many = sum(len(told) for _, told in files)
    details = [text for _, told in files for text in told[:_MOST]][:_MOST_OF_ALL]
    if many == 1:
        raise RulesetError(details[0])
    if len(files) == 1:
        raise RulesetError(f"{files[0][0]}: {many} things are wrong; mend them", details=details)
    if files:
        problem = f"{folder}: {many} things are wrong in {len(files)} files; mend them"
        raise RulesetError(problem, details=details)


class Unplaced(Findings):
    """What is wrong in a file, without lines: they take long to find, and nobody will look."""

    def at(self, keys: Keys, problem: str) -> None:
        """Note what is wrong."""
        self.at_line(None, problem)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file."""
    text = read_text(path)
    for number, line in enumerate(text.split("\n"), 1):
        # What tomllib makes of them takes time by the square of their number.
        if line.count(".") > TOML_DOTS:
            problem = f"more than {TOML_DOTS:,} dots; write tables under headers"
            raise wrong(path, number, problem)
        if _MANY_DIGITS.search(line):
            problem = f"more than {NUMBER_DIGITS:,} digits; shorten the number"
            raise wrong(path, number, problem)
    try:
        document = _parsed(text)
    except RecursionError as error:
        raise _too_deep(path) from error
    except ValueError as error:
        raise RulesetError(f"{path}: {_short(error)}; mend the TOML") from error
    parts: list[Any] = [document]
    for _ in range(TOML_DEPTH):
        parts = [inner for part in parts for inner in _inside(part)]
    if parts:
        raise _too_deep(path)
    return document


@lru_cache(maxsize=64)
def _parsed(text: str) -> dict[str, Any]:
    # Most commands know files by their names only. A header is read for its kind, then for what it
    # says, and again for what extends it.
    import tomllib

    return tomllib.loads(text)


def _inside(part: Any) -> Iterable[Any]:
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, list) else ()


def _too_deep(path: Path) -> RulesetError:
    return RulesetError(f"{path}: nested more than {TOML_DEPTH} deep; no ruleset file is")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read the rows of a CSV file; see `read_lines`."""
    return [row for _, row in read_lines(path)]


def read_lines(
    path: Path, columns: Sequence[str] | None = None
) -> list[tuple[int, dict[str, str]]]:
    """Read a CSV file with a header line: each row, with the number of the line that it ends on.

    It has to have the columns, in order, if any are given.
    """
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
        found = tuple(reader.fieldnames or ())
    except csv.Error as error:
        raise wrong(path, reader.line_num, f"{error}; mend the CSV") from error
    if columns is not None and found != tuple(columns):
        problem = f"columns are {', '.join(found)[:200]}; they should be {', '.join(columns)}"
        raise wrong(path, 1, problem)
    if len(set(found)) < len(found):
        raise wrong(path, 1, "a column comes twice; leave one out")
    for line, row in rows:
        if "" in row or None in row.values():
            raise wrong(path, line, f"not {len(found)} cells; mend the row")
    return rows


def read_text(path: Path) -> str:
    """Read a file of a ruleset."""
    try:
        # A pipe may never end.
        if path.exists() and not path.is_file():
            raise RulesetError(f"{path}: no file of its own; a ruleset needs one")
        with path.open("rb") as stream:
            data = stream.read(RULESET_FILE_BYTES + 1)
    except OSError as error:
        raise RulesetError(f"{path}: {error.strerror}; a ruleset needs this file") from error
    if len(data) > RULESET_FILE_BYTES:
        raise RulesetError(
            f"{path}: more than {RULESET_FILE_BYTES:,} bytes; no ruleset file is that big"
        )
    return decoded(path, data)


def decoded(path: Path, data: bytes) -> str:
    """Decode a text file that people write, in UTF-8."""
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise wrong(path, line, "not UTF-8; save it as UTF-8") from error
    if found := re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text):
        line = text.count("\n", 0, found.start()) + 1
        raise wrong(path, line, f"a control character, {found[0]!r}; take it out")
    return text


# ------------------------------------------------------------------------- lines of TOML


def line_of(text: str, keys: Keys) -> int | None:
    """Find the line of a value: put a mark in its place, in a document that keeps its layout."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    mark = "here"
    while mark in text:
        mark += "_"
    try:
        document: Any = tomlkit.parse(text)
        has_header = _mark(document, list(keys), mark)
        marked = tomlkit.dumps(document)
        line = marked.count("\n", 0, marked.index(mark)) + 1
    except (TOMLKitError, LookupError, TypeError, ValueError, RecursionError):
        return None
    return _header(text.split("\n"), line) if has_header else line


def _mark(document: Any, keys: list[str | int], mark: str) -> bool:
    """Put a mark in the place of a value, or in the first one of a table with a header."""
    from tomlkit.items import AoT, Table

    holder = document
    for key in keys[:-1]:
        holder = holder[key]
    key = keys[-1]
    has_header = isinstance(holder[key], AoT | Table)
    while isinstance(holder[key], AoT | Table):
        holder = holder[key]
        key = 0 if isinstance(holder, AoT) else next(iter(holder), mark)
        if key == mark:
            break
    holder[key] = mark
    return has_header


def _header(lines: list[str], line: int) -> int:
    """Give the line of the header under which a line stands, if there is one."""
    for number in range(min(line, len(lines)), 0, -1):
        if lines[number - 1].lstrip().startswith("["):
            return number
    return line
