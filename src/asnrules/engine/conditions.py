"""Evaluate conditions on the values of one exposure, and say in words what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from asnrules.rules.model import Condition, Operator, Requirement, Role, Rule, Ruleset, Term
from asnrules.rules.patterns import fits

ANY = "\0any"
"""Stands for a value that is not known and is taken to fit, for an exposure given by keywords.

No pool can hold it: a control character is refused there.
"""

UNKNOWN = "\0unknown"
"""Stands for a keyword of which it is not known what value it has, or whether it has any."""

Row = tuple[str | None, ...]
"""The kept values of one exposure, aligned with the keywords of its pool."""

Values = Mapping[str, str | None]
"""The values of an exposure by keyword; a keyword that is not there has no value.

They are as `known_values` gives them: what counts as not given is None.
"""


def known_values(ruleset: Ruleset, values: Values) -> dict[str, str | None]:
    """Give values as a pool has them with None for those that the ruleset counts as not given."""
    empty = ruleset.empty
    return {keyword: None if value in empty else value for keyword, value in values.items()}


def term_holds(term: Term, value: str | None, *, benefit: bool = False) -> bool:
    """Tell whether a term holds for a value; where that is not known, `benefit` is said."""
    if value == ANY and term.operator not in {Operator.SET, Operator.EMPTY}:
        return benefit
    if value == UNKNOWN:
        return benefit
    return _TESTS[term.operator](term.values, value)


def condition_holds(condition: Condition, values: Values, *, benefit: bool = False) -> bool:
    """Tell whether all terms of any alternative of a condition hold; see `term_holds`."""
    return any(
        all(term_holds(term, values.get(term.keyword), benefit=benefit) for term in terms)
        for terms in condition.alternatives
    )


def requirement_holds(requirement: Requirement, values: Values) -> bool:
    """Tell whether a requirement holds, or may hold, whatever key it comes with."""
    benefit = not requirement.negated
    return condition_holds(requirement.condition, values, benefit=benefit) is benefit


def _listed(values: tuple[str, ...], value: str | None) -> bool:
    return value is not None and (value == values[-1] or value.startswith(values[:-1]))


def _matches(patterns: tuple[str, ...], value: str | None) -> bool:
    return value is not None and any(fits(pattern, value) for pattern in patterns)


_TESTS: dict[Operator, Callable[[tuple[str, ...], str | None], bool]] = {
    Operator.SET: lambda values, value: value is not None,
    Operator.EMPTY: lambda values, value: value is None,
    Operator.IN: lambda values, value: value in values,
    Operator.NOT_IN: lambda values, value: value not in values,
    Operator.LISTED: _listed,
    Operator.MATCHES: _matches,
}


# ------------------------------------------------------------------ what rules consist of


def keywords_in(condition: Condition) -> dict[str, None]:
    """Give the keywords that a condition looks at, `class` among them, in their order."""
    return dict.fromkeys(term.keyword for term in condition.terms)


def requirements_of(rule: Rule) -> list[Requirement]:
    """Give what a rule asks of exposures, in any of its roles."""
    return [*rule.requirements, *(use for role in rule.roles for use in role.requirements)]


def key_sources(rule: Rule, roles: Iterable[Role]) -> set[str]:
    """Give the keywords that the keys of a rule and of some of its roles look at."""
    keys = [*rule.keys, *(key for role in roles for key in role.keys)]
    return {source for key in keys for source in key.sources}
