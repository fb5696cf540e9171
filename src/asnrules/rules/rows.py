"""A ruleset as rows of tables, and back; its checksum is that of the rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from asnrules.errors import RulesetError
from asnrules.rules.model import (
    Alternative,
    AnyRuleset,
    Change,
    ChangeItem,
    ClassRule,
    Condition,
    Erratum,
    Group,
    IntendedOverlap,
    Key,
    KnownDifference,
    Mode,
    Operator,
    Release,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Settings,
    Table,
    Term,
)
from asnrules.rules.patterns import pattern_problem
from asnrules.rules.releases import in_order
from asnrules.rules.steps import FINISHING, OVERALL, Step, step_of

CHAIN_TABLES = ("ruleset_releases", "ruleset_changes", "ruleset_change_items")
"""The tables with what rules came from, which is no part of what they do."""

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


def _encoded(value: Any) -> str:
    # What is neither was never stored, but may be found where somebody has changed the database.
    return value.isoformat() if isinstance(value, dt.date) else repr(value)


_WRITER = json.JSONEncoder(sort_keys=True, default=_encoded)


def row_tables(kind: str) -> tuple[str, ...]:
    """Give the tables with the rows of a kind; of one that is not known, those of rules."""
    return ROW_TABLES.get(kind, ROW_TABLES[Ruleset.kind])


def checksum(ruleset: AnyRuleset) -> str:
    """Give the SHA-256 of what a ruleset says, in hexadecimal."""
    return rows_checksum(ruleset.kind, ruleset.header(), to_rows(ruleset))


def rows_checksum(kind: str, header: Mapping[str, Any], rows: Rows) -> str:
    """Give the checksum of rows, whatever their order.

    It is of what decides, without label, title, source, dates, changes and releases.

    Parameters
    ----------
    kind : str
        `table` or `rules`.
    header : mapping
        As `Header.header` gives it.
    """
    tables = [name for name in row_tables(kind) if name not in CHAIN_TABLES]
    return _digest([kind, header["implements"], _sorted(rows, tables)])


def changes_checksum(parent: Sequence[str] | None, rows: Rows) -> str:
    """Give the checksum of changes and releases, and of the parent by both its checksums."""
    tables = [name for name in CHAIN_TABLES if name in rows]
    return _digest([parent and list(parent), _sorted(rows, tables)])


def _sorted(rows: Rows, tables: Iterable[str]) -> dict[str, list[str]]:
    return {name: sorted(map(_WRITER.encode, rows[name])) for name in tables}


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def row_differences(before: Ruleset, after: Ruleset) -> Iterator[str]:
    """Say in which rows two rulesets differ, apart from changes and releases."""
    old, new = to_rows(before), to_rows(after)
    for table in ROW_TABLES[Ruleset.kind]:
        if table not in CHAIN_TABLES:
            one, other = (set(map(_WRITER.encode, rows[table])) for rows in (old, new))
            for words, found in (("have, besides,", one - other), ("lack", other - one)):
                for row in sorted(found):
                    yield f"{words} a row of {table}: {row}"


# ------------------------------------------------------------------------- to rows


def to_rows(ruleset: AnyRuleset) -> Rows:
    """Give the rows of a ruleset."""
    if isinstance(ruleset, Table):
        return {
            "exposure_modes": [mode._asdict() for mode in ruleset.modes],
            "errata": [erratum._asdict() for erratum in ruleset.errata],
        }
    rows: Rows = {name: [] for name in ROW_TABLES[Ruleset.kind]}
    _definition_rows(rows, ruleset)
    _group_rows(rows, ruleset.groups)
    _chain_rows(rows, ruleset)
    for rule in ruleset.rules:
        _rule_rows(rows, rule)
    lines = [*ruleset.class_rules, None]
    rows["class_rules"] = [
        {
            "position": position,
            "condition": line and line.condition.name,
            "member_type": ruleset.default_class if line is None else line.exposure_class,
            "keyword": _upper(line and line.keyword),
        }
        for position, line in enumerate(lines, 1)
    ]
    rows["written_classes"] = [
        {"member_type": name, "written_as": other} for name, other in ruleset.written_as.items()
    ]
    rows["required_columns"] = [
        {"position": at, "keyword": _upper(one.column), "condition": _name(one.condition)}
        for at, one in enumerate(ruleset.required_columns, 1)
    ]
    rows["product_suffixes"] = [{"suffix": suffix} for suffix in sorted(ruleset.suffixes)]
    rows["known_differences"] = [
        {"position": at, **one._asdict(), "condition": _name(one.condition)}
        for at, one in enumerate(ruleset.known_differences, 1)
    ]
    rows["intended_overlaps"] = [one._asdict() for one in ruleset.intended_overlaps]
    settings = ruleset.settings._asdict()
    rows["overall_steps"] = _steps(settings.pop("overall"))
    settings["empty_values"] = json.dumps(settings["empty_values"])
    rows["ruleset_settings"] = [settings]
    return rows


def _definition_rows(rows: Rows, ruleset: Ruleset) -> None:
    """Add what rules use by name: value lists, conditions, keys."""
    rows["value_lists"] = [
        {"value_list": name, "list_values": json.dumps(values)}
        for name, values in ruleset.value_lists.items()
    ]
    for name, alternatives in ruleset.path_tables.items():
        rows["path_tables"].append({"path_table": name})
        rows["path_table_terms"] += [
            {"path_table": name, **term} for term in _term_rows(alternatives)
        ]
    for condition in ruleset.conditions:
        table = condition.path_table
        own = len(condition.alternatives) - len(ruleset.path_tables[table] if table else ())
        rows["conditions"].append(
            {"condition": condition.name, "text": condition.text, "path_table": table}
        )
        rows["condition_terms"] += [
            {"condition": condition.name, **term}
            for term in _term_rows(condition.alternatives[:own])
        ]
    for key in ruleset.keys:
        rows["keys"].append({"key": key.name, "required": key.required, "excludes": key.excludes})
        rows["key_sources"] += [
            {"key": key.name, "position": position, "keyword": _upper(source)}
            for position, source in enumerate(key.sources, 1)
        ]


def _term_rows(alternatives: Sequence[Alternative]) -> list[Row]:
    return [
        {
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


def _group_rows(rows: Rows, groups: Iterable[Group]) -> None:
    for group in groups:
        named = {"rule_group": group.name}
        rows["rule_groups"].append(named)
        rows["rule_group_keys"] += _keys(named, group.keys)
        rows["rule_group_conditions"] += _uses(named, group.requirements)


def _chain_rows(rows: Rows, ruleset: Ruleset) -> None:
    """Add what the ruleset came from: its releases, and its changes with their items."""
    rows["ruleset_releases"] = [release._asdict() for release in ruleset.releases]
    for position, change in enumerate(ruleset.changes, 1):
        fields = change._asdict()
        items = fields.pop("items")
        rows["ruleset_changes"].append({"position": position, **fields})
        rows["ruleset_change_items"] += [
            {"change": change.change, "position": at, **item._asdict()}
            for at, item in enumerate(items, 1)
        ]


def _own(asking: Rule | Role) -> tuple[Sequence[Requirement], Sequence[Key]]:
    """Give the requirements and keys that a rule or role does not have by its groups."""
    asked = sum(len(group.requirements) for group in asking.groups)
    common = sum(len(group.keys) for group in asking.groups)
    return asking.requirements[: len(asking.requirements) - asked], asking.keys[common:]


def _rule_rows(rows: Rows, rule: Rule) -> None:
    rows["asn_rules"].append(
        {
            "asn_rule": rule.name,
            "asn_type": rule.asn_type,
            "title": rule.title,
            "as_science": rule.as_science,
            "companion_class": rule.companion_class,
        }
    )
    named = {"asn_rule": rule.name, "role": ""}
    requirements, keys = _own(rule)
    rows["asn_rule_groups"] += _groups(named, rule.groups)
    rows["asn_rule_conditions"] += [
        *_uses({**named, "scope": "exposure"}, requirements),
        *_uses({**named, "scope": "candidate"}, rule.candidate_requirements),
        *_uses({**named, "scope": "rateints"}, rule.rateints),
    ]
    rows["asn_rule_keys"] += _keys(named, keys)
    rows["asn_rule_steps"] += [{"asn_rule": rule.name, **step} for step in _steps(rule.steps)]
    for position, role in enumerate(rule.roles, 1):
        fields = role._asdict()
        for name in ("name", "requirements", "keys", "groups"):
            del fields[name]
        named = {"asn_rule": rule.name, "role": role.name}
        rows["asn_rule_roles"].append({**named, "position": position, **fields})
        requirements, keys = _own(role)
        rows["asn_rule_groups"] += _groups(named, role.groups)
        rows["asn_rule_conditions"] += _uses({**named, "scope": "role"}, requirements)
        rows["asn_rule_keys"] += _keys(named, keys)


def _uses(named: Row, requirements: Sequence[Requirement]) -> list[Row]:
    return [
        {**named, "position": position, **use._asdict(), "condition": use.condition.name}
        for position, use in enumerate(requirements, 1)
    ]


def _keys(named: Row, keys: Sequence[Key]) -> list[Row]:
    return [{**named, "position": at, "key": key.name} for at, key in enumerate(keys, 1)]


def _groups(named: Row, groups: Sequence[Group]) -> list[Row]:
    return [{**named, "position": at, "rule_group": one.name} for at, one in enumerate(groups, 1)]


def _steps(steps: Sequence[Step]) -> list[Row]:
    return [
        {
            "position": position,
            "step": step.name,
            "parameters": json.dumps(step.parameters(), sort_keys=True),
        }
        for position, step in enumerate(steps, 1)
    ]


def _name(condition: Condition | None) -> str | None:
    return condition and condition.name


def _upper(keyword: str | None) -> str | None:
    return keyword and keyword.upper()


# ------------------------------------------------------------------------- from rows


def from_rows(kind: str, header: Mapping[str, Any], rows: Rows) -> AnyRuleset:
    """Make a ruleset of its rows.

    Parameters
    ----------
    kind : str
        `table` or `rules`.
    header : mapping
        As `Header.header` gives it.

    Raises
    ------
    RulesetError
        If a step is not known, or has other parameters, or a condition has a pattern that cannot
        be used.
    """
    if kind == Table.kind:
        errata = sorted(Erratum(**row) for row in rows["errata"])
        modes = [Mode(**row) for row in _ordered(rows["exposure_modes"])]
        return Table(**header, modes=tuple(modes), errata=tuple(errata))
    lists = {
        row["value_list"]: tuple(json.loads(row["list_values"])) for row in rows["value_lists"]
    }
    path_tables = _path_tables(rows, lists)
    conditions = _conditions(rows, lists, path_tables)
    keys = _all_keys(rows)
    groups = _all_groups(rows, conditions, keys)
    *class_rows, default = _ordered(rows["class_rules"])
    (settings,) = rows["ruleset_settings"]
    return Ruleset(
        **header,
        rules=tuple(_rules(rows, conditions, keys, groups)),
        class_rules=tuple(
            ClassRule(conditions[row["condition"]], row["member_type"], _lower(row["keyword"]))
            for row in class_rows
        ),
        default_class=default["member_type"],
        written_as={row["member_type"]: row["written_as"] for row in rows["written_classes"]},
        required_columns=tuple(
            RequiredColumn(row["keyword"].lower(), conditions.get(row["condition"]))
            for row in _ordered(rows["required_columns"])
        ),
        suffixes=frozenset(row["suffix"] for row in rows["product_suffixes"]),
        settings=Settings(
            **{**settings, "empty_values": tuple(json.loads(settings["empty_values"]))},
            overall=tuple(map(_overall_step, _ordered(rows["overall_steps"]))),
        ),
        conditions=tuple(conditions.values()),
        keys=tuple(keys.values()),
        groups=tuple(groups.values()),
        value_lists=lists,
        path_tables=path_tables,
        known_differences=tuple(
            KnownDifference(**{**row, "condition": conditions.get(row["condition"])})
            for row in _without_positions(rows["known_differences"])
        ),
        intended_overlaps=tuple(
            sorted(IntendedOverlap(**row) for row in rows["intended_overlaps"])
        ),
        changes=tuple(_changes(rows)),
        releases=in_order(map(_release, rows["ruleset_releases"])),
    )


def _release(row: Row) -> Release:
    """Read a release; from a database its days come as text."""
    days = (row["released"], row["in_operations_from"])
    try:
        read = [dt.date.fromisoformat(day) if isinstance(day, str) else day for day in days]
    except ValueError as error:
        raise RulesetError(f"release {row['release']}: {error}") from None
    return Release(row["release"], *read)


def _changes(rows: Rows) -> Iterator[Change]:
    items = _grouped(rows["ruleset_change_items"], "change")
    for row in _without_positions(rows["ruleset_changes"]):
        found = _without_positions(items[row["change"],])
        own = [{name: value for name, value in one.items() if name != "change"} for one in found]
        yield Change(**row, items=tuple(ChangeItem(**one) for one in own))


def _ordered(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["position"])


def _without_positions(rows: Iterable[Row]) -> Iterator[Row]:
    for row in _ordered(rows):
        yield {name: value for name, value in row.items() if name != "position"}


def _grouped(rows: Iterable[Row], *columns: str) -> dict[tuple[Any, ...], list[Row]]:
    """Give ordered rows by the values of columns."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in _ordered(rows):
        groups[tuple(row[column] for column in columns)].append(row)
    return groups


