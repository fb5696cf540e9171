"""Read the plain files that rulesets and vocabulary are written in."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

from asnrules.catalog.content import Rows
from asnrules.errors import RulesetError


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    RulesetError
        If it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesetError(f"{path}: {error.strerror}; a ruleset needs this file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesetError(f"{path}: {error}; mend the TOML") from error


def read_csv(path: Path, columns: tuple[str, ...] | None = None) -> Rows:
    """Read a CSV file with a header line.

    Parameters
    ----------
    path : Path
        The file.
    columns : tuple of str, optional
        The columns that it has to have, in order.

    Raises
    ------
    RulesetError
        If it cannot be read, has other columns, or a row of another length.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restkey="", strict=True)
            rows = list(reader)
            found = tuple(reader.fieldnames or ())
    except OSError as error:
        raise RulesetError(f"{path}: {error.strerror}; a ruleset needs this file") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise RulesetError(f"{path}: {error}; mend the CSV") from error
    if columns is not None and found != columns:
        raise RulesetError(
            f"{path}: columns are {', '.join(found)}; they should be {', '.join(columns)}"
        )
    for line, row in enumerate(rows, 2):
        if "" in row or None in row.values():
            raise RulesetError(f"{path}, line {line}: not {len(found)} cells; mend the row")
    return rows
