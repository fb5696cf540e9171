"""The steps between a grown association and a finished one.

A rule names the steps that its associations go through, in order; `asnrules.rules.steps` says what
each does. Pruning, naming and numbering come after that, over the associations of all rules.

====================  ==============================================================
`imprints`            keep the imprints that match the science
`nods`                split the nods of a pattern
`direct_images`       replace direct images by what is made of them
====================  ==============================================================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asnrules.associations.model import Member
from asnrules.engine.candidates import BACKGROUND, OBSERVATION, cannot_stand
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Lack, exptype_of
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE, use_products
from asnrules.engine.steps.imprints import IMPRINT, imprint_difference, prune_imprints
from asnrules.engine.steps.nods import overlap_text, split_nods
from asnrules.rules.steps import (
    CandidateValidity,
    DirectImageProducts,
    ImprintPruning,
    NodSplit,
    ScienceRequired,
    Step,
)

Result = list[GrowingAssociation] | Lack
"""What becomes of an association in a step, or why nothing does."""


def finish(
    growing: GrowingAssociation, work: Work, steps: Sequence[Step] | None = None
) -> tuple[list[GrowingAssociation], list[Lack]]:
    """Take an association through the steps of its rule, or through others.

    Gives what becomes of it, and why something of it did not come about.
    """
    if _may_repeat(work):
        # A pool may list an exposure under two names, such as its uncal and its rate product.
        first: dict[tuple[str, ...], Member] = {}
        for member in growing.members:
            first.setdefault((member.expname, member.exptype), member)
        growing.own, growing.shared = list(first.values()), ()
    if work.degraded:
        growing.degraded = growing.first(work, _is_degraded, True) is not None
    template = growing.template if steps is None else None
    finished = [growing]
    reasons: list[Lack] = []
    if template is not None and template.stays:
        return finished, reasons
    for step in growing.rule.steps if steps is None else steps:
        function = _FUNCTIONS[type(step)]
        following: list[GrowingAssociation] = []
        for one in finished:
            result = function(one, work, step)
            if isinstance(result, Lack):
                reasons.append(result)
            else:
                following += result
        finished = following
    if template is not None:
        template.stays = finished == [growing] and not reasons
    return finished, reasons


def unfinished_steps(growing: GrowingAssociation, *, has_products: bool) -> list[Step]:
    """Give the steps that remain of those of an association where a pool stays unfinished.

    It has to be valid all the same; those that came before what left the pool unfinished
    have the products of their direct images.
    """
    kinds: tuple[type[Step], ...] = (ScienceRequired, CandidateValidity)
    if has_products and growing.holds(DIRECT_IMAGE) and growing.holds(SCIENCE):
        kinds = (*kinds, DirectImageProducts)
    return [step for step in growing.rule.steps if isinstance(step, kinds)]


def _may_repeat(work: Work) -> bool:
    """Tell whether members with the same file and exptype may have to be told apart."""
    taken_once = work.ruleset.settings.taken_once
    return taken_once != "row" and (
        work.has_other_names or (taken_once == "member" and work.has_repeated_names)
    )


def _require_science(growing: GrowingAssociation, _work: Work, _step: Step) -> Result:
    if growing.holds(SCIENCE):
        return [growing]
    return Lack(f"{growing.rule.name} found no science for it", SCIENCE)


def _require_candidate(growing: GrowingAssociation, _work: Work, _step: Step) -> Result:
    identifier, kind = growing.candidate
    if kind == OBSERVATION or (kind == BACKGROUND and growing.holds(BACKGROUND)):
        return [growing]
    reason = cannot_stand(growing.candidate)
    if reason is not None:
        return Lack(reason)
    return Lack(f"candidate {identifier} has no background for it", BACKGROUND)


_FUNCTIONS: dict[type[Step], Callable[[GrowingAssociation, Work, Any], Result]] = {
    ScienceRequired: _require_science,
    CandidateValidity: _require_candidate,
    ImprintPruning: prune_imprints,
    NodSplit: split_nods,
    DirectImageProducts: use_products,
}


def left_out_text(growing: GrowingAssociation, member: Member, work: Work) -> str:
    """Say why an association, after its steps, lacks a member that it had before them."""
    if member.exptype == DIRECT_IMAGE:
        made = ", ".join(one.expname for one in growing.members if one.exposure is None)
        return f"what is made of the direct images stands for it: {made}"
    first = growing.first(work, exptype_of, SCIENCE)
    science = None if first is None else first.exposure
    if science is not None and member.exposure is not None:
        if member.exptype == IMPRINT:
            difference = imprint_difference(work, science, member.exposure)
            return f"an imprint that fits its science better stays{difference}"
        for step in growing.rule.steps:
            if member.exptype == SCIENCE and isinstance(step, NodSplit) and step.excludes:
                text = overlap_text(work, step, science, member.exposure)
                return f"no background for {work.value(science, 'filename')}, as {text}"
    return "it is the same file as another member"


def _is_degraded(work: Work, member: Member) -> bool:
    return member.exposure in work.degraded
