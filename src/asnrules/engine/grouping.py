"""Make the associations of one rule for one candidate.

Where a group of exposures is regular, the procedure comes to the same as grouping by equal
keys, which is done here in time linear in the exposures. Any other group is left to
`asnrules.engine.procedure`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

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
    """

    def __init__(self, work: Work, number: int, candidate: Candidate) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self._candidate = candidate

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
        if not self._is_set_wise():
            return self._procedure(places)
        repeated = _repeated(self._work.value(place, "filename") for place in places)
        drafts = []
        for bucket in self._buckets(places):
            if repeated and any(self._work.value(p, "filename") in repeated for p in bucket):
                # A file name may come back in another bucket, so all of them go together.
                return self._procedure(places)
            drafts += self._of_bucket(bucket)
        return sorted(drafts, key=lambda draft: draft.creator)

    def _is_set_wise(self) -> bool:
        """Tell whether the rule is of the kind that is one science with its companions."""
        *companions, last = self._rule.roles
        return (
            last.single
            and not any(role.single for role in companions)
            and not any(
                role.keys or role.science_as or role.keys_only or role.not_after or role.creates_too
                for role in self._rule.roles
            )
            and all(role.offered_again for role in companions)
        )

    def _procedure(self, places: Sequence[int]) -> list[Draft]:
        return Procedure(self._work, self._number, self._candidate).run(places)

    def _buckets(self, places: Sequence[int]) -> Iterable[list[int]]:
        """Split by the keys that every exposure has from one keyword: no association crosses."""
        columns = [
            key.sources[0] for key in self._rule.keys if key.required and len(key.sources) == 1
        ]
        buckets: dict[tuple[str | None, ...], list[int]] = {}
        for place in places:
            values = tuple(self._work.value(place, column) for column in columns)
            buckets.setdefault(values, []).append(place)
        return buckets.values()

    def _of_bucket(self, bucket: list[int]) -> list[Draft]:
        roles = {place: self._role(place) for place in bucket}
        if all(role.single for role in roles.values()):
            return [self._draft([place], place, roles) for place in bucket]
        if any(self._is_double(place) for place in bucket):
            return self._procedure(bucket)
        groups = self._groups(bucket)
        if groups is None:
            return self._procedure(bucket)
        return [draft for group in groups for draft in self._of_group(group, roles)]

    def _role(self, place: int) -> Role:
        verdict = self._work.judgements[place].verdicts[self._number]
        return next(role for role, failures in verdict.roles if not failures)

    def _is_double(self, place: int) -> bool:
        """Tell whether an exposure could be both the science and a companion."""
        verdict = self._work.judgements[place].verdicts[self._number]
        return sum(not failures for _, failures in verdict.roles) > 1

    def _groups(self, bucket: list[int]) -> list[list[int]] | None:
        """Group by equal keys; None if the exposures do not have the same keys filled."""
        groups: dict[tuple[str | None, ...], list[int]] = {}
        filled: list[str | None] | None = None
        for place in bucket:
            found = [self._work.first_given(place, key.sources) for key in self._rule.keys]
            sources = [None if one is None else one[0] for one in found]
            if filled is not None and sources != filled:
                return None
            filled = sources
            values = tuple(None if one is None else one[1] for one in found)
            groups.setdefault(values, []).append(place)
        return list(groups.values())

    def _of_group(self, group: list[int], roles: dict[int, Role]) -> list[Draft]:
        """Give each science all companions of the group.

        The first association is created by the first exposure of the group, whatever it is;
        the members stand from the creating exposure on, then those before it.
        """
        companions = [place for place in group if not roles[place].single]
        sciences = [place for place in group if roles[place].single]
        if not sciences:
            return [self._draft(companions, companions[0], roles)]
        drafts = []
        for number, science in enumerate(sciences):
            creator = group[0] if number == 0 else science
            members = sorted([*companions, science])
            start = members.index(creator)
            drafts.append(self._draft(members[start:] + members[:start], creator, roles))
        return drafts

    def _draft(self, places: list[int], creator: int, roles: dict[int, Role]) -> Draft:
        work = self._work
        locked: Locked = {}
        lock_keys(work, self._rule.keys, creator, locked)
        draft = Draft(self._rule, self._candidate, creator, keys=locked)
        for place in places:
            judgement = work.judgements[place]
            exptype = written_exptype(work.ruleset, draft, roles[place], judgement)
            rateints = is_rateints(judgement.verdicts[self._number], locked)
            draft.members.append(DraftMember(place, exptype, rateints))
        return draft


def _repeated(names: Iterable[str | None]) -> set[str | None]:
    return {name for name, count in Counter(names).items() if count > 1}
