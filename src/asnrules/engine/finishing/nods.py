"""Split the nods of a pattern: each in turn is the science, the others its background.

Source: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

from collections.abc import Callable

from asnrules.engine.drafts import Draft, Work
from asnrules.engine.finishing.validity import BACKGROUND
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.stretches import DraftMember

FIVE_POINTS = 5
"""The number of primary points of the pattern whose neighbouring points overlap."""

WIDE_SLIT = "s1600a1"
"""The slit in which they do."""

Overlap = Callable[[Work, int, int], bool]
"""Tells whether the light of two exposures may fall on the same place."""


def nod_split(draft: Draft, _work: Work) -> list[Draft] | str:
    """Make an association for each science; the other sciences become its background."""
    return _split(draft, _work, lambda _work, _science, _other: False)


def nod_split_shutters(draft: Draft, work: Work) -> list[Draft] | str:
    """Split nods of the shutter array: no background from another target or the same point.

    Where the points are not known, there is no overlap.
    """
    return _split(draft, work, lambda work, one, two: _overlap(work, one, two, unknown=False))


def nod_split_fixed_slit(draft: Draft, work: Work) -> list[Draft] | str:
    """Split nods along a fixed slit: no background from another target or an overlapping point.

    Where the points are not known, there is an overlap. In the wide slit, with a pattern of
    five points, neighbouring points overlap as well.
    """
    return _split(
        draft,
        work,
        lambda work, one, two: (
            _overlap(work, one, two, unknown=True) or _are_wide_neighbours(work, one, two)
        ),
    )


def _split(draft: Draft, work: Work, overlap: Overlap) -> list[Draft]:
    sciences = draft.of_exptype(SCIENCE)
    others = [member for member in draft.members if member.exptype != SCIENCE]
    split = []
    for science in sciences:
        backgrounds = [
            other._replace(exptype=BACKGROUND)
            for other in sciences
            if other.place != science.place and not _overlaps(work, overlap, science, other)
        ]
        split.append(draft.with_members([science, *backgrounds, *others]))
    return split


def _overlaps(work: Work, overlap: Overlap, science: DraftMember, other: DraftMember) -> bool:
    if science.place is None or other.place is None:
        return False
    return overlap(work, science.place, other.place)


def _overlap(work: Work, science: int, other: int, *, unknown: bool) -> bool:
    if work.value(science, "targetid") != work.value(other, "targetid"):
        return True
    points = _primary_point(work, science), _primary_point(work, other)
    # The number of points counts as unknown with the rest, though only the science's is read.
    if None in points or _integer(work, science, "numdthpt") is None:
        return unknown
    return points[0] == points[1]


def _are_wide_neighbours(work: Work, science: int, other: int) -> bool:
    points = _primary_point(work, science), _primary_point(work, other)
    number = _integer(work, science, "numdthpt")
    subpixels = _subpixels(work, science)
    if points[0] is None or points[1] is None or number is None or not subpixels:
        return False
    return (
        work.value(science, "fxd_slit") == WIDE_SLIT
        and number // subpixels == FIVE_POINTS
        and abs(points[0] - points[1]) <= 1
    )


def _primary_point(work: Work, place: int) -> int | None:
    """Give the primary dither point of an exposure; None if it is not known."""
    position = _integer(work, place, "patt_num")
    subpixels = _subpixels(work, place)
    if position is None or not subpixels:
        return None
    return (position - 1) // subpixels


def _subpixels(work: Work, place: int) -> int | None:
    number = _integer(work, place, "subpxpts")
    return _integer(work, place, "subpxpns") if number is None else number


def _integer(work: Work, place: int, keyword: str) -> int | None:
    value = work.value(place, keyword)
    try:
        return None if value is None else int(value)
    except ValueError:
        return None