def _path_tables(
    rows: Rows, lists: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[Alternative, ...]]:
    alternatives = _alternatives(rows["path_table_terms"], "path_table", lists)
    return {
        row["path_table"]: tuple(alternatives[row["path_table"]])
        for row in sorted(rows["path_tables"], key=lambda row: row["path_table"])
    }


def _conditions(
    rows: Rows,
    lists: Mapping[str, tuple[str, ...]],
    path_tables: Mapping[str, tuple[Alternative, ...]],
) -> dict[str, Condition]:
    alternatives = _alternatives(rows["condition_terms"], "condition", lists)
    return {
        row["condition"]: Condition(
            row["condition"],
            row["text"],
            (*alternatives[row["condition"]], *path_tables.get(row["path_table"], ())),
            row["path_table"],
        )
        for row in sorted(rows["conditions"], key=lambda row: row["condition"])
    }


def _alternatives(
    rows: Iterable[Row], owner: str, lists: Mapping[str, tuple[str, ...]]
) -> dict[str, list[Alternative]]:
    """Give the alternatives of each condition or path table."""
    found: dict[str, list[Alternative]] = defaultdict(list)
    for (name, _), terms in sorted(_grouped(rows, owner, "alternative").items()):
        found[name].append(tuple(_term(row, name, lists) for row in terms))
    return found


