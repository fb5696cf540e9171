"""Read the exposure-mode page as the observatory publishes it, in reStructuredText.

A page comes from outside: docutils reads it with everything off that would open files or let
markup through, and whatever it makes of a broken page ends as an error that names the line.
`errata` corrects its misprints; `write_page` writes such a page.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asnrules.errors import RulesetError
from asnrules.rules.text_files import Findings, decoded, settle, wrong
from asnrules.rules.words import near
from asnrules.util.limits import PAGE_BYTES, PAGE_LINES
from asnrules.util.text import STANDARD_INPUT

if TYPE_CHECKING:
    from docutils import nodes

HEADINGS = {
    "exp_type": ("exp_type", "exp type", "exposure type"),
    "member_type": ("member exposure type", "member type"),
    "special": ("specials", "special"),
    "asn_type": ("association type", "association types"),
}
"""The columns of the table, by the headings that they may have, in lower case."""

STAGE = re.compile(r"\(?\b(stage|level)[ -]?2\b\)?")
"""What a heading may have in addition, as the title of the page does."""


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """A row of the page."""

    position: int
    """Its place among the rows that are not blank, from 1."""
    line: int
    """Its line in the file."""
    cells: dict[str, str]
    """What is printed, by field; footnote references and stray blanks are taken off."""
    footnote: str | None
    """The text of the footnotes that the row refers to."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is on a page."""

    path: Path
    title: str
    """The title of the table, or of the page."""
    sha256: str
    """Of the file, in hexadecimal."""
    rows: list[PrintedRow]
    """The rows of the table, without the blank ones."""
    found: Findings
    """What is wrong with rows, to be told together with what is wrong with their words."""


def read_page(path: Path) -> Page:
    """Read a page.

    Parameters
    ----------
    path : Path
        The file; ``-`` stands for standard input.

    Raises
    ------
    RulesetError
        If it cannot be read, or is not the exposure-mode page; the message names the line.
    """
    data = _read(path)
    if str(path) == STANDARD_INPUT:
        path = Path("stdin")
    text = decoded(path, data)
    if text.count("\n") > PAGE_LINES:
        problem = f"more than {PAGE_LINES:,} lines; the exposure-mode page is not that long"
        raise wrong(path, PAGE_LINES + 1, problem)
    document = _parse(path, text)
    broken = _broken_tables(document)
    table = _find_table(path, document)
    if table is None:
        raise _no_table(path, text, broken)
    found = Findings(path)
    fields = _fields(found, table)
    settle(path.parent, [found])
    rows = list(_rows(found, fields, document, table))
    if not rows and not len(found):
        raise wrong(path, _line(table), "the table has no row; check the page")
    return Page(path, _title(document, table), hashlib.sha256(data).hexdigest(), rows, found)


def _read(path: Path) -> bytes:
    is_standard = str(path) == STANDARD_INPUT
    try:
        with nullcontext(sys.stdin.buffer) if is_standard else path.open("rb") as stream:
            data = stream.read(PAGE_BYTES + 1)
    except OSError as error:
        raise RulesetError(
            f"{path}: {error.strerror}; name the page's file, or the folder of a ruleset"
        ) from error
    if len(data) > PAGE_BYTES:
        raise RulesetError(
            f"{path}: more than {PAGE_BYTES:,} bytes; the exposure-mode page is not that big"
        )
    return data


def parse_restructuredtext(text: str) -> nodes.document:
    """Let docutils read a text from outside: it opens no file and prints nothing."""
    from docutils.core import publish_doctree

    return publish_doctree(
        text,
        settings_overrides={
            # No docutils.conf of the folder or of the user.
            "_disable_config": True,
            "file_insertion_enabled": False,
            "raw_enabled": False,
            "syntax_highlight": "none",
            # Markup that only Sphinx knows is not an error: errors stay in the document.
            "report_level": 2,
            "halt_level": 5,
            "warning_stream": False,
        },
    )


def _parse(path: Path, text: str) -> nodes.document:
    try:
        return parse_restructuredtext(text)
    except Exception as error:
        # Whatever a hostile page makes docutils trip over, nesting without end for one.
        raise RulesetError(
            f"{path}: docutils cannot read it ({type(error).__name__}); "
            "is it the exposure-mode page in reStructuredText?"
        ) from error


# ------------------------------------------------------------------------- the table


def _broken_tables(document: nodes.document) -> list[tuple[int, str]]:
    """Take docutils' messages off, and give the lines and texts of those about tables."""
    from docutils import nodes

    found = []
    for message in list(document.findall(nodes.system_message)):
        text = _text(message.children[0]) if message.children else ""
        if message["level"] > 2 and "table" in text.lower():
            found.append((message.get("line", 0), text))
        message.parent.remove(message)
    return found


