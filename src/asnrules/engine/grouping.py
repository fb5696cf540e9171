"""Make the associations of one rule for one candidate.

Where a group of exposures is regular, the procedure comes to the same as grouping by equal
keys, which is done here in time linear in the exposures. Any other group is left to
`asnrules.engine.procedure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain

from asnrules.engine.drafts import (
    Draft,
    DraftMember,
    KeyColumn,
    Locked,
    Work,
    is_rateints,
    lock_keys,
    written_exptype,
)
from asnrules.engine.model import Role
from asnrules.engine.procedure import Procedure

Candidate = tuple[str, str]


class Grouping:
    """Groups the exposures that one rule can take for one candidate.

    Parameters
    ----------
    work : Work
        The judged exposures.
    number : int
        The place of the rule in the ruleset.
    candidate : tuple of (str, str)
        Id and type of the candidate.

    Attributes
    ----------
    irregular : list of sequence of int
        The groups of more than one exposure that needed the procedure since they are not
        regular: the order of their exposures may make a difference.
    """

    def __init__(self, work: Work, number: int, candidate: Candidate) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self._candidate = candidate
        self.irregular: list[Sequence[int]] = []

    def associations(self, places: Sequence[int]) -> list[Draft]:
        """Make the associations.

        Parameters
        ----------
        places : sequence of int
            The exposures that the rule can take, in canonical order.

        Returns
        -------
        list of Draft
            In order of creation.
        """
        names = {self._work.value(place, "filename") for place in places}
        if len(names) < len(places):
            # An association takes every exposure of a file name that it has, whatever its
            # keys, so the exposures cannot be parted.
            return self._procedure(places, None, regular=False)
        drafts = []
        for group, shared in self._groups(places):
            drafts += self._of_group(group, shared)
        return sorted(drafts, key=lambda draft: draft.creator)

    def _procedure(
        self, places: Sequence[int], shared: Locked | None, *, regular: bool
    ) -> list[Draft]:
        if len(places) > 1 and not regular:
            self.irregular.append(places)
        return Procedure(self._work, self._number, self._candidate, shared).run(places)

    def _groups(self, places: Sequence[int]) -> Iterator[tuple[list[int], Locked | None]]:
        """Part exposures so that no association crosses.

        Yields
        ------
        tuple of (list of int, dict or None)
            Exposures, and what the keys find in each of them; None where that is not the same.
        """
        keys = self._rule.keys
        columns = [self._work.key_column(key.sources) for key in keys]
        numbers = [column.numbers for column in columns]
        groups: dict[tuple[int, ...], list[int]] = {}
        for place in places:
            groups.setdefault(tuple([column[place] for column in numbers]), []).append(place)

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
                yield from ((groups[found], one) for found, one in zip(bucket, shared, strict=True))
            else:
                yield sorted(chain.from_iterable(groups[found] for found in bucket)), None

    def _shared(self, columns: Sequence[KeyColumn], found: Sequence[int]) -> Locked:
        pairs = [column.pairs[number] for column, number in zip(columns, found, strict=True)]
        return {
            key.name: pair
            for key, pair in zip(self._rule.keys, pairs, strict=True)
            if pair is not None
        }

    def _of_group(self, group: list[int], shared: Locked | None) -> list[Draft]:
        """Make the associations of exposures that have the same keys, or of an irregular group."""
        fitting = [self._fitting(place) for place in group]
        if all(all(role.single and role.science_as is None for role in fit) for fit in fitting):
            # Each is a science of its own, and nobody joins it.
            return [self._alone(place, shared) for place in group]
        is_plain = shared is not None and all(len(fit) == 1 for fit in fitting)
        roles = [fit[0] for fit in fitting]
        if shared is not None and is_plain and self._has_companions_only:
            locked = dict(shared)
            if all(
                lock_keys(self._work, role.keys, place, locked)
                for place, role in zip(group, roles, strict=True)
            ):
                return self._with_companions(group, roles, shared)
        regular = is_plain and self._is_stateless and _all_meet(roles)
        return self._procedure(group, shared, regular=regular)

    def _alone(self, place: int, shared: Locked | None) -> Draft:
        """Make the association of an exposure that nobody joins."""
        role = self._fitting(place)[0]
        if any(role.keys_only for role in self._rule.roles):
            return self._procedure([place], shared, regular=True)[0]
        draft = Draft(self._rule, self._candidate, place, keys=dict(shared or ()))
        if shared is None:
            lock_keys(self._work, self._rule.keys, place, draft.keys)
        lock_keys(self._work, role.keys, place, draft.keys)
        draft.members.append(self._member(draft, place, role))
        return draft

    def _fitting(self, place: int) -> tuple[Role, ...]:
        """Give the roles in which an exposure can be taken, associations left aside."""
        return self._work.judgements[place].verdicts[self._number].fitting

    @cached_property
    def _is_stateless(self) -> bool:
        """Whether an association of the rule has no state but its members and keys.

        Then the order of exposures that have the same keys filled makes no difference.
        """
        return not any(
            role.not_after or role.keys_only or role.creates_too or _depends_on_order(role)
            for role in self._rule.roles
        )

    @cached_property
    def _has_companions_only(self) -> bool:
        """Whether the rule is of the kind that is one science with all companions of its keys."""
        *companions, science = self._rule.roles
        return (
            self._is_stateless
            and not self._rule.as_science
            and science.single
            and all(role.offered_again and not role.single for role in companions)
            and not any(role.science_as for role in self._rule.roles)
        )

    def _with_companions(self, group: list[int], roles: list[Role], shared: Locked) -> list[Draft]:
        """Give each science all companions of the group.

        The first association is created by the first exposure of the group, whatever it is;
        the members stand from the creating exposure on, then those before it.
        """
        role_of = dict(zip(group, roles, strict=True))
        companions = [place for place in group if not role_of[place].single]
        sciences = [place for place in group if role_of[place].single]
        drafts = []
        for number, science in enumerate(sciences or [None]):
            creator = group[0] if number == 0 or science is None else science
            taken = companions if science is None else sorted([*companions, science])
            start = taken.index(creator)
            draft = Draft(self._rule, self._candidate, creator, keys=dict(shared))
            for place in taken[start:] + taken[:start]:
                lock_keys(self._work, role_of[place].keys, place, draft.keys)
                draft.members.append(self._member(draft, place, role_of[place]))
            drafts.append(draft)
        return drafts

    def _member(self, draft: Draft, place: int, role: Role) -> DraftMember:
        judgement = self._work.judgements[place]
        exptype = written_exptype(self._work.ruleset, draft, role, judgement)
        rateints = is_rateints(judgement.verdicts[self._number], draft.keys)
        return DraftMember(place, exptype, rateints, role=role.name)


def _depends_on_order(role: Role) -> bool:
    return any(key.excludes is not None for key in role.keys)


def _all_meet(roles: Sequence[Role]) -> bool:
    """Tell whether exposures in these roles join all associations they can, early or late."""
    if sum(role.science_as is not None for role in roles) > 1:
        # A step may choose among them, and where none is better it is the first.
        return False
    first = roles[0]
    return all(role is first for role in roles) or all(
        role.single or role.offered_again for role in roles
    )
