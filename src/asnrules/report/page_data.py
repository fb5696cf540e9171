"""What is on the page of a run.

A run may have a hundred thousand exposures; a page that a browser opens at once has not. So lists
are cut, each with the number of what there is, and totals are always of everything.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from asnrules.associations.model import NO_DEGRADED, Association
from asnrules.catalog.describe import Description, describe_ruleset
from asnrules.database.schema.catalog import rulesets
from asnrules.database.stored import Finding
from asnrules.record.queries.associations import RecordedAssociations
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import RecordedRun, RunReport, find_run, report_run
from asnrules.record.queries.summaries import (
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


class Shown(NamedTuple):
    """The beginning of a list."""

    rows: Sequence[Any]
    total: int
    """How many there are."""


def page_data(
    connection: Connection,
    run_id: int,
    findings: list[Finding] | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Collect what the template shows of a run; if there is none it is a NotFoundError.

    For findings see `Reader`.
    """
    report = report_run(connection, run_id, findings)
    reader = Reader(connection, findings)
    counts = exposure_counts(reader, run_id)
    moved = flows(reader, run_id)
    made = rule_counts(reader, run_id)
    groups = list(_groups(reader, run_id, made, progress))
    ruleset = _ruleset(reader, report)
    used = {count.asn_rule for count in made}
    rules = ruleset.rows if ruleset else []
    unassociated = sum(count.unassociated for count in counts)
    return {
        "report": report,
        "options": [
            (name, value if isinstance(value, str) else json.dumps(value))
            for name, value in (report.options or {}).items()
            if value
        ],
        "flows": _first(moved),
        "picture": draw(moved, counts, made, report.run.without_association),
        "groups": groups,
        "listed": sum(len(group["associations"]) for group in groups),
        "reasons": _first(report.left_out),
        "left_out": Shown(left_out(reader, run_id, ROWS), unassociated),
        "verdicts": _first(report.verdicts),
        "diagnostics": _first(report.diagnostics or ()),
        "ruleset": ruleset,
        "used_rules": [rule for rule in rules if rule["asn_rule"] in used],
        "unused_rules": [rule for rule in rules if rule["asn_rule"] not in used],
    }


def picture_data(connection: Connection, run_id: int) -> tuple[RecordedRun, Picture]:
    """Draw where the exposures of a run went; if there is none it is a NotFoundError."""
    run, reader = find_run(connection, run_id), Reader(connection)
    counts, made = exposure_counts(reader, run_id), rule_counts(reader, run_id)
    return run, draw(flows(reader, run_id), counts, made, run.without_association)


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


def _first(rows: Sequence[Any]) -> Shown:
    return Shown(rows[:ROWS], len(rows))


def _groups(
    reader: Reader, run_id: int, counts: Sequence[RuleCount], progress: Progress | None
) -> Iterator[dict[str, Any]]:
    """Give what each rule made, as many associations of each as there is room for."""
    shares = shared_out([count.associations for count in counts], ASSOCIATIONS)
    recorded = RecordedAssociations(reader.connection, run_id, reader.findings)
    each = max(FEWEST_MEMBERS, MEMBERS // max(1, sum(shares)))
    for done, (count, share) in enumerate(zip(counts, shares, strict=True), 1):
        chosen = recorded.chosen(positions_of(reader, run_id, count, share))
        yield {"count": count, "associations": [_shown(one, each) for one in chosen]}
        if progress is not None:
            progress("rules", done, len(counts))


def shared_out(wanted: Sequence[int], available: int) -> list[int]:
    """Share what is available out, so that the small ones get all and the big ones alike."""
    shares = [0] * len(wanted)
    in_order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    for done, place in enumerate(in_order):
        shares[place] = min(wanted[place], available // (len(wanted) - done))
        available -= shares[place]
    return shares


def _shown(one: Association, members: int) -> dict[str, Any]:
    roles = [member.exptype for _, member in one.placed]
    return {
        "association": one,
        "roles": Counter(roles).items(),
        "squares": roles[:SQUARES],
        "members": Shown(one.placed[:members], len(one.placed)),
        "is_degraded": one.degraded_status != NO_DEGRADED,
    }
