"""What an association on record needs on disk."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from asnrules.associations.comparison import LATER
from asnrules.associations.model import Member, members_of
from asnrules.associations.needs import Need, file_keywords, needs_of
from asnrules.catalog.rulesets import RULES, choose_ruleset
from asnrules.catalog.store import load_rules
from asnrules.database.stored import Finding
from asnrules.record.queries.associations import AssociationReport, report_association
from asnrules.record.queries.exposures import values_at
from asnrules.record.queries.reader import Reader
from asnrules.rules.model import Rule
from asnrules.util.results import Results
from asnrules.util.text import few


def recorded_needs(
    connection: Connection, name: str, findings: list[Finding] | None = None
) -> Results[Need]:
    """Give the files that an association needs, as the newest run has it; see `report_association`.

    What keywords name is told by the rules of the run; the notes say where that is unknown.
    """
    newest = report_association(connection, name, findings)[-1]
    info = choose_ruleset(connection, RULES, newest.run.ruleset)
    ruleset = load_rules(connection, info.ruleset_id)
    places = {
        member: (member.pool_id, member.exposure)
        for member in members_of(newest.association.products)
        if member.pool_id is not None and member.exposure is not None
    }
    values = values_at(Reader(connection, findings), places.values())

    def value(member: Member, keyword: str) -> str | None:
        place = places.get(member)
        found = None if place is None else values.get(place, {}).get(keyword)
        return None if found in ruleset.empty else str(found)

    found = needs_of([newest.association], ruleset.rules, value)
    return Results(found, Need._fields, _unknown(newest, ruleset.rules))


def _unknown(report: AssociationReport, rules: Sequence[Rule]) -> list[str]:
    """Say which members are in no pool on record, if keywords of theirs may name files."""
    one = report.association
    made_by = [rule for rule in rules if rule.name == one.asn_rule]
    members = [
        member.expname
        for member in members_of(one.products)
        if member.exposure is None and member.exptype not in LATER
    ]
    if not members or (made_by and not any(map(file_keywords, made_by))):
        return []
    run = report.run.run_id
    which = f"has no {few(members)}" if report.run.pools else "is not on record"
    return [
        f"the pool of run {run} {which}, so MSA files are unknown; "
        "import the association with it: asnrules audit import FILE --pool POOL"
    ]
