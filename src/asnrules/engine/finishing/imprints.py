"""Keep the imprints that match the science best.

Source: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

from asnrules.engine.drafts import Draft, Work
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.stretches import DraftMember

IMPRINT = "imprint"
NEEDED = ("targetid", "bkgdtarg")
"""Columns without which nothing is pruned."""

SET = "t"


def imprint_pruning(draft: Draft, work: Work) -> list[Draft] | str:
    """Drop imprints of another target, then those of another dither position.

    Only imprints are looked at whose background flag is that of the sciences. If one of them
    has the target of a science, those that have not go. If more are left than there are
    sciences and one has the dither position of a science, those that have not go. Values are
    compared as they stand in the pool.
    """
    if not draft.holds(IMPRINT):
        return [draft]
    if any(
        column not in work.places or work.value(draft.creator, column) is None for column in NEEDED
    ):
        return [draft]
    sciences = draft.of_exptype(SCIENCE)
    is_background = any(_value(work, member, "bkgdtarg") == SET for member in sciences)
    imprints = [
        member
        for member in draft.of_exptype(IMPRINT)
        if (_value(work, member, "bkgdtarg") == SET) is is_background
    ]
    matching = _alike(work, imprints, sciences, "targetid")
    kept = matching or imprints
    if len(sciences) < len(kept) and work.value(draft.creator, "dithptin") is not None:
        kept = _alike(work, kept, sciences, "dithptin") or kept
    dropped = {member.place for member in imprints} - {member.place for member in kept}
    return [draft.with_members([one for one in draft.members if one.place not in dropped])]


def _alike(
    work: Work, imprints: list[DraftMember], sciences: list[DraftMember], keyword: str
) -> list[DraftMember]:
    wanted = {_value(work, member, keyword) for member in sciences}
    return [member for member in imprints if _value(work, member, keyword) in wanted]


def _value(work: Work, member: DraftMember, keyword: str) -> str | None:
    return None if member.place is None else work.value(member.place, keyword)
