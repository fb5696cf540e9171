"""What the words mean in which the rules of a ruleset are described."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from asnrules.engine.pruning import OVERALL
from asnrules.engine.steps import STEPS
from asnrules.rules.model import Condition, Operator, Requirement, Ruleset, Term


class Glossary(NamedTuple):
    """The words of a ruleset.

    Attributes
    ----------
    classes : list of (str, str)
        A condition and the class that it gives an exposure; the first that holds counts.
    conditions : dict of str to list of str
        For a condition in words, its alternatives: what keywords have to be.
    steps : dict of str to str
        What each finishing step does.
    settings : dict
        The settings by name.
    overall : dict of str to str
        What each step over the associations of all rules does, in order.
    """

    classes: list[tuple[str, str]]
    conditions: dict[str, list[str]]
    steps: dict[str, str]
    settings: dict[str, Any]
    overall: dict[str, str]


def glossary(ruleset: Ruleset) -> Glossary:
    """Explain the words that the rules of a ruleset use."""
    classes = [
        (line.condition.text, line.exposure_class or f"the value of {(line.keyword or '').upper()}")
        for line in ruleset.class_rules
    ]
    used = {condition.text: condition for condition in _conditions(ruleset)}
    steps = {step for rule in ruleset.rules for step in rule.steps}
    return Glossary(
        classes=[*classes, ("otherwise", ruleset.default_class)],
        conditions={
            text: [_alternative(terms) for terms in used[text].alternatives]
            for text in sorted(used)
            if not _says_itself(used[text])
        },
        steps={name: STEPS[name].text for name in sorted(steps)},
        settings=ruleset.settings._asdict(),
        overall={name: OVERALL[name].text for name in ruleset.settings.overall},
    )


def _conditions(ruleset: Ruleset) -> Iterator[Condition]:
    for rule in ruleset.rules:
        uses: Iterable[Requirement] = [
            *rule.requirements,
            *rule.candidate_requirements,
            *rule.rateints,
            *(use for role in rule.roles for use in role.requirements),
        ]
        for use in uses:
            yield use.condition
    for line in ruleset.class_rules:
        yield line.condition


def _says_itself(condition: Condition) -> bool:
    """Tell whether the words of a condition are its keyword and values."""
    terms = [term for alternative in condition.alternatives for term in alternative]
    values = [value for term in terms for value in term.values if term.operator != Operator.MATCHES]
    text = condition.text.lower()
    return all(word in text for word in [*(term.keyword for term in terms), *values])


def _alternative(terms: Iterable[Term]) -> str:
    return ", ".join(_term(term) for term in terms)


def _term(term: Term) -> str:
    *first, last = (value.upper() for value in term.values or ("",))
    values = f"{', '.join(first)} or {last}" if first else last
    words = {
        Operator.SET: "is set",
        Operator.EMPTY: "is empty",
        Operator.IN: f"is {values}",
        Operator.NOT_IN: f"is not {values}",
        Operator.LISTED: f"begins with {', '.join(first)}, or is {last}" if first else f"is {last}",
        Operator.MATCHES: f"matches {' or '.join(term.values)}",
    }
    return f"{term.keyword.upper()} {words[term.operator]}"
