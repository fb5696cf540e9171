"""Make the associations of a rule for several candidates at once.

Releases before 1.14.0 take all candidates together. In most cases the result is the same as for
one candidate after the other. It is not where a role asks what was offered last, as exposures of
other candidates count; nor where several candidates are selected: an exposure is offered for all
of those that it lists at once, and makes an association for the first of them. Then it is offered
for others; for which, a setting says. Source: behaviour of releases of jwst, by running them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.batched_procedure import Batch, BatchedProcedure
from asnrules.engine.candidates import Pair, SubPool, cannot_stand, rules_across
from asnrules.engine.exposures import Work
from asnrules.engine.grouping import Grouping
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.procedure import State
from asnrules.rules.model import Role

EACH, FIRST_VALID = "each", "first_valid"

_NO_CANDIDATE = ("", "")


class _Offer(NamedTuple):
    """An exposure, with the candidates that it is offered for."""

    place: int
    candidates: tuple[Pair, ...]
    has_others: bool = False
    """Whether it lists others that are not wanted."""


class JointCandidates:
    """Makes associations of rules for the candidates of some pools at once."""

    def __init__(
        self,
        work: Work,
        pools: Sequence[SubPool],
        candidates: Mapping[str, Sequence[Pair]],
        *,
        selected: bool,
    ) -> None:
        self._work = work
        self._candidates = candidates
        self._selected = selected
        self.rules: AbstractSet[int] = rules_across(work)
        """The numbers of the rules for which the candidates are not independent."""
        if selected and len(pools) > 1 and work.ruleset.settings.generation_order == "by_rule":
            self.rules = set(range(len(work.ruleset.rules)))
        wanted = {pool.candidate for pool in pools}
        listed = {
            text: tuple(pair for pair in dict.fromkeys(pairs) if pair in wanted)
            for text, pairs in (candidates.items() if self.rules else ())
        }
        texts = work.column("asn_candidate") if self.rules else ()
        self._listed = [listed.get(text or "", ()) for text in texts]
        self._later: set[tuple[int, int, Pair]] = set()
        self._asked: dict[int, tuple[int, bool]] = {}

    def later(self, number: int, creator: int, candidate: Pair) -> int | None:
        """Give a rank of the rule if an association was made after all exposures were taken once.

        Then an exposure was taken once more for others of its candidates.
        """
        if (number, creator, candidate) not in self._later:
            return None
        return sorted(self._asked, key=lambda one: (self._asked[one], one)).index(number)

    def associations(self, number: int) -> list[GrowingAssociation]:
        """Make the associations of a rule, in the order in which they are created."""
        judgements = self._work.judgements
        places = [place for place, one in enumerate(judgements) if number in one.takers]
        each = [_Offer(place, (one,)) for place in places for one in self._listed[place]]
        first = each
        if self._selected:
            first = [
                _Offer(place, self._listed[place], self._has_others(place)) for place in places
            ]
        offers = [*first, *each] if self._selected else first
        seen: dict[tuple[int, tuple[Pair, ...]], int] = {}
        identities = [
            seen.setdefault((self._work.identities[one.place], one.candidates), at)
            for at, one in enumerate(offers)
        ]
        work = replace(
            self._work.part([one.place for one in offers]),
            identities=identities,
            has_repeated_names=len(seen) < len(offers),
        )
        made: list[GrowingAssociation] = []
        for group in Grouping(work, number).groups(range(len(offers))):
            procedure = _Procedure(work, number, offers, len(first))
            made += procedure.run(group.places, _NO_CANDIDATE)
            if procedure.asked is not None:
                self._asked[number] = min(procedure.asked, self._asked.get(number, procedure.asked))
        made.sort(key=lambda one: one.creator)
        later = (one for one in made if one.creator >= len(first))
        self._later.update((number, offers[one.creator].place, one.candidate) for one in later)
        return [_of_exposures(one, offers) for one in made]

    def _has_others(self, place: int) -> bool:
        pairs = self._candidates.get(self._work.value(place, "asn_candidate") or "", ())
        return len(set(pairs)) > len(self._listed[place])


def _of_exposures(grown: GrowingAssociation, offers: Sequence[_Offer]) -> GrowingAssociation:
    """Give an association of offers as one of exposures, each once in a role."""
    members: dict[tuple[int, str], Member] = {}
    for member in grown.members:
        if member.exposure is not None:
            place = offers[member.exposure].place
            members.setdefault((place, member.exptype), member._replace(exposure=place))
    creator = offers[grown.creator].place
    return GrowingAssociation(
        grown.rule, grown.candidate, creator, grown.keys, list(members.values())
    )


class _Procedure(BatchedProcedure):
    """The procedure for offers; from a number on, for those only that offers before ask for."""

    def __init__(
        self,
        work: Work,
        number: int,
        offers: Sequence[_Offer],
        later_from: int,
    ) -> None:
        super().__init__(work, number)
        self._offered = offers
        self._later_from = later_from
        self._mode = work.ruleset.settings.several_selected
        self.asked: tuple[int, bool] | None = None
        """The first exposure that is to be taken once more, and whether it made an association."""
        self._fresh: dict[Pair, State] = {}
        self._joined: set[Pair | None] = set()

    def _go_through(self, places: Sequence[int]) -> None:
        wanted: set[_Offer] = set()
        for at in places:
            offer = self._offered[at]
            if at >= self._later_from and offer not in wanted:
                continue
            self._joined.clear()
            created = self._created
            if not self._is_taken(at) and self._may_create(offer):
                self._create(at)
            others: Sequence[Pair] = ()
            if self._created > created:
                others = offer.candidates[1:]
            elif self._mode == EACH and self._joined:
                alone = self._joined if len(self._joined) == 1 else ()
                others = [one for one in offer.candidates if one not in alone]
            wanted.update(_Offer(offer.place, (one,)) for one in others)
            is_new = self._created > created
            # Even for a candidate that is not wanted it is taken once more, in vain.
            in_vain = self._mode == EACH and offer.has_others and (is_new or self._joined)
            if self.asked is None and (others or in_vain):
                self.asked = offer.place, is_new

    def _may_create(self, offer: _Offer) -> bool:
        if not offer.candidates:
            return False
        return self._mode != FIRST_VALID or cannot_stand(offer.candidates[0]) is None

    def _offer(self, state: State, place: int) -> tuple[State, Role | None, Member | None]:
        if state.candidate in self._offered[place].candidates:
            return super()._offer(state, place)
        return self.offers.pass_by(state, place), None, None

    def _new(self, place: int) -> State:
        candidate = self._offered[place].candidates[0]
        return self._fresh.setdefault(candidate, State(candidate=candidate))

    def _take(self, batch: Batch, member: Member, role: Role, place: int) -> None:
        self._joined.add(batch.state.candidate)
        super()._take(batch, member, role, place)
