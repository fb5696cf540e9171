"""What runs decided of an exposure, and its places in associations, each found by its index."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

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
from asnrules.errors import NotFoundError
from asnrules.pools.exposure_names import ambiguous, begun, plain_name, possible_names
from asnrules.record.pools import OTHER_COLUMNS, Place
from asnrules.record.queries.reader import (
    DECIDED,
    IMPORTED,
    TRACE_REASON,
    Reader,
    columns,
    without_association,
)
from asnrules.util.results import shown_briefly
from asnrules.util.text import near_spellings

_NEAR = 3
_NUMBERS = 5_000
"""How many numbers a statement lists."""
_BEGUN = 30
"""Names that are looked at for one that begins as is asked."""
MEMBER_SEPARATOR = "\n"
"""Between the members of an association where they are fetched as one text."""


@shown_briefly
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
    def without_association(self) -> str:
        """Say where it is if no association of the run has it."""
        return without_association(self.origin)

    @property
    def place(self) -> Place | None:
        """Where the exposure stands; None for a file that is in no pool of the run."""
        return _place(self.pool_id, self.position)


@shown_briefly
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
    def place(self) -> Place | None:
        """As that of a decision."""
        return _place(self.pool_id, self.exposure)

    def words(self) -> str:
        """Say which place it is."""
        kind = self.asn_type or "without a type,"
        rule, candidate = self.asn_rule or "no rule", self.asn_id or "no candidate"
        return f"{self.exptype} in {self.product}, {kind} by {rule} for {candidate}"

    def all_members(self) -> list[str]:
        """Give the members."""
        return (self.members or "").split(MEMBER_SEPARATOR)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        names = ("asn_name", "asn_type", "asn_rule", "asn_id", "product", "expname", "exptype")
        own = {name: getattr(self, name) for name in names}
        return {**own, "members": len(self.all_members()), "verdict": self.verdict}


def _place(pool_id: int | None, row: int | None) -> Place | None:
    return None if pool_id is None or row is None else (pool_id, row)


def values_at(reader: Reader, places: Iterable[Place]) -> dict[Place, dict[str, Any]]:
    """Give the values of the keywords of exposures, by pool and row."""
    found: dict[Place, dict[str, Any]] = {}
    ordered = sorted(set(places))
    for start in range(0, len(ordered), _NUMBERS):
        some = ordered[start : start + _NUMBERS]
        statement = (
            select(pools.c.run_id, *columns(exposures, "pool_id", "position", "keyword_values"))
            .select_from(exposures)
            .join(pools, pools.c.pool_id == exposures.c.pool_id)
            .where(
                exposures.c.pool_id.in_({pool for pool, _ in some}),
                exposures.c.position.in_({row for _, row in some}),
            )
        )
        for row in reader.rows(statement):
            found[row["pool_id"], row["position"]] = row["keyword_values"] or {}
    return found


def names_on_record(connection: Connection, spelling: str) -> list[str]:
    """Give the names under which an exposure is on record that a spelling means.

    See `find_exposure` for spellings and errors.
    """
    names = possible_names(spelling)
    if _are_on_record(connection, names):
        return names
    name = plain_name(spelling)
    found = begun(name, _beside(connection, name, _BEGUN))
    if len(found) > 1:
        raise ambiguous(spelling, found)
    if found:
        return possible_names(found[0])
    near = ", ".join(near_spellings(name, _beside(connection, name, _NEAR), cutoff=0))
    hint = f"near it are {near}" if near else "there is no exposure yet"
    raise NotFoundError(f"no exposure {spelling!r} on record; {hint}")


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
        values.pop(OTHER_COLUMNS, None)
        found[row["pool_id"], row["position"]] = values
    return found


_FOREIGN = association_members.c.exposure.is_(None)
"""What tells the members that are in no pool of their run."""


def _are_on_record(connection: Connection, names: Sequence[str]) -> bool:
    member = association_members.c.expname
    of_pools = select(exposures.c.filename).where(exposures.c.filename.in_(names))
    of_no_pool = select(member).where(_FOREIGN, member.in_(names))
    statements = (one.limit(1) for one in (of_pools, of_no_pool))
    return any(connection.execute(one).first() is not None for one in statements)


def _beside(connection: Connection, name: str, number: int) -> list[str]:
    """Give names on record that come just before and after a name in their order."""
    found: set[str] = set()
    foreign = select(association_members.c.expname).where(_FOREIGN)
    for names in (select(exposures.c.filename), foreign):
        (column,) = names.selected_columns
        before = names.where(column < name).order_by(column.desc())
        after = names.where(column > name).order_by(column)
        for beside in (before, after):
            found |= set(connection.execute(beside.limit(number)).scalars())
    return sorted(found)
