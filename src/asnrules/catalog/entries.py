"""What the catalog has had is on record: each word, and each published ruleset with its files.

An *entry* is a word of the vocabulary, or a published ruleset, with the SHA-256 of all that the
catalog says of it. Entries are numbered as they come, and never changed. Each run's digest covers
those that there were, so that whatever an answer rested on can be verified later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Table, func, insert, select

from asnrules.database.schema.catalog import (
    asn_types,
    catalog_entries,
    exp_types,
    instruments,
    keywords,
    member_types,
    ruleset_files,
    rulesets,
    specials,
)
from asnrules.database.stored import as_stored
from asnrules.util.canonical import digest_of

VOCABULARY = (instruments, exp_types, member_types, keywords, specials, asn_types)
"""The tables of words, those referred to before those that refer; their first column is the key."""

ENTRY_TABLES = (*VOCABULARY, rulesets)
"""The tables with what becomes an entry."""


SAID_OF_SOME = ("published_by", "retroactive")
"""Columns of rulesets that are in a digest only where they say something."""


def add_entries(connection: Connection, table: Table, entries: Iterable[str]) -> None:
    """Put words, or labels of published rulesets, on record; they are in their table already."""
    added = set(entries)
    number = connection.scalar(select(func.max(catalog_entries.c.number))) or 0
    rows = [
        {"number": at, "entry_table": table.name, "entry": entry, "sha256": sha256}
        for at, (entry, sha256) in enumerate(_digests(connection, table, added), number + 1)
    ]
    if rows:
        connection.execute(insert(catalog_entries), rows)


def current_digests(connection: Connection) -> dict[tuple[str, str], str]:
    """Give the digest of each word and published ruleset as it is now, by table and name."""
    return {
        (table.name, entry): sha256
        for table in ENTRY_TABLES
        for entry, sha256 in _digests(connection, table)
    }


def changed_rulesets(connection: Connection) -> list[str]:
    """Give the published rulesets that are not as their entries say, without their rows."""
    entry = catalog_entries.c
    statement = select(entry.entry, entry.sha256).where(entry.entry_table == rulesets.name)
    recorded = {label: sha256 for label, sha256 in connection.execute(statement)}  # noqa: C416
    found = _of_rulesets(connection, None)
    return [label for label, sha256 in found if recorded.get(label) != sha256]


def _digests(
    connection: Connection, table: Table, only: set[str] | None = None
) -> Iterator[tuple[str, str]]:
    """Give the digests of entries, sorted by their names."""
    if table is rulesets:
        yield from _of_rulesets(connection, only)
        return
    for row in sorted(connection.execute(select(table)).all(), key=lambda row: str(row[0])):
        if only is None or row[0] in only:
            yield row[0], digest_of(list(row))


def _of_rulesets(connection: Connection, only: set[str] | None) -> Iterator[tuple[str, str]]:
    columns = [as_stored(connection, column) for column in rulesets.columns]
    found = [dict(row) for row in connection.execute(select(*columns)).mappings()]
    labels = {row["ruleset_id"]: row["label"] for row in found}
    for row in sorted(found, key=lambda row: str(row["label"])):
        label, key = row["label"], row.pop("ruleset_id")
        if row["status"] == "draft" or (only is not None and label not in only):
            continue
        own = select(ruleset_files.c.path, ruleset_files.c.text)
        own = own.where(ruleset_files.c.ruleset_id == key)
        files = {path: text for path, text in connection.execute(own)}  # noqa: C416
        for word in ("implements", "extends"):
            row[word] = labels.get(row[word])
        for word in SAID_OF_SOME:
            if row[word] is None:
                del row[word]
        yield label, digest_of({**row, "files": files})
