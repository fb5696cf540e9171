"""The procedure of `asnrules.engine.procedure`, carried out one association after the other."""

from __future__ import annotations

from collections.abc import Sequence

from asnrules.associations.model import Member
from asnrules.engine.candidates import Pair
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.procedure import NEW, Offers


class _InProcedure:
    """An association in the procedure."""

    def __init__(self, creator: int) -> None:
        self.creator = creator
        self.state = NEW
        self.members: list[Member] = []
        self.identities: set[int] = set()


class Procedure:
    """Carries out the procedure for the rule of a number and a candidate."""

    def __init__(self, work: Work, number: int, candidate: Pair) -> None:
        self._work = work
        self._rule = work.ruleset.rules[number]
        self._candidate = candidate
        self._offers = Offers(work, number)
        self._growing: list[_InProcedure] = []
        self._again: dict[int, dict[int, None]] = {}

    def run(self, places: Sequence[int]) -> list[GrowingAssociation]:
        """Go through exposures, in canonical order; give the associations in order of creation."""
        for place in places:
            takings = [self._offer(one, place) for one in self._growing]
            if not any(takings):
                created = _InProcedure(place)
                self._offer(created, place)
                if created.members:
                    self._growing.append(created)
        for _, again in sorted(self._again.items()):
            for place in again:
                for one in self._growing:
                    self._offer(one, place)
        return [
            GrowingAssociation(
                self._rule, self._candidate, one.creator, one.state.keys, one.members
            )
            for one in self._growing
        ]

    def _offer(self, one: _InProcedure, place: int) -> bool:
        """Offer an exposure to an association; tell whether it counts as taken."""
        identity = self._work.identities[place]
        if identity in one.identities:
            return True
        one.state, role, member = self._offers.offer(one.state, place)
        if role is None or member is None:
            return False
        one.members.append(member)
        one.identities.add(identity)
        if role.offered_again:
            self._again.setdefault(role.offered_again, {})[place] = None
        return one.state.counts_as_taken
