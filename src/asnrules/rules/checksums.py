"""The checksums of rulesets, which are those of their rows; and which rows differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from asnrules.rules.model import AnyRuleset, Ruleset
from asnrules.rules.rows import CHAIN_TABLES, ROW_TABLES, Row, Rows, row_tables, to_rows
from asnrules.util.parallel import Constant

# What is no JSON was never stored, but may be found in a database that was changed.
_WRITER = json.JSONEncoder(sort_keys=True, default=repr, separators=(",\n", ": "))


def checksum(ruleset: AnyRuleset) -> str:
    """Give the SHA-256 of what a ruleset says, in hexadecimal."""
    return rows_checksum(ruleset.kind, ruleset.header(), to_rows(ruleset))


def joint_checksum(rulesets: Iterable[AnyRuleset]) -> str:
    """Give one checksum of several rulesets, in their order."""
    return _digest([checksum(ruleset) for ruleset in rulesets])


def constant(ruleset: Ruleset) -> Constant[Ruleset]:
    """Give rules as another machine gets them, which computes their checksum as well."""
    return Constant(ruleset, checksum(ruleset), checksum)


def rows_checksum(kind: str, header: Mapping[str, Any], rows: Rows) -> str:
    """Give the checksum of rows, whatever their order.

    It is of what decides, without label, title, source, dates, changes and releases.

    Parameters
    ----------
    kind : str
        `table` or `rules`.
    header : mapping
        As `Header.header` gives it.
    """
    tables = [name for name in row_tables(kind) if name not in CHAIN_TABLES]
    return _digest([kind, header["implements"], _sorted(rows, tables)])


def changes_checksum(parent: Sequence[str | None] | None, rows: Rows) -> str:
    """Give the checksum of changes and releases, and of the parent by both its checksums."""
    tables = [name for name in CHAIN_TABLES if name in rows]
    return _digest([parent and list(parent), _sorted(rows, tables)])


def _sorted(rows: Rows, tables: Iterable[str]) -> dict[str, list[str]]:
    return {name: sorted(_written(rows[name])) for name in tables}


def _written(rows: Sequence[Row]) -> list[str]:
    """Write rows as JSON: all of a table at once, which is faster than one by one."""
    # No text in JSON has a line break, so it parts the rows, and their cells.
    parts = _WRITER.encode(rows)[2:-2].split("},\n{") if rows else []
    return ["{" + part.replace("\n", " ") + "}" for part in parts]


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def row_differences(before: Ruleset, after: Ruleset) -> Iterator[str]:
    """Say which rows one ruleset lacks, or has in addition, compared with the one before.

    Changes and releases do not count.
    """
    old, new = to_rows(before), to_rows(after)
    for table in ROW_TABLES[Ruleset.kind]:
        if table not in CHAIN_TABLES:
            one, other = (set(_written(rows[table])) for rows in (old, new))
            for words, found in (("lacks", one - other), ("has, besides,", other - one)):
                for row in sorted(found):
                    yield f"{words} a row of {table}: {row}"
