"""A run in numbers: how many exposures of which type went where, and which were left out."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import case, func, select

from asnrules.database.schema.catalog import asn_types
from asnrules.database.schema.record import (
    association_members,
    associations,
    decisions,
    exposures,
    traces,
)
from asnrules.record.queries.reader import (
    DECIDED,
    HAS_MEMBER,
    IS_MEMBER,
    Reader,
    columns,
    unassociated,
)


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
    first: int
    """The number of its first association."""


_RULE = (associations.c.asn_type, associations.c.asn_rule)


def exposure_counts(reader: Reader, run_id: int) -> list[ExposureCount]:
    """Give the exposures of a run by EXP_TYPE."""
    unassociated = func.sum(case((decisions.c.association_count == 0, 1), else_=0))
    statement = (
        select(
            exposures.c.exp_type,
            func.count().label("exposures"),
            unassociated.label("unassociated"),
        )
        .select_from(decisions)
        .join(exposures, DECIDED)
        .where(decisions.c.run_id == run_id)
        .group_by(exposures.c.exp_type)
        .order_by(exposures.c.exp_type)
    )
    return [ExposureCount(**row) for row in reader.rows(statement, run_id)]


def flows(reader: Reader, run_id: int) -> list[Flow]:
    """Give the members of the associations of a run by EXP_TYPE, rule and role."""
    key = (exposures.c.exp_type, *_RULE, association_members.c.exptype)
    statement = (
        select(*key, func.count().label("members"))
        .select_from(association_members)
        .join(associations, HAS_MEMBER)
        .outerjoin(exposures, IS_MEMBER)
        .where(association_members.c.run_id == run_id)
        .group_by(*key)
        .order_by(*key)
    )
    return [Flow(**row) for row in reader.rows(statement, run_id)]


def rule_counts(reader: Reader, run_id: int) -> list[RuleCount]:
    """Give what each rule made in a run."""
    products = func.count(association_members.c.product.distinct())
    each = (
        select(
            *columns(associations, "position", "asn_type", "asn_rule"),
            products.label("products"),
            func.count().label("members"),
        )
        .join(association_members, HAS_MEMBER)
        .where(associations.c.run_id == run_id)
        .group_by(*columns(associations, "position", "asn_type", "asn_rule"))
        .subquery()
    )
    key = (each.c.asn_type, each.c.asn_rule)
    statement = (
        select(
            *key,
            func.max(asn_types.c.pipeline).label("pipeline"),
            func.count().label("associations"),
            func.sum(each.c.products).label("products"),
            func.sum(each.c.members).label("members"),
            func.min(each.c.position).label("first"),
        )
        .outerjoin(asn_types, asn_types.c.asn_type == each.c.asn_type)
        .group_by(*key)
        .order_by(*key)
    )
    sources = {column.key: column for column in _RULE}
    return [
        RuleCount(**{**row, "products": int(row["products"]), "members": int(row["members"])})
        for row in reader.rows(statement, run_id, sources=sources)
    ]


def positions_of(reader: Reader, run_id: int, count: RuleCount, limit: int) -> list[int]:
    """Give the numbers of the first associations that a rule made in a run."""
    # What cannot be read is not what is stored, so the first stands for the rule.
    first = associations.alias("first")
    statement = (
        select(associations.c.position)
        .join(first, (first.c.run_id == run_id) & (first.c.position == count.first))
        .where(
            associations.c.run_id == run_id,
            *(column.is_not_distinct_from(first.c[column.name]) for column in _RULE),
        )
        .order_by(associations.c.position)
        .limit(limit)
    )
    return list(reader.connection.execute(statement).scalars())


def left_out(reader: Reader, run_id: int, limit: int) -> list[dict[str, Any]]:
    """Give the exposures of a run in no association by reason and name, at most so many."""
    statement = (
        select(
            *columns(exposures, "filename", "exp_type"),
            traces.c.member_type,
            traces.c.trace_id.label("trace"),
        )
        .order_by(func.coalesce(decisions.c.reason, traces.c.reason), exposures.c.filename)
        .limit(limit)
    )
    return unassociated(reader, run_id, statement)
