"""Print data: for people as a table, paragraphs or lines, or else as JSON, JSON Lines or CSV."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain, islice
from typing import Any

from asnrules.cli import selection
from asnrules.util.results import distinct_names
from asnrules.util.text import printable

Record = Mapping[str, Any]

NARROWEST, WIDEST = 40, 100
"""Characters of a line of a paragraph, whatever the terminal."""

EXAMPLE = "example"
"""The name of a text of a paragraph that is to be copied, so that it is not wrapped."""

Paragraph = tuple[str, Sequence[tuple[str, str | None]]]
"""A heading, and texts with their names: no name where there is '', no text where there is None."""


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
    ranked: bool = False,
    flat: Callable[[Record], Record] | None = None,
    document: Callable[[], Any] | None = None,
    people: Callable[[], object] | None = None,
) -> None:
    """Print data in the format that is asked for.

    With `--columns` or `--where` they are rows in every format.

    Parameters
    ----------
    records : iterable of mapping
        JSON and JSON Lines have them as they are.
    columns : sequence of str
        The columns of a table or of CSV.
    not_applicable : sequence of str
        Columns in which a table and CSV show None as N/A, as the table of the observatory does.
    ranked : bool, optional
        The columns stand in order of their importance, so that a narrow terminal need not show the
        last ones.
    flat : callable, optional
        Makes the record for a table or CSV, if something in a record is nested.
    document : callable, optional
        Makes what JSON has in place of the list of records.
    people : callable, optional
        Prints for people what does not fit into a table.
    """
    written = flat or _as_it_is
    if (wanted := selection.current) is not None:
        records = wanted.rows(records, columns, _cells(written, not_applicable))
        columns = wanted.columns or columns
        document = people = None
        if wanted.columns and output in {Format.JSON, Format.JSONL}:
            records = (
                {name: one[name] if name in one else written(one)[name] for name in columns}
                for one in records
            )
    if output is Format.JSON:
        print_json(list(records) if document is None else document())
    elif output is Format.JSONL:
        for record in records:
            sys.stdout.write(_json(record) + "\n")
    elif output is Format.TABLE and people is not None:
        people()
    else:
        rows = ([record[name] for name in columns] for record in map(written, records))
        asked = wanted is not None and wanted.columns
        _print_cells(columns, rows, output, not_applicable, may_leave_out=ranked and not asked)


def _as_it_is(record: Record) -> Record:
    return record


def _cells(written: Callable[[Record], Record], not_applicable: Sequence[str]) -> selection.Cells:
    def cells(record: Record, name: str) -> list[selection.Cell]:
        value = written(record)[name]
        blank = "N/A" if name in not_applicable else ""
        return [(one, cell(one, blank)) for one in (value if isinstance(value, list) else [value])]

    return cells


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], output: Format) -> None:
    """Print rows whose columns may share a name; see `print_records`."""
    if output in {Format.TABLE, Format.CSV}:
        _print_cells(columns, rows, output, ())
    else:
        names = distinct_names(columns)
        print_records((dict(zip(names, row, strict=True)) for row in rows), names, output)


def print_json(document: Any) -> None:
    """Print a document as JSON."""
    sys.stdout.write(_json(document, indent=2) + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None
) -> None:
    """Print rows aligned under their columns; with a title, also '', after a blank line."""
    if title is not None:
        sys.stdout.write(f"\n{title}\n" if title else "\n")
    _print_cells(columns, rows, Format.TABLE, ())


def print_lines(lines: Iterable[str]) -> None:
    """Print lines for people."""
    for line in lines:
        sys.stdout.write(f"{printable(line)}\n")


def print_paragraphs(paragraphs: Iterable[Paragraph]) -> None:
    """Print paragraphs, a blank line between them: what is too long for the cells of a table."""
    import shutil
    import textwrap

    wrapper = textwrap.TextWrapper(
        width=max(min(shutil.get_terminal_size().columns, WIDEST), NARROWEST),
        initial_indent="    ",
        subsequent_indent="      ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    for number, (heading, texts) in enumerate(paragraphs):
        print_lines([""] * (number > 0) + [heading])
        for name, text in texts:
            if text:
                named = f"{name}: {text}" if name else text
                print_lines([f"    {named}"] if name == EXAMPLE else wrapper.wrap(named))


def _print_cells(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    output: Format,
    not_applicable: Sequence[str],
    *,
    may_leave_out: bool = False,
) -> None:
    blanks = ["N/A" if name in not_applicable else "" for name in columns]
    header = [printable(name) for name in columns]
    cells: Iterable[list[str]] = (
        [cell(*pair) for pair in zip(row, blanks, strict=True)] for row in rows
    )
    if output is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        # Whatever is wrong from the start is found before anything is printed.
        rest = iter(cells)
        first = list(islice(rest, 1))
        writer.writerow(header)
        writer.writerows(chain(first, rest))
        return
    from tabulate import tabulate

    table = None
    if sys.stdout.isatty():
        import shutil

        from asnrules.cli.tables import fitted

        cells = list(cells)
        width = shutil.get_terminal_size().columns
        table = fitted(header, cells, width, may_leave_out=may_leave_out)
    if table is None:
        table = tabulate(cells, header, tablefmt="simple", disable_numparse=True)
    sys.stdout.write("\n".join(line.rstrip() for line in table.split("\n")) + "\n")


def cell(value: Any, blank: str = "") -> str:
    """Write a value as tables and CSV show it, `blank` for None."""
    if value is None:
        return blank
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(cell(one, blank) for one in value)
    return printable(_text(value))


def counted(number: int, what: str) -> str:
    """Write how many there are of something."""
    return f"{format(number, ',') if number else 'no'} {what}{'s' * (number != 1)}"


def _json(document: Any, indent: int | None = None) -> str:
    encoder = json.JSONEncoder(default=_text, ensure_ascii=False, allow_nan=False, indent=indent)
    try:
        text = encoder.encode(document)
    except ValueError:
        text = encoder.encode(_finite(document))
    # JSON lets these through, though terminals obey some of them.
    return re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    """Write numbers that JSON does not have as the texts that tables and CSV show."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return str(value)
