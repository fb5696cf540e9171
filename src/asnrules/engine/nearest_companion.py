"""Which exposure comes nearest to being the companion of another, and what keeps it from that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND, OBSERVATION, Pair, SubPool
from asnrules.engine.conditions import keys_of
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Locked
from asnrules.engine.member_log import GrowingMember
from asnrules.engine.mismatches import Mismatch, Mismatches
from asnrules.engine.procedure import NEW, Offers, State
from asnrules.engine.signatures import EXP_TYPE, SCIENCE
from asnrules.engine.steps.direct_images import DIRECT_IMAGE
from asnrules.rules.model import Ruleset
from asnrules.rules.words import instrument_of

SHOWN = 3
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

    @property
    def is_alike(self) -> bool:
        """Whether both are exposures of one kind, that differ in little."""
        keywords = {one.keyword for one in self.mismatches}
        return EXP_TYPE not in keywords and len(keywords) <= SHOWN

    def text(self) -> str:
        """Say it in plain words; `its` is of the exposure that is named."""
        found = [_sentence(one, is_science=self.is_science) for one in self.mismatches[:SHOWN]]
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
        self._offers: dict[int, Offers] = {}
        self._mismatches: dict[int, Mismatches] = {}
        self._alike: dict[tuple[int, Pair], list[int]] = {}
        self._columns: dict[int, list[list[int]]] = {}
        self._found: dict[tuple[object, ...], Sequence[Near]] = {}

    def told(self, number: int, candidate: Pair, place: int, lacked: str | None) -> str:
        """Say what came nearest to the exptype that an association of an exposure lacked.

        Nothing, if that is not known.
        """
        near = None
        if self._is_exhausted:
            return ""
        if lacked == SCIENCE:
            exptype = self.taken_as(number, place)
            if exptype is not None:
                near = self.science(number, candidate, place, exptype)
        elif lacked is not None:
            near = self.companion(number, candidate, place, lacked)
        return "" if near is None else f"; the nearest is {near.text()}"

    def companion(
        self, number: int, candidate: Pair, science: int, exptype: str, *, flagged: bool = False
    ) -> Near | None:
        """Find the exposure of a candidate that comes nearest to being a companion of an exptype.

        If `flagged`, only exposures count that are such companions by their class.
        """
        key = (number, candidate, self._signature(number, science), exptype, flagged)
        if key not in self._found and not self._is_exhausted:
            state, role, _ = self._offer(number, science)
            near: Iterable[Near] = ()
            if role is not None:
                others = self._others(number, candidate)
                near = list(self._near(number, others, science, exptype, dict(state.keys)))
            chosen = [one for one in near if self._is_meant(number, science, exptype, one, flagged)]
            self._found[key] = self._nearest(chosen)
        return self._other(key, science)

    def science(self, number: int, candidate: Pair, companion: int, exptype: str) -> Near | None:
        """Find the science of a candidate that an exposure is nearest to being a companion of."""
        key = (number, candidate, self._signature(number, companion), exptype)
        if key not in self._found and not self._is_exhausted:
            others = self._others(number, candidate)
            self._found[key] = self._nearest(list(self._of(number, others, companion, exptype)))
        return self._other(key, companion)

    def unlinked(self, number: int, place: int, exptype: str, *, is_science: bool) -> list[Near]:
        """Find exposures that fit together with one but for candidates, the next one first.

        For a science, companions of an exptype are looked for; for a companion, sciences. No
        candidate that counts has one of them together with the exposure.
        """
        linked = {place}
        for (_, kind), places in self._pools.items():
            if kind in {OBSERVATION, BACKGROUND} and place in places:
                linked.update(places)
        others = [other for other in range(len(self._work.rows)) if other not in linked]
        near: list[Near] = []
        if not is_science:
            near = list(self._of(number, others, place, exptype))
        elif (locked := self._locked_by_science(number, place)) is not None:
            counts_as = self._mismatches_of(number).counts_as
            found = self._near(number, others, place, exptype, locked)
            near = [one for one in found if counts_as(one.place, exptype)]
        fitting = [one for one in near if not one.mismatches]
        return sorted(fitting, key=lambda one: abs(one.place - place))

    def taken_as(self, number: int, place: int) -> str | None:
        """Say what an exposure is in an association that it creates; None if it creates none."""
        member = self._offer(number, place)[2]
        return None if member is None else member.exptype

    def _other(self, key: tuple[object, ...], place: int) -> Near | None:
        """Give the nearest that is not the exposure itself: alike ones share what is found."""
        found = next((one for one in self._found.get(key, ()) if one.place != place), None)
        return found if found is not None and found.mismatches else None

    def _near(
        self, number: int, places: Iterable[int], science: int, exptype: str, locked: Locked
    ) -> Iterator[Near]:
        """Hold exposures against what the association of a science has locked."""
        for place in places:
            if not self._may_go_on():
                return
            found = self._mismatches_of(number).of(place, exptype, locked)
            if found is not None and self._are_of_one_instrument(science, place):
                yield Near(place, self._name(place), is_science=False, mismatches=found)

    def _of(
        self, number: int, sciences: Iterable[int], companion: int, exptype: str
    ) -> Iterator[Near]:
        """Hold an exposure against the associations of sciences."""
        for place in sciences:
            if not self._may_go_on():
                return
            locked = self._locked_by_science(number, place)
            if locked is not None:
                found = self._mismatches_of(number).of(companion, exptype, locked)
                if found is not None and self._are_of_one_instrument(place, companion):
                    yield Near(place, self._name(place), is_science=True, mismatches=found)

    def _is_meant(self, number: int, science: int, exptype: str, near: Near, flagged: bool) -> bool:
        """Tell whether an exposure may have been meant as the companion of a science.

        That is so if it has the class of such companions, which direct images need not; or, of
        backgrounds, if it lacks the flag only, is taken by the rule, and is not of the observation
        of the science itself.
        """
        counts = self._mismatches_of(number).counts_as(near.place, exptype)
        if exptype != BACKGROUND:
            is_of_type = all(one.keyword != EXP_TYPE for one in near.mismatches)
            return is_of_type and (counts or exptype == DIRECT_IMAGE)
        if counts or flagged:
            return counts
        verdict = self._work.judgements[near.place].verdicts[number]
        return verdict.matched and not self._share_observation(science, near.place)

    def _are_of_one_instrument(self, one: int, other: int) -> bool:
        """Tell whether two EXP_TYPEs are of one instrument: INSTRUME may be what is wrong."""
        first, second = (self._work.value(place, EXP_TYPE) or "" for place in (one, other))
        return instrument_of(first.upper()) == instrument_of(second.upper())

    def _share_observation(self, one: int, other: int) -> bool:
        mine, others = (self._listed(place) for place in (one, other))
        # Where neither is of an observation, what they list tells them apart.
        observations = {pair for pair in mine & others if pair[1] == OBSERVATION}
        return bool(observations) or mine == others

    def _listed(self, place: int) -> frozenset[Pair]:
        text = self._work.value(place, "asn_candidate") or ""
        return frozenset((pair[0], pair[1]) for pair in self._candidates.get(text, ()))

    def _locked_by_science(self, number: int, place: int) -> Locked | None:
        """Give what the association of a science has locked; None if it is none."""
        if number not in self._work.judgements[place].takers:
            return None
        state, _, member = self._offer(number, place)
        return dict(state.keys) if member is not None and member.exptype == SCIENCE else None

    def _offer(self, number: int, place: int) -> tuple[State, object, GrowingMember | None]:
        offers = self._offers.get(number)
        if offers is None:
            offers = self._offers[number] = Offers(self._work, number)
        return offers.offer(NEW, place)

    def _mismatches_of(self, number: int) -> Mismatches:
        found = self._mismatches.get(number)
        if found is None:
            found = self._mismatches[number] = Mismatches(self._work, number)
        return found

    def _others(self, number: int, candidate: Pair) -> list[int]:
        """Give the exposures of a candidate, of alike ones the first two: one may be asked of."""
        found = self._alike.get((number, candidate))
        if found is None:
            seen: Counter[tuple[object, ...]] = Counter()
            found = self._alike[number, candidate] = []
            for place in self._pools.get(candidate, ()):
                signature = self._signature(number, place)
                seen[signature] += 1
                if seen[signature] <= _OF_ALIKE:
                    found.append(place)
        return found

    def _signature(self, number: int, place: int) -> tuple[object, ...]:
        """Give what alike exposures have in common: all that a comparison looks at."""
        columns = self._columns.get(number)
        if columns is None:
            keys = keys_of(self._work.ruleset.rules[number])
            sources = dict.fromkeys(chain(["asn_candidate"], *(key.sources for key in keys)))
            columns = [self._work.key_column((source,)).numbers for source in sources]
            self._columns[number] = columns
        return (id(self._work.judgements[place]), *[column[place] for column in columns])

    def _nearest(self, near: Sequence[Near]) -> Sequence[Near]:
        """Choose the nearest two; none where not all could be compared: another may be nearer."""
        if self._is_exhausted:
            return ()
        return sorted(near, key=lambda one: (self._distance(one), one.place))[:_OF_ALIKE]

    def _distance(self, near: Near) -> int:
        return sum(_UNLIKELY if one.keyword in self._unlikely else 1 for one in near.mismatches)

    @property
    def _is_exhausted(self) -> bool:
        return self._left is not None and self._left <= 0

    def _may_go_on(self) -> bool:
        if self._left is None:
            return True
        self._left -= 1
        return self._left > 0

    def _name(self, place: int) -> str:
        return self._work.value(place, "filename") or ""


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
