"""What an exposure makes when it is judged alone, companions left aside."""

from __future__ import annotations

from asnrules.associations.model import Member, Product
from asnrules.engine.conditions import requirement_holds
from asnrules.engine.finishing import finish
from asnrules.engine.finishing.pruning import Entry, digest_of, prune
from asnrules.engine.finishing.validity import OBSERVATION
from asnrules.engine.model import Rule
from asnrules.engine.procedure import Procedure
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.stretches import DraftMember
from asnrules.engine.work import Work

_CANDIDATE = ("o001", OBSERVATION)


def anchored(work: Work, place: int) -> list[Rule]:
    """Give the rules by which an exposure anchors an association.

    Parameters
    ----------
    work : Work
        The judged exposures.
    place : int
        The exposure.

    Returns
    -------
    list of Rule
        Those that take it as the science of an association of its own, in order of name. An
        association that would still need a companion counts where there is none without; one
        for another candidate than an observation, where there is none for that. Of rules that
        make the same, those stay that the ruleset lets stay.
    """
    found: dict[tuple[bool, bool], list[tuple[Rule, Entry]]] = {}
    for number in work.judgements[place].takers:
        for draft in Procedure(work, number, _CANDIDATE).run([place]):
            if draft.holds(SCIENCE):
                rule = draft.rule
                made = (rule, _entry(rule, draft.members[0]))
                rank = (not _takes_observations(rule), not finish(draft, work)[0])
                found.setdefault(rank, []).append(made)
    if not found:
        return []
    nearest = found[min(found)]
    kept = prune([entry for _, entry in nearest], work.ruleset.settings.overall)
    return [nearest[number][0] for number in sorted(kept)]


def _takes_observations(rule: Rule) -> bool:
    values = dict(zip(("candidate_id", "candidate_type"), _CANDIDATE, strict=True))
    return all(requirement_holds(use, values) for use in rule.candidate_requirements)


def _entry(rule: Rule, taken: DraftMember) -> Entry:
    # Pruning looks at the file, not at the role in which a rule took it.
    expname = f"rateints={taken.rateints}"
    member = Member(expname, taken.exptype, None, taken.place)
    return Entry("", Product("", (member,)), digest_of(member), object, rule.asn_type)
