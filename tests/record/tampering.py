"""Change what cannot be changed: without guards, checks and keys, as an owner could."""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Row,
    Table,
    UniqueConstraint,
    create_engine,
)
from sqlalchemy.pool import NullPool

from asnrules.catalog import open as catalog
from asnrules.database.schema.all_tables import metadata
from asnrules.database.types import Day, Json, UtcTime
from filled import without_guards

KEYS = {table.name: table.primary_key.columns.keys() for table in metadata.tables.values()}


_folders = catalog._seed_folders()


@functools.cache
def _alone(label: str) -> Path:
    """Give the folder of rules without the chain that they came by."""
    folder = Path(tempfile.mkdtemp()) / label
    atexit.register(shutil.rmtree, folder.parent, ignore_errors=True)
    shutil.copytree(_folders[label], folder)
    header = folder / "ruleset.toml"
    text = header.read_text(encoding="utf-8").partition("[[change]]")[0]
    lines = [line for line in text.splitlines() if not line.startswith("extends")]
    header.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


FEW = ("2021-03-19", "2021-06-15", "2026-03-20", "jwst-1.2.0", "jwst-1.2.1", "jwst-3.0.0")
"""The newest of each kind, and rules written as changes on others."""


def few_folders() -> dict[str, Path]:
    return {label: _folders[label] for label in FEW} | {FEW[-1]: _alone(FEW[-1])}


def with_few_rulesets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ship few rulesets, as all are verified each time, and keep the SQL of each database."""
    monkeypatch.setattr(catalog, "_seed_folders", few_folders)
    monkeypatch.setattr(catalog, "open_engine", functools.cache(catalog.open_engine))


@contextmanager
def unguarded(engine: Engine) -> Iterator[Connection]:
    """Give a connection that nothing holds back; what it does is committed at the end."""
    without_guards(engine)
    free = create_engine(engine.url)
    with free.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = replica")
        else:
            connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
        yield connection
        connection.commit()
    free.dispose()


def without_constraints(engine: Engine) -> None:
    """Take away guards, checks, foreign and unique keys, and have every column take NULL."""
    without_guards(engine)
    if engine.dialect.name == "sqlite":
        # As described by the file itself; what reads it next takes this for what it is.
        path = Path(str(engine.url.database))
        with sqlite3.connect(path) as file:
            file.execute("PRAGMA writable_schema = ON")
            for kind in ("TEXT", "INTEGER"):
                file.execute(
                    f"UPDATE sqlite_master SET sql = replace(sql, '{kind} NOT NULL', '{kind}') "
                    "WHERE type = 'table' AND name <> 'alembic_version'"
                )
            file.execute("PRAGMA writable_schema = RESET")
        file.close()
        return
    with engine.begin() as connection:
        found = connection.exec_driver_sql(
            "SELECT conrelid::regclass, conname FROM pg_constraint JOIN pg_class "
            "ON pg_class.oid = conrelid WHERE relnamespace = 'public'::regnamespace "
            "AND contype IN ('c', 'f', 'u', 'x')"
        )
        for table, name in found.all():
            connection.exec_driver_sql(
                f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name} CASCADE"
            )
        for table in metadata.tables.values():
            for column in table.columns:
                if not column.primary_key:
                    connection.exec_driver_sql(
                        f"ALTER TABLE {table} ALTER COLUMN {column.name} DROP NOT NULL"
                    )


class Tampering:
    """A table that is changed and put back, again and again.

    Parameters
    ----------
    engine : Engine
        Of a database without constraints; see `without_constraints`.
    table : Table
        The table.
    """

    def __init__(self, engine: Engine, table: Table) -> None:
        self.engine = engine
        self._free = create_engine(engine.url, poolclass=NullPool)
        self.table = table
        with self.connected() as connection:
            connection.exec_driver_sql("DROP TABLE IF EXISTS kept_rows")
            connection.exec_driver_sql(f"CREATE TABLE kept_rows AS SELECT * FROM {table}")
            statement = table.select().order_by(*table.primary_key.columns)
            self.rows: list[Row[Any]] = list(connection.execute(statement).all())

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give a connection that nothing holds back."""
        # What is stored may look like a place for a parameter.
        with self._free.execution_options(no_parameters=True).begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            else:
                connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
                connection.exec_driver_sql("PRAGMA synchronous = OFF")
            yield connection

    @contextmanager
    def changed(self, *statements: str) -> Iterator[None]:
        """Change the table for a while; each statement changes one row at least."""
        with self.connected() as connection:
            for statement in statements:
                assert connection.exec_driver_sql(statement).rowcount > 0, statement
        try:
            yield
        finally:
            with self.connected() as connection:
                connection.exec_driver_sql(f"DELETE FROM {self.table}")
                connection.exec_driver_sql(f"INSERT INTO {self.table} SELECT * FROM kept_rows")

    def copied(self, row: Row[Any]) -> str:
        """Add a row like another, under a key of its own."""
        values = dict(row._mapping)
        unique = [one for one in self.table.constraints if isinstance(one, UniqueConstraint)]
        for key in {KEYS[self.table.name][-1], *(one.columns.keys()[-1] for one in unique)}:
            values[key] = values[key] + 1000 if isinstance(values[key], int) else f"{values[key]}9"
        names = ", ".join(values)
        given = ", ".join(literal(one) for one in values.values())
        return f"INSERT INTO {self.table} ({names}) VALUES ({given})"

    def swaps(self) -> Iterator[list[str]]:
        """Exchange what the first two rows hold, column by column where they differ."""
        if len(self.rows) < 2:
            return
        first, second = self.rows[:2]
        for name in self.rows[0]._fields:
            ours, others = first._mapping[name], second._mapping[name]
            column = self.table.columns[name]
            if not column.primary_key and ours != others:
                yield [
                    f"UPDATE {self.table} SET {name} = {literal(others)} WHERE {self.where(first)}",
                    f"UPDATE {self.table} SET {name} = {literal(ours)} WHERE {self.where(second)}",
                ]

    def where(self, row: Row[Any]) -> str:
        """Address a row by its key."""
        keys = [(name, row._mapping[name]) for name in KEYS[self.table.name]]
        return " AND ".join(f"{name} = {literal(value)}" for name, value in keys)


