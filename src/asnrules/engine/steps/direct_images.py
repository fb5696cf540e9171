"""Replace the direct images of a grism exposure by the products that are made of them.

Source: behaviour of jwst 3.0.0 and 1.3.0, by running them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import chain

from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Lack
from asnrules.engine.member_log import GrowingMember
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.step import Looks, Result, Step
from asnrules.util.text import program_name

DIRECT_IMAGE = "direct_image"
MADE_LATER = (
    ("_i2d.fits", DIRECT_IMAGE),
    ("_cat.ecsv", "sourcecat"),
    ("_segm.fits", "segmap"),
)
"""What is made of the direct images: the end of its name, and its exptype."""

FURTHEST = 9999
"""A direct image that comes this much later in the sequence does not count as closest."""

FILTER_ONLY = frozenset({"miri"})
"""Instruments whose products are named by the filter alone."""

BY_CHANNEL = frozenset({"nircam"})
"""Instruments whose direct images differ in channel, not in the pupil wheel."""

_Choice = Callable[[GrowingAssociation, Work, int, list[GrowingMember]], GrowingMember | None]
"""Chooses a direct image for a science: among those of the association's own and the first of each
slice, which are given, or of its slices; None if the direct images are to stay."""


def products_of(growing: GrowingAssociation, work: Work, direct: int | None) -> list[str]:
    r"""Name the products of a direct image of an association, as Stage 3 will name them.

    They are in the order of `MADE_LATER`. What comes from keys is as a regular expression would
    have it, `sub\-1` for `sub-1`.
    """
    program = program_name(work.value(growing.creator, "program"))
    keys = {name: re.escape(value) for name, (_, value) in growing.keys.items()}
    target = keys.get("target", "000")
    subarray = keys.get("window", "full")
    window = "" if subarray == "full" else f"-{subarray}"
    optics = "clear" if direct is None else _optics(work, direct)
    root = f"jw{program}-{growing.candidate[0]}_t{target:0>3}_{keys['instrument']}_{optics}{window}"
    return [root + end for end, _ in MADE_LATER]


def _optics(work: Work, direct: int) -> str:
    if work.value(direct, "instrume") in FILTER_ONLY:
        found = [work.value(direct, "filter")]
    else:
        pairs = [
            work.first_given(direct, ("filter", "band")),
            work.first_given(direct, ("pupil", "grating")),
        ]
        found = [pair[1] for pair in pairs if pair is not None]
    return "-".join(sorted(filter(None, found))) or "clear"


def _replacing(choose: _Choice) -> Callable[[GrowingAssociation, Work], Result]:
    """Give the step that replaces direct images by the products of the one that is chosen."""

    def replace_direct_images(growing: GrowingAssociation, work: Work) -> Result:
        directs = [one for one in growing.own if one.exptype == DIRECT_IMAGE]
        others = [one for one in growing.own if one.exptype != DIRECT_IMAGE]
        for part in growing.shared:
            directs += filter(None, [part.first(_is_direct, True)])
            others += part.having(_is_direct, False)
        science = next((one.place for one in others if one.exptype == SCIENCE), None)
        if not directs:
            return Lack(f"{growing.rule.name} found no direct image for it", DIRECT_IMAGE)
        if science is None:
            return Lack(f"{growing.rule.name} found no science for it", SCIENCE)
        chosen = choose(growing, work, science, directs)
        if chosen is None:
            return [growing]
        names = products_of(growing, work, chosen.place)
        made = [
            GrowingMember(None, exptype, expname=name)
            for name, (_, exptype) in zip(names, MADE_LATER, strict=True)
        ]
        return [growing.with_members(others + made)]

    return replace_direct_images


def _next(
    growing: GrowingAssociation, work: Work, science: int, directs: list[GrowingMember]
) -> GrowingMember:
    """Choose the one that comes next after the science in the sequence of exposures."""
    start = _number(work, science)
    if start is None:
        return directs[0]
    following = [part.next_above(_sequence, start) for part in growing.shared]
    return _closest(work, start, [*directs, *filter(None, following)], directs[0])


def _next_of_same_optics(
    growing: GrowingAssociation, work: Work, science: int, directs: list[GrowingMember]
) -> GrowingMember | None:
    """Choose the one that comes next after the science among those of the same optics.

    That is the channel of NIRCam, otherwise the pupil wheel. Where one of the exposures does not
    say what it had, or the pool has no sequence, the direct images stay as they are.
    """
    places = [(one, one.place) for one in growing.of_exptype(DIRECT_IMAGE) if one.place is not None]
    if not places:
        return _next(growing, work, science, directs)
    keyword = "channel" if work.value(places[0][1], "instrume") in BY_CHANNEL else "pupil"
    wanted = work.given(science, keyword)
    found = [work.given(place, keyword) for _, place in places]
    is_told = wanted is not None and None not in found
    start = _number(work, science)
    if work.value(science, "expspcin") is None or (start and not is_told):
        return None
    alike = [one for (one, _), value in zip(places, found, strict=True) if value == wanted]
    return places[0][0] if start is None else _closest(work, start, alike, places[0][0])


def _first_long(
    growing: GrowingAssociation, work: Work, _science: int, directs: list[GrowingMember]
) -> GrowingMember:
    """Choose the first of a long-wavelength detector, or else the first."""
    long = [direct for direct in directs if _is_long(work, direct)]
    following = filter(None, (part.first(_is_long, True) for part in growing.shared))
    return next(chain(long, following), directs[0])


def _closest(
    work: Work, start: int, directs: Sequence[GrowingMember], fallback: GrowingMember
) -> GrowingMember:
    closest, least = fallback, FURTHEST
    for direct in directs:
        number = _sequence(work, direct)
        if number is not None and 0 < number - start < least:
            closest, least = direct, number - start
    return closest


def _is_direct(_work: Work, member: GrowingMember) -> bool:
    return member.exptype == DIRECT_IMAGE


def _is_long(work: Work, member: GrowingMember) -> bool:
    """Tell whether a member is a direct image of a long-wavelength detector."""
    if member.place is None or member.exptype != DIRECT_IMAGE:
        return False
    return "long" in (work.value(member.place, "filename") or "")


def _sequence(work: Work, member: GrowingMember) -> int | None:
    """Give the place of a direct image in the sequence of exposures; None for other members."""
    if member.place is None or member.exptype != DIRECT_IMAGE:
        return None
    return _number(work, member.place)


def _number(work: Work, place: int) -> int | None:
    return work.number(place, "expspcin")


_TEXT = (
    "what is made of the direct images (combined image, catalog, segmentation map) takes their "
    "place, named after {}; without a direct image there is no association"
)
_LOOKS = Looks(
    frozenset({"expspcin"}), (("expspcin",),), "no direct image is chosen by it", ("targetid",)
)

STEPS = {
    "wfss_catalog": Step(
        _replacing(_next), _TEXT.format("the one that comes next by EXPSPCIN"), _LOOKS
    ),
    "wfss_catalog_matching": Step(
        _replacing(_next_of_same_optics),
        _TEXT.format("the one of the same CHANNEL (NIRCam) or PUPIL that comes next by EXPSPCIN")
        + "; where an exposure lacks that keyword, or the science EXPSPCIN, the direct images stay",
        _LOOKS._replace(keywords=frozenset({"expspcin", "channel", "pupil"})),
    ),
    "wfss_catalog_parallel": Step(
        _replacing(_first_long), _TEXT.format("the first of a long-wavelength detector")
    ),
}
