"""The history of an exposure: every decision on record, and what changed from one to the next.

Each part of it is found by its index.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, null, select, union

from asnrules.database.schema.catalog import rulesets
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
from asnrules.database.stored import Finding
from asnrules.errors import NotFoundError
from asnrules.record.pools import APART
from asnrules.record.queries.reader import (
    DECIDED,
    IMPORTED,
    TRACE_REASON,
    Reader,
    columns,
)
from asnrules.record.queries.runs import RunFilter, list_runs
from asnrules.util.text import near_spellings

Place = tuple[int | None, int | None]
"""A pool and the row of an exposure there; None for a file that is in no pool."""

_PRODUCTS = ("uncal", "rate", "rateints")
_NAME = re.compile(r"(?P<stem>.+?)(?:_(?:uncal|rateints|rate))?(?P<extension>\.fits)?")
_NEAR = 3
MEMBER_SEPARATOR = "\n"
"""Between the members of an association where they are fetched as one text."""


class RecordedDecision(NamedTuple):
    """What a run decided of an exposure in one of its pools."""

    run_id: int
    started_at: dt.datetime
    origin: str
    operator: str
    ruleset: str
    pool: str | None
    """Its name; None if the run has no pool with this exposure."""
    pool_id: int | None
    position: int | None
    """The row in the pool."""
    filename: str
    exp_type: str | None
    member_type: str | None
    special: str | None
    associations: int | None
    """In how many; None where nothing was decided: imported runs only say what others decided."""
    reason: str | None
    """What the rules made of it, or why it is in no association."""

    @property
    def place(self) -> Place:
        """Where the exposure is."""
        return self.pool_id, self.position


class RecordedMembership(NamedTuple):
    """A place of an exposure in an association."""

    run_id: int
    pool_id: int | None
    exposure: int | None
    """The row in the pool; None for a file that is in no pool of the run."""
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
    """All members of the association with their roles, separated by `MEMBER_SEPARATOR`."""

    @property
    def place(self) -> Place:
        """Where the exposure is."""
        return self.pool_id, self.exposure

    def words(self) -> str:
        """Say which place it is."""
        kind = self.asn_type or "no type"
        return f"{self.exptype} in {self.product}, {kind} by {self.asn_rule} for {self.asn_id}"

    def all_members(self) -> list[str]:
        """Give the members."""
        return (self.members or "").split(MEMBER_SEPARATOR)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        names = ("asn_name", "asn_type", "asn_rule", "asn_id", "product", "expname", "exptype")
        own = {name: getattr(self, name) for name in names}
        return {**own, "members": len(self.all_members()), "verdict": self.verdict}


def spellings(filename: str) -> list[str]:
    """Give the names under which an exposure may be on record, its own among them.

    It is named by its uncal, rate or rateints product; extension and suffix may be left out.
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