def _term(row: Row, name: str, lists: Mapping[str, tuple[str, ...]]) -> Term:
    named = row["value_list"]
    values = tuple(json.loads(row["term_values"])) if named is None else lists[named]
    term = Term(row["keyword"].lower(), Operator(row["operator"]), values, named)
    for pattern in values if term.operator is Operator.MATCHES else ():
        if problem := pattern_problem(pattern):
            raise RulesetError(f"condition {name}: bad pattern {pattern[:80]!r}: {problem}")
    return term


def _all_keys(rows: Rows) -> dict[str, Key]:
    sources = _grouped(rows["key_sources"], "key")
    return {
        row["key"]: Key(
            row["key"],
            tuple(source["keyword"].lower() for source in sources[row["key"],]),
            bool(row["required"]),
            row["excludes"],
        )
        for row in sorted(rows["keys"], key=lambda row: row["key"])
    }


def _all_groups(
    rows: Rows, conditions: Mapping[str, Condition], keys: Mapping[str, Key]
) -> dict[str, Group]:
    uses = _grouped(rows["rule_group_conditions"], "rule_group")
    key_uses = _grouped(rows["rule_group_keys"], "rule_group")
    names = sorted(row["rule_group"] for row in rows["rule_groups"])
    return {
        name: Group(
            name,
            tuple(keys[row["key"]] for row in key_uses[name,]),
            tuple(_requirement(row, conditions) for row in uses[name,]),
        )
        for name in names
    }


