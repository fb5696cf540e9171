"""What questions are asked about: a label for each of its parameters, and a value to begin with."""

from __future__ import annotations

from typing import NamedTuple

from asnrules.browse.reference import Question
from asnrules.browse.search import Execute


class Asked(NamedTuple):
    """A parameter of questions."""

    label: str
    default: str = ""
    """The query for a value that gives an answer; "" if that of the document does."""


_RULESETS_RUN = (
    "SELECT ruleset FROM v_runs WHERE origin = 'generated' GROUP BY ruleset "
    "ORDER BY MAX(run_id) DESC"
)
_LAST = (
    "SELECT {} FROM v_association_members AS m WHERE m.run_id = "
    "(SELECT MAX(run_id) FROM runs WHERE origin = 'generated' AND association_count > 0) {} LIMIT 1"
)

ASKED = {
    "from": Asked(
        "From (UTC)", "SELECT SUBSTR(MAX(started_at), 1, 10) || ' 00:00Z' FROM runs "
        "WHERE origin = 'generated'",
    ),
    "until": Asked(
        "until, not included (UTC)", "SELECT DATE(SUBSTR(MAX(started_at), 1, 10), '+1 day') "
        "|| ' 00:00Z' FROM runs WHERE origin = 'generated'",
    ),
    "ruleset": Asked("Ruleset", f"{_RULESETS_RUN} LIMIT 1"),
    "one": Asked("One ruleset", f"{_RULESETS_RUN} LIMIT 1"),
    "other": Asked(
        "the other ruleset",
        f"SELECT COALESCE(({_RULESETS_RUN} LIMIT 1 OFFSET 1), "  # noqa: S608 (queries of ours)
        f"(SELECT extends FROM v_rulesets WHERE ruleset = ({_RULESETS_RUN} LIMIT 1)))",
    ),
    "program": Asked("Program", _LAST.format("m.program", "")),
    "filename": Asked("Exposure", _LAST.format("m.filename", "AND m.filename IS NOT NULL")),
    "product": Asked(
        "Product", "SELECT product FROM association_members WHERE exptype = 'background' LIMIT 1"
    ),
    "candidate": Asked(
        "Candidate", "SELECT asn_id FROM associations ORDER BY run_id DESC, position LIMIT 1"
    ),
    "filter": Asked(
        "Filter", "SELECT filter FROM (SELECT filter, exposerr FROM v_exposures LIMIT 5000) "
        "WHERE filter IS NOT NULL ORDER BY exposerr IS NULL LIMIT 1",
    ),
    "exp_type": Asked("EXP_TYPE"),
    "day": Asked("Day"),
}  # fmt: skip


def label_of(parameter: str) -> str:
    """Name a parameter for people."""
    asked = ASKED.get(parameter)
    return asked.label if asked else parameter.replace("_", " ").capitalize()


async def defaults(execute: Execute, question: Question) -> dict[str, str]:
    """Give values for the parameters of a question, from the record where that has some."""
    values = dict(question.examples)
    for name in values.keys() & ASKED.keys():
        default = ASKED[name].default
        for row in await execute(default, {}) if default else ():
            values[name] = next((str(one) for one in dict(row).values() if one), values[name])
    return values
