"""The canonical order of exposures, on which nothing but their values has an influence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from asnrules.engine.values import Row

_CANDIDATE = re.compile(r"[\[(][^\[\]()]*[\])]")


def canonical_order(rows: Sequence[Row], filename: int, candidates: int) -> list[int]:
    """Order exposures by file name, then by the remaining values.

    The order of the candidates of an exposure counts for nothing.

    Parameters
    ----------
    rows : sequence of tuple
        The values of each exposure.
    filename : int
        The place of the file name in a row.
    candidates : int
        The place of the list of candidates.

    Returns
    -------
    list of int
        Places in `rows`.
    """
    by_name = sorted(range(len(rows)), key=lambda place: rows[place][filename] or "")
    order: list[int] = []
    for _, group in groupby(by_name, key=lambda place: rows[place][filename]):
        same = list(group)
        if len(same) > 1:
            same.sort(key=lambda place: _values(rows[place], candidates))
        order += same
    return order


def _values(row: Row, candidates: int) -> tuple[list[str], ...]:
    listed = sorted(_CANDIDATE.findall(row[candidates] or ""))
    return tuple(
        listed if listed and place == candidates else [value or ""]
        for place, value in enumerate(row)
    )
