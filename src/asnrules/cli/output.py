"""Print data: as a table for people, or as JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain, islice
from typing import Any

Record = Mapping[str, Any]


class Format(StrEnum):
    """How data are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def print_records(
    records: Iterable[Record],
    columns: Sequence[str],
    output: Format,
    *,
    not_applicable: Sequence[str] = (),
) -> None:
    """Print records.

    Parameters
    ----------
    records : iterable of mapping
        The data; JSON prints them as they are.
    columns : sequence of str
        The columns of a table or of CSV.
    output : Format
        How.
    not_applicable : sequence of str
        Columns in which a table and CSV show None as N/A, as the published table does.
    """
    if output is Format.JSON:
        print_json(list(records))
    elif output is Format.JSONL:
        for record in records:
            _write(_json(record) + "\n")
    else:
        rows = ([record[name] for name in columns] for record in records)
        _print_cells(columns, rows, output, not_applicable)


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], output: Format) -> None:
    """Print rows whose columns may share a name; see `print_records`."""
    if output in {Format.TABLE, Format.CSV}:
        _print_cells(columns, rows, output, ())
    else:
        names = _unique(columns)
        print_records((dict(zip(names, row, strict=True)) for row in rows), names, output)


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    _write(_json(document, indent=2) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows aligned under their columns."""
    from tabulate import tabulate

    table = tabulate(rows, columns, tablefmt="simple", disable_numparse=True)
    _write("\n".join(line.rstrip() for line in table.split("\n")) + "\n")


def _print_cells(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    output: Format,
    not_applicable: Sequence[str],
) -> None:
    blanks = ["N/A" if name in not_applicable else "" for name in columns]
    header = [printable(name) for name in columns]
    cells = ([cell(*pair) for pair in zip(row, blanks, strict=True)] for row in rows)
    if output is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        # Whatever is wrong from the start is found before anything is printed.
        first = list(islice(cells, 1))
        writer.writerow(header)
        writer.writerows(chain(first, cells))
    else:
        print_table(header, cells)


def _unique(names: Sequence[str]) -> list[str]:
    """Add a number to names that come again, as a JSON object has each name once."""
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return unique


def printable(text: str) -> str:
    """Write control characters so that no terminal obeys them."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode()
        for char in text
    )


def cell(value: Any, blank: str = "") -> str:
    """Write a value as tables and CSV show it, `blank` for None."""
    if value is None:
        return blank
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(cell(one, blank) for one in value)
    return printable(_text(value))


def _json(document: Any, indent: int | None = None) -> str:
    text = json.dumps(document, default=_text, ensure_ascii=False, indent=indent)
    # JSON lets these through, though terminals obey some of them.
    return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _write(text: str) -> None:
    sys.stdout.write(text)
