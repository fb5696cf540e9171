"""A ruleset as the rows of its tables; `from_rows` makes it of them again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from asnrules.rules.model import (
    Alternative,
    AnyRuleset,
    Condition,
    Group,
    Key,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Table,
    without_groups,
)
from asnrules.rules.steps import Step

CHAIN_TABLES = ("ruleset_releases", "ruleset_changes", "ruleset_change_items")
"""The tables with the origin of rules, which does not affect what they do."""

ROW_TABLES = {
    Table.kind: ("exposure_modes", "errata"),
    Ruleset.kind: (
        "value_lists",
        "path_tables",
        "path_table_terms",
        "conditions",
        "condition_terms",
        "keys",
        "key_sources",
        "rule_groups",
        "rule_group_conditions",
        "rule_group_keys",
        "asn_rules",
        "asn_rule_roles",
        "asn_rule_groups",
        "asn_rule_conditions",
        "asn_rule_keys",
        "asn_rule_steps",
        "class_rules",
        "written_classes",
        "required_columns",
        "product_suffixes",
        "known_differences",
        "intended_overlaps",
        "ruleset_settings",
        "overall_steps",
        *CHAIN_TABLES,
    ),
}
"""The tables with the rows of each kind, those referred to before those that refer."""


Row = dict[str, Any]
Rows = dict[str, list[Row]]
"""Rows by table, without the ruleset's id."""


def row_tables(kind: str) -> tuple[str, ...]:
    """Give the tables with the rows of a kind; of one that is not known, those of rules."""
    return ROW_TABLES.get(kind, ROW_TABLES[Ruleset.kind])


def to_rows(ruleset: AnyRuleset) -> Rows:
    """Give the rows of a ruleset."""
    if isinstance(ruleset, Table):
        return {
            "exposure_modes": [mode._asdict() for mode in ruleset.modes],
            "errata": [erratum._asdict() for erratum in ruleset.errata],
        }
    rows: Rows = {name: [] for name in ROW_TABLES[Ruleset.kind]}
    _condition_rows(rows, ruleset)
    _key_rows(rows, ruleset.keys, ruleset.groups)
    for rule in ruleset.rules:
        _rule_rows(rows, rule)
    _shared_rows(rows, ruleset)
    _chain_rows(rows, ruleset)
    return rows


def _condition_rows(rows: Rows, ruleset: Ruleset) -> None:
    rows["value_lists"] = [
        {"value_list": name, "list_values": json.dumps(values)}
        for name, values in ruleset.value_lists.items()
    ]
    for name, alternatives in ruleset.path_tables.items():
        rows["path_tables"].append({"path_table": name})
        rows["path_table_terms"] += _terms({"path_table": name}, alternatives)
    for condition in ruleset.conditions:
        name, table = condition.name, condition.path_table
        own = len(condition.alternatives) - len(ruleset.path_tables[table] if table else ())
        rows["conditions"].append({"condition": name, "text": condition.text, "path_table": table})
        rows["condition_terms"] += _terms({"condition": name}, condition.alternatives[:own])


def _key_rows(rows: Rows, keys: Iterable[Key], groups: Iterable[Group]) -> None:
    for key in keys:
        named = {"key": key.name}
        rows["keys"].append({**named, "required": key.required, "excludes": key.excludes})
        rows["key_sources"] += _ordered(named, ({"keyword": _upper(one)} for one in key.sources))
    for group in groups:
        named = {"rule_group": group.name}
        rows["rule_groups"].append(named)
        rows["rule_group_keys"] += _names(named, "key", group.keys)
        rows["rule_group_conditions"] += _uses(named, group.requirements)


def _rule_rows(rows: Rows, rule: Rule) -> None:
    named = {"asn_rule": rule.name}
    words = ("asn_type", "title", "as_science", "companion_class")
    rows["asn_rules"].append({**named, **{word: getattr(rule, word) for word in words}})
    _common_rows(rows, {**named, "role": ""}, rule, "exposure")
    for scope, uses in (("candidate", rule.candidate_requirements), ("rateints", rule.rateints)):
        rows["asn_rule_conditions"] += _uses({**named, "role": "", "scope": scope}, uses)
    rows["asn_rule_steps"] += _steps(named, rule.steps)
    for position, role in enumerate(rule.roles, 1):
        fields = role._asdict()
        for word in ("name", "requirements", "keys", "groups"):
            del fields[word]
        named = {"asn_rule": rule.name, "role": role.name}
        rows["asn_rule_roles"].append({**named, "position": position, **fields})
        _common_rows(rows, named, role, "role")


