"""Read what tomllib has made of a file into the shapes that files have.

cattrs makes them, as it finds all that is wrong with a file, each with its place. What a text or a
number may be is said beside its type, in `texts`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

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

from asnrules.rules.releases import Release, shipped_releases
from asnrules.rules.shapes import Made, MadeShape, Plain, ReleaseShape, called, words_of
from asnrules.rules.steps import FinishingStep, OverallStep, Step, step_of
from asnrules.rules.text_files import Keys
from asnrules.rules.texts import MisfitError, Reader, one_line, table, whole_number
from asnrules.rules.words import Words, unknown

T = TypeVar("T")

Note = Callable[[Keys, str], None]
"""Notes what is wrong in a place."""


class FileConverter:
    """Makes shapes of what tomllib has read."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._converter = Converter(forbid_extra_keys=True)
        for is_meant, hook in (
            (dataclasses.is_dataclass, self._dataclass_hook),
            (is_namedtuple, self._named_tuple_hook),
            (_is_list, self._list_hook),
            (is_mapping, self._mapping_hook),
            (_is_annotated, self._annotated_hook),
        ):
            self._converter.register_structure_hook_factory(is_meant, hook)
        self.read_as(bool, _flag)
        self.read_as(int, whole_number)
        self.read_as(str, one_line)
        self.read_as(dt.date, _day)
        for kind in (FinishingStep, OverallStep):
            self.read_as(kind, _step_reader(kind))
        self.read_as(Release, self._release)
        self.read_as(Made, self._made)
        self.read_as(Plain, self._plain)

    def read_as(self, type_: Any, read: Reader) -> None:
        """Say how a value of a type is read."""
        hook = lambda value, _: read(value)  # noqa: E731
        if get_origin(type_):
            self._converter.register_structure_hook_func(lambda one: one == type_, hook)
        else:
            self._converter.register_structure_hook(type_, hook)

    def make(self, type_: Any, value: Any) -> Any:
        """Make a part of a file; raise `MisfitError` with all that is wrong with it."""
        try:
            return self._converter.structure(value, type_)
        except (MisfitError, ClassValidationError, IterableValidationError) as error:
            raise MisfitError(problems=list(_problems(error, ()))) from None

    def fit(self, type_: type[T], value: Any, note: Note) -> T | None:
        """Make a part of a file; note all that is wrong with it, unless it is told elsewhere."""
        try:
            made: T = self.make(type_, value)
        except MisfitError as error:
            for keys, problem in error.problems:
                name = next((key for key in reversed(keys) if isinstance(key, str)), "the file")
                if problem:
                    note(keys, problem.replace("{name}", name))
            return None
        return made

    def parts(self, shape: Any, value: Any, note: Note) -> dict[str, Any]:
        """Make the parts of a file, by name; note those that do not fit, and leave them out."""
        made = self.fit(shape, value, note)
        if made is not None or not isinstance(value, dict):
            return {} if made is None else dict(vars(made))
        types = get_type_hints(shape, include_extras=True)
        tried = {
            name: self.fit(types[name], value[word], _unheard)
            for name, word in words_of(shape).items()
            if word in value
        }
        return {name: part for name, part in tried.items() if part is not None}

    # ----------------------------------------------------------------- how a type is read

    def _dataclass_hook(self, shape: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        make: Any = make_dict_structure_fn(shape, self._converter, **self._fields(shape))
        return lambda value, type_: make(table(value), type_)

    def _named_tuple_hook(self, shape: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        make: Any = namedtuple_dict_structure_factory(
            shape, self._converter, "from_converter", True, **self._fields(shape)
        )
        return lambda value, type_: make(table(value), type_)

    def _fields(self, shape: Any) -> Any:
        """Give the word of each field, and how it is read: cattrs overlooks what is annotated."""
        types = get_type_hints(shape, include_extras=True)
        return {
            name: override(rename=word, struct_hook=self._hook(types[name]))
            for name, word in words_of(shape).items()
        }

    def _hook(self, type_: Any) -> Callable[[Any, Any], Any]:
        return lambda value, _: self._converter.structure(value, type_)

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
        key, one = get_args(type_)
        # A name that may be any is checked where it is used.
        mapped: Any = dict[Any if key is str else key, one]  # type: ignore[misc]
        make: Any = mapping_structure_factory(mapped, self._converter, dict)
        return lambda value, type_: make(table(value), type_)

    def _annotated_hook(self, type_: Any, converter: Any = None) -> Callable[[Any, Any], Any]:
        read: Reader = get_args(type_)[1](self._words)
        return lambda value, _: read(value)

    # ----------------------------------------------------------------- what has several forms

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
        """Read what an example shows of an association: its type and rule, or more."""
        if isinstance(value, str):
            asn_type, _, rule = value.partition(" ")
            value = {"asn_type": asn_type, "asn_rule": rule}
        shape = self.make(MadeShape, value)
        return {name: seen for name, seen in vars(shape).items() if seen is not None}

    def _plain(self, value: Any) -> Any:
        """Read what a change says of an item; what fits its kind is checked with the item."""
        readers = {dict: dict[str, Plain], list: list[Plain], str: str, int: int, bool: bool}
        if type(value) not in readers:
            raise MisfitError(
                "{name} has to be text, a whole number, true or false; rules have nothing else"
            )
        return self.make(readers[type(value)], value)


def _unheard(keys: Keys, problem: str) -> None:
    """Note nothing."""


def _is_list(type_: Any) -> bool:
    return get_origin(type_) in (list, tuple)


def _is_annotated(type_: Any) -> bool:
    return get_origin(type_) is Annotated


def _problems(error: BaseException, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """Give all that was found wrong, each with the way to its place."""
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
        yield from (((*keys, *inner), problem) for inner, problem in error.problems)
    else:
        raise error


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MisfitError("{name} has to be true or false")
    return value


def _day(value: Any) -> dt.date:
    if type(value) is not dt.date:
        raise MisfitError("{name} is not a date; write it as 2026-01-31, unquoted")
    return value


def _step_reader(kind: type[Step]) -> Reader:
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
