"""The ledger: what of the record belongs to a run, and the digests that chain the runs.

Each row of the record belongs to one run: the one that brought it. A run's rows fall into
*sections*, one for each table. The digest of a section is the SHA-256 of its rows in the order of
the key, written as one JSON array of arrays, in ASCII, without spaces. The digest of a run is that
of its header, its section digests and the digest of the run before it. So to change,
add, remove or reorder anything changes every digest from there on.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)

from asnrules.database.schema.catalog import catalog_entries, rulesets
from asnrules.database.schema.record import (
    association_members,
    associations,
    decisions,
    exposures,
    imported_associations,
    pools,
    run_pools,
    runs,
    traces,
)
from asnrules.database.stored import Finding, as_stored, read_stored, unreadable, with_flags
from asnrules.database.types import MOMENT
from asnrules.errors import StoredValueError
from asnrules.util.canonical import canonical, digest_of
from asnrules.util.results import Tabular

GENESIS = "0" * 64
"""What stands for the digest before the first run."""

SECTIONS = (
    pools,
    exposures,
    traces,
    run_pools,
    decisions,
    associations,
    association_members,
    imported_associations,
)
"""The tables with what belongs to a run, those referred to before those that refer."""

CATALOG = "catalog_entries"
"""The section with what the catalog has had: all its entries up to then, of which the first may be
covered by earlier runs as well. Runs from before there were entries have none."""

CHAINED = ("section_digests", "previous_digest", "digest")
"""The columns of a run that are not in its header, as they are made from it."""

_BATCH = 10_000
_NUMBERS = 2**63 - 1

_MANY = 500
"""From so many rows on, the import of a faster library pays."""


class RowsDigest:
    """The digest of rows that are added in the order of their key."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256(b"[")

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Add rows of text, integers, booleans and None."""
        if rows:
            inner = _canonical_rows(rows)[1:-1]
            self._hash.update((b"," if self.count else b"") + inner)
            self.count += len(rows)

    def finished(self) -> list[int | str]:
        """Give the number of rows and the digest of all, in hexadecimal."""
        whole = self._hash.copy()
        whole.update(b"]")
        return [self.count, whole.hexdigest()]


def digest_of_rows(rows: Sequence[Sequence[Any]]) -> list[int | str]:
    """Give the number of rows and their digest."""
    digest = RowsDigest()
    digest.add(rows)
    return digest.finished()


class _Head(NamedTuple):
    run_id: int
    digest: str


class Head(_Head, Tabular):
    """The last run of a ledger; the number 0 and `GENESIS` where there is none yet."""

    __slots__ = ()


NOTHING = Head(0, GENESIS)
"""The head of an empty ledger."""


def _canonical_rows(rows: Sequence[Sequence[Any]]) -> bytes:
    """Write rows as `canonical` does, many of them in a tenth of the time."""
    if len(rows) >= _MANY:
        import orjson

        try:
            written = orjson.dumps(rows)
        except orjson.JSONEncodeError:
            # A number of more than 64 bits, or half a character: nothing that was recorded.
            return canonical(rows)
        # It leaves as they are what is no ASCII, and DEL; the ledger's form escapes them.
        if written.isascii() and b"\x7f" not in written:
            return written
    return canonical(rows)


def run_digest(
    header: Mapping[str, Any], sections: Mapping[str, Sequence[int | str]], previous: str
) -> str:
    """Give the digest of a run, in hexadecimal, from its header and what `RowsDigest` gives."""
    return digest_of({"run": header, "sections": sections, "previous": previous})


def header_of(run: Mapping[str, Any], ruleset: str | None, checksum: str | None) -> dict[str, Any]:
    """Give what the digest of a run covers of the run itself, from its row."""
    header = {name: _with_text(value) for name, value in run.items() if name not in CHAINED}
    return {**header, "ruleset": ruleset, "ruleset_checksum": checksum}


def _with_text(value: Any) -> Any:
    """Write a moment as text: the same from every database."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime(MOMENT)
    return value


def ruleset_of(connection: Connection, ruleset_id: int) -> tuple[str, str]:
    """Give the label and the checksum of a ruleset."""
    found = connection.execute(
        select(rulesets.c.label, rulesets.c.checksum).where(rulesets.c.ruleset_id == ruleset_id)
    ).one()
    return found.label, found.checksum


def head(connection: Connection) -> Head:
    """Give the last run."""
    last = select(func.max(runs.c.run_id)).scalar_subquery()
    found = connection.execute(select(runs.c.run_id, runs.c.digest).where(runs.c.run_id == last))
    row = found.one_or_none()
    return NOTHING if row is None else Head(row.run_id, row.digest)


class StoredRun(NamedTuple):
    """A run as it is stored; it may have been changed."""

    values: dict[str, Any]
    """By column; moments are text, as the header has them."""
    ruleset: str | None
    checksum: str | None
    sections: dict[str, list[Any]]
    """From each section to the count and digest of its rows, as far as they can be read."""

    @property
    def header(self) -> dict[str, Any]:
        """What the digest covers of the run itself."""
        return header_of(self.values, self.ruleset, self.checksum)

    @property
    def has_sections_as_written(self) -> bool:
        """Whether the digests of its sections are written as the program does it."""
        return bool(canonical(self.sections).decode() == self.values["section_digests"])

    def unreadable(self) -> Iterator[Finding]:
        """Find the columns of it that cannot be read."""
        run_id = self.values["run_id"]
        return unreadable(runs, [tuple(self.values.values())], run_id, f"run {run_id}")


def stored_runs(connection: Connection) -> list[StoredRun]:
    """Give all runs in order, within `any_text`."""
    columns = [as_stored(connection, column) for column in runs.columns]
    statement = (
        select(*columns, rulesets.c.label, rulesets.c.checksum)
        .select_from(runs.outerjoin(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id))
        .order_by(runs.c.run_id)
    )
    found = []
    for row in connection.execute(statement).mappings():
        values = dict(row)
        label, checksum = values.pop("label"), values.pop("checksum")
        found.append(StoredRun(values, label, checksum, _sections(values["section_digests"])))
    return found


def _sections(stored: Any) -> dict[str, list[Any]]:
    try:
        found = read_stored(runs.c.section_digests, stored, "")
    except StoredValueError:
        return {}
    return {
        name: section
        for name, section in found.items()
        if len(section) == 2 and type(section[0]) is int and isinstance(section[1], str)
    }


def entry_rows(connection: Connection) -> list[tuple[Any, ...]]:
    """Give the entries of the catalog as they are digested."""
    statement = select(catalog_entries).order_by(catalog_entries.c.number)
    return [tuple(row) for row in connection.execute(statement)]


def section_rows(
    connection: Connection, table: Table, run_id: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Give the rows of a section as they are digested, some thousands at a time."""
    columns = list(table.columns)
    streaming = connection.execution_options(yield_per=_BATCH)
    for found in streaming.execute(_rows_of_run(table), {"run_id": run_id}).partitions():
        yield with_flags(columns, found)


@cache
def _rows_of_run(table: Table) -> Select[Any]:
    statement = select(table).order_by(*table.primary_key.columns)
    if table is not exposures:
        return statement.where(table.c.run_id == bindparam("run_id"))
    # Exposures belong to the run that brought their pool.
    owned = select(pools.c.pool_id).where(pools.c.run_id == bindparam("run_id"))
    return statement.where(exposures.c.pool_id.in_(owned))


def unreadable_rows(connection: Connection, table: Table, run_id: int) -> Iterator[Finding]:
    """Find the columns of a section that cannot be read, see `unreadable`."""
    for rows in section_rows(connection, table, run_id):
        yield from unreadable(table, rows, run_id)


def strays(connection: Connection, since: int = 0) -> Iterator[Finding]:
    """Find rows that belong to no run on record, but for those of a run and of earlier ones."""
    # No database has a column for larger numbers.
    values = {"since": min(since, _NUMBERS)} if since else {}
    statement = _strays_since() if since else _strays()
    for name, count in connection.execute(statement, values):
        if count:
            yield Finding(None, name, None, f"{count} rows belong to no run on record")


@cache
def _strays() -> CompoundSelect[Any]:
    return count_without(_owners())


@cache
def _strays_since() -> CompoundSelect[Any]:
    """Count those of later runs only, which are found by their keys."""
    since: BindParameter[int] = bindparam("since")
    of_before = select(func.coalesce(func.max(pools.c.pool_id), 0)).where(pools.c.run_id <= since)
    owners = _owners()
    later = {table: table.c.run_id > since for table in owners if table is not exposures}
    later[exposures] = exposures.c.pool_id > of_before.scalar_subquery()
    return count_without(owners, later)


def _owners() -> dict[Table, Select[Any]]:
    own = (table for table in SECTIONS if table is not exposures)
    owners = {table: select(runs).where(runs.c.run_id == table.c.run_id) for table in own}
    owners[exposures] = select(pools).where(pools.c.pool_id == exposures.c.pool_id)
    return owners


def count_without(
    owners: Mapping[Table, Select[Any]], only: Mapping[Table, ColumnElement[bool]] | None = None
) -> CompoundSelect[Any]:
    """Count the rows of tables, or only some of them, in one statement, that have no owner."""
    only = only or {}
    return union_all(
        *(
            select(literal_column(f"'{table.name}'"), func.count())
            .select_from(table)
            .where(~owner.exists(), *([only[table]] if table in only else []))
            for table, owner in owners.items()
        )
    )
