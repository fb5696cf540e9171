"""Say in plain words why a finishing step left a member out."""

from __future__ import annotations

from asnrules.engine.drafts import Draft
from asnrules.engine.finishing.imprints import IMPRINT
from asnrules.engine.finishing.wfss import DIRECT_IMAGE
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.stretches import DraftMember


def left_out_text(draft: Draft, member: DraftMember) -> str:
    """Say why a finished association lacks a member that it was grown with.

    Parameters
    ----------
    draft : Draft
        The association after its steps.
    member : DraftMember
        The member as it was before.
    """
    if member.exptype == DIRECT_IMAGE:
        made = ", ".join(one.expname for one in draft.members if one.expname is not None)
        return f"what is made of the direct images stands for it: {made}"
    if member.exptype == IMPRINT:
        return "an imprint that fits its science better stays (by TARGETID, then DITHPTIN)"
    if member.exptype == SCIENCE:
        return (
            "no background for its science, as it is of another TARGETID, or may overlap with it "
            "(by PATT_NUM)"
        )
    return "it is the same file as another member"
