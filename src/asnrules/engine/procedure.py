"""The procedure that gives rules their meaning, for one rule and one group of exposures.

Each exposure in turn is offered to every association that exists, in order of creation; if
none took it, the rule tries to create one from it. After the last exposure, those that were
taken in a role that asks for it are offered once more, and make no new ones. (Established by
running jwst 3.0.0 on pools sorted by file name.)

Here is what an association makes of an exposure that it is offered;
`asnrules.engine.batched_procedure` carries the procedure out.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Any, NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.candidates import Pair
from asnrules.engine.conditions import Row, key_sources
from asnrules.engine.exposures import Members, Work
from asnrules.engine.growing import Keys, is_rateints, lock_keys, written_exptype
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.model import Role


class State(NamedTuple):
    """What decides what an association makes of an exposure whose file it does not hold."""

    keys: Keys = ()
    """What is locked, in order of locking."""
    has_science: bool = False
    """Whether a member is written as science."""
    last_class: str | None = None
    """The class of the exposure that was offered last, for rules that ask for it."""
    created_by: str | None = None
    """The class of the exposure that created it, for rules that ask for it."""
    counts_as_taken: bool = True
    """Whether what it takes creates no association of its own."""
    candidate: Pair | None = None
    """That of the association, where those of several are grown at once."""


NEW = State()
"""The state of an association without members."""


class Offers:
    """Offers exposures to associations of the rule of a number."""

    def __init__(self, work: Work, number: int) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self.remembers = any(role.not_after is not None for role in self._rule.roles)
        self._knows_creator = any(role.not_created_by is not None for role in self._rule.roles)
        self._compared = self._all = self._of(key_sources(self._rule, self._rule.roles))
        keys = (key for role in self._rule.roles for key in role.keys)
        self._of_roles = self._of({source for key in keys for source in key.sources})
        self._known: dict[tuple[Any, ...], tuple[State, Role | None, Members | None]] = {}
        self._passed: dict[tuple[int, str | None], State] = {}

    def begin(self, *, has_same_keys: bool) -> None:
        """Begin with other exposures, and tell whether the keys of the rule find the same in each.

        What was offered is forgotten: it takes memory, and is not offered again.
        """
        self._known.clear()
        self._passed.clear()
        self._compared = self._of_roles if has_same_keys else self._all

    def _of(self, sources: AbstractSet[str]) -> Callable[[Row], Any]:
        """Give what gives the values of some keywords, in a tuple."""
        return itemgetter(
            slice(0), *(self._work.places[one] for one in sources & self._work.places.keys())
        )

    def offer(self, state: State, place: int) -> tuple[State, Role | None, Member | None]:
        """Offer an exposure whose file an association does not hold.

        Gives the state of the association afterwards, the same object if nothing changes; the role
        in which the exposure was taken, and the member that it became.
        """
        work = self._work
        # States live as long as this does.
        alike = (id(state), work.judgements[place], self._compared(work.rows[place]))
        found = self._known.get(alike)
        if found is None:
            found = self._known[alike] = self._offer(state, place)
        following, role, members = found
        return following, role, None if members is None else members[place]

    def pass_by(self, state: State, place: int) -> State:
        """Give the state of an association after it was offered an exposure of other candidates.

        Its candidate is looked at last, so it remembers the class all the same; but not of what a
        role that asks for the class before would take.
        """
        following, role, _ = self.offer(state, place)
        remembered = following.last_class
        if remembered == state.last_class or (role is not None and role.not_after is not None):
            return state
        passed = state._replace(last_class=remembered)
        return self._passed.setdefault((id(state), remembered), passed)

    def _offer(self, state: State, place: int) -> tuple[State, Role | None, Members | None]:
        """Give the state afterwards, the role, and what exposures become in it."""
        work = self._work
        judgement = work.judgements[place]
        verdict = judgement.verdicts[self._number]
        locked = dict(state.keys)
        if verdict.unmet or not lock_keys(work, self._rule.keys, place, locked):
            return state, None, None
        offered = judgement.exposure_class if self.remembers else None
        creator = state.created_by
        if creator is None and self._knows_creator:
            creator = judgement.exposure_class
        for role, unmet in verdict.roles:
            if role.keys_only:
                lock_keys(work, role.keys, place, locked)
                continue
            if unmet or (role.single and state.has_science):
                continue
            if role.not_after is not None and role.not_after == state.last_class:
                continue
            if role.not_created_by is not None and role.not_created_by == state.created_by:
                continue
            tried = dict(locked)
            if lock_keys(work, role.keys, place, tried):
                exptype = written_exptype(
                    work.ruleset,
                    self._rule,
                    role,
                    judgement.exposure_class,
                    has_science=state.has_science,
                )
                following = State(
                    keys=tuple(tried.items()),
                    has_science=state.has_science or exptype == SCIENCE,
                    last_class=offered,
                    created_by=creator,
                    counts_as_taken=state.counts_as_taken and not role.creates_too,
                    candidate=state.candidate,
                )
                members = work.members(exptype, role.name, rateints=is_rateints(verdict, tried))
                return state if following == state else following, role, members
        if offered == state.last_class:
            return state, None, None
        return state._replace(last_class=offered), None, None
