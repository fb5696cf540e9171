"""What an association on record needs on disk."""

from __future__ import annotations

from sqlalchemy import Connection

from asnrules.associations.model import Member, members_of
from asnrules.associations.needs import Need, needs_of
from asnrules.catalog.rulesets import RULES, choose_ruleset
from asnrules.catalog.store import load_rules
from asnrules.database.stored import Finding
from asnrules.record.queries.associations import report_association
from asnrules.record.queries.exposures import values_at
from asnrules.record.queries.reader import Reader


def recorded_needs(
    connection: Connection, name: str, findings: list[Finding] | None = None
) -> list[Need]:
    """Give the files that an association needs, as the newest run has it; see `report_association`.

    What keywords name is told by the rules of the run.
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

    return list(needs_of([newest.association], ruleset.rules, value))
