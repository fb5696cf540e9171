"""Read the plain files that rulesets and vocabulary are written in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asnrules.errors import RulesetError
from asnrules.rules.content import Rows
from asnrules.util.limits import RULESET_FILE_BYTES, TOML_DEPTH, TOML_DOTS


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    RulesetError
        If it cannot be read, or is not TOML.
    """
    # Most commands know files by their names only.
    import tomllib

    text = read_text(path)
    for number, line in enumerate(text.split("\n"), 1):
        # What tomllib makes of them takes time by the square of their number.
        if line.count(".") > TOML_DOTS:
            raise RulesetError(
                f"{path}, line {number}: more than {TOML_DOTS:,} dots; write tables under headers"
            )
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise _too_deep(path) from error
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise RulesetError(f"{path}: {_short(error)}; mend the TOML") from error
    parts: list[Any] = [document]
    for _ in range(TOML_DEPTH):
        parts = [inner for part in parts for inner in _inside(part)]
    if parts:
        raise _too_deep(path)
    return document


def _inside(part: Any) -> Iterable[Any]:
    if isinstance(part, dict):
        return part.values()
    return part if isinstance(part, list) else ()


def _too_deep(path: Path) -> RulesetError:
    return RulesetError(f"{path}: nested more than {TOML_DEPTH} deep; no ruleset file is")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def read_csv(path: Path, columns: tuple[str, ...] | None = None) -> Rows:
    """Read the rows of a CSV file; see `read_lines`."""
    return [row for _, row in read_lines(path, columns)]


def read_lines(
    path: Path, columns: tuple[str, ...] | None = None
) -> list[tuple[int, dict[str, Any]]]:
    """Read a CSV file with a header line.

    Parameters
    ----------
    path : Path
        The file.
    columns : tuple of str, optional
        The columns that it has to have, in order.

    Returns
    -------
    list of (int, dict)
        Each row, with the number of the line that it ends on.

    Raises
    ------
    RulesetError
        If it cannot be read, has other columns, or a row of another length.
    """
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader]
        found = tuple(reader.fieldnames or ())
    except csv.Error as error:
        raise RulesetError(f"{path}, line {reader.line_num}: {error}; mend the CSV") from error
    if columns is not None and found != columns:
        raise RulesetError(
            f"{path}, line 1: columns are {', '.join(found)[:200]}; "
            f"they should be {', '.join(columns)}"
        )
    if len(set(found)) < len(found):
        raise RulesetError(f"{path}, line 1: a column comes twice; leave one out")
    for line, row in rows:
        if "" in row or None in row.values():
            raise RulesetError(f"{path}, line {line}: not {len(found)} cells; mend the row")
    return rows


def read_text(path: Path) -> str:
    """Read a file of a ruleset.

    Raises
    ------
    RulesetError
        If it cannot be read, is no UTF-8, or is bigger than any ruleset file.
    """
    try:
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
    """Decode a text file that people write.

    Raises
    ------
    RulesetError
        If it is no UTF-8, or has characters that no text has.
    """
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RulesetError(f"{path}, line {line}: not UTF-8; save it as UTF-8") from error
    if found := re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text):
        line = text.count("\n", 0, found.start()) + 1
        raise RulesetError(f"{path}, line {line}: a control character, {found[0]!r}; take it out")
    return text
