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

from collections.abc import Callable
from typing import NamedTuple

from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft, Lack
from asnrules.engine.naming import member_name
from asnrules.engine.shared_members import DraftMember
from asnrules.engine.steps.direct_images import (
    wfss_catalog,
    wfss_catalog_matching,
    wfss_catalog_parallel,
)
from asnrules.engine.steps.imprints import imprint_pruning
from asnrules.engine.steps.nods import (
    nod_split,
    nod_split_fixed_slit,
    nod_split_primary,
    nod_split_shutters,
)
from asnrules.engine.steps.validity import candidate_validity, science_required


class Looks(NamedTuple):
    """What a step looks at.

    Attributes
    ----------
    keywords : frozenset of str
        All keywords.
    numbers : tuple of tuple of str
        Those read as whole numbers; of several together, the first that is one counts.
    lost : str
        What is lost where there is a value, but no whole number.
    named : tuple of str
        Those that it puts into names.
    """

    keywords: frozenset[str]
    numbers: tuple[tuple[str, ...], ...] = ()
    lost: str = ""
    named: tuple[str, ...] = ()


_NODS = (("patt_num",), ("numdthpt",), ("subpxpts", "subpxpns"))
_OF_NODS = frozenset({"targetid", "fxd_slit", "patt_num", "numdthpt", "subpxpts", "subpxpns"})
_SEQUENCE = (("expspcin",),)
_NO_BACKGROUND = "no background by it"
_NO_CHOICE = "no direct image is chosen by it"

LOOKS = {
    "imprint_pruning": Looks(frozenset({"targetid", "bkgdtarg", "dithptin"})),
    "nod_split_fixed_slit": Looks(_OF_NODS, _NODS, _NO_BACKGROUND),
    "nod_split_primary": Looks(_OF_NODS, _NODS, _NO_BACKGROUND),
    "nod_split_shutters": Looks(_OF_NODS, _NODS, "nods at one point are each other's background"),
    "wfss_catalog": Looks(frozenset({"expspcin"}), _SEQUENCE, _NO_CHOICE, ("targetid",)),
    "wfss_catalog_matching": Looks(
        frozenset({"expspcin", "channel", "pupil"}), _SEQUENCE, _NO_CHOICE, ("targetid",)
    ),
}
"""By the names of steps; the others look at none."""


Worked = Callable[[Draft, Work], list[Draft] | Lack]
"""Takes an association; gives what becomes of it, or why nothing does."""


class Step(NamedTuple):
    """A finishing step: what carries it out, and what it does in words."""

    function: Worked
    text: str


_WFSS_TEXT = (
    "what is made of the direct images (combined image, catalog, segmentation map) takes their "
    "place, named after {}; without a direct image there is no association"
)
_NOD_TEXT = "an association for each science; the other sciences of the group are its backgrounds"
_SAME_POINT_TEXT = (
    _NOD_TEXT + ", but for those of another TARGETID or at the same point of the pattern "
    "(PATT_NUM, counted in steps of SUBPXPTS{})"
)

STEPS: dict[str, Step] = {
    "science_required": Step(science_required, "without a science there is no association"),
    "candidate_validity": Step(
        candidate_validity,
        "the candidate has to be an observation, or a background candidate with a member that is "
        "a background",
    ),
    "imprint_pruning": Step(
        imprint_pruning,
        "looking at imprints with the BKGDTARG of the science: if one has the TARGETID of the "
        "science, those of another go; if more are left than sciences and one has the DITHPTIN "
        "of the science, those of another go",
    ),
    "nod_split": Step(nod_split, _NOD_TEXT),
    "nod_split_fixed_slit": Step(
        nod_split_fixed_slit,
        _SAME_POINT_TEXT.format("; a point that is not known counts as the same")
        + ", and in S1600A1 with five points those of the next point",
    ),
    "nod_split_primary": Step(
        nod_split_primary,
        _NOD_TEXT + ", but for those at the same point of the pattern (PATT_NUM, counted in steps "
        "of SUBPXPTS) or at one that is not known",
    ),
    "nod_split_shutters": Step(nod_split_shutters, _SAME_POINT_TEXT.format("")),
    "wfss_catalog": Step(wfss_catalog, _WFSS_TEXT.format("the one that comes next by EXPSPCIN")),
    "wfss_catalog_matching": Step(
        wfss_catalog_matching,
        _WFSS_TEXT.format(
            "the one of the same CHANNEL (NIRCam) or PUPIL that comes next by EXPSPCIN"
        )
        + "; where an exposure lacks that keyword, or the science EXPSPCIN, the direct images stay",
    ),
    "wfss_catalog_parallel": Step(
        wfss_catalog_parallel, _WFSS_TEXT.format("the first of a long-wavelength detector")
    ),
}
"""The steps by the names that rules use."""


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
