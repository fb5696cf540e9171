"""Find the values of a keyword with which what a rule asks holds, the others as they are.

A keyword is tried with every value that the conditions tell apart: those that they name, one
that they do not name, one for each pattern, and none. Where they look at the class, that of the
exposure with this value counts.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from asnrules.engine.conditions import Values, keywords_in, requirement_holds, term_holds
from asnrules.engine.signatures import CLASS, class_of
from asnrules.rules.model import Condition, Key, Operator, Requirement, Ruleset, Term

_OTHER = "\0other"
"""Stands for any value that no condition names."""

NO_VALUE = "no value"
SET_FLAG, UNSET_FLAG = "t", "f"
"""What is wanted of a flag: a keyword that is true or false."""

_INSIDE = re.compile(r"\.[+*]([a-z0-9_-]+)\.[+*]")
"""A pattern that fits values with a text inside."""


class _Question(NamedTuple):
    """What is asked of a keyword."""

    related: list[Requirement]
    """Those that look at it."""
    tried: dict[str, None]
    """The values to be tried."""
    others: list[str]
    """The other keywords that they look at."""
    on_class: bool
    """Whether the keyword may change the class, and they look at that."""


class WantedValues:
    """Tries values of keywords on the conditions of a ruleset."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        lines = ruleset.class_rules
        self._class_terms = [term for line in lines for term in line.condition.terms]
        self._class_values = {line.keyword for line in lines if line.keyword}
        self.flag_classes = {
            line.exposure_class
            for line in lines
            if all(term.operator is Operator.SET for term in line.condition.terms)
        }
        """The classes that are given by flags alone."""
        self._flags = {
            term.keyword
            for line in lines
            if line.exposure_class in self.flag_classes
            for term in line.condition.terms
        } | {
            term.keyword
            for condition in ruleset.used_conditions()
            for term in condition.terms
            if SET_FLAG in term.values
        }
        self.classed = dict.fromkeys(term.keyword for term in self._class_terms)
        """The keywords that give an exposure its class."""
        # The same few conditions, by name, are asked of many signatures, by many rules.
        self._keywords: dict[str, dict[str, None]] = {}
        self._questions: dict[Hashable, _Question] = {}
        self._answers: dict[Hashable, str | None] = {}

    def keywords(self, condition: Condition) -> Mapping[str, None]:
        """Give the keywords that a condition looks at, those that give the class among them."""
        found = self._keywords.get(condition.name)
        if found is None:
            found = keywords_in(condition)
            if CLASS in found:
                del found[CLASS]
                found |= self.classed
            self._keywords[condition.name] = found
        return found

    def of(
        self, keyword: str, asked: Sequence[Requirement], keys: Sequence[Key], values: Values
    ) -> str | None:
        """Say with which values of a keyword all that is asked, as far as it looks at it, holds.

        Some of the keys need a value, and the other keywords have theirs. None if there are none.
        """
        related = [use for use in asked if keyword in self.keywords(use.condition)]
        scope = (keyword, *[(use.condition.name, use.negated) for use in related])
        question = self._questions.get(scope)
        if question is None:
            question = self._questions[scope] = self._question(keyword, related)
        is_needed = any(
            keyword in key.sources
            and all(values.get(other) is None for other in key.sources if other != keyword)
            for key in keys
        )
        exposure = (scope, is_needed, *[values.get(other) for other in question.others])
        if exposure not in self._answers:

            def fits(value: str | None) -> bool:
                changed = {**values, keyword: value}
                if question.on_class:
                    changed[CLASS] = class_of(self._ruleset, changed)
                return all(_holds(use, keyword, changed) for use in question.related)

            none = not is_needed and fits(None)
            if keyword in self._flags:
                is_set = fits(SET_FLAG if SET_FLAG in question.tried else _OTHER)
                answer = None if is_set is none else SET_FLAG if is_set else UNSET_FLAG
            else:
                tried = {value: fits(value) for value in question.tried}
                answer = _in_words(tried, other=fits(_OTHER), none=none)
            self._answers[exposure] = answer
        return self._answers[exposure]

    def any_value(self, sources: Sequence[str]) -> str:
        """Say that a keyword needs a value, whatever it is, or another one in its place."""
        first, *others = sources
        is_flag = first in self._flags
        more = [f"{other.upper()} t" if is_flag else f"one of {other.upper()}" for other in others]
        return ", or ".join([SET_FLAG if is_flag else "a value", *more])

    def _question(self, keyword: str, related: list[Requirement]) -> _Question:
        terms = [term for use in related for term in use.condition.terms]
        seen = dict.fromkeys(term.keyword for term in terms)
        on_it = [term for term in terms if term.keyword == keyword]
        looks_at_class = CLASS in seen
        if looks_at_class:
            seen |= self.classed
            on_it += [term for term in self._class_terms if term.keyword == keyword]
        tried: dict[str, None] = {}
        if keyword in self._class_values:
            # It may be the class itself, but not one that a flag stands for.
            classes = (value for term in terms if term.keyword == CLASS for value in term.values)
            tried.update((value, None) for value in classes if value not in self.flag_classes)
        for term in on_it:
            if term.operator is Operator.MATCHES:
                tried.update((_Matching(value), None) for value in term.values)
            else:
                tried.update(
                    (value, None) for value in term.values if value not in self._ruleset.empty
                )
        others = [other for other in seen if other not in {keyword, CLASS}]
        return _Question(related, tried, others, looks_at_class and keyword in self.classed)


class _Matching(str):
    """Stands for a value that matches this pattern, and that no condition names."""

    __slots__ = ()


def _holds(use: Requirement, keyword: str, values: Values) -> bool:
    value = values.get(keyword)
    if not isinstance(value, _Matching):
        return requirement_holds(use, values)
    benefit = not use.negated

    def holds(term: Term) -> bool:
        if term.keyword != keyword:
            return term_holds(term, values.get(term.keyword), benefit=benefit)
        if term.operator is Operator.MATCHES:
            return value in term.values
        return term.operator in {Operator.SET, Operator.NOT_IN}

    return benefit is any(all(map(holds, terms)) for terms in use.condition.alternatives)


def _in_words(texts: Mapping[str, bool], *, other: bool, none: bool) -> str | None:
    """Say which values fit: texts, matches of patterns, any other value, none."""
    words = {text: _word(text) for text in texts}
    if other:
        excluded = [words[text] for text, fits in texts.items() if not fits]
        if not excluded:
            return None if none else "a value"
        is_one = len(excluded) == 1 and excluded[0].startswith(_WITH)
        if is_one:
            return f"{'anything' if none else 'a value'} without {excluded[0].removeprefix(_WITH)}"
        return f"{'anything but' if none else 'a value other than'} {either(excluded)}"
    fitting = [words[text] for text, fits in texts.items() if fits]
    return either([*fitting, *[NO_VALUE] * none]) or None


_WITH = "a value with "


def _word(text: str) -> str:
    """Say a value, or what fits a pattern."""
    if not isinstance(text, _Matching):
        return text
    inside = _INSIDE.fullmatch(text)
    return f"a match of {text}" if inside is None else f"{_WITH}{inside[1]} inside"


def either(words: Sequence[str]) -> str:
    """List words of which one is meant."""
    *first, last = words or [""]
    return f"{', '.join(first)} or {last}" if first else last
