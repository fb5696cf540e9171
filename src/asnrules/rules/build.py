"""Make rules of the items of a document: look up what they name, and check the words.

Most rulesets differ from their parent in a few items. What was made of an item is kept, and used
again as long as the item and what it names are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from asnrules.rules.converter import FileConverter
from asnrules.rules.document import Item, Items, Report, in_words
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
    PathTable,
    UseShape,
)
from asnrules.rules.text_files import Keys
from asnrules.rules.texts import Class, CsvName, KeyName, MisfitError, WrittenClass, one_line
from asnrules.rules.uses import role_item_name
from asnrules.rules.words import Words, unknown

ASPECTS = ("member_type", "asn_type", "row")

_NAME = r"[a-z][a-z0-9_]*"

T = TypeVar("T")


class _Kept(NamedTuple):
    """What was made of an item, with all that it named."""

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
        self._terms = Terms(words, lambda value: self._named("value_list", value))
        self.converter.read_as(Alternative, self._terms.alternative)
        self.converter.read_as(PathTable, self._used_path_table)
        self._kept: dict[int, _Kept] = {}
        # Of the ruleset that is being made.
        self._items: Items = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._uses: list[tuple[str, str, Any]] = []
        self.is_sound = True
        self.report = Report(Path())

    def build(self, items: Items, report: Report) -> dict[str, Any]:
        """Give the fields of a `Ruleset` that items make; refuse them with all in the report."""
        made = self.make(items, report)
        report.settle()
        return made()

    def make(self, items: Items, report: Report) -> Callable[[], dict[str, Any]]:
        """Note what is wrong with items; give what makes the fields of them if nothing is."""
        self._items, self.report = items, report
        self._made = {kind: {} for kind in items}
        self._make_all("value_list", self._value_list)
        self._make_all("path_table", self._path_table)
        self._make_all("condition", self._condition)
        self._make_all("key", self._key)
        self._make_all("group", self._group)
        settings = self._fit_named("setting", "settings", Settings)
        defaults = self._fit_named("default", "defaults", DefaultsShape)
        # What is wrong with a default is not wrong with each rule that has it.
        self._made["default"] = {} if defaults is None else dict(self._items["default"])
        self._make_all("role", self._role)
        self._make_all("rule", self._rule)
        roles = self._roles_by_rule()
        self._make_all("written_as", self._written_as)
        self._make_all("required_column", lambda said: said.fit(RequiredColumn))
        self._make_all("class", self._class_rule)
        self._make_all("suffix", self._suffix)
        self._make_all("known_difference", self._known_difference)
        self._make_all("intended_overlap", self._intended_overlap)
        own = self._made
        return lambda: _fields(own, roles, settings, defaults)

    def _make_all(self, kind: str, make: Callable[[Said], Any]) -> None:
        """Make all items of a kind; of those that do not fit there is None."""
        for name, item in self._items[kind].items():
            kept = self._kept.get(id(item))
            if (kind, name) in self.report.unsure:
                kept = _Kept(item, [], None)
            elif kept is None or not all(
                self._made[used].get(other) is thing for used, other, thing in kept.uses
            ):
                self._uses, self.is_sound = [], True
                kept = _Kept(item, self._uses, make(Said(self, kind, name, item)))
                # What is wrong with it may be mended in the next ruleset, and is told again if not.
                if self.is_sound:
                    self._kept[id(item)] = kept
            self._made[kind][name] = kept.made

    def _fit_named(self, kind: str, word: str, shape: type[T]) -> T | None:
        """Make one shape of all items of a kind."""
        items = self._items[kind]
        self._uses = []

        def note(keys: Keys, problem: str) -> None:
            if keys and keys[0] in items:
                name = str(keys[0])
                Said(self, kind, name, items[name]).note(keys[1:], problem)
            elif kind not in self.report.unread:
                self.report.at((word, *keys), problem)

        return self.converter.fit(shape, {name: item.value for name, item in items.items()}, note)

    # ----------------------------------------------------------------- conditions

    def _value_list(self, said: Said) -> tuple[str, ...] | None:
        said.check_name()
        values = said.fit(list[str])
        if values is not None and (not values or len(set(values)) < len(values)):
            said.note((), f"{said.name} is empty, or has a value twice; mend the list")
        return None if values is None else tuple(values)

    def _path_table(self, said: Said) -> tuple[Alternative, ...] | None:
        if (rows := said.fit(list[dict[str, str]])) is None:
            return None
        for keyword in dict.fromkeys(keyword for row in rows for keyword in row):
            if keyword not in self._terms.keywords:
                problem = unknown("keyword", keyword, self._terms.keywords)
                if said.item.lines:
                    self.is_sound = False
                    self.report.of(said.item.path).at_line(1, problem)
                else:
                    said.note((), problem)
        alternatives = []
        for number, row in enumerate(rows):
            if not any(row.values()):
                said.note((number,), "a row without a cell; fill it or leave it out")
            cells = [
                cell_terms(keyword, cell)
                for keyword, cell in row.items()
                if cell and keyword in self._terms.keywords
            ]
            alternative = tuple(term for cell in cells for term in cell)
            for problem in filter(None, map(self._terms.problem, alternative)):
                said.note((number,), problem)
            alternatives.append(alternative)
        return tuple(alternatives)

    def _condition(self, said: Said) -> Condition | None:
        said.check_name()
        if (shape := said.fit(ConditionShape)) is None:
            return None
        if not shape.any_of and shape.paths is None:
            said.note((), f"condition {said.name} has no alternative; add any_of or paths")
        table, more = shape.paths or (None, ())
        return Condition(said.name, shape.text, (*shape.any_of, *more), table)

    # ----------------------------------------------------------------- keys, groups, classes

    def _key(self, said: Said) -> Key | None:
        if (shape := said.fit(KeyShape)) is None:
            return None
        if not shape.sources:
            said.note((), f"key {said.name} has no source; name a keyword")
        return Key(said.name, *shape)

    def _group(self, said: Said) -> Group | None:
        shape = said.fit(GroupShape)
        return None if shape is None else Group(said.name, *shape)

    def _written_as(self, said: Said) -> str:
        self.converter.fit(Class, said.name, said.note)
        return str(said.fit(WrittenClass))

    def _class_rule(self, said: Said) -> ClassRule | None:
        line = said.fit(ClassRule)
        if line is not None and (line.exposure_class is None) == (line.keyword is None):
            said.note((), "a class has either class or keyword; give one of them")
        return line

    # ----------------------------------------------------------------- rules

    def _role(self, said: Said) -> Role | None:
        role = said.fit(Role)
        return role and role._replace(**with_groups(role.groups, role.keys, role.requirements))

    def _rule(self, said: Said) -> Rule | None:
        item = said.item
        for word in DEFAULTS:
            if isinstance(item.value, dict) and word not in item.value:
                default = self._made["default"].get(word)
                self._uses.append(("default", word, default))
                if default is not None:
                    item = item._replace(value={**item.value, word: default.value})
        rule = said._replace(item=item).fit(Rule)
        return rule and rule._replace(**with_groups(rule.groups, rule.keys, rule.requirements))

    def _roles_by_rule(self) -> dict[str, list[Role]]:
        """Give the roles of each rule, in their order."""
        roles: dict[str, list[Role]] = {name: [] for name in self._made["rule"]}
        for name, item in self._items["role"].items():
            value = item.value if isinstance(item.value, dict) else {}
            rule = name.removesuffix(role_item_name("", str(value.get("name"))))
            if rule in roles:
                roles[rule].append(self._made["role"][name])
            elif value and not self.report.may_be("rule", rule):
                problem = f"there is no rule {rule}; add it first"
                Said(self, "role", name, item).note((), problem)
        for name, item in self._items["rule"].items():
            is_said = isinstance(item.value, dict) and "role" in item.value
            if not roles[name] and not is_said and not self.report.may_be("rule", name):
                problem = f"rule {name} has no role; add [[rule.role]]"
                Said(self, "rule", name, item).note((), problem)
        return roles

    # ----------------------------------------------------------------- rows

    def _suffix(self, said: Said) -> str:
        if not re.fullmatch(r"[a-z0-9_-]+", said.name):
            said.note((), f"{said.name[:80]!r} is not of lower-case letters, digits, '_' and '-'")
        if said.item.value != said.name:
            said.note((), "a suffix has nothing but its name; name it in a list")
        return said.name

    def _known_difference(self, said: Said) -> KnownDifference:
        row: dict[str, str] = said.item.value
        name, conditions = row["condition"], self._made["condition"]
        for what, word, known in (
            ("EXP_TYPE", row["exp_type"], {*self._words.exp_types, ""}),
            ("aspect", row["aspect"], ASPECTS),
        ):
            if word not in known:
                said.note((), unknown(what, word, known))
        if name and name not in conditions and not self.report.may_be("condition", name):
            said.note((), self._unknown("condition", name, conditions))
        if not row["exp_type"] and not name:
            said.note((), "neither EXP_TYPE nor condition; give one of them")
        if (condition := conditions.get(name)) is not None:
            self._uses.append(("condition", name, condition))
        self.is_sound &= condition is not None or not name
        return KnownDifference(
            row["exp_type"] or None, row["aspect"], row["published"], row["software"],
            condition, row["reason"],
        )  # fmt: skip

    def _intended_overlap(self, said: Said) -> IntendedOverlap:
        overlap = IntendedOverlap(**said.item.value)
        for rule in overlap[:2]:
            if rule not in self._items["rule"] and not self.report.may_be("rule", rule):
                said.note((), self._unknown("rule", rule, self._items["rule"]))
            self._uses.append(("rule", rule, self._made["rule"].get(rule)))
        return overlap

    # ----------------------------------------------------------------- names of other items

    def _named(self, kind: str, value: Any) -> Any:
        """Give what another item is named for, and keep that it is used."""
        name = one_line(value)
        thing = self._known(kind, name, self._made[kind])
        self._uses.append((kind, name, thing))
        return thing

    def _known(self, kind: str, name: str, known: Mapping[str, Any]) -> Any:
        """Give what has a name; what does not fit itself is told elsewhere."""
        if name not in known and not self.report.may_be(kind, name):
            raise MisfitError(self._unknown(kind, name, known))
        if known.get(name) is None:
            raise MisfitError
        return known[name]

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> str:
        """Say that a name is not known, or no longer."""
        if (kind, name) in self.report.removed:
            return _removed(kind, name)
        return unknown(in_words(kind), name, known)

    def _used_path_table(self, value: Any) -> PathTable:
        """Read the name of the CSV file of a path table; give the table with its name."""
        name = self.converter.make(CsvName, value).removesuffix(".csv")
        return PathTable((name, self._named("path_table", name)))

    def _key_name(self, value: Any) -> str:
        """Read the name of a key that may come later."""
        name = one_line(value)
        self._known("key", name, self._items["key"])
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


class Said(NamedTuple):
    """What files say of an item that is being made."""

    builder: Builder
    kind: str
    name: str
    item: Item

    def note(self, keys: Keys, problem: str) -> None:
        """Note what is wrong with it, or with a part of it, where the ruleset says so."""
        self.builder.is_sound = False
        report, path = self.builder.report, self.item.path
        if report.header.parent in path.parents:
            report.note(self.item, keys, problem)
        else:
            # A file of rules may lie in a folder of its own.
            parents = (one.name for one in path.parents if one.name != "rules")
            what = f"{in_words(self.kind)} {self.name}, which comes from {next(parents)}"
            removed = {_removed(*one): place for one, place in report.removed.items()}
            report.at(removed.get(problem, ("extends",)), f"{what}: {problem}")

    def fit(self, shape: type[T]) -> T | None:
        """Make a shape of what is said; note what is wrong with it."""
        made = self.builder.converter.fit(shape, self.item.value, self.note)
        if made is None:
            self.builder.is_sound = False
        return made

    def check_name(self) -> None:
        """Refuse a name that is none."""
        if not re.fullmatch(_NAME, self.name):
            what = f"{in_words(self.kind)} {self.name[:80]!r}"
            self.note((), f"{what}: use lower-case letters, digits and '_'")


def _fields(
    own: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, Sequence[Role]],
    settings: Settings | None,
    defaults: DefaultsShape | None,
) -> dict[str, Any]:
    """Give the fields of a `Ruleset` of what was made of all its items."""
    assert settings is not None and defaults is not None  # noqa: S101, PT018
    made = {kind: dict(sorted(named.items())) for kind, named in own.items()}
    return {
        "rules": tuple(
            rule._replace(roles=tuple(roles[name])) for name, rule in made["rule"].items()
        ),
        "class_rules": tuple(own["class"].values()),
        "default_class": defaults.class_,
        "settings": settings._replace(discovered_id=settings.discovered_id or None),
        "written_as": made["written_as"],
        "required_columns": tuple(own["required_column"].values()),
        "suffixes": frozenset(made["suffix"]),
        "conditions": tuple(made["condition"].values()),
        "keys": tuple(made["key"].values()),
        "groups": tuple(made["group"].values()),
        "value_lists": made["value_list"],
        "path_tables": made["path_table"],
        "known_differences": tuple(sorted(made["known_difference"].values(), key=_specific)),
        "intended_overlaps": tuple(sorted(made["intended_overlap"].values())),
    }


def _removed(kind: str, name: str) -> str:
    return f"{in_words(kind)} {name[:80]!r} is removed by a change, and still used"


def _specific(known: KnownDifference) -> tuple[Any, ...]:
    """Sort key: what is said of one EXP_TYPE and some exposures comes before the general."""
    name = known.condition.name if known.condition else ""
    return (known.exp_type is None, known.exp_type or "", not name, known.aspect,
            known.published, known.software, name)  # fmt: skip
