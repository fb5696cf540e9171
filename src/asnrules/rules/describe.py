"""Describe rules in words, and explain the words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from asnrules.rules.model import Condition, Key, Operator, Requirement, Role, Rule, Ruleset, Term

# ------------------------------------------------------------------------- rules in words


def rule_words(rule: Rule) -> dict[str, Any]:
    """Describe a rule: its conditions, keys, roles and steps in words."""
    return {
        "asn_rule": rule.name,
        "asn_type": rule.asn_type,
        "title": rule.title,
        "takes": _texts(rule.requirements),
        "candidates": _texts(rule.candidate_requirements),
        "keys": [_key_text(key) for key in rule.keys],
        "roles": [_role_text(role) for role in rule.roles],
        "steps": [str(step) for step in rule.steps],
        "written": _written_text(rule),
        "rateints": _texts(rule.rateints),
    }


def _texts(requirements: Iterable[Requirement]) -> list[str]:
    return [use.text for use in requirements]


def _key_text(key: Key) -> str:
    text = f"{key.name} ({', else '.join(source.upper() for source in key.sources)})"
    if key.excludes is not None:
        text += f" not containing that of {key.excludes}"
    return text if key.required else f"{text}, if there is one"


def _role_text(role: Role) -> str:
    besides = (
        ("one only", role.single),
        (f"not right after an exposure of class {role.not_after}", role.not_after),
        (f"not where an exposure of class {role.not_created_by} came first", role.not_created_by),
        (f"written as {role.science_as}", role.science_as),
        ("offered again at the end", role.offered_again),
        ("takes nothing, but what is the same of these stays", role.keys_only),
        ("may create an association of its own as well", role.creates_too),
    )
    parts = _texts(role.requirements)
    parts += [f"same {_key_text(key)}" for key in role.keys]
    parts += [text for text, is_so in besides if is_so]
    return f"{role.name}: {'; '.join(parts)}"


def _written_text(rule: Rule) -> str:
    if not rule.as_science:
        return "members in their own class"
    if rule.companion_class is None:
        return "every member as science"
    return f"every member as science, later ones of class {rule.companion_class} as such"


def rule_lines(row: dict[str, Any]) -> list[str]:
    """Write what `rule_words` gives as text to read."""
    lines = [f"{row['asn_rule']} -> {row['asn_type']}", f"  {row['title']}"]
    for heading, name in (
        ("takes", "takes"),
        ("for candidates", "candidates"),
        ("in common", "keys"),
        ("as", "roles"),
        ("rateints", "rateints"),
        ("finishing", "steps"),
    ):
        for number, text in enumerate(row[name]):
            lines.append(f"  {heading if number == 0 else '':<15}{text}")
    return [*lines, f"  {'written':<15}{row['written']}", ""]


# ------------------------------------------------------------------------- glossary

_ABOUT_KEYS = (
    "Keys: the exposures of an association have the same value of each. Of 'A, else B' the",
    "first that the first exposure has a value for counts for all; where a key is 'if there is",
    "one', an exposure without a value fits.",
)
_ABOUT_ROLES = (
    "Roles: the first that fits takes an exposure. 'Offered again at the end': also to the",
    "associations that were made after it.",
)


class Glossary(NamedTuple):
    """What the words mean that rules are described in."""

    classes: list[tuple[str, str]]
    """A condition and the class that it gives an exposure; the first that holds counts."""
    conditions: dict[str, list[str]]
    """For a condition in words, its alternatives: what keywords have to be."""
    steps: dict[str, str]
    """What each finishing step does."""
    settings: dict[str, Any]
    overall: dict[str, str]
    """What each step over the associations of all rules does, in order."""

    def document(self) -> dict[str, Any]:
        """Give it as part of a document."""
        classes = [{"condition": text, "class": its_class} for text, its_class in self.classes]
        return {**self._asdict(), "classes": classes}

    def lines(self) -> list[str]:
        """Give it as text to read."""
        lines = ["The class of an exposure: the first of these that holds"]
        lines += [f"  {text}: {its_class}" for text, its_class in self.classes]
        lines += ["", "Conditions: one of the lines below each has to hold"]
        for text, alternatives in self.conditions.items():
            lines += [f"  {text}", *(f"    {line}" for line in alternatives)]
        lines += ["", *_ABOUT_KEYS, "", *_ABOUT_ROLES, "", "Finishing steps"]
        for name, text in self.steps.items():
            lines += [f"  {name}", f"    {text}"]
        lines += ["", "Steps over the associations of all rules, in this order"]
        for name, text in self.overall.items():
            lines += [f"  {name}", f"    {text}"]
        lines += ["", "Settings"]
        lines += [
            f"  {name}: {', '.join(value) if isinstance(value, tuple) else value}"
            for name, value in self.settings.items()
        ]
        return lines


def glossary(ruleset: Ruleset) -> Glossary:
    """Explain the words that the rules of a ruleset use."""
    classes = [
        (line.condition.text, line.exposure_class or f"the value of {(line.keyword or '').upper()}")
        for line in ruleset.class_rules
    ]
    used = {condition.text: condition for condition in ruleset.used_conditions()}
    steps = {step for rule in ruleset.rules for step in rule.steps}
    overall = {str(step): step.text for step in ruleset.settings.overall}
    return Glossary(
        classes=[*classes, ("otherwise", ruleset.default_class)],
        conditions={
            text: [", ".join(map(_term, terms)) for terms in used[text].alternatives]
            for text in sorted(used)
            if not _says_itself(used[text])
        },
        steps={str(step): step.text for step in sorted(steps, key=str)},
        settings={**ruleset.settings._asdict(), "overall": tuple(overall)},
        overall=overall,
    )


def _says_itself(condition: Condition) -> bool:
    """Tell whether the words of a condition are its keyword and values."""
    values = [
        value
        for term in condition.terms
        for value in term.values
        if term.operator != Operator.MATCHES
    ]
    text = condition.text.lower()
    return all(word in text for word in [*(term.keyword for term in condition.terms), *values])


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
