"""The shape of the TOML files that rules are written in, and what is found not to fit it.

cattrs makes the shapes of what tomllib has read. Where a file names something that another one
defines, such as a condition, the shape has the thing itself. cattrs is slow to import, and
wanted for its one virtue: it finds all that is wrong with a file, each with its place.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, NewType, TypeVar, get_origin

from cattrs import Converter
from cattrs.cols import is_mapping, list_structure_factory, mapping_structure_factory
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from asnrules.rules.model import Condition, Group, Key, Release, Requirement
from asnrules.rules.steps import Step as AnyStep
from asnrules.rules.text_files import Findings, Keys
from asnrules.rules.words import LABEL, LABEL_PROBLEM, unknown

T = TypeVar("T")

Text = NewType("Text", str)
Label = NewType("Label", str)
TableLabel = NewType("TableLabel", str)
Keyword = NewType("Keyword", str)
Class = NewType("Class", str)
WrittenClass = NewType("WrittenClass", str)
AsnType = NewType("AsnType", str)
Step = NewType("Step", AnyStep)
OverallStep = NewType("OverallStep", AnyStep)
RoleName = NewType("RoleName", str)
RuleName = NewType("RuleName", str)
ConditionName = NewType("ConditionName", str)
ListName = NewType("ListName", str)
KeyName = NewType("KeyName", str)
CsvName = NewType("CsvName", str)
Digits = NewType("Digits", int)
DiscoveredId = NewType("DiscoveredId", str)
GenerationOrder = NewType("GenerationOrder", str)
CandidateRows = NewType("CandidateRows", str)
TakenOnce = NewType("TakenOnce", str)
DmsMode = NewType("DmsMode", str)
EmptyValue = NewType("EmptyValue", str)
ReleaseName = NewType("ReleaseName", str)
ChangeName = NewType("ChangeName", str)
Made = NewType("Made", dict[str, Any])

# ------------------------------------------------------------------------- shapes


@dataclass
class ConditionShape:
    """A condition."""

    text: Text
    any_of: list[dict[str, Any]] = field(default_factory=list)
    paths: CsvName | None = None


@dataclass
class KeyShape:
    """A key."""

    sources: list[Keyword]
    required: bool = True
    excludes: KeyName | None = None


@dataclass
class GroupShape:
    """A group."""

    keys: list[Key] = field(default_factory=list)
    requires: list[Requirement] = field(default_factory=list)


@dataclass
class KeysFile:
    """The file."""

    keys: dict[str, Any]
    groups: dict[str, Any] = field(default_factory=dict)


@dataclass
class ClassShape:
    """A class."""

    condition: Condition
    class_: Class | None = None
    keyword: Keyword | None = None


@dataclass
class ClassesFile:
    """The file."""

    default: Any
    classes: list[dict[str, Any]]


@dataclass
class UseShape:
    """A condition."""

    condition: Text
    when_key: KeyName | None = None
    when_value: Text | None = None


@dataclass
class Body:
    """What rules and roles have alike."""

    groups: list[Group] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    requires: list[Requirement] = field(default_factory=list)


@dataclass(kw_only=True)
class RoleShape(Body):
    """A role."""

    name: RoleName
    single: bool = False
    offered_again: int = 0
    science_as: WrittenClass | None = None
    keys_only: bool = False
    not_after: WrittenClass | None = None
    not_created_by: WrittenClass | None = None
    creates_too: bool = False


@dataclass(kw_only=True)
class RuleShape(Body):
    """A rule."""

    asn_rule: RuleName
    asn_type: AsnType
    title: Text
    role: list[dict[str, Any]] = field(default_factory=list)
    candidate: list[Requirement] = field(default_factory=list)
    rateints: list[Requirement] | None = None
    as_science: bool = False
    companion_class: WrittenClass | None = None
    steps: list[Step] | None = None


@dataclass
class RulesFile:
    """The file."""

    rule: list[dict[str, Any]]


@dataclass
class DefaultsShape:
    """What rules have that do not say otherwise."""

    class_: Class
    rateints: list[Requirement] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


@dataclass
class SettingsShape:
    """The settings."""

    sequence_digits: Digits
    numbers_reversed: bool
    generation_order: GenerationOrder
    candidate_rows: CandidateRows
    taken_once: TakenOnce
    empty_values: list[EmptyValue]
    dms_mode: DmsMode
    discovered_id: DiscoveredId
    overall: list[OverallStep]


@dataclass
class ColumnShape:
    """A required column."""

    column: Keyword
    condition: Condition | None = None


@dataclass
class ReleaseShape:
    """A release."""

    release: ReleaseName
    released: dt.date
    in_operations_from: dt.date | None = None


@dataclass
class MadeShape:
    """An association of an example, and what is to be seen of it."""

    asn_type: AsnType
    asn_rule: Text
    asn_name: Text | None = None
    product: Text | None = None
    members: list[Text] | None = None


@dataclass
class ExampleShape:
    """An example."""

    exposures: list[dict[Keyword, Text]]
    before: list[Made]
    after: list[Made]
    common: dict[Keyword, Text] = field(default_factory=dict)


@dataclass(kw_only=True)
class ChangeShape:
    """A change."""

    id: ChangeName
    why: Text
    source: Text
    follows: ChangeName | None = None
    add: dict[str, Any] = field(default_factory=dict)
    set: dict[str, Any] = field(default_factory=dict)
    remove: dict[str, Any] = field(default_factory=dict)
    move: dict[str, Any] = field(default_factory=dict)
    example: list[ExampleShape] = field(default_factory=list)


@dataclass(kw_only=True)
class HeaderShape:
    """The header."""

    label: Label
    kind: Text
    title: Text
    source: Text
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None


@dataclass(kw_only=True)
class RulesHeaderShape(HeaderShape):
    """The header."""

    implements: TableLabel
    extends: Label | None = None
    releases: list[Release] = field(default_factory=list)
    change: list[ChangeShape] = field(default_factory=list)
    # What a ruleset has not that says its changes only.
    settings: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None
    written_as: dict[str, Any] | None = None
    required_columns: list[dict[str, Any]] | None = None


def check_period(start: dt.date | None, end: dt.date | None, found: Findings) -> None:
    """Refuse a period that ends before it starts; a draft may do without dates, or the last."""
    if end is not None and (start is None or end <= start):
        problem = "effective_until is not after effective_from; mend one of them"
        found.at(("effective_until",), problem)
        found.settle()


# ------------------------------------------------------------------------- making them


class MisfitError(ValueError):
    """A value that does not fit; the message says why, `{name}` standing for its word."""


class Shapes:
    """Makes shapes of what tomllib has read."""

    def __init__(self) -> None:
        self._converter = Converter(forbid_extra_keys=True)
        self._converter.register_structure_hook_factory(dataclasses.is_dataclass, self._table_hook)
        self._converter.register_structure_hook_factory(_is_list, self._list_hook)
        self._converter.register_structure_hook_factory(is_mapping, self._mapping_hook)
        self.read_as(bool, _flag)
        self.read_as(int, _number)
        self.read_as(dt.date, _day)
        self.read_as(Text, _text)
        self.like(Label, LABEL, LABEL_PROBLEM)

    def read_as(self, type_: Any, read: Callable[[Any], Any]) -> None:
        """Say how a value of a type is read; a value that does not fit raises `MisfitError`."""
        self._converter.register_structure_hook(type_, lambda value, _: read(value))

    def one_of(self, type_: Any, what: str, words: Collection[str]) -> None:
        """Say that a type has these words only."""
        self.read_as(type_, lambda value: checked(what, _text(value), words))

    def like(self, type_: Any, pattern: str, problem: str) -> None:
        """Say that a type has texts of a pattern only; `{value}` stands for one in the problem."""

        def read(value: Any) -> str:
            if not re.fullmatch(pattern, _text(value)):
                raise MisfitError(problem.replace("{value}", repr(value[:80])))
            return str(value)

        self.read_as(type_, read)

    def make(self, shape: type[T], value: Any) -> T:
        """Make a part of a file; what is wrong with it is raised as cattrs does."""
        return self._converter.structure(value, shape)

    def fit(self, shape: type[T], value: Any, note: Callable[[Keys, str], None]) -> T | None:
        """Make a part of a file; note all that is wrong with it."""
        try:
            return self.make(shape, value)
        except Exception as error:
            for keys, problem in _problems(error, ()):
                note(keys, problem)
            return None

    def read(self, shape: type[T], value: Any, found: Findings) -> T:
        """Make a file; what is wrong with it refuses the file."""
        made = self.fit(shape, value, found.at)
        found.settle()
        assert made is not None  # noqa: S101
        return made

    def _table_hook(self, shape: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        renamed = {
            name: override(rename=name.rstrip("_"))
            for name in (one.name for one in dataclasses.fields(shape))
            if name.endswith("_")
        }
        make: Any = make_dict_structure_fn(shape, self._converter, **renamed)  # type: ignore[arg-type]
        return lambda value, type_: make(_table(value), type_)

    def _list_hook(self, type_: Any) -> Callable[[Any, Any], Any]:
        make: Any = list_structure_factory(type_, self._converter)

        def read(value: Any, type_: Any) -> Any:
            if not isinstance(value, list):
                raise MisfitError("{name} has to be a list; put it in [ ]")
            return make(value, type_)

        return read

    def _mapping_hook(self, type_: Any) -> Callable[[Any, Any], Any]:
        make: Any = mapping_structure_factory(type_, self._converter, dict)
        return lambda value, type_: make(_table(value), type_)


def _is_list(type_: Any) -> bool:
    return get_origin(type_) is list


def checked(what: str, word: str, words: Collection[str]) -> str:
    """Refuse a word that is not one of some."""
    if word not in words:
        raise MisfitError(unknown(what, word, words))
    return word


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        raise MisfitError("{name} has to be a table; write it as word = value")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise MisfitError("{name} has to be text of one line; put it in quotes")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MisfitError("{name} has to be true or false")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise MisfitError("{name} has to be a whole number from 0 on")
    return value


def _day(value: Any) -> dt.date:
    if type(value) is not dt.date:
        raise MisfitError("{name} is not a date; write it as 2026-01-31, unquoted")
    return value


def _problems(error: BaseException, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """Give all that cattrs found wrong, each with the way to its place."""
    if isinstance(error, IterableValidationError):
        for inner, note in error.group_exceptions()[0]:
            yield from _problems(inner, (*keys, note.index))
    elif isinstance(error, ClassValidationError):
        noted, others = error.group_exceptions()
        known = [one.name.rstrip("_") for one in dataclasses.fields(error.cl)]
        for other in others:
            if isinstance(other, ForbiddenExtraKeysError):
                for word in sorted(other.extra_fields):
                    yield (*keys, word), unknown("word", word, known)
        for inner, attribute in noted:
            word = attribute.name.rstrip("_")
            if isinstance(inner, KeyError):
                what = (error.cl.__doc__ or "").partition(":")[0].rstrip(".").lower()
                yield keys, f"{what} has no {word}; add it"
            else:
                yield from _problems(inner, (*keys, word))
    elif isinstance(error, MisfitError):
        name = next((key for key in reversed(keys) if isinstance(key, str)), "the file")
        yield keys, str(error).replace("{name}", name)
    else:
        raise error
