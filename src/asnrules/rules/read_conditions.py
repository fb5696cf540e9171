"""Read what conditions ask of keywords."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from asnrules.rules.model import Alternative, Operator, Term
from asnrules.rules.patterns import Patterns
from asnrules.rules.texts import MisfitError, Parts, table
from asnrules.rules.words import Words, near, unknown

PSEUDO_KEYWORDS = ("class", "candidate_id", "candidate_type")
"""What conditions may look at beside the keywords of an exposure."""


class Terms:
    """Reads the terms of conditions; `lists` gives the values of a list by its name."""

    def __init__(self, words: Words, lists: Callable[[str], Sequence[str]]) -> None:
        self.keywords = {*(keyword.lower() for keyword in words.keywords), *PSEUDO_KEYWORDS}
        self._lists = lists
        self._patterns = Patterns()
        self._values = {
            "exp_type": ("EXP_TYPE", {exp_type.lower() for exp_type in words.exp_types}),
            "class": ("class", words.member_types),
        }

    def alternative(self, given: Any) -> Alternative:
        """Read what each keyword has to be."""
        if not table(given):
            raise MisfitError("an alternative without a keyword; name one")
        parts = Parts()
        terms: list[Term] = []
        for keyword, test in given.items():
            terms += parts.read(keyword, partial(self._tests, keyword), test) or ()
        parts.settle()
        return tuple(terms)

    def problem(self, term: Term) -> str | None:
        """Say what is wrong with a term: a value that no exposure can have, or a bad pattern."""
        for value in term.values:
            if term.operator is Operator.MATCHES:
                if problem := self._patterns.problem(value):
                    return f"bad pattern {value[:80]!r}: {problem}"
            elif term.keyword in self._values:
                what, known = self._values[term.keyword]
                if value not in known:
                    return unknown(what, value, known)
            elif value != value.lower() or value != value.strip() or not value:
                return (
                    f"{term.keyword}: {value[:80]!r} is never found; exposures have their values "
                    "in lower case, without blanks around"
                )
        return None

    def _tests(self, keyword: str, test: Any) -> Iterable[Term]:
        if keyword not in self.keywords:
            raise MisfitError(unknown("keyword", keyword, self.keywords))
        parts = Parts()
        if isinstance(test, list):
            read = partial(self._tests, keyword)
            tests = [parts.read(number, read, one) for number, one in enumerate(test)]
            parts.settle()
            return [term for terms in tests for term in terms]
        if isinstance(test, str):
            return self._checked(cell_terms(keyword, test, split=False))
        if not isinstance(test, dict) or len(test) != 1:
            raise MisfitError(f"{keyword} has to be a text, a list or {{ operator = [values] }}")
        ((word, values),) = test.items()
        terms: list[Term] = parts.read(word, partial(self._compared, keyword, word), values)
        parts.settle()
        return terms

    def _compared(self, keyword: str, word: str, values: Any) -> list[Term]:
        """Read an operator with its values."""
        if word not in list(Operator):
            raise MisfitError(
                f"{word!r} is not an operator; {near(word, map(str, Operator))} "
                f"({', '.join(Operator)})"
            )
        operator = Operator(word)
        if isinstance(values, str):
            return self._checked([Term(keyword, operator, tuple(self._lists(values)), values)])
        if not isinstance(values, list) or not all(
            isinstance(value, str) and value.isprintable() for value in values
        ):
            raise MisfitError(f"{word} has to be a list of texts; put them in [ ]")
        parts = Parts()
        if (operator in {Operator.SET, Operator.EMPTY}) == bool(values):
            problem = f"{word} takes {'no values' if values else 'values'}; mend the list"
            parts.problems.append(((), problem))
        for number, value in enumerate(values):
            parts.read(number, self._checked, [Term(keyword, operator, (value,))])
        parts.settle()
        return [Term(keyword, operator, tuple(values))]

    def _checked(self, terms: list[Term]) -> list[Term]:
        if problems := [problem for problem in map(self.problem, terms) if problem]:
            raise MisfitError(problems=[((), problem) for problem in problems])
        return terms


def cell_terms(keyword: str, cell: str, *, split: bool = True) -> list[Term]:
    """Give what a cell of a CSV file, or a text instead of a table, says of a keyword."""
    if cell == "(set)":
        return [Term(keyword, Operator.SET)]
    if cell == "(empty)":
        return [Term(keyword, Operator.EMPTY)]
    if cell.startswith("!"):
        values = tuple(cell[1:].split())
        return [Term(keyword, Operator.SET), Term(keyword, Operator.NOT_IN, values)]
    return [Term(keyword, Operator.IN, tuple(cell.split()) if split else (cell,))]
