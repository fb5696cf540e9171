"""Read the files of an executable ruleset: keys, classes, rules.

The files are written for people: defaults, groups and names that are used again. Here they
are spelled out into the rows that the tables hold and the engine runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from asnrules.catalog.vocabulary import Words
from asnrules.engine.pruning import OVERALL
from asnrules.engine.steps import STEPS
from asnrules.errors import RulesetError
from asnrules.rules.content import Rows
from asnrules.rules.model import Settings
from asnrules.rules.read_accepted import (
    DIFFERENCES,
    OVERLAPS,
    read_intended_overlaps,
    read_known_differences,
)
from asnrules.rules.read_conditions import read_conditions
from asnrules.rules.text_files import read_lines
from asnrules.rules.toml_nodes import Node

ROLE_WORDS = ("companion", "exposure", "mode", "direct image")
"""What a role may be called beside the classes of exposures."""

COMPANION_TYPES = ("direct_image", "sourcecat", "segmap")
"""What a member may be written as beside the classes of exposures."""

FILE_NAME = re.compile(r"(rules/)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""What a file of a ruleset may be called, and where it may lie."""

DISCOVERED_ID = re.compile(r"a[0-9]{3,9}")
"""What the id of discovered associations looks like."""

MOST_DIGITS = 9
"""More digits than that no sequence number needs."""

_RULE_WORDS = {
    "groups", "keys", "requires", "candidate", "rateints", "as_science", "companion_class", "steps",
}  # fmt: skip
_ROLE_WORDS = {
    "groups", "keys", "requires", "single", "offered_again", "science_as", "keys_only",
    "not_after", "creates_too",
}  # fmt: skip
_GROUP_WORDS = {"keys", "requires"}


def read_executable_tables(folder: Path, header: Node, words: Words) -> dict[str, Rows]:
    """Read the rows of an executable ruleset.

    Parameters
    ----------
    folder : Path
        The folder of the ruleset.
    header : Node
        Its `ruleset.toml`.
    words : Words
        The words that it may use.

    Returns
    -------
    dict of str to list of dict
        Rows by table.

    Raises
    ------
    RulesetError
        If a file is not well formed, or names something that is not there.
    """
    conditions, terms = read_conditions(folder, words)
    names = {row["condition"] for row in conditions}
    rules = _Rules(_Keys(folder / "keys.toml", names, words), names, header, words)
    for path in sorted((folder / "rules").glob("*.toml")):
        if not FILE_NAME.fullmatch(f"rules/{path.name}"):
            raise RulesetError(f"{path}: name the file with letters, digits, '_' and '-'")
        file = Node.read(path)
        file.check_words("the file", {"rule"}, set())
        for rule in file.part("rule"):
            rules.add(rule)
    if not rules.tables["asn_rules"]:
        raise RulesetError(f"{folder / 'rules'}: no rule; put [[rule]] into a TOML file there")
    return {
        "conditions": conditions,
        "condition_terms": terms,
        "class_rules": _class_rules(folder / "classes.toml", names, words),
        "written_classes": _written_classes(header, words),
        "required_columns": _required_columns(header, names, words),
        "product_suffixes": _suffixes(folder / "suffixes.csv"),
        "ruleset_settings": _settings(header),
        **read_known_differences(folder / DIFFERENCES, names, words),
        **rules.tables,
        "intended_overlaps": read_intended_overlaps(
            folder / OVERLAPS, {row["asn_rule"] for row in rules.tables["asn_rules"]}
        ),
    }


def _lower(words: Iterable[str]) -> set[str]:
    return {word.lower() for word in words}


def _written_classes(header: Node, words: Words) -> Rows:
    if "written_as" not in header:
        return []
    return [
        {
            "member_type": node.checked(name, "class", words.member_types),
            "written_as": node.word("class", {*words.member_types, *COMPANION_TYPES}),
        }
        for name, node in header["written_as"].entries()
    ]


def _required_columns(header: Node, names: set[str], words: Words) -> Rows:
    rows: Rows = []
    for position, node in enumerate(header.part("required_columns"), 1):
        node.check_words("a required column", {"column"}, {"condition"})
        rows.append(
            {
                "position": position,
                "keyword": node["column"].word("keyword", _lower(words.keywords)),
                "condition": node.word_of("condition", "condition", names),
            }
        )
    return rows


