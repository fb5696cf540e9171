"""A ruleset as named items with fields, so that two can be compared field by field."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from asnrules.rules.content import NOT_APPLICABLE, Rows, RulesetContent
from asnrules.rules.rows import settings_of

_ORDER = "order"
"""The field for the order of items, where the first that fits counts."""

Value = str | bool | int | None | list[str]
Item = tuple[str, str]
"""What it is, such as `rule` or `row`, and its name."""


class Change(NamedTuple):
    """A difference between the rows of two rulesets.

    Attributes
    ----------
    what, name : str
        The item.
    change : str
        `added`, `removed` or `changed`.
    field : str or None
        What changed of it; None if all of it came or went.
    before, after : optional
        Of the field; of lists only what went and what came, unless it is the order.
    """

    what: str
    name: str
    change: str
    field: str | None
    before: Value
    after: Value


def changes(before: RulesetContent, after: RulesetContent) -> list[Change]:
    """Compare the rows of two rulesets of a kind; headers are left aside, but for `implements`."""
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


def items(content: RulesetContent) -> dict[Item, dict[str, Value]]:
    """Give the items of a ruleset, each with its fields."""
    if content.kind == "table":
        return dict([*_modes(content.tables), *_errata(content.tables)])
    return dict(
        [
            (("ruleset", "implements"), {"implements": content.implements}),
            *_conditions(content.tables),
            *_rules(content.tables),
            *_roles(content.tables),
            *_others(content.tables),
            *_settings(content),
        ]
    )


_Items = Iterator[tuple[Item, dict[str, Value]]]
_Tables = dict[str, Rows]


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


def _modes(tables: _Tables) -> _Items:
    for name, row in _named_modes(tables):
        fields = ("member_type", "asn_type", "footnote")
        yield ("row", name), {field: row[field] for field in fields}


def _named_modes(tables: _Tables) -> Iterator[tuple[str, dict[str, Any]]]:
    seen: dict[str, int] = defaultdict(int)
    for row in _ordered(tables["exposure_modes"]):
        name = f"{row['exp_type']}, {row['special'] or NOT_APPLICABLE}"
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})", row


def _errata(tables: _Tables) -> _Items:
    names = {row["position"]: name for name, row in _named_modes(tables)}
    for row in tables["errata"]:
        name = f"{names.get(row['position'], row['position'])}: {row['field']}"
        fields = ("printed", "corrected", "reason")
        yield ("erratum", name), {field: row[field] for field in fields}


def _conditions(tables: _Tables) -> _Items:
    alternatives: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(tables["condition_terms"], key=lambda row: row["position"]):
        values = ", ".join(json.loads(row["term_values"]))
        text = f"{row['keyword']} {row['operator']} {values}".strip()
        alternatives[row["condition"]][row["alternative"]].append(text)
    for row in tables["conditions"]:
        found = alternatives[row["condition"]]
        yield (
            ("condition", row["condition"]),
            {
                "text": row["text"],
                "alternatives": [" and ".join(found[number]) for number in sorted(found)],
            },
        )


def _rules(tables: _Tables) -> _Items:
    roles = _grouped(tables["asn_rule_roles"], "asn_rule")
    steps = _grouped(tables["asn_rule_steps"], "asn_rule")
    uses = _grouped(tables["asn_rule_conditions"], "asn_rule", "scope", "role")
    keys = _grouped(tables["asn_rule_keys"], "asn_rule", "role")
    for row in tables["asn_rules"]:
        name = row["asn_rule"]
        yield (
            ("rule", name),
            {
                **{field: row[field] for field in ("asn_type", "title", "as_science")},
                "companion_class": row["companion_class"],
                "requires": [_use(use) for use in uses[name, "exposure", ""]],
                "keys": [_key(key) for key in keys[name, ""]],
                "candidate": [_use(use) for use in uses[name, "candidate", ""]],
                "rateints": [_use(use) for use in uses[name, "rateints", ""]],
                "roles": [role["role"] for role in roles[(name,)]],
                "steps": [step["step"] for step in steps[(name,)]],
            },
        )


def _roles(tables: _Tables) -> _Items:
    uses = _grouped(tables["asn_rule_conditions"], "asn_rule", "scope", "role")
    keys = _grouped(tables["asn_rule_keys"], "asn_rule", "role")
    left_out = {"asn_rule", "role", "position"}
    for row in tables["asn_rule_roles"]:
        rule, role = row["asn_rule"], row["role"]
        yield (
            ("role", f"{rule}: {role}"),
            {
                **{field: value for field, value in row.items() if field not in left_out},
                "requires": [_use(use) for use in uses[rule, "role", role]],
                "keys": [_key(key) for key in keys[rule, role]],
            },
        )


def _others(tables: _Tables) -> _Items:
    lines = [
        f"{row['condition'] or 'otherwise'}: {row['member_type'] or row['keyword'].upper()}"
        for row in _ordered(tables["class_rules"])
    ]
    yield ("classes", "classes"), {"lines": [*lines]}
    yield (
        ("product suffixes", "product suffixes"),
        {"suffixes": sorted(row["suffix"] for row in tables["product_suffixes"])},
    )
    for row in tables["written_classes"]:
        yield ("class", row["member_type"]), {"written_as": row["written_as"]}
    columns = {row["keyword"]: row["condition"] for row in _ordered(tables["required_columns"])}
    yield ("required columns", "required columns"), {_ORDER: [*columns]}
    for keyword, condition in columns.items():
        yield ("required column", keyword), {"condition": condition}
    yield from _known_differences(tables)
    for row in tables["intended_overlaps"]:
        name = f"{row['asn_rule']}, {row['stays']}"
        yield ("intended overlap", name), {"reason": row["reason"]}


def _known_differences(tables: _Tables) -> _Items:
    reasons = {}
    for row in _ordered(tables["known_differences"] + tables["general_differences"]):
        parts = [row.get("exp_type") or "any", row["aspect"], row["published"], row["software"]]
        name = ", ".join([*parts, *([row["condition"]] if row["condition"] else [])])
        reasons[name] = row["reason"]
    yield ("known differences", "known differences"), {_ORDER: [*reasons]}
    for name, reason in reasons.items():
        yield ("known difference", name), {"reason": reason}


def _settings(content: RulesetContent) -> _Items:
    for name, value in settings_of(content)._asdict().items():
        yield ("setting", name), {"value": [*value] if isinstance(value, tuple) else value}


def _ordered(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: row["position"])


def _grouped(rows: Iterable[dict[str, Any]], *columns: str) -> dict[tuple[str, ...], Rows]:
    groups: dict[tuple[str, ...], Rows] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["position"]):
        groups[tuple(row[column] for column in columns)].append(row)
    return groups


def _use(row: dict[str, Any]) -> str:
    text = f"not {row['condition']}" if row["negated"] else row["condition"]
    when = f" where {row['when_key']} is {row['when_value']}" if row["when_key"] else ""
    return f"{text}{when}"


def _key(row: dict[str, Any]) -> str:
    sources = ", else ".join(source.upper() for source in json.loads(row["sources"]))
    excludes = f", not containing {row['excludes']}" if row["excludes"] else ""
    optional = "" if row["required"] else ", if there is one"
    return f"{row['key']} ({sources}{excludes}{optional})"
