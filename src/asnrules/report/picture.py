"""Draw where the exposures of a run went: bands from EXP_TYPEs to the rules that took them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from asnrules.record.queries.summaries import ExposureCount, Flow, RuleCount

MOST_BARS = 20
"""How many EXP_TYPEs and rules have a place of their own; the rest share one."""
WIDTH = 960
LEFT = 190
"""Where the bars of the EXP_TYPEs end, and the bands begin."""
RIGHT = 640
"""Where the bands end, and the bars of the rules begin."""
BAR = 8
_TOP = 30
_GAP = 10
_LEAST_BAR = 20.0
_LEAST_BAND = 1.5
_HEIGHT = 420.0
"""What all bands together are high, where none is too thin to be seen."""

NO_EXPOSURE = "files not in the pool"
NO_TYPE = "no EXP_TYPE"
UNREADABLE = "(cannot be read)"


class Bar(NamedTuple):
    """A bar with its text."""

    name: str
    amount: int
    """How many exposures there are of a type, how many associations a rule made."""
    y: float
    height: float

    @property
    def middle(self) -> float:
        """The line of its text."""
        return round(self.y + self.height / 2, 1)


class Band(NamedTuple):
    """Exposures of one type in one role of one rule."""

    path: str
    """Its outline, as SVG has it."""
    role: str
    """Empty for exposures in no association."""
    title: str


class Picture(NamedTuple):
    """All of it."""

    height: int
    """The width is `WIDTH`."""
    types: list[Bar]
    rules: list[Bar]
    bands: list[Band]
    roles: list[str]
    """Those that occur, by the number of members."""


class _Piece(NamedTuple):
    source: str
    target: str
    role: str
    amount: int


def draw(
    flows: Sequence[Flow],
    counts: Sequence[ExposureCount],
    made: Sequence[RuleCount],
    left_out: str,
) -> Picture:
    """Draw a run from what went where, what there is and is left out, and what the rules made.

    What is left out ends at a bar of that name.
    """
    pieces = _pieces(flows, counts, left_out)
    roles = _by_amount(pieces, lambda piece: piece.role)
    unit = _HEIGHT / max(1, sum(piece.amount for piece in pieces))
    heights = {piece: max(_LEAST_BAND, piece.amount * unit) for piece in pieces}
    exposures = {count.exp_type or NO_TYPE: count.exposures for count in counts}
    associations = {_rule(count): count.associations for count in made}
    types = _column(
        heights, lambda piece: piece.source, exposures, lambda name: (name == NO_EXPOSURE, name)
    )
    rules = _column(
        heights, lambda piece: piece.target, associations, _ranks(heights, types, left_out).get
    )
    ends = [bar.y + bar.height for bar in (*types, *rules)]
    return Picture(
        height=round(max(ends, default=0) + _GAP),
        types=types,
        rules=rules,
        bands=_bands(heights, types, rules, roles),
        roles=[role for role in roles if role],
    )


def _pieces(flows: Iterable[Flow], counts: Iterable[ExposureCount], left_out: str) -> list[_Piece]:
    whole = [
        _Piece(flow.exp_type or NO_EXPOSURE, _rule(flow), flow.exptype or UNREADABLE, flow.members)
        for flow in flows
    ] + [
        _Piece(count.exp_type or NO_TYPE, left_out, "", count.unassociated)
        for count in counts
        if count.unassociated
    ]
    types = set(_by_amount(whole, lambda piece: piece.source)[:MOST_BARS])
    rules = {*_by_amount(whole, lambda piece: piece.target)[:MOST_BARS], left_out}
    amounts: dict[tuple[str, str, str], int] = defaultdict(int)
    for piece in whole:
        source = piece.source if piece.source in types else "other EXP_TYPEs"
        target = piece.target if piece.target in rules else "other rules"
        amounts[source, target, piece.role] += piece.amount
    return [_Piece(*key, amount) for key, amount in amounts.items()]


def _rule(made: Flow | RuleCount) -> str:
    return f"{made.asn_rule or UNREADABLE} ({made.asn_type or 'no type'})"


def _by_amount(pieces: Iterable[_Piece], name: Callable[[_Piece], str]) -> list[str]:
    totals: dict[str, int] = defaultdict(int)
    for piece in pieces:
        totals[name(piece)] += piece.amount
    return sorted(totals, key=lambda one: (-totals[one], one))


def _column(
    heights: dict[_Piece, float],
    name: Callable[[_Piece], str],
    counts: dict[str, int],
    rank: Callable[[str], Any],
) -> list[Bar]:
    """Put the bars of one side below each other, in the order of their ranks."""
    high: dict[str, float] = defaultdict(float)
    amounts: dict[str, int] = defaultdict(int)
    for piece, height in heights.items():
        high[name(piece)] += height
        amounts[name(piece)] += piece.amount
    bars, y = [], float(_TOP)
    for one in sorted(high, key=rank):
        height = max(high[one], _LEAST_BAR)
        bars.append(Bar(one, counts.get(one, amounts[one]), round(y, 1), round(height, 1)))
        y += height + _GAP
    return bars


def _ranks(
    heights: dict[_Piece, float], types: list[Bar], left_out: str
) -> dict[str, tuple[bool, float, str]]:
    """Rank the rules by where their bands come from, so that few of these cross."""
    middle = {bar.name: bar.middle for bar in types}
    weights: dict[str, float] = defaultdict(float)
    sums: dict[str, float] = defaultdict(float)
    for piece, height in heights.items():
        weights[piece.target] += height
        sums[piece.target] += height * middle[piece.source]
    return {name: (name == left_out, sums[name] / weights[name], name) for name in weights}


def _bands(
    heights: dict[_Piece, float], types: list[Bar], rules: list[Bar], roles: list[str]
) -> list[Band]:
    left = {bar.name: bar.y for bar in types}
    right = {bar.name: bar.y for bar in rules}
    tops = dict(left), dict(right)
    starts, bands = {}, []
    for piece in sorted(heights, key=lambda one: (tops[1][one.target], roles.index(one.role))):
        starts[piece] = left[piece.source]
        left[piece.source] += heights[piece]
    for piece in sorted(heights, key=lambda one: (tops[0][one.source], roles.index(one.role))):
        path = _outline(starts[piece], right[piece.target], heights[piece])
        right[piece.target] += heights[piece]
        what = f"{piece.role} in {piece.target}" if piece.role else piece.target
        bands.append(Band(path, piece.role, f"{piece.source}: {piece.amount:,} {what}"))
    return bands


def _outline(start: float, end: float, height: float) -> str:
    x1, x2 = LEFT + BAR, RIGHT
    middle = (x1 + x2) / 2
    low1, low2 = start + height, end + height
    return (
        f"M{x1} {start:.1f}C{middle:g} {start:.1f} {middle:g} {end:.1f} {x2} {end:.1f}"
        f"V{low2:.1f}C{middle:g} {low2:.1f} {middle:g} {low1:.1f} {x1} {low1:.1f}Z"
    )
