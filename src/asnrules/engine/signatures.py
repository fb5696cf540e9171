"""Judge each distinct signature of exposures once.

A signature is what the conditions of a ruleset can see of an exposure: the values of the
keywords that they name (all empty values alike), and of the keywords that only keys name
whether there is a value. A million exposures have a few hundred of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asnrules.engine.conditions import Failure, Values, condition_holds, failure
from asnrules.engine.model import Condition, Key, Requirement, Role, Rule, Ruleset, Term
from asnrules.engine.values import EMPTY, Row, is_empty

CLASS = "class"
"""The keyword by which conditions name the class of an exposure."""

SCIENCE = "science"
"""The class, and the `exptype`, that an association is made for."""

SET = "(set)"
"""Stands in a signature for a value that only keys look at."""


class RoleVerdict(NamedTuple):
    """What a role of a rule says of exposures of a signature: the requirements that fail."""

    role: Role
    failures: tuple[Failure, ...]


class RuleVerdict(NamedTuple):
    """What a rule makes of exposures of a signature.

    Attributes
    ----------
    rule : Rule
        The rule.
    failures : tuple of Failure
        The requirements of the rule that do not hold, in the order of the rule.
    roles : tuple of RoleVerdict
        For each role of the rule, in the order in which they are tried.
    rateints : tuple of Requirement
        Those by which a member is the rateints product: in any case if one of them names no
        key, otherwise in associations with that key.
    """

    rule: Rule
    failures: tuple[Failure, ...]
    roles: tuple[RoleVerdict, ...]
    rateints: tuple[Requirement, ...]

    @property
    def matched(self) -> bool:
        """Whether the rule can take the exposure in any role."""
        return not self.failures and any(not verdict.failures for verdict in self._taking)

    @property
    def misses(self) -> tuple[Failure, ...]:
        """What keeps the rule from taking the exposure, by the role that comes nearest."""
        nearest = min(self._taking, key=lambda verdict: len(verdict.failures))
        return self.failures + nearest.failures

    @property
    def _taking(self) -> list[RoleVerdict]:
        return [verdict for verdict in self.roles if not verdict.role.keys_only]


class Judgement(NamedTuple):
    """All that the rules say about exposures of a signature.

    Attributes
    ----------
    values : dict
        Keyword to value, `SET` for keywords that only keys name, None for empty ones; the
        class of the exposure under `class`.
    exposure_class : str
        The class of the exposure.
    verdicts : tuple of RuleVerdict
        One for each rule, in the order of the ruleset.
    takers : tuple of int
        The numbers of the rules that can take the exposure.
    """

    values: dict[str, str | None]
    exposure_class: str
    verdicts: tuple[RuleVerdict, ...]
    takers: tuple[int, ...]


class Judge:
    """Judges exposures by a ruleset, each distinct signature once.

    Parameters
    ----------
    ruleset : Ruleset
        The rules.
    keywords : sequence of str
        The keywords that the rows of the pool are aligned with.
    """

    def __init__(self, ruleset: Ruleset, keywords: Sequence[str]) -> None:
        self.ruleset = ruleset
        seen = set(_condition_keywords(ruleset)) - {CLASS}
        keyed = {source for key in _keys(ruleset) for source in key.sources} - seen
        places = {keyword: place for place, keyword in enumerate(keywords)}
        self._seen = [(name, places[name]) for name in sorted(seen) if name in places]
        self._keyed = [(name, places[name]) for name in sorted(keyed) if name in places]
        self._judgements: dict[tuple[str | None, ...], Judgement] = {}

    def __len__(self) -> int:
        """Count the distinct signatures judged so far."""
        return len(self._judgements)

    def judge(self, row: Row) -> Judgement:
        """Judge an exposure.

        Parameters
        ----------
        row : tuple of str or None
            Its values, aligned with the keywords.

        Returns
        -------
        Judgement
            The same object for all exposures with the same signature.
        """
        signature = (
            *[None if (value := row[place]) in EMPTY else value for _, place in self._seen],
            *[None if row[place] in EMPTY else SET for _, place in self._keyed],
        )
        judgement = self._judgements.get(signature)
        if judgement is None:
            names = [name for name, _ in self._seen] + [name for name, _ in self._keyed]
            judgement = judge_values(self.ruleset, dict(zip(names, signature, strict=True)))
            self._judgements[signature] = judgement
        return judgement


def judge_values(ruleset: Ruleset, values: Values) -> Judgement:
    """Judge an exposure given by the values of its keywords.

    Parameters
    ----------
    ruleset : Ruleset
        The rules.
    values : mapping
        Lower-case keyword to lower-case value; a keyword that is missing has no value.
    """
    exposure_class = class_of(ruleset, values)
    judged = {**values, CLASS: exposure_class}
    verdicts = tuple(_verdict(rule, judged) for rule in ruleset.rules)
    takers = tuple(number for number, verdict in enumerate(verdicts) if verdict.matched)
    return Judgement(judged, exposure_class, verdicts, takers)


def class_of(ruleset: Ruleset, values: Values) -> str:
    """Give the class of an exposure: that of the first class rule whose condition holds."""
    for rule in ruleset.class_rules:
        if condition_holds(rule.condition, values):
            if rule.exposure_class is not None:
                return rule.exposure_class
            value = values.get(rule.keyword or "")
            if value is not None:
                return value
    return ruleset.default_class


def _verdict(rule: Rule, values: Values) -> RuleVerdict:
    return RuleVerdict(
        rule,
        _failures(rule.requirements, rule.keys, values),
        tuple(
            RoleVerdict(role, _failures(role.requirements, role.keys, values))
            for role in rule.roles
        ),
        tuple(
            use
            for use in rule.rateints
            if condition_holds(use.condition, values) is not use.negated
        ),
    )


def _failures(
    requirements: Iterable[Requirement], keys: Iterable[Key], values: Values
) -> tuple[Failure, ...]:
    """Explain the requirements that do not hold, and the required keys without a value."""
    failures = [found for use in requirements if (found := failure(use, values)) is not None]
    for key in keys:
        if key.required and all(is_empty(values.get(source)) for source in key.sources):
            words = " or ".join(source.upper() for source in key.sources)
            text = f"{words} has a value"
            failures.append(Failure(f"key {key.name}", text, key.sources[0], None, "a value"))
    return tuple(failures)


def _keys(ruleset: Ruleset) -> Iterable[Key]:
    for rule in ruleset.rules:
        yield from rule.keys
        for role in rule.roles:
            yield from role.keys


def _condition_keywords(ruleset: Ruleset) -> Iterable[str]:
    for term in _terms(_conditions(ruleset)):
        yield term.keyword
    for class_rule in ruleset.class_rules:
        if class_rule.keyword is not None:
            yield class_rule.keyword


def _conditions(ruleset: Ruleset) -> Iterable[Condition]:
    for class_rule in ruleset.class_rules:
        yield class_rule.condition
    for rule in ruleset.rules:
        uses = [*rule.requirements, *rule.rateints]
        for role in rule.roles:
            uses += role.requirements
        for use in uses:
            yield use.condition


def _terms(conditions: Iterable[Condition]) -> Iterable[Term]:
    for condition in conditions:
        for alternative in condition.alternatives:
            yield from alternative
