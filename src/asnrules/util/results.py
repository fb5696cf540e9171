"""What results are to a user of Python: a line or two when shown, and tables of other libraries."""

from __future__ import annotations

import datetime as dt
import importlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from itertools import chain, islice
from pathlib import PurePath
from typing import Any, ClassVar, SupportsIndex, TypeVar, overload

from asnrules.errors import UsageError
from asnrules.util.text import nearest_words, printable, shown

_Class = TypeVar("_Class", bound=type)
_Item = TypeVar("_Item")

_SHOWN = 150
"""Characters of a result that is shown, about: two lines of a terminal."""
_TEXT = 40
_PLAIN = (bool, int, float, Decimal, dt.date, dt.time, PurePath)


def shown_briefly(kind: _Class) -> _Class:
    """Let objects of a class, with named fields, show themselves in a line or two."""
    type.__setattr__(kind, "__repr__", brief)
    return kind


def brief(result: Any) -> str:
    """Show the fields of an object: short values as they are, and how many others hold."""
    parts: list[str] = []
    for name, value in _fields(result).items():
        text = _brief_value(value)
        if text and sum(map(len, parts)) + len(name) + len(text) > _SHOWN:
            parts.append("...")
            break
        if text:
            parts.append(f"{name}={text}")
    return f"{type(result).__name__}({', '.join(parts)})"


def _brief_value(value: Any) -> str:
    """Show a value; nothing if it is None or empty."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        return repr(value if len(value) <= _TEXT else f"{value[:_TEXT]}...")
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, _PLAIN):
        return str(value)
    if isinstance(value, Collection) and not hasattr(value, "_fields"):
        return f"<{len(value)}>" if len(value) else ""
    return "" if value is None else f"<{type(value).__name__}{_first(value)}>"


def _first(value: Any) -> str:
    """Show by what a result is known: its first field, if that is short."""
    if isinstance(value, Tabular) or hasattr(value, "_fields") or is_dataclass(value):
        for first in islice(_fields(value).values(), 1):
            if isinstance(first, (str, *_PLAIN)) and len(str(first)) <= _TEXT:
                return f" {first}"
    return ""


class Tabular:
    """A result that becomes a table of another library, a row for each of its records.

    Texts, numbers, truth values and times stay what they are. What is nested in a record becomes
    columns of its own, or a text. A list that the result holds, under a name of its own, is a
    `part`, and becomes a table by that name.
    """

    __slots__ = ()

    COLUMNS: ClassVar[Sequence[str]] = ()
    """The columns that the command prints, which a table has even without records."""

    def records(self) -> Iterable[Mapping[str, Any]]:
        """Give its records, each by the names of the columns; by default it is one itself."""
        return [_record(self)]

    def to_pandas(self, part: str | None = None) -> Any:
        """Give it, or a part of it, as a pandas DataFrame."""
        frame = _library("pandas").DataFrame(self._columns(part))
        return frame.convert_dtypes()

    def to_polars(self, part: str | None = None) -> Any:
        """Give it, or a part of it, as a polars DataFrame."""
        return _library("polars").DataFrame(self._columns(part), strict=False)

    def to_astropy(self, part: str | None = None) -> Any:
        """Give it, or a part, as an astropy Table; days and times are text, and None is masked."""
        table, columns = _library("astropy.table"), self._columns(part)
        return table.Table(
            {name: _astropy_column(table, values) for name, values in columns.items()}
        )

    def _columns(self, part: str | None) -> dict[str, list[Any]]:
        found = self.records() if part is None else _part(self, part)
        records = [dict(_flat(record)) for record in found]
        known = self._names() if part is None and not records else ()
        names = dict.fromkeys((*known, *(name for one in records for name in one)))
        columns = {name: [one.get(name) for one in records] for name in names}
        return {name: column for name, column in columns.items() if not _is_spread(name, columns)}

    def _names(self) -> Sequence[str]:
        return self.COLUMNS


class Spoken(Tabular):
    """A result that is said in words, by `print` as well."""

    __slots__ = ()

    def lines(self) -> Iterable[str]:
        """Say it in words, a line at a time."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(map(printable, self.lines()))


