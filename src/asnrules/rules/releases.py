"""The releases of jwst: their days, and the day from which a ruleset with some of them is in force.

Operations run a release weeks to months after it is tagged. Where the day is not known, the day
of the tag stands for it, but only before the first and after the last of the known ones.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped

PREFIX = "jwst-"
"""With a release behind it, a name for the ruleset that has the release."""

_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*")


class Release(NamedTuple):
    """A release of jwst."""

    release: str
    released: dt.date
    """The day on which it was tagged."""
    in_operations_from: dt.date | None
    """The first day on which operations ran it, if that is known."""


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


def release_problems(releases: Sequence[Release]) -> Iterator[tuple[int, str]]:
    """Say what of some releases cannot be, each with the number of one of them."""
    known = {release_numbers(name): one.release for name, one in shipped_releases().items()}
    theirs = {release_numbers(one.release): one for one in releases} | known
    for number, one in enumerate(releases):
        name, own = one.release, release_numbers(one.release) or ()
        lower = [its for numbers, its in theirs.items() if numbers is not None and numbers < own]
        last = max(lower, key=lambda its: its.released, default=one)
        shipped = theirs[own]
        day = shipped.in_operations_from
        if own in [release_numbers(other.release) for other in releases[:number]]:
            yield number, f"release {name} comes twice; leave one out"
        elif name != shipped.release and own in known:
            yield number, f"{name} is {shipped.release}; write that"
        elif one.released != shipped.released and own in known:
            yield (
                number,
                f"{name} was tagged on {shipped.released}; give that day, or the name alone",
            )
        elif own in known and day not in (None, one.in_operations_from):
            yield number, f"{name} is in operations from {day} on; give that day, or the name alone"
        elif own not in known and one.released < last.released:
            problem = f"{name} was tagged before {last.release}, on {last.released}; mend the day"
            yield number, problem
        elif one.in_operations_from is not None and one.in_operations_from < one.released:
            yield number, "it was in operations before it was released; mend a day"


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
