"""Rulesets in tables: put one in as a draft, publish it, load it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Table, delete, insert, select, update

from asnrules.catalog.entries import add_entries
from asnrules.database.bulk import insert_rows, lifted
from asnrules.database.schema.catalog import ruleset_files, rulesets
from asnrules.database.schema.columns import metadata
from asnrules.database.stored import as_stored, with_flags
from asnrules.errors import RulesetError
from asnrules.rules import model
from asnrules.rules.checksums import changes_checksum, rows_checksum
from asnrules.rules.from_rows import from_rows
from asnrules.rules.model import AnyRuleset, Ruleset
from asnrules.rules.rows import Row, Rows, row_tables, to_rows


def insert_draft(connection: Connection, ruleset: AnyRuleset) -> int:
    """Put a ruleset into the tables, as a draft with its files, and give its id.

    It is a RulesetError if it implements a ruleset that is not there.
    """
    (key,) = insert_drafts(connection, [ruleset])
    return key


def insert_drafts(connection: Connection, drafts: Iterable[AnyRuleset]) -> list[int]:
    """Put rulesets into the tables, those that others refer to first; see `insert_draft`."""
    keys = []
    known = _known(connection)
    statement = insert(rulesets).returning(rulesets.c.ruleset_id)
    # Once for each table, as a statement takes longer than its rows.
    all_rows: Rows = defaultdict(list)
    for ruleset in drafts:
        rows = to_rows(ruleset)
        header = _header(known, ruleset, rows)
        key = int(connection.execute(statement, {**header, "status": "draft"}).scalar_one())
        known[ruleset.label] = _Known(key, header["checksum"], header["changes_checksum"])
        keys.append(key)
        for name, owned in _owned(key, ruleset, rows):
            all_rows[name] += owned
    _insert(connection, all_rows)
    return keys


def replace_draft(connection: Connection, key: int, ruleset: AnyRuleset) -> None:
    """Put other content into a draft, which keeps its id; see `insert_draft`."""
    _delete_rows(connection, key, ruleset.kind)
    rows = to_rows(ruleset)
    _insert(connection, dict(_owned(key, ruleset, rows)))
    values = _header(_known(connection), ruleset, rows)
    connection.execute(update(rulesets).where(rulesets.c.ruleset_id == key).values(**values))


def delete_draft(connection: Connection, key: int) -> None:
    """Remove a draft with all its rows."""
    kind = connection.scalar(select(rulesets.c.kind).where(rulesets.c.ruleset_id == key))
    _delete_rows(connection, key, str(kind))
    connection.execute(delete(rulesets).where(rulesets.c.ruleset_id == key))


def _delete_rows(connection: Connection, key: int, kind: str) -> None:
    for name in (ruleset_files.name, *reversed(row_tables(kind))):
        table = metadata.tables[name]
        connection.execute(delete(table).where(table.c.ruleset_id == key))


def update_dates(connection: Connection, key: int, ruleset: AnyRuleset) -> None:
    """Give a draft the dates of a ruleset."""
    values = {name: getattr(ruleset, name) for name in ("effective_from", "effective_until")}
    connection.execute(update(rulesets).where(rulesets.c.ruleset_id == key).values(**values))


class _Known(NamedTuple):
    """A ruleset that others may implement or extend."""

    ruleset_id: int
    checksum: str
    changes_checksum: str | None


def _known(connection: Connection) -> dict[str, _Known]:
    """Give the rulesets that are there by their labels."""
    columns = (rulesets.c.label, *(rulesets.c[name] for name in _Known._fields))
    return {label: _Known(*rest) for label, *rest in connection.execute(select(*columns))}


def _header(known: Mapping[str, _Known], ruleset: AnyRuleset, rows: Rows) -> dict[str, Any]:
    header: dict[str, Any] = {**ruleset.header(), "kind": ruleset.kind}
    for word in ("implements", "extends"):
        label = header[word]
        if label is not None and label not in known:
            raise RulesetError(
                f"{ruleset.label} {word} {label!r}, which is not in the catalog; "
                "load that one first"
            )
        header[word] = None if label is None else known[label].ruleset_id
    parent = None if ruleset.extends is None else known[ruleset.extends][1:]
    header["checksum"] = rows_checksum(ruleset.kind, ruleset.header(), rows)
    is_table = isinstance(ruleset, model.Table)
    header["changes_checksum"] = None if is_table else changes_checksum(parent, rows)
    return header


def _owned(key: int, ruleset: AnyRuleset, rows: Rows) -> Iterator[tuple[str, list[Row]]]:
    """Give the rows of a ruleset by table, with its id, and its files."""
    for name, found in rows.items():
        yield name, [{"ruleset_id": key, **row} for row in found]
    files = ruleset.files if isinstance(ruleset, Ruleset) else {}
    yield (
        ruleset_files.name,
        [{"ruleset_id": key, "path": path, "text": text} for path, text in files.items()],
    )


def _insert(connection: Connection, rows: Rows) -> None:
    tables = {metadata.tables[name]: found for name, found in rows.items() if found}
    # What the triggers look for cannot be: the rows are of drafts.
    with lifted(connection, [*tables]):
        for table, found in tables.items():
            columns = table.columns.keys()
            insert_rows(connection, table, [[row[column] for column in columns] for row in found])


def publish(
    connection: Connection,
    keys: Collection[int],
    moment: dt.datetime,
    *,
    by: str | None = None,
    retroactive: str | None = None,
) -> None:
    """Publish drafts at an aware moment: from here on the database refuses any change of them.

    It is on record who does, and why, if what was in force on past days becomes another.
    """
    chosen = rulesets.c.ruleset_id.in_(keys)
    values = {
        "status": "published",
        "published_at": moment,
        "published_by": by,
        "retroactive": retroactive,
    }
    connection.execute(update(rulesets).where(chosen).values(**values))
    labels = connection.execute(select(rulesets.c.label).where(chosen))
    add_entries(connection, rulesets, labels.scalars())


class Period(NamedTuple):
    """When a published ruleset is in force; without an end, until the next of its kind is."""

    label: str
    effective_from: dt.date
    effective_until: dt.date | None


def periods(connection: Connection, kind: str) -> list[Period]:
    """Give the periods of the published rulesets of a kind, as they were published."""
    columns = rulesets.c
    statement = select(*(columns[name] for name in Period._fields)).where(
        columns.kind == kind, columns.status == "published", columns.effective_from.is_not(None)
    )
    return [Period(*row) for row in connection.execute(statement)]


def ruleset_ids(connection: Connection) -> dict[str, int]:
    """Give the ids of all rulesets by their labels, drafts included."""
    found = connection.execute(select(rulesets.c.label, rulesets.c.ruleset_id))
    return {label: key for label, key in found}  # noqa: C416


# ------------------------------------------------------------------------- load


class StoredRows(NamedTuple):
    """A ruleset as stored; the owner of the database can change it."""

    kind: str
    header: dict[str, Any]
    rows: Rows
    parent: tuple[str, str] | None
    """The checksums of the ruleset that it extends."""

    def checksums(self) -> tuple[str, str | None]:
        """Give the checksums of the rows that are there: of what they decide, and of changes."""
        content = rows_checksum(self.kind, self.header, self.rows)
        # A table has neither, whatever stands there.
        has_none = self.kind == model.Table.kind and self.parent is None
        return content, None if has_none else changes_checksum(self.parent, self.rows)


def load(connection: Connection, key: int) -> AnyRuleset:
    """Load a ruleset from its tables, without its files.

    It is a RulesetError if the engine cannot run its rules; see `from_rows`.
    """
    return from_rows(*stored_rows(connection, [key])[key][:3])


def load_rules(connection: Connection, key: int) -> Ruleset:
    """Load rules; see `load`."""
    (ruleset,) = load_all_rules(connection, [key])
    return ruleset


def load_all_rules(connection: Connection, keys: Sequence[int]) -> list[Ruleset]:
    """Load the rules of several rulesets, in the order of these; see `load`."""
    rows = stored_rows(connection, keys)
    rulesets = [from_rows(*rows[key][:3]) for key in keys]
    assert all(isinstance(one, Ruleset) for one in rulesets)  # noqa: S101
    return cast("list[Ruleset]", rulesets)


def load_table(connection: Connection, key: int) -> model.Table:
    """Load a table; see `load`."""
    table = load(connection, key)
    assert isinstance(table, model.Table)  # noqa: S101
    return table


def stored_rows(connection: Connection, keys: Collection[int]) -> dict[int, StoredRows]:
    """Give the rows of rulesets by their ids, as they are stored."""
    other, parent = rulesets.alias(), rulesets.alias()
    own = ("ruleset_id", "kind", "label", "title", "source", "effective_from", "effective_until")
    headers = connection.execute(
        select(
            *(rulesets.c[name] for name in own),
            other.c.label.label("implements"),
            parent.c.label.label("extends"),
            parent.c.checksum,
            parent.c.changes_checksum,
        )
        .select_from(rulesets.outerjoin(other, other.c.ruleset_id == rulesets.c.implements))
        .outerjoin(parent, parent.c.ruleset_id == rulesets.c.extends)
        .where(rulesets.c.ruleset_id.in_(keys))
    )
    found = {}
    for row in headers:
        header = row._asdict()
        sums = header.pop("checksum"), header.pop("changes_checksum")
        key, kind = header.pop("ruleset_id"), header.pop("kind")
        found[key] = StoredRows(kind, header, {}, None if header["extends"] is None else sums)
    names = {name: None for stored in found.values() for name in row_tables(stored.kind)}
    for name in names:
        rows = _rows(connection, metadata.tables[name], found)
        for key, stored in found.items():
            if name in row_tables(stored.kind):
                stored.rows[name] = rows.get(key, [])
    return found


def stored_files(connection: Connection, key: int) -> dict[str, str]:
    """Give the files that rules were written in."""
    statement = select(ruleset_files.c.path, ruleset_files.c.text)
    rows = connection.execute(statement.where(ruleset_files.c.ruleset_id == key))
    return {path: text for path, text in rows}  # noqa: C416


def stored_checksums(connection: Connection, key: int) -> tuple[str, str | None]:
    """Give the checksums that were stored with a ruleset; see `StoredRows.checksums`."""
    columns = select(rulesets.c.checksum, rulesets.c.changes_checksum)
    row = connection.execute(columns.where(rulesets.c.ruleset_id == key)).one()
    return row.checksum, row.changes_checksum


def _rows(connection: Connection, table: Table, keys: Collection[int]) -> dict[int, list[Row]]:
    """Give the rows of rulesets in a table, by ruleset."""
    names = table.columns.keys()
    columns = (as_stored(connection, column) for column in table.columns)
    statement = (
        select(*columns).where(table.c.ruleset_id.in_(keys)).order_by(*table.primary_key.columns)
    )
    found: dict[int, list[Row]] = {}
    for values in with_flags(list(table.columns), connection.execute(statement).all()):
        row = dict(zip(names, values, strict=True))
        found.setdefault(row.pop("ruleset_id"), []).append(row)
    return found
