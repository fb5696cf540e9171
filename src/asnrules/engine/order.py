"""The canonical order of exposures, on which nothing but their values has an influence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from asnrules.engine.values import Row


def canonical_order(rows: Sequence[Row], filename: int) -> list[int]:
    """Order exposures by file name, then by the remaining values.

    Parameters
    ----------
    rows : sequence of tuple
        The values of each exposure.
    filename : int
        The place of the file name in a row.

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
            same.sort(key=lambda place: tuple(value or "" for value in rows[place]))
        order += same
    return order
