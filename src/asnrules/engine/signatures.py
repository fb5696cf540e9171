"""Judge each distinct signature of exposures once.

A signature is what the conditions of a ruleset can see of an exposure: the values of the
keywords that they compare (all empty values alike), and of other keywords that they or keys
name whether there is a value. A million exposures have a few hundred of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from asnrules.engine.conditions import Row, Values, condition_holds, key_sources, known_values
from asnrules.rules.model import Condition, Key, Operator, Requirement, Role, Rule, Ruleset

CLASS = "class"
"""The keyword by which conditions name the class of an exposure."""

EXP_TYPE = "exp_type"
"""The keyword of what an exposure is first of all."""

SCIENCE = "science"
"""The class, and the `exptype`, that an association is made for."""

SET = "\0set"
"""Stands in a signature for a value that no condition compares."""

Unmet = Requirement | Key
"""What an exposure does not meet: a requirement, or a required key that it has no value for."""


class RoleVerdict(NamedTuple):
    """What a role of a rule says of exposures of a signature: what they do not meet."""

    role: Role
    unmet: tuple[Unmet, ...]


class RuleVerdict(NamedTuple):
    """What a rule makes of exposures of a signature."""

    rule: Rule
    unmet: tuple[Unmet, ...]
    """What they do not meet, in the order of the rule."""
    roles: tuple[RoleVerdict, ...]
    """In the order in which roles are tried."""
    is_rateints: bool
    """Whether a member is the rateints product in any association."""
    rateints: tuple[Requirement, ...]
    """Those by which it is in associations with their key."""
    fitting: tuple[Role, ...]
    """The roles that can take the exposure, as far as it is looked at alone."""

    @property
    def matched(self) -> bool:
        """Whether the rule can take the exposure in any role."""
        return not self.unmet and bool(self.fitting)


@dataclass(slots=True, eq=False)
class Judgement:
    """All that the rules say about exposures of a signature; of one judge, equal ones are one."""

    values: dict[str, str | None]
    """Keyword to value, `SET` where no condition compares it, None for empty ones; the class of
    the exposure under `class`."""
    exposure_class: str
    verdicts: tuple[RuleVerdict, ...]
    """One for each rule, in the order of the ruleset."""
    takers: tuple[int, ...]
    """The numbers of the rules that can take the exposure."""


class Judge:
    """Judges exposures by a ruleset, each distinct signature once.

    The rows of the pool are aligned with the keywords.
    """

    def __init__(self, ruleset: Ruleset, keywords: Sequence[str]) -> None:
        self.ruleset = ruleset
        self._empty = ruleset.empty
        terms = [term for condition in ruleset.used_conditions() for term in condition.terms]
        flags = {Operator.SET, Operator.EMPTY}
        compared = {term.keyword for term in terms if term.operator not in flags}
        compared |= {line.keyword for line in ruleset.class_rules if line.keyword is not None}
        sources = [key_sources(rule, rule.roles) for rule in ruleset.rules]
        flagged = {term.keyword for term in terms}.union(*sources)
        places = {keyword: place for place, keyword in enumerate(keywords)}
        self._compared = [(name, places[name]) for name in sorted(compared & places.keys())]
        self._flagged = [
            (name, places[name]) for name in sorted((flagged - compared) & places.keys())
        ]
        self._judgements: dict[tuple[str | None, ...], Judgement] = {}
        # Rows are alike if they have the same values here, and are empty or not in the same
        # places there: that is found out sooner than their signature.
        self._alike: dict[tuple[Any, ...], Judgement] = {}
        at = [place for _, place in self._compared]
        self._values_of = itemgetter(*at) if at else _nothing
        self._flags = [place for _, place in self._flagged]

    def __len__(self) -> int:
        """Count the distinct signatures judged so far."""
        return len(self._judgements)

    def judge(self, row: Row) -> Judgement:
        """Judge an exposure; exposures with the same signature have the same object."""
        alike = (self._values_of(row), *[row[place] in self._empty for place in self._flags])
        judgement = self._alike.get(alike)
        if judgement is None:
            judgement = self._alike[alike] = self._judged(row)
        return judgement

    def _judged(self, row: Row) -> Judgement:
        signature = (
            *[
                None if (value := row[place]) in self._empty else value
                for _, place in self._compared
            ],
            *[None if row[place] in self._empty else SET for _, place in self._flagged],
        )
        judgement = self._judgements.get(signature)
        if judgement is None:
            names = [name for name, _ in (*self._compared, *self._flagged)]
            judgement = judge_values(self.ruleset, dict(zip(names, signature, strict=True)))
            self._judgements[signature] = judgement
        return judgement


def _nothing(_row: Row) -> None:
    """Give what no condition compares."""


def judge_values(ruleset: Ruleset, values: Values) -> Judgement:
    """Judge an exposure given by the values of its keywords, both in lower case."""
    values = known_values(ruleset, values)
    return judge_as(ruleset, values, class_of(ruleset, values))


def judge_as(ruleset: Ruleset, values: Values, exposure_class: str) -> Judgement:
    """Judge an exposure that is of a class; of its values, those not given are None."""
    judged = {**values, CLASS: exposure_class}
    memory: _Memory = {}
    verdicts = tuple(_verdict(rule, judged, memory) for rule in ruleset.rules)
    takers = tuple(number for number, verdict in enumerate(verdicts) if verdict.matched)
    return Judgement(judged, exposure_class, verdicts, takers)


def judge_by_rule(rule: Rule, values: Values, exposure_class: str) -> RuleVerdict:
    """Judge an exposure that is of a class by one rule; of its values, those not given are None."""
    return _verdict(rule, {**values, CLASS: exposure_class}, {})


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


def is_written_as_science(ruleset: Ruleset, exposure_class: str) -> bool:
    """Tell whether exposures of a class are sciences, such as those of a reference star."""
    return ruleset.written_as.get(exposure_class, exposure_class) == SCIENCE


_Memory = dict[tuple[str, bool], bool]
"""Conditions that have been evaluated, by name and by whether doubt counts for them."""


def _verdict(rule: Rule, values: Values, memory: _Memory) -> RuleVerdict:
    roles = tuple(
        RoleVerdict(role, _unmet(role.requirements, role.keys, values, memory))
        for role in rule.roles
    )
    rateints = [
        use
        for use in rule.rateints
        if _holds(use.condition, values, memory, benefit=False) is not use.negated
    ]
    return RuleVerdict(
        rule=rule,
        unmet=_unmet(rule.requirements, rule.keys, values, memory),
        roles=roles,
        is_rateints=any(use.when_key is None for use in rateints),
        rateints=tuple(use for use in rateints if use.when_key is not None),
        fitting=tuple(role for role, unmet in roles if not unmet and not role.keys_only),
    )


def _unmet(
    requirements: Iterable[Requirement], keys: Iterable[Key], values: Values, memory: _Memory
) -> tuple[Unmet, ...]:
    unmet: list[Unmet] = [
        use
        for use in requirements
        if _holds(use.condition, values, memory, benefit=not use.negated) is use.negated
    ]
    unmet += [
        key
        for key in keys
        if key.required and all(values.get(source) is None for source in key.sources)
    ]
    return tuple(unmet)


def _holds(condition: Condition, values: Values, memory: _Memory, *, benefit: bool) -> bool:
    key = (condition.name, benefit)
    found = memory.get(key)
    if found is None:
        found = memory[key] = condition_holds(condition, values, benefit=benefit)
    return found
