"""`--columns` and `--where`: which columns and rows of what a command prints are wanted."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from asnrules.errors import UsageError
from asnrules.util.text import nearest_words, shown

_CONDITION = re.compile(r"\s*(\w+)\s*(!=|<=|>=|=|<|>)(.*)", re.DOTALL)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip

Texts = Callable[[Mapping[str, Any], str], Sequence[str]]
"""Gives what a column of a record shows: a text, or one for each of its elements."""


class _Condition(NamedTuple):
    column: str
    relation: str
    value: str

    def holds(self, texts: Iterable[str]) -> bool:
        folded = [text.casefold() for text in texts]
        if self.relation in _ORDERS:
            return any(_in_order(text, self.relation, self.value) for text in folded)
        pattern = self.value.replace("[", "[[]")
        return any(fnmatchcase(text, pattern) for text in folded) is (self.relation == "=")


class Selection(NamedTuple):
    """What is wanted: columns, in their order, or all; and rows that meet all the conditions."""

    columns: tuple[str, ...]
    conditions: tuple[_Condition, ...]

    def rows(
        self, records: Iterable[Mapping[str, Any]], columns: Sequence[str], texts: Texts
    ) -> Iterator[Mapping[str, Any]]:
        """Give the records that are wanted, whole.

        A name that is neither of the columns nor in the first record is a UsageError.
        """
        for number, record in enumerate(records):
            if number == 0:
                self.check([*columns, *record])
            if all(one.holds(texts(record, one.column)) for one in self.conditions):
                yield record

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
    return _Condition(column, relation, value.strip().casefold())


def _in_order(text: str, relation: str, value: str) -> bool:
    """Compare two numbers as such, all else as text, such as days; what is empty is in no order."""
    if not text:
        return False
    try:
        return _ORDERS[relation](float(text), float(value))
    except ValueError:
        return _ORDERS[relation](text, value)
