"""A run in numbers: how many exposures of which type went where, and which were left out."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from asnrules.database.schema import (
    asn_types,
    association_members,
    associations,
    decisions,
    exposures,
    traces,
)
from asnrules.record.queries.reader import DECIDED, HAS_MEMBER, IS_MEMBER


class ExposureCount(NamedTuple):
    """How many exposures of an EXP_TYPE a run had."""

    exp_type: str | None
    exposures: int
    unassociated: int


class Flow(NamedTuple):
    """How many members of one kind the associations of a rule have."""

    exp_type: str | None
    """None for files that are in no pool of the run."""
    asn_type: str | None
    asn_rule: str
    exptype: str
    members: int


class RuleCount(NamedTuple):
    """What a rule made in a run."""

    asn_type: str | None
    asn_rule: str
    pipeline: str | None
    """Which takes its associations; None where no type is told."""
    associations: int
    products: int
    members: int


class LeftOut(NamedTuple):
    """An exposure in no association."""

    filename: str
    exp_type: str | None
    member_type: str | None
    reason: str


_RULE = (associations.c.asn_type, associations.c.asn_rule)


def exposure_counts(connection: Connection, run_id: int) -> list[ExposureCount]:
    """Give the exposures of a run by EXP_TYPE."""
    unassociated = func.sum(case((decisions.c.association_count == 0, 1), else_=0))
    statement = (
        select(exposures.c.exp_type, func.count(), unassociated)
        .select_from(decisions)
        .join(exposures, DECIDED)
        .where(decisions.c.run_id == run_id)
        .group_by(exposures.c.exp_type)
        .order_by(exposures.c.exp_type)
    )
    return [ExposureCount(*row) for row in connection.execute(statement)]


def flows(connection: Connection, run_id: int) -> list[Flow]:
    """Give the members of the associations of a run by EXP_TYPE, rule and role."""
    key = (exposures.c.exp_type, *_RULE, association_members.c.exptype)
    statement = (
        select(*key, func.count())
        .select_from(association_members)
        .join(associations, HAS_MEMBER)
        .outerjoin(exposures, IS_MEMBER)
        .where(association_members.c.run_id == run_id)
        .group_by(*key)
        .order_by(*key)
    )
    return [Flow(*row) for row in connection.execute(statement)]


def rule_counts(connection: Connection, run_id: int) -> list[RuleCount]:
    """Give what each rule made in a run."""
    each = (
        select(
            *_RULE,
            asn_types.c.pipeline,
            func.count(association_members.c.product.distinct()).label("products"),
            func.count().label("members"),
        )
        .join(association_members, HAS_MEMBER)
        .outerjoin(asn_types, asn_types.c.asn_type == associations.c.asn_type)
        .where(associations.c.run_id == run_id)
        .group_by(associations.c.position, *_RULE, asn_types.c.pipeline)
        .subquery()
    )
    key = (each.c.asn_type, each.c.asn_rule, each.c.pipeline)
    statement = (
        select(*key, func.count(), func.sum(each.c.products), func.sum(each.c.members))
        .group_by(*key)
        .order_by(*key)
    )
    return [RuleCount(*row[:4], *map(int, row[4:])) for row in connection.execute(statement)]


def positions_of(
    connection: Connection, run_id: int, asn_type: str | None, asn_rule: str, limit: int
) -> list[int]:
    """Give the numbers of the first associations that a rule made in a run."""
    statement = (
        select(associations.c.position)
        .where(
            associations.c.run_id == run_id,
            associations.c.asn_type == asn_type,
            associations.c.asn_rule == asn_rule,
        )
        .order_by(associations.c.position)
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def left_out(connection: Connection, run_id: int, limit: int) -> list[LeftOut]:
    """Give the exposures of a run in no association by reason and name, at most so many."""
    reason = func.coalesce(decisions.c.reason, traces.c.reason)
    statement = (
        select(exposures.c.filename, exposures.c.exp_type, traces.c.member_type, reason)
        .select_from(decisions)
        .join(traces, traces.c.trace_id == decisions.c.trace_id)
        .join(exposures, DECIDED)
        .where(decisions.c.run_id == run_id, decisions.c.association_count == 0)
        .order_by(reason, exposures.c.filename)
        .limit(limit)
    )
    return [LeftOut(*row) for row in connection.execute(statement)]
