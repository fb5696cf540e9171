"""Split the nods of a pattern: each in turn is the science, the others its background.

Source: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.member_log import MemberLog, arranged
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.steps import OWN, NodSplit

FIVE_POINTS = 5
"""The number of primary points of the pattern whose neighbouring points overlap."""


class _Pointing(NamedTuple):
    """Where an exposure of a pattern points."""

    target: str | None = None
    position: int | None = None
    """The number in the pattern, subpixel positions among them; None if it is not known."""
    subpixels: tuple[int | None, int | None] = (None, None)
    """The number of subpixel positions at each primary point, by its two keywords."""
    size: int | None = None
    """The number of points of the pattern, subpixel positions among them."""
    slit: str | None = None

    @classmethod
    def of(cls, work: Work, place: int | None) -> _Pointing:
        """Read where an exposure points."""
        if place is None:
            return cls()
        return cls(
            target=work.value(place, "targetid"),
            position=work.number(place, "patt_num"),
            subpixels=(work.number(place, "subpxpts"), work.number(place, "subpxpns")),
            size=work.number(place, "numdthpt"),
            slit=work.value(place, "fxd_slit"),
        )

    @property
    def own_subpixels(self) -> int | None:
        """The first of them that is known."""
        return self.subpixels[1] if self.subpixels[0] is None else self.subpixels[0]

    def point(self, subpixels: int | None) -> int | None:
        """Give the primary point; None if it is not known."""
        if self.position is None or not subpixels:
            return None
        return (self.position - 1) // subpixels


def _points(step: NodSplit, science: _Pointing, other: _Pointing) -> tuple[int | None, int | None]:
    """Give the primary points of two exposures, as far as they are known."""
    if step.other_point == OWN:
        return science.point(science.own_subpixels), other.point(other.own_subpixels)
    for one, two in zip(science.subpixels, other.subpixels, strict=True):
        if one is not None and two is not None:
            return science.point(one), other.point(two)
    return None, None


def split_nods(growing: GrowingAssociation, work: Work, step: NodSplit) -> list[GrowingAssociation]:
    """Split an association."""
    sciences = growing.of_exptype(SCIENCE)
    backgrounds = [science._replace(exptype=BACKGROUND) for science in sciences]
    others = [member for member in growing.members if member.exptype != SCIENCE]
    pointings = [_Pointing.of(work, science.exposure) for science in sciences]
    distinct = set(pointings)
    logs: dict[_Pointing, MemberLog] = {}
    split = []
    files = [work.value(science.exposure or 0, "filename") for science in sciences]
    has_twins = len(set(files)) < len(files)
    for number, (science, pointing) in enumerate(zip(sciences, pointings, strict=True)):
        log = logs.get(pointing)
        if log is None:
            # Exposures that point alike have the same background, but for themselves.
            log = logs[pointing] = MemberLog(work)
            fitting = {other for other in distinct if not _overlap(step, pointing, other)}
            pairs = zip(backgrounds, pointings, strict=True)
            log.members += [one for one, where in pairs if where in fitting]
            log.members += others
        if has_twins:
            # No other row of the file of a science is its background.
            twins = {backgrounds[at] for at, file in enumerate(files) if file == files[number]}
            rest = [one for one in log.members if one not in twins]
            split.append(growing.with_members([science, *rest]))
            continue
        split.append(growing.with_members(*arranged([science], log.without(science.exposure))))
    return split


def overlap_text(work: Work, step: NodSplit, science: int, other: int) -> str:
    """Say why an exposure of a pattern is no background of a science of it."""
    one, two = _Pointing.of(work, science), _Pointing.of(work, other)
    if step.same_target and one.target != two.target:
        return f"its TARGETID is {two.target}, that of the science {one.target}"
    points = _points(step, one, two)
    if None in points or (step.pattern_known and one.size is None):
        unread = _unread(work, step, science, other)
        return unread or "PATT_NUM and SUBPXPTS do not tell where both of them point"
    numbers = [work.value(place, "patt_num") for place in (other, science)]
    where = "the same point" if points[0] == points[1] else "a neighbouring point"
    return (
        f"it is at {where} of the pattern: PATT_NUM {numbers[0]}, that of the science {numbers[1]}"
    )


def _unread(work: Work, step: NodSplit, science: int, other: int) -> str | None:
    """Say which number of either exposure is not given, or not a whole one; None if all are."""
    for keywords in step.looks.numbers:
        for whose, place in (("its", other), ("the science's", science)):
            is_of_science = keywords == ("numdthpt",)  # Of the others it is not asked.
            if is_of_science and place == other:
                continue
            if all(work.number(place, keyword) is None for keyword in keywords):
                given = [(one, value) for one in keywords if (value := work.given(place, one))]
                keyword, value = given[0] if given else (keywords[0], None)
                lacks = "not given" if value is None else f"{value}, not a whole number to jwst"
                return f"{whose} {keyword.upper()} is {lacks}"
    return None


def _overlap(step: NodSplit, science: _Pointing, other: _Pointing) -> bool:
    if step.same_target and science.target != other.target:
        return True
    if not step.other_point:
        return False
    one, two = _points(step, science, other)
    if one is None or two is None or (step.pattern_known and science.size is None):
        return step.unknown_overlaps
    if one == two:
        return True
    is_wide = science.slit is not None and science.slit == step.wide_slit
    return is_wide and abs(one - two) <= 1 and _primary_points(science) == FIVE_POINTS


def _primary_points(pointing: _Pointing) -> int:
    return (pointing.size or 0) // (pointing.own_subpixels or 1)
