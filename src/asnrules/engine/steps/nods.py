"""Split the nods of a pattern: each in turn is the science, the others its background.

Source: behaviour of jwst 3.0.0 and 1.3.0, by running them.
"""

from __future__ import annotations

from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.member_log import MemberLog, arranged
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.steps import NodSplit

FIVE_POINTS = 5
"""The number of primary points of the pattern whose neighbouring points overlap."""


class _Pointing(NamedTuple):
    """Where an exposure of a pattern points."""

    target: str | None = None
    point: int | None = None
    """The primary dither point; None if it is not known."""
    points: int | None = None
    """The number of points of the pattern, subpixel positions among them."""
    subpixels: int | None = None
    """The number of subpixel positions at each primary point."""
    slit: str | None = None

    @classmethod
    def of(cls, work: Work, place: int | None) -> _Pointing:
        """Read where an exposure points."""
        if place is None:
            return cls()
        position = work.number(place, "patt_num")
        subpixels = work.number(place, "subpxpts")
        if subpixels is None:
            subpixels = work.number(place, "subpxpns")
        return cls(
            target=work.value(place, "targetid"),
            point=None if position is None or not subpixels else (position - 1) // subpixels,
            points=work.number(place, "numdthpt"),
            subpixels=subpixels,
            slit=work.value(place, "fxd_slit"),
        )


def split_nods(growing: GrowingAssociation, work: Work, step: NodSplit) -> list[GrowingAssociation]:
    """Split an association."""
    sciences = growing.of_exptype(SCIENCE)
    backgrounds = [science._replace(exptype=BACKGROUND) for science in sciences]
    others = [member for member in growing.members if member.exptype != SCIENCE]
    pointings = [_Pointing.of(work, science.place) for science in sciences]
    distinct = set(pointings)
    logs: dict[_Pointing, MemberLog] = {}
    split = []
    for science, pointing in zip(sciences, pointings, strict=True):
        log = logs.get(pointing)
        if log is None:
            # Exposures that point alike have the same background, but for themselves.
            log = logs[pointing] = MemberLog(work)
            fitting = {other for other in distinct if not _overlap(step, pointing, other)}
            pairs = zip(backgrounds, pointings, strict=True)
            log.members += [one for one, where in pairs if where in fitting]
            log.members += others
        split.append(growing.with_members(*arranged([science], log.without(science.place))))
    return split


def overlap_text(work: Work, step: NodSplit, science: int, other: int) -> str:
    """Say why an exposure of a pattern is no background of a science of it."""
    one, two = _Pointing.of(work, science), _Pointing.of(work, other)
    if step.by_target and one.target != two.target:
        return f"its TARGETID is {two.target}, that of the science {one.target}"
    if one.point is None or two.point is None:
        return "PATT_NUM and SUBPXPTS do not tell where both of them point"
    if step.by_target and one.points is None:
        return "NUMDTHPT of the science is not a number"
    numbers = [work.value(place, "patt_num") for place in (other, science)]
    where = "the same point" if one.point == two.point else "a neighbouring point"
    return (
        f"it is at {where} of the pattern: PATT_NUM {numbers[0]}, that of the science {numbers[1]}"
    )


def _overlap(step: NodSplit, science: _Pointing, other: _Pointing) -> bool:
    if step.by_target and science.target != other.target:
        return True
    if not step.by_point:
        return False
    is_unknown = science.point is None or other.point is None
    if is_unknown or (step.by_target and science.points is None):
        return step.unknown_overlaps
    return science.point == other.point or (
        science.slit is not None
        and science.slit == step.wide_slit
        and _are_neighbours_of_five(science, other)
    )


def _are_neighbours_of_five(science: _Pointing, other: _Pointing) -> bool:
    points, subpixels = science.points or 0, science.subpixels or 1
    is_next = abs((science.point or 0) - (other.point or 0)) <= 1
    return is_next and points // subpixels == FIVE_POINTS
