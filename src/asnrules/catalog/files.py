"""Read a ruleset from the folder that people write: TOML, and CSV for tables."""

from __future__ import annotations

import csv
import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

from asnrules.catalog.content import Rows, RulesetContent
from asnrules.errors import RulesetError

HEADER = ("label", "kind", "title", "source", "effective_from")
NOT_APPLICABLE = "N/A"
"""How the published table, and its CSV files, write that there is none."""


def read_ruleset(folder: Path) -> RulesetContent:
    """Read a ruleset from its folder.

    Parameters
    ----------
    folder : Path
        With a `ruleset.toml`, and the other files of its kind beside it.

    Raises
    ------
    RulesetError
        If a file is missing or not well formed; the message names it.
    """
    path = folder / "ruleset.toml"
    header = read_toml(path)
    missing = [name for name in HEADER if name not in header]
    if missing:
        raise RulesetError(f"{path}: no {', '.join(missing)}; add it")
    for name in HEADER[:-1]:
        if not isinstance(header[name], str):
            raise RulesetError(f"{path}: {name} is no text; put it in quotes")
    if type(header["effective_from"]) is not dt.date:
        raise RulesetError(f"{path}: effective_from is no date; write it as 2026-01-31, unquoted")
    if header["kind"] == "published":
        tables = _published_tables(folder)
    elif header["kind"] == "executable":
        if not isinstance(header.get("implements"), str):
            raise RulesetError(f"{path}: no implements; name the published ruleset it implements")
        from asnrules.catalog.executable_files import read_executable_tables

        tables = read_executable_tables(folder, header)
    else:
        raise RulesetError(f"{path}: kind is {header['kind']!r}; published or executable")
    return RulesetContent(
        **{name: header[name] for name in HEADER},
        implements=header.get("implements"),
        tables=tables,
    )


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


def _published_tables(folder: Path) -> dict[str, Rows]:
    columns = ("exp_type", "member_type", "special", "asn_type", "footnote")
    modes: Rows = [
        {
            "position": position,
            "exp_type": row["exp_type"],
            "member_type": row["member_type"],
            "special": _or_none(row["special"]),
            "asn_type": _or_none(row["asn_type"]),
            "footnote": row["footnote"] or None,
        }
        for position, row in enumerate(read_csv(folder / "exposure_modes.csv", columns), 1)
    ]
    path = folder / "errata.csv"
    errata = read_csv(path, ("position", "field", "printed", "corrected", "reason"))
    for line, row in enumerate(errata, 2):
        if not row["position"].isdecimal():
            raise RulesetError(
                f"{path}, line {line}: position {row['position']!r} is no number; count rows from 1"
            )
        row["position"] = int(row["position"])
    return {"exposure_modes": modes, "errata": errata}


def _or_none(value: str) -> str | None:
    return None if value == NOT_APPLICABLE else value
