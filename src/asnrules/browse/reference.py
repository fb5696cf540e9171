"""Read the descriptions of views and columns, and the questions, from docs/sql.md.

That document is the one source: people read it, and the pages show it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from asnrules.util.environment import shipped

DOCUMENT = "sql.md"


class View(NamedTuple):
    """A view, as documented."""

    description: str
    """What its rows are; may be empty."""
    columns: dict[str, str]
    """What its columns mean, as far as its own section says it."""


class Question(NamedTuple):
    """A question with the query that answers it."""

    title: str
    description: str
    """What there is to know about the answer."""
    sql: str
    examples: dict[str, str]
    """Names for what is asked about, and the values that stand for them in the query."""

    @property
    def parametrised(self) -> str:
        """The query, with named parameters in place of the examples."""
        sql = self.sql
        for name, value in self.examples.items():
            sql = sql.replace(f"'{value}'", f":{name}")
        return sql


class Reference(NamedTuple):
    """All that the document says, in its order."""

    views: dict[str, View]
    questions: list[Question]

    def column_help(self, view: str, columns: Sequence[str]) -> dict[str, str]:
        """Say what columns of a view mean.

        Where the section of the view refers to "the columns above", its own table lacks them;
        then the nearest section above that has them counts.
        """
        known: dict[str, str] = {}
        if view in self.views:
            for name in [*self.views][: [*self.views].index(view) + 1]:
                known |= self.views[name].columns
        return {column: known[column] for column in columns if column in known}


def read_reference(path: Path | None = None) -> Reference:
    """Read the document, by default the one that is shipped."""
    text = (path or shipped("docs") / DOCUMENT).read_text(encoding="utf-8")
    views: dict[str, View] = {}
    questions: list[Question] = []
    for title, tokens in _sections(MarkdownIt("commonmark").enable("table").parse(text)):
        if title.startswith("v_"):
            views[title] = View(_prose(tokens), _columns(tokens))
        elif title.endswith("?"):
            questions += _questions(title, tokens)
    return Reference(views, questions)


def slug(title: str) -> str:
    """Make a title part of an address."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def _sections(tokens: Sequence[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Cut a document at its headings."""
    starts = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
    for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
        yield _text(tokens[start + 1]), list(tokens[start + 3 : end])


def _text(token: Token) -> str:
    """Return the text of a line or paragraph without its markup."""
    parts = (" " if one.type == "softbreak" else one.content for one in token.children or ())
    return "".join(parts)


def _prose(tokens: Sequence[Token]) -> str:
    """Return the first paragraph, if nothing comes before it."""
    return _text(tokens[1]) if tokens and tokens[0].type == "paragraph_open" else ""


def _columns(tokens: Sequence[Token]) -> dict[str, str]:
    cells = [
        _text(tokens[place + 1]) for place, token in enumerate(tokens) if token.type == "td_open"
    ]
    columns: dict[str, str] = {}
    for names, meaning in zip(cells[::2], cells[1::2], strict=True):
        columns |= dict.fromkeys(names.split(", "), meaning)
    return columns


def _questions(title: str, tokens: Sequence[Token]) -> Iterator[Question]:
    for token in tokens:
        language, *examples = shlex.split(token.info) if token.type == "fence" else [""]
        if language == "sql":
            pairs = dict(example.split("=", 1) for example in examples)
            yield Question(title, _prose(tokens), token.content.strip(), pairs)
