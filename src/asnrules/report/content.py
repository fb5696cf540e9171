"""What is on the page of a run.

A run may have a hundred thousand exposures; a page that a browser opens at once has not. So lists
are cut, each with the number of what there is, and totals are always of everything.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, select

from asnrules.associations.model import NO_DEGRADED, Association
from asnrules.catalog.describe import Description, describe_ruleset
from asnrules.database.schema import rulesets
from asnrules.database.stored import Finding
from asnrules.record.queries.associations import RecordedAssociations
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import RunReport, report_run
from asnrules.record.queries.summaries import (
    ExposureCount,
    Flow,
    RuleCount,
    exposure_counts,
    flows,
    left_out,
    positions_of,
    rule_counts,
)
from asnrules.record.verify_catalog import ruleset_findings
from asnrules.report.picture import Picture, draw
from asnrules.util.parallel import Progress

ASSOCIATIONS = 2_000
"""How many associations are listed."""
MEMBERS = 30_000
"""How many of their members are listed."""
FEWEST_MEMBERS = 10
"""How many members of an association are listed in any case."""
ROWS = 1_000
"""How many rows any other list has."""
SQUARES = 30
"""How many members of an association are drawn."""


Row = TypeVar("Row")


class Shown(NamedTuple, Generic[Row]):
    """The beginning of a list."""

    rows: Sequence[Row]
    total: int
    """How many there are."""


@dataclass(frozen=True, slots=True)
class ShownAssociation:
    """An association on the page."""

    association: Association
    roles: list[tuple[str, int]]
    """The roles of its members, and how many of each."""
    squares: list[str]
    """The roles of the members that are drawn."""
    members: Shown[Any]
    is_degraded: bool


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """What a rule made."""

    count: RuleCount
    associations: list[ShownAssociation]


@dataclass(frozen=True, slots=True)
class PageContent:
    """Everything that is on the page of a run."""

    report: RunReport
    ruleset: Description | None
    """None if it cannot be read."""
    exposures: Shown[ExposureCount]
    """By EXP_TYPE."""
    flows: Shown[Flow]
    """Which exposures went where; `picture` is the same, drawn."""
    picture: Picture
    groups: list[RuleGroup]
    reasons: Shown[dict[str, Any]]
    """Why exposures are in no association, and how many."""
    left_out: Shown[dict[str, Any]]
    verdicts: Shown[dict[str, Any]]
    diagnostics: Shown[str]
    """What the operator was told."""

    @property
    def listed(self) -> int:
        """How many associations are listed."""
        return sum(len(group.associations) for group in self.groups)

    @property
    def used_rules(self) -> list[dict[str, Any]]:
        """The rules that made something, in words."""
        return self._rules(used=True)

    @property
    def unused_rules(self) -> list[dict[str, Any]]:
        """The others."""
        return self._rules(used=False)

    def _rules(self, *, used: bool) -> list[dict[str, Any]]:
        names = {group.count.asn_rule for group in self.groups}
        rules = self.ruleset.rows if self.ruleset else ()
        return [rule for rule in rules if (rule["asn_rule"] in names) is used]

    @property
    def options(self) -> list[tuple[str, str]]:
        """The options that were given, as text."""
        return [
            (name, value if isinstance(value, str) else json.dumps(value))
            for name, value in (self.report.options or {}).items()
            if value
        ]


def page_content(
    connection: Connection,
    run_id: int,
    findings: list[Finding] | None = None,
    progress: Progress | None = None,
) -> PageContent:
    """Collect what is on the page of a run; for findings see `Reader`.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    report = report_run(connection, run_id, findings)
    reader = Reader(connection, findings)
    counts = exposure_counts(reader, run_id)
    moved = flows(reader, run_id)
    made = rule_counts(reader, run_id)
    return PageContent(
        report=report,
        ruleset=_ruleset(reader, report),
        exposures=_first(counts),
        flows=_first(moved),
        picture=draw(moved, counts, made),
        groups=_groups(reader, run_id, made, progress),
        reasons=_first(report.left_out),
        left_out=Shown(left_out(reader, run_id, ROWS), sum(count.unassociated for count in counts)),
        verdicts=_first(report.verdicts),
        diagnostics=_first(report.diagnostics or ()),
    )


def _ruleset(reader: Reader, report: RunReport) -> Description | None:
    if report.run.ruleset is None:
        # That it is gone is a finding already.
        return None
    own = select(rulesets).where(rulesets.c.label == report.run.ruleset)
    list(reader.rows(own, report.run.run_id))
    try:
        return describe_ruleset(reader.connection, report.run.ruleset)
    except Exception:
        # Whatever this stumbles over is what cannot be read, if there is any.
        found = [one for one in ruleset_findings(reader.connection) if one.column]
        if reader.findings is None or not found:
            raise
        reader.findings += found
        return None


def _first(rows: Sequence[Row]) -> Shown[Row]:
    return Shown(rows[:ROWS], len(rows))


def _groups(
    reader: Reader,
    run_id: int,
    counts: Sequence[RuleCount],
    progress: Progress | None,
) -> list[RuleGroup]:
    shares = shared_out([count.associations for count in counts], ASSOCIATIONS)
    recorded = RecordedAssociations(reader.connection, run_id, reader.findings)
    each = max(FEWEST_MEMBERS, MEMBERS // max(1, sum(shares)))
    groups = []
    for count, share in zip(counts, shares, strict=True):
        positions = positions_of(reader, run_id, count, share)
        groups.append(RuleGroup(count, [_shown(one, each) for one in recorded.chosen(positions)]))
        if progress is not None:
            progress("rules", len(groups), len(counts))
    return groups


def shared_out(wanted: Sequence[int], available: int) -> list[int]:
    """Share what is available out, so that the small ones get all and the big ones alike."""
    shares = [0] * len(wanted)
    in_order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    for done, place in enumerate(in_order):
        shares[place] = min(wanted[place], available // (len(wanted) - done))
        available -= shares[place]
    return shares


def _shown(one: Association, members: int) -> ShownAssociation:
    return ShownAssociation(
        association=one,
        roles=list(Counter(member.exptype for _, member in one.placed).items()),
        squares=[member.exptype for _, member in one.placed[:SQUARES]],
        members=Shown(one.placed[:members], len(one.placed)),
        is_degraded=one.degraded_status != NO_DEGRADED,
    )
