"""The finishing steps by the names that rules use, each with what it does in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from asnrules.engine.drafts import Draft, Lack
from asnrules.engine.finishing.imprints import imprint_pruning
from asnrules.engine.finishing.nods import (
    nod_split,
    nod_split_fixed_slit,
    nod_split_primary,
    nod_split_shutters,
)
from asnrules.engine.finishing.validity import candidate_validity, science_required
from asnrules.engine.finishing.wfss import (
    wfss_catalog,
    wfss_catalog_matching,
    wfss_catalog_parallel,
)
from asnrules.engine.work import Work

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
