"""Carry out the procedure for all associations in the same state at once.

What an association makes of an exposure depends on its state alone, unless it holds the file
already. Thousands of associations of a group are in a few states; those in one state form a
cohort, which takes or leaves an exposure as a whole and lists what it takes in one log. An
association has what it took before it joined the cohort, and the log from there on. So time and
memory grow with exposures and cohorts, not with exposures and associations.

It comes to the same as `asnrules.engine.procedure`, for any group: tests hold the two against
each other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain

from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft, Locked
from asnrules.engine.procedure import NEW, Candidate, Offers, State
from asnrules.engine.shared_members import DraftMember, Log, Stretch, arranged
from asnrules.rules.model import Role

_EVERYONE = 1 << 62
"""Later than any place in a log: every association in the batch holds this file."""

_Name = str | None


class _Association:
    """An association of a cohort.

    Attributes
    ----------
    number, creator : int
        Creation order, and the exposure that created it.
    own : list of DraftMember
        The first member, unless that stands in a log.
    before : list of Stretch
        What it took in cohorts that it was in before; their logs are complete.
    joined : int
        From where on it has the log of its cohort.
    """

    __slots__ = ("before", "creator", "joined", "number", "own")

    def __init__(self, number: int, creator: int, joined: int) -> None:
        self.number = number
        self.creator = creator
        self.own: list[DraftMember] = []
        self.before: list[Stretch] = []
        self.joined = joined


class _Cohort:
    """Associations in the same state.

    Attributes
    ----------
    state : State
        Their state.
    log : Log
        What they take, as a whole.
    associations : list of _Association
        In the order in which they joined; each has the log from there on.
    held : dict
        Where a file stands in the log, at last.
    own_names : set
        The files that any of them took before it joined; maybe more.
    grown : int or None
        The length of the log when exposures began to be offered again.
    again : list of int
        For each exposure taken again, where in the log it stands already: those that joined
        before hold it. It never falls.
    own_again : dict
        Where those stand in the log that some held before they joined, by file.
    """

    __slots__ = ("again", "associations", "grown", "held", "log", "own_again", "own_names", "state")

    def __init__(self, work: Work, state: State) -> None:
        self.state = state
        self.log = Log(work)
        self.associations: list[_Association] = []
        self.held: dict[_Name, int] = {}
        self.own_names: set[_Name] = set()
        self.grown: int | None = None
        self.again: list[int] = []
        self.own_again: dict[_Name, int] = {}


class Cohorts:
    """Carries out the procedure for one rule; see `asnrules.engine.procedure.Procedure`.

    Parameters
    ----------
    work : Work
        The judged exposures.
    number : int
        The place of the rule in the ruleset.
    candidate : tuple of (str, str)
        Id and type of the candidate.
    shared : dict, optional
        What the keys of the rule find in each of the exposures, if it is known to be the same
        in all of them.
    """

    def __init__(
        self, work: Work, number: int, candidate: Candidate, shared: Locked | None = None
    ) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self._candidate = candidate
        self._offers = Offers(work, number, shared)
        self._filename = work.places["filename"]

    def run(self, places: Sequence[int]) -> list[Draft]:
        """Work through exposures; give the associations, in order of creation."""
        self._cohorts: dict[State, _Cohort] = {}
        self._names: set[_Name] = set()
        self._again: dict[int, dict[int, None]] = {}
        self._created = 0
        for place in places:
            if not self._is_taken(place):
                self._create(place)
        cohorts = list(self._cohorts.values())
        for cohort in cohorts:
            cohort.grown = len(cohort.log.members)
        for _, again in sorted(self._again.items()):
            for place in again:
                cohorts += [
                    parted for cohort in cohorts for parted in self._offer_again(cohort, place)
                ]
        return self._drafts(cohorts)

    def _name(self, place: int | None) -> _Name:
        return None if place is None else self._work.rows[place][self._filename]

    def _is_taken(self, place: int) -> bool:
        """Offer an exposure to the associations that exist; tell whether one took it."""
        name = self._name(place)
        is_held = is_taken = name in self._names
        is_science_only = self._is_science_only(place)
        changed: list[tuple[_Cohort, State]] = []
        for cohort in list(self._cohorts.values()):
            state = cohort.state
            if is_science_only and state.has_science:
                continue
            following, role, member = self._offers.offer(state, place)
            if following is state and member is None:
                continue
            takers = self._free(cohort, name) if is_held else cohort
            if takers is None:
                continue
            if role is not None and member is not None:
                self._take(takers, member, role, place)
                is_taken = is_taken or following.counts_as_taken
            if following is not state or takers is not cohort:
                changed.append((takers, following))
        for takers, following in changed:
            if self._cohorts.get(takers.state) is takers:
                del self._cohorts[takers.state]
            takers.state = following
        for takers, _ in changed:
            self._put(takers)
        return is_taken

    def _is_science_only(self, place: int) -> bool:
        """Tell whether an exposure could only be the one science of an association."""
        fitting = self._work.judgements[place].verdicts[self._number].fitting
        return not self._offers.remembers and all(role.single for role in fitting)

    def _create(self, place: int) -> None:
        state, role, member = self._offers.offer(NEW, place)
        if role is None or member is None:
            return
        cohort = self._cohorts.get(state)
        if cohort is None:
            cohort = self._cohorts[state] = _Cohort(self._work, state)
        association = _Association(self._created, place, len(cohort.log.members))
        self._created += 1
        if cohort.associations:
            self._note(role, place)
            association.own.append(member)
            cohort.own_names.add(self._name(place))
        else:
            self._take(cohort, member, role, place)
        cohort.associations.append(association)

    def _note(self, role: Role, place: int) -> None:
        """Remember an exposure that was taken."""
        self._names.add(self._name(place))
        if role.offered_again:
            self._again.setdefault(role.offered_again, {})[place] = None

    def _take(self, cohort: _Cohort, member: DraftMember, role: Role, place: int) -> None:
        self._note(role, place)
        cohort.held[self._name(place)] = len(cohort.log.members)
        cohort.log.members.append(member)

    def _put(self, cohort: _Cohort) -> None:
        """Put a cohort where its state is; the smaller of two in one state joins the larger."""
        other = self._cohorts.setdefault(cohort.state, cohort)
        if other is cohort:
            return
        small, large = sorted((cohort, other), key=lambda one: len(one.associations))
        for association in small.associations:
            association.before += self._stretches(small, association)
            association.joined = len(large.log.members)
        large.associations += small.associations
        large.own_names |= small.own_names | small.held.keys()
        self._cohorts[large.state] = large

    def _free(self, cohort: _Cohort, name: _Name) -> _Cohort | None:
        """Give the associations of a cohort that do not hold a file, as a cohort of their own."""
        place = cohort.held.get(name, -1)
        everyone = cohort.associations
        late = bisect_right(everyone, place, key=lambda association: association.joined)
        free = everyone[late:]
        if name in cohort.own_names:
            free = [one for one in free if not self._held_before(one, name)]
        if len(free) == len(everyone):
            return cohort
        if not free:
            return None
        self._begin_log(cohort)
        parted = _Cohort(self._work, cohort.state)
        parted.grown, parted.own_names = cohort.grown, set(cohort.own_names)
        parted.associations = free
        gone = {one.number for one in free}
        cohort.associations = [one for one in everyone if one.number not in gone]
        return parted

    def _held_before(self, association: _Association, name: _Name) -> bool:
        """Tell whether an association took a file before it joined its cohort."""
        return any(self._name(member.place) == name for member in association.own) or any(
            stretch.first(_filename, name) is not None for stretch in association.before
        )

    def _begin_log(self, cohort: _Cohort) -> None:
        """Begin the log of a cohort anew: the one that it has is complete."""
        for association in cohort.associations:
            association.before += self._stretches(cohort, association)
            association.joined = 0
        cohort.own_names |= cohort.held.keys()
        cohort.log, cohort.held, cohort.again, cohort.own_again = Log(self._work), {}, [], {}
        cohort.grown = None if cohort.grown is None else 0

    def _offer_again(self, cohort: _Cohort, place: int) -> list[_Cohort]:
        """Offer an exposure once more; give the associations that are in another state for it."""
        state = cohort.state
        following, role, member = self._offers.offer(state, place)
        if following is state and member is None:
            return []
        if following is state:
            taken_before = cohort.held.get(self._name(place), -1)
            if cohort.associations[-1].joined <= taken_before:
                return []
            self._take_again(cohort, taken_before, place, role, member)
            return []
        takers = self._free(cohort, self._name(place))
        if takers is None:
            return []
        takers.state = following
        self._take_again(takers, -1, place, role, member)
        return [] if takers is cohort else [takers]

    def _take_again(
        self,
        cohort: _Cohort,
        taken_before: int,
        place: int,
        role: Role | None,
        member: DraftMember | None,
    ) -> None:
        if role is None or member is None:
            return
        if cohort.again and cohort.again[-1] > taken_before:
            self._begin_log(cohort)
            taken_before = -1
        name = self._name(place)
        if name in cohort.own_names:
            cohort.own_again[name] = len(cohort.log.members)
        self._take(cohort, member, role, place)
        cohort.held[name] = _EVERYONE
        cohort.again.append(taken_before)

    def _stop(self, cohort: _Cohort, association: _Association) -> int:
        """Give where the stretch of an association in the log ends."""
        if cohort.grown is None:
            return len(cohort.log.members)
        return cohort.grown + bisect_left(cohort.again, association.joined)

    def _stretches(self, cohort: _Cohort, association: _Association) -> list[Stretch]:
        """Give what an association has of the log: all that it does not hold already."""
        start, stop = association.joined, self._stop(cohort, association)
        stretches = []
        for place in self._held_again(cohort, association):
            if place < stop:
                stretches.append(Stretch(cohort.log, start, place))
                start = place + 1
        return [*stretches, Stretch(cohort.log, start, stop)]

    def _held_again(self, cohort: _Cohort, association: _Association) -> list[int]:
        """Give where in the log stands what an association held before it joined."""
        if not cohort.own_again:
            return []
        number = sum(stretch.stop - stretch.start for stretch in association.before)
        if number < len(cohort.own_again):
            members = chain(association.own, *(one.members() for one in association.before))
            found = (cohort.own_again.get(self._name(member.place)) for member in members)
            return sorted(place for place in found if place is not None)
        again = cohort.own_again.items()
        return [place for name, place in again if self._held_before(association, name)]

    def _drafts(self, cohorts: Sequence[_Cohort]) -> list[Draft]:
        drafts: list[tuple[int, Draft]] = []
        for cohort in cohorts:
            keys = dict(cohort.state.keys)
            for association in cohort.associations:
                stretches = association.before + self._stretches(cohort, association)
                own, shared = arranged(association.own, stretches)
                draft = Draft(self._rule, self._candidate, association.creator, keys, own, shared)
                drafts.append((association.number, draft))
        return [draft for _, draft in sorted(drafts, key=lambda one: one[0])]


def _filename(work: Work, member: DraftMember) -> _Name:
    return None if member.place is None else work.value(member.place, "filename")
