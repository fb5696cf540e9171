"""Carry out the procedure for all associations in the same state at once.

What an association makes of an exposure depends on its state alone, unless it holds the file
already. Thousands of associations of a group are in a few states; those in one state form a
batch, which takes or leaves an exposure as a whole and lists what it takes in one log. An
association has what it took before it joined the batch, and the log from there on. So time and
memory grow with exposures and batches, not with exposures and associations.

It gives the same result as the procedure, which takes one association after the other: tests hold
the two against each other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from asnrules.associations.model import Member
from asnrules.engine.candidates import Pair
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.member_log import LogSlice, MemberLog, arranged
from asnrules.engine.procedure import NEW, Offers, State
from asnrules.rules.model import Role

_EVERYONE = 1 << 62
"""Later than any place in a log: every association that joined before holds the file."""

_Name = int | None


@dataclass(slots=True, eq=False)
class _Association:
    """An association of a batch."""

    number: int
    """Creation order."""
    creator: int
    joined: int
    """From where on it has the log of its batch."""
    own: list[Member] = field(default_factory=list)
    """The first member, unless it is in a log."""
    before: list[LogSlice] = field(default_factory=list)
    """What it took in batches that it was in before; their logs are complete."""


@dataclass(slots=True, eq=False)
class Batch:
    """Associations in the same state."""

    state: State
    log: MemberLog
    """What they take, as a whole."""
    associations: list[_Association] = field(default_factory=list)
    """In the order in which they joined; each has the log from there on."""
    held: dict[_Name, int] = field(default_factory=dict)
    """The last place of a file in the log."""
    own_names: set[_Name] = field(default_factory=set)
    """The files that any of them took before it joined; maybe more."""
    grown: int | None = None
    """The length of the log when exposures began to be offered again."""
    again: list[int] = field(default_factory=list)
    """For each exposure taken again, where in the log it stands already: those that joined before
    hold it. It never falls."""
    own_again: dict[_Name, int] = field(default_factory=dict)
    """The places in the log of files that some held before they joined, by file."""


class BatchedProcedure:
    """Carries out the procedure for the rule of a number; see `Offers`."""

    def __init__(self, work: Work, number: int) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self.offers = Offers(work, number)

    def run(self, places: Sequence[int], candidate: Pair) -> list[GrowingAssociation]:
        """Go through exposures of a candidate; give the associations, in order of creation."""
        self._batches: dict[State, Batch] = {}
        self._names: set[_Name] = set()
        self._again: dict[int, dict[int, None]] = {}
        self._created = 0
        self._go_through(places)
        batches = list(self._batches.values())
        for batch in batches:
            batch.grown = len(batch.log.members)
        for _, again in sorted(self._again.items()):
            for place in again:
                batches += [
                    parted for batch in batches for parted in self._offer_again(batch, place)
                ]
        return self._associations(batches, candidate)

    def _go_through(self, places: Sequence[int]) -> None:
        for place in places:
            if not self._is_taken(place):
                self._create(place)

    def _offer(self, state: State, place: int) -> tuple[State, Role | None, Member | None]:
        return self.offers.offer(state, place)

    def _new(self, _place: int) -> State:
        """Give the state of an association that an exposure would create."""
        return NEW

    def _name(self, place: int | None) -> _Name:
        return None if place is None else self._work.identities[place]

    def _is_taken(self, place: int) -> bool:
        """Offer an exposure to the associations that exist; tell whether one took it."""
        name = self._name(place)
        is_held = is_taken = name in self._names
        is_science_only = self._is_science_only(place)
        changed: list[tuple[Batch, State]] = []
        for batch in list(self._batches.values()):
            state = batch.state
            if is_science_only and state.has_science:
                continue
            following, role, member = self._offer(state, place)
            if following is state and member is None:
                continue
            takers = self._free(batch, name) if is_held else batch
            if takers is None:
                continue
            if role is not None and member is not None:
                self._take(takers, member, role, place)
                is_taken = is_taken or following.counts_as_taken
            if following is not state or takers is not batch:
                changed.append((takers, following))
        for takers, following in changed:
            if self._batches.get(takers.state) is takers:
                del self._batches[takers.state]
            takers.state = following
        for takers, _ in changed:
            self._put(takers)
        return is_taken

    def _is_science_only(self, place: int) -> bool:
        """Tell whether an exposure could only be the one science of an association."""
        fitting = self._work.judgements[place].verdicts[self._number].fitting
        return not self.offers.remembers and all(role.single for role in fitting)

    def _create(self, place: int) -> None:
        state, role, member = self._offer(self._new(place), place)
        if role is None or member is None:
            return
        batch = self._batches.get(state)
        if batch is None:
            batch = self._batches[state] = Batch(state, MemberLog(self._work))
        association = _Association(self._created, place, len(batch.log.members))
        self._created += 1
        if batch.associations:
            self._note(role, place)
            association.own.append(member)
            batch.own_names.add(self._name(place))
        else:
            self._take(batch, member, role, place)
        batch.associations.append(association)

    def _note(self, role: Role, place: int) -> None:
        """Remember an exposure that was taken."""
        self._names.add(self._name(place))
        if role.offered_again:
            self._again.setdefault(role.offered_again, {})[place] = None

    def _take(self, batch: Batch, member: Member, role: Role, place: int) -> None:
        self._note(role, place)
        batch.held[self._name(place)] = len(batch.log.members)
        batch.log.members.append(member)

    def _put(self, batch: Batch) -> None:
        """Put a batch where its state is; the smaller of two in one state joins the larger."""
        other = self._batches.setdefault(batch.state, batch)
        if other is batch:
            return
        small, large = sorted((batch, other), key=lambda one: len(one.associations))
        for association in small.associations:
            association.before += self._slices(small, association)
            association.joined = len(large.log.members)
        large.associations += small.associations
        large.own_names |= small.own_names | small.held.keys()
        self._batches[large.state] = large

    def _free(self, batch: Batch, name: _Name) -> Batch | None:
        """Give the associations of a batch that do not hold a file, as a batch of their own."""
        place = batch.held.get(name, -1)
        everyone = batch.associations
        late = bisect_right(everyone, place, key=lambda association: association.joined)
        free = everyone[late:]
        if name in batch.own_names:
            free = [one for one in free if not self._held_before(one, name)]
        if len(free) == len(everyone):
            return batch
        if not free:
            return None
        self._begin_log(batch)
        parted = Batch(batch.state, MemberLog(self._work))
        parted.grown, parted.own_names = batch.grown, set(batch.own_names)
        parted.associations = free
        gone = {one.number for one in free}
        batch.associations = [one for one in everyone if one.number not in gone]
        return parted

    def _held_before(self, association: _Association, name: _Name) -> bool:
        """Tell whether an association took a file before it joined its batch."""
        return any(self._name(member.exposure) == name for member in association.own) or any(
            one.first(_identity, name) is not None for one in association.before
        )

    def _begin_log(self, batch: Batch) -> None:
        """Begin the log of a batch anew: the one that it has is complete."""
        for association in batch.associations:
            association.before += self._slices(batch, association)
            association.joined = 0
        batch.own_names |= batch.held.keys()
        batch.log, batch.held, batch.again, batch.own_again = MemberLog(self._work), {}, [], {}
        batch.grown = None if batch.grown is None else 0

    def _offer_again(self, batch: Batch, place: int) -> list[Batch]:
        """Offer an exposure once more; give the associations that are in another state for it."""
        state = batch.state
        following, role, member = self._offer(state, place)
        if following is state and member is None:
            return []
        if following is state:
            taken_before = batch.held.get(self._name(place), -1)
            if batch.associations[-1].joined <= taken_before:
                return []
            self._take_again(batch, taken_before, place, role, member)
            return []
        takers = self._free(batch, self._name(place))
        if takers is None:
            return []
        takers.state = following
        self._take_again(takers, -1, place, role, member)
        return [] if takers is batch else [takers]

    def _take_again(
        self,
        batch: Batch,
        taken_before: int,
        place: int,
        role: Role | None,
        member: Member | None,
    ) -> None:
        if role is None or member is None:
            return
        if batch.again and batch.again[-1] > taken_before:
            self._begin_log(batch)
            taken_before = -1
        name = self._name(place)
        if name in batch.own_names:
            batch.own_again[name] = len(batch.log.members)
        self._take(batch, member, role, place)
        batch.held[name] = _EVERYONE
        batch.again.append(taken_before)

    def _stop(self, batch: Batch, association: _Association) -> int:
        """Give where the slice of an association in the log ends."""
        if batch.grown is None:
            return len(batch.log.members)
        return batch.grown + bisect_left(batch.again, association.joined)

    def _slices(self, batch: Batch, association: _Association) -> list[LogSlice]:
        """Give what an association has of the log: all that it does not hold already."""
        start, stop = association.joined, self._stop(batch, association)
        slices = []
        for place in self._held_again(batch, association):
            if place < stop:
                slices.append(LogSlice(batch.log, start, place))
                start = place + 1
        return [*slices, LogSlice(batch.log, start, stop)]

    def _held_again(self, batch: Batch, association: _Association) -> list[int]:
        """Give where in the log stands what an association held before it joined."""
        if not batch.own_again:
            return []
        number = sum(one.stop - one.start for one in association.before)
        if number < len(batch.own_again):
            members = chain(association.own, *(one.members() for one in association.before))
            found = (batch.own_again.get(self._name(member.exposure)) for member in members)
            return sorted(place for place in found if place is not None)
        again = batch.own_again.items()
        return [place for name, place in again if self._held_before(association, name)]

    def _associations(self, batches: Sequence[Batch], candidate: Pair) -> list[GrowingAssociation]:
        found: list[tuple[int, GrowingAssociation]] = []
        for batch in batches:
            for association in batch.associations:
                slices = association.before + self._slices(batch, association)
                own, shared = arranged(association.own, slices)
                state = batch.state
                grown = GrowingAssociation(
                    self._rule,
                    state.candidate or candidate,
                    association.creator,
                    state.keys,
                    own,
                    shared,
                )
                found.append((association.number, grown))
        return [grown for _, grown in sorted(found, key=lambda one: one[0])]


def _identity(work: Work, member: Member) -> _Name:
    return None if member.exposure is None else work.identities[member.exposure]
