"""Replace the direct images of a grism exposure by the products that are made of them.

Source: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain

from asnrules.associations.model import Member
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Lack, exptype_of
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.steps import FIRST, FIRST_LONG, DirectImageProducts
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
    directs = [one for one in growing.own if one.exptype == DIRECT_IMAGE]
    others = [one for one in growing.own if one.exptype != DIRECT_IMAGE]
    for part in growing.shared:
        directs += filter(None, [part.first(exptype_of, DIRECT_IMAGE)])
        others += part.leaving_out(exptype_of, frozenset({DIRECT_IMAGE})).members()
    science = next((one.exposure for one in others if one.exptype == SCIENCE), None)
    if not directs:
        return Lack(f"{growing.rule.name} found no direct image for it", DIRECT_IMAGE)
    if science is None:
        return Lack(f"{growing.rule.name} found no science for it", SCIENCE)
    alike: Sequence[Member] | None = None
    if step.same_optics and work.number(science, SEQUENCE) is not None:
        alike = _of_same_optics(growing, work, step, science)
        if alike is None:
            growing.is_unfinished = True
            return [growing]
    chosen = _chosen(growing, work, step, science, directs, alike)
    names = products_of(growing, work, step, chosen.exposure)
    made = [
        Member(name, exptype, None, None)
        for name, (_, exptype) in zip(names, MADE_LATER, strict=True)
    ]
    return [growing.with_members(others + made)]


def _chosen(
    growing: GrowingAssociation,
    work: Work,
    step: DirectImageProducts,
    science: int,
    directs: list[Member],
    alike: Sequence[Member] | None,
) -> Member:
    """Choose a direct image.

    `directs` has the first of all and those that are not shared, `alike` those that have the
    optics of the science, if that matters.
    """
    if step.choice == FIRST_LONG:
        long = [direct for direct in directs if _is_long(work, direct)]
        following = filter(None, (part.first(_is_long, True) for part in growing.shared))
        return next(chain(long, following), directs[0])
    start = work.number(science, SEQUENCE)
    if step.choice == FIRST or start is None:
        return directs[0]
    if alike is not None:
        return _closest(work, start, alike, directs[0])
    following = filter(None, (part.next_above(_sequence, start) for part in growing.shared))
    return _closest(work, start, [*directs, *following], directs[0])


def _of_same_optics(
    growing: GrowingAssociation, work: Work, step: DirectImageProducts, science: int
) -> list[Member] | None:
    """Give the direct images that have the optics of the science, as far as it matters.

    None if that is not known of one, and so the whole pool has to stay unfinished.
    """
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


def _closest(work: Work, start: int, directs: Sequence[Member], fallback: Member) -> Member:
    closest, least = fallback, FURTHEST
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
