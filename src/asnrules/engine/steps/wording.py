"""Say in plain words why a finishing step left a member out."""

from __future__ import annotations

from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft
from asnrules.engine.shared_members import DraftMember
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE
from asnrules.engine.steps.imprints import IMPRINT, imprint_difference
from asnrules.engine.steps.nods import overlap_text


def left_out_text(draft: Draft, member: DraftMember, work: Work) -> str:
    """Say why a finished association lacks a member that it was grown with.

    Parameters
    ----------
    draft : Draft
        The association after its steps.
    member : DraftMember
        The member as it was before.
    work : Work
        The judged exposures.
    """
    if member.exptype == DIRECT_IMAGE:
        made = ", ".join(one.expname for one in draft.members if one.expname is not None)
        return f"what is made of the direct images stands for it: {made}"
    science = next((one.place for one in draft.of_exptype(SCIENCE)), None)
    if member.exptype == IMPRINT and science is not None and member.place is not None:
        difference = imprint_difference(work, science, member.place)
        return f"an imprint that fits its science better stays{difference}"
    if member.exptype == SCIENCE and science is not None and member.place is not None:
        name = work.value(science, "filename")
        is_primary = "nod_split_primary" in draft.rule.steps
        text = overlap_text(work, science, member.place, is_primary=is_primary)
        return f"no background for {name}, as {text}"
    return "it is the same file as another member"
