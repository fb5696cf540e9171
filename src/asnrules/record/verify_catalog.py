"""Verify rulesets, with all their rows, and vocabulary: answers rest on them as on the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, Connection, select

from asnrules.catalog import store
from asnrules.catalog.entries import ENTRY_TABLES, VOCABULARY, current_digests
from asnrules.database.guards import PUBLISHED
from asnrules.database.schema.all_tables import metadata
from asnrules.database.schema.catalog import catalog_entries, ruleset_files, rulesets
from asnrules.database.stored import Finding, as_stored, shown, unreadable
from asnrules.record.chain import count_without
from asnrules.rules.rows import ROW_TABLES

_ENTRY_TABLES = {table.name for table in ENTRY_TABLES}
_KINDS = {table: kind for kind, tables in ROW_TABLES.items() for table in tables}


def ruleset_findings(connection: Connection) -> Iterator[Finding]:
    """Compare every ruleset with its checksum, drafts too; see `any_text`."""
    columns = [as_stored(connection, column) for column in rulesets.columns]
    statement = select(*columns).order_by(rulesets.c.ruleset_id)
    readable = []
    for row in connection.execute(statement).mappings().all():
        name = f"ruleset {shown(row['label'])}"
        found = list(unreadable(rulesets, [tuple(row.values())], None, name))
        yield from found
        # A day that is none cannot be made part of a content.
        if not any(one.column in ("effective_from", "effective_until") for one in found):
            readable.append(row)
    stored = store.stored_rows(connection, [row["ruleset_id"] for row in readable])
    for row in readable:
        if row["ruleset_id"] not in stored:
            # Its id is not a number: that is a finding already.
            continue
        yield from _content_findings(stored[row["ruleset_id"]], row)
    yield from unreadable(ruleset_files, connection.execute(select(ruleset_files)).all(), None)
    for table, count in connection.execute(_strays()):
        if count:
            text = f"{count} rows belong to no ruleset that can have them"
            yield Finding(None, table, None, text)


def _content_findings(stored: store.StoredRows, row: Mapping[Any, Any]) -> Iterator[Finding]:
    name = f"ruleset {shown(row['label'])}"
    # The checksum is of the label that it implements, which a number that leads nowhere has not.
    for word in ("implements", "extends"):
        if stored.header[word] is None and row[word] is not None:
            text = f"{name}: it {word} ruleset {row[word]}, which is not there"
            yield Finding(None, rulesets.name, None, text)
    content, changes = stored.checksums()
    findings = [
        f"{name}: {what} do not match its checksum"
        for what, found, column in (
            ("its rows, or its table,", content, "checksum"),
            ("its changes, its releases or its parent", changes, "changes_checksum"),
        )
        if found != row[column]
    ]
    if not findings:
        return
    yield from (Finding(None, rulesets.name, None, text) for text in findings)
    for table, rows in stored.rows.items():
        names = metadata.tables[table].columns.keys()
        whole = [{**one, "ruleset_id": row["ruleset_id"]} for one in rows]
        written = [tuple(one[name] for name in names) for one in whole]
        yield from unreadable(metadata.tables[table], written, None, name)


@cache
def _strays() -> CompoundSelect[Any]:
    """Count the rows that no ruleset has, or none of this kind."""
    owners = {}
    for name in PUBLISHED:
        table = metadata.tables[name]
        owners[table] = select(rulesets).where(rulesets.c.ruleset_id == table.c.ruleset_id)
        if name in _KINDS:
            owners[table] = owners[table].where(rulesets.c.kind == _KINDS[name])
    return count_without(owners)


def entry_findings(connection: Connection, entries: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """Compare the vocabulary and the published rulesets with the entries of them, in order."""
    yield from unreadable(catalog_entries, entries, None)
    for words in VOCABULARY:
        yield from unreadable(words, connection.execute(select(words)).all(), None)
    current = current_digests(connection)
    seen = set()
    for place, (number, table, entry, sha256) in enumerate(entries, 1):
        name = f"{shown(entry)}, entry {number}"
        if number != place:
            text = f"{name}: an entry before it was removed, or its number was changed"
            yield Finding(None, catalog_entries.name, None, text)
        found = current.get((table, entry))
        seen.add((table, entry))
        if found is None:
            text = f"{name}: it was removed, or has another name"
            known = table if table in _ENTRY_TABLES else catalog_entries.name
            yield Finding(None, known, None, text)
        elif found != sha256:
            yield Finding(None, table, None, f"{name}: it was changed")
    for table, entry in sorted(set(current) - seen, key=repr):
        text = f"{shown(entry)}: it was added by other means than asnrules, or has another name"
        yield Finding(None, table, None, text)
