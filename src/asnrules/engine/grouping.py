"""Make the associations of one rule for one candidate.

Where a group of exposures is regular, the procedure comes to the same as grouping by equal
keys, which is done here in time linear in the exposures. Any other group is left to
`asnrules.engine.procedure`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

from asnrules.engine.drafts import (
    Draft,
    DraftMember,
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
        names = Counter(self._work.value(place, "filename") for place in places)
        if len(names) < len(places):
            # An association takes every exposure of a file name that it has, whatever its
            # keys, so the exposures cannot be parted.
            return self._procedure(places, regular=False)
        drafts = [
            draft
            for bucket in self._buckets(places)
            for group, regular in self._groups(bucket)
            for draft in self._of_group(group, regular=regular)
        ]
        return sorted(drafts, key=lambda draft: draft.creator)

    def _procedure(self, places: Sequence[int], *, regular: bool) -> list[Draft]:
        if len(places) > 1 and not regular:
            self.irregular.append(places)
        return Procedure(self._work, self._number, self._candidate).run(places)

    def _buckets(self, places: Sequence[int]) -> Iterable[list[int]]:
        """Part by the keys that every exposure has from one keyword: no association crosses."""
        columns = [
            key.sources[0] for key in self._rule.keys if key.required and len(key.sources) == 1
        ]
        buckets: dict[tuple[str | None, ...], list[int]] = {}
        for place in places:
            values = tuple(self._work.value(place, column) for column in columns)
            buckets.setdefault(values, []).append(place)
        return buckets.values()

    def _groups(self, bucket: list[int]) -> list[tuple[list[int], bool]]:
        """Part by all keys of the rule, if every exposure has them from the same keywords.

        The flag tells whether they have, so whether the exposures of a group have equal keys.
        """
        groups: dict[tuple[str | None, ...], list[int]] = {}
        filled: list[str | None] | None = None
        for place in bucket:
            found = [self._work.first_given(place, key.sources) for key in self._rule.keys]
            sources = [None if one is None else one[0] for one in found]
            if filled is not None and sources != filled:
                return [(bucket, False)]
            filled = sources
            values = tuple(None if one is None else one[1] for one in found)
            groups.setdefault(values, []).append(place)
        return [(group, True) for group in groups.values()]

    def _of_group(self, group: list[int], *, regular: bool) -> list[Draft]:
        """Make the associations of exposures that have the same keys, or of an irregular group."""
        roles = [self._roles(place) for place in group]
        if all(all(role.single and role.science_as is None for role in fit) for fit in roles):
            # Each is a science of its own, and nobody joins it.
            return [draft for place in group for draft in self._procedure([place], regular=True)]
        regular = regular and all(len(fit) == 1 for fit in roles)
        if regular and self._is_plain:
            return self._with_companions(group, [fit[0] for fit in roles])
        regular = regular and self._is_stateless and all(self._joins_all(fit[0]) for fit in roles)
        return self._procedure(group, regular=regular)

    def _joins_all(self, role: Role) -> bool:
        """Tell whether an exposure in a role joins all associations it can, early or late."""
        return role.single or bool(role.offered_again) or len(self._rule.roles) == 1

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
    def _is_plain(self) -> bool:
        """Whether the rule is of the kind that is one science with all companions of its keys."""
        *companions, science = self._rule.roles
        return (
            not self._rule.as_science
            and science.single
            and all(role.offered_again and not role.single for role in companions)
            and not any(
                role.keys or role.keys_only or role.not_after or role.creates_too or role.science_as
                for role in self._rule.roles
            )
        )

    def _roles(self, place: int) -> list[Role]:
        """Give the roles in which an exposure can be taken, associations left aside."""
        verdict = self._work.judgements[place].verdicts[self._number]
        return [role for role, unmet in verdict.roles if not unmet and not role.keys_only]

    def _with_companions(self, group: list[int], roles: list[Role]) -> list[Draft]:
        """Give each science all companions of the group.

        The first association is created by the first exposure of the group, whatever it is;
        the members stand from the creating exposure on, then those before it.
        """
        locked: Locked = {}
        lock_keys(self._work, self._rule.keys, group[0], locked)
        members = {
            place: self._member(place, role, locked)
            for place, role in zip(group, roles, strict=True)
        }
        companions = [place for place, role in zip(group, roles, strict=True) if not role.single]
        sciences = [place for place, role in zip(group, roles, strict=True) if role.single]
        drafts = []
        for number, science in enumerate(sciences or [None]):
            creator = group[0] if number == 0 or science is None else science
            taken = companions if science is None else sorted([*companions, science])
            start = taken.index(creator)
            drafts.append(
                Draft(
                    self._rule,
                    self._candidate,
                    creator,
                    [members[place] for place in taken[start:] + taken[:start]],
                    locked,
                )
            )
        return drafts

    def _member(self, place: int, role: Role, locked: Locked) -> DraftMember:
        judgement = self._work.judgements[place]
        alone = Draft(self._rule, self._candidate, place)
        exptype = written_exptype(self._work.ruleset, alone, role, judgement)
        rateints = is_rateints(judgement.verdicts[self._number], locked)
        return DraftMember(place, exptype, rateints, role=role.name)


def _depends_on_order(role: Role) -> bool:
    return any(key.excludes is not None for key in role.keys)
