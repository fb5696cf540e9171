"""Partition the values of a keyword into the classes that rules can tell apart.

Two values of a keyword are in one class if every term of the rulesets gives the same answer for
both, and both are empty or neither is. So one representative of each class stands for all of it,
and looking at each representative is looking at every value. The partition is exact, because
the operators look at a value in four ways only:

- whether it is empty: the class of the empty values has the representative None. (An exposure
  is judged with None in place of any empty value.)
- whether it equals a text that is written in a term: each such text is tried itself.
- whether it begins with a text of `listed`: of a value that is no text of a term, the longest
  such beginning decides, as any other beginning that it has is a beginning of that one. So each
  of them is tried with something appended that no term goes on with, and so is no beginning.
- whether a regular expression matches the whole of it: the languages of the beginnings and
  patterns, without the texts, are intersected as finite automata, and each intersection that is
  not empty gives a representative.

Values of pools are in lower case and stripped, so a text or pattern that only other values could
have is one that no value can satisfy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from asnrules.engine.conditions import term_holds
from asnrules.errors import RulesetError
from asnrules.rules.model import Operator, Term
from asnrules.rules.patterns import fits

if TYPE_CHECKING:
    from greenery.charclass import Charclass
    from greenery.fsm import Fsm

_FILLERS = ("other", "other-", "zz", "zz-other")
_READABLE = "[0-9a-z]+"
_ANY = "[^A-Z]+"


def partition(
    terms: Iterable[Term], empty: AbstractSet[str | None], texts: Sequence[str] = ()
) -> tuple[str | None, ...]:
    """Give one value for each class of values that terms can tell apart.

    Parameters
    ----------
    terms : iterable of Term
        All on one keyword.
    empty : set of str
        What counts as not given.
    texts : sequence of str
        Values that something else compares the keyword with.

    Returns
    -------
    tuple of (str or None)
        None, which stands for the empty values, comes first; of several texts in one class the
        first stands for it.

    Raises
    ------
    RulesetError
        If a regular expression is one whose values cannot be found: a look-around, a reference
        back, an anchor.
    """
    terms = tuple(dict.fromkeys(terms))
    written = [value for term in terms if term.operator in _WRITTEN for value in term.values]
    literals = [value for value in dict.fromkeys([*written, *texts]) if _is_value(value, empty)]
    beginnings = list(
        dict.fromkeys(
            value
            for term in terms
            if term.operator is Operator.LISTED
            for value in term.values[:-1]
        )
    )
    patterns = list(
        dict.fromkeys(
            value for term in terms if term.operator is Operator.MATCHES for value in term.values
        )
    )
    if patterns:
        others = _others_by_automata(tuple(literals), tuple(beginnings), tuple(patterns))
    else:
        others = [_continued(start, literals, beginnings) for start in ["", *beginnings]]
    classes: dict[tuple[object, ...], str | None] = {}
    for value in [None, *literals, *(value for value in others if _is_value(value, empty))]:
        answers = [term_holds(term, value) for term in terms]
        # A text that something else compares with is a class of its own.
        classes.setdefault((value is None, *answers, value if value in texts else None), value)
    return tuple(classes.values())


_WRITTEN = {Operator.IN, Operator.NOT_IN, Operator.LISTED}


def _is_value(value: str, empty: AbstractSet[str | None]) -> bool:
    """Tell whether an exposure can have this value."""
    return value not in empty and value == value.strip().lower()


def _continued(start: str, literals: Sequence[str], beginnings: Sequence[str]) -> str:
    """Give a value with this beginning, but with no longer one of those, that is no literal."""
    longer = [other for other in beginnings if other != start and other.startswith(start)]
    number = 0
    while True:
        filler = _FILLERS[number] if number < len(_FILLERS) else f"zz{number}"
        value = start + filler
        if value not in literals and not value.startswith(tuple(longer)):
            return value
        number += 1


@lru_cache(maxsize=256)
def _others_by_automata(
    literals: tuple[str, ...], beginnings: tuple[str, ...], patterns: tuple[str, ...]
) -> list[str]:
    """Give a value of each intersection of the languages of beginnings and patterns."""
    languages = [_automaton(f"{_escaped(start)}.*") for start in beginnings]
    languages += [_automaton(pattern) for pattern in patterns]
    everything = _automaton(_ANY)
    for value in literals:
        everything = everything.difference(_automaton(_escaped(value)))
    regions: list[tuple[Fsm, tuple[bool, ...]]] = [(everything, ())]
    for language in languages:
        parts = []
        for region, answers in regions:
            parts.append((region & language, (*answers, True)))
            parts.append((region.difference(language), (*answers, False)))
        regions = [(region, answers) for region, answers in parts if not region.empty()]
    found = []
    for region, answers in regions:
        value = _example(region)
        said = [value.startswith(start) for start in beginnings]
        said += [fits(pattern, value) for pattern in patterns]
        for at, (expected, actual) in enumerate(zip(answers, said, strict=True)):
            if expected is not actual:
                raise _not_analysable((*beginnings, *patterns)[at])
        found.append(value)
    return found


def _example(region: Fsm) -> str:
    """Give a shortest value of a language, one that is easy to read if there is any."""
    readable = region & _automaton(_READABLE)
    chosen = region if readable.empty() else readable
    reached: dict[Any, str] = {chosen.initial: ""}
    queue = [chosen.initial]
    for state in queue:
        if state in chosen.finals:
            return reached[state]
        for chars, following in chosen.map[state].items():
            if chosen.islive(following) and following not in reached:
                reached[following] = reached[state] + _character(chars)
                queue.append(following)
    raise AssertionError("a language that is not empty has a value")


def _character(chars: Charclass) -> str:
    """Give a character of a class."""
    if not chars.negated:
        return chr(chars.ord_ranges[0][0])
    taken = {code for low, high in chars.ord_ranges for code in range(low, high + 1)}
    return chr(next(code for code in range(0x30, 0x110000) if code not in taken))


def _automaton(pattern: str) -> Fsm:
    from greenery.parse import NoMatch, parse

    try:
        return parse(pattern).to_fsm()
    except NoMatch as error:
        raise _not_analysable(pattern) from error


def _escaped(text: str) -> str:
    """Write a text as a pattern of greenery, which knows fewer escapes than `re`."""
    return re.sub(r"[\\.\[\](){}|*+?]", r"\\\g<0>", text)


def _not_analysable(pattern: str) -> RulesetError:
    return RulesetError(
        f"pattern {pattern!r}: which values it matches cannot be worked out; "
        "write it without look-around, references back and anchors"
    )
