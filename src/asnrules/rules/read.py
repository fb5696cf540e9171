"""Read a ruleset from the folder that people write: TOML, and CSV for tables."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path

from asnrules.catalog.vocabulary import Words, instrument_of, near, shipped_words
from asnrules.errors import RulesetError
from asnrules.rules.content import NOT_APPLICABLE, Rows, RulesetContent
from asnrules.rules.read_accepted import OVERLAPS
from asnrules.rules.read_rules import read_executable_tables
from asnrules.rules.text_files import read_lines, read_text, read_toml
from asnrules.rules.toml_nodes import Node

HEADER = ("label", "kind", "title", "source")
PERIOD = ("effective_from", "effective_until")
EXECUTABLE_FILES = (
    "ruleset.toml",
    "conditions.toml",
    "keys.toml",
    "classes.toml",
    "suffixes.csv",
    "known_differences.csv",
)
"""The files of every executable ruleset, beside its rules and the CSV files of its conditions."""

MODE_COLUMNS = ("exp_type", "member_type", "special", "asn_type", "footnote")
ERRATUM_COLUMNS = ("position", "field", "printed", "corrected", "reason")


def read_ruleset(
    folder: Path, words: Words | None = None, new_exp_types: Mapping[int, str] | None = None
) -> RulesetContent:
    """Read a ruleset from its folder.

    Parameters
    ----------
    folder : Path
        With a `ruleset.toml`, and the other files of its kind beside it.
    words : Words, optional
        The words that it may use; those of the shipped vocabulary by default.
    new_exp_types : mapping of int to str, optional
        Rows of a published table, counted from 1, whose EXP_TYPE is a new one.

    Raises
    ------
    RulesetError
        If a file is missing or not well formed; the message names it.
    """
    words = words or shipped_words()
    header = Node.read(folder / "ruleset.toml")
    missing = [name for name in HEADER if name not in header]
    if missing:
        raise header.error(f"no {', '.join(missing)}; add it")
    kind = header["kind"].text()
    effective_from, effective_until = _period(header)
    implements, texts = None, {}
    if kind == "table":
        header.check_words("the header", set(HEADER), set(PERIOD))
        tables = _published_tables(folder, words, new_exp_types or {})
    elif kind == "rules":
        header.check_words(
            "the header",
            {*HEADER, "implements"},
            {*PERIOD, "defaults", "settings", "written_as", "required_columns"},
        )
        implements = header["implements"].text()
        if words.tables is not None:
            header["implements"].checked(implements, "table", words.tables)
        tables = read_executable_tables(folder, header, words)
        texts = _texts(folder)
    else:
        raise header["kind"].error(f"kind is {kind[:80]!r}; table or rules")
    return RulesetContent(
        label=check_label(header["label"].text()),
        kind=kind,
        title=header["title"].text(),
        source=header["source"].text(),
        effective_from=effective_from,
        effective_until=effective_until,
        implements=implements,
        tables=tables,
        files=texts,
    )


def _texts(folder: Path) -> dict[str, str]:
    """Give the texts of the files of an executable ruleset, all of which have been read."""
    conditions = read_toml(folder / "conditions.toml").values()
    names = {spec["paths"] for spec in conditions if "paths" in spec} | {*EXECUTABLE_FILES}
    names |= {OVERLAPS} if (folder / OVERLAPS).exists() else set()
    names |= {f"rules/{path.name}" for path in (folder / "rules").glob("*.toml")}
    return {name: read_text(folder / name) for name in sorted(names)}


def check_label(label: str) -> str:
    """Refuse a label that is none.

    Raises
    ------
    RulesetError
        If it is not of up to 64 letters, digits and a few signs.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}", label):
        raise RulesetError(
            f"label {label[:80]!r}: use up to 64 letters, digits, '.', '_', '+' and '-'"
        )
    return label


