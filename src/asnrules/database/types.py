"""Column types that mean the same on SQLite (STRICT tables) and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit integer; SQLite's INTEGER has that size, and only INTEGER can be a row id there."""

Flag = Boolean(create_constraint=False).with_variant(Integer(), "sqlite")
"""True or false; 1 or 0 on SQLite, whose STRICT tables know no BOOLEAN."""


MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
"""How moments are written: on SQLite, in digests and in the exported ledger."""


class UtcTime(TypeDecorator[dt.datetime]):
    """A moment in UTC: timestamptz on PostgreSQL, ISO 8601 text with a Z on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type that the database stores."""
        is_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(Text() if is_sqlite else DateTime(timezone=True))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        """Turn an aware moment into what is stored."""
        if value is None:
            return None
        value = value.astimezone(dt.UTC)
        return value.strftime(MOMENT) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        """Turn what is stored into an aware moment."""
        if isinstance(value, str):
            return dt.datetime.fromisoformat(value)
        moment: dt.datetime | None = value
        return moment and moment.astimezone(dt.UTC)


class Day(TypeDecorator[dt.date]):
    """A date: date on PostgreSQL, ISO 8601 text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type that the database stores."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Date())

    def process_bind_param(self, value: dt.date | None, dialect: Dialect) -> Any:
        """Turn a date into what is stored."""
        if value is not None and dialect.name == "sqlite":
            return value.isoformat()
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.date | None:
        """Turn what is stored into a date."""
        return dt.date.fromisoformat(value) if isinstance(value, str) else value


class Json(TypeDecorator[str]):
    """JSON, kept as the text that was written.

    It holds a list or a dict, whose items are of a type; by default any value.
    """

    impl = Text
    cache_ok = True

    def __init__(self, holds: type = object, items: type = object) -> None:
        super().__init__()
        self.holds = holds
        self.items = items

    def fits(self, found: Any) -> bool:
        """Whether a value that was read from JSON is what the column is for."""
        inner = found.values() if isinstance(found, dict) else found
        return isinstance(found, self.holds) and (
            not isinstance(found, list | dict) or all(isinstance(one, self.items) for one in inner)
        )
