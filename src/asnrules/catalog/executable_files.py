"""Read the files of an executable ruleset: conditions, keys, classes, rules.

The files are written for people: defaults, groups and names that are used again. Here they
are spelled out into the rows that the tables hold and the engine runs.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asnrules.catalog.content import Rows
from asnrules.catalog.plain import read_csv, read_toml
from asnrules.engine.model import Operator
from asnrules.errors import RulesetError

_ROLE_FIELDS = {
    "single": False,
    "offered_again": 0,
    "science_as": None,
    "keys_only": False,
    "not_after": None,
    "creates_too": False,
}
_RULE_WORDS = {
    "groups", "keys", "requires", "candidate", "rateints", "as_science", "companion_class", "steps",
}  # fmt: skip
_ROLE_WORDS = {"groups", "keys", "requires", *_ROLE_FIELDS}


def read_executable_tables(folder: Path, header: dict[str, Any]) -> dict[str, Rows]:
    """Read the rows of an executable ruleset.

    Parameters
    ----------
    folder : Path
        The folder of the ruleset.
    header : dict
        Its `ruleset.toml`.

    Returns
    -------
    dict of str to list of dict
        Rows by table.

    Raises
    ------
    RulesetError
        If a file is not well formed, or names something that is not there.
    """
    conditions, terms = _conditions(folder)
    names = {row["condition"] for row in conditions}
    tables: dict[str, Rows] = {
        "conditions": conditions,
        "condition_terms": terms,
        "class_rules": _class_rules(folder / "classes.toml", names),
        "written_classes": [
            {"member_type": name, "written_as": other}
            for name, other in header.get("written_as", {}).items()
        ],
        "required_columns": [
            {"position": position, "keyword": row["column"], "condition": row["condition"]}
            for position, row in enumerate(_required_columns(folder, header, names), 1)
        ],
        "product_suffixes": [dict(row) for row in read_csv(folder / "suffixes.csv", ("suffix",))],
        "known_differences": _known_differences(folder / "known_differences.csv", names),
    }
    path = folder / "keys.toml"
    keys = read_toml(path)
    for name, key in keys.get("keys", {}).items():
        _check_words(path, f"key {name}", key, {"sources"}, {"required", "excludes"})
    rules = _Rules(keys, names, header.get("defaults", {}))
    for path in sorted((folder / "rules").glob("*.toml")):
        for rule in read_toml(path).get("rule", []):
            rules.add(rule, path)
    return tables | rules.tables


def _required_columns(folder: Path, header: dict[str, Any], names: set[str]) -> Rows:
    path = folder / "ruleset.toml"
    rows: Rows = []
    for row in header.get("required_columns", []):
        _check_words(path, "a required column", row, {"column"}, {"condition"})
        if "condition" in row:
            _known(path, "condition", row["condition"], names)
        rows.append({"condition": None, **row})
    return rows


def _known_differences(path: Path, names: set[str]) -> Rows:
    columns = ("exp_type", "aspect", "published", "software", "condition", "reason")
    rows: Rows = []
    for position, row in enumerate(read_csv(path, columns), 1):
        condition = row["condition"] or None
        if condition is not None:
            _known(path, "condition", condition, names)
        rows.append({"position": position, **row, "condition": condition})
    return rows


# ------------------------------------------------------------------------- conditions


def _conditions(folder: Path) -> tuple[Rows, Rows]:
    path = folder / "conditions.toml"
    conditions: Rows = []
    terms: Rows = []
    for name, spec in read_toml(path).items():
        _check_words(path, f"condition {name}", spec, {"text"}, {"any_of", "paths"})
        conditions.append({"condition": name, "text": spec["text"]})
        alternatives = [
            [term for keyword, test in alternative.items() for term in _terms(path, keyword, test)]
            for alternative in spec.get("any_of", [])
        ]
        if "paths" in spec:
            alternatives += [
                [term for keyword, cell in row.items() if cell for term in _cell(keyword, cell)]
                for row in read_csv(folder / spec["paths"])
            ]
        if not alternatives:
            raise RulesetError(f"{path}: condition {name} has no alternative; add any_of or paths")
        for alternative, entries in enumerate(alternatives, 1):
            for position, (keyword, operator, values) in enumerate(entries, 1):
                terms.append(
                    {
                        "condition": name,
                        "alternative": alternative,
                        "position": position,
                        "keyword": keyword,
                        "operator": str(operator),
                        "term_values": json.dumps(values),
                    }
                )
    return conditions, terms


_Entry = tuple[str, Operator, list[str]]


def _terms(path: Path, keyword: str, test: Any) -> list[_Entry]:
    if isinstance(test, list):
        return [entry for one in test for entry in _terms(path, keyword, one)]
    if isinstance(test, str):
        return _cell(keyword, test, split=False)
    ((word, values),) = test.items()
    try:
        return [(keyword, Operator(word), list(values))]
    except ValueError as error:
        raise RulesetError(f"{path}: {word!r} is no operator; use {', '.join(Operator)}") from error


def _cell(keyword: str, cell: str, *, split: bool = True) -> list[_Entry]:
    if cell == "(set)":
        return [(keyword, Operator.SET, [])]
    if cell == "(empty)":
        return [(keyword, Operator.EMPTY, [])]
    if cell.startswith("!"):
        return [(keyword, Operator.SET, []), (keyword, Operator.NOT_IN, cell[1:].split())]
    return [(keyword, Operator.IN, cell.split() if split else [cell])]


def _class_rules(path: Path, conditions: set[str]) -> Rows:
    spec = read_toml(path)
    _check_words(path, "the classes", spec, {"default", "classes"}, set())
    for row in spec["classes"]:
        _check_words(path, "a class", row, {"condition"}, {"class", "keyword"})
    rows: Rows = [
        {
            "position": position,
            "condition": _known(path, "condition", row["condition"], conditions),
            "member_type": row.get("class"),
            "keyword": row.get("keyword"),
        }
        for position, row in enumerate(spec["classes"], 1)
    ]
    default = {"condition": None, "member_type": spec["default"], "keyword": None}
    return [*rows, {"position": len(rows) + 1, **default}]


def _check_words(
    path: Path, what: str, spec: dict[str, Any], needed: set[str], others: set[str]
) -> None:
    """Refuse a table that lacks a word, or has one that nobody reads."""
    for word in spec:
        _known(path, "word", word, needed | others)
    for word in sorted(needed - set(spec)):
        raise RulesetError(f"{path}: {what} has no {word}; add it")


def _known(path: Path, what: str, name: str, names: Iterable[str]) -> str:
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there is no {what} of that name"
    raise RulesetError(f"{path}: unknown {what} {name!r}; {hint}")


# ------------------------------------------------------------------------- rules


class _Rules:
    """Collects the rows of the rules, with groups and defaults spelled out."""

    def __init__(
        self, keys: dict[str, Any], conditions: set[str], defaults: dict[str, Any]
    ) -> None:
        self._keys: dict[str, dict[str, Any]] = keys.get("keys", {})
        self._groups: dict[str, dict[str, list[str]]] = keys.get("groups", {})
        self._conditions = conditions
        self._defaults = defaults
        self.tables: dict[str, Rows] = {
            "asn_rules": [],
            "asn_rule_roles": [],
            "asn_rule_conditions": [],
            "asn_rule_keys": [],
            "asn_rule_steps": [],
        }

    def add(self, spec: dict[str, Any], path: Path) -> None:
        """Add a rule as its file gives it."""
        _check_words(path, "a rule", spec, {"asn_rule", "asn_type", "title", "role"}, _RULE_WORDS)
        spec = self._defaults | spec
        name = spec["asn_rule"]
        self.tables["asn_rules"].append(
            {
                "asn_rule": name,
                "asn_type": spec["asn_type"],
                "title": spec["title"],
                "as_science": spec.get("as_science", False),
                "companion_class": spec.get("companion_class"),
            }
        )
        self._add_body(path, name, "", spec)
        self._add_uses(path, name, "candidate", "", spec.get("candidate", []))
        self._add_uses(path, name, "rateints", "", spec["rateints"])
        for position, role in enumerate(spec["role"], 1):
            _check_words(path, f"a role of {name}", role, {"name"}, _ROLE_WORDS)
            fields = {field: role.get(field, value) for field, value in _ROLE_FIELDS.items()}
            self.tables["asn_rule_roles"].append(
                {"asn_rule": name, "role": role["name"], "position": position, **fields}
            )
            self._add_body(path, name, role["name"], role)
        self.tables["asn_rule_steps"] += [
            {"asn_rule": name, "position": position, "step": step}
            for position, step in enumerate(spec["steps"], 1)
        ]

    def _add_body(self, path: Path, rule: str, role: str, spec: dict[str, Any]) -> None:
        """Add the conditions and keys of a rule or of one of its roles."""
        requires = list(spec.get("requires", []))
        keys: list[str] = []
        for group in spec.get("groups", []):
            body = self._groups[_known(path, "group", group, self._groups)]
            requires += body.get("requires", [])
            keys += body.get("keys", [])
        keys += spec.get("keys", [])
        self._add_uses(path, rule, "role" if role else "exposure", role, requires)
        for position, key in enumerate(keys, 1):
            body = self._keys[_known(path, "key", key, self._keys)]
            self.tables["asn_rule_keys"].append(
                {
                    "asn_rule": rule,
                    "role": role,
                    "position": position,
                    "key": key,
                    "sources": json.dumps(body["sources"]),
                    "required": body.get("required", True),
                    "excludes": body.get("excludes"),
                }
            )

    def _add_uses(
        self, path: Path, rule: str, scope: str, role: str, uses: list[str | dict[str, str]]
    ) -> None:
        for position, use in enumerate(uses, 1):
            spec = use if isinstance(use, dict) else {"condition": use}
            name = spec["condition"].removeprefix("not ")
            self.tables["asn_rule_conditions"].append(
                {
                    "asn_rule": rule,
                    "scope": scope,
                    "role": role,
                    "position": position,
                    "condition": _known(path, "condition", name, self._conditions),
                    "negated": spec["condition"].startswith("not "),
                    "when_key": spec.get("when_key"),
                    "when_value": spec.get("when_value"),
                }
            )
