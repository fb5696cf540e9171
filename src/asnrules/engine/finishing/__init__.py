"""The steps between a grown association and a finished one.

A rule names the steps that its associations go through, in order. Naming, pruning and
numbering come after that, over the associations of all rules.

====================  ==============================================================
`steps`               all steps by name, each with what it does in words
`validity`            does the association stand?
`imprints`            keep the imprints that match the science
`nods`                split the nods of a pattern
`wfss`                replace direct images by what is made of them
`names`               names of members, products and associations
`pruning`             of associations that say the same, one stays
====================  ==============================================================
"""

from __future__ import annotations

from asnrules.engine.drafts import Draft, Lack
from asnrules.engine.finishing.names import member_name
from asnrules.engine.finishing.steps import STEPS
from asnrules.engine.stretches import DraftMember
from asnrules.engine.work import Work


def finish(draft: Draft, work: Work) -> tuple[list[Draft], list[Lack]]:
    """Take an association through the steps of its rule.

    Parameters
    ----------
    draft : Draft
        As the rule has grown it.
    work : Work
        The judged exposures.

    Returns
    -------
    tuple of (list of Draft, list of Lack)
        What becomes of it, and why something of it did not come about.
    """
    if work.has_other_names:
        draft.own, draft.shared = _once_each(draft.members, work), ()
    if work.degraded:
        places = [member.place for member in draft.own]
        draft.degraded = not work.degraded.isdisjoint(places) or any(
            stretch.first(_is_degraded, True) is not None for stretch in draft.shared
        )
    finished = [draft]
    reasons: list[Lack] = []
    for name in draft.rule.steps:
        following: list[Draft] = []
        for one in finished:
            result = STEPS[name].function(one, work)
            if isinstance(result, Lack):
                reasons.append(result)
            else:
                following += result
        finished = following
    return finished, reasons


def _is_degraded(work: Work, member: DraftMember) -> bool:
    return member.place in work.degraded


def _once_each(members: list[DraftMember], work: Work) -> list[DraftMember]:
    """Keep the first of members that are the same file in the same role.

    A pool may list an exposure under two names, such as its uncal and its rate product.
    """
    first: dict[tuple[str, str], DraftMember] = {}
    for member in members:
        if member.place is not None:
            filename = work.value(member.place, "filename") or ""
            expname = member_name(filename, rateints=member.rateints)
            first.setdefault((expname, member.exptype), member)
    return list(first.values())