def _find_table(path: Path, document: nodes.document) -> nodes.table | None:
    from docutils import nodes

    found = [
        table
        for table in document.findall(nodes.table)
        if sum(_field(heading) is not None for heading in _headings(table)) > 1
    ]
    if len(found) > 1:
        first, second = map(_line, found[:2])
        problem = f"a second table of exposure modes, after that of line {first}; leave one out"
        raise wrong(path, second, problem)
    return found[0] if found else None


def _no_table(path: Path, text: str, broken: list[tuple[int, str]]) -> RulesetError:
    if not broken:
        return RulesetError(
            f"{path}: no table of exposure modes; its columns are EXP_TYPE, Member Exposure Type, "
            "Specials, Association Type"
        )
    line, problem = broken[0]
    ragged = re.search(r"row (\d+) does not contain", problem)
    if ragged:
        # docutils counts rows, a person looks for lines.
        lines = text.split("\n")
        starts = [
            number
            for number, one in enumerate(lines, 1)
            if number > line and re.match(r"\s*\* ", one)
        ]
        line = (starts[int(ragged[1]) - 1 :] or [line])[0]
    return wrong(path, line, f"the table is broken: {_short(problem)}")


def _headings(table: nodes.table) -> list[str]:
    row = next(_table_rows(table), None)
    return [] if row is None else [_text(entry) for entry in _entries(row)]


def _table_rows(table: nodes.table) -> Iterator[nodes.row]:
    """Give the rows of a table, the heading first; not those of a table in a cell."""
    from docutils import nodes

    for group in table.children:
        for part in group.children if isinstance(group, nodes.tgroup) else ():
            for row in part.children:
                if isinstance(row, nodes.row):
                    yield row


def _field(heading: str) -> str | None:
    plain = " ".join(STAGE.sub(" ", heading.lower()).split())
    return next((field for field, names in HEADINGS.items() if plain in names), None)


def _fields(found: Findings, table: nodes.table) -> list[str]:
    """Give the fields of the columns, in the order of the page."""
    line = _line(next(_table_rows(table)))
    fields: list[str] = []
    for heading in _headings(table):
        field = _field(heading)
        if field is None:
            known = [names[0] for names in HEADINGS.values()]
            problem = f"unknown column {heading[:80]!r}; {near(heading.lower(), known)}"
            found.at_line(line, problem)
        elif field in fields:
            found.at_line(line, f"column {heading[:80]!r} comes twice; check it")
        else:
            fields.append(field)
    for field, names in HEADINGS.items():
        if field not in fields and not len(found):
            found.at_line(line, f"the table has no column {names[0]!r}; add it")
    return fields


def _rows(
    found: Findings, fields: list[str], document: nodes.document, table: nodes.table
) -> Iterator[PrintedRow]:
    from docutils import nodes

    footnotes = _footnotes(document)
    position = 0
    for row in list(_table_rows(table))[1:]:
        entries = _entries(row)
        line = _line(row)
        odds = list(row.findall(nodes.problematic))
        for odd in odds:
            what = f"{_short(odd.astext())!r} is markup for something that is not on the page"
            found.at_line(line, f"{what}, a footnote for one; mend it")
            odd.parent.remove(odd)
        marks = [mark for entry in entries for mark in entry.findall(nodes.footnote_reference)]
        for mark in marks:
            mark.parent.remove(mark)
        texts = [_text(entry) for entry in entries]
        if not any(texts) and not marks:
            continue
        position += 1
        if len(entries) != len(fields):
            found.at_line(line, f"a row of {len(entries)} cells, not {len(fields)}; mend it")
            continue
        notes = [footnotes.get(mark.get("refid", ""), "") for mark in marks]
        if not all(notes) and not odds:
            problem = "the footnote that this row refers to is not on the page; add it"
            found.at_line(line, problem)
        cells = dict(zip(fields, texts, strict=True))
        yield PrintedRow(position, line, cells, " ".join(dict.fromkeys(notes)) or None)


def _entries(row: nodes.row) -> list[Any]:
    from docutils import nodes

    return [entry for entry in row.children if isinstance(entry, nodes.entry)]


def _footnotes(document: nodes.document) -> dict[str, str]:
    """Give the texts of the footnotes by their ids."""
    from docutils import nodes

    return {
        name: " ".join(
            _text(part) for part in footnote.children if not isinstance(part, nodes.label)
        )
        for footnote in document.findall(nodes.footnote)
        for name in footnote["ids"]
    }


def _title(document: nodes.document, table: nodes.table) -> str:
    from docutils import nodes

    for node in (table, document):
        title = next(iter(node.findall(nodes.title)), None)
        if title is not None and title.astext().isprintable():
            return _text(title)
    return "Exposure modes for Stage 2 processing"


def _text(node: Any) -> str:
    return " ".join(node.astext().split())


def _line(node: Any) -> int:
    """Give the line of the first thing inside that knows its line."""
    return next((one.line for one in node.findall() if getattr(one, "line", None)), 0)


def _short(text: str) -> str:
    return text if len(text) < 200 else f"{text[:200]} ..."
