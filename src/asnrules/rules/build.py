"""Make rules of the items of a document: look up what they name, and check the words.

Most rulesets differ from their parent in a few items. What an item came to is kept with what it
named, and stands as long as both do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.rules.converter import FileConverter, MisfitError, checked, one_line
from asnrules.rules.document import Item, Items, Report, role_item_name
from asnrules.rules.model import (
    Alternative,
    ClassRule,
    Condition,
    Group,
    IntendedOverlap,
    Key,
    KnownDifference,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
    with_groups,
)
from asnrules.rules.read_conditions import Terms, cell_terms
from asnrules.rules.settings import Settings
from asnrules.rules.shapes import (
    DEFAULTS,
    ConditionShape,
    DefaultsShape,
    GroupShape,
    KeyShape,
    UseShape,
)
from asnrules.rules.text_files import Keys
from asnrules.rules.words import Class, KeyName, Text, Words, WrittenClass, unknown

ASPECTS = ("member_type", "asn_type", "row")

_NAME = r"[a-z][a-z0-9_]*"


class _Kept(NamedTuple):
    """What an item came to, with all that it named."""

    item: Item
    uses: list[tuple[str, str, Any]]
    made: Any


class Builder:
    """Makes rulesets, one after the other, that may use the same words."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self.converter = FileConverter(words)
        self.converter.read_as(Condition, lambda value: self._named("condition", value))
        self.converter.read_as(Key, lambda value: self._named("key", value))
        self.converter.read_as(Group, lambda value: self._named("group", value))
        self.converter.read_as(KeyName, self._key_name)
        self.converter.read_as(Requirement, self._use)
        self._terms = Terms(words)
        self._kept: dict[int, _Kept] = {}
        # Of the ruleset that is being made.
        self._items: Items = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._uses: list[tuple[str, str, Any]] = []
        self._report = Report()
        self._header = Path()

    def build(self, items: Items, header: Path, report: Report) -> dict[str, Any]:
        """Give the fields of a `Ruleset` that its items make.

        Parameters
        ----------
        header : Path
            Its `ruleset.toml`, in which stands what it makes of items of other folders.
        report : Report
            Of what is wrong.

        Raises
        ------
        RulesetError
            If anything is.
        """
        self._items, self._report, self._header = items, report, header
        self._made = {kind: {} for kind in items}
        makers: tuple[tuple[str, Callable[[str, Item], Any]], ...] = (
            ("value_list", self._value_list),
            ("path_table", self._path_table),
            ("condition", self._condition),
            ("key", self._key),
            ("group", self._group),
        )
        for kind, make in makers:
            self._make_all(kind, make)
        settings, defaults = self._settings(), self._defaults()
        self._report.settle()
        assert settings is not None and defaults is not None  # noqa: S101, PT018
        self._made["default"] = dict(self._items["default"])
        self._make_all("role", self._role)
        self._make_all("rule", self._rule)
        rules = self._rules()
        makers = (
            ("written_as", self._written_as),
            ("required_column", self._required_column),
            ("class", self._class_rule),
            ("suffix", self._suffix),
            ("known_difference", self._known_difference),
            ("intended_overlap", self._intended_overlap),
        )
        for kind, make in makers:
            self._make_all(kind, make)
        made = {kind: dict(sorted(named.items())) for kind, named in self._made.items()}
        return {
            "rules": rules,
            "class_rules": tuple(self._made["class"].values()),
            "default_class": defaults.class_,
            "settings": settings,
            "written_as": made["written_as"],
            "required_columns": tuple(self._made["required_column"].values()),
            "suffixes": frozenset(made["suffix"]),
            "conditions": tuple(made["condition"].values()),
            "keys": tuple(made["key"].values()),
            "groups": tuple(made["group"].values()),
            "value_lists": made["value_list"],
            "path_tables": made["path_table"],
            "known_differences": tuple(sorted(made["known_difference"].values(), key=_specific)),
            "intended_overlaps": tuple(sorted(made["intended_overlap"].values())),
        }

    # ----------------------------------------------------------------- one item

    def _make_all(self, kind: str, make: Callable[[str, Item], Any]) -> None:
        """Make all items of a kind, and refuse the ruleset if any cannot be made."""
        for name, item in self._items[kind].items():
            kept = self._kept.get(id(item))
            if kept is None or not all(
                self._made[used].get(other) is thing for used, other, thing in kept.uses
            ):
                self._uses = []
                kept = _Kept(item, self._uses, make(name, item))
                self._kept[id(item)] = kept
            self._made[kind][name] = kept.made
        if kind != "role":
            # What is wrong with a role is told with what is wrong with its rule.
            self._report.settle()

    def _note(self, kind: str, name: str, item: Item, keys: Keys, problem: str) -> None:
        if self._header.parent in item.path.parents:
            self._report.note(item, keys, problem)
        else:
            # A file of rules may lie in a folder of its own.
            parents = (one.name for one in item.path.parents if one.name != "rules")
            what = f"{kind.replace('_', ' ')} {name}, which comes from {next(parents)}"
            self._report.of(self._header).at(("extends",), f"{what}: {problem}")

    def _noter(self, kind: str, name: str, item: Item) -> Callable[[Keys, str], None]:
        return lambda keys, problem: self._note(kind, name, item, keys, problem)

    def _fit(self, shape: Any, kind: str, name: str, item: Item) -> Any:
        return self.converter.fit(shape, item.value, self._noter(kind, name, item))

    def _check_name(self, kind: str, name: str, item: Item) -> None:
        if not re.fullmatch(_NAME, name):
            what = kind.replace("_", " ")
            problem = f"{what} {name[:80]!r}: use lower-case letters, digits and '_'"
            self._note(kind, name, item, (), problem)

    # ----------------------------------------------------------------- conditions

    def _value_list(self, name: str, item: Item) -> tuple[str, ...]:
        self._check_name("value_list", name, item)
        values = self._fit(list[Text], "value_list", name, item)
        if values is not None and (not values or len(set(values)) < len(values)):
            problem = f"{name} is empty, or has a value twice; mend the list"
            self._note("value_list", name, item, (), problem)
        return tuple(values or ())

    def _path_table(self, name: str, item: Item) -> tuple[Alternative, ...]:
        note = self._noter("path_table", name, item)
        rows = self._fit(list[dict[str, Text]], "path_table", name, item) or []
        for keyword in dict.fromkeys(keyword for row in rows for keyword in row):
            if keyword not in self._terms.keywords:
                problem = unknown("keyword", keyword, self._terms.keywords)
                if item.lines:
                    self._report.of(item.path).at_line(1, problem)
                else:
                    note((), problem)
        self._report.settle()
        alternatives = []
        for number, row in enumerate(rows):
            cells = [cell_terms(keyword, cell) for keyword, cell in row.items() if cell]
            if not cells:
                note((number,), "a row without a cell; fill it or leave it out")
            alternative = tuple(term for cell in cells for term in cell)
            for problem in filter(None, map(self._terms.problem, alternative)):
                note((number,), problem)
            alternatives.append(alternative)
        return tuple(alternatives)

    def _condition(self, name: str, item: Item) -> Condition | None:
        self._check_name("condition", name, item)
        note = self._noter("condition", name, item)
        shape: ConditionShape | None = self._fit(ConditionShape, "condition", name, item)
        if shape is None:
            return None
        alternatives = [
            *self._terms.alternatives(
                shape.any_of,
                lambda value: self._named("value_list", value),
                lambda keys, problem: note(("any_of", *keys), problem),
            )
        ]
        table = shape.paths and shape.paths.removesuffix(".csv")
        if table is not None:
            try:
                alternatives += self._named("path_table", table)
            except MisfitError as error:
                note(("paths",), str(error))
        elif not alternatives:
            note((), f"condition {name} has no alternative; add any_of or paths")
        return Condition(name, shape.text, tuple(alternatives), table)

    # ----------------------------------------------------------------- keys, groups

    def _key(self, name: str, item: Item) -> Key | None:
        shape: KeyShape | None = self._fit(KeyShape, "key", name, item)
        if shape is None:
            return None
        if not shape.sources:
            self._note("key", name, item, (), f"key {name} has no source; name a keyword")
        return Key(name, tuple(shape.sources), shape.required, shape.excludes)

    def _group(self, name: str, item: Item) -> Group | None:
        shape: GroupShape | None = self._fit(GroupShape, "group", name, item)
        return None if shape is None else Group(name, tuple(shape.keys), tuple(shape.requires))

    # ----------------------------------------------------------------- what rules share

    def _settings(self) -> Settings | None:
        settings: Settings | None = self._fit_named("setting", "settings", Settings)
        return settings and settings._replace(discovered_id=settings.discovered_id or None)

    def _defaults(self) -> DefaultsShape | None:
        self._uses = []
        shape: DefaultsShape | None = self._fit_named("default", "defaults", DefaultsShape)
        return shape

    def _fit_named(self, kind: str, word: str, shape: Any) -> Any:
        """Make one shape of all items of a kind."""
        items = self._items[kind]

        def note(keys: Keys, problem: str) -> None:
            if keys and keys[0] in items:
                name = str(keys[0])
                self._note(kind, name, items[name], keys[1:], problem)
            else:
                self._report.of(self._header).at((word, *keys), problem)

        return self.converter.fit(shape, {name: item.value for name, item in items.items()}, note)

    def _written_as(self, name: str, item: Item) -> str:
        note = self._noter("written_as", name, item)
        self.converter.fit(Class, name, note)
        return str(self.converter.fit(WrittenClass, item.value, note))

    def _required_column(self, name: str, item: Item) -> RequiredColumn | None:
        column: RequiredColumn | None = self._fit(RequiredColumn, "required_column", name, item)
        return column

    def _class_rule(self, name: str, item: Item) -> ClassRule | None:
        line: ClassRule | None = self._fit(ClassRule, "class", name, item)
        if line is not None and (line.exposure_class is None) == (line.keyword is None):
            problem = "a class has either class or keyword; give one of them"
            self._note("class", name, item, (), problem)
        return line

    # ----------------------------------------------------------------- rules

    def _role(self, name: str, item: Item) -> Role | None:
        role: Role | None = self._fit(Role, "role", name, item)
        return role and role._replace(**with_groups(role.groups, role.keys, role.requirements))

    def _rule(self, name: str, item: Item) -> Rule | None:
        for word in DEFAULTS:
            if isinstance(item.value, dict) and word not in item.value:
                default = self._items["default"].get(word)
                self._uses.append(("default", word, default))
                if default is not None:
                    item = item._replace(value={**item.value, word: default.value})
        rule: Rule | None = self._fit(Rule, "rule", name, item)
        return rule and rule._replace(**with_groups(rule.groups, rule.keys, rule.requirements))

    def _rules(self) -> tuple[Rule, ...]:
        """Give the rules with their roles, in order of name."""
        roles: dict[str, list[Role]] = {name: [] for name in self._made["rule"]}
        for name, item in self._items["role"].items():
            rule = name.removesuffix(role_item_name("", str(item.value.get("name"))))
            if rule in roles:
                roles[rule].append(self._made["role"][name])
            else:
                self._note("role", name, item, (), f"there is no rule {rule}; add it first")
        for name, item in self._items["rule"].items():
            if not roles[name]:
                problem = f"rule {name} has no role; add [[rule.role]]"
                self._note("rule", name, item, (), problem)
        self._report.settle()
        rules = sorted(self._made["rule"].items())
        return tuple(rule._replace(roles=tuple(roles[name])) for name, rule in rules)

    # ----------------------------------------------------------------- rows

    def _suffix(self, name: str, item: Item) -> str:
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            problem = f"{name[:80]!r} is not of lower-case letters, digits, '_' and '-'"
            self._note("suffix", name, item, (), problem)
        return name

    def _known_difference(self, name: str, item: Item) -> KnownDifference:
        row: dict[str, str] = item.value
        conditions = self._made["condition"]
        for what, word, known in (
            ("EXP_TYPE", row["exp_type"], {*self._words.exp_types, ""}),
            ("aspect", row["aspect"], ASPECTS),
            ("condition", row["condition"], {*conditions, ""}),
        ):
            if word not in known:
                self._note("known_difference", name, item, (), unknown(what, word, known))
        if not row["exp_type"] and not row["condition"]:
            problem = "neither EXP_TYPE nor condition; give one of them"
            self._note("known_difference", name, item, (), problem)
        condition = conditions.get(row["condition"])
        if condition is not None:
            self._uses.append(("condition", row["condition"], condition))
        return KnownDifference(
            row["exp_type"] or None, row["aspect"], row["published"], row["software"],
            condition, row["reason"],
        )  # fmt: skip

    def _intended_overlap(self, name: str, item: Item) -> IntendedOverlap:
        overlap = IntendedOverlap(**item.value)
        for rule in overlap[:2]:
            if rule not in self._items["rule"]:
                problem = unknown("rule", rule, self._items["rule"])
                self._note("intended_overlap", name, item, (), problem)
            self._uses.append(("rule", rule, self._made["rule"].get(rule)))
        return overlap

    # ----------------------------------------------------------------- names of other items

    def _named(self, kind: str, value: Any) -> Any:
        """Give what another item is named for, and keep that it is used."""
        name = one_line(value)
        known = self._made[kind]
        thing = known[checked(kind.replace("_", " "), name, known)]
        self._uses.append((kind, name, thing))
        return thing

    def _key_name(self, value: Any) -> str:
        """Read the name of a key that may come later."""
        name = checked("key", one_line(value), self._items["key"])
        self._uses.append(("key", name, self._made["key"].get(name)))
        return name

    def _use(self, value: Any) -> Requirement:
        """Read how a condition is used: as it is, negated, or where a key has a value."""
        given = value if isinstance(value, dict) else {"condition": value}
        if ("when_key" in given) != ("when_value" in given):
            raise MisfitError("when_key and when_value go together; give both or none")
        use = self.converter.make(UseShape, value) if given is value else UseShape(
            one_line(value)
        )  # fmt: skip
        negated = use.condition.startswith("not ")
        condition = self._named("condition", use.condition.removeprefix("not "))
        return Requirement(condition, negated, use.when_key, use.when_value)


def _specific(known: KnownDifference) -> tuple[Any, ...]:
    """Sort key: what is said of one EXP_TYPE and some exposures comes before the general."""
    name = known.condition.name if known.condition else ""
    return (known.exp_type is None, known.exp_type or "", not name, known.aspect,
            known.published, known.software, name)  # fmt: skip
