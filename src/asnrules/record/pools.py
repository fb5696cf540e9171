"""The pools of runs and their exposures: as they are recorded, and read again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import compress, groupby
from json.encoder import encode_basestring_ascii
from operator import attrgetter, getitem
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, or_, select

from asnrules.database.schema.catalog import rulesets
from asnrules.database.schema.record import exposures, pools, run_pools, runs
from asnrules.database.stored import read_stored
from asnrules.engine.conditions import Row
from asnrules.pools import Pool, parse_candidates
from asnrules.util.text import program_name

OWN_COLUMNS = ("filename", "program", "asn_candidate")
"""Keywords with columns of their own. A program that a pool does not write with five digits is
among the other keywords as well, as written."""

Place = tuple[int, int]
"""Where an exposure stands: its pool, and its row there."""

OTHER_COLUMNS = "other_columns"
"""Stands among the keywords of a row that is equal to one before it, but for columns that are not
recorded: a number that tells it from those. A pool has them if its rules tell such rows apart."""

NULL = "null"
"""How a pool writes that there is no value; it is left out of the record, as the columns of a pool
tell such a cell from a missing column."""

_BATCH = 5_000
"""Rows that are held in memory at a time."""

_KEPT = 10_000
"""Values of a keyword that are kept as JSON."""

_OF_POOL = (
    pools.c.pool_id, run_pools.c.name, pools.c.sha256, pools.c.exposure_count,
    pools.c.column_names, pools.c.keywords,
)  # fmt: skip
"""What a `RecordedPool` is made of."""


class RecordedPool(NamedTuple):
    """A pool of a recorded run."""

    pool_id: int
    name: str
    """The name that it was given under."""
    sha256: str
    exposure_count: int
    column_names: list[str]
    """The columns of its file."""
    keywords: list[str]
    """Those that were looked for, and whose values are on record."""


class RunWithPools(NamedTuple):
    """A recorded run with its pools."""

    run_id: int
    ruleset: str
    options: dict[str, Any]
    pools: tuple[RecordedPool, ...]

    @property
    def pool_ids(self) -> list[int]:
        """The keys of its pools."""
        return [pool.pool_id for pool in self.pools]


class RowRange(NamedTuple):
    """Exposures that follow one another in a pool of a run."""

    pool: int
    """By its place in the run."""
    first: int
    end: int
    """The position after the last."""

    @property
    def length(self) -> int:
        """How many they are."""
        return self.end - self.first


class RecordedExposure(NamedTuple):
    """A recorded exposure: its pool, by place in the run, and its values."""

    pool: int
    row: Row


def exposure_rows(pool_id: int, pool: Pool) -> Iterator[tuple[Any, ...]]:
    """Give the exposures of a pool as they are recorded."""
    places = {keyword: place for place, keyword in enumerate(pool.keywords)}
    filename, program, candidate = (places[keyword] for keyword in OWN_COLUMNS)
    is_other = [name not in OWN_COLUMNS for name in pool.keywords]
    pairs = [_Pairs(name) for name in compress(pool.keywords, is_other)]
    exp_type = places["exp_type"]
    repeats = _repeats(pool)
    programs = {text: _program(text) for text in {row[program] for row in pool.rows}}
    for position, row in enumerate(pool.rows, 1):
        told = "".join(map(getitem, pairs, compress(row, is_other)))
        if position - 1 in repeats:
            told += f',"{OTHER_COLUMNS}":"{repeats[position - 1]}"'
        number, as_written = programs[row[program]]
        told += as_written
        yield (
            pool_id,
            position,
            row[filename],
            number,
            (row[exp_type] or "").upper() or None,
            row[candidate],
            "{" + told[1:] + "}",
        )


class _Pairs(dict[str | None, str]):
    """From the values of a keyword to both in JSON, after a comma; empty for what is not recorded.

    Most values repeat a thousand times over, so each is written once.
    """

    def __init__(self, keyword: str) -> None:
        super().__init__({None: "", NULL: ""})
        self._start = "," + json.dumps(keyword) + ":"

    def __missing__(self, value: str) -> str:
        text = self._start + encode_basestring_ascii(value)
        if len(self) < _KEPT:
            self[value] = text
        return text


def _repeats(pool: Pool) -> dict[int, int]:
    """Give numbers to rows that are equal to one before but for other columns, by place."""
    found: dict[int, int] = {}
    seen: dict[Row, dict[int, int]] = {}
    if len(pool.others) == len(pool.rows):
        for place, (row, other) in enumerate(zip(pool.rows, pool.others, strict=True)):
            numbers = seen.setdefault(row, {})
            if number := numbers.setdefault(other, len(numbers)):
                found[place] = number
    return found


def _program(text: str | None) -> tuple[str | None, str]:
    """Give what its column holds of a program, and the JSON after a comma that it does not."""
    number = stored_program(text)
    return number, "" if number in (None, text) else ',"program":' + json.dumps(text)


def stored_program(program: str | None) -> str | None:
    """Write a program as its column has it: with five digits."""
    return None if program in (None, NULL) else program_name(program)


def newest_runs(connection: Connection, since: dt.datetime | None = None) -> list[RunWithPools]:
    """Give the newest run over each pool that started at a moment or later, the newest first."""
    statement = (
        select(*_OF_POOL, runs.c.run_id, runs.c.options, rulesets.c.label)
        .select_from(runs)
        .join(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
        .join(run_pools, run_pools.c.run_id == runs.c.run_id)
        .join(pools, pools.c.pool_id == run_pools.c.pool_id)
        .order_by(runs.c.run_id.desc(), run_pools.c.position)
    )
    if since is not None:
        statement = statement.where(runs.c.started_at >= since)
    newest = []
    covered: set[int] = set()
    for run_id, group in groupby(connection.execute(statement), key=attrgetter("run_id")):
        rows = list(group)
        options = read_stored(runs.c.options, rows[0].options, f"run {run_id}")
        run = RunWithPools(run_id, rows[0].label, options, tuple(map(_pool, rows)))
        if not covered.issuperset(run.pool_ids):
            newest.append(run)
            covered.update(run.pool_ids)
    return newest


def recorded_programs(connection: Connection, run: RunWithPools) -> list[str | None]:
    """Give the programs of the exposures of a run, with five digits."""
    statement = select(exposures.c.program).where(exposures.c.pool_id.in_(run.pool_ids)).distinct()
    return list(connection.execute(statement).scalars())


def recorded_exposures(
    connection: Connection,
    run: RunWithPools,
    keywords: Sequence[str],
    programs: Collection[str | None] | None = None,
    rows: RowRange | None = None,
) -> Iterator[RecordedExposure]:
    """Give the exposures of a run, or those of programs, with five digits, or of some rows.

    Values are aligned with the keywords. The connection is busy until the last has been given.
    """
    whole = (RowRange(place, 1, pool.exposure_count + 1) for place, pool in enumerate(run.pools))
    shared: dict[str, str] = {}
    for place, first, end in [rows] if rows else whole:
        wanted = [exposures.c.position >= first, exposures.c.position < end]
        if programs is not None:
            wanted.append(_of_programs(programs))
        for row, _ in _rows(connection, run.pools[place], keywords, shared, *wanted):
            yield RecordedExposure(place, row)


def row_ranges(run: RunWithPools, length: int) -> list[RowRange]:
    """Split the exposures of a run into ranges of at most so many rows."""
    return [
        RowRange(place, first, min(first + length, pool.exposure_count + 1))
        for place, pool in enumerate(run.pools)
        for first in range(1, pool.exposure_count + 1, length)
    ]


def stored_pools(
    connection: Connection,
    run_id: int,
    keywords: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
) -> list[Pool]:
    """Give the pools of a run in the order in which they were given.

    Rows hold the keywords, in lower case. One that is not on record has no value; see `unrecorded`.
    Progress is told the exposures that are read and all there are.
    """
    found = _pools_of(connection, run_id)
    total = sum(pool.exposure_count for pool in found)
    shared: dict[str, str] = {}
    place = list(keywords).index("asn_candidate")
    done = 0
    given = []
    for pool in found:
        rows: list[Row] = []
        others: list[int] = []
        for row, other in _rows(connection, pool, keywords, shared):
            rows.append(row)
            others.append(other)
            if progress is not None and len(rows) % _BATCH == 0:
                progress(done + len(rows), total)
        done += len(rows)
        if progress is not None:
            progress(done, total)
        texts = {text for row in rows if (text := row[place]) is not None}
        candidates = {text: parse_candidates(text) for text in texts}
        names = pool.name, pool.sha256, tuple(pool.column_names), tuple(keywords)
        given.append(Pool(*names, rows, candidates, others=others))
    if not any(any(pool.others) for pool in given):
        return [replace(pool, others=[]) for pool in given]
    return given


def unrecorded(connection: Connection, run_id: int, keywords: Sequence[str]) -> list[str]:
    """Give the keywords that the pools of a run had, but that were not recorded.

    Programs that came before a keyword did not know that it would be needed.
    """
    lost: set[str] = set()
    for pool in _pools_of(connection, run_id):
        lost |= {*keywords}.intersection(pool.column_names).difference(pool.keywords)
    return sorted(lost)


def pool_ids_of(connection: Connection, run_id: int) -> list[int]:
    """Give the keys of the pools of a run, in the order in which they were given."""
    return [pool.pool_id for pool in _pools_of(connection, run_id)]


def _pools_of(connection: Connection, run_id: int) -> list[RecordedPool]:
    statement = (
        select(*_OF_POOL)
        .select_from(run_pools)
        .join(pools, pools.c.pool_id == run_pools.c.pool_id)
        .where(run_pools.c.run_id == run_id)
        .order_by(run_pools.c.position)
    )
    return [_pool(row) for row in connection.execute(statement)]


def _pool(row: Any) -> RecordedPool:
    of = f"pool {row.pool_id}"
    column_names = read_stored(pools.c.column_names, row.column_names, of)
    keywords = read_stored(pools.c.keywords, row.keywords, of)
    own = row.pool_id, row.name, row.sha256, row.exposure_count
    return RecordedPool(*own, column_names, keywords)


def _rows(
    connection: Connection,
    pool: RecordedPool,
    keywords: Sequence[str],
    shared: dict[str, str],
    *wanted: ColumnElement[bool],
) -> Iterator[tuple[Row, int]]:
    """Give the rows of a pool, with what tells equal ones apart; equal values share one object."""
    # Null cells are left out of the record, as there are so many of them.
    columns = {*pool.column_names}.intersection(pool.keywords)
    blanks = [(name, NULL if name in columns else None) for name in keywords]
    statement = (
        select(exposures.c.keyword_values, *(exposures.c[name] for name in OWN_COLUMNS))
        .where(exposures.c.pool_id == pool.pool_id, *wanted)
        .order_by(exposures.c.position)
        .execution_options(yield_per=_BATCH)
    )
    for text, *own in connection.execute(statement):
        values = {**dict(zip(OWN_COLUMNS, own, strict=True)), **json.loads(text)}
        row = tuple(
            blank if (value := values.get(name)) is None else shared.setdefault(value, value)
            for name, blank in blanks
        )
        other = values.get(OTHER_COLUMNS)
        yield row, 0 if other is None else hash(str(other))


def _of_programs(programs: Collection[str | None]) -> ColumnElement[bool]:
    named = exposures.c.program.in_([name for name in programs if name is not None])
    return or_(named, exposures.c.program.is_(None)) if None in programs else named
