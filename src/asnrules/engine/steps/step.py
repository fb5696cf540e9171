"""What a finishing step is, and the steps that every association needs.

Source of these: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND, OBSERVATION, VALIDITY, cannot_stand
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Lack
from asnrules.engine.signatures import SCIENCE

Result = list[GrowingAssociation] | Lack
"""What becomes of an association, or why nothing does."""


class Looks(NamedTuple):
    """What a step looks at."""

    keywords: frozenset[str] = frozenset()
    numbers: tuple[tuple[str, ...], ...] = ()
    """Those read as whole numbers; of several together, the first that is one counts."""
    lost: str = ""
    """What is lost where there is a value, but no whole number."""
    named: tuple[str, ...] = ()
    """Those that it puts into names."""


class Step(NamedTuple):
    """A finishing step: what carries it out, what it does in words, and what it looks at."""

    function: Callable[[GrowingAssociation, Work], Result]
    text: str
    looks: Looks = Looks()


def _science_required(growing: GrowingAssociation, _work: Work) -> Result:
    if growing.holds(SCIENCE):
        return [growing]
    return Lack(f"{growing.rule.name} found no science for it", SCIENCE)


def _candidate_validity(growing: GrowingAssociation, _work: Work) -> Result:
    identifier, kind = growing.candidate
    if kind == OBSERVATION or (kind == BACKGROUND and growing.holds(BACKGROUND)):
        return [growing]
    reason = cannot_stand(growing.candidate)
    if reason is not None:
        return Lack(reason)
    return Lack(f"candidate {identifier} has no background for it", BACKGROUND)


STEPS = {
    "science_required": Step(_science_required, "without a science there is no association"),
    VALIDITY: Step(
        _candidate_validity,
        "the candidate has to be an observation, or a background candidate with a member that is "
        "a background",
    ),
}
