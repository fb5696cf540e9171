"""Where the decisions of two rulesets differ, over all exposures that either can tell apart.

What is compared is the class of an exposure, the rules that take it, in which roles and as which
product, and what it makes when it is alone. A rule that takes the same exposures by other keys,
candidates, roles or steps puts them together in another way: that is said of the exposures that
it takes, without saying which company would bring it about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from asnrules.analysis.answers import Answer, Answering, Taken, shown
from asnrules.analysis.space import Example, Space
from asnrules.analysis.tables import Vocabulary, in_question
from asnrules.rules.model import Rule, Ruleset

Aspect = tuple[str, str, str]
"""What is answered otherwise, and the answers before and after."""


@dataclass(slots=True)
class AnswerChange:
    """Exposures that get another answer, all of them the same one."""

    aspect: str
    """`class`, `associations`, or the name of a rule."""
    before: str
    after: str
    exp_types: list[str] = field(default_factory=list)
    combinations: int = 0
    """How many combinations of values that the rules can tell apart."""
    example: dict[str, str | None] = field(default_factory=dict)
    """One of them."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {name: getattr(self, name) for name in self.__slots__}

    def add(self, exp_type: str | None, combinations: int, example: Example) -> None:
        """Count exposures of an EXP_TYPE."""
        name = "(other)" if exp_type is None else exp_type.upper()
        if name not in self.exp_types:
            self.exp_types.append(name)
        self.combinations += combinations
        self.example = self.example or shown(example)


def answer_changes(
    before: Ruleset, after: Ruleset, vocabulary: Vocabulary
) -> tuple[list[AnswerChange], int]:
    """Find all exposures that get another answer.

    Returns
    -------
    tuple of (list of AnswerChange, int)
        The changes, and how many combinations of values the two can tell apart.
    """
    rulesets = (before, after)
    space = Space(rulesets, (), vocabulary.fitting, vocabulary.usual)
    answering = Answering(rulesets, vocabulary.keywords())
    regrouped = set(regrouping(before, after))
    named = {name for one in rulesets for name in in_question(vocabulary.exp_types, one)}
    exp_types: Sequence[str | None] = [name.lower() for name in sorted(named)]
    found: dict[Aspect, AnswerChange] = {}
    for exp_type in dict.fromkeys([*exp_types, *space.exp_types()]):
        for cell in space.cells(exp_type):
            one, other = answering.answers(cell)
            made = (_made(answering, one, 0), _made(answering, other, 1))
            for aspect in _aspects(one, other, made, regrouped):
                change = found.setdefault(aspect, AnswerChange(*aspect))
                change.add(exp_type, cell.combinations, cell.example)
    return list(found.values()), space.combinations


def regrouping(before: Ruleset, after: Ruleset) -> Iterator[str]:
    """Give the rules of both that put exposures together in another way."""
    others = {rule.name: rule for rule in after.rules}
    for rule in before.rules:
        other = others.get(rule.name)
        if other is not None and _company(rule) != _company(other):
            yield rule.name


def _company(rule: Rule) -> tuple[object, ...]:
    """Give the parts of a rule that matter only for several exposures together."""
    roles = tuple(role._replace(requirements=()) for role in rule.roles)
    written = (rule.as_science, rule.companion_class)
    return (rule.keys, roles, rule.candidate_requirements, rule.steps, written)


def _made(answering: Answering, answer: Answer, place: int) -> str:
    made = (
        f"{one.rule.asn_type} by {one.rule.name}" + ("" if one.stands else " with companions")
        for one in answering.kept(answer, place)
    )
    return ", ".join(made) or "none"


def _aspects(
    one: Answer, other: Answer, made: tuple[str, str], regrouped: set[str]
) -> Iterator[Aspect]:
    if one.exposure_class != other.exposure_class:
        yield "class", one.exposure_class, other.exposure_class
    if made[0] != made[1]:
        yield "associations", *made
    before = {taken.rule.name: taken for taken in one.taken}
    after = {taken.rule.name: taken for taken in other.taken}
    for name in sorted({*before, *after}):
        words = (_taken(before.get(name)), _taken(after.get(name)))
        if words[0] != words[1]:
            yield name, *words
        elif name in regrouped:
            yield name, "taken", "taken, and put together in another way"


def _taken(taken: Taken | None) -> str:
    if taken is None:
        return "not taken"
    product = "rateints" if taken.rateints else "rate"
    return f"{taken.rule.asn_type}, {product}, as {' or '.join(taken.roles)}"
