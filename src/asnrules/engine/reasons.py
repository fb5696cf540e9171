"""Say why an exposure that rules would take is in no association."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from asnrules.associations.model import Association
from asnrules.engine.anchors import LONE_CANDIDATE, anchored
from asnrules.engine.associator import OF_COMPANION, OF_NO_CANDIDATE, OF_SCIENCE, Refused
from asnrules.engine.candidates import Pair, SubPool, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Locked, lock_keys
from asnrules.engine.nearest_companion import Companions
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import Judgement, is_written_as_science
from asnrules.engine.steps.direct_images import DIRECT_IMAGE, products_of
from asnrules.rules.model import Rule
from asnrules.rules.steps import DirectImageProducts

_MOST_COMPARED = 50_000
"""Comparisons that the reasons of a run may take: some two seconds."""


class Reasons:
    """Finds the reasons of a run; if `explained`, they name the exposures that come nearest."""

    def __init__(
        self,
        work: Work,
        pools: Sequence[SubPool],
        candidates: Mapping[str, Sequence[Pair]],
        *,
        explained: bool,
    ) -> None:
        self._work = work
        self._pools = pools
        self._candidates = candidates
        most = _MOST_COMPARED if explained else 0
        self._companions = Companions(work, pools, candidates, most)
        self._anchored: dict[Judgement, list[Rule]] = {}

    @cached_property
    def _ranking(self) -> RuleRanking:
        # Made when a reason asks for it, as it takes longer than a run of few exposures.
        return RuleRanking(self._work.ruleset)

    def of(
        self,
        memberships: Sequence[int],
        refused: Iterable[Refused],
        associations: Sequence[Association],
    ) -> dict[int, str]:
        """Give the reason of each exposure that rules would take, and that is in no association."""
        left = {
            place: judgement
            for place, judgement in enumerate(self._work.judgements)
            if judgement.takers and not memberships[place]
        }
        dropped = self._dropped(refused, left)
        used = self._used_directs(associations, left)
        made_for = {place for pool in self._pools for place in pool.places}
        twice = self._listed_again(memberships) if self._work.has_repeated_names else set()
        reasons: dict[int, str] = {}
        for place, judgement in left.items():
            if place in twice:
                reason = "the pool lists it more than once; another row of it is used"
            elif place in used:
                nearest = None if self._anchors(place) else self._ranking.nearest(judgement)
                reason = used[place] if nearest is None else f"{used[place]}; {_none_of(nearest)}"
            elif not self._candidates.get(self._work.value(place, "asn_candidate") or ""):
                reason = "it belongs to no candidate"
            elif place in dropped:
                reason = self._of_dropped(place, dropped[place])
            elif place not in made_for:
                reason = "its candidates were not selected"
            elif self._anchors(place):
                reason = "associations of other candidates stand for its own"
            else:
                reason = self._truer(judgement, "no association takes it", OF_COMPANION)
            reasons[place] = reason
        return reasons

    def _dropped(
        self, refused: Iterable[Refused], left: Mapping[int, Judgement]
    ) -> dict[int, Refused]:
        """Give of each exposure the association that says most of it and did not come about."""
        dropped: dict[int, Refused] = {}
        for one in sorted(refused, key=lambda one: one.rank):
            for place in one.places:
                if place not in left or place in dropped:
                    continue
                # That a candidate is none matters where the exposure would do for another.
                rules = self._anchors(place) if one.rank == OF_NO_CANDIDATE else []
                if one.rank != OF_NO_CANDIDATE or any(
                    refusal(rule, LONE_CANDIDATE) is None for rule in rules
                ):
                    dropped[place] = one
        return dropped

    def _anchors(self, place: int) -> list[Rule]:
        judgement = self._work.judgements[place]
        if judgement not in self._anchored:
            self._anchored[judgement] = anchored(self._work, place)
        return self._anchored[judgement]

    def _of_dropped(self, place: int, refused: Refused) -> str:
        """Say why the association that says most of an exposure did not come about."""
        rank, _, lack, number, candidate = refused
        reason = f"{lack.text}{self._companions.told(number, candidate, place, lack.exptype)}"
        # What a candidate is for, it lacks by any other rule as well.
        if rank == OF_NO_CANDIDATE or (rank == OF_SCIENCE and lack.exptype == candidate[1]):
            return reason
        return self._truer(self._work.judgements[place], reason, rank)

    def _truer(self, judgement: Judgement, reason: str, rank: int) -> str:
        """Say why an exposure is in no association, and why a rule made none of it.

        Where it would have been a companion there, or the rule is for other candidates, the rule
        that it comes nearest to says more; unless that asks for what is not set.
        """
        nearest = self._ranking.nearest(judgement)
        if rank == OF_SCIENCE:
            return reason if nearest is None else f"{reason}; of the other rules, {nearest}"
        counted = self._ranking.class_words(judgement)
        as_it_counts = "" if counted is None else f"it counts as {counted}; "
        return f"{as_it_counts}{reason if nearest is None else _none_of(nearest)}"

    def _listed_again(self, memberships: Sequence[int]) -> set[int]:
        """Give unassociated exposures of which another row is in an association."""
        names = self._work.column("filename")
        used = {name for name, count in zip(names, memberships, strict=True) if count}
        return {
            place for place, name in enumerate(names) if not memberships[place] and name in used
        }

    # ------------------------------------------------------------------ direct images

    def _used_directs(
        self, associations: Sequence[Association], left: Mapping[int, Judgement]
    ) -> dict[int, str]:
        """Say of direct images, members of nothing, how their products are used."""
        asked = {place: rules for place, one in left.items() if (rules := self._directs(one))}
        holders: dict[str, list[str]] = {}
        for association in associations if asked else ():
            for product in association.products:
                for member in product.members:
                    if member.exposure is None:
                        holders.setdefault(member.expname, []).append(association.asn_name)
        found: dict[int, str] = {}
        for pool in self._pools if holders else ():
            for place in asked.keys() & set(pool.places) - found.keys():
                text = self._used_text(asked[place], pool.candidate, place, holders)
                if text is not None:
                    found[place] = text
        return found

    def _directs(self, judgement: Judgement) -> list[Rule]:
        """Give the rules that take an exposure as a direct image."""
        if not is_written_as_science(self._work.ruleset, judgement.exposure_class):
            return []
        verdicts = [judgement.verdicts[number] for number in judgement.takers]
        return [
            verdict.rule
            for verdict in verdicts
            if any(role.science_as == DIRECT_IMAGE for role in verdict.fitting)
        ]

    def _used_text(
        self,
        rules: Sequence[Rule],
        candidate: Pair,
        place: int,
        holders: Mapping[str, Sequence[str]],
    ) -> str | None:
        """Say which associations of a candidate hold what is made of a direct image, if any do."""
        for rule in rules:
            locked: Locked = {}
            if not lock_keys(self._work, rule.keys, place, locked):
                continue
            grown = GrowingAssociation(rule, candidate, place, tuple(locked.items()))
            for step in rule.steps:
                if isinstance(step, DirectImageProducts):
                    *first, last = products_of(grown, self._work, step, place)
                    names = holders.get(first[0])
                    if names:
                        others = len(set(names)) - 1
                        more = f" and {others} more" if others else ""
                        return (
                            f"it is used as a direct image: {', '.join(first)} and {last}, made of "
                            f"it, are members of {names[0]}{more}"
                        )
        return None


def _none_of(nearest: str) -> str:
    return f"no rule makes an association of it; {nearest}"
