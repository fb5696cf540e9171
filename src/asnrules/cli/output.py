"""Print data: as a table for people, or as JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
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
            _write(json.dumps(record, default=_text, ensure_ascii=False) + "\n")
    else:
        rows = (
            [_cell(record[name], name in not_applicable) for name in columns] for record in records
        )
        if output is Format.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        else:
            print_table(columns, rows)


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    _write(json.dumps(document, indent=2, default=_text, ensure_ascii=False) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows aligned under their columns."""
    from tabulate import tabulate

    table = tabulate(rows, columns, tablefmt="simple", disable_numparse=True)
    _write("\n".join(line.rstrip() for line in table.split("\n")) + "\n")


def printable(text: str) -> str:
    """Write control characters so that no terminal obeys them."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char == "\t" else char.encode("unicode_escape").decode()
        for char in text
    )


def _cell(value: Any, not_applicable: bool) -> str:
    if value is None:
        return "N/A" if not_applicable else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _write(text: str) -> None:
    sys.stdout.write(text)
