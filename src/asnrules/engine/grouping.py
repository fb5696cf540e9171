"""Make the associations of one rule for candidates, one after the other.

Exposures are parted by their keys, so that no association crosses. Those that no other joins make
their associations here; what is left is grown by `asnrules.engine.batched_procedure`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import NamedTuple

from asnrules.associations.model import Member
from asnrules.engine.batched_procedure import BatchedProcedure
from asnrules.engine.candidates import Pair
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation
from asnrules.engine.procedure import NEW
from asnrules.engine.signatures import Judgement, is_written_as_science
from asnrules.engine.templates import Group, Grown, Templates
from asnrules.rules.model import Role


class _Fit(NamedTuple):
    """How exposures of a judgement fit a rule."""

    roles: tuple[Role, ...]
    waits: bool
    """Whether one may join as a companion while there is no science."""
    is_alone: bool
    """Whether each is the one science of any association that it joins."""


class Grouping:
    """Groups the exposures that the rule of a number can take for a candidate.

    In `irregular` are those groups of the last candidate, of more than one exposure, whose order
    may make a difference.
    """

    def __init__(self, work: Work, number: int) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self._procedure = BatchedProcedure(work, number)
        self._offers = self._procedure.offers
        self._templates = Templates(work, number)
        self.irregular: list[Group] = []
        self._fits: dict[Judgement, _Fit] = {}

    def associations(self, places: Sequence[int], candidate: Pair) -> list[GrowingAssociation]:
        """Make the associations of exposures in canonical order; give them in creation order."""
        self.irregular = []
        made: list[GrowingAssociation] = []
        for group in self.groups(places):
            self._offers.begin(has_same_keys=group.has_same_keys)
            for part in self._parts(group):
                grow = partial(self._grown, part, candidate)
                grown = self._templates.of(part, candidate, grow)
                made += grown.associations
                if grown.irregular and len(part.places) > 1:
                    self.irregular.append(part)
        return sorted(made, key=lambda one: one.creator)

    def groups(self, places: Sequence[int]) -> Iterator[Group]:
        """Part exposures so that no association crosses."""
        if self._repeats(places):
            # An association takes every exposure of a file that it has, whatever its keys, so
            # the exposures cannot be parted.
            yield Group(places, has_same_keys=False)
            return
        keys = self._rule.keys
        finds = [self._work.key(key.sources) for key in keys]
        cells_and_numbers = [(one.cells, one) for one in finds]
        groups: dict[tuple[int, ...], list[int]] = {}
        for place in places:
            row = self._work.rows[place]
            found = tuple([numbers[cells(row)] for cells, numbers in cells_and_numbers])
            groups.setdefault(found, []).append(place)
        # Keys that every exposure has from one keyword part for certain; the others only where
        # all that is left together has them from the same keywords.
        certain = [at for at, key in enumerate(keys) if key.required and len(key.sources) == 1]
        buckets: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for found in groups:
            buckets.setdefault(tuple([found[at] for at in certain]), []).append(found)
        for bucket in buckets.values():
            pairs = [
                [one.pairs[at] for one, at in zip(finds, found, strict=True)] for found in bucket
            ]
            if len({tuple([pair and pair[0] for pair in one]) for one in pairs}) == 1:
                yield from (Group(groups[found], has_same_keys=True) for found in bucket)
            else:
                together = sorted(chain.from_iterable(groups[found] for found in bucket))
                yield Group(together, has_same_keys=False)

    def _repeats(self, places: Sequence[int]) -> bool:
        """Tell whether an association would take one of them only once."""
        identities = self._work.identities
        return self._work.has_repeated_names and len({identities[one] for one in places}) < len(
            places
        )

    def _parts(self, group: Group) -> Iterable[Group]:
        """Part a group where each is a science of its own, and no other joins it."""
        if len(group.places) == 1 or self._repeats(group.places):
            return [group]
        if all(fit.is_alone and not fit.waits for fit in self._fits_of(group)):
            return [Group([place], has_same_keys=True) for place in group.places]
        return [group]

    def _grown(self, group: Group, candidate: Pair) -> Grown:
        """Make the associations of exposures that have the same keys, or of an irregular group."""
        places = group.places
        fits = self._fits_of(group)
        if self._repeats(places) or (len(places) > 1 and any(fit.waits for fit in fits)):
            # A science joins what is no science.
            return Grown(self._procedure.run(places, candidate), irregular=True)
        roles = [self._fits[self._work.judgements[place]].roles[0] for place in places]
        has_one_way = group.has_same_keys and all(len(fit.roles) == 1 for fit in fits)
        is_regular = has_one_way and self._is_stateless and _all_meet(roles)
        if is_regular and not roles[0].single and all(role is roles[0] for role in roles):
            together = self._together(places, candidate)
            if together is not None:
                return Grown([together], irregular=False)
        return Grown(self._procedure.run(places, candidate), irregular=not is_regular)

    def _fits_of(self, group: Group) -> list[_Fit]:
        judgements = {self._work.judgements[place] for place in group.places}
        return [self._fits.get(one) or self._fit(one) for one in judgements]

    def _together(self, places: Sequence[int], candidate: Pair) -> GrowingAssociation | None:
        """Make one association of exposures; None if it does not take all of them."""
        state = NEW
        members: list[Member] = []
        for place in places:
            state, _, member = self._offers.offer(state, place)
            if member is None:
                return None
            members.append(member)
        return GrowingAssociation(self._rule, candidate, places[0], state.keys, members)

    def _fit(self, judgement: Judgement) -> _Fit:
        is_science = is_written_as_science(self._work.ruleset, judgement.exposure_class)
        roles = judgement.verdicts[self._number].fitting
        fit = self._fits[judgement] = _Fit(
            roles,
            waits=not (is_science or self._rule.as_science) and any(one.single for one in roles),
            is_alone=all(role.single and role.science_as is None for role in roles),
        )
        return fit

    @cached_property
    def _is_stateless(self) -> bool:
        """Whether an association of the rule has no state but its members and keys.

        Then the order of exposures that have the same keys filled makes no difference.
        """
        return not any(
            role.not_after
            or role.not_created_by
            or role.keys_only
            or role.creates_too
            or any(key.excludes is not None for key in role.keys)
            for role in self._rule.roles
        )


def _all_meet(roles: Sequence[Role]) -> bool:
    """Tell whether exposures in these roles join all associations they can, early or late."""
    first = roles[0]
    if all(role is first for role in roles):
        return True
    if sum(role.science_as is not None for role in roles) > 1:
        # A step may choose among them, and where none is better it is the first.
        return False
    return all(role.single or role.offered_again for role in roles)
