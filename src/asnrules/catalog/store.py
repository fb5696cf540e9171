"""Rulesets in tables: put one in as a draft, publish it, read it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select, update

from asnrules.catalog.entries import add_entries
from asnrules.database import schema
from asnrules.database.schema import ruleset_files, rulesets
from asnrules.database.stored import with_flags
from asnrules.errors import RulesetError
from asnrules.rules.content import Rows, RulesetContent


def insert_draft(connection: Connection, content: RulesetContent) -> int:
    """Put a ruleset into the tables, as a draft.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    content : RulesetContent
        The ruleset.

    Returns
    -------
    int
        The id of the ruleset.

    Raises
    ------
    RulesetError
        If it implements a ruleset that is not there.
    """
    key = connection.execute(
        insert(rulesets)
        .values(status="draft", **_header(connection, content))
        .returning(rulesets.c.ruleset_id)
    ).scalar_one()
    _insert_rows(connection, int(key), content)
    return int(key)


def replace_draft(connection: Connection, key: int, content: RulesetContent) -> None:
    """Put other content into a draft, which keeps its id; see `insert_draft`."""
    for name in ("ruleset_files", *reversed(content.table_names)):
        table = schema.metadata.tables[name]
        connection.execute(delete(table).where(table.c.ruleset_id == key))
    update_header(connection, key, content)
    _insert_rows(connection, key, content)


def update_header(connection: Connection, key: int, content: RulesetContent) -> None:
    """Give a draft another header, and the checksum that goes with it; its rows stay."""
    connection.execute(
        update(rulesets).where(rulesets.c.ruleset_id == key).values(**_header(connection, content))
    )


def _header(connection: Connection, content: RulesetContent) -> dict[str, Any]:
    implements = None
    if content.implements is not None:
        implements = ruleset_id(connection, content.implements)
        if implements is None:
            raise RulesetError(
                f"{content.label} implements {content.implements!r}, which is not in the catalog; "
                "load that one first"
            )
    return {
        "label": content.label,
        "kind": content.kind,
        "title": content.title,
        "source": content.source,
        "effective_from": content.effective_from,
        "effective_until": content.effective_until,
        "implements": implements,
        "checksum": content.checksum(),
    }


def _insert_rows(connection: Connection, key: int, content: RulesetContent) -> None:
    for name in content.table_names:
        rows = [{"ruleset_id": key, **row} for row in content.tables[name]]
        if rows:
            connection.execute(insert(schema.metadata.tables[name]), rows)
    files = [
        {"ruleset_id": key, "path": path, "text": text} for path, text in content.files.items()
    ]
    if files:
        connection.execute(insert(ruleset_files), files)


def publish(connection: Connection, key: int, moment: dt.datetime) -> None:
    """Publish a draft: from here on the database refuses any change of it.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    key : int
        The id of the ruleset.
    moment : datetime
        When it is published; aware.
    """
    connection.execute(
        update(rulesets)
        .where(rulesets.c.ruleset_id == key)
        .values(status="published", published_at=moment)
    )
    label = connection.execute(select(rulesets.c.label).where(rulesets.c.ruleset_id == key))
    add_entries(connection, rulesets, label.scalars())


def ruleset_id(connection: Connection, label: str) -> int | None:
    """Give the id of a ruleset; None if there is none of that label."""
    return connection.execute(
        select(rulesets.c.ruleset_id).where(rulesets.c.label == label)
    ).scalar()


class Period(NamedTuple):
    """When a published ruleset is in force; without an end, until the next of its kind is."""

    label: str
    effective_from: dt.date
    effective_until: dt.date | None


def periods(connection: Connection, kind: str) -> list[Period]:
    """Give the periods of the published rulesets of a kind, as they were published."""
    columns = (rulesets.c.label, rulesets.c.effective_from, rulesets.c.effective_until)
    statement = select(*columns).where(rulesets.c.kind == kind, rulesets.c.status == "published")
    return [Period(*row) for row in connection.execute(statement)]


def labels(connection: Connection) -> set[str]:
    """Give the labels of all rulesets, drafts included."""
    return set(connection.execute(select(rulesets.c.label)).scalars())


def read_content(connection: Connection, key: int) -> RulesetContent:
    """Read a ruleset back from its tables.

    Parameters
    ----------
    connection : Connection
        Any.
    key : int
        The id of the ruleset.
    """
    return read_contents(connection, [key])[key]


def read_contents(connection: Connection, keys: Collection[int]) -> dict[int, RulesetContent]:
    """Read several rulesets back, table by table; see `read_content`."""
    other = rulesets.alias()
    headers = connection.execute(
        select(
            rulesets.c.ruleset_id,
            rulesets.c.label,
            rulesets.c.kind,
            rulesets.c.title,
            rulesets.c.source,
            rulesets.c.effective_from,
            rulesets.c.effective_until,
            other.c.label.label("implements"),
        )
        .select_from(rulesets.outerjoin(other, other.c.ruleset_id == rulesets.c.implements))
        .where(rulesets.c.ruleset_id.in_(keys))
    )
    found = {}
    for row in headers:
        header = row._asdict()
        key = header.pop("ruleset_id")
        found[key] = RulesetContent(**header, tables={})
    names = {name: None for content in found.values() for name in content.table_names}
    rows = {name: _rows(connection, schema.metadata.tables[name], found) for name in names}
    for key, content in found.items():
        content.tables.update({name: rows[name].get(key, []) for name in content.table_names})
    statement = select(ruleset_files).where(ruleset_files.c.ruleset_id.in_(found))
    for key, path, text in connection.execute(statement):
        found[key].files[path] = text
    return found


def stored_checksum(connection: Connection, key: int) -> str:
    """Give the checksum that was stored with a ruleset."""
    statement = select(rulesets.c.checksum).where(rulesets.c.ruleset_id == key)
    return str(connection.execute(statement).scalar_one())


def _rows(connection: Connection, table: Table, keys: Collection[int]) -> dict[int, Rows]:
    """Give the rows of rulesets in a table, by ruleset."""
    names = table.columns.keys()
    statement = (
        select(table).where(table.c.ruleset_id.in_(keys)).order_by(*table.primary_key.columns)
    )
    found: dict[int, Rows] = {}
    for values in with_flags(list(table.columns), connection.execute(statement).all()):
        row = dict(zip(names, values, strict=True))
        found.setdefault(row.pop("ruleset_id"), []).append(row)
    return found
