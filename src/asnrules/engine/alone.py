"""What an exposure makes when it is judged alone, companions left aside."""

from __future__ import annotations

from asnrules.engine.drafts import Work
from asnrules.engine.finishing.validity import OBSERVATION
from asnrules.engine.model import Rule
from asnrules.engine.procedure import Procedure
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.stretches import DraftMember

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
        Those that take it as the science of an association of its own. An association that
        would still need a companion counts. Of rules that make the same membership, the one
        whose name sorts last stays, as in pruning.
    """
    kept: dict[DraftMember, Rule] = {}
    for number in work.judgements[place].takers:
        for draft in Procedure(work, number, _CANDIDATE).run([place]):
            if draft.holds(SCIENCE):
                # Pruning does not look at the role in which a rule took it.
                kept[draft.members[0]._replace(role="")] = draft.rule
    return sorted(kept.values(), key=lambda rule: rule.name)
