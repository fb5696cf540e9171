"""Read what tomllib has made of a file into the shapes that files have, and find what does not fit.

cattrs makes them. It is slow to import, and wanted for its one virtue: it finds all that is wrong
with a file, each with its place.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Collection, Iterator
from typing import Annotated, Any, TypeVar, get_args, get_origin

from cattrs import Converter
from cattrs.cols import (
    is_mapping,
    is_namedtuple,
    list_structure_factory,
    mapping_structure_factory,
    namedtuple_dict_structure_factory,
)
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from asnrules.rules.model import Release
from asnrules.rules.releases import shipped_releases
from asnrules.rules.settings import (
    CANDIDATE_ROWS,
    DMS_MODES,
    GENERATION_ORDERS,
    SEVERAL_SELECTED,
    TAKEN_ONCE,
)
from asnrules.rules.shapes import Made, MadeShape, ReleaseShape, called, words_of
from asnrules.rules.steps import FinishingStep, OverallStep, Step, step_of
from asnrules.rules.text_files import Findings, Keys
from asnrules.rules.words import (
    LABEL,
    LABEL_PROBLEM,
    AsnType,
    CandidateRows,
    ChangeName,
    Class,
    CsvName,
    Digits,
    DiscoveredId,
    DmsMode,
    EmptyValue,
    GenerationOrder,
    Keyword,
    Label,
    ReleaseName,
    RoleName,
    RuleName,
    SeveralSelected,
    TableLabel,
    TakenOnce,
    Text,
    Words,
    WrittenClass,
    unknown,
)

T = TypeVar("T")

ROLE_WORDS = ("companion", "exposure", "mode", "direct image")
"""What a role may be called beside the classes of exposures."""

COMPANION_TYPES = ("direct_image", "sourcecat", "segmap")
"""What a member may be written as beside the classes of exposures."""

MOST_DIGITS = 9
"""More digits than that no sequence number needs."""


class MisfitError(ValueError):
    """A value that does not fit; the message says why, `{name}` standing for its word."""


class FileConverter:
    """Makes shapes of what tomllib has read.

    Parameters
    ----------
    words : Words
        The words that files may use.
    """

    def __init__(self, words: Words) -> None:
        self._converter = Converter(forbid_extra_keys=True)
        for predicate, make in (
            (dataclasses.is_dataclass, self._dataclass_hook),
            (is_namedtuple, self._named_tuple_hook),
            (_is_list, self._list_hook),
            (is_mapping, self._mapping_hook),
        ):
            self._converter.register_structure_hook_factory(predicate, make)
        self.read_as(bool, _flag)
        self.read_as(int, _number)
        self.read_as(dt.date, _day)
        self.read_as(Text, one_line)
        self._set_words(words)
        self._set_names()
        self.read_as(Digits, _digits)
        self.read_as(RoleName, _role_reader(words))
        self.read_as(Release, self._release)
        self.read_as(Made, self._made)

    def _set_words(self, words: Words) -> None:
        self.one_of(Keyword, "keyword", {word.lower() for word in words.keywords})
        self.one_of(Class, "class", words.member_types)
        self.one_of(WrittenClass, "class", {*words.member_types, *COMPANION_TYPES})
        self.one_of(AsnType, "association type", words.asn_types)
        self.one_of(GenerationOrder, "order", GENERATION_ORDERS)
        self.one_of(CandidateRows, "rows of a candidate", CANDIDATE_ROWS)
        self.one_of(TakenOnce, "unit", TAKEN_ONCE)
        self.one_of(DmsMode, "DMS mode", DMS_MODES)
        self.one_of(SeveralSelected, "way with several candidates", SEVERAL_SELECTED)
        if words.tables is not None:
            self.one_of(TableLabel, "table", words.tables)
        else:
            self.like(TableLabel, ".*", "")
        for kind in (FinishingStep, OverallStep):
            self.read_as(kind, _step_reader(kind))

    def _set_names(self) -> None:
        for type_, pattern, problem in (
            (Label, LABEL, LABEL_PROBLEM),
            (EmptyValue, r"([!-@\[-~]([ -@\[-~]*[!-@\[-~])?)?",
             "{value} is no value of a pool; use lower case, without blanks around it"),
            (RuleName, r"[A-Za-z][A-Za-z0-9_]*",
             "{value} is not a name; use letters, digits and '_'"),
            (CsvName, r"[A-Za-z0-9_-]+\.csv",
             "{value} is not the name of a CSV file beside this one"),
            (DiscoveredId, r"(a[0-9]{3,9})?",
             "discovered_id is an a with digits, such as a3001, or empty"),
            (ReleaseName, r"[0-9]+(\.[0-9]+)*",
             "{value} is not a release, such as 1.9.4"),
            (ChangeName, r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
             "change {value}: use up to 80 letters, digits, '.', '_' and '-'"),
        ):  # fmt: skip
            self.like(type_, pattern, problem)

    # ----------------------------------------------------------------- how a type is read

    def read_as(self, type_: Any, read: Callable[[Any], Any]) -> None:
        """Say how a value of a type is read; a value that does not fit raises `MisfitError`."""
        hook = lambda value, _: read(value)  # noqa: E731
        if get_origin(type_) is Annotated:
            self._converter.register_structure_hook_func(lambda one: one == type_, hook)
        else:
            self._converter.register_structure_hook(type_, hook)

    def one_of(self, type_: Any, what: str, words: Collection[str]) -> None:
        """Say that a type has these words only."""
        self.read_as(type_, lambda value: checked(what, one_line(value), words))

    def like(self, type_: Any, pattern: str, problem: str) -> None:
        """Say that a type has texts of a pattern only; `{value}` stands for one in the problem."""

        def read(value: Any) -> str:
            if not re.fullmatch(pattern, one_line(value)):
                raise MisfitError(problem.replace("{value}", repr(value[:80])))
            return str(value)

        self.read_as(type_, read)

    # ----------------------------------------------------------------- reading

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

    # ----------------------------------------------------------------- parts of that

    def _dataclass_hook(self, shape: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        make: Any = make_dict_structure_fn(shape, self._converter, **_renamed(shape))
        return lambda value, type_: make(_table(value), type_)

    def _named_tuple_hook(self, shape: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        make: Any = namedtuple_dict_structure_factory(
            shape, self._converter, "from_converter", True, **_renamed(shape)
        )
        return lambda value, type_: make(_table(value), type_)

    def _list_hook(self, type_: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        listed: Any = list[get_args(type_)[0]]  # type: ignore[misc]
        make: Any = list_structure_factory(listed, self._converter)
        as_wanted: Any = get_origin(type_)

        def read(value: Any, type_: Any) -> Any:
            if not isinstance(value, list):
                raise MisfitError("{name} has to be a list; put it in [ ]")
            return as_wanted(make(value, type_))

        return read

    def _mapping_hook(self, type_: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        make: Any = mapping_structure_factory(type_, self._converter, dict)
        return lambda value, type_: make(_table(value), type_)

    def _release(self, value: Any) -> Release:
        """Read a release: a known one by its name, another with its days."""
        if isinstance(value, dict):
            shape = self.make(ReleaseShape, value)
            return Release(shape.release, shape.released, shape.in_operations_from)
        name = one_line(value)
        if name not in shipped_releases():
            raise MisfitError(
                f"{unknown('release', name, shipped_releases())} if it is a new one, write "
                '{ release = "...", released = DAY, in_operations_from = DAY }'
            )
        return shipped_releases()[name].release

    def _made(self, value: Any) -> dict[str, Any]:
        """Read what is to be seen of an association: its type and rule, or more."""
        if isinstance(value, str):
            asn_type, _, rule = value.partition(" ")
            value = {"asn_type": asn_type, "asn_rule": rule}
        shape = self.make(MadeShape, value)
        return {name: seen for name, seen in vars(shape).items() if seen is not None}


def _renamed(shape: Any) -> Any:
    return {name: override(rename=word) for name, word in words_of(shape).items() if name != word}


def _is_list(type_: Any) -> bool:
    return get_origin(type_) in (list, tuple)


def checked(what: str, word: str, words: Collection[str]) -> str:
    """Refuse a word that is not one of some."""
    if word not in words:
        raise MisfitError(unknown(what, word, words))
    return word


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        raise MisfitError("{name} has to be a table; write it as word = value")
    return value


def one_line(value: Any) -> str:
    """Read a text."""
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


def _digits(value: Any) -> int:
    number = _number(value)
    if not 1 <= number <= MOST_DIGITS:
        raise MisfitError(f"sequence_digits is from 1 to {MOST_DIGITS}")
    return number


def _role_reader(words: Words) -> Callable[[Any], str]:
    known = {*ROLE_WORDS, *(word.replace("_", " ") for word in words.member_types)}

    def read(value: Any) -> str:
        name = one_line(value)
        # A role is known by what it begins with: "science of the same mode" is a science.
        if not any(f"{name} ".startswith(f"{word} ") for word in known):
            checked("role", name, known)
        return name

    return read


def _step_reader(kind: type[Step]) -> Callable[[Any], Step]:
    """Read a step: its name, or a table of its name with a table of its parameters."""

    def read(value: Any) -> Step:
        if isinstance(value, str):
            value = {value: {}}
        if not isinstance(value, dict) or len(value) != 1:
            raise MisfitError(
                f"a {kind.called} is its name, or a table: {{ name = {{ parameter = value }} }}"
            )
        ((name, given),) = value.items()
        try:
            return step_of(kind, name, given)
        except ValueError as error:
            raise MisfitError(str(error)) from None

    return read


def _problems(error: BaseException, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """Give all that cattrs found wrong, each with the way to its place."""
    if isinstance(error, IterableValidationError):
        for inner, note in error.group_exceptions()[0]:
            yield from _problems(inner, (*keys, note.index))
    elif isinstance(error, ClassValidationError):
        noted, others = error.group_exceptions()
        words = words_of(error.cl)
        for other in others:
            if isinstance(other, ForbiddenExtraKeysError):
                for word in sorted(other.extra_fields):
                    yield (*keys, word), unknown("word", word, words.values())
        for inner, attribute in noted:
            word = words[attribute.name]
            if isinstance(inner, KeyError):
                yield keys, f"{called(error.cl)} has no {word}; add it"
            else:
                yield from _problems(inner, (*keys, word))
    elif isinstance(error, MisfitError):
        name = next((key for key in reversed(keys) if isinstance(key, str)), "the file")
        yield keys, str(error).replace("{name}", name)
    else:
        raise error
