"""Put a run into the tables: pools, exposures, decisions with reasons, associations, members."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from asnrules.associations.model import Association
from asnrules.catalog.classification import Classification
from asnrules.database.schema import association_members, associations, decisions
from asnrules.engine.signatures import SET, Judgement
from asnrules.pools import Pool
from asnrules.record.recording import Recording, recording

GENERATED = "generated"
"""The origin of a run whose associations were made here."""

IMPORTED = "imported"
"""The origin of a run whose associations were made elsewhere."""


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
    with recording(connection) as ledger:
        pool_ids = ledger.add_pools(run.pools)
        add_decisions(ledger, run, pool_ids)
        ledger.add(associations, _association_rows(ledger.run_id, run.associations))
        ledger.add(association_members, _member_rows(ledger.run_id, run, pool_ids))
        ledger.seal(run_values(run, GENERATED, len(run.associations)))
    return ledger.run_id


def run_values(run: Run, origin: str, made: int) -> dict[str, Any]:
    """Give what the columns of a run hold, with its origin and the number of its associations."""
    return {
        "origin": origin,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "operator": run.operator,
        "host": run.host,
        "software_version": run.software_version,
        "ruleset_id": run.ruleset_id,
        "options": json.dumps(run.options, sort_keys=True),
        "note": run.note,
        "exposure_count": len(run.exposures),
        "association_count": made,
        "unassociated_count": sum(count == 0 for count in run.memberships),
        "diagnostics": json.dumps(list(run.diagnostics)),
    }


def add_decisions(ledger: Recording, run: Run, pool_ids: Sequence[int]) -> None:
    """Add what became of each exposure, with the traces that explain it."""
    distinct = {id(one): one for one in run.judgements}
    signatures = {key: signature_text(one) for key, one in distinct.items()}
    found = {signatures[key]: trace_values(one) for key, one in run.classifications.items()}
    trace_ids = ledger.add_traces(run.ruleset_id, found)
    of_judgement = {key: trace_ids[signature] for key, signature in signatures.items()}
    rows = zip(run.exposures, run.judgements, run.memberships, strict=True)
    ordered = sorted(enumerate(rows), key=lambda one: one[1][0])
    ledger.add(
        decisions,
        (
            (
                ledger.run_id,
                pool_ids[pool],
                row + 1,
                of_judgement[id(judgement)],
                count,
                run.reasons.get(place),
            )
            for place, ((pool, row), judgement, count) in ordered
        ),
    )


def signature_text(judgement: Judgement) -> str:
    """Write the signature of exposures, as it is recorded."""
    given = {name: _shown(value) for name, value in judgement.values.items() if value}
    return json.dumps(given, sort_keys=True)


def trace_values(classification: Classification) -> tuple[Any, ...]:
    """Give what is recorded of a classification: what the columns after the signature hold."""
    published = classification.published
    return (
        classification.member_type,
        classification.special,
        None if published is None else published.position,
        classification.agrees,
        classification.reason,
        json.dumps([answer._asdict() for answer in classification.rules]),
    )


def _shown(value: str) -> str:
    return "(set)" if value == SET else value


def _association_rows(run_id: int, made: Sequence[Association]) -> Iterable[tuple[Any, ...]]:
    for position, one in enumerate(made, 1):
        yield (
            run_id, position, one.asn_name, one.asn_type, one.asn_rule, one.asn_id,
            one.candidate_type, one.program, one.target, one.degraded_status, one.keys,
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
