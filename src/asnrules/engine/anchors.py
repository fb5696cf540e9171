"""What an exposure makes when it is judged alone, companions left aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asnrules.associations.model import Member, Product
from asnrules.engine.candidates import OBSERVATION
from asnrules.engine.conditions import requirement_holds
from asnrules.engine.exposures import Work
from asnrules.engine.procedure import Procedure
from asnrules.engine.pruning import Entry, digest_of, prune
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps import finish
from asnrules.rules.model import Rule, Settings

_CANDIDATE = ("o001", OBSERVATION)


class Anchor(NamedTuple):
    """A rule by which an exposure is the science of an association of its own.

    Attributes
    ----------
    rule : Rule
        The rule.
    rateints : bool
        Whether it is a member with its rateints product.
    """

    rule: Rule
    rateints: bool


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
    found: dict[tuple[bool, bool], list[Anchor]] = {}
    for number in work.judgements[place].takers:
        for draft in Procedure(work, number, _CANDIDATE).run([place]):
            if draft.holds(SCIENCE):
                rule = draft.rule
                made = Anchor(rule, draft.members[0].rateints)
                rank = (not _takes_observations(rule), not finish(draft, work)[0])
                found.setdefault(rank, []).append(made)
    if not found:
        return []
    nearest = found[min(found)]
    return [nearest[number].rule for number in staying(nearest, work.ruleset.settings)]


def staying(anchors: Sequence[Anchor], settings: Settings) -> list[int]:
    """Choose those associations of one exposure alone, for one candidate, that pruning keeps.

    Parameters
    ----------
    anchors : sequence of Anchor
        In the order in which they are generated.
    settings : Settings
        Of the ruleset, which names the steps of pruning.

    Returns
    -------
    list of int
        The places of those that stay, in order.
    """
    return sorted(prune([_entry(anchor) for anchor in anchors], settings.overall))


def _takes_observations(rule: Rule) -> bool:
    values = dict(zip(("candidate_id", "candidate_type"), _CANDIDATE, strict=True))
    return all(requirement_holds(use, values) for use in rule.candidate_requirements)


def _entry(anchor: Anchor) -> Entry:
    # Pruning looks at the file, not at the role in which a rule took it.
    member = Member(f"rateints={anchor.rateints}", SCIENCE, None, 0)
    return Entry("", Product("", (member,)), digest_of(member), object, anchor.rule.asn_type)
