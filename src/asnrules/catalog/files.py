"""Read a ruleset from the folder that people write: TOML, and CSV for tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from asnrules.catalog.content import Rows, RulesetContent
from asnrules.catalog.plain import read_csv, read_toml
from asnrules.errors import RulesetError

HEADER = ("label", "kind", "title", "source")
PERIOD = ("effective_from", "effective_until")
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
    for name in HEADER:
        if not isinstance(header[name], str):
            raise RulesetError(f"{path}: {name} is no text; put it in quotes")
    effective_from, effective_until = _period(path, header)
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
        effective_from=effective_from,
        effective_until=effective_until,
        implements=header.get("implements"),
        tables=tables,
    )


def _period(path: Path, header: dict[str, Any]) -> tuple[dt.date | None, dt.date | None]:
    """Give the dates of a header; a draft may do without, or without the last."""
    start, end = (header.get(name) for name in PERIOD)
    for name, day in zip(PERIOD, (start, end), strict=True):
        if day is not None and type(day) is not dt.date:
            raise RulesetError(f"{path}: {name} is no date; write it as 2026-01-31, unquoted")
    if end is not None and (start is None or end <= start):
        raise RulesetError(f"{path}: effective_until is not after effective_from; mend one of them")
    return start, end


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
