"""The pools of a recorded run, as they were when it was run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from asnrules.database.schema import exposures, pools, run_pools
from asnrules.database.stored import read_stored
from asnrules.pools import Pool, parse_candidates
from asnrules.record.recording import APART, NULL

_BATCH = 10_000


def stored_pools(
    connection: Connection,
    run_id: int,
    keywords: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> list[Pool]:
    """Give the pools of a run, with everything that rules look at.

    Parameters
    ----------
    connection : Connection
        Any.
    run_id : int
        The run.
    keywords : sequence of str
        The keywords that the rows are to hold, in lower case. One that is not on record has no
        value; see `unrecorded`.
    progress : callable, optional
        Told the exposures that are read and all there are.

    Returns
    -------
    list of Pool
        In the order in which they were given; none for a run without pools.
    """
    statement = (
        select(run_pools.c.name, pools)
        .join(pools, pools.c.pool_id == run_pools.c.pool_id)
        .where(run_pools.c.run_id == run_id)
        .order_by(run_pools.c.position)
    )
    found = connection.execute(statement).mappings().all()
    total = sum(row["exposure_count"] for row in found)
    shared: dict[str, str] = {}
    given = []
    done = 0
    for row in found:
        rows: list[tuple[str | None, ...]] = []
        for batch in _rows(connection, row, keywords, shared):
            rows += batch
            if progress is not None:
                progress(done + len(rows), total)
        done += len(rows)
        given.append(_pool(row, keywords, rows))
    return given


def unrecorded(connection: Connection, run_id: int, keywords: Sequence[str]) -> list[str]:
    """Give the keywords that the pools of a run had, but that were not recorded.

    Programs that came before a keyword did not know that it would be needed.
    """
    statement = (
        select(pools.c.keywords, pools.c.column_names)
        .join(run_pools, run_pools.c.pool_id == pools.c.pool_id)
        .where(run_pools.c.run_id == run_id)
    )
    lost: set[str] = set()
    for recorded, columns in connection.execute(statement):
        of = f"run {run_id}"
        had = set(read_stored(pools.c.column_names, columns, of))
        lost |= (set(keywords) & had) - set(read_stored(pools.c.keywords, recorded, of))
    return sorted(lost)


def _pool(
    row: Mapping[Any, Any], keywords: Sequence[str], rows: list[tuple[str | None, ...]]
) -> Pool:
    place = list(keywords).index("asn_candidate")
    texts = {text for values in rows if (text := values[place]) is not None}
    return Pool(
        name=row["name"],
        sha256=row["sha256"],
        columns=tuple(_names(row, "column_names")),
        keywords=tuple(keywords),
        rows=rows,
        candidates={text: parse_candidates(text) for text in texts},
    )


def _names(pool: Mapping[Any, Any], column: str) -> list[str]:
    of = f"pool {pool['pool_id']}"
    found: list[str] = read_stored(pools.c[column], pool[column], of)
    return found


def _rows(
    connection: Connection, pool: Mapping[Any, Any], keywords: Sequence[str], shared: dict[str, str]
) -> Iterator[list[tuple[str | None, ...]]]:
    """Give the rows of a pool, some thousands at a time; equal values share one object."""
    recorded, columns = set(_names(pool, "keywords")), set(_names(pool, "column_names"))
    # Null cells are left out of the record, as there are so many of them.
    blanks = [(name, NULL if name in columns & recorded else None) for name in keywords]
    statement = (
        select(exposures.c.keyword_values, *(exposures.c[name] for name in APART))
        .where(exposures.c.pool_id == pool["pool_id"])
        .order_by(exposures.c.position)
        .execution_options(yield_per=_BATCH)
    )
    for batch in connection.execute(statement).partitions():
        rows = []
        for text, *apart in batch:
            values = {**dict(zip(APART, apart, strict=True)), **json.loads(text)}
            rows.append(
                tuple(
                    blank
                    if (value := values.get(name)) is None
                    else shared.setdefault(value, value)
                    for name, blank in blanks
                )
            )
        yield rows
