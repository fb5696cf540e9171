"""`--columns` and `--where`: which columns and rows of what a command prints are wanted."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from asnrules.errors import UsageError
from asnrules.util.text import nearest_words, shown

_CONDITION = re.compile(r"\s*(\w+)\s*(!=|<=|>=|==?|<|>)(.*)", re.DOTALL)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

_KINDS: Mapping[type, tuple[str, str]] = {
    bool: ("yes|no", "yes or no"),
    int: (r"-?\d+(\.\d*)?(e\d+)?", "a number, such as 12"),
    float: (r"-?\d*\.?\d+(e-?\d+)?", "a number, such as 0.5"),
    dt.date: (r"\d{4}-\d\d-\d\d", "a day, such as 2026-01-31"),
    dt.datetime: (r"\d{4}-\d\d-\d\d(t.+z)?", "a moment, such as 2026-01-31T10:15:00Z"),
}
"""The form of what values of a type are compared with, and what that is in words."""

Cell = tuple[Any, str]
"""A value, and the text that shows it."""

Cells = Callable[[Mapping[str, Any], str], Sequence[Cell]]
"""Gives what a column of a record has: one, or one for each of its elements."""


class _Condition(NamedTuple):
    column: str
    relation: str
    value: str

    def holds(self, cells: Sequence[Cell]) -> bool:
        if self.relation in _ORDERS:
            return any(_in_order(text.casefold(), self.relation, self.value) for _, text in cells)
        return self._is_there(cells) is (self.relation == "=")

    def _is_there(self, cells: Sequence[Cell]) -> bool:
        if not self.value:
            return all(value is None or text == "" for value, text in cells)
        pattern = self.value.replace("[", "[[]")
        return any(
            fnmatchcase(text.casefold(), pattern) or _is_same(value, text, self.value)
            for value, text in cells
        )

    def check(self, types: set[type]) -> None:
        """Refuse a value that nothing in a column of one type can be compared with."""
        if len(types) != 1 or not self.value or not types <= _KINDS.keys():
            return
        form, words = _KINDS[types.pop()]
        is_pattern = self.relation in {"=", "!="} and set(self.value) & set("*?")
        is_blank = self.relation in {"=", "!="} and self.value == "n/a"
        if not (is_pattern or is_blank or re.fullmatch(form, self.value)):
            raise UsageError(f"--where: {self.column} is {words}; {shown(self.value)} is not")


class Selection(NamedTuple):
    """What is wanted: columns, in their order, or all; and rows that meet all the conditions."""

    columns: tuple[str, ...]
    conditions: tuple[_Condition, ...]

    def rows(
        self, records: Iterable[Mapping[str, Any]], columns: Sequence[str], cells: Cells
    ) -> Iterator[Mapping[str, Any]]:
        """Give the records that are wanted, whole.

        A name that is neither of the columns nor in the first record is a UsageError, and so is, in
        the end, a value that a column of numbers or days cannot have.
        """
        types: list[set[type]] = [set() for _ in self.conditions]
        for number, record in enumerate(records):
            if number == 0:
                self.check([*columns, *record])
            found = [cells(record, one.column) for one in self.conditions]
            for known, those in zip(types, found, strict=True):
                known.update(type(value) for value, _ in those if value is not None)
            if all(map(_Condition.holds, self.conditions, found)):
                yield record
        for one, known in zip(self.conditions, types, strict=True):
            one.check(known)

    def check(self, known: Sequence[str]) -> None:
        """Refuse a column that is none of those known."""
        asked = [("--columns", name) for name in self.columns]
        for option, name in (*asked, *(("--where", one.column) for one in self.conditions)):
            if name not in known:
                raise UsageError(
                    f"{option}: there is no column {shown(name)}; {nearest_words(name, known)}"
                )


current: Selection | None = None
"""What is wanted of the command that runs; None if it is all."""


def expect(columns: Sequence[str]) -> None:
    """Refuse what is wanted of other columns, before a command does its work."""
    if current is not None:
        current.check(columns)


@contextmanager
def selecting(columns: str | None, where: Sequence[str]) -> Iterator[None]:
    """Have a command print only what its options ask for."""
    global current
    if columns is None and not where:
        yield
        return
    names = tuple(name.strip() for name in (columns or "").split(",") if name.strip())
    if columns is not None and not names:
        raise UsageError("--columns names no column; write it as --columns exp_type,asn_type")
    current = Selection(names, tuple(map(_read, where)))
    try:
        yield
    finally:
        current = None


def _read(text: str) -> _Condition:
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise UsageError(
            f"--where: {shown(text)} is not a condition; write it as asn_type=spec2, "
            "or with != < <= > >="
        )
    column, relation, value = found.groups()
    return _Condition(column, relation.replace("==", "="), value.strip().casefold())


def _is_same(value: Any, text: str, wanted: str) -> bool:
    """Tell whether a number is written in another way, or a moment is on a day."""
    if isinstance(value, dt.datetime):
        return text[:10] == wanted
    if not isinstance(value, (int, float)):
        return False
    with suppress(ValueError):
        return value == float(wanted)
    return False


def _in_order(text: str, relation: str, value: str) -> bool:
    """Compare two numbers as such, all else as text, such as days; what is empty is in no order."""
    if not text:
        return False
    try:
        return _ORDERS[relation](float(text), float(value))
    except ValueError:
        return _ORDERS[relation](text, value)
