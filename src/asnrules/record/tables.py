"""Whether the tables are as they were made, and how to read them where they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, event, inspect
from sqlalchemy.engine.reflection import ObjectKind

from asnrules.database import migrations
from asnrules.database.schema.all_tables import metadata
from asnrules.database.stored import Finding


class StoredTables(NamedTuple):
    """The tables as they are."""

    findings: list[Finding]
    """Tables and columns that are gone or were added."""
    lost: set[tuple[str, str]]
    """The columns that are gone, with their tables."""
    stand_ins: list[str]
    """What is read in place of tables that are gone or lack columns, as parts of WITH."""


def stored_tables(connection: Connection) -> StoredTables:
    """Look for tables and columns that are gone or were added."""
    inspector = inspect(connection)
    tables = set(inspector.get_table_names())
    described = inspector.get_multi_columns(filter_names=list(metadata.tables), kind=ObjectKind.ANY)
    there = {
        name: {column["name"]: column["type"] for column in columns}
        for (_, name), columns in described.items()
    }
    # A newer program may have added columns that this one does not know.
    is_newer = migrations.is_newer(migrations.current_revision(connection) or "")
    stored = StoredTables([], set(), [])
    for name, table in metadata.tables.items():
        columns = there.get(name)
        if columns is None:
            _found(stored, name, "the table is gone")
            stored.stand_ins.append(_stand_in(connection, table, {}))
            continue
        if name not in tables:
            _found(stored, name, "the table is gone, and a view stands in its place")
        lost = [column.name for column in table.columns if column.name not in columns]
        added = [column for column in columns if column not in table.columns]
        if lost:
            _found(stored, name, f"columns are gone: {', '.join(sorted(lost))}")
            stored.lost.update((name, column) for column in lost)
            stored.stand_ins.append(_stand_in(connection, table, columns))
        if added and not is_newer:
            _found(stored, name, f"columns were added: {', '.join(map(ascii, sorted(added)))}")
    return stored


def _found(stored: StoredTables, table: str, text: str) -> None:
    stored.findings.append(Finding(None, table, None, text))


def _stand_in(connection: Connection, table: Table, there: Mapping[str, Any]) -> str:
    """Write what has all columns of a table: from one that lacks some, or without rows.

    Where as many columns were added as are gone, these are taken for renamed, in their order, as
    keys would be missed. Others are null.
    """
    dialect = connection.dialect
    quote = dialect.identifier_preparer.quote
    lost = [column.name for column in table.columns if column.name not in there]
    added = [name for name in there if name not in table.columns]
    renamed = dict(zip(lost, added, strict=True)) if len(lost) == len(added) else {}
    values = []
    for column in table.columns:
        kind = column.type.compile(dialect)
        source = renamed.get(column.name, column.name)
        if source == column.name:
            is_read = source in there
        else:
            is_read = there[source].compile(dialect) == kind
        if is_read:
            values.append(f"{quote(source)} AS {quote(column.name)}")
        else:
            values.append(f"CAST(NULL AS {kind}) AS {quote(column.name)}")
    # In SQLite, the name of what stands in would mean itself.
    schema = "main." if dialect.name == "sqlite" else ""
    rows = f"FROM {schema}{quote(table.name)}" if there else "WHERE 1 = 0"
    return f"{quote(table.name)} AS (SELECT {', '.join(values)} {rows})"


@contextmanager
def all_columns(connection: Connection, stored: StoredTables) -> Iterator[None]:
    """Have queries find all tables with all columns."""

    def with_stand_ins(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        if statement.startswith("SELECT"):
            statement = f"WITH {', '.join(stored.stand_ins)} {statement}"
        return statement, parameters

    if not stored.stand_ins:
        yield
        return
    event.listen(connection, "before_cursor_execute", with_stand_ins, retval=True)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", with_stand_ins)
