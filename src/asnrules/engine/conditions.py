"""Evaluate conditions on the values of one exposure, and say which term failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from asnrules.engine.model import Condition, Operator, Requirement, Term
from asnrules.engine.patterns import fits
from asnrules.engine.values import ANY, is_empty

Values = Mapping[str, str | None]
"""The values of an exposure by keyword; a keyword that is not there has no value."""


class Failure(NamedTuple):
    """Why a requirement does not hold.

    Attributes
    ----------
    condition : str
        The name of the condition, with `not ` before it where it is negated.
    text : str
        The condition in words.
    keyword : str
        The keyword of the term that decided.
    found : str or None
        The value found; None if it is empty.
    wanted : str
        The values wanted, in words.
    """

    condition: str
    text: str
    keyword: str
    found: str | None
    wanted: str

    def sentence(self) -> str:
        """Say it in one line, with the value found and the value wanted."""
        found = "empty" if self.found is None else f"'{self.found}'"
        return f"{self.text}: {self.keyword.upper()} is {found}, wanted {self.wanted}"


def term_holds(term: Term, value: str | None, *, benefit: bool = False) -> bool:
    """Tell whether a term holds for a value of its keyword.

    Parameters
    ----------
    term : Term
        The comparison.
    value : str or None
        The value; None if there is none.
    benefit : bool
        What is answered for a value that may be any.
    """
    if value == ANY and term.operator not in {Operator.SET, Operator.EMPTY}:
        return benefit
    return _TESTS[term.operator](term.values, value)


def condition_holds(condition: Condition, values: Values, *, benefit: bool = False) -> bool:
    """Tell whether all terms of any alternative of a condition hold; see `term_holds`."""
    return any(
        all(term_holds(term, values.get(term.keyword), benefit=benefit) for term in terms)
        for terms in condition.alternatives
    )


def requirement_holds(requirement: Requirement, values: Values) -> bool:
    """Tell whether a requirement holds, or may hold; keys are left aside."""
    benefit = not requirement.negated
    return condition_holds(requirement.condition, values, benefit=benefit) is benefit


def failure(requirement: Requirement, values: Values) -> Failure:
    """Explain why a requirement does not hold; it must not hold.

    Parameters
    ----------
    requirement : Requirement
        A condition, possibly negated.
    values : mapping
        The values of the exposure by keyword.

    Returns
    -------
    Failure
        Of several alternatives, the one that came nearest (the most terms held) is explained
        by its first term that failed.
    """
    condition = requirement.condition
    if requirement.negated:
        return _unwanted(condition, values)
    best = max(condition.alternatives, key=lambda terms: _nearness(terms, values))
    term = next(
        term for term in best if not term_holds(term, values.get(term.keyword), benefit=True)
    )
    others = (
        [terms[0] for terms in condition.alternatives if len(terms) == 1] if len(best) == 1 else []
    )
    alike = [other for other in others if other.keyword == term.keyword] or [term]
    wanted = " or ".join(_WORDS[one.operator].format(_joined(one.values)) for one in alike)
    return Failure(
        condition.name, condition.text, term.keyword, _shown(values.get(term.keyword)), wanted
    )


def _nearness(terms: tuple[Term, ...], values: Values) -> float:
    held = [term_holds(term, values.get(term.keyword)) for term in terms]
    return sum(held) / len(terms)


def _unwanted(condition: Condition, values: Values) -> Failure:
    terms = next(
        terms
        for terms in condition.alternatives
        if all(term_holds(term, values.get(term.keyword)) for term in terms)
    )
    term = terms[-1]
    return Failure(
        f"not {condition.name}",
        f"not {condition.text}",
        term.keyword,
        _shown(values.get(term.keyword)),
        _NEGATED[term.operator].format(_joined(term.values)),
    )


def _joined(values: tuple[str, ...]) -> str:
    return ", ".join(values)


def _shown(value: str | None) -> str | None:
    return None if is_empty(value) else value


def _listed(values: tuple[str, ...], value: str | None) -> bool:
    return (
        value is not None
        and not is_empty(value)
        and (value == values[-1] or value.startswith(values[:-1]))
    )


_TESTS: dict[Operator, Callable[[tuple[str, ...], str | None], bool]] = {
    Operator.SET: lambda values, value: not is_empty(value),
    Operator.EMPTY: lambda values, value: is_empty(value),
    Operator.IN: lambda values, value: value in values and not is_empty(value),
    Operator.NOT_IN: lambda values, value: value not in values,
    Operator.LISTED: _listed,
    Operator.MATCHES: lambda values, value: (
        value is not None
        and not is_empty(value)
        and any(fits(pattern, value) for pattern in values)
    ),
}

_WORDS = {
    Operator.SET: "a value",
    Operator.EMPTY: "none",
    Operator.IN: "{}",
    Operator.NOT_IN: "anything but {}",
    Operator.LISTED: "{}",
    Operator.MATCHES: "a match of {}",
}

_NEGATED = {
    Operator.SET: "none",
    Operator.EMPTY: "a value",
    Operator.IN: "anything but {}",
    Operator.NOT_IN: "{}",
    Operator.LISTED: "anything but {}",
    Operator.MATCHES: "no match of {}",
}
