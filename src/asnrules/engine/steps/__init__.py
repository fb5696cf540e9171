"""The steps between a grown association and a finished one.

A rule names the steps that its associations go through, in order. Pruning, naming and
numbering come after that, over the associations of all rules.

====================  ==============================================================
`step`                what a step is; does the association stand?
`imprints`            keep the imprints that match the science
`nods`                split the nods of a pattern
`direct_images`       replace direct images by what is made of them
====================  ==============================================================
"""

from __future__ import annotations

from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Lack
from asnrules.engine.member_log import GrowingMember
from asnrules.engine.naming import member_name
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps import direct_images, imprints, nods, step
from asnrules.engine.steps.step import Looks, Step

__all__ = ["STEPS", "Looks", "Step", "finish", "left_out_text"]

STEPS: dict[str, Step] = {**step.STEPS, **imprints.STEPS, **nods.STEPS, **direct_images.STEPS}
"""The steps by the names that rules use."""


def finish(growing: GrowingAssociation, work: Work) -> tuple[list[GrowingAssociation], list[Lack]]:
    """Take an association through the steps of its rule.

    Returns
    -------
    tuple of (list of GrowingAssociation, list of Lack)
        What becomes of it, and why something of it did not come about.
    """
    if work.has_other_names:
        growing.own, growing.shared = _once_each(growing.members, work), ()
    if work.degraded:
        places = [member.place for member in growing.own]
        growing.degraded = not work.degraded.isdisjoint(places) or any(
            part.first(_is_degraded, True) is not None for part in growing.shared
        )
    finished = [growing]
    reasons: list[Lack] = []
    for name in growing.rule.steps:
        following: list[GrowingAssociation] = []
        for one in finished:
            result = STEPS[name].function(one, work)
            if isinstance(result, Lack):
                reasons.append(result)
            else:
                following += result
        finished = following
    return finished, reasons


def left_out_text(growing: GrowingAssociation, member: GrowingMember, work: Work) -> str:
    """Say why an association, after its steps, lacks a member that it had before them."""
    if member.exptype == direct_images.DIRECT_IMAGE:
        made = ", ".join(one.expname for one in growing.members if one.expname is not None)
        return f"what is made of the direct images stands for it: {made}"
    science = growing.first_place(SCIENCE)
    if science is not None and member.place is not None:
        if member.exptype == imprints.IMPRINT:
            difference = imprints.imprint_difference(work, science, member.place)
            return f"an imprint that fits its science better stays{difference}"
        splits = [STEPS[name].function for name in growing.rule.steps]
        for split in splits:
            if member.exptype == SCIENCE and isinstance(split, nods.NodSplit) and split.by_point:
                text = split.left_out_text(work, science, member.place)
                return f"no background for {work.value(science, 'filename')}, as {text}"
    return "it is the same file as another member"


def _is_degraded(work: Work, member: GrowingMember) -> bool:
    return member.place in work.degraded


def _once_each(members: list[GrowingMember], work: Work) -> list[GrowingMember]:
    """Keep the first of members that are the same file in the same role.

    A pool may list an exposure under two names, such as its uncal and its rate product.
    """
    first: dict[tuple[str, str], GrowingMember] = {}
    for member in members:
        if member.place is not None:
            filename = work.value(member.place, "filename") or ""
            expname = member_name(filename, rateints=member.rateints)
            first.setdefault((expname, member.exptype), member)
    return list(first.values())
