"""Parts of a TOML file, each of which knows its line: for files that people write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from asnrules.catalog.vocabulary import near
from asnrules.errors import RulesetError
from asnrules.rules.text_files import read_text, read_toml

_LONG = re.compile(r"(\S{100})\S+")
_MARK = r"\1..."


class Node:
    """A value in a TOML file.

    Parameters
    ----------
    path : Path
        The file.
    value : object
        As tomllib reads it.
    keys : tuple of (str or int)
        How to come to the value from the top of the file.
    """

    def __init__(self, path: Path, value: Any, keys: tuple[str | int, ...] = ()) -> None:
        self.path = path
        self.value = value
        self.keys = keys

    @classmethod
    def read(cls, path: Path) -> Node:
        """Read a file.

        Raises
        ------
        RulesetError
            If it cannot be read, or is not TOML.
        """
        return cls(path, read_toml(path))

    def error(self, problem: str) -> RulesetError:
        """Build the error for this place."""
        line = _line(read_text(self.path), self.keys)
        place = str(self.path) if line is None else f"{self.path}, line {line}"
        return RulesetError(f"{place}: {_LONG.sub(_MARK, problem)}")

    # ----------------------------------------------------------------- parts

    def __contains__(self, word: str) -> bool:
        return word in self.value

    def __getitem__(self, word: str | int) -> Node:
        return Node(self.path, self.value[word], (*self.keys, word))

    def get(self, word: str) -> Node | None:
        """Give a part of this table; None if it has no such word."""
        return self[word] if word in self.value else None

    def entries(self) -> Iterator[tuple[str, Node]]:
        """Give the parts of a table, by name."""
        if not isinstance(self.value, dict):
            raise self.error(f"{self._what()} has to be a table; write it as word = value")
        for word in self.value:
            yield word, self[word]

    def items(self) -> list[Node]:
        """Give the parts of a list."""
        if not isinstance(self.value, list):
            raise self.error(f"{self._what()} has to be a list; put it in [ ]")
        return [self[number] for number in range(len(self.value))]

    def part(self, word: str) -> list[Node]:
        """Give the parts of a list of this table; none if it has no such word."""
        node = self.get(word)
        return [] if node is None else node.items()

    def is_set(self, word: str, *, default: bool = False) -> bool:
        """Give true or false of a word of this table."""
        node = self.get(word)
        return default if node is None else node.flag()

    def word_of(self, word: str, what: str, words: Iterable[str]) -> str | None:
        """Give a text of this table that is one of some words; None if it has no such word."""
        node = self.get(word)
        return None if node is None else node.word(what, words)

    # ----------------------------------------------------------------- values

    def text(self) -> str:
        """Give a text."""
        if not isinstance(self.value, str) or not self.value.isprintable():
            raise self.error(f"{self._what()} has to be text of one line; put it in quotes")
        return self.value

    def flag(self) -> bool:
        """Give true or false."""
        if not isinstance(self.value, bool):
            raise self.error(f"{self._what()} has to be true or false")
        return self.value

    def number(self) -> int:
        """Give a number that may be counted with."""
        if type(self.value) is not int or not 0 <= self.value < 2**31:
            raise self.error(f"{self._what()} has to be a whole number from 0 on")
        return self.value

    def word(self, what: str, words: Iterable[str]) -> str:
        """Give a text that is one of some words."""
        return self.checked(self.text(), what, words)

    def checked(self, text: str, what: str, words: Iterable[str]) -> str:
        """Refuse a text, found here, that is none of some words."""
        words = set(words)
        if text not in words:
            raise self.error(f"unknown {what} {text[:80]!r}; {near(text, words)}")
        return text

    def check_words(self, what: str, needed: set[str], others: set[str]) -> None:
        """Refuse a table that lacks a word, or has one that nobody reads."""
        for word, node in self.entries():
            node.checked(word, "word", needed | others)
        for word in sorted(needed - set(self.value)):
            raise self.error(f"{what} has no {word}; add it")

    def _what(self) -> str:
        return next((key for key in reversed(self.keys) if isinstance(key, str)), "the file")


def _line(text: str, keys: tuple[str | int, ...]) -> int | None:
    """Find the line of a value: put a mark in its place, in a document that keeps its layout."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    if not keys:
        return None
    mark = "here"
    while mark in text:
        mark += "_"
    try:
        document: Any = tomlkit.parse(text)
        has_header = _mark(document, list(keys), mark)
        marked = tomlkit.dumps(document)
        line = marked.count("\n", 0, marked.index(mark)) + 1
    except (TOMLKitError, LookupError, TypeError, ValueError, RecursionError):
        return None
    return _header(text.split("\n"), line) if has_header else line


def _mark(document: Any, keys: list[str | int], mark: str) -> bool:
    """Put a mark in the place of a value, or in the first one of a table with a header."""
    from tomlkit.items import AoT, Table

    holder = document
    for key in keys[:-1]:
        holder = holder[key]
    key = keys[-1]
    has_header = isinstance(holder[key], AoT | Table)
    while isinstance(holder[key], AoT | Table):
        holder = holder[key]
        key = 0 if isinstance(holder, AoT) else next(iter(holder), mark)
        if key == mark:
            break
    holder[key] = mark
    return has_header


def _header(lines: list[str], line: int) -> int:
    """Give the line of the header under which a line stands, if there is one."""
    for number in range(line, 0, -1):
        if lines[number - 1].lstrip().startswith("["):
            return number
    return line