class Results(list[_Item], Tabular):
    """A list of results."""

    __slots__ = ("_fields_of_none", "notes")

    def __init__(
        self,
        results: Iterable[_Item] = (),
        names: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(results)
        self._fields_of_none = names
        self.notes = notes

    @overload
    def __getitem__(self, place: SupportsIndex) -> _Item: ...
    @overload
    def __getitem__(self, place: slice) -> Results[_Item]: ...

    def __getitem__(self, place: SupportsIndex | slice) -> _Item | Results[_Item]:
        if isinstance(place, slice):
            return Results(super().__getitem__(place), self._fields_of_none, self.notes)
        return super().__getitem__(place)

    def __repr__(self) -> str:
        more = f", and {len(self) - 1:,} more" if len(self) > 1 else ""
        said = "; ".join(self.notes)[:_SHOWN]
        return f"[{self[0]!r}{more}]" if self else f"[] ({said})" if said else "[]"

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Give the records: what the command prints of each."""
        return chain.from_iterable(map(_records, self))

    def _names(self) -> Sequence[str]:
        return self._fields_of_none


class ResultStream(Iterator[_Item], Tabular):
    """Results, one after the other as they are made; a table takes those that are left."""

    __slots__ = ("_results",)

    def __init__(self, results: Iterator[_Item]) -> None:
        self._results = results

    def __next__(self) -> _Item:
        return next(self._results)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: results as they are made, to go through once>"

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Give the records that are left."""
        return chain.from_iterable(map(_records, self))


class QueryResult(tuple[list[str], list[tuple[Any, ...]]], Tabular):
    """The columns and the rows of an answer, as a pair."""

    __slots__ = ()

    @property
    def columns(self) -> list[str]:
        """Their names."""
        return self[0]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows, in order."""
        return self[1]

    def __repr__(self) -> str:
        return f"<{len(self.rows):,} rows of {', '.join(self.columns)[:_SHOWN]}>"

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Give each row by the names of the columns; those that share one are numbered."""
        names = self._names()
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    def _names(self) -> Sequence[str]:
        return distinct_names(self.columns)


def distinct_names(columns: Iterable[str]) -> list[str]:
    """Give each name once, as an object of JSON and a table need it: later ones get numbers."""
    seen: Counter[str] = Counter()
    names = []
    for name in columns:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return names


def _is_spread(name: str, columns: Mapping[str, Sequence[Any]]) -> bool:
    """Tell whether a column is that of what is nested, which has columns of its own."""
    is_blank = all(value is None for value in columns[name])
    return is_blank and any(other.startswith(f"{name}_") for other in columns)


def _records(result: Any) -> Iterable[Mapping[str, Any]]:
    return result.records() if isinstance(result, Tabular) else [_record(result)]


def _part(whole: Any, name: str) -> list[Mapping[str, Any]]:
    """Give the records of a list that a result holds: in what the command prints, or a field."""
    known = {} if isinstance(whole, Iterable) else {**_fields(whole), **_record(whole)}
    parts = {key: one for key, one in known.items() if isinstance(one, list | tuple)}
    if name not in parts:
        raise UsageError(f"there is no part {shown(name)} of it; {nearest_words(name, parts)}")
    return [{name: one} if isinstance(one, str) else _record(one) for one in parts[name]]


def _record(result: Any) -> Mapping[str, Any]:
    if isinstance(result, Mapping):
        return result
    if isinstance(result, tuple) and not hasattr(result, "_fields"):
        # What is said of a file, with its name.
        name, said = result
        found: Mapping[str, Any] = said.document(name)
    elif hasattr(result, "document"):
        found = result.document()
    else:
        found = _fields(result)
    return found


def _fields(result: Any) -> dict[str, Any]:
    names = [one.name for one in fields(result)] if is_dataclass(result) else result._fields
    return {name: getattr(result, name) for name in names}


def _flat(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if hasattr(value, "_asdict"):
            yield from _flat({f"{name}_{inner}": one for inner, one in value._asdict().items()})
        elif isinstance(value, Mapping) and value and all(isinstance(one, str) for one in value):
            yield from _flat({f"{name}_{inner}": one for inner, one in value.items()})
        elif isinstance(value, Enum):
            yield name, value.value
        elif value is None or isinstance(value, (str, *_PLAIN)):
            yield name, value
        elif isinstance(value, Iterable) and all(isinstance(one, str) for one in value):
            yield name, "; ".join(value)
        else:
            yield name, json.dumps(value, default=str, ensure_ascii=False)


def _astropy_column(table: Any, values: Sequence[Any]) -> Any:
    """Make a column, in which what has no value is masked."""
    texts = [str(one) if isinstance(one, dt.date | dt.time | PurePath) else one for one in values]
    kinds = {type(one) for one in texts if one is not None}
    if len(kinds) > 1 and not kinds <= {int, float}:
        texts = [None if one is None else str(one) for one in texts]
        kinds = {str}
    mask = [one is None for one in texts]
    if not any(mask):
        return texts
    blank = next(iter(kinds), str)()
    return table.MaskedColumn([blank if one is None else one for one in texts], mask=mask)


def _library(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise UsageError(f"this table needs {name}; pip install {name}") from error
