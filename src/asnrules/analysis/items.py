"""A ruleset as named items with fields, so that two can be compared field by field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from asnrules.rules.model import (
    NOT_APPLICABLE,
    AnyRuleset,
    Condition,
    Key,
    Mode,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Table,
    Term,
)

_ORDER = "order"
"""The field for the order of items, where the first that fits counts."""

Value = str | bool | int | None | list[str]
Item = tuple[str, str]
"""What it is, such as `rule` or `row`, and its name."""


class Change(NamedTuple):
    """A difference between the rows of two rulesets."""

    what: str
    """The item."""
    name: str
    change: str
    """`added`, `removed` or `changed`."""
    field: str | None
    """What changed of it; None if all of it came or went."""
    before: Value
    """Of the field; of lists only what went and what came, unless it is the order."""
    after: Value


def changes(before: AnyRuleset, after: AnyRuleset) -> list[Change]:
    """Compare two rulesets of a kind; of headers, only `implements` is compared."""
    old, new = items(before), items(after)
    found = []
    for item in sorted({*old, *new}):
        if item not in new:
            found.append(Change(*item, "removed", None, _summary(old[item]), None))
        elif item not in old:
            found.append(Change(*item, "added", None, None, _summary(new[item])))
        else:
            found += _changed(item, old[item], new[item])
    return found


def items(ruleset: AnyRuleset) -> dict[Item, dict[str, Value]]:
    """Give the items of a ruleset, each with its fields."""
    if isinstance(ruleset, Table):
        return dict([*_modes(ruleset), *_errata(ruleset)])
    return dict(
        [
            (("ruleset", "implements"), {"implements": ruleset.implements}),
            *_definitions(ruleset),
            *_rules(ruleset),
            *_shared(ruleset),
            *_accepted(ruleset),
            *_settings(ruleset),
        ]
    )


_Items = Iterator[tuple[Item, dict[str, Value]]]


def _changed(item: Item, old: dict[str, Value], new: dict[str, Value]) -> Iterator[Change]:
    for field in dict.fromkeys([*old, *new]):
        one, other = old.get(field), new.get(field)
        if one == other:
            continue
        if isinstance(one, list) and isinstance(other, list):
            if field == _ORDER and {*one} != {*other}:
                continue  # What came and what went is told by itself.
            went = [value for value in one if value not in other]
            came = [value for value in other if value not in one]
            if went or came:
                one, other = went, came
        yield Change(*item, "changed", field, one, other)


def _summary(fields: dict[str, Value]) -> str:
    """Say in one line what an item is that came or went."""
    parts = []
    for name, value in fields.items():
        if value not in (None, [], False):
            text = ", ".join(value) if isinstance(value, list) else str(value)
            parts.append(f"{name}: {text}")
    return "; ".join(parts)


# ------------------------------------------------------------------------- tables


def _modes(table: Table) -> _Items:
    for name, mode in _named_modes(table):
        yield (
            ("row", name),
            {
                "member_type": mode.member_type,
                "asn_type": mode.asn_type,
                "footnote": mode.footnote,
            },
        )


def _named_modes(table: Table) -> Iterator[tuple[str, Mode]]:
    seen: dict[str, int] = defaultdict(int)
    for mode in table.modes:
        name = f"{mode.exp_type}, {mode.special or NOT_APPLICABLE}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})", mode


def _errata(table: Table) -> _Items:
    names = {mode.position: name for name, mode in _named_modes(table)}
    for one in table.errata:
        name = f"{names.get(one.position, one.position)}: {one.field}"
        yield (
            ("erratum", name),
            {"printed": one.printed, "corrected": one.corrected, "reason": one.reason},
        )


# ------------------------------------------------------------------------- rules


def _definitions(ruleset: Ruleset) -> _Items:
    for name, values in ruleset.value_lists.items():
        yield ("value list", name), {"values": [*values]}
    for condition in ruleset.conditions:
        alternatives = [" and ".join(map(_term, terms)) for terms in condition.alternatives]
        yield (
            ("condition", condition.name),
            {"text": condition.text, "alternatives": [*alternatives]},
        )


def _rules(ruleset: Ruleset) -> _Items:
    for rule in ruleset.rules:
        yield ("rule", rule.name), _rule(rule)
        for role in rule.roles:
            yield ("role", f"{rule.name}: {role.name}"), _role(role)


def _rule(rule: Rule) -> dict[str, Value]:
    return {
        "asn_type": rule.asn_type,
        "title": rule.title,
        "as_science": rule.as_science,
        "companion_class": rule.companion_class,
        "requires": _uses(rule.requirements),
        "keys": [_key(key) for key in rule.keys],
        "candidate": _uses(rule.candidate_requirements),
        "rateints": _uses(rule.rateints),
        "roles": [role.name for role in rule.roles],
        "steps": [*rule.steps],
    }


def _role(role: Role) -> dict[str, Value]:
    return {
        "single": role.single,
        "offered_again": role.offered_again,
        "science_as": role.science_as,
        "keys_only": role.keys_only,
        "not_after": role.not_after,
        "creates_too": role.creates_too,
        "requires": _uses(role.requirements),
        "keys": [_key(key) for key in role.keys],
    }


def _shared(ruleset: Ruleset) -> _Items:
    lines = [
        f"{line.condition.name}: {line.exposure_class or (line.keyword or '').upper()}"
        for line in ruleset.class_rules
    ]
    yield ("classes", "classes"), {"lines": [*lines, f"otherwise: {ruleset.default_class}"]}
    yield ("product suffixes", "product suffixes"), {"suffixes": sorted(ruleset.suffixes)}
    for name, other in ruleset.written_as.items():
        yield ("class", name), {"written_as": other}
    columns = {one.column: _name(one.condition) for one in ruleset.required_columns}
    yield ("required columns", "required columns"), {_ORDER: [*columns]}
    for keyword, condition in columns.items():
        yield ("required column", keyword), {"condition": condition}


def _accepted(ruleset: Ruleset) -> _Items:
    reasons = {}
    for one in ruleset.known_differences:
        parts = [one.exp_type or "any", one.aspect, one.published, one.software]
        name = ", ".join([*parts, *([one.condition.name] if one.condition else [])])
        reasons[name] = one.reason
    yield ("known differences", "known differences"), {_ORDER: [*reasons]}
    for name, reason in reasons.items():
        yield ("known difference", name), {"reason": reason}
    for overlap in ruleset.intended_overlaps:
        name = f"{overlap.asn_rule}, {overlap.stays}"
        yield ("intended overlap", name), {"reason": overlap.reason}


def _settings(ruleset: Ruleset) -> _Items:
    for name, value in ruleset.settings._asdict().items():
        yield ("setting", name), {"value": [*value] if isinstance(value, tuple) else value}


def _term(term: Term) -> str:
    values = term.value_list or ", ".join(term.values)
    return f"{term.keyword} {term.operator} {values}".strip()


def _uses(requirements: Iterable[Requirement]) -> list[str]:
    return [_use(use) for use in requirements]


def _use(use: Requirement) -> str:
    text = f"not {use.condition.name}" if use.negated else use.condition.name
    when = f" where {use.when_key} is {use.when_value}" if use.when_key else ""
    return f"{text}{when}"


def _key(key: Key) -> str:
    sources = ", else ".join(source.upper() for source in key.sources)
    excludes = f", not containing {key.excludes}" if key.excludes else ""
    optional = "" if key.required else ", if there is one"
    return f"{key.name} ({sources}{excludes}{optional})"


def _name(condition: Condition | None) -> str | None:
    return condition and condition.name
