"""Tell whether an association stands."""

from __future__ import annotations

from asnrules.engine.drafts import Draft, Work
from asnrules.engine.signatures import SCIENCE

OBSERVATION = "observation"
BACKGROUND = "background"
"""A type of candidate, and the exptype of a member."""


def science_required(draft: Draft, _work: Work) -> list[Draft] | str:
    """Drop an association without a science member.

    Source: behaviour of jwst 3.0.0, by running it.
    """
    return [draft] if draft.holds(SCIENCE) else f"{draft.rule.name} found no science for it"


def candidate_validity(draft: Draft, _work: Work) -> list[Draft] | str:
    """Drop an association whose candidate is neither an observation nor a used background.

    A background candidate counts if at least one member is a background.

    Source: behaviour of jwst 3.0.0, by running it.
    """
    identifier, kind = draft.candidate
    if kind == OBSERVATION or (kind == BACKGROUND and draft.holds(BACKGROUND)):
        return [draft]
    wanted = "has no background for it" if kind == BACKGROUND else f"is of type {kind}"
    return f"candidate {identifier} {wanted}"
