"""Replace the direct images of a grism exposure by the products that are made of them.

Source: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain

from asnrules.engine.exposures import Work, whole_number
from asnrules.engine.growing import Draft, Lack
from asnrules.engine.shared_members import DraftMember, Stretch
from asnrules.engine.signatures import SCIENCE
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

Chooser = Callable[[Work, int, list[DraftMember], tuple[Stretch, ...]], DraftMember]
"""Chooses among direct images for a science: those given, and all in the stretches.

The first of each stretch is among those given.
"""

FULL = "full"
NO_TARGET = "000"
FILTER_ONLY = frozenset({"miri"})
"""Instruments whose products are named by the filter alone."""

BY_CHANNEL = frozenset({"nircam"})
"""Instruments whose direct images differ in channel."""


def wfss_catalog(draft: Draft, work: Work) -> list[Draft] | Lack:
    """Use the direct image that comes next after the science in the sequence of exposures."""
    return _with_catalog(draft, work, _closest)


def wfss_catalog_parallel(draft: Draft, work: Work) -> list[Draft] | Lack:
    """Use the first direct image of a long-wavelength detector, or else the first."""
    return _with_catalog(draft, work, _first_long)


def wfss_catalog_matching(draft: Draft, work: Work) -> list[Draft] | Lack:
    """Use the one that comes next after the science among direct images of the same optics.

    That is the channel of NIRCam, otherwise the pupil wheel. Where one of the exposures does not
    say what it had, or the pool has no sequence, the direct images stay as they are. (Behaviour
    of jwst 1.3.0, by running it.)
    """
    directs = [one for one in draft.of_exptype(DIRECT_IMAGE) if one.place is not None]
    science = next((one.place for one in draft.of_exptype(SCIENCE)), None)
    if not directs or science is None:
        return _with_catalog(draft, work, _closest)
    by_channel = work.value(directs[0].place or 0, "instrume") in BY_CHANNEL
    keyword = "channel" if by_channel else "pupil"
    wanted = work.given(science, keyword)
    found = [work.given(one.place or 0, keyword) for one in directs]
    is_told = wanted is not None and None not in found
    if work.value(science, "expspcin") is None or (_number(work, science) and not is_told):
        return [draft]
    alike = [one for one, value in zip(directs, found, strict=True) if value == wanted]
    return _with_catalog(
        draft,
        work,
        lambda work, science, _directs, _shared: _closest(work, science, alike, (), directs[0]),
    )


def _with_catalog(draft: Draft, work: Work, choose: Chooser) -> list[Draft] | Lack:
    directs = [one for one in draft.own if one.exptype == DIRECT_IMAGE]
    others = [one for one in draft.own if one.exptype != DIRECT_IMAGE]
    for stretch in draft.shared:
        directs += [first] if (first := stretch.first(_is_direct, True)) is not None else []
        others += stretch.having(_is_direct, False)
    science = next((one.place for one in others if one.exptype == SCIENCE), None)
    if not directs:
        return Lack(f"{draft.rule.name} found no direct image for it", DIRECT_IMAGE)
    if science is None:
        return Lack(f"{draft.rule.name} found no science for it", SCIENCE)
    names = products_of(draft, work, choose(work, science, directs, draft.shared).place)
    made = [
        DraftMember(None, exptype, expname=name)
        for name, (_, exptype) in zip(names, MADE_LATER, strict=True)
    ]
    return [draft.with_members(others + made)]


def _closest(
    work: Work,
    science: int,
    directs: list[DraftMember],
    shared: tuple[Stretch, ...],
    fallback: DraftMember | None = None,
) -> DraftMember:
    start = _number(work, science)
    closest, least = fallback or directs[0], FURTHEST
    if start is None:
        return closest
    following = [stretch.next_above(_sequence, start) for stretch in shared]
    for direct in (*directs, *filter(None, following)):
        number = _sequence(work, direct)
        if number is not None and 0 < number - start < least:
            closest, least = direct, number - start
    return closest


def _first_long(
    work: Work, _science: int, directs: list[DraftMember], shared: tuple[Stretch, ...]
) -> DraftMember:
    long = [direct for direct in directs if _is_long(work, direct)]
    following = filter(None, (stretch.first(_is_long, True) for stretch in shared))
    return next(chain(long, following), directs[0])


def _is_direct(_work: Work, member: DraftMember) -> bool:
    return member.exptype == DIRECT_IMAGE


def _is_long(work: Work, member: DraftMember) -> bool:
    """Tell whether a member is a direct image of a long-wavelength detector."""
    if member.place is None or member.exptype != DIRECT_IMAGE:
        return False
    return "long" in (work.value(member.place, "filename") or "")


def _sequence(work: Work, member: DraftMember) -> int | None:
    """Give the place of a direct image in the sequence of exposures; None for other members."""
    if member.place is None or member.exptype != DIRECT_IMAGE:
        return None
    return _number(work, member.place)


def _number(work: Work, place: int) -> int | None:
    return whole_number(work.given(place, "expspcin"))


def products_of(draft: Draft, work: Work, direct: int | None) -> list[str]:
    r"""Name the products of a direct image of an association, as Stage 3 will name them.

    They are in the order of `MADE_LATER`. What comes from keys is as a regular expression would
    have it, `sub\-1` for `sub-1`.
    """
    program = program_name(work.value(draft.creator, "program"))
    keys = {name: re.escape(value) for name, (_, value) in draft.keys.items()}
    target = keys.get("target", NO_TARGET)
    instrument = keys["instrument"]
    subarray = keys.get("window", FULL)
    window = "" if subarray == FULL else f"-{subarray}"
    optics = "clear" if direct is None else _optics(work, direct)
    root = f"jw{program}-{draft.candidate[0]}_t{target:0>3}_{instrument}_{optics}{window}"
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
