"""Split the nods of a pattern: each in turn is the science, the others its background.

Source: behaviour of jwst 3.0.0 and 1.3.0, by running them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.member_log import MemberLog, arranged
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.step import Looks, Step

FIVE_POINTS = 5
"""The number of primary points of the pattern whose neighbouring points overlap."""

WIDE_SLIT = "s1600a1"
"""The slit in which they do."""


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


@dataclass(frozen=True)
class NodSplit:
    """Makes an association for each science; other sciences become its background.

    Those do not whose light may fall on the same place.
    """

    by_point: bool = False
    """Whether sciences at the same point overlap."""
    by_target: bool = False
    """Whether sciences of different targets overlap, and a pattern is known by its number of
    points as well, though only the science's is read."""
    unknown_overlaps: bool = False
    """Whether points that are not known overlap."""
    wide_slit: bool = False
    """Whether, in the wide slit, neighbours in a pattern of five points overlap as well."""

    def __call__(self, growing: GrowingAssociation, work: Work) -> list[GrowingAssociation]:
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
                fitting = {other for other in distinct if not self._overlap(pointing, other)}
                pairs = zip(backgrounds, pointings, strict=True)
                log.members += [one for one, where in pairs if where in fitting]
                log.members += others
            split.append(growing.with_members(*arranged([science], log.without(science.place))))
        return split

    def left_out_text(self, work: Work, science: int, other: int) -> str:
        """Say why an exposure of a pattern is no background of a science of it."""
        one, two = _Pointing.of(work, science), _Pointing.of(work, other)
        if self.by_target and one.target != two.target:
            return f"its TARGETID is {two.target}, that of the science {one.target}"
        if one.point is None or two.point is None:
            return "PATT_NUM and SUBPXPTS do not tell where both of them point"
        if self.by_target and one.points is None:
            return "NUMDTHPT of the science is not a number"
        numbers = [work.value(place, "patt_num") for place in (other, science)]
        where = "the same point" if one.point == two.point else "a neighbouring point"
        return (
            f"it is at {where} of the pattern: PATT_NUM {numbers[0]}, "
            f"that of the science {numbers[1]}"
        )

    def _overlap(self, science: _Pointing, other: _Pointing) -> bool:
        if self.by_target and science.target != other.target:
            return True
        if not self.by_point:
            return False
        is_unknown = science.point is None or other.point is None
        if is_unknown or (self.by_target and science.points is None):
            return self.unknown_overlaps
        return science.point == other.point or (
            self.wide_slit and _are_wide_neighbours(science, other)
        )


def _are_wide_neighbours(science: _Pointing, other: _Pointing) -> bool:
    points, subpixels = science.points or 0, science.subpixels or 1
    return (
        science.slit == WIDE_SLIT
        and points // subpixels == FIVE_POINTS
        and abs((science.point or 0) - (other.point or 0)) <= 1
    )


_TEXT = "an association for each science; the other sciences of the group are its backgrounds"
_POINT = "at the same point of the pattern (PATT_NUM, counted in steps of SUBPXPTS"
_NUMBERS = (("patt_num",), ("numdthpt",), ("subpxpts", "subpxpns"))
_KEYWORDS = frozenset({"targetid", "fxd_slit", "patt_num", "numdthpt", "subpxpts", "subpxpns"})
_LOOKS = Looks(_KEYWORDS, _NUMBERS, "no background by it")

STEPS = {
    "nod_split": Step(NodSplit(), _TEXT),
    "nod_split_fixed_slit": Step(
        NodSplit(by_point=True, by_target=True, unknown_overlaps=True, wide_slit=True),
        f"{_TEXT}, but for those of another TARGETID or {_POINT}; a point that is not known counts "
        "as the same), and in S1600A1 with five points those of the next point",
        _LOOKS,
    ),
    "nod_split_primary": Step(
        NodSplit(by_point=True, unknown_overlaps=True),
        f"{_TEXT}, but for those {_POINT}) or at one that is not known",
        _LOOKS,
    ),
    "nod_split_shutters": Step(
        NodSplit(by_point=True, by_target=True),
        f"{_TEXT}, but for those of another TARGETID or {_POINT})",
        _LOOKS._replace(lost="nods at one point are each other's background"),
    ),
}
