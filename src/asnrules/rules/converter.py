"""Read what tomllib has made of a file into the shapes that files have.

All that is wrong with a file is found, each with its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from inspect import signature
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from asnrules.rules.model import Release
from asnrules.rules.releases import shipped_releases
from asnrules.rules.shapes import Made, MadeShape, ReleaseShape, called, words_of
from asnrules.rules.steps import FinishingStep, OverallStep, Step, step_of
from asnrules.rules.text_files import Findings, Keys
from asnrules.rules.texts import MisfitError, Parts, Reader, one_line, table, whole_number
from asnrules.rules.words import Words, unknown

T = TypeVar("T")


class FileConverter:
    """Makes shapes of what tomllib has read."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._readers: dict[Any, Reader] = {
            Any: lambda value: value,
            bool: _flag,
            int: whole_number,
            str: one_line,
            dt.date: _day,
            FinishingStep: _step_reader(FinishingStep),
            OverallStep: _step_reader(OverallStep),
            Release: self._release,
            Made: self._made,
        }

    def read_as(self, type_: Any, read: Reader) -> None:
        """Say how a value of a type is read."""
        self._readers[type_] = read

    def make(self, type_: Any, value: Any) -> Any:
        """Make a part of a file; raise `MisfitError` with all that is wrong with it."""
        return self._reader(type_)(value)

    def fit(self, type_: type[T], value: Any, note: Callable[[Keys, str], None]) -> T | None:
        """Make a part of a file; note all that is wrong with it."""
        try:
            made: T = self.make(type_, value)
        except MisfitError as error:
            for keys, problem in error.problems:
                name = next((key for key in reversed(keys) if isinstance(key, str)), "the file")
                note(keys, problem.replace("{name}", name))
            return None
        return made

    def read(self, shape: type[T], value: Any, found: Findings) -> T:
        """Make a file; what is wrong with it refuses the file."""
        made = self.fit(shape, value, found.at)
        found.settle()
        assert made is not None  # noqa: S101
        return made

    # ----------------------------------------------------------------- how a type is read

    def _reader(self, type_: Any) -> Reader:
        if type_ not in self._readers:
            self._readers[type_] = self._new_reader(type_)
        return self._readers[type_]

    def _new_reader(self, type_: Any) -> Reader:
        origin, arguments = get_origin(type_), get_args(type_)
        if origin is Annotated:
            reader: Reader = arguments[1](self._words)
            return reader
        if type(None) in arguments:
            # TOML has no null: it leaves out what is not there.
            return self._reader(arguments[0])
        if origin in (list, tuple):
            return _list_reader(origin, self._reader(arguments[0]))
        if origin is dict:
            # A name that may be any is checked where it is used.
            key, one = (Any if arguments[0] is str else arguments[0]), arguments[1]
            return _mapping_reader(self._reader(key), self._reader(one))
        return self._shape_reader(type_)

    def _shape_reader(self, shape: Any) -> Reader:
        types = get_type_hints(shape, include_extras=True)
        words = words_of(shape)
        fields = [
            (name, words[name], self._reader(types[name]), one.default is one.empty)
            for name, one in signature(shape).parameters.items()
        ]

        def read(value: Any) -> Any:
            parts = Parts()
            for word in sorted(table(value).keys() - words.values()):
                parts.problems.append(((word,), unknown("word", word, words.values())))
            made = {}
            for name, word, reader, is_needed in fields:
                if word in value:
                    made[name] = parts.read(word, reader, value[word])
                elif is_needed:
                    parts.problems.append(((), f"{called(shape)} has no {word}; add it"))
            parts.settle()
            return shape(**made)

        return read

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
        """Read what is to be seen of an association: its type and rule, or more."""
        if isinstance(value, str):
            asn_type, _, rule = value.partition(" ")
            value = {"asn_type": asn_type, "asn_rule": rule}
        shape = self.make(MadeShape, value)
        return {name: seen for name, seen in vars(shape).items() if seen is not None}


def _list_reader(kind: Callable[[list[Any]], Any], read: Reader) -> Reader:
    def read_list(value: Any) -> Any:
        if not isinstance(value, list):
            raise MisfitError("{name} has to be a list; put it in [ ]")
        parts = Parts()
        made = [parts.read(number, read, one) for number, one in enumerate(value)]
        parts.settle()
        return kind(made)

    return read_list


def _mapping_reader(read_key: Reader, read: Reader) -> Reader:
    def read_mapping(value: Any) -> Any:
        parts = Parts()
        made = [
            (parts.read(key, read, one), parts.read(key, read_key, key))
            for key, one in table(value).items()
        ]
        parts.settle()
        return {key: one for one, key in made}

    return read_mapping


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
