"""A ruleset as named items with fields, so that two can be compared field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from asnrules.rules.model import (
    NOT_APPLICABLE,
    AnyRuleset,
    Condition,
    Group,
    Key,
    Mode,
    Requirement,
    Role,
    Ruleset,
    Table,
    Term,
)
from asnrules.rules.uses import difference_name, overlap_name

_ORDER = "order"
"""The field for the order of items, where the first that fits counts."""

Value = str | bool | int | None | list[str]
Item = tuple[str, str]
"""What it is, such as `rule` or `row`, and its name."""


class Change(NamedTuple):
    """A difference between the rows of two rulesets."""

    what: str
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
            *_rules(ruleset),
            *_shared(ruleset),
            *_accepted(ruleset),
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
    for mode in table.modes:
        yield ("row", _mode_name(mode)), _fields(mode, "position", "exp_type", "special")


def _mode_name(mode: Mode) -> str:
    return f"{mode.exp_type}, {mode.special or NOT_APPLICABLE}"


def _errata(table: Table) -> _Items:
    names = {mode.position: _mode_name(mode) for mode in table.modes}
    for one in table.errata:
        name = f"{names.get(one.position, one.position)}: {one.field}"
        yield ("erratum", name), _fields(one, "position", "field")


# ------------------------------------------------------------------------- rules


def _rules(ruleset: Ruleset) -> _Items:
    for name, values in ruleset.value_lists.items():
        yield ("value list", name), {"values": [*values]}
    for condition in ruleset.conditions:
        alternatives = [" and ".join(map(_text, terms)) for terms in condition.alternatives]
        yield (
            ("condition", condition.name),
            {"text": condition.text, "alternatives": [*alternatives]},
        )
    for rule in ruleset.rules:
        yield ("rule", rule.name), _fields(rule, "name")
        for role in rule.roles:
            yield ("role", f"{rule.name}: {role.name}"), _fields(role, "name")


def _shared(ruleset: Ruleset) -> _Items:
    lines = [
        f"{line.condition.name}: {line.exposure_class or (line.keyword or '').upper()}"
        for line in ruleset.class_rules
    ]
    yield ("classes", "classes"), {"lines": [*lines, f"otherwise: {ruleset.default_class}"]}
    yield ("product suffixes", "product suffixes"), {"suffixes": sorted(ruleset.suffixes)}
    for name, other in ruleset.written_as.items():
        yield ("class", name), {"written_as": other}
    columns = {one.column: one for one in ruleset.required_columns}
    yield ("required columns", "required columns"), {_ORDER: [*columns]}
    for keyword, one in columns.items():
        yield ("required column", keyword), _fields(one, "column")
    for name, value in ruleset.settings._asdict().items():
        yield ("setting", name), {"value": _value(value)}


def _accepted(ruleset: Ruleset) -> _Items:
    for one in ruleset.known_differences:
        row = {**one._asdict(), "condition": one.condition and one.condition.name}
        yield ("known difference", difference_name(row)), {"reason": one.reason}
    for overlap in ruleset.intended_overlaps:
        name = overlap_name(overlap._asdict())
        yield ("intended overlap", name), {"reason": overlap.reason}


# ------------------------------------------------------------------------- values


def _fields(one: NamedTuple, *without: str) -> dict[str, Value]:
    """Give the fields of a part of a ruleset, by the words that its files use."""
    fields = one._asdict()
    return {
        _WORDS.get(name, name): _value(value)
        for name, value in fields.items()
        if name not in without
    }


_WORDS = {"requirements": "requires", "candidate_requirements": "candidate"}


def _value(value: Any) -> Value:
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return [_text(one) for one in value]
    return value if value is None or isinstance(value, str | bool | int) else _text(value)


def _text(one: Any) -> str:
    match one:
        case Term():
            values = one.value_list or ", ".join(one.values)
            return f"{one.keyword} {one.operator} {values}".strip()
        case Requirement():
            when = f" where {one.when_key} is {one.when_value}" if one.when_key else ""
            return f"{'not ' * one.negated}{one.condition.name}{when}"
        case Key():
            sources = ", else ".join(source.upper() for source in one.sources)
            excludes = f", not containing {one.excludes}" if one.excludes else ""
            optional = "" if one.required else ", if there is one"
            return f"{one.name} ({sources}{excludes}{optional})"
        case Condition() | Group() | Role():
            return one.name
    return str(one)
