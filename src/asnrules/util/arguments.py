"""What a user of Python gives: taken by what its annotation says, or refused in a line.

Numbers and truth values of NumPy, numbers and flags as text, a day or path as text, and one thing
where several may stand are all taken for what they mean.
"""

from __future__ import annotations

import functools
import inspect
import operator
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from asnrules.errors import UsageError
from asnrules.util.text import given_day, nearest_words, shown

_Class = TypeVar("_Class", bound=type)
_Settings = TypeVar("_Settings")

_TRUTH = {"t": True, "true": True, "yes": True, "f": False, "false": False, "no": False}


def taking_by_kind(kind: _Class) -> _Class:
    """Let the public methods of a class take their arguments by their annotations."""
    for name, method in list(vars(kind).items()):
        if not name.startswith("_") and inspect.isfunction(method):
            setattr(kind, name, _taking(method))
    return kind


def _taking(method: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(method)

    @functools.wraps(method)
    def call(*given: Any, **named: Any) -> Any:
        try:
            bound = signature.bind(*given, **named)
        except TypeError:
            # The method itself says it best.
            return method(*given, **named)
        for name, value in bound.arguments.items():
            parameter = signature.parameters[name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(
                    taken(name, parameter.annotation, one) for one in _each(value)
                )
            elif parameter.kind is not parameter.VAR_KEYWORD:
                bound.arguments[name] = taken(name, parameter.annotation, value)
        return method(*bound.args, **bound.kwargs)

    return call


def settings(kind: type[_Settings], given: _Settings | None, named: Mapping[str, Any]) -> _Settings:
    """Give settings that are given as a whole, with those that are named in their places.

    A name that is none of theirs is a UsageError, which suggests near ones.
    """
    annotations = inspect.get_annotations(kind)
    known = [name for name in annotations if not name.startswith("_")]
    for name in named:
        if name not in known:
            raise UsageError(f"there is no option {shown(name)}; {nearest_words(name, known)}")
    whole = kind() if given is None else given
    if not isinstance(whole, kind):
        raise UsageError(f"{shown(repr(whole))} is not {kind.__name__}; give {kind.__name__}(...)")
    values = {**{name: getattr(whole, name) for name in known}, **named}
    return kind(**{name: taken(name, annotations[name], one) for name, one in values.items()})


def taken(name: str, annotation: Any, value: Any) -> Any:
    """Take an argument for what its annotation, as text, wants; a UsageError if it is none."""
    text = getattr(annotation, "__forward_arg__", annotation)
    kinds = [one.strip() for one in str(text).split("|")]
    if (value is None and "None" in kinds) or not kinds or set(kinds) - _TAKEN.keys() - {"None"}:
        return value
    wanted = [_TAKEN[one] for one in kinds if one != "None"]
    for _, take in wanted:
        try:
            return take(name, value)
        except (TypeError, ValueError):
            continue
    words = " or ".join(dict.fromkeys(words for words, _ in wanted))
    raise UsageError(f"{name}: {shown(repr(value))} is not {words}")


def _each(values: Sequence[Any]) -> Iterator[Any]:
    """Give what is listed, where lists may stand among others; a list of mappings is one thing."""
    for one in values:
        is_list = type(one) in {list, tuple} and not any(isinstance(it, Mapping) for it in one)
        yield from one if is_list else [one]


def _text(_: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _path(_: str, value: Any) -> Path:
    if not isinstance(value, os.PathLike):
        raise TypeError
    return Path(value)


def _number(_: str, value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        return int(value)
    return operator.index(value)


def _flag(_: str, value: Any) -> bool:
    if isinstance(value, str):
        if value.strip().lower() not in _TRUTH:
            raise ValueError
        return _TRUTH[value.strip().lower()]
    if type(value).__name__ not in {"bool", "bool_"}:
        raise TypeError
    return bool(value)


def _several(take: Callable[[str, Any], Any]) -> Callable[[str, Any], list[Any]]:
    """Take one thing for a list of it."""

    def each(name: str, value: Any) -> list[Any]:
        if hasattr(value, "tolist"):
            value = value.tolist()
        is_list = isinstance(value, list | tuple | set | frozenset)
        return [take(name, one) for one in (value if is_list else [value])]

    return each


def _pools(_: str, value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


_TAKEN: Mapping[str, tuple[str, Callable[[str, Any], Any]]] = {
    "str": ("text", _text),
    "Path": ("a path", _path),
    "int": ("a whole number", _number),
    "bool": ("a truth value", _flag),
    "Day": ("a day", given_day),
    "Sequence[str]": ("a list of texts", _several(_text)),
    "Sequence[int]": ("a list of whole numbers", _several(_number)),
    "Sequence[PoolInput]": ("a list of pools", _pools),
}
"""What is said of a kind, and what takes a value for it."""
