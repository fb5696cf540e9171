"""Keep the imprints that match the science best.

Source: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

from typing import NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.steps import ImprintPruning

IMPRINT = "imprint"

_NEEDED = ("targetid", "bkgdtarg")
"""Columns without which nothing is pruned."""

_SET = "t"


def prune_imprints(
    growing: GrowingAssociation, work: Work, _step: ImprintPruning
) -> list[GrowingAssociation]:
    """Drop imprints of another target, then those of another dither position.

    Only imprints are looked at whose background flag is that of the sciences. If one of them
    has the target of a science, those that have not go. If more are left than there are
    sciences and one has the dither position of a science, those that have not go. Values are
    compared as they stand in the pool.
    """
    if not growing.holds(IMPRINT):
        return [growing]
    if any(work.value(growing.creator, column) is None for column in _NEEDED):
        return [growing]
    sciences = [_likeness(work, member) for member in growing.of_exptype(SCIENCE)]
    is_background = any(science.is_background for science in sciences)
    imprints = {
        likeness: count
        for likeness, count in growing.counts(work, _likeness).items()
        if likeness.is_imprint and likeness.is_background is is_background
    }
    targets = {science.target for science in sciences}
    kept = {one for one in imprints if one.target in targets} or set(imprints)
    number = sum(imprints[likeness] for likeness in kept)
    if len(sciences) < number and work.value(growing.creator, "dithptin") is not None:
        positions = {science.position for science in sciences}
        kept = {one for one in kept if one.position in positions} or kept
    dropped = frozenset(imprints.keys() - kept)
    if not dropped:
        return [growing]
    return [growing.leaving_out(work, _likeness, dropped)]


def imprint_difference(work: Work, science: int, imprint: int) -> str:
    """Say by what a science and an imprint of it that was dropped are told apart."""
    for keyword in ("targetid", "dithptin"):
        one, other = work.value(science, keyword), work.value(imprint, keyword)
        if one != other:
            return f": its {keyword.upper()} is {other}, that of the science {one}"
    return ""


class _Likeness(NamedTuple):
    """What imprints and sciences are compared by."""

    is_imprint: bool
    is_background: bool
    target: str | None
    position: str | None


def _likeness(work: Work, member: Member) -> _Likeness:
    is_imprint = member.exptype == IMPRINT
    if member.exposure is None:
        return _Likeness(is_imprint, is_background=False, target=None, position=None)
    return _Likeness(
        is_imprint,
        work.value(member.exposure, "bkgdtarg") == _SET,
        work.value(member.exposure, "targetid"),
        work.value(member.exposure, "dithptin"),
    )
