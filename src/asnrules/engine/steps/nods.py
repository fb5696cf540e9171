"""Split the nods of a pattern: each in turn is the science, the others its background.

Source: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND
from asnrules.engine.exposures import Work, whole_number
from asnrules.engine.growing import Draft
from asnrules.engine.shared_members import Log, arranged
from asnrules.engine.signatures import SCIENCE

FIVE_POINTS = 5
"""The number of primary points of the pattern whose neighbouring points overlap."""

WIDE_SLIT = "s1600a1"
"""The slit in which they do."""


class Pointing(NamedTuple):
    """Where an exposure of a pattern points.

    Attributes
    ----------
    target : str or None
        The id of the target, as it stands in the pool.
    point : int or None
        The primary dither point; None if it is not known.
    points, subpixels : int or None
        The number of points of the pattern, and of subpixel positions at each.
    slit : str or None
        The slit.
    """

    target: str | None
    point: int | None
    points: int | None
    subpixels: int | None
    slit: str | None


Overlap = Callable[[Pointing, Pointing], bool]
"""Tells whether the light of a science and of another exposure may fall on the same place."""


def nod_split(draft: Draft, work: Work) -> list[Draft]:
    """Make an association for each science; the other sciences become its background."""
    return _split(draft, work, lambda _science, _other: False)


def nod_split_shutters(draft: Draft, work: Work) -> list[Draft]:
    """Split nods of the shutter array: no background from another target or the same point.

    Where the points are not known, there is no overlap.
    """
    return _split(draft, work, lambda one, two: _overlap(one, two, unknown=False))


def nod_split_fixed_slit(draft: Draft, work: Work) -> list[Draft]:
    """Split nods along a fixed slit: no background from another target or an overlapping point.

    Where the points are not known, there is an overlap. In the wide slit, with a pattern of
    five points, neighbouring points overlap as well.
    """
    return _split(
        draft,
        work,
        lambda one, two: _overlap(one, two, unknown=True) or _are_wide_neighbours(one, two),
    )


def nod_split_primary(draft: Draft, work: Work) -> list[Draft]:
    """Split nods: no background from the same point, nor from one that is not known.

    Source: behaviour of jwst 1.3.0, by running it.
    """
    return _split(draft, work, lambda one, two: one.point is None or two.point in {one.point, None})


def _split(draft: Draft, work: Work, overlap: Overlap) -> list[Draft]:
    sciences = draft.of_exptype(SCIENCE)
    backgrounds = [science._replace(exptype=BACKGROUND) for science in sciences]
    others = [member for member in draft.members if member.exptype != SCIENCE]
    pointings = [_pointing(work, science.place) for science in sciences]
    distinct = set(pointings)
    logs: dict[Pointing, Log] = {}
    split = []
    for science, pointing in zip(sciences, pointings, strict=True):
        log = logs.get(pointing)
        if log is None:
            # Exposures that point alike have the same background, but for themselves.
            log = logs[pointing] = Log(work)
            apart = {other for other in distinct if not overlap(pointing, other)}
            pairs = zip(backgrounds, pointings, strict=True)
            log.members += [one for one, where in pairs if where in apart]
            log.members += others
        split.append(draft.with_members(*arranged([science], log.without(science.place))))
    return split


def overlap_text(work: Work, science: int, other: int, *, is_primary: bool) -> str:
    """Say why an exposure of a pattern is no background of a science of it.

    Parameters
    ----------
    work : Work
        The judged exposures.
    science, other : int
        The two exposures.
    is_primary : bool
        Whether it was `nod_split_primary` that told them apart, which looks at points only.
    """
    one, two = _pointing(work, science), _pointing(work, other)
    if one.target != two.target and not is_primary:
        return f"its TARGETID is {two.target}, that of the science {one.target}"
    if one.point is None or two.point is None:
        return "PATT_NUM and SUBPXPTS do not tell where both of them point"
    if one.points is None and not is_primary:
        return "NUMDTHPT of the science is not a number"
    numbers = [work.value(place, "patt_num") for place in (other, science)]
    where = "the same point" if one.point == two.point else "a neighbouring point"
    return (
        f"it is at {where} of the pattern: PATT_NUM {numbers[0]}, that of the science {numbers[1]}"
    )


def _overlap(science: Pointing, other: Pointing, *, unknown: bool) -> bool:
    if science.target != other.target:
        return True
    # The number of points counts as unknown with the rest, though only the science's is read.
    if science.point is None or other.point is None or science.points is None:
        return unknown
    return science.point == other.point


def _are_wide_neighbours(science: Pointing, other: Pointing) -> bool:
    if science.point is None or other.point is None or science.points is None:
        return False
    return (
        science.slit == WIDE_SLIT
        and bool(science.subpixels)
        and science.points // (science.subpixels or 1) == FIVE_POINTS
        and abs(science.point - other.point) <= 1
    )


def _pointing(work: Work, place: int | None) -> Pointing:
    if place is None:
        return Pointing(None, None, None, None, None)
    position = _integer(work, place, "patt_num")
    number = _integer(work, place, "subpxpts")
    subpixels = _integer(work, place, "subpxpns") if number is None else number
    return Pointing(
        target=work.value(place, "targetid"),
        point=None if position is None or not subpixels else (position - 1) // subpixels,
        points=_integer(work, place, "numdthpt"),
        subpixels=subpixels,
        slit=work.value(place, "fxd_slit"),
    )


def _integer(work: Work, place: int, keyword: str) -> int | None:
    return whole_number(work.value(place, keyword))
