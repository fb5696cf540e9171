"""What texts and numbers in the files of rules may be, each with what reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Any, NewType

from asnrules.rules.text_files import Keys
from asnrules.rules.words import LABEL, LABEL_PROBLEM, Words, unknown

ROLE_WORDS = ("companion", "exposure", "mode", "direct image")
"""What a role may be called beside the classes of exposures."""

COMPANION_TYPES = ("direct_image", "sourcecat", "segmap")
"""What a member may be written as beside the classes of exposures."""

MOST_DIGITS = 9
"""More digits than that no sequence number needs."""

Reader = Callable[[Any], Any]
"""Gives a value as the model has it, or raises `MisfitError`."""

Known = Callable[[Words], Collection[str] | None]


class MisfitError(ValueError):
    """A value that does not fit; `{name}` stands for its word in what it says.

    Without a problem it does not fit as something else does not, for which that is told.
    """

    def __init__(self, problem: str = "", problems: Sequence[tuple[Keys, str]] = ()) -> None:
        super().__init__(problem)
        self.problems = problems or [((), problem)]
        """All that is wrong in the value, each with the way to it."""


class Parts:
    """Reads the parts of a value, and goes on where one does not fit."""

    def __init__(self) -> None:
        self.problems: list[tuple[Keys, str]] = []

    def read(self, key: str | int, read: Reader, value: Any) -> Any:
        """Read a part; None if it does not fit."""
        try:
            return read(value)
        except MisfitError as error:
            self.problems += [((key, *keys), problem) for keys, problem in error.problems]
            return None

    def settle(self) -> None:
        """Refuse the value if a part does not fit."""
        if self.problems:
            raise MisfitError(problems=self.problems)


def table(value: Any) -> dict[str, Any]:
    """Read a table."""
    if not isinstance(value, dict):
        raise MisfitError("{name} has to be a table; write it as word = value")
    return value


def one_line(value: Any) -> str:
    """Read a text."""
    if not isinstance(value, str) or not value.isprintable():
        raise MisfitError("{name} has to be text of one line; put it in quotes")
    return value


def whole_number(value: Any) -> int:
    """Read a number."""
    if type(value) is not int or not 0 <= value < 2**31:
        raise MisfitError("{name} has to be a whole number from 0 on")
    return value


def checked(what: str, word: str, words: Collection[str]) -> str:
    """Refuse a word that is not one of some."""
    if word not in words:
        raise MisfitError(unknown(what, word, words))
    return word


# ------------------------------------------------------------------------- kinds of them


def one_of(what: str, known: Collection[str] | Known) -> Callable[[Words], Reader]:
    """Take some words only, or those that the vocabulary has; all if it has None of them."""

    def reader(words: Words) -> Reader:
        found = known(words) if callable(known) else known
        if found is None:
            return one_line
        return lambda value: checked(what, one_line(value), found)

    return reader


def like(pattern: str, problem: str) -> Callable[[Words], Reader]:
    """Take texts of a pattern only; `{value}` stands for one that is not, in the problem."""

    def read(value: Any) -> str:
        if not re.fullmatch(pattern, one_line(value)):
            raise MisfitError(problem.replace("{value}", repr(value[:80])))
        return str(value)

    return lambda _: read


def _role_reader(words: Words) -> Reader:
    known = {*ROLE_WORDS, *(word.replace("_", " ") for word in words.member_types)}

    def read(value: Any) -> str:
        name = one_line(value)
        # A role is known by what it begins with: "science of the same mode" is a science.
        if not any(f"{name} ".startswith(f"{word} ") for word in known):
            checked("role", name, known)
        return name

    return read


def _digits(value: Any) -> int:
    number = whole_number(value)
    if not 1 <= number <= MOST_DIGITS:
        raise MisfitError(f"sequence_digits is from 1 to {MOST_DIGITS}")
    return number


Keyword = Annotated[str, one_of("keyword", lambda words: {word.lower() for word in words.keywords})]
Class = Annotated[str, one_of("class", lambda words: words.member_types)]
WrittenClass = Annotated[
    str, one_of("class", lambda words: {*words.member_types, *COMPANION_TYPES})
]
AsnType = Annotated[str, one_of("association type", lambda words: words.asn_types)]
TableLabel = Annotated[str, one_of("table", lambda words: words.tables)]
RoleName = Annotated[str, _role_reader]
Digits = Annotated[int, lambda _: _digits]
KeyName = NewType("KeyName", str)
"""Of a key of the ruleset."""

Label = Annotated[str, like(LABEL, LABEL_PROBLEM)]
RuleName = Annotated[
    str,
    like(r"[A-Za-z][A-Za-z0-9_]*", "{value} is not a name; use letters, digits and '_'"),
]
CsvName = Annotated[
    str, like(r"[A-Za-z0-9_-]+\.csv", "{value} is not the name of a CSV file beside this one")
]
ReleaseName = Annotated[str, like(r"[0-9]+(\.[0-9]+)*", "{value} is not a release, such as 1.9.4")]
ChangeName = Annotated[
    str,
    like(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
        "change {value}: use up to 80 letters, digits, '.', '_' and '-'",
    ),
]
DiscoveredId = Annotated[
    str, like(r"(a[0-9]{3,9})?", "discovered_id is an a with digits, such as a3001, or empty")
]
EmptyValue = Annotated[
    str,
    like(
        r"([!-@\[-~]([ -@\[-~]*[!-@\[-~])?)?",
        "{value} is no value of a pool; use lower case, without blanks around it",
    ),
]