def _period(header: Node) -> tuple[dt.date | None, dt.date | None]:
    """Give the dates of a header; a draft may do without, or without the last."""
    days: list[dt.date | None] = []
    for name in PERIOD:
        day = header[name].value if name in header else None
        if day is not None and type(day) is not dt.date:
            raise header[name].error(f"{name} is not a date; write it as 2026-01-31, unquoted")
        days.append(day)
    start, end = days
    if end is not None and (start is None or end <= start):
        raise header["effective_until"].error(
            "effective_until is not after effective_from; mend one of them"
        )
    return start, end


def _published_tables(
    folder: Path, words: Words, new_exp_types: Mapping[int, str]
) -> dict[str, Rows]:
    path = folder / "exposure_modes.csv"
    modes: Rows = []
    seen: dict[tuple[str, str], int] = {}
    for position, (line, row) in enumerate(read_lines(path, MODE_COLUMNS), 1):
        _check_mode(path, line, position, row, words, new_exp_types)
        first = seen.setdefault((row["exp_type"], row["special"]), line)
        if first != line:
            raise RulesetError(
                f"{path}, line {line}: {row['exp_type']} with special {row['special']} is on line "
                f"{first} already; leave one out"
            )
        modes.append(
            {
                "position": position,
                "exp_type": row["exp_type"],
                "member_type": row["member_type"],
                "special": none_if_not_applicable(row["special"]),
                "asn_type": none_if_not_applicable(row["asn_type"]),
                "footnote": row["footnote"] or None,
            }
        )
    if not modes:
        raise RulesetError(f"{path}: no row; a table has rows")
    return {"exposure_modes": modes, "errata": _errata(folder / "errata.csv", modes)}


def _check_mode(
    path: Path,
    line: int,
    position: int,
    row: dict[str, str],
    words: Words,
    new_exp_types: Mapping[int, str],
) -> None:
    place = f"{path}, line {line}"
    exp_type = row["exp_type"]
    has_instrument = instrument_of(exp_type) is not None
    is_new = has_instrument and new_exp_types.get(position) == exp_type
    if exp_type not in words.exp_types and not is_new:
        mend = near(exp_type, words.exp_types)
        if has_instrument:
            mend += f" if it is a new one: --accept {position}={exp_type}"
        raise RulesetError(f"{place}: unknown EXP_TYPE {exp_type[:80]!r}; {mend}")
    for what, field, known in (
        ("member type", "member_type", words.member_types),
        ("special", "special", {*words.specials, NOT_APPLICABLE}),
        ("association type", "asn_type", {*words.asn_types, NOT_APPLICABLE}),
    ):
        if row[field] not in known:
            raise RulesetError(
                f"{place}: unknown {what} {row[field][:80]!r}; {near(row[field], known)}"
            )
    if not row["footnote"].isprintable():
        raise RulesetError(f"{place}: the footnote has more than one line; write it as one")


def _errata(path: Path, modes: Rows) -> Rows:
    rows: Rows = []
    seen = set()
    for line, row in read_lines(path, ERRATUM_COLUMNS):
        place = f"{path}, line {line}"
        position = row["position"]
        if not (position.isascii() and position.isdecimal() and len(position) < 10):
            raise RulesetError(
                f"{place}: position {position[:80]!r} is not a number; count rows from 1"
            )
        row["position"] = int(position)
        if not 1 <= row["position"] <= len(modes):
            raise RulesetError(f"{place}: there is no row {position}; count rows from 1")
        if row["field"] not in MODE_COLUMNS:
            raise RulesetError(
                f"{place}: unknown field {row['field'][:80]!r}; {near(row['field'], MODE_COLUMNS)}"
            )
        means = modes[row["position"] - 1][row["field"]]
        if none_if_not_applicable(row["corrected"]) != means:
            raise RulesetError(
                f"{place}: corrected is {row['corrected'][:80]!r}, but row {position} has "
                f"{means or NOT_APPLICABLE}; mend one of them"
            )
        if (row["position"], row["field"]) in seen:
            raise RulesetError(f"{place}: a second erratum for one cell; leave one out")
        seen.add((row["position"], row["field"]))
        rows.append(row)
    return rows


def none_if_not_applicable(value: str) -> str | None:
    """Give None for N/A."""
    return None if value == NOT_APPLICABLE else value
