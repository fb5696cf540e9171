"""What an exposure anchors on its own: the associations that it is the science of by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asnrules.associations.model import Member, Product
from asnrules.engine.batched_procedure import BatchedProcedure
from asnrules.engine.candidates import OBSERVATION, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, is_rateints
from asnrules.engine.pruning import Unnamed, digest_of, prune
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps import finish
from asnrules.rules.model import Rule
from asnrules.rules.settings import Settings

LONE_CANDIDATE = ("o001", OBSERVATION)
"""The candidate that an exposure is taken to be in."""


class Anchor(NamedTuple):
    """A rule by which an exposure is the science of an association of its own."""

    rule: Rule
    rateints: bool
    """Whether it is a member with its rateints product."""


def anchored(work: Work, place: int) -> list[Rule]:
    """Give the rules by which an exposure anchors an association, in order of name.

    An association that would still need a companion counts where there is none without; one
    for another candidate than an observation, where there is none for that. Of rules that
    make the same, those stay that the ruleset lets stay.
    """
    return [one.rule for one in _anchors(work, place)]


def products_of(work: Work, place: int) -> set[str]:
    """Give the products with which an exposure is the science of those associations."""
    return {"rateints" if one.rateints else "rate" for one in _anchors(work, place)}


def _anchors(work: Work, place: int) -> list[Anchor]:
    found: dict[tuple[bool, bool], list[Anchor]] = {}
    for number in work.judgements[place].takers:
        for made in BatchedProcedure(work, number).run([place], LONE_CANDIDATE):
            if made.holds(SCIENCE):
                rank = (
                    refusal(made.rule, LONE_CANDIDATE) is not None,
                    not finish(made, work)[0],
                )
                rateints = is_rateints(work.judgements[place].verdicts[number], dict(made.keys))
                found.setdefault(rank, []).append(Anchor(made.rule, rateints))
    if not found:
        return []
    nearest = found[min(found)]
    return [nearest[number] for number in staying(nearest, work.ruleset.settings)]


def stands_alone(work: Work, place: int, rule: Rule, exptype: str) -> bool:
    """Tell whether an association of one member passes the finishing steps."""
    member = Member("", exptype, None, place)
    return bool(finish(GrowingAssociation(rule, LONE_CANDIDATE, place, own=[member]), work)[0])


def staying(anchors: Sequence[Anchor], settings: Settings) -> list[int]:
    """Choose those associations of one exposure, for one candidate, that pruning keeps.

    Given in order of generation; the places of those that stay come back in that order.
    """
    made = []
    for rule, rateints in anchors:
        # Pruning looks at the file, not at the role in which a rule took it.
        member = Member(f"rateints={rateints}", SCIENCE, None, 0)
        product = Product("", (member,))
        made.append(Unnamed(rule, LONE_CANDIDATE, 0, product, digest_of(member)))
    return sorted(prune(made, settings, lambda one: one.asn_type))
