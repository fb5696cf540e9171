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
- whether a regular expression matches the whole of it: the automata of all patterns run side by
  side over every character that they can tell apart, and each combination of what they accept
  and of beginnings gives a representative.

Values of pools are in lower case and stripped, so a text or pattern that only other values could
have is one that no value can satisfy.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache

from asnrules.engine.conditions import term_holds
from asnrules.rules.model import Operator, Term
from asnrules.rules.patterns import OTHERS, Automaton, automaton

_FILLERS = ("other", "other-", "zz", "zz-other")
_READABLE = "0123456789abcdefghijklmnopqrstuvwxyz"


def partition(
    terms: Iterable[Term], empty: AbstractSet[str | None], texts: Sequence[str] = ()
) -> tuple[str | None, ...]:
    """Give one value for each class of values of a keyword that terms can tell apart.

    None, which stands for the empty values, comes first. What something else compares the keyword
    with is among `texts`; of several texts in one class the first stands for it.
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
    """Give a shortest value of each class of other texts, one that is easy to read if there is any.

    Values go on as one where the same may follow, and the same is said of them so far.
    """
    automata = [automaton(pattern) for pattern in patterns]
    texts = (*literals, *beginnings)
    found: dict[tuple[bool, ...], str] = {}
    for characters in _alphabets("".join((*texts, *patterns)), automata):
        reached = set()
        queue = [("", tuple(one.start for one in automata))]
        for start, states in queue:
            for value in (start + character for character in characters):
                pairs = zip(automata, states, strict=True)
                after = tuple(one.after(state, value[-1]) for one, state in pairs)
                begins = tuple(map(value.startswith, beginnings))
                is_open = any(text.startswith(value) for text in texts)
                key = (after, begins, value[-1].isspace(), value if is_open else None)
                if key in reached or value[0].isspace():
                    continue
                reached.add(key)
                queue.append((value, after))
                if value not in literals and not value[-1].isspace():
                    pairs = zip(automata, after, strict=True)
                    found.setdefault(
                        (*begins, *(one.accepts(state) for one, state in pairs)), value
                    )
    return [found[answers] for answers in sorted(found, reverse=True)]


def _alphabets(written: str, automata: Sequence[Automaton]) -> Iterator[list[str]]:
    """Give one of the characters of each class that automata tell apart: readable ones, then all.

    The written ones are classes of their own. Others begin at a written one, or after it.
    """
    bounds = {chr(min(ord(one) + step, sys.maxunicode)) for one in written for step in (0, 1)}
    for characters in (_READABLE, (*_READABLE, *OTHERS, *sorted(bounds))):
        alike: dict[tuple[object, ...], str] = {}
        for one in characters:
            if one == one.lower():
                own = one if one in written else one.isspace()
                alike.setdefault((own, *(each.steps_of(one) for each in automata)), one)
        yield list(alike.values())
