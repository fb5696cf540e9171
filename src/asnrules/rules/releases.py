"""The releases of jwst: their days, and the day from which a ruleset with some of them is in force.

Operations run a release weeks to months after it is tagged. Where the day is not known, the day
of the tag stands for it, but only before the first and after the last of the known ones.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

from asnrules.rules.model import Release
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped

PREFIX = "jwst-"
"""With a release behind it, a name for the ruleset that has the release."""

_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")


class ShippedRelease(NamedTuple):
    """What `seed/releases.csv` says of a release."""

    release: Release
    dms_build: str | None
    """The build of the observatory's data system that it belongs to."""


@cache
def shipped_releases() -> dict[str, ShippedRelease]:
    """Give all known releases, the first one first."""
    rows = read_csv(shipped("seed") / "releases.csv")
    return {
        row["release"]: ShippedRelease(
            Release(
                row["release"],
                dt.date.fromisoformat(row["released"]),
                dt.date.fromisoformat(row["in_operations"]) if row["in_operations"] else None,
            ),
            row["dms_build"] or None,
        )
        for row in reversed(rows)
    }


def release_numbers(release: str) -> tuple[int, ...] | None:
    """Read a release, without zeros at its end; None for a version between releases."""
    if not _RELEASE.fullmatch(release):
        return None
    numbers = [int(number) for number in release.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def in_order(releases: Iterable[Release]) -> tuple[Release, ...]:
    """Sort releases by their numbers."""
    return tuple(sorted(releases, key=lambda one: release_numbers(one.release) or ()))


def start_of(releases: Sequence[Release]) -> dt.date | None:
    """Give the first day on which operations ran one of some releases; None if they never did.

    Of two rulesets that begin on one day the later one stays.
    """
    ours = {one.release for one in releases}
    others = [one.release for one in shipped_releases().values() if one.release.release not in ours]
    known = sorted(
        one.in_operations_from for one in (*others, *releases) if one.in_operations_from is not None
    )
    days = [one.in_operations_from for one in releases if one.in_operations_from is not None]
    if not days:
        tagged = [one.released for one in releases]
        return min((day for day in tagged if not known or not known[0] <= day <= known[-1]),
                   default=None)  # fmt: skip
    start = min(days)
    last = max(release_numbers(one.release) or () for one in releases)
    later = (one for one in others if (release_numbers(one.release) or ()) > last)
    return None if any(one.in_operations_from == start for one in later) else start
