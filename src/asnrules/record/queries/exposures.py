"""What is on record about one exposure, each part found by its index."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, case, func, select

from asnrules.database.schema import (
    association_members,
    associations,
    decisions,
    exposures,
    imported_associations,
    pools,
    rulesets,
    run_pools,
    runs,
    traces,
)
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import REASON

Place = tuple[int | None, int | None]
"""A pool and the row of an exposure there; None for a file that is in no pool."""

_PRODUCTS = ("uncal", "rate", "rateints")
_NAME = re.compile(r"(?P<stem>.+?)(?:_(?:uncal|rateints|rate))?(?P<extension>\.fits)?")
_NEAR = 3
MEMBER_SEPARATOR = "\n"
"""Between the members of an association where they are fetched as one text."""


class RecordedDecision(NamedTuple):
    """What a run decided of an exposure in one of its pools.

    Attributes
    ----------
    run_id, started_at, origin, operator, ruleset
        The run.
    pool : str or None
        The name of the pool; None if the run has no pool with this exposure.
    pool_id, position : int or None
        The pool, and the row there.
    filename : str
        Of the exposure, as the pool has it.
    exp_type, member_type, special : str or None
        What it was taken to be.
    associations : int or None
        In how many associations it was put; None where nothing was decided: imported runs only
        say what others decided.
    reason : str or None
        What the rules made of it, or why it is in no association.
    """

    run_id: int
    started_at: dt.datetime
    origin: str
    operator: str
    ruleset: str
    pool: str | None
    pool_id: int | None
    position: int | None
    filename: str
    exp_type: str | None
    member_type: str | None
    special: str | None
    associations: int | None
    reason: str | None


class RecordedMembership(NamedTuple):
    """A place of an exposure in an association.

    Attributes
    ----------
    run_id : int
        The run.
    pool_id, exposure : int or None
        The pool, and the row there; None for a file that is in no pool of the run.
    asn_name, asn_type, asn_rule, asn_id, program : str
        The association; no type where an imported file tells none.
    product, expname, exptype : str
        The member.
    verdict : str or None
        Of an imported association.
    members : str
        All members of the association with their roles, separated by `MEMBER_SEPARATOR`.
    """

    run_id: int
    pool_id: int | None
    exposure: int | None
    asn_name: str
    asn_type: str | None
    asn_rule: str
    asn_id: str
    program: str
    product: str
    expname: str
    exptype: str
    verdict: str | None
    members: str


def spellings(filename: str) -> list[str]:
    """Give the names under which an exposure may be on record, its own among them.

    Parameters
    ----------
    filename : str
        Of its uncal, rate or rateints product, in any case; extension and suffix may be left out.
    """
    name = filename.strip().lower()
    stem = stem_of(name)
    if "." in stem:
        return [name]
    return list(dict.fromkeys([name, *(f"{stem}_{product}.fits" for product in _PRODUCTS)]))


def stem_of(filename: str) -> str:
    """Give what the names of the uncal, rate and rateints products of an exposure begin with."""
    match = _NAME.fullmatch(filename)
    return filename if match is None else match["stem"]


def decisions_of(reader: Reader, names: Sequence[str]) -> list[RecordedDecision]:
    """Give all decisions on an exposure, in order of time."""
    statement = (
        select(
            runs.c.run_id,
            runs.c.started_at,
            runs.c.origin,
            runs.c.operator,
            rulesets.c.label.label("ruleset"),
            run_pools.c.name.label("pool"),
            exposures.c.pool_id,
            exposures.c.position,
            exposures.c.filename,
            exposures.c.exp_type,
            traces.c.member_type,
            traces.c.special,
            decisions.c.association_count.label("associations"),
            decisions.c.reason,
            decisions.c.run_id.label("decided"),
            case((decisions.c.run_id.is_(None), 0), else_=traces.c.trace_id).label("trace"),
            REASON.label("told"),
        )
        .select_from(exposures)
        .join(run_pools, run_pools.c.pool_id == exposures.c.pool_id)
        .join(runs, runs.c.run_id == run_pools.c.run_id)
        .outerjoin(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
        .outerjoin(
            decisions,
            and_(
                decisions.c.run_id == run_pools.c.run_id,
                decisions.c.pool_id == exposures.c.pool_id,
                decisions.c.position == exposures.c.position,
            ),
        )
        .outerjoin(traces, traces.c.trace_id == decisions.c.trace_id)
        .where(exposures.c.filename.in_(names))
        .order_by(runs.c.started_at, runs.c.run_id, exposures.c.position)
    )
    found = []
    for row in reader.rows(
        statement,
        outer={"associations": "decided", "decided": "decided", "told": "trace"},
        links={"ruleset": runs.c.ruleset_id, "trace": decisions.c.trace_id},
        sources={"told": traces.c.reason},
    ):
        row["reason"] = row["reason"] or row.pop("told") or None
        found.append(RecordedDecision._make(row[name] for name in RecordedDecision._fields))
    return found


def memberships_of(reader: Reader, names: Sequence[str]) -> list[RecordedMembership]:
    """Give all places of an exposure in associations, in the order of these in each run."""
    return [
        RecordedMembership._make(row[name] for name in RecordedMembership._fields)
        for statement in (_of_pools(names), _of_no_pool(names))
        for row in reader.rows(statement, outer={"verdict": "imported", "imported": "imported"})
    ]


def keywords_of(reader: Reader, names: Sequence[str]) -> dict[Place, dict[str, Any]]:
    """Give the values of an exposure's keywords, by pool and row."""
    columns = exposures.c
    statement = (
        select(
            pools.c.run_id,
            columns.pool_id,
            columns.position,
            columns.program,
            columns.asn_candidate,
            columns.keyword_values,
        )
        .select_from(exposures)
        .join(pools, pools.c.pool_id == columns.pool_id)
        .where(columns.filename.in_(names))
    )
    return {
        (row["pool_id"], row["position"]): {
            "program": row["program"],
            "asn_candidate": row["asn_candidate"],
            **(row["keyword_values"] or {}),
        }
        for row in reader.rows(statement)
    }