def _common_rows(rows: Rows, named: Row, asking: Rule | Role, scope: str) -> None:
    """Add what rules and roles have alike."""
    keys, requirements = without_groups(asking)
    rows["asn_rule_groups"] += _names(named, "rule_group", asking.groups)
    rows["asn_rule_conditions"] += _uses({**named, "scope": scope}, requirements)
    rows["asn_rule_keys"] += _names(named, "key", keys)


def _shared_rows(rows: Rows, ruleset: Ruleset) -> None:
    """Add what holds for all rules."""
    classes = [(line.condition, line.exposure_class, line.keyword) for line in ruleset.class_rules]
    rows["class_rules"] = _ordered(
        {},
        (
            {"condition": _name(condition), "member_type": its_class, "keyword": _upper(keyword)}
            for condition, its_class, keyword in (*classes, (None, ruleset.default_class, None))
        ),
    )
    rows["written_classes"] = [
        {"member_type": name, "written_as": other} for name, other in ruleset.written_as.items()
    ]
    rows["required_columns"] = _ordered(
        {},
        (
            {"keyword": _upper(one.column), "condition": _name(one.condition)}
            for one in ruleset.required_columns
        ),
    )
    rows["product_suffixes"] = [{"suffix": suffix} for suffix in sorted(ruleset.suffixes)]
    rows["known_differences"] = _ordered(
        {},
        ({**one._asdict(), "condition": _name(one.condition)} for one in ruleset.known_differences),
    )
    rows["intended_overlaps"] = [one._asdict() for one in ruleset.intended_overlaps]
    settings = ruleset.settings._asdict()
    rows["overall_steps"] = _steps({}, settings.pop("overall"))
    settings["empty_values"] = json.dumps(settings["empty_values"])
    rows["ruleset_settings"] = [settings]


def _chain_rows(rows: Rows, ruleset: Ruleset) -> None:
    """Add the origin of the ruleset: its releases, and its changes with their items."""
    rows["ruleset_releases"] = [
        {
            "release": one.release,
            "released": one.released.isoformat(),
            "in_operations_from": one.in_operations_from and one.in_operations_from.isoformat(),
        }
        for one in ruleset.releases
    ]
    for position, change in enumerate(ruleset.changes, 1):
        fields = change._asdict()
        items = fields.pop("items")
        rows["ruleset_changes"].append({"position": position, **fields})
        named = {"change": change.change}
        rows["ruleset_change_items"] += _ordered(named, (item._asdict() for item in items))


# ------------------------------------------------------------------------- rows in order


def _ordered(named: Row, rows: Iterable[Row]) -> list[Row]:
    """Give rows of one owner with their positions."""
    return [{**named, "position": position, **row} for position, row in enumerate(rows, 1)]


def _terms(named: Row, alternatives: Sequence[Alternative]) -> list[Row]:
    return [
        {
            **named,
            "alternative": alternative,
            "position": position,
            "keyword": _upper(term.keyword),
            "operator": str(term.operator),
            "term_values": None if term.value_list else json.dumps(term.values),
            "value_list": term.value_list,
        }
        for alternative, terms in enumerate(alternatives, 1)
        for position, term in enumerate(terms, 1)
    ]


def _uses(named: Row, requirements: Iterable[Requirement]) -> list[Row]:
    uses = ({**use._asdict(), "condition": use.condition.name} for use in requirements)
    return _ordered(named, uses)


def _names(named: Row, column: str, used: Iterable[Key | Group]) -> list[Row]:
    return _ordered(named, ({column: one.name} for one in used))


def _steps(named: Row, steps: Iterable[Step]) -> list[Row]:
    given = ((step.name, json.dumps(step.parameters(), sort_keys=True)) for step in steps)
    return _ordered(named, ({"step": name, "parameters": text} for name, text in given))


def _name(condition: Condition | None) -> str | None:
    return condition and condition.name


def _upper(keyword: str | None) -> str | None:
    return keyword and keyword.upper()
