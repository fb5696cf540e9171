"""Make the associations of one rule for one candidate.

Exposures are parted by their keys, so that no association crosses. Those that nobody joins make
their associations here; what is left is grown by `asnrules.engine.batched_procedure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from asnrules.engine.batched_procedure import BatchedProcedure
from asnrules.engine.candidates import Pair
from asnrules.engine.exposures import KeyColumn, Work
from asnrules.engine.growing import (
    GrowingAssociation,
    Locked,
    is_rateints,
    lock_keys,
    written_exptype,
)
from asnrules.engine.signatures import SCIENCE, is_written_as_science
from asnrules.rules.model import Role


class Group(NamedTuple):
    """Exposures in canonical order; `shared` is what the keys of a rule find in each of them.

    It is None where that is not the same.
    """

    places: Sequence[int]
    shared: Locked | None


class Grouping:
    """Groups the exposures that the rule of a number can take for a candidate.

    In `irregular` are the groups of more than one exposure whose order may make a difference.
    """

    def __init__(self, work: Work, number: int, candidate: Pair) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self._candidate = candidate
        self.irregular: list[Group] = []
        self._waiting: dict[int, bool] = {}

    def associations(self, places: Sequence[int]) -> list[GrowingAssociation]:
        """Make the associations of exposures in canonical order; give them in creation order."""
        made = [one for group in self.groups(places) for one in self._of_group(group)]
        return sorted(made, key=lambda one: one.creator)

    def groups(self, places: Sequence[int]) -> Iterator[Group]:
        """Part exposures so that no association crosses."""
        if self._repeats(places):
            # An association takes every exposure of a file that it has, whatever its keys, so
            # the exposures cannot be parted.
            yield Group(places, None)
            return
        keys = self._rule.keys
        columns = [self._work.key_column(key.sources) for key in keys]
        numbers = [column.numbers for column in columns]
        groups: dict[tuple[int, ...], list[int]] = {}
        for place in places:
            groups.setdefault(tuple([column[place] for column in numbers]), []).append(place)

        if len(groups) == 1:
            ((found, group),) = groups.items()
            yield Group(group, self._shared(columns, found))
            return
        # Keys that every exposure has from one keyword part for certain; the others only where
        # all that is left together has them from the same keywords.
        certain = [at for at, key in enumerate(keys) if key.required and len(key.sources) == 1]
        buckets: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
        for found in groups:
            buckets.setdefault(tuple([found[at] for at in certain]), []).append(found)
        for bucket in buckets.values():
            shared = [self._shared(columns, found) for found in bucket]
            sources = {tuple((name, pair[0]) for name, pair in one.items()) for one in shared}
            if len(sources) == 1:
                for found, one in zip(bucket, shared, strict=True):
                    yield Group(groups[found], one)
            else:
                yield Group(sorted(chain.from_iterable(groups[one] for one in bucket)), None)

    def _repeats(self, places: Sequence[int]) -> bool:
        """Tell whether an association would take one of them only once."""
        identities = self._work.identities
        return self._work.has_repeated_names and len({identities[one] for one in places}) < len(
            places
        )

    def _shared(self, columns: Sequence[KeyColumn], found: Sequence[int]) -> Locked:
        pairs = [column.pairs[number] for column, number in zip(columns, found, strict=True)]
        return {
            key.name: pair
            for key, pair in zip(self._rule.keys, pairs, strict=True)
            if pair is not None
        }

    def _of_group(self, group: Group) -> list[GrowingAssociation]:
        """Make the associations of exposures that have the same keys, or of an irregular group."""
        if self._repeats(group.places):
            return self._grown(group, regular=False)
        if len(group.places) > 1 and any(map(self._waits, group.places)):
            # A science joins what is no science.
            return self._grown(group, regular=False)
        judgements = self._work.judgements
        fitting = [judgements[place].verdicts[self._number].fitting for place in group.places]
        if all(all(role.single and role.science_as is None for role in fit) for fit in fitting):
            # Each is a science of its own, and nobody joins it.
            return self._sciences(group)
        roles = [fit[0] for fit in fitting]
        has_one_way = group.shared is not None and all(len(fit) == 1 for fit in fitting)
        is_regular = has_one_way and self._is_stateless and _all_meet(roles)
        if is_regular and not roles[0].single and all(role is roles[0] for role in roles):
            together = self._together(group, roles[0])
            if together is not None:
                return [together]
        return self._grown(group, regular=is_regular)

    def _grown(self, group: Group, *, regular: bool) -> list[GrowingAssociation]:
        if len(group.places) > 1 and not regular:
            self.irregular.append(group)
        procedure = BatchedProcedure(self._work, self._number, self._candidate, group.shared)
        return procedure.run(group.places)

    def _together(self, group: Group, role: Role) -> GrowingAssociation | None:
        """Make the one association of exposures in one role; None if its keys part them."""
        grown = GrowingAssociation(
            self._rule, self._candidate, group.places[0], dict(group.shared or ())
        )
        has_science = False
        for place in group.places:
            if not lock_keys(self._work, role.keys, place, grown.keys):
                return None
            exptype = self._exptype(place, role, has_science=has_science)
            has_science = has_science or exptype == SCIENCE
            verdict = self._work.judgements[place].verdicts[self._number]
            rateints = is_rateints(verdict, grown.keys)
            grown.own.append(self._work.member(place, exptype, role.name, rateints=rateints))
        return grown

    def _sciences(self, group: Group) -> list[GrowingAssociation]:
        """Make the associations of exposures that no other exposure joins."""
        if any(role.keys_only for role in self._rule.roles):
            single = [Group([place], group.shared) for place in group.places]
            return [grown for one in single for grown in self._grown(one, regular=True)]
        # The keys of a role are looked at one by one, all else is the same for alike exposures.
        known: dict[int, tuple[Role, str, bool, Locked]] = {}
        made = []
        for place in group.places:
            judgement = self._work.judgements[place]
            found = known.get(id(judgement))
            if found is None or found[0].keys or group.shared is None:
                found = known[id(judgement)] = self._science(place, group.shared)
            role, exptype, rateints, keys = found
            member = self._work.member(place, exptype, role.name, rateints=rateints)
            made.append(GrowingAssociation(self._rule, self._candidate, place, keys, [member]))
        return made

    def _science(self, place: int, shared: Locked | None) -> tuple[Role, str, bool, Locked]:
        """Give the role, exptype, product and keys of an exposure that no other joins."""
        verdict = self._work.judgements[place].verdicts[self._number]
        role = verdict.fitting[0]
        keys = dict(shared or ())
        if shared is None:
            lock_keys(self._work, self._rule.keys, place, keys)
        lock_keys(self._work, role.keys, place, keys)
        exptype = self._exptype(place, role, has_science=False)
        return role, exptype, is_rateints(verdict, keys), keys

    def _exptype(self, place: int, role: Role, *, has_science: bool) -> str:
        exposure_class = self._work.judgements[place].exposure_class
        ruleset = self._work.ruleset
        return written_exptype(ruleset, self._rule, role, exposure_class, has_science=has_science)

    def _waits(self, place: int) -> bool:
        """Tell whether an exposure may join as a companion while there is no science."""
        judgement = self._work.judgements[place]
        found = self._waiting.get(id(judgement))
        if found is None:
            is_science = is_written_as_science(self._work.ruleset, judgement.exposure_class)
            roles = judgement.verdicts[self._number].fitting
            found = not (is_science or self._rule.as_science) and any(one.single for one in roles)
            self._waiting[id(judgement)] = found
        return found

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
