"""Read the files of rules.

The files are written for people: defaults, groups and names that are used again. Here they
are spelled out into the model.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from asnrules.rules.model import (
    CANDIDATE_ROWS,
    DMS_MODES,
    GENERATION_ORDERS,
    TAKEN_ONCE,
    ClassRule,
    Condition,
    IntendedOverlap,
    Key,
    KnownDifference,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Settings,
    Term,
)
from asnrules.rules.read_conditions import Terms, cell_terms
from asnrules.rules.shapes import (
    AsnType,
    Body,
    CandidateRows,
    Class,
    ClassesShape,
    ConditionName,
    ConditionShape,
    CsvName,
    Digits,
    DiscoveredId,
    DmsMode,
    EmptyValue,
    GenerationOrder,
    Group,
    KeyName,
    KeysShape,
    Keyword,
    ListName,
    MisfitError,
    OverallStep,
    RoleName,
    RoleShape,
    RuleName,
    RuleShape,
    RulesHeaderShape,
    RulesShape,
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
from asnrules.rules.text_files import (
    FILE_NAME,
    Findings,
    Keys,
    read_lines,
    read_text,
    read_toml,
)
from asnrules.rules.words import Words, unknown

ROLE_WORDS = ("companion", "exposure", "mode", "direct image")
"""What a role may be called beside the classes of exposures."""

COMPANION_TYPES = ("direct_image", "sourcecat", "segmap")
"""What a member may be written as beside the classes of exposures."""

MOST_DIGITS = 9
"""More digits than that no sequence number needs."""

ASPECTS = ("member_type", "asn_type", "row")
DIFFERENCES = "known_differences.csv"
OVERLAPS = "intended_overlaps.csv"
VALUE_LISTS = "value_lists.toml"
OPTIONAL_FILES = (OVERLAPS, VALUE_LISTS)
FILES = (
    "ruleset.toml", "conditions.toml", "keys.toml", "classes.toml", "suffixes.csv", DIFFERENCES,
)  # fmt: skip
"""The files that all rules have, beside `rules/` and the CSV files of conditions."""


def read_rules(folder: Path, words: Words) -> Ruleset:
    """Read rules from their folder; see `asnrules.rules.read.read_ruleset`."""
    return _Reader(folder, words).read()


class _Reader:
    """Reads one file after the other, each of which may name what those before it define."""

    def __init__(self, folder: Path, words: Words) -> None:
        self._folder = folder
        self._words = words
        self._conditions: dict[str, Condition] = {}
        self._keys: dict[str, Key] = {}
        self._groups: dict[str, Group] = {}
        self._files = {*FILES, *(name for name in OPTIONAL_FILES if (folder / name).exists())}
        self._shapes = Shapes()
        self._set_words()

    def read(self) -> Ruleset:
        """Read all files."""
        lists = self._value_lists()
        self._conditions = self._read_conditions(lists)
        self._read_keys()
        path, found = self._path("ruleset.toml")
        header = self._shapes.read(RulesHeaderShape, read_toml(path), found)
        rules = self._rules(header)
        class_rules, default_class = self._classes()
        settings = header.settings
        return Ruleset(
            label=header.label,
            title=header.title,
            source=header.source,
            effective_from=header.effective_from,
            effective_until=header.effective_until,
            implements=header.implements,
            rules=rules,
            class_rules=class_rules,
            default_class=default_class,
            written_as=dict(sorted(header.written_as.items())),
            required_columns=tuple(
                RequiredColumn(one.column, one.condition) for one in header.required_columns
            ),
            suffixes=self._suffixes(),
            settings=Settings(
                **{
                    **vars(settings),
                    "discovered_id": settings.discovered_id or None,
                    "empty_values": tuple(settings.empty_values),
                    "overall": tuple(settings.overall),
                }
            ),
            conditions=tuple(self._conditions[name] for name in sorted(self._conditions)),
            keys=tuple(self._keys[name] for name in sorted(self._keys)),
            value_lists=dict(sorted(lists.items())),
            known_differences=self._known_differences(),
            intended_overlaps=self._intended_overlaps({rule.name for rule in rules}),
            files={name: read_text(self._folder / name) for name in sorted(self._files)},
        )

    def _path(self, name: str) -> tuple[Path, Findings]:
        path = self._folder / name
        return path, Findings(path)

    def _set_words(self) -> None:
        shapes, words = self._shapes, self._words
        written = {*words.member_types, *COMPANION_TYPES}
        shapes.one_of(Keyword, "keyword", {word.lower() for word in words.keywords})
        shapes.one_of(Class, "class", words.member_types)
        shapes.one_of(WrittenClass, "class", written)
        shapes.one_of(AsnType, "association type", words.asn_types)
        shapes.read_as(Step, lambda value: _step(FINISHING, "finishing step", value))
        shapes.read_as(
            OverallStep, lambda value: _step(OVERALL, "step over all associations", value)
        )
        shapes.one_of(KeyName, "key", self._keys)
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
        shapes.like(ConditionName, r"[a-z][a-z0-9_]*",
                    "condition {value}: use lower-case letters, digits and '_'")  # fmt: skip
        shapes.like(ListName, r"[a-z][a-z0-9_]*",
                    "value list {value}: use lower-case letters, digits and '_'")  # fmt: skip
        shapes.like(CsvName, r"[A-Za-z0-9_-]+\.csv",
                    "{value} is not the name of a CSV file beside this one")  # fmt: skip
        shapes.like(DiscoveredId, r"(a[0-9]{3,9})?",
                    "discovered_id is an a with digits, such as a3001, or empty")  # fmt: skip
        shapes.read_as(Digits, self._digits)
        shapes.read_as(RoleName, self._role_name)
        shapes.read_as(Condition, lambda value: self._named("condition", value, self._conditions))
        shapes.read_as(Key, lambda value: self._named("key", value, self._keys))
        shapes.read_as(Requirement, self._use)
        shapes.read_as(Group, lambda value: self._named("group", value, self._groups))

    def _named(self, what: str, value: Any, known: dict[str, Any]) -> Any:
        return known[checked(what, self._shapes.make(Text, value), known)]

    def _digits(self, value: Any) -> int:
        number = self._shapes.make(int, value)
        if not 1 <= number <= MOST_DIGITS:
            raise MisfitError(f"sequence_digits is from 1 to {MOST_DIGITS}")
        return number

    def _role_name(self, value: Any) -> str:
        name = self._shapes.make(Text, value)
        words = {*ROLE_WORDS, *(word.replace("_", " ") for word in self._words.member_types)}
        # A role is known by what it begins with: "science of the same mode" is a science.
        if not any(f"{name} ".startswith(f"{word} ") for word in words):
            checked("role", name, words)
        return name

    def _use(self, value: Any) -> Requirement:
        """Read how a condition is used: as it is, negated, or where a key has a value."""
        given = value if isinstance(value, dict) else {"condition": value}
        if ("when_key" in given) != ("when_value" in given):
            raise MisfitError("when_key and when_value go together; give both or none")
        use = self._shapes.make(UseShape, value) if given is value else UseShape(
            self._shapes.make(Text, value)
        )  # fmt: skip
        name = checked("condition", use.condition.removeprefix("not "), self._conditions)
        negated = use.condition.startswith("not ")
        return Requirement(self._conditions[name], negated, use.when_key, use.when_value)

    # ----------------------------------------------------------------- conditions

    def _value_lists(self) -> dict[str, tuple[str, ...]]:
        path, found = self._path(VALUE_LISTS)
        if not path.exists():
            return {}
        lists = self._shapes.read(dict[ListName, list[Text]], read_toml(path), found)
        for name, values in lists.items():
            if not values or len(set(values)) < len(values):
                found.at((name,), f"{name} is empty, or has a value twice; mend the list")
        found.settle()
        return {name: tuple(values) for name, values in lists.items()}

    def _read_conditions(self, lists: dict[str, tuple[str, ...]]) -> dict[str, Condition]:
        path, found = self._path("conditions.toml")
        specs = self._shapes.read(dict[ConditionName, ConditionShape], read_toml(path), found)
        terms = Terms(self._words, lists, found)
        conditions = {}
        for name, spec in specs.items():
            alternatives = [
                terms.alternative((name, "any_of", number), given)
                for number, given in enumerate(spec.any_of)
            ]
            if spec.paths is not None:
                self._files.add(spec.paths)
                alternatives += self._paths(spec.paths)
            if not alternatives:
                found.at((name,), f"condition {name} has no alternative; add any_of or paths")
            conditions[str(name)] = Condition(name, spec.text, tuple(alternatives))
        found.settle()
        return conditions

    def _paths(self, name: str) -> list[tuple[Term, ...]]:
        """Read a CSV file of alternatives."""
        path, found = self._path(name)
        terms = Terms(self._words, {}, found)
        lines = read_lines(path)
        for keyword in lines[0][1] if lines else ():
            if keyword not in terms.keywords:
                found.at_line(1, unknown("keyword", keyword, terms.keywords))
        found.settle()
        alternatives = []
        for line, row in lines:
            cells = [cell_terms(keyword, cell) for keyword, cell in row.items() if cell]
            if not cells:
                found.at_line(line, "a row without a cell; fill it or leave it out")
            alternative = tuple(term for cell in cells for term in cell)
            for problem in map(terms.problem, alternative):
                if problem:
                    found.at_line(line, problem)
            alternatives.append(alternative)
        found.settle()
        return alternatives

    # ----------------------------------------------------------------- keys, classes

    def _read_keys(self) -> None:
        path, found = self._path("keys.toml")
        document = read_toml(path)
        # Keys and groups name keys of the same file.
        if isinstance(document.get("keys"), dict):
            self._keys.update({name: Key(name, ()) for name in document["keys"]})
        spec = self._shapes.read(KeysShape, document, found)
        for name, key in spec.keys.items():
            if not key.sources:
                found.at(("keys", name), f"key {name} has no source; name a keyword")
            self._keys[name] = Key(name, tuple(key.sources), key.required, key.excludes)
        found.settle()
        # Once more, now that the keys are known.
        for name, group in self._shapes.read(KeysShape, document, found).groups.items():
            self._groups[name] = Group(group.keys, group.requires)

    def _classes(self) -> tuple[tuple[ClassRule, ...], str]:
        path, found = self._path("classes.toml")
        spec = self._shapes.read(ClassesShape, read_toml(path), found)
        for number, one in enumerate(spec.classes):
            if (one.class_ is None) == (one.keyword is None):
                found.at(
                    ("classes", number), "a class has either class or keyword; give one of them"
                )
        found.settle()
        lines = (ClassRule(one.condition, one.class_, one.keyword) for one in spec.classes)
        return tuple(lines), spec.default

    # ----------------------------------------------------------------- rules

    def _rules(self, header: RulesHeaderShape) -> tuple[Rule, ...]:
        rules: dict[str, Rule] = {}
        for path in sorted((self._folder / "rules").glob("*.toml")):
            found = Findings(path)
            if not FILE_NAME.fullmatch(f"rules/{path.name}"):
                found.at((), "name the file with letters, digits, '_' and '-'")
            found.settle()
            self._files.add(f"rules/{path.name}")
            for number, spec in enumerate(
                self._shapes.read(RulesShape, read_toml(path), found).rule
            ):
                place: Keys = ("rule", number)
                if spec.asn_rule in rules:
                    found.at(
                        (*place, "asn_rule"), f"a second rule {spec.asn_rule}; give it another name"
                    )
                if not spec.role:
                    found.at(place, f"rule {spec.asn_rule} has no role; add [[rule.role]]")
                _check_roles(found, place, spec)
                rules[spec.asn_rule] = _rule(spec, header)
            found.settle()
        if not rules:
            _, found = self._path("rules")
            found.at((), "no rule; put [[rule]] into a TOML file there")
            found.settle()
        return tuple(rules[name] for name in sorted(rules))

    # ----------------------------------------------------------------- CSV files

    def _suffixes(self) -> frozenset[str]:
        path, found = self._path("suffixes.csv")
        seen: set[str] = set()
        for line, row in read_lines(path, ("suffix",)):
            suffix = row["suffix"]
            if not re.fullmatch(r"[a-z0-9_-]+", suffix) or suffix in seen:
                found.at_line(
                    line,
                    f"{suffix[:80]!r} comes twice, or is not of lower-case letters, digits, '_' "
                    "and '-'; mend the row",
                )
            seen.add(suffix)
        found.settle()
        return frozenset(seen)

    def _known_differences(self) -> tuple[KnownDifference, ...]:
        path, found = self._path(DIFFERENCES)
        differences: dict[tuple[Any, ...], KnownDifference] = {}
        for line, row in read_lines(path, KnownDifference._fields):
            for what, word, known in (
                ("EXP_TYPE", row["exp_type"], {*self._words.exp_types, ""}),
                ("aspect", row["aspect"], ASPECTS),
                ("condition", row["condition"], {*self._conditions, ""}),
            ):
                if word not in known:
                    found.at_line(line, unknown(what, word, known))
            if not row["exp_type"] and not row["condition"]:
                found.at_line(line, "neither EXP_TYPE nor condition; give one of them")
            difference = KnownDifference(
                row["exp_type"] or None, row["aspect"], row["published"], row["software"],
                self._conditions.get(row["condition"]), row["reason"],
            )  # fmt: skip
            if difference[:-1] in differences:
                found.at_line(line, "this difference comes twice; leave one out")
            differences[difference[:-1]] = difference
        found.settle()
        return tuple(differences.values())

    def _intended_overlaps(self, rules: Collection[str]) -> tuple[IntendedOverlap, ...]:
        path, found = self._path(OVERLAPS)
        if not path.exists():
            return ()
        overlaps: dict[tuple[str, str], IntendedOverlap] = {}
        for line, row in read_lines(path, IntendedOverlap._fields):
            overlap = IntendedOverlap(**row)
            for name in overlap[:2]:
                if name not in rules:
                    found.at_line(line, unknown("rule", name, rules))
            if overlap[:2] in overlaps:
                found.at_line(line, "these two come twice; leave one out")
            overlaps[overlap[:2]] = overlap
        found.settle()
        return tuple(overlaps[pair] for pair in sorted(overlaps))


# ------------------------------------------------------------------------- rules


def _check_roles(found: Findings, place: Keys, spec: RuleShape) -> None:
    seen: set[str] = set()
    for number, role in enumerate(spec.role):
        if role.name in seen:
            found.at(
                (*place, "role", number, "name"),
                f"a second role {role.name[:80]!r} of {spec.asn_rule}; name it otherwise",
            )
        seen.add(role.name)


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


def _rule(spec: RuleShape, header: RulesHeaderShape) -> Rule:
    defaults = header.defaults
    return Rule(
        name=spec.asn_rule,
        asn_type=spec.asn_type,
        title=spec.title,
        requirements=_requirements(spec),
        candidate_requirements=tuple(spec.candidate),
        keys=_keys(spec),
        roles=tuple(_role(role) for role in spec.role),
        rateints=tuple(defaults.rateints if spec.rateints is None else spec.rateints),
        as_science=spec.as_science,
        companion_class=spec.companion_class,
        steps=tuple(defaults.steps if spec.steps is None else spec.steps),
    )


def _role(spec: RoleShape) -> Role:
    return Role(
        name=spec.name,
        requirements=_requirements(spec),
        keys=_keys(spec),
        single=spec.single,
        offered_again=spec.offered_again,
        science_as=spec.science_as,
        keys_only=spec.keys_only,
        not_after=spec.not_after,
        not_created_by=spec.not_created_by,
        creates_too=spec.creates_too,
    )


def _keys(spec: Body) -> tuple[Key, ...]:
    return (*(key for group in spec.groups for key in group.keys), *spec.keys)


def _requirements(spec: Body) -> tuple[Requirement, ...]:
    return (*spec.requires, *(use for group in spec.groups for use in group.requires))
