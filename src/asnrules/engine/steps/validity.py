"""Tell whether an association stands."""

from __future__ import annotations

from asnrules.engine.candidates import BACKGROUND, OBSERVATION, cannot_stand
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft, Lack
from asnrules.engine.signatures import SCIENCE


def science_required(draft: Draft, _work: Work) -> list[Draft] | Lack:
    """Drop an association without a science member.

    Source: behaviour of jwst 3.0.0, by running it.
    """
    if draft.holds(SCIENCE):
        return [draft]
    return Lack(f"{draft.rule.name} found no science for it", SCIENCE)


def candidate_validity(draft: Draft, _work: Work) -> list[Draft] | Lack:
    """Drop an association whose candidate is neither an observation nor a used background.

    A background candidate counts if at least one member is a background.

    Source: behaviour of jwst 3.0.0, by running it.
    """
    identifier, kind = draft.candidate
    if kind == OBSERVATION or (kind == BACKGROUND and draft.holds(BACKGROUND)):
        return [draft]
    reason = cannot_stand(draft.candidate)
    if reason is not None:
        return Lack(reason)
    return Lack(f"candidate {identifier} has no background for it", BACKGROUND)
