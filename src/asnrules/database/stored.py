"""Read stored values, which are untrusted: the owner of the database can change them."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    Text,
    and_,
    case,
    cast,
    func,
)
from sqlalchemy import type_coerce as coerce

from asnrules.database.types import MOMENT, Day, Json, UtcTime
from asnrules.errors import StoredValueError


def read_stored(column: Column[Any], value: Any, of: str) -> Any:
    """Read a stored value: JSON as what it holds, moments and days as such, others unchanged.

    Moments and days come as `as_stored` has them; `of` says in the message what the value belongs
    to, such as `run 3`. What cannot have been stored by this program is a StoredValueError.
    """
    try:
        return _meaning(column, value)
    except (ValueError, TypeError, RecursionError) as error:
        problem = _problem(column, value)
        raise StoredValueError(of, column.table.name, column.name, problem) from error


def _meaning(column: Column[Any], value: Any) -> Any:
    kind = column.type
    if value is None:
        if column.nullable:
            return None
        raise ValueError
    if isinstance(kind, Boolean):
        if value not in (0, 1):
            raise ValueError
        return bool(value)
    if isinstance(kind, Integer):
        if type(value) is not int:
            raise TypeError
        return value
    if not isinstance(value, str):
        raise TypeError
    # Half a character stands for bytes that are no UTF-8, see `any_text`.
    value.encode("utf-8")
    found: Any = value
    written = value
    if isinstance(kind, UtcTime):
        found = dt.datetime.strptime(value, MOMENT).replace(tzinfo=dt.UTC)
        written = found.strftime(MOMENT)
    elif isinstance(kind, Day):
        found = dt.date.fromisoformat(value)
        written = found.isoformat()
    elif isinstance(kind, Json):
        found = json.loads(value)
        if not kind.fits(found):
            raise TypeError
    if written != value:
        raise ValueError
    return found


_SHOWN = 40
_NAMES = ((Boolean, "true or false"), (Integer, "a number"), (UtcTime, "a moment"), (Day, "a day"))
_HOLDS: dict[type, str] = {list: "an array", dict: "an object"}


def shown(value: Any) -> str:
    """Write an untrusted value for people: in ASCII, without control characters, cut short."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _problem(column: Column[Any], value: Any) -> str:
    if value is None:
        return "there is no value"
    wanted = next((name for kind, name in _NAMES if isinstance(column.type, kind)), "text")
    if isinstance(column.type, Json):
        wanted = f"{_HOLDS.get(column.type.holds, 'a value')} in JSON as it was written"
    return f"{shown(value)} is not {wanted}"


def as_stored(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    """Select a column so that no value of it can fail to be given: moments and days as text."""
    if not isinstance(column.type, UtcTime | Day):
        return column
    if connection.dialect.name == "sqlite":
        return coerce(column, Text).label(column.name)
    written = func.to_char(column, "YYYY-MM-DD")
    if isinstance(column.type, UtcTime):
        written = func.to_char(func.timezone("UTC", column), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    # Python has no moment that is infinite or before year 1, of which to_char drops the sign.
    is_one = and_(func.isfinite(column), column >= func.make_date(1, 1, 1))
    text = case((is_one, written), else_=cast(column, Text))
    return text.label(column.name)


def with_flags(
    columns: Sequence[Column[Any]], rows: Sequence[Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Make true and false of the 1 and 0 that SQLite keeps, in rows of some columns."""
    are_flags = [isinstance(column.type, Boolean) for column in columns]
    if not any(are_flags):
        return list(map(tuple, rows))
    # Nothing but 0 and 1: another number is none that was stored, and has to stand out.
    return [
        tuple(
            bool(value) if is_flag and value in (0, 1) else value
            for is_flag, value in zip(are_flags, row, strict=True)
        )
        for row in rows
    ]


@contextmanager
def any_text(connection: Connection) -> Iterator[None]:
    """Have SQLite give text that is no UTF-8, too: half a character for each byte that is none."""
    raw = connection.connection.driver_connection
    if not isinstance(raw, sqlite3.Connection):
        yield
        return
    raw.text_factory = lambda found: found.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = str


class Finding(NamedTuple):
    """Something that does not match."""

    run_id: int | None
    """None for what belongs to no run."""
    table: str | None
    """None for what concerns the digest that was given."""
    column: str | None
    """The column with a value that cannot be read; None where all can, and do not match."""
    finding: str

    def words(self) -> str:
        """Say where it is and what is wrong, in one line."""
        names = ("run", "table", "column")
        places = [f"{name} {value}" for name, value in zip(names, self, strict=False) if value]
        return f"{', '.join(places)}: {self.finding}"


def unreadable(
    table: Table, rows: Iterable[Sequence[Any]], run_id: int | None, of: str = ""
) -> Iterator[Finding]:
    """Find the columns with values that cannot be read, and the first such value of each.

    The rows have all columns, see `as_stored`; they belong to a run, or to what `of` names.
    """
    columns = list(table.columns)
    keys = [at for at, column in enumerate(columns) if column.primary_key]
    found = set()
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if column.name in found:
                continue
            try:
                read_stored(column, value, of)
            except StoredValueError as error:
                found.add(column.name)
                key = ", ".join(f"{columns[at].name} {shown(row[at])}" for at in keys)
                place = of or f"row with {key}"
                yield Finding(run_id, table.name, column.name, f"{place}: {error.problem}")
