"""Which companions an exposure lacks, or which science it is no companion of, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND, Pair, SubPool, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Fate
from asnrules.engine.mismatches import companion_exptypes
from asnrules.engine.nearest_companion import Companions, Near
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE


class MissingCompanion(NamedTuple):
    """An exposure that comes nearest to being a companion, or the science, of another."""

    asn_rule: str
    """The rule that would put them together."""
    exptype: str
    """What the companion would be written as."""
    candidate: Pair | None
    """The candidate that has both; None if none has."""
    near: Near
    """The exposure, and what keeps the companion out."""
    others: int = 0
    """How many more are as near."""

    def text(self) -> str:
        """Say it in one line."""
        companion = self.exptype.replace("_", " ")
        what = f"a science that it is no {companion} of" if self.near.is_science else companion
        if self.candidate is not None:
            return (
                f"{self.asn_rule} for candidate {self.candidate[0]}, {what}: the nearest is "
                f"{self.near.text()}"
            )
        kind = f"candidate of type {BACKGROUND}" if self.exptype == BACKGROUND else "candidate"
        more = f" (and {self.others} more)" if self.others else ""
        return f"{self.asn_rule}, {what}: {self.near.filename} fits{more}, but no {kind} has both"


class MissingCompanions:
    """Looks for what one exposure lacks, beside what its fates say."""

    def __init__(
        self,
        work: Work,
        pools: Sequence[SubPool],
        candidates: Mapping[str, Sequence[Pair]],
        place: int,
        fates: Sequence[Fate],
    ) -> None:
        self._candidates = [pool.candidate for pool in pools if place in pool.places]
        self._place = place
        self._fates = fates
        self._class = work.judgements[place].exposure_class
        self._companions = Companions(work, pools, candidates)
        self._rules = list(enumerate(work.ruleset.rules))
        self._numbers = {rule.name: number for number, rule in self._rules}

    def told(self, fate: Fate) -> Fate:
        """Say in its reason what came nearest to what an association lacked."""
        if fate.lacked is None:
            return fate
        number = self._numbers[fate.rule.name]
        near = self._companions.told(number, fate.candidate, self._place, fate.lacked)
        return fate._replace(reason=f"{fate.reason}{near}")

    def run(self) -> list[MissingCompanion]:
        """Give what it lacks; what its fates say already is left out."""
        told = {(fate.rule.name, fate.candidate) for fate in self._fates if fate.lacked is not None}
        sciences = list(self._of_companion())
        least = min((len(one.near.mismatches) for one in sciences), default=0)
        return [
            one
            for one in (
                *self._of_science(),
                *(one for one in sciences if len(one.near.mismatches) == least),
            )
            if one.near.is_alike and (one.asn_rule, one.candidate) not in told
        ]

    def _of_science(self) -> Iterator[MissingCompanion]:
        """Look for the companions that the associations lack that it is the science of."""
        for number, rule in self._rules:
            own = [
                fate
                for fate in self._fates
                if fate.rule.name == rule.name
                and fate.member is not None
                and fate.member.exptype == SCIENCE
            ]
            held = {
                member.exptype
                for fate in own
                if fate.association is not None
                for product in fate.association.products
                for member in product.members
            }
            for exptype in companion_exptypes(rule) if own else ():
                if exptype not in held:
                    candidates = dict.fromkeys(fate.candidate for fate in own)
                    yield from self._nearest(number, exptype, candidates, is_science=True)

    def _of_companion(self) -> Iterator[MissingCompanion]:
        """Look for the sciences that it might be a companion of, if it is a companion of none."""
        helped = {
            fate.member.exptype
            for fate in self._fates
            if fate.member is not None and fate.lacked is None
        }
        for number, rule in self._rules:
            for exptype in companion_exptypes(rule):
                if exptype not in helped and self._is_companion(number, exptype):
                    candidates = [one for one in self._candidates if refusal(rule, one) is None]
                    yield from self._nearest(number, exptype, candidates, is_science=False)

    def _is_companion(self, number: int, exptype: str) -> bool:
        """Tell whether it is of the class of such companions."""
        if exptype == DIRECT_IMAGE:
            return self._companions.of_rule(number).taken_as(self._place) == exptype
        return self._class == exptype

    def _nearest(
        self, number: int, exptype: str, candidates: Iterable[Pair], *, is_science: bool
    ) -> Iterator[MissingCompanion]:
        """Find the nearest of each candidate; where there is none, what shares no candidate."""
        rule = self._rules[number][1]
        is_found = False
        for candidate in candidates:
            near = self._companions.nearest(
                number, candidate, self._place, exptype, is_science=is_science, flagged=True
            )
            if near is not None:
                is_found = True
                yield MissingCompanion(rule.name, exptype, candidate, near)
        # Hardly anything is meant for special candidates.
        if not is_found and not rule.candidate_requirements:
            found = self._companions.unlinked(number, self._place, exptype, is_science=is_science)
            if found:
                yield MissingCompanion(rule.name, exptype, None, found[0], len(found) - 1)
