"""Text from outside: in messages on one line, cut and harmless to a terminal; or read as a date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from asnrules.errors import UsageError

Day = dt.date | str
"""A day from Python: a date, or text such as 2026-01-31."""

STANDARD_INPUT = "-"  # What stands for it where a file is named

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""What no cell of a pool may hold; a tab may be in one."""

EMPTY = frozenset({None, "", "null", "--", "n", "f", "false", "n/a"})
"""Texts, in lower case, by which pools and headers say that there is no value."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VALUE_LENGTH = 60
_MARK = "..."
_FEW = 5

REPEATED_HEADER = ": the header once more in line"
"""Stands in what is said of a pool whose header comes again."""


def printable(text: str, kept: str = "\t") -> str:
    """Write out control characters, and what reorders text, so that no terminal obeys them."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode()
        for char in text
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - len(_MARK)] + _MARK


def shown(value: str) -> str:
    """Return a value for a message: quoted, escaped, at most 60 characters."""
    return _cut(repr(value[:_VALUE_LENGTH]), _VALUE_LENGTH)


def label(name: str, length: int = _VALUE_LENGTH) -> str:
    """Return the name of a file or column for a message: cut, and as it is if it is printable."""
    return _cut(name if name and name.isprintable() else repr(name[:length]), length)


def few(values: Iterable[str], number: int = _FEW) -> str:
    """List values for a message: the first of them, and how many more there are."""
    given = list(values)
    more = f" and {len(given) - number:,} more" if len(given) > number else ""
    return ", ".join(given[:number]) + more


def repeated_header_note(name: str, lines: Sequence[int]) -> str:
    """Say in which lines of a pool its header stands once more."""
    plural = "s" if len(lines) > 1 else ""
    listed = few(map(str, lines))
    return f"{name}{REPEATED_HEADER}{plural} {listed}; skipped, as it is not an exposure"


def near_spellings(
    word: str, known: Iterable[str], count: int = 3, *, cutoff: float = 0.6
) -> list[str]:
    """Give the known words that are spelled most like a word in any case, the nearest first.

    The cutoff says how much alike they have to be, from 0 to 1.
    """
    import difflib

    spelled = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(word.casefold(), list(spelled), count, cutoff)
    return [spelled[one] for one in near]


def nearest_words(word: str, known: Iterable[str], few: int = _FEW) -> str:
    """Say which known words are nearest to one that is not known; all of them if they are few."""
    words = list(dict.fromkeys(known))
    if len(words) <= few:
        return f"there are {', '.join(words)}" if words else "there is none"
    return f"near it are {', '.join(near_spellings(word, words, cutoff=0))}"


def unknown_keyword(keyword: str, known: Iterable[str]) -> str:
    """Say that rules look at no such keyword: the nearest one, and all that they look at."""
    names = sorted(known)
    near = near_spellings(keyword, names, 1)
    meant = f"did you mean {near[0].upper()}? " if near else ""
    listed = ", ".join(names).upper()
    return f"the rules look at no keyword {shown(keyword.upper())}; {meant}they look at {listed}"


def program_name(program: str | None) -> str:
    """Write a program with at least five characters, filled with zeros."""
    return (program or "").rjust(5, "0")


def wanted_program(program: str) -> str:
    """Give a program that is asked for, with or without zeros, as `program_name` has it."""
    return program_name(program.strip().lower().lstrip("0"))


def read_day(option: str, text: str | None) -> dt.date | None:
    """Read the date of an option, YYYY-MM-DD; other spellings of ISO 8601 are a UsageError."""
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option}: there is no day {shown(text)}; check the date") from error
    raise UsageError(f"{option}: {shown(text)} is not a date; write it as 2026-01-31")


def given_day(name: str, day: Day | None) -> dt.date | None:
    """Give a day that was given as text or as a date; that of a `datetime` is unclear."""
    if isinstance(day, str):
        return read_day(name, day)
    if day is not None and type(day) is not dt.date:
        raise UsageError(
            f"{name}: {shown(str(day))} is not a datetime.date; give datetime.date(2026, 1, 31) "
            "or '2026-01-31'"
        )
    return day
