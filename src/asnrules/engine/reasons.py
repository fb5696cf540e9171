"""Say why an exposure that rules would take is in no association."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice

from asnrules.associations.model import Association
from asnrules.engine.anchors import LONE_CANDIDATE, anchored
from asnrules.engine.associator import OF_COMPANION, OF_NO_CANDIDATE, OF_SCIENCE, Refused
from asnrules.engine.candidates import Pair, SubPool, refusal
from asnrules.engine.conditions import keywords_in, requirements_of
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, lock_keys
from asnrules.engine.nearest_companion import Companions
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import CLASS, Judgement, RoleVerdict, is_written_as_science
from asnrules.engine.steps.direct_images import DIRECT_IMAGE, products_of
from asnrules.rules.model import Requirement, Rule
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
        self._ranking = RuleRanking(work.ruleset)
        most = _MOST_COMPARED if explained else 0
        self._companions = Companions(work, pools, candidates, most)
        self._suiting: dict[int, bool] = {}
        asked = chain.from_iterable(map(requirements_of, work.ruleset.rules))
        on_class = (use for use in asked if not use.negated and _is_of_class(use))
        self._of_science = tuple(islice(on_class, 1))

    def of(
        self,
        memberships: Sequence[int],
        refused: Iterable[Refused],
        associations: Sequence[Association],
    ) -> dict[int, str]:
        """Give the reason of each exposure that rules would take, and that is in no association."""
        dropped: dict[int, Refused] = {}
        for one in sorted(refused, key=lambda one: one.rank):
            for place in one.places:
                if memberships[place] or place in dropped:
                    continue
                if one.rank != OF_NO_CANDIDATE or self._suits_an_observation(place):
                    dropped[place] = one
        left = [
            place
            for place, count in enumerate(memberships)
            if count == 0 and self._work.judgements[place].takers
        ]
        reasons = self._used_directs(associations, left)
        made_for = {place for pool in self._pools for place in pool.places}
        twice = self._listed_again(memberships) if self._work.has_repeated_names else set()
        for place in left:
            if place in twice:
                reasons[place] = "the pool lists it more than once; another row of it is used"
            elif place in reasons:
                continue
            elif not self._candidates.get(self._work.value(place, "asn_candidate") or ""):
                reasons[place] = "it belongs to no candidate"
            elif place in dropped:
                reasons[place] = self._dropped(place, dropped[place])
            elif place not in made_for:
                reasons[place] = "its candidates were not selected"
            elif anchored(self._work, place):
                reasons[place] = "associations of other candidates stand for its own"
            else:
                reasons[place] = self._truer(place, "no association takes it", OF_COMPANION)
        return reasons

    def _suits_an_observation(self, place: int) -> bool:
        """Tell whether an exposure would be the science of an association of an observation."""
        judgement = self._work.judgements[place]
        if id(judgement) not in self._suiting:
            self._suiting[id(judgement)] = any(
                refusal(rule, LONE_CANDIDATE) is None for rule in anchored(self._work, place)
            )
        return self._suiting[id(judgement)]

    def _dropped(self, place: int, refused: Refused) -> str:
        """Say why the association that says most of an exposure did not come about."""
        rank, _, lack, number, candidate = refused
        reason = f"{lack.text}{self._companions.told(number, candidate, place, lack.exptype)}"
        # What a candidate is for, it lacks by any other rule as well.
        if rank == OF_SCIENCE and lack.exptype == candidate[1]:
            return reason
        return self._truer(place, reason, rank)

    def _truer(self, place: int, reason: str, rank: int) -> str:
        """Say why an exposure is in no association, and why a rule made none of it.

        Where it would have been a companion there, or the rule is for other candidates, the rule
        that it comes nearest to says more; unless that asks for what is not set.
        """
        if rank == OF_NO_CANDIDATE:
            return reason
        judgement = self._work.judgements[place]
        nearest = self._ranking.nearest(judgement)
        if rank == OF_SCIENCE:
            return reason if nearest is None else f"{reason}; of the other rules, {nearest}"
        counted = self._ranking.class_words(judgement)
        as_it_counts = "" if counted is None else f"it counts as {counted}; "
        nearest = nearest or self._as_science(judgement)
        if nearest is None:
            return f"{as_it_counts}{reason}"
        return f"{as_it_counts}no rule makes an association of it; {nearest}"

    def _as_science(self, judgement: Judgement) -> str | None:
        """Say what keeps an exposure from being the science that direct images are made for.

        Hardly anything else than a direct image is meant as a companion there. None if no such rule
        takes it, or if it is one.
        """
        ruleset = self._work.ruleset
        if is_written_as_science(ruleset, judgement.exposure_class):
            return None
        for number in judgement.takers:
            verdict = judgement.verdicts[number]
            if all(role.science_as != DIRECT_IMAGE for role in verdict.rule.roles):
                continue
            roles = [
                RoleVerdict(role, self._of_science)
                for role, unmet in verdict.roles
                if role.single and set(self._of_science).issuperset(unmet)
            ]
            if roles and self._of_science:
                miss = self._ranking.miss(verdict._replace(roles=tuple(roles)), judgement.values)
                return f"nearest is {miss.rule.name}: {miss.sentence()}"
        return None

    def _listed_again(self, memberships: Sequence[int]) -> set[int]:
        """Give unassociated exposures of which another row is in an association."""
        names = self._work.column("filename")
        used = {name for name, count in zip(names, memberships, strict=True) if count}
        return {
            place for place, name in enumerate(names) if not memberships[place] and name in used
        }

    # ------------------------------------------------------------------ direct images

    def _used_directs(
        self, associations: Sequence[Association], places: Iterable[int]
    ) -> dict[int, str]:
        """Say of direct images, members of nothing, how their products are used."""
        asked = {place: rules for place in places if (rules := self._directs(place))}
        if not asked:
            return {}
        holders: dict[str, list[str]] = {}
        for association in associations:
            for product in association.products:
                for member in product.members:
                    if member.exposure is None:
                        holders.setdefault(member.expname, []).append(association.asn_name)
        ids = {association.asn_id for association in associations}
        found: dict[int, str] = {}
        for pool in self._pools:
            if pool.candidate[0] in ids:
                for place in asked.keys() & set(pool.places) - found.keys():
                    for made in self._products(asked[place], pool.candidate, place):
                        if made[0] in holders:
                            found[place] = _used_text(made, holders[made[0]])
                            break
        return found

    def _directs(self, place: int) -> list[Rule]:
        """Give the rules that take an exposure as a direct image."""
        ruleset, judgement = self._work.ruleset, self._work.judgements[place]
        if not is_written_as_science(ruleset, judgement.exposure_class):
            return []
        return [
            ruleset.rules[number]
            for number in judgement.takers
            if any(role.science_as == DIRECT_IMAGE for role in judgement.verdicts[number].fitting)
        ]

    def _products(
        self, rules: Sequence[Rule], candidate: Pair, place: int
    ) -> Iterator[Sequence[str]]:
        """Give what would be made of a direct image for associations of a candidate."""
        for rule in rules:
            grown = GrowingAssociation(rule, candidate, place)
            if lock_keys(self._work, rule.keys, place, grown.keys):
                for step in rule.steps:
                    if isinstance(step, DirectImageProducts):
                        yield products_of(grown, self._work, step, place)


def _is_of_class(use: Requirement) -> bool:
    """Tell whether a requirement asks for a class, and for nothing else."""
    return set(keywords_in(use.condition)) == {CLASS}


def _used_text(made: Sequence[str], names: Sequence[str]) -> str:
    others = len(set(names)) - 1
    more = f" and {others} more" if others else ""
    *first, last = made
    return (
        f"it is used as a direct image: {', '.join(first)} and {last}, made of it, are members of "
        f"{names[0]}{more}"
    )
