"""Read what conditions ask of keywords."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from asnrules.rules.converter import MisfitError
from asnrules.rules.model import Alternative, Operator, Term
from asnrules.rules.patterns import Patterns
from asnrules.rules.text_files import Keys
from asnrules.rules.words import Words, near, unknown

PSEUDO_KEYWORDS = ("class", "candidate_id", "candidate_type")
"""What conditions may look at that is no keyword of an exposure."""


class Terms:
    """Reads the terms of conditions."""

    def __init__(self, words: Words) -> None:
        self.keywords = {*(keyword.lower() for keyword in words.keywords), *PSEUDO_KEYWORDS}
        self._patterns = Patterns()
        self._values = {
            "exp_type": ("EXP_TYPE", {exp_type.lower() for exp_type in words.exp_types}),
            "class": ("class", words.member_types),
        }

    def alternatives(
        self,
        given: Sequence[dict[str, Any]],
        lists: Callable[[str], Sequence[str]],
        note: Callable[[Keys, str], None],
    ) -> Iterator[Alternative]:
        """Read alternatives: what each keyword has to be.

        Parameters
        ----------
        lists : callable
            Gives the values of a list by its name, or raises `MisfitError`.
        note : callable
            Takes what is wrong, and where.
        """
        self._lists, self._note = lists, note
        for number, one in enumerate(given):
            yield self._alternative((number,), one)

    def _alternative(self, place: Keys, given: dict[str, Any]) -> Alternative:
        if not given:
            self._note(place, "an alternative without a keyword; name one")
        terms: list[Term] = []
        for keyword, test in given.items():
            if keyword in self.keywords:
                terms += self._tests((*place, keyword), keyword, test)
            else:
                problem = unknown("keyword", keyword, self.keywords)
                self._note((*place, keyword), problem)
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

    def _tests(self, place: Keys, keyword: str, test: Any) -> Sequence[Term]:
        if isinstance(test, list):
            return [
                term
                for number, one in enumerate(test)
                for term in self._tests((*place, number), keyword, one)
            ]
        if isinstance(test, str):
            return self._checked(place, cell_terms(keyword, test, split=False))
        if not isinstance(test, dict) or len(test) != 1:
            self._note(
                place,
                f"{keyword} has to be a text, a list or {{ operator = [values] }}",
            )
            return ()
        ((word, values),) = test.items()
        place = (*place, word)
        if word not in list(Operator):
            self._note(
                place,
                f"{word!r} is not an operator; {near(word, map(str, Operator))} "
                f"({', '.join(Operator)})",
            )
            return ()
        operator = Operator(word)
        if isinstance(values, str):
            return self._of_list(place, keyword, operator, values)
        if not isinstance(values, list) or not all(
            isinstance(value, str) and value.isprintable() for value in values
        ):
            self._note(place, f"{word} has to be a list of texts; put them in [ ]")
            return ()
        if (operator in {Operator.SET, Operator.EMPTY}) == bool(values):
            problem = f"{word} takes {'no values' if values else 'values'}; mend the list"
            self._note(place, problem)
        for number, value in enumerate(values):
            self._checked((*place, number), [Term(keyword, operator, (value,))])
        return [Term(keyword, operator, tuple(values))]

    def _of_list(self, place: Keys, keyword: str, operator: Operator, name: str) -> Sequence[Term]:
        try:
            values = tuple(self._lists(name))
        except MisfitError as error:
            self._note(place, str(error))
            return ()
        return self._checked(place, [Term(keyword, operator, values, name)])

    def _checked(self, place: Keys, terms: Sequence[Term]) -> Sequence[Term]:
        for problem in map(self.problem, terms):
            if problem:
                self._note(place, problem)
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