def _settings(header: Node) -> Rows:
    spec = header.get("settings")
    if spec is None:
        return []
    spec.check_words("the settings", set(), set(Settings._fields))
    settings: dict[str, object] = {}
    if "sequence_digits" in spec:
        digits = settings["sequence_digits"] = spec["sequence_digits"].number()
        if not 1 <= digits <= MOST_DIGITS:
            raise spec["sequence_digits"].error(f"sequence_digits is from 1 to {MOST_DIGITS}")
    if "whole_pool" in spec:
        settings["whole_pool"] = spec.is_set("whole_pool")
    if "discovered_id" in spec:
        name = settings["discovered_id"] = spec["discovered_id"].text()
        if not DISCOVERED_ID.fullmatch(name):
            raise spec["discovered_id"].error("discovered_id is an a with digits, such as a3001")
    if "overall" in spec:
        settings["overall"] = [
            step.word("step over all associations", OVERALL) for step in spec["overall"].items()
        ]
    return [{"setting": name, "value": json.dumps(value)} for name, value in settings.items()]


def _suffixes(path: Path) -> Rows:
    seen: set[str] = set()
    for line, row in read_lines(path, ("suffix",)):
        suffix = row["suffix"]
        if not re.fullmatch(r"[a-z0-9_-]+", suffix) or suffix in seen:
            raise RulesetError(
                f"{path}, line {line}: {suffix[:80]!r} comes twice, or is not of lower-case "
                "letters, digits, '_' and '-'; mend the row"
            )
        seen.add(suffix)
    return [{"suffix": suffix} for suffix in sorted(seen)]


def _class_rules(path: Path, conditions: set[str], words: Words) -> Rows:
    spec = Node.read(path)
    spec.check_words("the file", {"default", "classes"}, set())
    rows: Rows = []
    for position, node in enumerate(spec["classes"].items(), 1):
        node.check_words("a class", {"condition"}, {"class", "keyword"})
        if ("class" in node) == ("keyword" in node):
            raise node.error("a class has either class or keyword; give one of them")
        rows.append(
            {
                "position": position,
                "condition": node["condition"].word("condition", conditions),
                "member_type": node.word_of("class", "class", words.member_types),
                "keyword": node.word_of("keyword", "keyword", _lower(words.keywords)),
            }
        )
    default = spec["default"].word("class", words.member_types)
    return [
        *rows,
        {"position": len(rows) + 1, "condition": None, "member_type": default, "keyword": None},
    ]


# ------------------------------------------------------------------------- keys


class _Keys:
    """The keys of `keys.toml`, and the groups that bring keys and conditions together."""

    def __init__(self, path: Path, conditions: set[str], words: Words) -> None:
        spec = Node.read(path)
        spec.check_words("the file", {"keys"}, {"groups"})
        self._keys: dict[str, Rows] = {}
        names = set(spec["keys"].value) if isinstance(spec["keys"].value, dict) else set()
        for name, node in spec["keys"].entries():
            self._keys[name] = [_key(name, node, names, words)]
        self.groups: dict[str, Node] = {}
        for name, node in spec["groups"].entries() if "groups" in spec else ():
            node.check_words(f"group {name}", set(), _GROUP_WORDS)
            for key in node.part("keys"):
                key.word("key", names)
            for use in node.part("requires"):
                condition_use(use, conditions)
            self.groups[name] = node

    def rows(self, node: Node) -> Rows:
        """Give the rows of the keys that a rule or role names, those of its groups first."""
        names = [
            key
            for group in node.part("groups")
            for key in self.groups[group.word("group", self.groups)].part("keys")
        ]
        return [row for key in (*names, *node.part("keys")) for row in self._row(key)]

    def requires(self, node: Node) -> list[Node]:
        """Give the conditions that a rule or role requires, those of its groups last."""
        return [
            *node.part("requires"),
            *(
                use
                for group in node.part("groups")
                for use in self.groups[group.word("group", self.groups)].part("requires")
            ),
        ]

    def _row(self, key: Node) -> Rows:
        return self._keys[key.word("key", self._keys)]


def _key(name: str, node: Node, names: set[str], words: Words) -> dict[str, object]:
    node.check_words(f"key {name}", {"sources"}, {"required", "excludes"})
    sources = [one.word("keyword", _lower(words.keywords)) for one in node["sources"].items()]
    if not sources:
        raise node.error(f"key {name} has no source; name a keyword")
    return {
        "key": name,
        "sources": json.dumps(sources),
        "required": node.is_set("required", default=True),
        "excludes": node.word_of("excludes", "key", names),
    }


# ------------------------------------------------------------------------- rules


