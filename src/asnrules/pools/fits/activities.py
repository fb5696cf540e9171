"""EXPSPCIN, which headers lack, by the activity in file names.

The rules ask of EXPSPCIN whether it is the same and which comes next. In the kept pools of the
archive it is the number of the activity for every grism, fixed-slit and MOS exposure with such a
name. Activities are counted anew in each visit group, and each parallel sequence has its own; so
where exposures of a visit and sequence are of several groups, names do not tell it.

Source: jw<program><observation><visit>_<group><sequence><activity>_<exposure>..., the names of the
observatory; the activity is written in base 36.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from asnrules.engine.exposures import whole_number

_NAME = re.compile(r"(jw\d{11})_(\d\d)([0-9a-z])([0-9a-z]{2})_\d{5}(?:[-_.].*)?", re.IGNORECASE)
_BASE = 36

NAMELESS = "files without the names of the observatory do not tell it"
GROUPS = "activities are counted anew in each visit group, and there are several"
OTHERWISE = "others of the visit have a number that is not their activity"


class Number(NamedTuple):
    """EXPSPCIN of an exposure as its name tells it, or why it does not."""

    value: str | None
    reason: str = ""


def numbers_of(names: Sequence[str], told: Sequence[str | None]) -> list[Number]:
    """Say what EXPSPCIN is by name, for exposures of which the rules look at it.

    Some have a number already, from their headers or a declaration: `told`. Where one of those is
    not the activity, the names of its visit do not count.
    """
    activities = [_activity(name) for name in names]
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    disagreeing = set()
    for activity, value in zip(activities, told, strict=True):
        if activity is not None:
            groups[activity.sequence].add(activity.group)
            if whole_number(value or None) not in {None, activity.number}:
                disagreeing.add(activity.sequence)

    def number_of(activity: _Activity | None) -> Number:
        if activity is None:
            return Number(None, NAMELESS)
        if len(groups[activity.sequence]) > 1:
            return Number(None, GROUPS)
        if activity.sequence in disagreeing:
            return Number(None, OTHERWISE)
        return Number(str(activity.number))

    return [number_of(activity) for activity in activities]


class _Activity(NamedTuple):
    sequence: tuple[str, str]
    """The visit, and the parallel sequence in it."""
    group: str
    number: int


def _activity(name: str) -> _Activity | None:
    if match := _NAME.fullmatch(name):
        visit, group, sequence, number = match.groups()
        return _Activity((visit.lower(), sequence.lower()), group, int(number, _BASE))
    return None