def _requirement(row: Row, conditions: Mapping[str, Condition]) -> Requirement:
    condition = conditions[row["condition"]]
    return Requirement(condition, bool(row["negated"]), row["when_key"], row["when_value"])


def _rules(
    rows: Rows,
    conditions: Mapping[str, Condition],
    keys: Mapping[str, Key],
    all_groups: Mapping[str, Group],
) -> Iterator[Rule]:
    uses = _grouped(rows["asn_rule_conditions"], "asn_rule", "scope", "role")
    key_uses = _grouped(rows["asn_rule_keys"], "asn_rule", "role")
    group_uses = _grouped(rows["asn_rule_groups"], "asn_rule", "role")
    roles = _grouped(rows["asn_rule_roles"], "asn_rule")
    steps = _grouped(rows["asn_rule_steps"], "asn_rule")

    def asked(rule: str, scope: str, role: str = "") -> tuple[Requirement, ...]:
        return tuple(_requirement(row, conditions) for row in uses[rule, scope, role])

    def common(rule: str, scope: str, role: str = "") -> dict[str, Any]:
        """Give what rules and roles have alike."""
        groups = tuple(all_groups[row["rule_group"]] for row in group_uses[rule, role])
        own = (keys[row["key"]] for row in key_uses[rule, role])
        by_groups = (use for group in groups for use in group.requirements)
        return {
            "groups": groups,
            "keys": (*(key for group in groups for key in group.keys), *own),
            "requirements": (*asked(rule, scope, role), *by_groups),
        }

    for row in sorted(rows["asn_rules"], key=lambda row: row["asn_rule"]):
        name = row["asn_rule"]
        yield Rule(
            name=name,
            asn_type=row["asn_type"],
            title=row["title"],
            candidate_requirements=asked(name, "candidate"),
            roles=tuple(_role(role, common(name, "role", role["role"])) for role in roles[name,]),
            rateints=asked(name, "rateints"),
            as_science=bool(row["as_science"]),
            companion_class=row["companion_class"],
            steps=tuple(_step(step) for step in steps[name,]),
            **common(name, "exposure"),
        )


def _role(row: Row, common: Mapping[str, Any]) -> Role:
    return Role(
        name=row["role"],
        single=bool(row["single"]),
        offered_again=row["offered_again"],
        science_as=row["science_as"],
        keys_only=bool(row["keys_only"]),
        not_after=row["not_after"],
        not_created_by=row["not_created_by"],
        creates_too=bool(row["creates_too"]),
        **common,
    )


def _step(row: Row) -> Step:
    return _step_of(FINISHING, "finishing step", row, f"{row['asn_rule']}: ")


def _overall_step(row: Row) -> Step:
    return _step_of(OVERALL, "step over all associations", row, "")


def _step_of(known: Mapping[str, type[Step]], what: str, row: Row, where: str) -> Step:
    try:
        return step_of(known, what, row["step"], json.loads(row["parameters"]))
    except ValueError as error:
        raise RulesetError(f"{where}{error}") from None


def _lower(keyword: str | None) -> str | None:
    return keyword and keyword.lower()
