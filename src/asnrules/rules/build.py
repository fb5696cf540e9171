"""Make rules of the items of a document: look up what they name, and check the words.

Most rulesets differ from their parent in a few items. What an item came to is kept with what it
named, and stands as long as both do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.rules.document import Item, Items, Report, role_item_name
from asnrules.rules.model import (
    CANDIDATE_ROWS,
    DMS_MODES,
    GENERATION_ORDERS,
    TAKEN_ONCE,
    Alternative,
    ClassRule,
    Condition,
    Group,
    IntendedOverlap,
    Key,
    KnownDifference,
    Release,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
    Settings,
    with_groups,
)
from asnrules.rules.read_conditions import Terms, cell_terms
from asnrules.rules.releases import shipped_releases
from asnrules.rules.shapes import (
    AsnType,
    Body,
    CandidateRows,
    ChangeName,
    Class,
    ClassShape,
    ColumnShape,
    ConditionShape,
    CsvName,
    DefaultsShape,
    Digits,
    DiscoveredId,
    DmsMode,
    EmptyValue,
    GenerationOrder,
    GroupShape,
    KeyName,
    KeyShape,
    Keyword,
    Made,
    MadeShape,
    MisfitError,
    OverallStep,
    ReleaseName,
    ReleaseShape,
    RoleName,
    RoleShape,
    RuleName,
    RuleShape,
    SettingsShape,
    Shapes,
    Step,
    TableLabel,
    TakenOnce,
    Text,
    UseShape,
    WrittenClass,
    checked,
)
from asnrules.rules.steps import FINISHING, OVERALL, step_of
from asnrules.rules.steps import Step as AnyStep
from asnrules.rules.text_files import Keys
from asnrules.rules.words import Words, unknown

ROLE_WORDS = ("companion", "exposure", "mode", "direct image")
"""What a role may be called beside the classes of exposures."""

COMPANION_TYPES = ("direct_image", "sourcecat", "segmap")
"""What a member may be written as beside the classes of exposures."""

MOST_DIGITS = 9
"""More digits than that no sequence number needs."""

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
        self.shapes = Shapes()
        self._terms = Terms(words)
        self._kept: dict[int, _Kept] = {}
        # Of the ruleset that is being made.
        self._items: Items = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._uses: list[tuple[str, str, Any]] = []
        self._report = Report()
        self._header = Path()
        self._set_words()

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
        self._made["default"] = vars(defaults)
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
            what = f"{kind.replace('_', ' ')} {name}, which comes from {item.path.parent.name}"
            self._report.of(self._header).at(("extends",), f"{what}: {problem}")

    def _noter(self, kind: str, name: str, item: Item) -> Callable[[Keys, str], None]:
        return lambda keys, problem: self._note(kind, name, item, keys, problem)

    def _fit(self, shape: Any, kind: str, name: str, item: Item) -> Any:
        return self.shapes.fit(shape, item.value, self._noter(kind, name, item))

    def _check_name(self, kind: str, name: str, item: Item) -> None:
        if not re.fullmatch(_NAME, name):
            what = kind.replace("_", " ")
            problem = f"{what} {name[:80]!r}: use lower-case letters, digits and '_'"
            self._note(kind, name, item, (), problem)

    def _named(self, kind: str, value: Any) -> Any:
        """Give what another item is named for, and keep that it is used."""
        name = self.shapes.make(Text, value)
        known = self._made[kind]
        thing = known[checked(kind.replace("_", " "), name, known)]
        self._uses.append((kind, name, thing))
        return thing

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
        shape: SettingsShape | None = self._fit_named("setting", "settings", SettingsShape)
        if shape is None:
            return None
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in vars(shape).items()
        }
        values["discovered_id"] = shape.discovered_id or None
        return Settings(**values)

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

        return self.shapes.fit(shape, {name: item.value for name, item in items.items()}, note)

    def _written_as(self, name: str, item: Item) -> str:
        note = self._noter("written_as", name, item)
        self.shapes.fit(Class, name, note)
        return str(self.shapes.fit(WrittenClass, item.value, note))

    def _required_column(self, name: str, item: Item) -> RequiredColumn | None:
        shape: ColumnShape | None = self._fit(ColumnShape, "required_column", name, item)
        return None if shape is None else RequiredColumn(shape.column, shape.condition)

    def _class_rule(self, name: str, item: Item) -> ClassRule | None:
        shape: ClassShape | None = self._fit(ClassShape, "class", name, item)
        if shape is None:
            return None
        if (shape.class_ is None) == (shape.keyword is None):
            problem = "a class has either class or keyword; give one of them"
            self._note("class", name, item, (), problem)
        return ClassRule(shape.condition, shape.class_, shape.keyword)

    # ----------------------------------------------------------------- rules

    def _role(self, name: str, item: Item) -> Role | None:
        shape: RoleShape | None = self._fit(RoleShape, "role", name, item)
        if shape is None:
            return None
        own = {word: value for word, value in vars(shape).items() if word != "requires"}
        return Role(**{**own, **_body(shape)})

    def _rule(self, name: str, item: Item) -> Rule | None:
        shape: RuleShape | None = self._fit(RuleShape, "rule", name, item)
        if shape is None:
            return None
        asked = {}
        for word in ("rateints", "steps"):
            asked[word] = getattr(shape, word)
            if asked[word] is None:
                asked[word] = self._made["default"][word]
                self._uses.append(("default", word, asked[word]))
        return Rule(
            name=shape.asn_rule,
            asn_type=shape.asn_type,
            title=shape.title,
            candidate_requirements=tuple(shape.candidate),
            roles=(),
            rateints=tuple(asked["rateints"]),
            as_science=shape.as_science,
            companion_class=shape.companion_class,
            steps=tuple(asked["steps"]),
            **_body(shape),
        )

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
        return overlap

    # ----------------------------------------------------------------- words

    def _set_words(self) -> None:
        shapes, words = self.shapes, self._words
        written = {*words.member_types, *COMPANION_TYPES}
        shapes.one_of(Keyword, "keyword", {word.lower() for word in words.keywords})
        shapes.one_of(Class, "class", words.member_types)
        shapes.one_of(WrittenClass, "class", written)
        shapes.one_of(AsnType, "association type", words.asn_types)
        shapes.read_as(Step, lambda value: _step(FINISHING, "finishing step", value))
        shapes.read_as(
            OverallStep, lambda value: _step(OVERALL, "step over all associations", value)
        )
        shapes.one_of(GenerationOrder, "order", GENERATION_ORDERS)
        shapes.one_of(CandidateRows, "rows of a candidate", CANDIDATE_ROWS)
        shapes.one_of(TakenOnce, "unit", TAKEN_ONCE)
        shapes.one_of(DmsMode, "DMS mode", DMS_MODES)
        shapes.like(
            EmptyValue,
            r"([!-@\[-~]([ -@\[-~]*[!-@\[-~])?)?",
            "{value} is no value of a pool; use lower case, without blanks around it",
        )
        if words.tables is not None:
            shapes.one_of(TableLabel, "table", words.tables)
        else:
            shapes.like(TableLabel, ".*", "")
        shapes.like(RuleName, r"[A-Za-z][A-Za-z0-9_]*",
                    "{value} is not a name; use letters, digits and '_'")  # fmt: skip
        shapes.like(CsvName, r"[A-Za-z0-9_-]+\.csv",
                    "{value} is not the name of a CSV file beside this one")  # fmt: skip
        shapes.like(DiscoveredId, r"(a[0-9]{3,9})?",
                    "discovered_id is an a with digits, such as a3001, or empty")  # fmt: skip
        shapes.like(ReleaseName, r"[0-9]+(\.[0-9]+)*",
                    "{value} is not a release, such as 1.9.4")  # fmt: skip
        shapes.like(ChangeName, r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
                    "change {value}: use up to 80 letters, digits, '.', '_' and '-'")  # fmt: skip
        shapes.read_as(Digits, self._digits)
        shapes.read_as(RoleName, self._role_name)
        shapes.read_as(KeyName, self._key_name)
        shapes.read_as(Condition, lambda value: self._named("condition", value))
        shapes.read_as(Key, lambda value: self._named("key", value))
        shapes.read_as(Requirement, self._use)
        shapes.read_as(Group, lambda value: self._named("group", value))
        shapes.read_as(Release, self._release)
        shapes.read_as(Made, self._example)

    def _digits(self, value: Any) -> int:
        number = self.shapes.make(int, value)
        if not 1 <= number <= MOST_DIGITS:
            raise MisfitError(f"sequence_digits is from 1 to {MOST_DIGITS}")
        return number

    def _role_name(self, value: Any) -> str:
        name = self.shapes.make(Text, value)
        words = {*ROLE_WORDS, *(word.replace("_", " ") for word in self._words.member_types)}
        # A role is known by what it begins with: "science of the same mode" is a science.
        if not any(f"{name} ".startswith(f"{word} ") for word in words):
            checked("role", name, words)
        return name

    def _key_name(self, value: Any) -> str:
        """Read the name of a key that may come later."""
        name = checked("key", self.shapes.make(Text, value), self._items["key"])
        self._uses.append(("key", name, self._made["key"].get(name)))
        return name

    def _use(self, value: Any) -> Requirement:
        """Read how a condition is used: as it is, negated, or where a key has a value."""
        given = value if isinstance(value, dict) else {"condition": value}
        if ("when_key" in given) != ("when_value" in given):
            raise MisfitError("when_key and when_value go together; give both or none")
        use = self.shapes.make(UseShape, value) if given is value else UseShape(
            self.shapes.make(Text, value)
        )  # fmt: skip
        negated = use.condition.startswith("not ")
        condition = self._named("condition", use.condition.removeprefix("not "))
        return Requirement(condition, negated, use.when_key, use.when_value)

    def _release(self, value: Any) -> Release:
        """Read a release: a known one by its name, another with its days."""
        if isinstance(value, dict):
            shape = self.shapes.make(ReleaseShape, value)
            return Release(shape.release, shape.released, shape.in_operations_from)
        name = self.shapes.make(Text, value)
        if name not in shipped_releases():
            raise MisfitError(
                f"{unknown('release', name, shipped_releases())} if it is a new one, write "
                '{ release = "...", released = DAY, in_operations_from = DAY }'
            )
        return shipped_releases()[name].release

    def _example(self, value: Any) -> dict[str, Any]:
        """Read what is to be seen of an association: its type and rule, or more."""
        if isinstance(value, str):
            asn_type, _, rule = value.partition(" ")
            value = {"asn_type": asn_type, "asn_rule": rule}
        shape = self.shapes.make(MadeShape, value)
        return {name: seen for name, seen in vars(shape).items() if seen is not None}


def _step(known: Mapping[str, type[AnyStep]], what: str, value: Any) -> AnyStep:
    """Read a step: its name, or a table of its name with a table of its parameters."""
    if isinstance(value, str):
        value = {value: {}}
    if not isinstance(value, dict) or len(value) != 1:
        raise MisfitError(f"a {what} is its name, or a table: {{ name = {{ parameter = value }} }}")
    ((name, given),) = value.items()
    try:
        return step_of(known, what, name, given)
    except ValueError as error:
        raise MisfitError(str(error)) from None


def _body(shape: Body) -> dict[str, Any]:
    return with_groups(shape.groups, shape.keys, shape.requires)


def _specific(known: KnownDifference) -> tuple[Any, ...]:
    """Sort key: what is said of one EXP_TYPE and some exposures comes before the general."""
    name = known.condition.name if known.condition else ""
    return (known.exp_type is None, known.exp_type or "", not name, known.aspect,
            known.published, known.software, name)  # fmt: skip
