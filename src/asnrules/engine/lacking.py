"""Which companions an exposure lacks, or which science it is no companion of, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND, Pair, SubPool, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Fate
from asnrules.engine.nearest_companion import Companions, Near
from asnrules.engine.obstacles import companion_exptypes
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE


class Lacking(NamedTuple):
    """An exposure that comes nearest to being a companion, or the science, of another.

    Attributes
    ----------
    asn_rule : str
        The rule that would put them together.
    exptype : str
        What the companion would be written as.
    candidate : tuple of (str, str) or None
        The candidate that has both; None if none has.
    near : Near
        The exposure, and what keeps the companion out.
    others : int
        How many more are as near.
    """

    asn_rule: str
    exptype: str
    candidate: Pair | None
    near: Near
    others: int = 0

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


class Search:
    """Looks for what one exposure lacks.

    Parameters
    ----------
    work : Work
        The judged exposures.
    pools : sequence of SubPool
        The candidates with their exposures.
    candidates : mapping of str to sequence of Pair
        See `Companions`.
    place : int
        The exposure.
    fates : sequence of Fate
        What became of it.
    """

    def __init__(
        self,
        work: Work,
        pools: Sequence[SubPool],
        candidates: Mapping[str, Sequence[Pair]],
        place: int,
        fates: Sequence[Fate],
    ) -> None:
        self._work = work
        self._pools = pools
        self._place = place
        self._fates = fates
        self._companions = Companions(work, pools, candidates)
        self._numbers = {rule.name: number for number, rule in enumerate(work.ruleset.rules)}

    def told(self, fate: Fate) -> Fate:
        """Say in its reason what came nearest to what an association lacked."""
        if fate.lacked is None:
            return fate
        number = self._numbers[fate.rule.name]
        near = self._companions.told(number, fate.candidate, self._place, fate.lacked)
        return fate._replace(reason=f"{fate.reason}{near}")

    def run(self) -> list[Lacking]:
        """Give what it lacks; what its fates say already is left out."""
        told = {(fate.rule.name, fate.candidate) for fate in self._fates if fate.lacked is not None}
        return [
            one
            for one in (*self._of_science(), *_nearest(list(self._of_companion())))
            if one.near.is_alike and (one.asn_rule, one.candidate) not in told
        ]

    def _of_science(self) -> Iterator[Lacking]:
        """Look for the companions that the associations lack that it is the science of."""
        for number, rule in enumerate(self._work.ruleset.rules):
            own = [
                fate
                for fate in self._fates
                if fate.rule.name == rule.name
                and fate.member is not None
                and fate.member.exptype == SCIENCE
            ]
            if not own:
                continue
            held = {
                member.exptype
                for fate in own
                if fate.association is not None
                for product in fate.association.products
                for member in product.members
            }
            for exptype in companion_exptypes(rule):
                if exptype not in held:
                    yield from self._companion(number, exptype, own)

    def _companion(self, number: int, exptype: str, own: Sequence[Fate]) -> Iterator[Lacking]:
        name = self._work.ruleset.rules[number].name
        is_found = False
        for candidate in dict.fromkeys(fate.candidate for fate in own):
            near = self._companions.companion(number, candidate, self._place, exptype, flagged=True)
            if near is not None:
                is_found = True
                yield Lacking(name, exptype, candidate, near)
        if not is_found:
            yield from self._unlinked(number, exptype, is_science=True)

    def _of_companion(self) -> Iterator[Lacking]:
        """Look for the sciences that it might be a companion of, if it is a companion of none."""
        helped = {
            fate.member.exptype
            for fate in self._fates
            if fate.member is not None and fate.lacked is None
        }
        for number, rule in enumerate(self._work.ruleset.rules):
            for exptype in companion_exptypes(rule):
                if exptype in helped or not self._is_companion(number, exptype):
                    continue
                found = [
                    Lacking(rule.name, exptype, pool.candidate, near)
                    for pool in self._pools
                    if self._place in pool.places
                    and refusal(rule, pool.candidate) is None
                    and (near := self._science(number, pool.candidate, exptype)) is not None
                ]
                yield from found or self._unlinked(number, exptype, is_science=False)

    def _science(self, number: int, candidate: Pair, exptype: str) -> Near | None:
        return self._companions.science(number, candidate, self._place, exptype)

    def _is_companion(self, number: int, exptype: str) -> bool:
        """Tell whether it is of the class of such companions."""
        name = self._work.judgements[self._place].exposure_class
        if exptype == DIRECT_IMAGE:
            return self._companions.taken_as(number, self._place) == exptype
        return name == exptype

    def _unlinked(self, number: int, exptype: str, *, is_science: bool) -> Iterator[Lacking]:
        if self._work.ruleset.rules[number].candidate_requirements:
            return  # It is for special candidates, and hardly anything is meant for these.
        found = self._companions.unlinked(number, self._place, exptype, is_science=is_science)
        if found:
            name = self._work.ruleset.rules[number].name
            yield Lacking(name, exptype, None, found[0], len(found) - 1)


def _nearest(found: Sequence[Lacking]) -> list[Lacking]:
    least = min((len(one.near.obstacles) for one in found), default=0)
    return [one for one in found if len(one.near.obstacles) == least]