def decisions_of(
    reader: Reader, names: Sequence[str], run_ids: Sequence[int] | None = None
) -> list[RecordedDecision]:
    """Give the decisions on an exposure, of all runs or some, in order of time."""
    statement = (
        select(
            *columns(runs, "run_id", "started_at", "origin", "operator"),
            rulesets.c.label.label("ruleset"),
            run_pools.c.name.label("pool"),
            *columns(exposures, "pool_id", "position", "filename", "exp_type"),
            *columns(traces, "member_type", "special"),
            decisions.c.association_count.label("associations"),
            decisions.c.reason,
            decisions.c.run_id.label("decided"),
            case((decisions.c.run_id.is_(None), 0), else_=traces.c.trace_id).label("trace"),
            TRACE_REASON.label("told"),
        )
        .select_from(exposures)
        .join(run_pools, run_pools.c.pool_id == exposures.c.pool_id)
        .join(runs, runs.c.run_id == run_pools.c.run_id)
        .outerjoin(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
        .outerjoin(decisions, and_(decisions.c.run_id == run_pools.c.run_id, DECIDED))
        .outerjoin(traces, traces.c.trace_id == decisions.c.trace_id)
        .where(exposures.c.filename.in_(names), *_of_runs(run_pools.c.run_id, run_ids))
        .order_by(runs.c.started_at, runs.c.run_id, exposures.c.position)
    )
    rows = reader.rows(
        statement,
        outer={"associations": "decided", "decided": "decided", "told": "trace"},
        links={"ruleset": runs.c.ruleset_id, "trace": decisions.c.trace_id},
        sources={"told": traces.c.reason},
    )
    told = ({**row, "reason": row["reason"] or row["told"] or None} for row in rows)
    names = RecordedDecision._fields
    return [RecordedDecision._make(row[name] for name in names) for row in told]


_HAS_MEMBER = and_(
    associations.c.run_id == association_members.c.run_id + 0,
    associations.c.position == association_members.c.association,
)
"""As `HAS_MEMBER`, but found from the member: SQLite would go through all associations of a run.

Here and below, a sum is what it finds no rows by.
"""


def _of_runs(
    column: ColumnElement[int], run_ids: Sequence[int] | None
) -> list[ColumnElement[bool]]:
    return [] if run_ids is None else [(column + 0).in_(run_ids)]


def memberships_of(
    reader: Reader, names: Sequence[str], run_ids: Sequence[int] | None = None
) -> list[RecordedMembership]:
    """Give the places of an exposure in associations of all runs or some, in their order."""
    members, others = association_members.c, association_members.alias("others").c
    all_members = (
        select(func.aggregate_strings(others.expname + " as " + others.exptype, MEMBER_SEPARATOR))
        .where(
            others.run_id == associations.c.run_id, others.association == associations.c.position
        )
        .scalar_subquery()
    )
    # From an index that has the key, and then by the key: SQLite would go through the whole run.
    places = association_members.alias("places")
    is_in_place = and_(
        places.c.run_id == run_pools.c.run_id,
        places.c.pool_id == exposures.c.pool_id,
        places.c.exposure == exposures.c.position,
    )
    is_there = and_(
        *(column == places.c[column.name] for column in association_members.primary_key.columns)
    )
    statement = select(
        *columns(association_members, "run_id", "pool_id", "exposure"),
        *columns(association_members, "product", "expname", "exptype"),
        *columns(associations, "asn_name", "asn_type", "asn_rule", "asn_id", "program"),
        imported_associations.c.verdict,
        imported_associations.c.run_id.label("imported"),
        all_members.label("members"),
    )
    of_pools = (
        statement.select_from(exposures)
        .join(run_pools, run_pools.c.pool_id == exposures.c.pool_id)
        .join(places, is_in_place)
        .join(association_members, is_there)
        .where(exposures.c.filename.in_(names), *_of_runs(run_pools.c.run_id, run_ids))
    )
    of_no_pool = statement.select_from(association_members).where(
        members.exposure.is_(None), members.expname.in_(names), *_of_runs(members.run_id, run_ids)
    )
    found = []
    for one in (of_pools, of_no_pool):
        whole = (
            one.join(associations, _HAS_MEMBER)
            .outerjoin(imported_associations, IMPORTED)
            .order_by(members.run_id, members.association, members.position)
        )
        for row in reader.rows(whole, outer={"verdict": "imported", "imported": "imported"}):
            found.append(RecordedMembership._make(row[key] for key in RecordedMembership._fields))
    return found


def keywords_of(
    reader: Reader, names: Sequence[str], pool_ids: Collection[int]
) -> dict[Place, dict[str, Any]]:
    """Give the values of an exposure's keywords in some pools, by pool and row."""
    own = ("pool_id", "position", "program", "asn_candidate", "keyword_values")
    statement = (
        select(pools.c.run_id, *columns(exposures, *own))
        .select_from(exposures)
        .join(pools, pools.c.pool_id == exposures.c.pool_id)
        .where(exposures.c.filename.in_(names), exposures.c.pool_id.in_(pool_ids))
    )
    found = {}
    for row in reader.rows(statement):
        values = {name: row[name] for name in ("program", "asn_candidate")}
        values |= row["keyword_values"] or {}
        values.pop(APART, None)
        found[row["pool_id"], row["position"]] = values
    return found


def near_filenames(connection: Connection, filename: str) -> list[str]:
    """Give names on record that come just before and after a name in their order."""
    found: set[str] = set()
    foreign = select(association_members.c.expname).where(association_members.c.exposure.is_(None))
    for names in (select(exposures.c.filename), foreign):
        (column,) = names.selected_columns
        before = names.where(column < filename).order_by(column.desc())
        after = names.where(column > filename).order_by(column)
        for beside in (before, after):
            found |= set(connection.execute(beside.limit(_NEAR)).scalars())
    return sorted(found)


# ------------------------------------------------------------------------- history


@dataclass(frozen=True, slots=True)
class HistoricDecision:
    """What one run decided of an exposure, with its places in associations."""

    decision: RecordedDecision
    memberships: list[RecordedMembership] = field(default_factory=list)
    changes: list[str] | None = None
    """What is different from the decision before, in words; None for the first."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        decision = self.decision._asdict()
        for name in ("pool_id", "associations"):
            del decision[name]
        reason = decision.pop("reason")
        return {
            **decision,
            "associations": [one.document() for one in self.memberships],
            "reason": reason,
            "changes": self.changes,
        }


class DecisionCount(NamedTuple):
    """How many decisions on an exposure came out alike."""

    decisions: int
    ruleset: str
    origin: str
    associations: int | None
    """In how many it is; None for a file that is in no pool, or of which nothing was decided."""
    first_run: int
    last_run: int


def exposure_history(
    connection: Connection,
    filename: str,
    findings: list[Finding] | None = None,
    limit: int | None = None,
) -> list[HistoricDecision]:
    """Give every decision on record about an exposure, or those of the latest runs, by time.

    The file is its uncal, rate or rateints product, in any case, or another member of associations,
    such as a catalog. For findings see `Reader`.
    """
    names = spellings(filename)
    reader = Reader(connection, findings)
    # One more than are given, with which the first of them is compared.
    run_ids = None if limit is None else _latest_runs(connection, names, limit + 1)
    memberships: dict[tuple[int, Place], list[RecordedMembership]] = defaultdict(list)
    for one in memberships_of(reader, names, run_ids):
        memberships[one.run_id, one.place].append(one)
    decisions = decisions_of(reader, names, run_ids)
    decided = {(one.run_id, one.place) for one in decisions}
    foreign = [own[0] for place, own in memberships.items() if place not in decided]
    decisions += _foreign(reader, foreign)
    if not decisions:
        name = filename.strip().lower()
        near = ", ".join(near_spellings(name, near_filenames(connection, name), cutoff=0))
        hint = f"near it are {near}" if near else "there is no exposure yet"
        raise NotFoundError(f"no exposure {filename!r} on record; {hint}")
    decisions.sort(key=_time)
    found = [HistoricDecision(one, memberships[one.run_id, one.place]) for one in decisions]
    # Only with more than one row of a pool can keywords have changed.
    places = {one.place for one in decisions}
    pool_ids = {pool_id for pool_id, _ in places if pool_id is not None}
    keywords = keywords_of(reader, names, pool_ids) if len(places) > 1 else {}
    compared = _with_changes(found, keywords)
    if limit is None or run_ids is None:
        return compared
    return [one for one in compared if one.decision.run_id in run_ids[:limit]]


def count_decisions(
    connection: Connection, filename: str, findings: list[Finding] | None = None
) -> list[DecisionCount]:
    """Count the decisions on an exposure by ruleset and outcome, the earliest first."""
    of_pools = _in_pools(spellings(filename))
    of_no_pool = _in_no_pool(spellings(filename))
    in_pool = and_(decisions.c.run_id == run_pools.c.run_id, DECIDED)
    reader = Reader(connection, findings)
    found = []
    for statement, run_id, outcome, decided in (
        (
            of_pools.outerjoin(decisions, in_pool),
            run_pools.c.run_id,
            [decisions.c.association_count],
            func.max(decisions.c.run_id),
        ),
        (of_no_pool, association_members.c.run_id, [], null()),
    ):
        alike = [runs.c.origin, rulesets.c.label.label("ruleset"), *outcome]
        counts = statement.with_only_columns(
            func.max(run_id).label("run_id"),
            func.min(run_id).label("first_run"),
            func.count().label("decisions"),
            decided.label("decided"),
            *alike,
        )
        whole = (
            counts.join(runs, runs.c.run_id == run_id)
            .outerjoin(rulesets, rulesets.c.ruleset_id == runs.c.ruleset_id)
            .group_by(*alike)
        )
        outer, links = {"association_count": "decided"}, {"ruleset": runs.c.ruleset_id}
        for row in reader.rows(whole, outer=outer, links=links):
            found.append(
                DecisionCount(
                    row["decisions"], row["ruleset"], row["origin"], row.get("association_count"),
                    row["first_run"], row["run_id"],
                )
            )  # fmt: skip
    return sorted(found, key=lambda one: one.first_run)


def _in_pools(names: Sequence[str]) -> Select[Any]:
    """Select the runs that have an exposure in a pool, once for each row of it."""
    return (
        select(run_pools.c.run_id)
        .select_from(exposures)
        .join(run_pools, run_pools.c.pool_id == exposures.c.pool_id)
        .where(exposures.c.filename.in_(names))
    )


def _in_no_pool(names: Sequence[str]) -> Select[Any]:
    """Select the runs that have a file in an association, and in no pool."""
    members = association_members.c
    is_foreign = members.exposure.is_(None), members.expname.in_(names)
    return select(members.run_id).where(*is_foreign)


def _latest_runs(connection: Connection, names: Sequence[str], limit: int) -> list[int]:
    """Give the runs that have an exposure, the latest first."""
    having = union(_in_pools(names), _in_no_pool(names)).subquery()
    statement = (
        select(having.c.run_id)
        .outerjoin(runs, runs.c.run_id == having.c.run_id)
        .order_by(runs.c.started_at.desc().nulls_last(), having.c.run_id.desc())
        .limit(limit)
    )
    return list(connection.execute(statement).scalars())


def _time(one: RecordedDecision) -> tuple[bool, dt.datetime | int, int]:
    """Order decisions by time, those of which it cannot be read first."""
    moment: dt.datetime | None = one.started_at
    return (False, 0, one.run_id) if moment is None else (True, moment, one.run_id)


def _foreign(reader: Reader, memberships: Sequence[RecordedMembership]) -> list[RecordedDecision]:
    """Give what is known of a file in runs that have it in no pool."""
    if not memberships:
        return []
    wanted = RunFilter(run_ids=[one.run_id for one in memberships])
    runs = {run.run_id: run for run in list_runs(reader.connection, wanted, None, reader.findings)}
    unknown = dict.fromkeys(RecordedDecision._fields)
    found = []
    for one in memberships:
        if run := runs.get(one.run_id):
            names = ("started_at", "origin", "operator", "ruleset")
            known = {name: getattr(run, name) for name in names}
        else:
            known = {}
            reader.miss(one.run_id, association_members.c.run_id)
        own = {"run_id": one.run_id, "filename": one.expname}
        found.append(RecordedDecision(**{**unknown, **known, **own}))
    return found


# ------------------------------------------------------------------------- changes

_Keywords = Mapping[Place, dict[str, Any]]


def _with_changes(found: list[HistoricDecision], keywords: _Keywords) -> list[HistoricDecision]:
    compared = []
    before: list[HistoricDecision] = []
    for _, group in groupby(found, key=lambda one: one.decision.run_id):
        current = list(group)
        # Mostly one each: a pool may list an exposure twice, and a run may have several pools.
        same_row = {one.decision.place: one for one in before}
        for one in current:
            other = same_row.get(one.decision.place) or (before[-1] if before else None)
            changes = None if other is None else _changes(other, one, keywords)
            compared.append(HistoricDecision(one.decision, one.memberships, changes))
        before = current
    return compared


def _changes(before: HistoricDecision, after: HistoricDecision, keywords: _Keywords) -> list[str]:
    both_decided = None not in (before.decision.associations, after.decision.associations)
    changes = [
        f"{word}: {new or 'none'}, was {old or 'none'}"
        for word, old, new in (
            ("ruleset", before.decision.ruleset, after.decision.ruleset),
            ("class", before.decision.member_type, after.decision.member_type),
            ("special", before.decision.special, after.decision.special),
        )
        if old != new and (word == "ruleset" or both_decided)
    ]
    changes += _keyword_changes(
        keywords.get(before.decision.place), keywords.get(after.decision.place)
    )
    changes += _membership_changes(before.memberships, after.memberships)
    reasons = before.decision.reason, after.decision.reason
    still_out = not before.memberships and not after.memberships
    if still_out and reasons[0] != reasons[1] and None not in reasons:
        changes.append(f"reason: {reasons[1]}, was {reasons[0]}")
    return changes


def _keyword_changes(
    before: Mapping[str, str | None] | None, after: Mapping[str, str | None] | None
) -> list[str]:
    if before is None or after is None:
        return []
    return [
        f"{name.upper()}: {after.get(name) or 'null'}, was {before.get(name) or 'null'}"
        for name in sorted({*before, *after})
        if (before.get(name) or "null") != (after.get(name) or "null")
    ]


def _membership_changes(
    before: Sequence[RecordedMembership], after: Sequence[RecordedMembership]
) -> list[str]:
    old = {_content(one): one for one in before}
    new = {_content(one): one for one in after}
    changes = [f"no longer {one.words()}" for key, one in old.items() if key not in new]
    changes += [f"now {one.words()}" for key, one in new.items() if key not in old]
    for key in (key for key in new if key in old):
        had, has = set(old[key].all_members()), set(new[key].all_members())
        texts = [f"without {', '.join(sorted(had - has))}"] * bool(had - has)
        texts += [f"with {', '.join(sorted(has - had))}"] * bool(has - had)
        if texts:
            changes.append(f"{new[key].words()}: now {' and '.join(texts)}")
    return changes


def _content(one: RecordedMembership) -> tuple[str | None, ...]:
    return one.program, one.asn_id, one.asn_type, one.asn_rule, one.product, one.exptype
