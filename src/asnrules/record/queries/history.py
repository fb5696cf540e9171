"""The history of an exposure: every decision on record, and what changed from one to the next."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, null, select, union

from asnrules.database.schema.catalog import rulesets
from asnrules.database.schema.record import (
    association_members,
    decisions,
    exposures,
    run_pools,
    runs,
)
from asnrules.database.stored import Finding
from asnrules.record.pools import NULL, Place
from asnrules.record.queries.exposures import (
    RecordedDecision,
    RecordedMembership,
    decisions_of,
    keywords_of,
    memberships_of,
    names_on_record,
)
from asnrules.record.queries.reader import DECIDED, Reader, without_association
from asnrules.record.queries.runs import RunFilter, checked_limit, list_runs
from asnrules.util.results import shown_briefly


@shown_briefly
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


@shown_briefly
class DecisionCount(NamedTuple):
    """How many decisions on an exposure came out alike."""

    decisions: int
    ruleset: str
    origin: str
    associations: int | None
    """In how many it is; None for a file that is in no pool, or of which nothing was decided."""
    first_run: int
    last_run: int

    @property
    def without_association(self) -> str:
        """Say where it is if no association of the run has it."""
        return without_association(self.origin)


def exposure_history(
    connection: Connection,
    filename: str,
    findings: list[Finding] | None = None,
    limit: int | None = None,
) -> list[HistoricDecision]:
    """Give every decision on record about an exposure, or those of the latest runs, by time.

    It is named by any of its products, as a whole or in its beginning (see `names_on_record`), or
    it is another member of associations, such as a catalog. For findings see `Reader`.
    """
    names, limit = names_on_record(connection, filename), checked_limit(limit)
    reader = Reader(connection, findings)
    # One more than are given, with which the first of them is compared.
    run_ids = None if limit is None else _latest_runs(connection, names, limit + 1)
    memberships: dict[tuple[int, Place | None], list[RecordedMembership]] = defaultdict(list)
    for one in memberships_of(reader, names, run_ids):
        memberships[one.run_id, one.place].append(one)
    decisions = decisions_of(reader, names, run_ids)
    decided = {(one.run_id, one.place) for one in decisions}
    foreign = [own[0] for place, own in memberships.items() if place not in decided]
    decisions += _foreign(reader, foreign)
    decisions.sort(key=_time)
    found = [HistoricDecision(one, memberships[one.run_id, one.place]) for one in decisions]
    # Only with more than one row of a pool can keywords have changed.
    places = {one.place for one in decisions}
    pool_ids = {place[0] for place in places if place is not None}
    keywords = keywords_of(reader, names, pool_ids) if len(places) > 1 else {}
    compared = _with_changes(found, keywords)
    if limit is None or run_ids is None:
        return compared
    return [one for one in compared if one.decision.run_id in run_ids[:limit]]


def count_decisions(
    connection: Connection, filename: str, findings: list[Finding] | None = None
) -> list[DecisionCount]:
    """Count the decisions on an exposure by ruleset and outcome, the earliest first."""
    names = names_on_record(connection, filename)
    of_pools, of_no_pool = _in_pools(names), _in_no_pool(names)
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
    """Order decisions by time; those whose time cannot be read come first."""
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
    changes += _keyword_changes(keywords, before.decision.place, after.decision.place)
    changes += _membership_changes(before.memberships, after.memberships)
    reasons = before.decision.reason, after.decision.reason
    still_out = not before.memberships and not after.memberships
    if still_out and reasons[0] != reasons[1] and None not in reasons:
        changes.append(f"reason: {reasons[1]}, was {reasons[0]}")
    return changes


def _keyword_changes(keywords: _Keywords, *places: Place | None) -> list[str]:
    old, new = (keywords.get(place) if place is not None else None for place in places)
    if old is None or new is None:
        return []
    values = ((name, old.get(name) or NULL, new.get(name) or NULL) for name in {**old, **new})
    return [f"{name.upper()}: {has}, was {had}" for name, had, has in sorted(values) if had != has]


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