def condition_use(use: Node, conditions: set[str]) -> dict[str, object]:
    """Read how a rule, role or group uses a condition: as it is, negated, or for one key."""
    spec, node = {}, use
    if isinstance(use.value, dict):
        use.check_words("a condition", {"condition"}, {"when_key", "when_value"})
        if ("when_key" in use) != ("when_value" in use):
            raise use.error("when_key and when_value go together; give both or none")
        spec = {word: use[word].text() for word in ("when_key", "when_value") if word in use}
        node = use["condition"]
    name = node.text()
    return {
        "condition": node.checked(name.removeprefix("not "), "condition", conditions),
        "negated": name.startswith("not "),
        "when_key": spec.get("when_key"),
        "when_value": spec.get("when_value"),
    }


class _Rules:
    """Collects the rows of the rules, with groups and defaults spelled out."""

    def __init__(self, keys: _Keys, conditions: set[str], header: Node, words: Words) -> None:
        self._keys = keys
        self._conditions = conditions
        self._words = words
        self._defaults = header.get("defaults")
        if self._defaults is not None:
            self._defaults.check_words("the defaults", set(), {"rateints", "steps"})
        self._roles = {*ROLE_WORDS, *(name.replace("_", " ") for name in words.member_types)}
        self._written = {*words.member_types, *COMPANION_TYPES}
        self.tables: dict[str, Rows] = {
            "asn_rules": [],
            "asn_rule_roles": [],
            "asn_rule_conditions": [],
            "asn_rule_keys": [],
            "asn_rule_steps": [],
        }

    def add(self, spec: Node) -> None:
        """Add a rule as its file gives it."""
        spec.check_words("a rule", {"asn_rule", "asn_type", "title", "role"}, _RULE_WORDS)
        name = spec["asn_rule"].text()
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            raise spec["asn_rule"].error(
                f"{name[:80]!r} is not a name; use letters, digits and '_'"
            )
        if any(row["asn_rule"] == name for row in self.tables["asn_rules"]):
            raise spec["asn_rule"].error(f"a second rule {name}; give it another name")
        self.tables["asn_rules"].append(
            {
                "asn_rule": name,
                "asn_type": spec["asn_type"].word("association type", self._words.asn_types),
                "title": spec["title"].text(),
                "as_science": spec.is_set("as_science"),
                "companion_class": spec.word_of("companion_class", "class", self._written),
            }
        )
        self._add_body(name, "", spec)
        self._add_uses(name, "candidate", "", spec.part("candidate"))
        self._add_uses(name, "rateints", "", self._default(spec, "rateints"))
        self._add_roles(name, spec)
        self.tables["asn_rule_steps"] += [
            {
                "asn_rule": name,
                "position": position,
                "step": step.word("finishing step", STEPS),
            }
            for position, step in enumerate(self._default(spec, "steps"), 1)
        ]

    def _default(self, spec: Node, word: str) -> list[Node]:
        if word in spec or self._defaults is None:
            return spec.part(word)
        return self._defaults.part(word)

    def _add_roles(self, rule: str, spec: Node) -> None:
        seen: set[str] = set()
        roles = spec["role"].items()
        if not roles:
            raise spec.error(f"rule {rule} has no role; add [[rule.role]]")
        for position, role in enumerate(roles, 1):
            role.check_words(f"a role of {rule}", {"name"}, _ROLE_WORDS)
            name = role["name"].text()
            # A role is known by what it begins with: "science of the same mode" is a science.
            if not any(f"{name} ".startswith(f"{word} ") for word in self._roles):
                role["name"].checked(name, "role", self._roles)
            if name in seen:
                raise role["name"].error(
                    f"a second role {name[:80]!r} of {rule}; name it otherwise"
                )
            seen.add(name)
            flags = {word: role.is_set(word) for word in ("single", "keys_only", "creates_too")}
            again = role["offered_again"].number() if "offered_again" in role else 0
            self.tables["asn_rule_roles"].append(
                {
                    "asn_rule": rule,
                    "role": name,
                    "position": position,
                    "offered_again": again,
                    "science_as": role.word_of("science_as", "class", self._written),
                    "not_after": role.word_of("not_after", "class", self._written),
                    **flags,
                }
            )
            self._add_body(rule, name, role)

    def _add_body(self, rule: str, role: str, spec: Node) -> None:
        """Add the conditions and keys of a rule or of one of its roles."""
        self._add_uses(rule, "role" if role else "exposure", role, self._keys.requires(spec))
        self.tables["asn_rule_keys"] += [
            {"asn_rule": rule, "role": role, "position": position, **row}
            for position, row in enumerate(self._keys.rows(spec), 1)
        ]

    def _add_uses(self, rule: str, scope: str, role: str, uses: list[Node]) -> None:
        self.tables["asn_rule_conditions"] += [
            {
                "asn_rule": rule,
                "scope": scope,
                "role": role,
                "position": position,
                **condition_use(use, self._conditions),
            }
            for position, use in enumerate(uses, 1)
        ]
