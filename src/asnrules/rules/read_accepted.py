"""The files of what the check of a ruleset is to accept: known differences, intended overlaps."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from asnrules.catalog.vocabulary import Words, near
from asnrules.errors import RulesetError
from asnrules.rules.content import Rows
from asnrules.rules.text_files import read_lines

DIFFERENCES = "known_differences.csv"
OVERLAPS = "intended_overlaps.csv"
"""There need be no such file."""

ASPECTS = ("member_type", "asn_type", "row")
DIFFERENCE_COLUMNS = ("exp_type", "aspect", "published", "software", "condition", "reason")
OVERLAP_COLUMNS = ("asn_rule", "stays", "reason")


def read_known_differences(path: Path, names: Collection[str], words: Words) -> dict[str, Rows]:
    """Read the known differences: of an EXP_TYPE, and of any that meets a condition.

    Raises
    ------
    RulesetError
        If a word is not known, a row has neither EXP_TYPE nor condition, or two differ at most
        in their reason.
    """
    tables: dict[str, Rows] = {"known_differences": [], "general_differences": []}
    seen: set[tuple[str, ...]] = set()
    for position, (line, cells) in enumerate(read_lines(path, DIFFERENCE_COLUMNS), 1):
        for what, word, known in (
            ("EXP_TYPE", cells["exp_type"], {*words.exp_types, ""}),
            ("aspect", cells["aspect"], ASPECTS),
            ("condition", cells["condition"], {*names, ""}),
        ):
            if word not in known:
                raise RulesetError(
                    f"{path}, line {line}: unknown {what} {word[:80]!r}; {near(word, known)}"
                )
        difference = tuple(cells[column] for column in DIFFERENCE_COLUMNS if column != "reason")
        if difference in seen:
            raise RulesetError(f"{path}, line {line}: this difference comes twice; leave one out")
        seen.add(difference)
        row: dict[str, Any] = {"position": position, **cells}
        row["condition"] = row["condition"] or None
        if row["exp_type"]:
            tables["known_differences"].append(row)
            continue
        if row["condition"] is None:
            raise RulesetError(
                f"{path}, line {line}: neither EXP_TYPE nor condition; give one of them"
            )
        del row["exp_type"]
        tables["general_differences"].append(row)
    return tables


def read_intended_overlaps(path: Path, rules: Collection[str]) -> Rows:
    """Read which rules are meant to make the same association.

    Raises
    ------
    RulesetError
        If a rule is not one of the ruleset, or a pair comes twice.
    """
    if not path.exists():
        return []
    rows: Rows = []
    seen: set[tuple[str, str]] = set()
    for line, row in read_lines(path, OVERLAP_COLUMNS):
        for column in ("asn_rule", "stays"):
            if row[column] not in rules:
                raise RulesetError(
                    f"{path}, line {line}: unknown rule {row[column][:80]!r}; "
                    f"{near(row[column], rules)}"
                )
        pair = (row["asn_rule"], row["stays"])
        if pair in seen:
            raise RulesetError(f"{path}, line {line}: these two come twice; leave one out")
        seen.add(pair)
        rows.append(dict(row))
    return rows


def accepted_cells(tables: dict[str, Rows]) -> dict[str, tuple[tuple[str, ...], list[list[str]]]]:
    """Give the cells of both files, each with its columns; of overlaps only if there are any."""
    differences = [*tables["known_differences"], *tables["general_differences"]]
    differences.sort(key=lambda row: row["position"])
    overlaps = sorted(tables["intended_overlaps"], key=lambda row: (row["asn_rule"], row["stays"]))
    files: dict[str, tuple[tuple[str, ...], list[list[str]]]] = {
        DIFFERENCES: (DIFFERENCE_COLUMNS, _cells(differences, DIFFERENCE_COLUMNS))
    }
    if overlaps:
        files[OVERLAPS] = (OVERLAP_COLUMNS, _cells(overlaps, OVERLAP_COLUMNS))
    return files


def _cells(rows: Rows, columns: tuple[str, ...]) -> list[list[str]]:
    return [[row.get(name) or "" for name in columns] for row in rows]
