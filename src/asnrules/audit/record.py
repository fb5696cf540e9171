"""Put a run into the tables: pools, exposures, decisions with reasons, associations, members."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from asnrules.associations.model import Association
from asnrules.classifier import Classification
from asnrules.database.bulk import insert_rows
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
from asnrules.engine.signatures import SET, Judgement
from asnrules.pools import Pool

APART = ("filename", "program", "asn_candidate")
"""Keywords that have columns of their own in the table of exposures."""

NULL = "null"
"""How a pool writes that there is no value; it is left out of the record, as the columns of a pool
tell such a cell from a missing column."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run to be recorded.

    Attributes
    ----------
    started_at, finished_at : datetime
        Aware.
    operator, host, software_version : str
        Who, where, with what.
    ruleset_id : int
        The executable ruleset.
    options : mapping
        As given on the command line.
    note : str or None
        Free text of the operator.
    pools : sequence of Pool
        What it was run on.
    exposures : sequence of (int, int)
        For each exposure in canonical order: its pool, by place in `pools`, and its row there.
    judgements : sequence of Judgement
        For each exposure.
    classifications : mapping
        From the id of a judgement to its classification.
    memberships : sequence of int
        For each exposure, in how many associations it is.
    reasons : mapping of int to str
        For exposures in none, where the rules alone do not say why.
    associations : sequence of Association
        What was made.
    diagnostics : sequence of str
        What the operator was told.
    """

    started_at: dt.datetime
    finished_at: dt.datetime
    operator: str
    host: str
    software_version: str
    ruleset_id: int
    options: Mapping[str, Any]
    note: str | None
    pools: Sequence[Pool]
    exposures: Sequence[tuple[int, int]]
    judgements: Sequence[Judgement]
    classifications: Mapping[int, Classification]
    memberships: Sequence[int]
    reasons: Mapping[int, str]
    associations: Sequence[Association]
    diagnostics: Sequence[str] = field(default_factory=tuple)


def record_run(connection: Connection, run: Run) -> int:
    """Record a run.

    Parameters
    ----------
    connection : Connection
        In a writing transaction, which the caller commits.
    run : Run
        The run.

    Returns
    -------
    int
        The id of the run.
    """
    pool_ids = [_record_pool(connection, pool) for pool in run.pools]
    trace_ids = _record_traces(connection, run)
    run_id = _insert_run(connection, run)
    insert_rows(
        connection,
        run_pools,
        ("run_id", "position", "pool_id", "name"),
        (
            (run_id, position, pool_id, pool.name)
            for position, (pool_id, pool) in enumerate(zip(pool_ids, run.pools, strict=True), 1)
        ),
    )
    insert_rows(
        connection,
        decisions,
        ("run_id", "pool_id", "position", "trace_id", "associations", "reason"),
        (
            (
                run_id,
                pool_ids[pool],
                row + 1,
                trace_ids[id(judgement)],
                count,
                run.reasons.get(place),
            )
            for place, ((pool, row), judgement, count) in enumerate(
                zip(run.exposures, run.judgements, run.memberships, strict=True)
            )
        ),
    )
    _record_associations(connection, run_id, run, pool_ids)
    return run_id


def is_recorded(connection: Connection, started_at: dt.datetime, host: str) -> bool:
    """Tell whether there is a run that was started at this very moment on this host."""
    found = select(runs.c.run_id).where(runs.c.started_at == started_at, runs.c.host == host)
    return connection.execute(found).first() is not None


def _insert_run(connection: Connection, run: Run) -> int:
    return int(
        connection.execute(
            insert(runs)
            .values(
                started_at=run.started_at,
                finished_at=run.finished_at,
                operator=run.operator,
                host=run.host,
                software_version=run.software_version,
                ruleset_id=run.ruleset_id,
                options=json.dumps(run.options, sort_keys=True),
                note=run.note,
                exposures=len(run.exposures),
                associations=len(run.associations),
                unassociated=sum(count == 0 for count in run.memberships),
                diagnostics=json.dumps(list(run.diagnostics)),
            )
            .returning(runs.c.run_id)
        ).scalar_one()
    )


def _record_pool(connection: Connection, pool: Pool) -> int:
    """Record a pool and its exposures, once however often it is run."""
    keywords = json.dumps(pool.keywords)
    found = connection.execute(
        select(pools.c.pool_id).where(pools.c.sha256 == pool.sha256, pools.c.keywords == keywords)
    ).scalar()
    if found is not None:
        return int(found)
    pool_id = int(
        connection.execute(
            insert(pools)
            .values(
                sha256=pool.sha256,
                keywords=keywords,
                column_names=json.dumps(pool.columns),
                exposures=len(pool.rows),
            )
            .returning(pools.c.pool_id)
        ).scalar_one()
    )
    insert_rows(
        connection,
        exposures,
        ("pool_id", "position", *APART, "exp_type", "keyword_values"),
        _exposure_rows(pool_id, pool),
    )
    return pool_id


def _exposure_rows(pool_id: int, pool: Pool) -> Iterable[tuple[Any, ...]]:
    places = {keyword: place for place, keyword in enumerate(pool.keywords)}
    apart = [places[keyword] for keyword in APART]
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
            *[row[place] for place in apart],
            (row[exp_type] or "").upper() or None,
            "{" + ",".join(parts) + "}",
        )


def _record_traces(connection: Connection, run: Run) -> dict[int, int]:
    """Record the traces that are new for this ruleset; give their ids by judgement."""
    known = {
        signature: trace_id
        for trace_id, signature in connection.execute(
            select(traces.c.trace_id, traces.c.signature).where(
                traces.c.ruleset_id == run.ruleset_id
            )
        )
    }
    distinct = {id(judgement): judgement for judgement in run.judgements}
    ids = {}
    for key, judgement in distinct.items():
        given = {name: _shown(value) for name, value in judgement.values.items() if value}
        signature = json.dumps(given, sort_keys=True)
        if signature not in known:
            classification = run.classifications[key]
            published = classification.published
            known[signature] = connection.execute(
                insert(traces)
                .values(
                    ruleset_id=run.ruleset_id,
                    signature=signature,
                    member_type=classification.member_type,
                    special=classification.special,
                    published_position=None if published is None else published.position,
                    agrees=classification.agrees,
                    reason=classification.reason,
                    trace=json.dumps([answer._asdict() for answer in classification.rules]),
                )
                .returning(traces.c.trace_id)
            ).scalar_one()
        ids[key] = known[signature]
    return ids


def _shown(value: str) -> str:
    return "(set)" if value == SET else value


def _record_associations(
    connection: Connection, run_id: int, run: Run, pool_ids: Sequence[int]
) -> None:
    fields = (
        "asn_name", "asn_type", "asn_rule", "asn_id", "candidate_type",
        "program", "target", "degraded_status", "keys",
    )  # fmt: skip
    insert_rows(
        connection,
        associations,
        ("run_id", "position", *fields),
        (
            (run_id, position, *[getattr(association, name) for name in fields])
            for position, association in enumerate(run.associations, 1)
        ),
    )
    insert_rows(
        connection,
        association_members,
        ("run_id", "association", "position", "product", "expname", "exptype", "exposerr",
         "pool_id", "exposure"),
        _member_rows(run_id, run, pool_ids),
    )  # fmt: skip


def _member_rows(run_id: int, run: Run, pool_ids: Sequence[int]) -> Iterable[tuple[Any, ...]]:
    for number, association in enumerate(run.associations, 1):
        position = 0
        for product in association.products:
            for expname, exptype, exposerr, exposure in product.members:
                position += 1
                pool_id = row = None
                if exposure is not None:
                    pool, row = run.exposures[exposure]
                    pool_id, row = pool_ids[pool], row + 1
                yield (
                    run_id, number, position, product.name,
                    expname, exptype, exposerr, pool_id, row,
                )  # fmt: skip
