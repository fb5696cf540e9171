"""Which names on record come near to one that is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import takewhile

SHOWN = 3
"""How many are suggested."""


def hint(name: str, known: Iterable[str], nothing: str) -> str:
    """Word the end of an error about a name that is not on record.

    Parameters
    ----------
    name : str
        As it was looked for.
    known : iterable of str
        Names on record; those that begin alike come first.
    nothing : str
        What to say if there is none.
    """
    near = sorted(known, key=lambda other: _distance(name, other))[:SHOWN]
    return f"near it are {', '.join(near)}" if near else nothing


def _distance(name: str, other: str) -> tuple[int, float]:
    alike = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(name, other, strict=False))
    )
    return -alike, -difflib.SequenceMatcher(None, name, other).ratio()
