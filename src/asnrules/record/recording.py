"""Add one run to the ledger: its rows, then the run itself, chained to the one before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice, zip_longest
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from asnrules.database.bulk import insert_rows, lifted
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
from asnrules.record.ledger import (
    CATALOG,
    SECTIONS,
    RowsDigest,
    entry_rows,
    head,
    header_of,
    ruleset_of,
    run_digest,
)
from asnrules.util.canonical import canonical
from asnrules.util.text import program_name

APART = ("filename", "program", "asn_candidate")
"""Keywords that have columns of their own in the table of exposures.

A program that a pool does not write with five digits is among the other keywords as well, as
written.
"""

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
            pool_id, count = self._recorded(pool, keywords)
            if pool_id is None:
                pool_id, following = following, following + 1
                columns = json.dumps(pool.columns)
                told = _told_apart(keywords, count)
                row = (pool_id, pool.sha256, told, columns, len(pool.rows), self.run_id)
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

    def _recorded(self, pool: Pool, keywords: str) -> tuple[int | None, int]:
        """Give the id of a pool that is on record as it is read now.

        An older version may have read the same file otherwise, and who may record may have put
        another pool there under its digest. With the id, how many such there are.
        """
        statement = select(pools.c.pool_id, pools.c.keywords, pools.c.column_names).where(
            pools.c.sha256 == pool.sha256
        )
        found = [
            row for row in self._connection.execute(statement) if row.keywords.rstrip() == keywords
        ]
        for row in found:
            if row.column_names == json.dumps(pool.columns) and self._has_exposures(
                row.pool_id, pool
            ):
                return row.pool_id, len(found)
        return None, len(found)

    def _has_exposures(self, pool_id: int, pool: Pool) -> bool:
        statement = (
            select(*exposures.c)
            .where(exposures.c.pool_id == pool_id)
            .order_by(exposures.c.position)
            .execution_options(yield_per=_BATCH)
        )
        with self._connection.execute(statement) as found:
            pairs = zip_longest(found, _exposure_rows(pool_id, pool))
            return all(kept is not None and tuple(kept) == row for kept, row in pairs)

    def add_traces(self, ruleset_id: int, found: Mapping[str, Sequence[Any]]) -> dict[str, int]:
        """Add the traces that are new for a ruleset.

        Those are new, too, that another version has explained otherwise.

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
        # Without the run that added it.
        columns = list(traces.c)[:-1]
        statement = select(*columns).where(traces.c.ruleset_id == ruleset_id)
        known: dict[tuple[Any, ...], int] = {}
        counts: Counter[str] = Counter()
        for trace_id, _, told, *values in self._connection.execute(statement):
            signature = told.rstrip()
            known[signature, *values] = trace_id
            counts[signature] += 1
        following = self._next(traces.c.trace_id)
        ids = {signature: known.get((signature, *found[signature])) for signature in found}
        added = [signature for signature, number in ids.items() if number is None]
        numbers = dict(enumerate(added, following))
        self.add(
            traces,
            [
                (
                    number,
                    ruleset_id,
                    _told_apart(signature, counts[signature]),
                    *found[signature],
                    self.run_id,
                )
                for number, signature in numbers.items()
            ],
        )
        return {
            **{signature: number for signature, number in ids.items() if number is not None},
            **{signature: number for number, signature in numbers.items()},
        }

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


def stored_program(program: str | None) -> str | None:
    """Write a program as its column has it: with five digits."""
    return None if program in (None, NULL) else program_name(program)


def _told_apart(text: str, count: int) -> str:
    """Write JSON of which there are so many already as another text that means the same.

    The tables take each text once, for each digest of a pool or ruleset.
    """
    return text + " " * count


def _exposure_rows(pool_id: int, pool: Pool) -> Iterable[tuple[Any, ...]]:
    places = {keyword: place for place, keyword in enumerate(pool.keywords)}
    filename, program, candidate = (places[keyword] for keyword in APART)
    rest = [(json.dumps(name) + ":", place) for name, place in places.items() if name not in APART]
    exp_type = places["exp_type"]
    # Values repeat a thousand times over, so each is written as JSON once.
    encoded: dict[str | None, str | None] = {None: None, NULL: None}
    programs = {row[program]: stored_program(row[program]) for row in pool.rows}
    for position, row in enumerate(pool.rows, 1):
        parts = []
        for name, place in rest:
            value = row[place]
            if value not in encoded:
                encoded[value] = json.dumps(value)
            text = encoded[value]
            if text is not None:
                parts.append(name + text)
        number = programs[row[program]]
        if number is not None and number != row[program]:
            parts.append('"program":' + json.dumps(row[program]))
        yield (
            pool_id,
            position,
            row[filename],
            number,
            (row[exp_type] or "").upper() or None,
            row[candidate],
            "{" + ",".join(parts) + "}",
        )