def literal(value: Any) -> str:
    """Write a value in SQL."""
    if value is None or isinstance(value, int):
        return "NULL" if value is None else str(value)
    if isinstance(value, dt.datetime):
        value = value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return "'" + str(value).replace("'", "''") + "'"


def plausible(column: Column[Any], value: Any, others: list[Any]) -> list[str]:
    """Give other values that might have stood there, in SQL."""
    if isinstance(column.type, Boolean):
        return [literal(not value)]
    if isinstance(value, int):
        found = [str(value + 1), str(value + 100), "0" if value else "7"]
    elif isinstance(value, dt.datetime):
        found = [
            literal(value + dt.timedelta(days=1)),
            literal(value + dt.timedelta(microseconds=1)),
        ]
    elif isinstance(value, dt.date):
        found = [literal(value + dt.timedelta(days=1)), literal(dt.date(2019, 1, 1))]
    elif value is None:
        found = ["'2031-01-01'" if isinstance(column.type, Day) else "1"]
        found = ["'2031-01-01T00:00:00.000000Z'"] if isinstance(column.type, UtcTime) else found
    else:
        found = [literal(f"{value} "), literal(value.swapcase()), literal(f"{value}x"), "''"]
    known = sorted({literal(one) for one in others if one is not None})
    return [one for one in [*known[:2], *found] if one != literal(value)]


DEEP = "[" * 100_000
HUGE = "9" * 5_000


def nonsense(column: Column[Any], value: Any, engine: str) -> list[tuple[str, bool]]:
    """Give values that nothing could have stored, in SQL, and whether they cannot be read."""
    is_sqlite = engine == "sqlite"
    found = [] if column.primary_key else [("NULL", not column.nullable)]
    kind = column.type
    if kind.python_type is bool:
        found += [("2", True), ("-1", True)] if is_sqlite else []
    elif kind.python_type is int:
        found += [("-1", False), ("2147483647", False)]
    elif isinstance(kind, Json):
        other = json.dumps({} if kind.holds is list else [1])
        texts = ["{", DEEP, f"[{HUGE}]", "nonsense", "NaN,"]
        texts += [other] if kind.holds is not object else []
        found += [(literal(text), True) for text in texts]
        found.append((literal('["\\ud800"]' if kind.holds is list else "{} "), False))
    elif isinstance(kind, UtcTime | Day):
        texts = ["infinity", "-infinity"]
        if is_sqlite:
            texts += ["yesterday", "2026-02-30", "20260501", "2026-05-01T08:30:00+00:00", ""]
        else:
            texts += ["0044-03-15 BC", "20000-01-01"]
        found += [(literal(text), True) for text in texts]
    else:
        found += [(literal(text), False) for text in ("x" * 100_000, "\x1b[31m", "'; DROP", "é")]
    if is_sqlite and kind.python_type not in {bool, int}:
        found += [("CAST(x'ff' AS TEXT)", True), ("CAST(x'eda080' AS TEXT)", True)]
        nul = f"CAST({literal(value)} || char(0) AS TEXT)"
        found += [(nul, isinstance(kind, UtcTime | Day | Json))] if value is not None else []
    return [one for one in found if one[0] != literal(value)]
