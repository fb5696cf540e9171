"""Write an executable ruleset as files: what `executable_files` spells out, said shortly again.

Groups of keys are not found again: a rule names each of its keys and conditions itself.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from asnrules.errors import RulesetError
from asnrules.rules.content import Rows, RulesetContent
from asnrules.rules.model import Operator
from asnrules.rules.read_accepted import accepted_cells
from asnrules.rules.write_text import Files, csv_text, header_of, toml_text

_Row = dict[str, Any]
_Terms = list[tuple[str, str, list[str]]]
"""The terms of an alternative: keyword, operator, values."""

FEW = 4
"""Up to so many alternatives are written in `conditions.toml`, more as a CSV file beside it."""


def executable_files(content: RulesetContent) -> Files:
    """Write an executable ruleset as files; see `asnrules.rules.write.ruleset_files`."""
    tables = content.tables
    rules = _rules(tables)
    defaults = {
        word: _most_frequent([rule[word] for rule in rules]) for word in ("rateints", "steps")
    }
    for rule in rules:
        for word, usual in defaults.items():
            if rule[word] == usual:
                del rule[word]
    conditions, csv_files = _conditions(tables)
    return {
        "ruleset.toml": toml_text(_document(_header(content, defaults))),
        "conditions.toml": toml_text(_document(conditions)),
        "keys.toml": toml_text(_document({"keys": _keys(tables["asn_rule_keys"])})),
        "classes.toml": toml_text(_document(_classes(tables["class_rules"]))),
        **_rule_files(rules),
        **csv_files,
        "suffixes.csv": csv_text(
            ["suffix"], sorted([row["suffix"]] for row in tables["product_suffixes"])
        ),
        **{
            name: csv_text(columns, cells)
            for name, (columns, cells) in accepted_cells(tables).items()
        },
    }


def _ordered(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: row["position"])


def _without_none(row: _Row) -> _Row:
    return {name: value for name, value in row.items() if value is not None}


def _most_frequent(lists: list[Any]) -> Any:
    return json.loads(Counter(json.dumps(one) for one in lists).most_common(1)[0][0])


def _header(content: RulesetContent, defaults: _Row) -> _Row:
    tables = content.tables
    header = {**header_of(content), "defaults": defaults}
    if tables["ruleset_settings"]:
        header["settings"] = {
            row["setting"]: json.loads(row["value"])
            for row in sorted(tables["ruleset_settings"], key=lambda row: row["setting"])
        }
    if tables["written_classes"]:
        header["written_as"] = {
            row["member_type"]: row["written_as"]
            for row in sorted(tables["written_classes"], key=lambda row: row["member_type"])
        }
    if tables["required_columns"]:
        header["required_columns"] = [
            _without_none({"column": row["keyword"], "condition": row["condition"]})
            for row in _ordered(tables["required_columns"])
        ]
    return header


def _classes(rows: Rows) -> _Row:
    *rows, default = _ordered(rows)
    return {
        "default": default["member_type"],
        "classes": [
            _without_none(
                {
                    "condition": row["condition"],
                    "class": row["member_type"],
                    "keyword": row["keyword"],
                }
            )
            for row in rows
        ],
    }


# ------------------------------------------------------------------------- rules


def _keys(rows: Rows) -> _Row:
    keys: dict[str, _Row] = {}
    for row in sorted(rows, key=lambda row: row["key"]):
        key = {"sources": json.loads(row["sources"])}
        if not row["required"]:
            key["required"] = False
        if row["excludes"] is not None:
            key["excludes"] = row["excludes"]
        if keys.setdefault(row["key"], key) != key:
            raise RulesetError(f"key {row['key']} means two things; give one of them another name")
    return keys


def _rules(tables: dict[str, Rows]) -> list[_Row]:
    uses: dict[tuple[str, str, str], list[Any]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_conditions"]):
        uses[row["asn_rule"], row["scope"], row["role"]].append(_use(row))
    keys: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_keys"]):
        keys[row["asn_rule"], row["role"]].append(row["key"])
    roles = _roles(tables["asn_rule_roles"], uses, keys)
    steps: dict[str, list[str]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_steps"]):
        steps[row["asn_rule"]].append(row["step"])
    return [
        {
            "asn_rule": row["asn_rule"],
            "asn_type": row["asn_type"],
            "title": row["title"],
            **{
                word: value
                for word, value in (
                    ("keys", keys[row["asn_rule"], ""]),
                    ("requires", uses[row["asn_rule"], "exposure", ""]),
                    ("candidate", uses[row["asn_rule"], "candidate", ""]),
                    ("as_science", bool(row["as_science"])),
                    ("companion_class", row["companion_class"]),
                )
                if value
            },
            "rateints": uses[row["asn_rule"], "rateints", ""],
            "steps": steps[row["asn_rule"]],
            "role": roles[row["asn_rule"]],
        }
        for row in sorted(tables["asn_rules"], key=lambda row: row["asn_rule"])
    ]


def _roles(
    rows: Rows, uses: dict[tuple[str, str, str], list[Any]], keys: dict[tuple[str, str], list[str]]
) -> dict[str, list[_Row]]:
    roles: dict[str, list[_Row]] = defaultdict(list)
    for row in _ordered(rows):
        rule, name = row["asn_rule"], row["role"]
        words = ("single", "offered_again", "science_as", "keys_only", "not_after", "creates_too")
        body = {"keys": keys[rule, name], "requires": uses[rule, "role", name]}
        roles[rule].append(
            {
                "name": name,
                **{word: value for word, value in body.items() if value},
                **{word: row[word] for word in words if row[word]},
            }
        )
    return roles


def _use(row: _Row) -> Any:
    name = f"not {row['condition']}" if row["negated"] else row["condition"]
    if row["when_key"] is None:
        return name
    return {"condition": name, "when_key": row["when_key"], "when_value": row["when_value"]}


def _rule_files(rules: list[_Row]) -> Files:
    """Put the rules into a file for each association type."""
    by_type: dict[str, list[_Row]] = defaultdict(list)
    for rule in rules:
        by_type[rule["asn_type"]].append(rule)
    return {
        f"rules/{re.sub('[^a-z0-9]', '_', asn_type)}.toml": toml_text(_document({"rule": found}))
        for asn_type, found in sorted(by_type.items())
    }


# ------------------------------------------------------------------------- conditions


def _conditions(tables: dict[str, Rows]) -> tuple[_Row, Files]:
    alternatives: dict[str, dict[int, _Terms]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(
        tables["condition_terms"], key=lambda row: (row["alternative"], row["position"])
    ):
        alternatives[row["condition"]][row["alternative"]].append(
            (row["keyword"], row["operator"], json.loads(row["term_values"]))
        )
    conditions: _Row = {}
    files: dict[str, str] = {}
    for row in sorted(tables["conditions"], key=lambda row: row["condition"]):
        name = row["condition"]
        written, listed = _split(list(alternatives[name].values()))
        spec: _Row = {"text": row["text"]}
        if written:
            spec["any_of"] = [_alternative(name, terms) for terms in written]
        if listed:
            text = _paths(listed)
            same = next((path for path, other in files.items() if other == text), None)
            spec["paths"] = same or f"{name}.csv"
            files[spec["paths"]] = text
        conditions[name] = spec
    return conditions, files


def _split(alternatives: list[_Terms]) -> tuple[list[_Terms], list[dict[str, str]]]:
    """Tell the alternatives to be written as such from those that make a table, the last ones."""
    listed: list[dict[str, str]] = []
    columns: list[str] = []
    for terms in reversed(alternatives):
        cells = _cells(terms)
        merged = None if cells is None else _merged(list(cells), columns)
        if cells is None or merged is None:
            break
        columns = merged
        listed.insert(0, cells)
    if len(listed) <= FEW:
        return alternatives, []
    return alternatives[: len(alternatives) - len(listed)], listed


def _merged(some: list[str], others: list[str]) -> list[str] | None:
    """Give the longer of two lists of columns, if it holds the other in the same order."""
    shorter, longer = sorted((some, others), key=len)
    return longer if [name for name in longer if name in shorter] == shorter else None


def _paths(listed: list[dict[str, str]]) -> str:
    columns = max(map(list, listed), key=len)
    return csv_text(columns, ([row.get(name, "") for name in columns] for row in listed))


def _cells(terms: _Terms) -> dict[str, str] | None:
    """Give the cells of an alternative as a row of a CSV file; None if it cannot be one."""
    cells: dict[str, str] = {}
    for keyword, found in groupby(terms, key=lambda term: term[0]):
        cell = _cell([(operator, values) for _, operator, values in found])
        if cell is None or keyword in cells:
            return None
        cells[keyword] = cell
    return cells


def _cell(tests: list[tuple[str, list[str]]]) -> str | None:
    if any(not re.fullmatch(r"[^\s!(]\S*", value) for _, values in tests for value in values):
        return None
    match tests:
        case [(Operator.SET, [])]:
            return "(set)"
        case [(Operator.EMPTY, [])]:
            return "(empty)"
        case [(Operator.IN, [_, *_] as values)]:
            return " ".join(values)
        case [(Operator.SET, []), (Operator.NOT_IN, [_, *_] as values)]:
            return f"!{' '.join(values)}"
    return None


def _alternative(condition: str, terms: _Terms) -> _Row:
    written: _Row = {}
    for keyword, found in groupby(terms, key=lambda term: term[0]):
        if keyword in written:
            raise RulesetError(
                f"condition {condition}: terms of {keyword} are apart; no file says that"
            )
        tests = [_test(operator, values) for _, operator, values in found]
        written[keyword] = tests[0] if len(tests) == 1 else tests
    return written


def _test(operator: str, values: list[str]) -> Any:
    if operator in {Operator.SET, Operator.EMPTY}:
        return f"({operator})"
    if operator == Operator.IN and len(values) == 1 and not values[0].startswith(("!", "(")):
        return values[0]
    return {operator: values}


# ------------------------------------------------------------------------- TOML


def _document(parts: _Row) -> Any:
    """Make a TOML document: tables with headers outside, one line each inside."""
    import tomlkit

    document = tomlkit.document()
    for name, value in parts.items():
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            document.add(name, _tables(value))
        elif isinstance(value, dict):
            document.add(name, _table(value))
        else:
            document.add(name, _value(value))
    return document


def _tables(rows: list[_Row]) -> Any:
    import tomlkit

    array = tomlkit.aot()
    for row in rows:
        array.append(_table(row))
    return array


def _table(row: _Row) -> Any:
    import tomlkit

    table = tomlkit.table()
    for name, value in row.items():
        table.add(name, _tables(value) if name == "role" else _value(value))
    return table


def _value(value: Any) -> Any:
    import tomlkit

    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        for name, one in value.items():
            inline.append(name, _value(one))
        return inline
    if isinstance(value, list):
        return _array(value)
    return tomlkit.item(value)


def _array(values: Iterable[Any]) -> Any:
    import tomlkit

    array = tomlkit.array()
    for value in values:
        array.append(_value(value))
    if len(array) > 1 and any(isinstance(value, dict) for value in array):
        array.multiline(True)
    return array
