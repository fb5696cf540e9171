"""The candidates that an exposure belongs to, as written in the column asn_candidate."""

from __future__ import annotations

import re
from typing import NamedTuple

from asnrules.util.text import shown

LONGEST = 64  # Characters of an id or a type; the field's have at most a dozen
_UNKNOWN = "unknown"
_TEMPLATE_MARKS = ("#!", "@!")
_CLOSING = {"[": "]", "(": ")"}
_SPACE = re.compile(r"\s*")
_FORBIDDEN = "\"'\\"


class Candidate(NamedTuple):
    """An association candidate."""

    id: str
    """Its identifier: o001, c1000."""
    type: str
    """What it stands for: observation, background; `unknown` where the pool has a bare number."""


class CandidateSyntaxError(ValueError):
    """A text that is not a list of candidates; the message says what was found where."""


def parse_candidates(text: str) -> tuple[Candidate, ...]:
    """Read a list of candidates, without evaluating it as Python.

    That is a list or tuple of pairs of quoted strings, ``[('o001', 'observation')]``, in lower case
    and stripped. Also a bare number, whose type is `unknown`, and ``null`` or a template mark
    that was never expanded (``#!...``, ``@!...``), which give no candidates. Any other text is a
    CandidateSyntaxError.
    """
    if text == "null" or text.startswith(_TEMPLATE_MARKS):
        return ()
    if text.isascii() and text.isdigit():
        return (Candidate(text, _UNKNOWN),)
    scanner = _Scanner(text)
    found = []
    closing = scanner.opened("a list of candidates")
    while scanner.next() != closing:
        found.append(_pair(scanner))
        if not scanner.skipped(","):
            break
    scanner.require(closing)
    scanner.require("")
    return tuple(found)


def _pair(scanner: _Scanner) -> Candidate:
    closing = scanner.opened("a pair (id, type)")
    identifier = scanner.string("an id")
    scanner.require(",")
    kind = scanner.string("a type")
    scanner.skipped(",")
    scanner.require(closing)
    return Candidate(identifier, kind)


class _Scanner:
    """A position in the text that only moves forward, so that the time taken is linear."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def next(self) -> str:
        """Return the next character that is not white space; '' at the end."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def skipped(self, character: str) -> bool:
        if self.next() != character:
            return False
        self._at += 1
        return True

    def require(self, character: str) -> None:
        """Go past the character; '' stands for the end of the text."""
        if self.next() != character:
            raise self._unexpected(repr(character) if character else "nothing more")
        self._at += len(character)

    def opened(self, what: str) -> str:
        """Go past an opening bracket and return the one that closes it."""
        closing = _CLOSING.get(self.next())
        if closing is None:
            raise self._unexpected(f"'[' or '(' to open {what}")
        self._at += 1
        return closing

    def string(self, what: str) -> str:
        """Go past a quoted string and return its content."""
        quote = self.next()
        if quote not in {"'", '"'}:
            raise self._unexpected(f"{what} in quotes")
        start = self._at + 1
        end = self._text.find(quote, start)
        if end < 0:
            raise self._wrong(f"the quote {quote} is not closed", self._at)
        content = self._text[start:end]
        if not content.strip():
            raise self._wrong(f"{what} is blank", self._at)
        if len(content) > LONGEST:
            raise self._wrong(f"{what} has more than {LONGEST} characters", self._at)
        for at, character in enumerate(content, start):
            if character in _FORBIDDEN or not character.isprintable():
                raise self._wrong(f"{what} holds {character!r}", at)
        self._at = end + 1
        return content

    def _unexpected(self, expected: str) -> CandidateSyntaxError:
        found = self._text[self._at : self._at + 1]
        what = repr(found) if found else "the end"
        return self._wrong(f"{what} where {expected} is expected", self._at)

    def _wrong(self, problem: str, at: int) -> CandidateSyntaxError:
        return CandidateSyntaxError(f"{problem}, at character {at + 1} of {shown(self._text)}")
