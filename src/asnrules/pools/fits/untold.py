"""What neither headers nor declarations tell of exposures, as far as the rules look at it.

It is assumed, taken from file names, or left open; one line for each keyword says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from asnrules.engine.keywords import keywords_of, looked_at, wanting
from asnrules.pools.fits.activities import numbers_of
from asnrules.pools.fits.keywords import assumed, header_keywords
from asnrules.pools.tables import NULL
from asnrules.rules.model import Ruleset
from asnrules.util.text import few

_ELSEWHERE = frozenset({"program", "exp_type", "instrume", "targetid"})
"""Keywords without which an exposure has no place, which is said of each; targets are counted."""
_OPEN = "and nothing is assumed"
_DECLARE = "; declare what is so by --set"

Keywords = Sequence[Mapping[str, str]]
"""For each exposure, lower-case keyword to value."""


def settle(told: Keywords, rows: Sequence[dict[str, str]], ruleset: Ruleset | None) -> list[str]:
    """Complete rows of a pool by what file names tell, and say what headers do not tell.

    `told` is what headers and declarations have. Without a ruleset nothing is known to be looked
    at: file names are not asked, and all that is assumed is said.
    """
    lines: list[str] = []
    lacking = {keyword: [not known.get(keyword) for known in told] for keyword in assumed()}
    matters = _matters(lacking, rows, ruleset) if ruleset else lacking
    for keyword, value in assumed().items():
        both = zip(lacking[keyword], matters[keyword], strict=True)
        places = [place for place, needed in enumerate(both) if all(needed)]
        teller = header_keywords()[keyword].told_by
        if teller and ruleset and places:
            compared = [place for place, is_compared in enumerate(matters[keyword]) if is_compared]
            lines += _by_name(keyword, teller, told, rows, compared)
        elif places:
            otherwise = _OPEN if value is None else f"so {value} is assumed"
            lines.append(_line(keyword, rows, places, otherwise))
    return [*lines, *_wanting(told, rows, ruleset)] if ruleset else lines


def _matters(
    lacking: Mapping[str, Sequence[bool]], rows: Keywords, ruleset: Ruleset
) -> dict[str, list[bool]]:
    values = _values(rows, ruleset)
    wanted = wanting(ruleset, values)
    return {
        keyword: [
            looks or keyword in wanted[place]
            for place, looks in enumerate(looked_at(ruleset, values, keyword))
        ]
        if any(among)
        else [False] * len(rows)
        for keyword, among in lacking.items()
    }


def _wanting(told: Keywords, rows: Keywords, ruleset: Ruleset) -> Iterator[str]:
    """Say which other keywords headers lack and rules ask for.

    Most that are lacking stand for nothing, as an instrument does not have them.
    """
    asked: dict[str, list[int]] = {}
    for place, keywords in enumerate(wanting(ruleset, _values(rows, ruleset))):
        for keyword in keywords.difference(assumed(), _ELSEWHERE):
            if not told[place].get(keyword):
                asked.setdefault(keyword, []).append(place)
    for keyword, places in sorted(asked.items()):
        # A key takes any one of its keywords.
        same = {
            one
            for sources in _key_sources(ruleset)
            for one in sources
            if keyword in sources and asked.get(one) == places
        }
        if keyword == min(same, default=keyword):
            yield _line(" or ".join(sorted(same | {keyword})), rows, places, _OPEN)


def _key_sources(ruleset: Ruleset) -> set[tuple[str, ...]]:
    return {
        key.sources
        for rule in ruleset.rules
        for key in (*rule.keys, *(key for role in rule.roles for key in role.keys))
    }


def _values(rows: Keywords, ruleset: Ruleset) -> Keywords:
    keywords = keywords_of(ruleset)
    return [{name: row.get(name, NULL).lower() for name in keywords} for row in rows]


def _by_name(
    keyword: str,
    teller: str,
    told: Keywords,
    rows: Sequence[dict[str, str]],
    places: Sequence[int],
) -> Iterator[str]:
    """Put a keyword into rows of which rules look at it, where file names tell it."""
    known = [told[place].get(keyword) for place in places]
    numbers = numbers_of([rows[place]["filename"] for place in places], known)
    outcomes: dict[str, list[int]] = {}
    for place, value, number in zip(places, known, numbers, strict=True):
        if value:
            continue
        if number.value is not None:
            rows[place][keyword] = number.value
        outcomes.setdefault(number.reason, []).append(place)
    for reason, found in sorted(outcomes.items()):
        said = f"{_OPEN}: {reason}" if reason else f"so the {teller} is taken"
        yield _line(keyword, rows, found, said)


def _line(keyword: str, rows: Keywords, places: Sequence[int], otherwise: str) -> str:
    types = few(dict.fromkeys(rows[place].get("exp_type", NULL) for place in places))
    name = keyword.upper().replace(" OR ", " or ")
    return f"headers do not tell {name} ({types}), {otherwise}{_DECLARE}"
