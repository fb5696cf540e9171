"""The words in which tables are described: columns, references, checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from asnrules.database.types import Flag, Json, Number, UtcTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Items = Sequence[SchemaItem]
primary, unique = PrimaryKeyConstraint, UniqueConstraint


def table(name: str, *items: SchemaItem | Items, **options: Any) -> Table:
    """Describe a table."""
    flat = [one for item in items for one in ([item] if isinstance(item, SchemaItem) else item)]
    return Table(name, metadata, *flat, sqlite_strict=True, **options)


def text(*names: str) -> Items:
    """Texts, each with a value."""
    return [Column(name, Text, nullable=False) for name in names]


def optional(*names: str) -> Items:
    """Texts that may be NULL."""
    return [Column(name, Text) for name in names]


def integer(*names: str) -> Items:
    """Whole numbers of up to 32 bits."""
    return [Column(name, Integer, nullable=False) for name in names]


def flag(*names: str) -> Items:
    """Columns of true or false."""
    return [Column(name, Flag, nullable=False) for name in names]


def time(*names: str) -> Items:
    """Moments."""
    return [Column(name, UtcTime, nullable=False) for name in names]


def json(name: str, *holds: type) -> Column[Any]:
    """JSON; see `Json`."""
    return Column(name, Json(*holds), nullable=False)


def number(name: str, *keys: ForeignKey) -> Column[int]:
    """Give a column of 64-bit numbers, which the program counts."""
    return Column(name, Number, *keys, nullable=False, autoincrement=False)


def refer(column: str, *, optional: bool = False) -> Column[Any]:
    """Refer to a column of another table, under the same name."""
    name = column.partition(".")[2]
    kind: Any = Number if name.endswith("_id") else Text
    return Column(name, kind, ForeignKey(column), nullable=optional, autoincrement=False)


def refer_row(
    columns: Sequence[str], table: str, others: Sequence[str], **options: Any
) -> ForeignKeyConstraint:
    """Refer to a row of another table by several columns."""
    return ForeignKeyConstraint(columns, [f"{table}.{name}" for name in others], **options)


def check(name: str, condition: str) -> CheckConstraint:
    """Let the database refuse rows without a condition."""
    return CheckConstraint(condition, name=name)
