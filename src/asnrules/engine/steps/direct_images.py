"""Replace the direct images of a grism exposure by the products that are made of them.

Source: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from asnrules.associations.model import Member
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Lack, exptype_of
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.steps import FIRST_LONG, NEXT, DirectImageProducts
from asnrules.util.text import program_name

DIRECT_IMAGE = "direct_image"
MADE_LATER = (
    ("_i2d.fits", DIRECT_IMAGE),
    ("_cat.ecsv", "sourcecat"),
    ("_segm.fits", "segmap"),
)
"""What is made of the direct images: the end of its name, and its exptype."""

SEQUENCE = "expspcin"
"""The keyword of the place in the sequence of exposures."""

FURTHEST = 9999
"""A direct image that comes this much later in the sequence does not count as closest."""


def products_of(
    growing: GrowingAssociation, work: Work, step: DirectImageProducts, direct: int | None
) -> list[str]:
    r"""Name the products of a direct image of an association, as Stage 3 will name them.

    They are in the order of `MADE_LATER`. What comes from keys is as a regular expression would
    have it, `sub\-1` for `sub-1`.
    """
    program = program_name(work.value(growing.creator, "program"))
    keys = {name: re.escape(value) for name, (_, value) in growing.keys}
    target = keys.get("target", "000")
    subarray = keys.get("window", "full")
    window = "" if subarray == "full" else f"-{subarray}"
    optics = "clear" if direct is None else _optics(work, step, direct)
    instrument = keys.get("instrument")
    if instrument is None and direct is not None:
        # Rules may ask it of the science only, and here is none.
        instrument = re.escape(work.value(direct, "instrume") or "")
    root = f"jw{program}-{growing.candidate[0]}_t{target:0>3}_{instrument}_{optics}{window}"
    return [root + end for end, _ in MADE_LATER]


def _optics(work: Work, step: DirectImageProducts, direct: int) -> str:
    if work.value(direct, "instrume") in step.filter_only:
        found = [work.value(direct, "filter")]
    else:
        pairs = [
            work.first_given(direct, ("filter", "band")),
            work.first_given(direct, ("pupil", "grating")),
        ]
        found = [pair[1] for pair in pairs if pair is not None]
    return "-".join(sorted(filter(None, found))) or "clear"


def use_products(
    growing: GrowingAssociation, work: Work, step: DirectImageProducts
) -> list[GrowingAssociation] | Lack:
    """Replace direct images by the products of one of them."""
    direct = growing.first(work, exptype_of, DIRECT_IMAGE)
    if direct is None:
        return Lack(f"{growing.rule.name} found no direct image for it", DIRECT_IMAGE)
    science = growing.first(work, exptype_of, SCIENCE)
    if science is None or science.exposure is None:
        return Lack(f"{growing.rule.name} found no science for it", SCIENCE)
    start = work.number(science.exposure, SEQUENCE)
    chosen = direct
    if step.choice == FIRST_LONG:
        chosen = growing.first(work, _is_long, True) or direct
    elif step.choice == NEXT and start is not None:
        following = _following(growing, work, step, science.exposure, start)
        if following is None:
            growing.is_unfinished = True
            return [growing]
        chosen = _closest(work, start, following) or direct
    names = products_of(growing, work, step, chosen.exposure)
    made = [
        Member(name, exptype, None, None)
        for name, (_, exptype) in zip(names, MADE_LATER, strict=True)
    ]
    others = growing.leaving_out(work, exptype_of, frozenset({DIRECT_IMAGE}))
    return [growing.with_members(others.members + made)]


def _following(
    growing: GrowingAssociation, work: Work, step: DirectImageProducts, science: int, start: int
) -> list[Member] | None:
    """Give members among which is the direct image that comes next after a science, if any does.

    None if it is not known of one whether it has the optics of the science, where that matters:
    then the whole pool has to stay unfinished.
    """
    if not step.same_optics:
        following = (part.next_above(_sequence, start) for part in growing.shared)
        return [*growing.own, *filter(None, following)]
    keywords = dict(step.same_optics)
    found = []
    for direct in growing.of_exptype(DIRECT_IMAGE):
        place = direct.exposure or 0
        keyword = keywords.get(work.value(place, "exp_type") or "")
        if keyword is not None:
            wanted, value = work.given(science, keyword), work.given(place, keyword)
            if step.pool_unfinished and None in {wanted, value}:
                return None
            if value != wanted:
                continue
        found.append(direct)
    return found


def _closest(work: Work, start: int, directs: Sequence[Member]) -> Member | None:
    closest, least = None, FURTHEST
    for direct in directs:
        number = _sequence(work, direct)
        if number is not None and 0 < number - start < least:
            closest, least = direct, number - start
    return closest


def _is_long(work: Work, member: Member) -> bool:
    """Tell whether a member is a direct image of a long-wavelength detector."""
    if member.exposure is None or member.exptype != DIRECT_IMAGE:
        return False
    return "long" in (work.value(member.exposure, "filename") or "")


def _sequence(work: Work, member: Member) -> int | None:
    """Give the place of a direct image in the sequence of exposures; None for other members."""
    if member.exposure is None or member.exptype != DIRECT_IMAGE:
        return None
    return work.number(member.exposure, SEQUENCE)