def near_filenames(connection: Connection, filename: str) -> list[str]:
    """Give names on record that come just before and after a name in their order."""
    found: set[str] = set()
    expname = association_members.c.expname
    foreign = association_members.c.exposure.is_(None)
    for column, condition in ((exposures.c.filename, None), (expname, foreign)):
        for order, is_beside in (
            (column.desc(), column < filename),
            (column.asc(), column > filename),
        ):
            statement = select(column).where(is_beside).order_by(order).limit(_NEAR)
            if condition is not None:
                statement = statement.where(condition)
            found |= set(connection.execute(statement).scalars())
    return sorted(found)


def _memberships() -> Select[Any]:
    others = association_members.alias("others")
    all_members = (
        select(
            func.aggregate_strings(others.c.expname + " as " + others.c.exptype, MEMBER_SEPARATOR)
        )
        .where(
            others.c.run_id == associations.c.run_id,
            others.c.association == associations.c.position,
        )
        .scalar_subquery()
    )
    return select(
        association_members.c.run_id,
        association_members.c.pool_id,
        association_members.c.exposure,
        associations.c.asn_name,
        associations.c.asn_type,
        associations.c.asn_rule,
        associations.c.asn_id,
        associations.c.program,
        association_members.c.product,
        association_members.c.expname,
        association_members.c.exptype,
        imported_associations.c.verdict,
        imported_associations.c.run_id.label("imported"),
        all_members.label("members"),
    )


def _with_association(statement: Select[Any]) -> Select[Any]:
    key = (association_members.c.run_id, association_members.c.association)
    return (
        statement.join(
            associations,
            and_(associations.c.run_id == key[0], associations.c.position == key[1]),
        )
        .outerjoin(
            imported_associations,
            and_(
                imported_associations.c.run_id == key[0],
                imported_associations.c.position == key[1],
            ),
        )
        .order_by(
            association_members.c.run_id,
            association_members.c.association,
            association_members.c.position,
        )
    )


def _of_pools(names: Sequence[str]) -> Select[Any]:
    statement = (
        _memberships()
        .select_from(exposures)
        .join(run_pools, run_pools.c.pool_id == exposures.c.pool_id)
        .join(
            association_members,
            and_(
                association_members.c.run_id == run_pools.c.run_id,
                association_members.c.pool_id == exposures.c.pool_id,
                association_members.c.exposure == exposures.c.position,
            ),
        )
        .where(exposures.c.filename.in_(names))
    )
    return _with_association(statement)


def _of_no_pool(names: Sequence[str]) -> Select[Any]:
    statement = (
        _memberships()
        .select_from(association_members)
        .where(
            association_members.c.exposure.is_(None),
            association_members.c.expname.in_(names),
        )
    )
    return _with_association(statement)
