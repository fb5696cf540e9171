"""Say in plain words what the finishing steps do, and why one left a member out."""

from __future__ import annotations

from asnrules.engine.drafts import Draft
from asnrules.engine.finishing.imprints import IMPRINT, imprint_difference
from asnrules.engine.finishing.nods import overlap_text
from asnrules.engine.finishing.wfss import DIRECT_IMAGE
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.stretches import DraftMember
from asnrules.engine.work import Work

STEP_TEXTS = {
    "science_required": "without a science there is no association",
    "candidate_validity": (
        "the candidate has to be an observation, or a background candidate with a member that is "
        "a background"
    ),
    "imprint_pruning": (
        "looking at imprints with the BKGDTARG of the science: if one has the TARGETID of the "
        "science, those of another go; if more are left than sciences and one has the DITHPTIN "
        "of the science, those of another go"
    ),
    "nod_split": (
        "an association for each science; the other sciences of the group are its backgrounds"
    ),
    "nod_split_fixed_slit": (
        "an association for each science; the other sciences of the group are its backgrounds, "
        "but for those of another TARGETID or at the same point of the pattern (PATT_NUM, counted "
        "in steps of SUBPXPTS; a point that is not known counts as the same), and in S1600A1 with "
        "five points those of the next point"
    ),
    "nod_split_shutters": (
        "an association for each science; the other sciences of the group are its backgrounds, "
        "but for those of another TARGETID or at the same point of the pattern (PATT_NUM, counted "
        "in steps of SUBPXPTS)"
    ),
    "wfss_catalog": (
        "what is made of the direct images (combined image, catalog, segmentation map) takes "
        "their place, named after the one that comes next by EXPSPCIN; without a direct image "
        "there is no association"
    ),
    "wfss_catalog_parallel": (
        "what is made of the direct images (combined image, catalog, segmentation map) takes "
        "their place, named after the first of a long-wavelength detector; without a direct "
        "image there is no association"
    ),
}
"""What each step does."""


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
