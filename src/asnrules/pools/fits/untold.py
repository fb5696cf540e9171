"""What neither headers nor declarations tell of exposures, as far as the rules look at it.

It is assumed, taken from file names, or left open; one line for each keyword says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from asnrules.engine.keywords import kept_out, keywords_of, looked_at
from asnrules.pools.fits.activities import numbers_of
from asnrules.pools.tables import NULL
from asnrules.rules.model import Ruleset
from asnrules.util.text import few

ASSUMED: Mapping[str, str | None] = {
    "is_imprt": "f",
    "pntgtype": "science",
    "dms_note": NULL,
    "dithptin": "1",
    "mostilno": "1",
    "expspcin": None,
}
"""Keywords that the headers of most releases lack, and what is assumed; None for nothing."""

_ELSEWHERE = frozenset({"program", "exp_type", "instrume", "targetid"})
"""Keywords without which an exposure has no place, which is said of each; targets are counted."""
_BY_NAME = "expspcin"  # File names may tell it
_DECLARE = "; declare what is so by asnrules pool make --set"

Keywords = Sequence[Mapping[str, str]]
"""For each exposure, lower-case keyword to value."""


def settle(told: Keywords, rows: Sequence[dict[str, str]], ruleset: Ruleset | None) -> list[str]:
    """Complete rows of a pool by what file names tell, and say what headers do not tell.

    `told` is what headers and declarations have. Without a ruleset nothing is known to be looked
    at: file names are not asked, and all that is assumed is said.
    """
    lines: list[str] = []
    for keyword in _asked(ruleset):
        lacking = [not known.get(keyword) for known in told]
        if not any(lacking):
            continue
        matters = _matters(keyword, rows, ruleset) if ruleset else lacking
        places = [
            place for place, both in enumerate(zip(lacking, matters, strict=True)) if all(both)
        ]
        if keyword == _BY_NAME and ruleset:
            compared = [place for place, matter in enumerate(matters) if matter]
            lines += _by_name(told, rows, compared)
        elif places:
            lines.append(_line(keyword, rows, places, _otherwise(ASSUMED.get(keyword))))
    return lines


def _asked(ruleset: Ruleset | None) -> list[str]:
    """Give the keywords that may not be known: those that headers lack, and all others of rules."""
    others = keywords_of(ruleset).difference(ASSUMED, _ELSEWHERE) if ruleset else ()
    return [*ASSUMED, *sorted(others)]


def _matters(keyword: str, rows: Keywords, ruleset: Ruleset) -> list[bool]:
    values = [{name: value.lower() for name, value in row.items()} for row in rows]
    # A keyword that headers have stands for nothing where it is lacking, unless rules ask for it.
    ask = looked_at if keyword in ASSUMED else kept_out
    return ask(ruleset, values, keyword)


def _by_name(
    told: Keywords, rows: Sequence[dict[str, str]], places: Sequence[int]
) -> Iterator[str]:
    """Put EXPSPCIN into rows of which rules look at it, where names tell it."""
    known = [told[place].get(_BY_NAME) for place in places]
    numbers = numbers_of([rows[place]["filename"] for place in places], known)
    outcomes: dict[str, list[int]] = {}
    for place, value, number in zip(places, known, numbers, strict=True):
        if value:
            continue
        if number.value is not None:
            rows[place][_BY_NAME] = number.value
        outcomes.setdefault(number.reason, []).append(place)
    for reason, found in sorted(outcomes.items()):
        said = (
            f"and nothing is assumed: {reason}" if reason else "so it is the activity in file names"
        )
        yield _line(_BY_NAME, rows, found, said)


def _otherwise(assumed: str | None) -> str:
    return "and nothing is assumed" if assumed is None else f"so {assumed} is assumed"


def _line(keyword: str, rows: Keywords, places: Sequence[int], otherwise: str) -> str:
    types = few(dict.fromkeys(rows[place].get("exp_type", NULL) for place in places))
    return f"headers do not tell {keyword.upper()} ({types}), {otherwise}{_DECLARE}"
