"""Correct what is misprinted on the exposure-mode page, where that is certain; ask otherwise.

A correction is certain if the printed word has the letters of a known one, or is one letter
away from it and the same exposures of the other instruments have it. Anything else is for a
person to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from asnrules.errors import UsageError
from asnrules.rules.model import NOT_APPLICABLE, Erratum, Mode
from asnrules.rules.page import Page, PrintedRow
from asnrules.rules.read import WHAT, known_words, mode_of
from asnrules.rules.text_files import settle
from asnrules.rules.words import Words, instrument_of, near

Accepted = Mapping[tuple[int, str | None], str]
"""What a person has said: the value by row, and by field where that is said as well."""


class _Correction(NamedTuple):
    value: str
    reason: str


class CorrectedPage(NamedTuple):
    """The rows of a page as they are meant."""

    modes: tuple[Mode, ...]
    errata: tuple[Erratum, ...]
    new_exp_types: set[str]
    """EXP_TYPEs that a person has said to be new ones."""


def parse_accepted(texts: Sequence[str]) -> Accepted:
    """Read the values of `--accept`: ROW=VALUE, or ROW.FIELD=VALUE.

    Raises
    ------
    UsageError
        If one is not of that form, or a row is given twice.
    """
    accepted: dict[tuple[int, str | None], str] = {}
    for text in texts:
        found = re.fullmatch(r"([0-9]{1,6})(?:\.([a-z_]+))?=(.+)", text)
        name = found and found[2]
        if found is None or (name is not None and name not in WHAT):
            raise UsageError(
                f"--accept: {text[:80]!r} is not ROW=VALUE; "
                f"or give ROW.FIELD=VALUE with a field of {', '.join(WHAT)}"
            )
        key = (int(found[1]), name)
        if key in accepted:
            raise UsageError(f"--accept: row {found[1]} is given twice; give it once")
        accepted[key] = found[3]
    return accepted


def correct_page(page: Page, words: Words, accepted: Accepted) -> CorrectedPage:
    """Correct the rows of a page.

    Parameters
    ----------
    accepted : mapping
        What a person has said of cells whose correction is not certain.

    Raises
    ------
    RulesetError
        With all that is wrong on the page: if a correction is not certain and was not given, if an
        EXP_TYPE is of no instrument, if two rows say the same, if a row is not well formed.
    """
    corrector = _Corrector(page, words, accepted)
    modes: list[Mode] = []
    errata: list[Erratum] = []
    for row in page.rows:
        meant = {name: corrector.meant(row, name) for name in WHAT}
        cells = {name: value for name, (value, _) in meant.items()}
        modes.append(mode_of(row.position, cells, row.footnote))
        errata += [
            Erratum(row.position, name, row.cells[name], value, reason)
            for name, (value, reason) in meant.items()
            if value != row.cells[name]
        ]
    _note_repeated(page, modes, corrector.doubtful)
    settle(page.path.parent, [page.found])
    corrector.finish()
    new = {mode.exp_type for mode in modes} - words.exp_types
    return CorrectedPage(tuple(modes), tuple(sorted(errata)), new)


def _note_repeated(page: Page, modes: Sequence[Mode], doubtful: set[int]) -> None:
    seen: dict[tuple[str, str | None], tuple[PrintedRow, Mode]] = {}
    for row, mode in zip(page.rows, modes, strict=True):
        if row.position in doubtful:
            continue
        first, same = seen.setdefault((mode.exp_type, mode.special), (row, mode))
        if first is row:
            continue
        alike = all(getattr(mode, name) == getattr(same, name) for name in WHAT)
        says = "is the same as" if alike else "contradicts"
        problem = (
            f"row {row.position} {says} row {first.position} (line {first.line}), both for "
            f"{mode.exp_type} with special {mode.special or NOT_APPLICABLE}; leave one out"
        )
        page.found.at_line(row.line, problem)


class _Corrector:
    def __init__(self, page: Page, words: Words, accepted: Accepted) -> None:
        self._page = page
        self._accepted = dict(accepted)
        self._known = known_words(words)
        self.doubtful: set[int] = set()
        """Rows of which it is not known what they say."""

    def meant(self, row: PrintedRow, name: str) -> _Correction:
        """Say what a cell means, or note the question."""
        printed = row.cells[name]
        if printed in self._known[name]:
            return _Correction(printed, "")
        certain = self._same_letters(name, printed) or self._confirmed(row, name)
        # A value without a field is for the first cell that is in question.
        for key in ((row.position, name), (row.position, None))[: 2 if certain is None else 1]:
            if key in self._accepted:
                return self._said(name, self._accepted.pop(key))
        if certain is not None:
            return certain
        problem = self._question(row, name)
        if name == "exp_type" and printed and instrument_of(printed) is None:
            what = f"row {row.position} has EXP_TYPE {printed[:80]!r}, of no instrument"
            problem = f"{what}; {near(printed, self._known[name])}"
        self._page.found.at_line(row.line, problem)
        self.doubtful.add(row.position)
        return _Correction(printed, "")

    def finish(self) -> None:
        """Refuse answers to what is no question."""
        for number, _ in self._accepted:
            raise UsageError(
                f"--accept: row {number} of {self._page.path} has nothing that is not certain; "
                "leave it out"
            )

    def _said(self, name: str, value: str) -> _Correction:
        """Take what a person has said of a cell."""
        is_new = name == "exp_type" and instrument_of(value) is not None
        if value not in self._known[name] and not is_new:
            hint = near(value, self._known[name])
            raise UsageError(f"--accept: {value[:80]!r} is not a known {WHAT[name]}; {hint}")
        return _Correction(value, "accepted by the person who imported the page")

    def _question(self, row: PrintedRow, name: str) -> str:
        printed = row.cells[name]
        text = (
            f"row {row.position}: {WHAT[name]} {printed[:80]!r} is not known "
            f"({near(printed, self._known[name])}); say what is meant with "
            f"--accept {row.position}=VALUE"
        )
        if name == "exp_type" and printed:
            text += f", or --accept {row.position}={printed[:80]} if it is a new one"
        return text

    # ----------------------------------------------------------------- what is certain

    def _same_letters(self, name: str, printed: str) -> _Correction | None:
        """Find the known word with the same letters, ignoring other characters."""
        letters = _letters(printed)
        found = [word for word in self._known[name] if letters and _letters(word) == letters]
        if len(found) != 1:
            return None
        word = found[0]
        if word.lower() == printed.lower():
            return _Correction(word, "letter case")
        if printed.strip("/") == word:
            return _Correction(word, "a stray slash")
        return _Correction(word, "stray or missing signs")

    def _confirmed(self, row: PrintedRow, name: str) -> _Correction | None:
        """Find the word one letter away that the same exposures of other instruments have."""
        if name == "exp_type":
            return None
        found = [word for word in self._known[name] if _is_one_letter_away(row.cells[name], word)]
        ending = row.cells["exp_type"].partition("_")[2]
        by = "member_type" if name == "special" else "special"
        others = {
            other.cells[name]
            for other in self._page.rows
            if other is not row
            and other.cells["exp_type"].partition("_")[2] == ending
            and _letters(other.cells[by]) == _letters(row.cells[by])
        }
        if len(found) != 1 or others != set(found):
            return None
        kind = "imaging" if ending == "IMAGE" else ending
        return _Correction(
            found[0], f"no {WHAT[name]} has this name; every other {kind} row says {found[0]}"
        )


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _is_one_letter_away(some: str, other: str) -> bool:
    """Tell whether two words differ by one letter added, removed or replaced, or two swapped."""
    start = 0
    while start < min(len(some), len(other)) and some[start] == other[start]:
        start += 1
    some, other = some[start:], other[start:]
    while some and other and some[-1] == other[-1]:
        some, other = some[:-1], other[:-1]
    is_swapped = len(some) == 2 and some == other[::-1]
    return is_swapped or max(len(some), len(other)) == 1
