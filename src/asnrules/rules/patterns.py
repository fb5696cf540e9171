"""Patterns of conditions: regular expressions that no value can keep busy.

Values come from pools, and Python's `re` may take more than a lifetime for a value of fifty
characters. So a pattern is a sequence of single characters, each with how often it comes, without
groups; alternatives are patterns of their own. It is run as an automaton, which looks at each
character of a value once. The states of one that is accepted are few, so that the check of a
ruleset, which goes through all of them, ends as well.
"""

from __future__ import annotations

import re
import string
import warnings
from functools import lru_cache
from typing import NamedTuple

from asnrules.util.limits import PATTERN_LENGTH, PATTERN_STATES, PATTERNS

_IN_CLASS = r"(?:[^\\\[\]^-]|\\[\\\[\]^-])"
_CHARACTER = (
    r"[^\\.^$*+?{}\[\]()|]|\\[dDsSwW\\.\[\](){}|*+?]|\."
    rf"|\[\^?(?:\\[dDsSwW]|{_IN_CLASS}(?:-{_IN_CLASS})?)+\]"
)
_COUNT = r"[*+?]|\{[0-9]{1,4}(?:,[0-9]{0,4})?\}"
_PART = re.compile(rf"({_CHARACTER})({_COUNT})?")
_PATTERN = re.compile(rf"(?:(?:{_CHARACTER})(?:{_COUNT})?+)*+")
_COUNTS = {"": (1, 1), "*": (0, None), "+": (1, None), "?": (0, 1)}
OTHERS = string.printable + "éж星"
"""Characters that stand for those that are not in a pattern."""


class Patterns:
    """The patterns of a ruleset. Each is checked once, and they are few, as that takes time."""

    def __init__(self) -> None:
        self._checked: dict[str, str | None] = {}

    def problem(self, pattern: str) -> str | None:
        """Say why a pattern cannot be used; None if it can."""
        if pattern not in self._checked:
            if len(self._checked) == PATTERNS:
                return f"the rules have {PATTERNS} others already; take out some"
            self._checked[pattern] = pattern_problem(pattern)
        return self._checked[pattern]


def pattern_problem(pattern: str) -> str | None:
    """Say why a pattern cannot be used; None if it can."""
    if len(pattern) > PATTERN_LENGTH:
        return f"it has more than {PATTERN_LENGTH} characters; shorten it"
    if not _PATTERN.fullmatch(pattern):
        return (
            "it is not a sequence of characters, . and [ ], each with *, +, ?, {n} or {n,m}; "
            "write alternatives as patterns of their own, without groups, anchors and look-around"
        )
    try:
        is_simple = automaton(pattern).is_simple(pattern)
    except (re.error, FutureWarning) as error:
        return f"{error}; mend the regular expression"
    if not is_simple:
        return f"it needs more than {PATTERN_STATES} states; make it simpler"
    return None


def fits(pattern: str, value: str) -> bool:
    """Tell whether a valid pattern fits the whole of a value."""
    return automaton(pattern).fits(value)


class _Step(NamedTuple):
    """One character of a value."""

    character: re.Pattern[str]
    repeats: bool
    optional: bool


class Automaton:
    """The automaton of a pattern. A state is the set of steps that may come next, as bits."""

    def __init__(self, pattern: str) -> None:
        self._steps = _steps(pattern)
        self.start = self._closed(1)
        self._known: dict[tuple[int, str], int] = {}

    def accepts(self, state: int) -> bool:
        """Tell whether the pattern fits what led to a state."""
        return bool(state >> len(self._steps) & 1)

    def after(self, state: int, character: str) -> int:
        """Give the state after one more character; 0 if the pattern fits nothing that follows."""
        if (state, character) in self._known:
            return self._known[state, character]
        following = 0
        for number, step in enumerate(self._steps):
            if state >> number & 1 and step.character.fullmatch(character):
                following |= 1 << (number if step.repeats else number + 1)
        following = self._closed(following)
        if character.isascii():
            self._known[state, character] = following
        return following

    def steps_of(self, character: str) -> tuple[bool, ...]:
        """Tell for each step whether it takes a character."""
        return tuple(bool(step.character.fullmatch(character)) for step in self._steps)

    def fits(self, value: str) -> bool:
        """Tell whether it fits a whole value."""
        state = self.start
        for character in value:
            state = self.after(state, character)
            if not state:
                return False
        return self.accepts(state)

    def is_simple(self, pattern: str) -> bool:
        """Tell whether it has no more states than there may be."""
        if len(self._steps) > PATTERN_STATES:
            return False
        found = {self.start}
        queue = [self.start]
        for state in queue:
            for character in {*pattern, *OTHERS}:
                following = self.after(state, character)
                if following not in found:
                    found.add(following)
                    queue.append(following)
            if len(found) > PATTERN_STATES:
                return False
        return True

    def _closed(self, state: int) -> int:
        """Add what comes after steps that need not be made."""
        for number, step in enumerate(self._steps):
            if step.optional and state >> number & 1:
                state |= 2 << number
        return state


@lru_cache(maxsize=256)
def automaton(pattern: str) -> Automaton:
    """Give the automaton of a valid pattern."""
    return Automaton(pattern)


def _steps(pattern: str) -> list[_Step]:
    steps: list[_Step] = []
    with warnings.catch_warnings():
        # What a later Python may take for a set operation.
        warnings.simplefilter("error", FutureWarning)
        for text, count in _PART.findall(pattern):
            character = re.compile(text, re.ASCII)
            least, most = _counts(count)
            if most is not None and most < least:
                raise re.error(f"{count} has the greater number first")
            steps += [_Step(character, repeats=False, optional=False)] * least
            if most is None:
                steps.append(_Step(character, repeats=True, optional=True))
            else:
                steps += [_Step(character, repeats=False, optional=True)] * (most - least)
    return steps


def _counts(count: str) -> tuple[int, int | None]:
    if count in _COUNTS:
        return _COUNTS[count]
    least, comma, most = count.strip("{}").partition(",")
    return int(least), (int(most) if most else None) if comma else int(least)
