"""Add one run to the ledger: its rows, then the run itself, chained to the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from asnrules.audit.ledger import (
    CATALOG,
    SECTIONS,
    RowsDigest,
    entry_rows,
    head,
    header_of,
    ruleset_of,
    run_digest,
)
from asnrules.canonical import canonical
from asnrules.database.bulk import insert_rows
from asnrules.database.guards import lifted
from asnrules.database.locks import take_ledger
from asnrules.database.schema import (
    association_members,
    associations,
    decisions,
    exposures,
    pools,
    run_pools,
    runs,
    traces,
)
from asnrules.pools import Pool

APART = ("filename", "program", "asn_candidate")
"""Keywords that have columns of their own in the table of exposures."""

NULL = "null"
"""How a pool writes that there is no value; it is left out of the record, as the columns of a pool
tell such a cell from a missing column."""

_BATCH = 10_000
_BULK = (exposures, decisions, associations, association_members)


class Recording:
    """A run that is being added to the ledger.

    Attributes
    ----------
    run_id : int
        Its number.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        last = head(connection)
        self.run_id = last.run_id + 1
        self._previous = last.digest
        self._digests = {table.name: RowsDigest() for table in SECTIONS}

    def add(self, table: Table, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows to a section.

        Parameters
        ----------
        table : Table
            One of the tables of the record.
        rows : iterable of sequence
            A value for each of its columns, in the order of the key, later ones after those
            that were added before: text, integers, booleans and None.
        """
        digest = self._digests[table.name]
        rows = iter(rows)
        while batch := list(islice(rows, _BATCH)):
            digest.add(batch)
            insert_rows(self._connection, table, batch)

    def add_pools(self, given: Sequence[Pool]) -> list[int]:
        """Add pools with their exposures, each once however often it is run; give their ids."""
        following = self._next(pools.c.pool_id)
        ids = []
        for pool in given:
            keywords = json.dumps(pool.keywords)
            pool_id = self._connection.execute(
                select(pools.c.pool_id).where(
                    pools.c.sha256 == pool.sha256, pools.c.keywords == keywords
                )
            ).scalar()
            if pool_id is None:
                pool_id, following = following, following + 1
                columns = json.dumps(pool.columns)
                row = (pool_id, pool.sha256, keywords, columns, len(pool.rows), self.run_id)
                self.add(pools, [row])
                self.add(exposures, _exposure_rows(pool_id, pool))
            ids.append(int(pool_id))
        self.add(
            run_pools,
            [
                (self.run_id, position, pool_id, pool.name)
                for position, (pool_id, pool) in enumerate(zip(ids, given, strict=True), 1)
            ],
        )
        return ids

    def add_traces(self, ruleset_id: int, found: Mapping[str, Sequence[Any]]) -> dict[str, int]:
        """Add the traces that are new for a ruleset.

        Parameters
        ----------
        ruleset_id : int
            The ruleset.
        found : mapping
            From the signature to what the columns after it hold.

        Returns
        -------
        dict of str to int
            From the signature to the id of the trace.
        """
        statement = select(traces.c.signature, traces.c.trace_id).where(
            traces.c.ruleset_id == ruleset_id
        )
        known = {row.signature: row.trace_id for row in self._connection.execute(statement)}
        following = self._next(traces.c.trace_id)
        added = [signature for signature in found if signature not in known]
        known |= {signature: number for number, signature in enumerate(added, following)}
        self.add(
            traces,
            [
                (known[signature], ruleset_id, signature, *found[signature], self.run_id)
                for signature in added
            ],
        )
        return known

    def seal(self, values: Mapping[str, Any]) -> None:
        """Add the run itself, after which nothing can join it.

        Parameters
        ----------
        values : mapping
            What the columns of the run hold but for its number and digests.
        """
        run = {"run_id": self.run_id, **values}
        ruleset, checksum = ruleset_of(self._connection, values["ruleset_id"])
        catalog = RowsDigest()
        catalog.add(entry_rows(self._connection))
        sections = {name: digest.finished() for name, digest in self._digests.items()}
        sections[CATALOG] = catalog.finished()
        self._connection.execute(
            insert(runs).values(
                **run,
                section_digests=canonical(sections).decode(),
                previous_digest=self._previous,
                digest=run_digest(header_of(run, ruleset, checksum), sections, self._previous),
            )
        )

    def _next(self, key: Any) -> int:
        """Give the next free number of a table; no other run can take it meanwhile."""
        last = self._connection.execute(select(func.max(key))).scalar()
        return int(last or 0) + 1


@contextmanager
def recording(connection: Connection) -> Iterator[Recording]:
    """Take the ledger's turn and add a run to it.

    Parameters
    ----------
    connection : Connection
        In a writing transaction, which the caller commits.

    Yields
    ------
    Recording
        To be filled and sealed.
    """
    take_ledger(connection)
    with lifted(connection, _BULK):
        yield Recording(connection)


def _exposure_rows(pool_id: int, pool: Pool) -> Iterable[tuple[Any, ...]]:
    places = {keyword: place for place, keyword in enumerate(pool.keywords)}
    filename, program, candidate = (places[keyword] for keyword in APART)
    rest = [(json.dumps(name) + ":", place) for name, place in places.items() if name not in APART]
    exp_type = places["exp_type"]
    # Values repeat a thousand times over, so each is written as JSON once.
    encoded: dict[str | None, str | None] = {None: None, NULL: None}
    for position, row in enumerate(pool.rows, 1):
        parts = []
        for name, place in rest:
            value = row[place]
            if value not in encoded:
                encoded[value] = json.dumps(value)
            text = encoded[value]
            if text is not None:
                parts.append(name + text)
        yield (
            pool_id,
            position,
            row[filename],
            row[program],
            (row[exp_type] or "").upper() or None,
            row[candidate],
            "{" + ",".join(parts) + "}",
        )
