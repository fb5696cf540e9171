"""Which companions an exposure lacks, or which science: the nearest, and what keeps it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND, OBSERVATION, Pair, SubPool, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Fate
from asnrules.engine.mismatches import Mismatch, Mismatches
from asnrules.engine.pairing import Pairing, unlinked
from asnrules.engine.signatures import EXP_TYPE, SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE
from asnrules.rules.model import Ruleset
from asnrules.rules.words import instrument_of
from asnrules.util.results import shown_briefly

_SHOWN = 3
"""Mismatches that a sentence names."""

_OF_ALIKE = 2

_UNLIKELY = 10
"""By how many others another EXP_TYPE counts, or another value of what all associations share (as
is the program): hardly anything is meant for these."""


class Near(NamedTuple):
    """An exposure that comes near to an association with another."""

    place: int
    filename: str
    is_science: bool
    """Whether it is the science; else it is the companion."""
    mismatches: tuple[Mismatch, ...]
    """What keeps the companion out."""

    def text(self) -> str:
        """Say it in plain words; `its` is of the exposure that is named."""
        found = [_sentence(one, is_science=self.is_science) for one in self.mismatches[:_SHOWN]]
        more = len(self.mismatches) - len(found)
        if more:
            found.append(f"and {more} more")
        return f"{self.filename}: {'; '.join(found)}"


class Companions:
    """Looks for the nearest companions and sciences among exposures, alike ones once.

    Rules are given by their numbers, exposures by their places. After the comparisons that may be
    made at `most`, nothing is found any more.
    """

    def __init__(
        self,
        work: Work,
        pools: Sequence[SubPool],
        candidates: Mapping[str, Sequence[Pair]],
        most: int | None = None,
    ) -> None:
        self._work = work
        self._candidates = candidates
        self._pools = {pool.candidate: pool.places for pool in pools}
        self._left = most
        self._unlikely = {EXP_TYPE, *_shared_by_all(work.ruleset)}
        self._mismatches: dict[int, Mismatches] = {}
        self._alike: dict[tuple[int, Pair], list[int]] = {}
        self._found: dict[tuple[object, ...], Sequence[Near]] = {}

    def told(self, number: int, candidate: Pair, place: int, lacked: str | None) -> str:
        """Say what came nearest to the exptype that an association of an exposure lacked.

        Nothing, if that is not known.
        """
        is_science = lacked != SCIENCE
        exptype = lacked if is_science else self.of_rule(number).taken_as(place)
        if exptype is None or self._is_exhausted:
            return ""
        near = self.nearest(number, candidate, place, exptype, is_science=is_science)
        return "" if near is None else f"; the nearest is {near.text()}"

    def nearest(
        self,
        number: int,
        candidate: Pair,
        place: int,
        exptype: str,
        *,
        is_science: bool,
        flagged: bool = False,
    ) -> Near | None:
        """Find the exposure of a candidate that is nearest to being with another.

        For a science, a companion of an exptype is looked for; for a companion, its science. If
        `flagged`, only exposures count that are such companions by their class.
        """
        rule = self.of_rule(number)
        key = (number, candidate, rule.signature(place), exptype, is_science, flagged)
        if key not in self._found and not self._is_exhausted:
            others = self._others(number, candidate)
            near = [
                one
                for one in self._compared(rule, others, place, exptype, is_science=is_science)
                if not is_science or self._is_meant(number, place, exptype, one, flagged)
            ]
            near.sort(key=lambda one: (self._distance(one), one.place))
            # Where not all could be compared another may be nearer.
            self._found[key] = () if self._is_exhausted else near[:_OF_ALIKE]
        # Alike exposures share what is found, and none is nearest to itself.
        found = next((one for one in self._found.get(key, ()) if one.place != place), None)
        return found if found is not None and found.mismatches else None

    def unlinked(
        self, number: int, place: int, exptype: str, *, is_science: bool, nearly: bool = False
    ) -> list[Near]:
        """Find exposures that fit together with one but for candidates, the next one first.

        For a science, companions of an exptype are looked for; for a companion, sciences. No
        candidate that counts has one of them together with the exposure. If `nearly`, and none
        fits, those count that come nearest.
        """
        linked = {place}
        for (_, kind), places in self._pools.items():
            if kind in {OBSERVATION, BACKGROUND} and place in places:
                linked.update(places)
        others = [other for other in range(len(self._work.rows)) if other not in linked]
        rule = self.of_rule(number)
        found = [
            one
            for one in self._compared(rule, others, place, exptype, is_science=is_science)
            if not is_science or rule.counts_as(one.place, exptype)
        ]
        least = min(map(self._distance, found), default=0) if nearly else 0
        nearest = [one for one in found if self._distance(one) == least]
        return sorted(nearest, key=lambda one: abs(one.place - place))

    def of_rule(self, number: int) -> Mismatches:
        """Give what compares exposures by the rule of a number."""
        if number not in self._mismatches:
            self._mismatches[number] = Mismatches(self._work, number)
        return self._mismatches[number]

    def _compared(
        self, rule: Mismatches, others: Iterable[int], place: int, exptype: str, *, is_science: bool
    ) -> Iterator[Near]:
        """Hold companions against the association of a science, or a companion against those."""
        for other in others:
            if self._left is not None:
                self._left -= 1
            if self._is_exhausted:
                return
            science, companion = (place, other) if is_science else (other, place)
            locked = rule.locked_by(science)
            if locked is not None and self._instrument(science) == self._instrument(companion):
                found = rule.of(companion, exptype, locked)
                if found is not None:
                    filename = self._work.value(other, "filename") or ""
                    yield Near(other, filename, not is_science, found)

    def _is_meant(self, number: int, science: int, exptype: str, near: Near, flagged: bool) -> bool:
        """Tell whether an exposure may have been meant as the companion of a science.

        That is so if it has the class of such companions, which direct images need not; or, of
        backgrounds, if it lacks the flag only, is taken by the rule, and is not of the observation
        of the science itself.
        """
        counts = self.of_rule(number).counts_as(near.place, exptype)
        if exptype != BACKGROUND:
            is_of_type = all(one.keyword != EXP_TYPE for one in near.mismatches)
            return is_of_type and (counts or exptype == DIRECT_IMAGE)
        if counts or flagged:
            return counts
        verdict = self._work.judgements[near.place].verdicts[number]
        return verdict.matched and not self._share_observation(science, near.place)

    def _instrument(self, place: int) -> str | None:
        """Give the instrument that its EXP_TYPE is of: INSTRUME may be what is wrong."""
        return instrument_of((self._work.value(place, EXP_TYPE) or "").upper())

    def _share_observation(self, one: int, other: int) -> bool:
        texts = [self._work.value(place, "asn_candidate") or "" for place in (one, other)]
        mine, others = (set(self._candidates.get(text, ())) for text in texts)
        # Where neither is of an observation, what they list tells them apart.
        return mine == others or any(kind == OBSERVATION for _, kind in mine & others)

    def _others(self, number: int, candidate: Pair) -> list[int]:
        """Give the exposures of a candidate, of alike ones the first two: one may be asked of."""
        found = self._alike.get((number, candidate))
        if found is None:
            seen: Counter[tuple[Hashable, ...]] = Counter()
            found = self._alike[number, candidate] = []
            for place in self._pools.get(candidate, ()):
                signature = self.of_rule(number).signature(place)
                seen[signature] += 1
                if seen[signature] <= _OF_ALIKE:
                    found.append(place)
        return found

    def _distance(self, near: Near) -> int:
        return sum(_UNLIKELY if one.keyword in self._unlikely else 1 for one in near.mismatches)

    @property
    def _is_exhausted(self) -> bool:
        return self._left is not None and self._left <= 0


@shown_briefly
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
        apart = unlinked(self.exptype)
        if self.near.mismatches:
            return f"{self.asn_rule}, {what}: the nearest is {self.near.text()}; and {apart}"
        more = f" (and {self.others} more)" if self.others else ""
        return f"{self.asn_rule}, {what}: {self.near.filename} fits{more}, but {apart}"


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
        self._pairing = Pairing(work, candidates)
        self._rules = list(enumerate(work.ruleset.rules))
        self._numbers = {rule.name: number for number, rule in self._rules}

    def told(self, fate: Fate) -> Fate:
        """Say in its reason what came nearest to what an association lacked."""
        if fate.lacked is None:
            return fate
        number = self._numbers[fate.rule.name]
        near = self._companions.told(number, fate.candidate, self._place, fate.lacked)
        if not near and fate.member is not None and fate.member.exptype == SCIENCE:
            none = self._pairing.takes_none(self._place, fate.lacked, fate.rule.name)
            near = "" if none is None or fate.rule.as_science else f": {none.text()}"
        return fate._replace(reason=f"{fate.reason}{near}")

    def run(self) -> list[MissingCompanion]:
        """Give what it lacks; what its fates say already is left out."""
        told = {(fate.rule.name, fate.candidate) for fate in self._fates if fate.lacked is not None}
        sciences = list(self._of_companion())
        least = min((len(one.near.mismatches) for one in sciences), default=0)
        nearest = [one for one in sciences if len(one.near.mismatches) == least]
        return [
            one
            for one in (*self._of_science(), *nearest)
            if (one.asn_rule, one.candidate) not in told and _are_alike(one.near.mismatches)
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
            for exptype in self._companions.of_rule(number).exptypes() if own else ():
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
            for exptype in self._companions.of_rule(number).exptypes():
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
            nearly = is_science and any(
                fate.lacked == exptype and fate.rule.name == rule.name for fate in self._fates
            )
            found = self._companions.unlinked(
                number, self._place, exptype, is_science=is_science, nearly=nearly
            )
            if found:
                yield MissingCompanion(rule.name, exptype, None, found[0], len(found) - 1)


def _are_alike(mismatches: Sequence[Mismatch]) -> bool:
    """Tell whether exposures that differ so are of one kind, and differ in little."""
    keywords = {one.keyword for one in mismatches}
    return EXP_TYPE not in keywords and len(keywords) <= _SHOWN


def _shared_by_all(ruleset: Ruleset) -> set[str]:
    """Give the keywords that associations of any rule share, but for special candidates."""
    shared = [
        {key.sources[0] for key in rule.keys if key.required}
        for rule in ruleset.rules
        if not rule.candidate_requirements
    ]
    return set.intersection(*shared) if shared else set()


def _sentence(one: Mismatch, *, is_science: bool) -> str:
    keyword = one.keyword.upper()
    found = "not given" if one.found in {None, "", "null"} else one.found
    if one.science is not None:
        wanted = "" if one.wanted is None else f", wanted {one.wanted}"
        there, here = (one.science, found) if is_science else (found, one.science)
        return f"its {keyword} is {there}, here {here}{wanted}"
    if is_science:
        return f"{keyword} is {found} here, wanted: {one.wanted}"
    return f"its {keyword} is {found}, wanted: {one.wanted}"
