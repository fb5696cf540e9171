"""What the operator has to know of a run besides its associations."""

from __future__ import annotations

from collections.abc import Sequence

from asnrules.engine.generation import Outcome
from asnrules.engine.values import is_empty
from asnrules.engine.work import Work
from asnrules.pools import Pool
from asnrules.worked import WorkedPools

BLANK_CELLS = ": blank cells of "
"""Stands in what is said of cells that the file left blank. The record keeps what they were read
as, so nobody can say it again without the file."""


def diagnostics_of(worked: WorkedPools, outcome: Outcome) -> list[str]:
    """Say what else the operator has to know.

    Parameters
    ----------
    worked : WorkedPools
        The pools, judged.
    outcome : Outcome
        What was made of them.

    Returns
    -------
    list of str
        Oddities of the pools first, then where jwst's answer depends on the order of the rows.
    """
    return [*_oddities(worked.pools), *_order_dependence(worked.work, outcome)]


def _oddities(pools: Sequence[Pool]) -> list[str]:
    """Say what is odd about the pools but no error."""
    lines = []
    marks = ("#!", "@!")
    if any(text.startswith(marks) for pool in pools for text in pool.candidates):
        lines.append(
            "some ASN_CANDIDATE cells hold a template mark; their exposures have no candidate"
        )
    lines += [
        f"{pool.name}{BLANK_CELLS}{keyword.upper()} are the value {text!r} to jwst, and so "
        "here (null, cut to the longest cell of the column); write null where nothing is meant"
        for pool in pools
        for keyword, text in pool.blanks.items()
        if not is_empty(text)
    ]
    return lines


def _order_dependence(work: Work, outcome: Outcome) -> list[str]:
    """Name the exposures for which jwst's answer depends on the order of the rows."""
    lines = []
    for found in outcome.order_dependent:
        names = sorted({work.value(place, "filename") or "" for place in found.places})
        lines.append(
            f"{found.rule.name}, candidate {found.candidate[0]}: jwst's answer depends on the "
            f"order of the rows of {', '.join(names)}; here it is that for the order of file names"
        )
    return sorted(lines)
