"""The procedure that gives rules their meaning, for one rule and one group of exposures.

Each exposure in turn is offered to every association that exists, in order of creation; if
none took it, the rule tries to create one from it. After the last exposure, those that were
taken in a role that asks for it are offered once more, and make no new ones. (Established by
running jwst 3.0.0 on pools sorted by file name.)
"""

from __future__ import annotations

from collections.abc import Sequence

from asnrules.engine.drafts import (
    Draft,
    DraftMember,
    Locked,
    Work,
    is_rateints,
    lock_keys,
    written_exptype,
)
from asnrules.engine.model import Role, Rule
from asnrules.engine.signatures import SCIENCE, Judgement, RuleVerdict

Candidate = tuple[str, str]


class _Growing:
    """An association in the procedure, with the state that only the procedure needs."""

    def __init__(self, rule: Rule, candidate: Candidate, place: int) -> None:
        self.draft = Draft(rule, candidate, place)
        self.has_science = False
        self.filenames: set[str | None] = set()
        self.last_class: str | None = None
        self.counts_as_taken = True


class Procedure:
    """Carries out the procedure for one rule.

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
        self._shared = shared
        self._growing: list[_Growing] = []
        self._without_science: list[_Growing] = []
        self._filenames: set[str | None] = set()
        self._filename = work.places["filename"]
        self._remembers = any(role.not_after is not None for role in self._rule.roles)
        self._again: dict[int, dict[int, None]] = {}

    def run(self, places: Sequence[int]) -> list[Draft]:
        """Work through exposures.

        Parameters
        ----------
        places : sequence of int
            The exposures, in canonical order.

        Returns
        -------
        list of Draft
            The associations, in order of creation.
        """
        for place in places:
            if not self._is_taken(place):
                self._create(place)
        for _, again in sorted(self._again.items()):
            for place in again:
                for growing in self._growing:
                    self._offer(growing, place)
        return [growing.draft for growing in self._growing]

    def _is_taken(self, place: int) -> bool:
        """Offer an exposure to the associations that exist; tell whether one took it."""
        if self._remembers or not self._is_science_only(place):
            return self._offer_to(self._growing, place)
        # It could only be the one science of an association, so those that have one are passed
        # over: this keeps ten thousand exposures of a group from being compared with each other.
        is_held = self._work.value(place, "filename") in self._filenames
        is_taken = self._offer_to(self._without_science, place)
        self._without_science = [
            growing for growing in self._without_science if not growing.has_science
        ]
        return is_held or is_taken

    def _offer_to(self, associations: Sequence[_Growing], place: int) -> bool:
        """Offer an exposure to each of some associations; tell whether any took it."""
        return sum([self._offer(growing, place) for growing in associations]) > 0

    def _is_science_only(self, place: int) -> bool:
        verdict = self._work.judgements[place].verdicts[self._number]
        return all(role.single for role in verdict.fitting)

    def _create(self, place: int) -> None:
        growing = _Growing(self._rule, self._candidate, place)
        self._offer(growing, place)
        if growing.draft.members:
            self._growing.append(growing)
            if not growing.has_science:
                self._without_science.append(growing)

    def _offer(self, growing: _Growing, place: int) -> bool:
        """Offer an exposure to an association; tell whether it counts as taken."""
        filename = self._work.rows[place][self._filename]
        if filename in growing.filenames:
            return True
        judgement = self._work.judgements[place]
        verdict = judgement.verdicts[self._number]
        if verdict.unmet:
            return False
        role = self._fit(growing, place, judgement, verdict)
        if role is None:
            return False
        draft = growing.draft
        exptype = written_exptype(self._work.ruleset, draft, role, judgement)
        draft.members.append(
            DraftMember(place, exptype, is_rateints(verdict, draft.keys), role=role.name)
        )
        growing.has_science = growing.has_science or exptype == SCIENCE
        growing.filenames.add(filename)
        self._filenames.add(filename)
        if role.offered_again:
            self._again.setdefault(role.offered_again, {})[place] = None
        if role.creates_too:
            growing.counts_as_taken = False
        return growing.counts_as_taken

    def _fit(
        self, growing: _Growing, place: int, judgement: Judgement, verdict: RuleVerdict
    ) -> Role | None:
        """Find the first role that takes the exposure, and lock its keys."""
        draft = growing.draft
        locked = dict(draft.keys or self._shared or ())
        if self._shared is None and not lock_keys(self._work, self._rule.keys, place, locked):
            return None
        last_class = growing.last_class
        growing.last_class = judgement.exposure_class
        for role, unmet in verdict.roles:
            if role.keys_only:
                lock_keys(self._work, role.keys, place, locked)
                continue
            if unmet or (role.single and growing.has_science):
                continue
            if role.not_after is not None and role.not_after == last_class:
                continue
            tried = dict(locked)
            if lock_keys(self._work, role.keys, place, tried):
                draft.keys = tried
                return role
        return None
