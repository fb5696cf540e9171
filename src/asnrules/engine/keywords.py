"""Which keywords the rules look at for an exposure: what has to be known of it.

A keyword that is not known leaves open what depends on it. It is looked at if a rule that makes
something of exposures like these could go another way by its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from asnrules.engine.conditions import (
    is_empty,
    keywords_in,
    known_values,
    requirements_of,
    term_holds,
)
from asnrules.engine.signatures import CLASS, class_of, is_written_as_science
from asnrules.rules.model import Condition, Key, Requirement, Role, Rule, Ruleset, Term

Known = Mapping[str, str | None]
"""Lower-case keyword to lower-case value."""


def keywords_of(ruleset: Ruleset) -> frozenset[str]:
    """Give all keywords that the rules look at."""
    compared = {keyword for rule in ruleset.rules for keyword in _compared(rule, rule.roles)}
    return frozenset({*_in_conditions(ruleset), *compared})


def looked_at(ruleset: Ruleset, exposures: Sequence[Known], keyword: str) -> list[bool]:
    """Say for which exposures of a pool the rules look at a keyword whose value is not known."""
    exposures = [known_values(ruleset, known) for known in exposures]
    valued = _in_conditions(ruleset)
    others = sorted(keywords_of(ruleset).difference(valued))
    signatures = [
        (*map(known.get, valued), *(is_empty(known.get(name)) for name in others))
        for known in exposures
    ]
    opened = {
        signature: _Open(ruleset, known, keyword)
        for signature, known in zip(signatures, exposures, strict=True)
    }
    making = [
        rule
        for rule in ruleset.rules
        if any(one.may_be_science(rule, world) for one in opened.values() for world in one.classes)
    ]
    answers = {signature: one.is_looked_at(making) for signature, one in opened.items()}
    return [answers[signature] for signature in signatures]


def _in_conditions(ruleset: Ruleset) -> list[str]:
    uses = [use for rule in ruleset.rules for use in (*requirements_of(rule), *rule.rateints)]
    conditions = [use.condition for use in uses] + [line.condition for line in ruleset.class_rules]
    found = {keyword for condition in conditions for keyword in keywords_in(condition)}
    found |= {line.keyword for line in ruleset.class_rules if line.keyword is not None}
    return sorted(found - {CLASS})


class _Open:
    """An exposure of which one keyword is not known.

    A world is a class that it may have.
    """

    def __init__(self, ruleset: Ruleset, known: Known, keyword: str) -> None:
        self._ruleset = ruleset
        self._known = known
        self._keyword = keyword
        self._assumed = class_of(ruleset, known)
        self.classes = self._possible_classes()

    def is_looked_at(self, rules: Iterable[Rule]) -> bool:
        """Tell whether any of some rules could go another way by the keyword."""
        return any(
            self._goes_by(rule, world) or (world != self._assumed and self._taking(rule, world))
            for rule in rules
            for world in self.classes
        )

    def may_be_science(self, rule: Rule, world: str) -> bool:
        """Tell whether an association of a rule may have the exposure, of a class, as science."""
        is_science = rule.as_science or is_written_as_science(self._ruleset, world)
        return is_science and any(role.science_as is None for role in self._taking(rule, world))

    def _possible_classes(self) -> list[str]:
        """Give the classes that the exposure may have, the assumed one first."""
        lines = self._ruleset.class_rules
        classes = [self._assumed]
        for line in lines:
            if line.exposure_class is not None and self._may_hold(line.condition, ""):
                classes.append(line.exposure_class)
            elif line.keyword == self._keyword:
                classes += [one.exposure_class or "" for one in lines]
        return [name for name in dict.fromkeys(classes) if name]

    def _taking(self, rule: Rule, world: str) -> list[Role]:
        """Give the roles in which a rule may take the exposure, if it is of a class."""
        if not self._may_fit(rule.requirements, rule.keys, world):
            return []
        return [
            role
            for role in rule.roles
            if not role.keys_only and self._may_fit(role.requirements, role.keys, world)
        ]

    def _goes_by(self, rule: Rule, world: str) -> bool:
        roles = self._taking(rule, world)
        uses = [*rule.requirements, *(use for role in roles for use in role.requirements)]
        return bool(roles) and (
            self._keyword in _compared(rule, roles)
            or any(self._is_open(use, world) for use in (*uses, *rule.rateints))
        )

    def _may_fit(self, uses: Iterable[Requirement], keys: Iterable[Key], world: str) -> bool:
        return all(self._may_meet(use, world) for use in uses) and all(
            not key.required
            or any(
                source == self._keyword or not is_empty(self._known.get(source))
                for source in key.sources
            )
            for key in keys
        )

    def _may_meet(self, use: Requirement, world: str) -> bool:
        if use.negated:
            return self._may_fail(use.condition, world)
        return self._may_hold(use.condition, world)

    def _is_open(self, use: Requirement, world: str) -> bool:
        return self._may_hold(use.condition, world) and self._may_fail(use.condition, world)

    def _may_hold(self, condition: Condition, world: str) -> bool:
        return any(
            all(self._holds(term, world) is not False for term in terms)
            for terms in condition.alternatives
        )

    def _may_fail(self, condition: Condition, world: str) -> bool:
        return all(
            any(self._holds(term, world) is not True for term in terms)
            for terms in condition.alternatives
        )

    def _holds(self, term: Term, world: str) -> bool | None:
        if term.keyword == self._keyword:
            return None
        value = world if term.keyword == CLASS else self._known.get(term.keyword)
        return term_holds(term, value)


def _compared(rule: Rule, roles: Iterable[Role]) -> set[str]:
    """Give the keywords by which exposures are compared with each other."""
    keys = [*rule.keys, *(key for role in roles for key in role.keys)]
    found = {source for key in keys for source in key.sources}
    return found.union(*(step.looks.keywords for step in rule.steps))
