"""What the rules make of the pools that were given, to be compared with what others made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from asnrules.associations.model import Association, Member
from asnrules.associations.reader import ForeignAssociation
from asnrules.audit.foreign.differences import content, differences
from asnrules.classifier import Classification
from asnrules.engine.candidates import SubPool, sub_pools
from asnrules.engine.finishing.names import product_name
from asnrules.engine.finishing.wfss import MADE_LATER
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.naming import merge
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.work import Work
from asnrules.worked import WorkedPools

_LATER = tuple(ending for ending, _ in MADE_LATER)


class Match(NamedTuple):
    """An association of the rules that is just the one in question.

    Attributes
    ----------
    association : Association
        As the rules make it.
    is_alone : bool
        Whether it stands only where its candidate is worked without the others.
    """

    association: Association
    is_alone: bool


class _Candidate(NamedTuple):
    """What the rules make for a candidate: by content; worked alone by science, and merged."""

    matches: dict[Hashable, Match]
    by_science: dict[str, list[Association]]
    merged: list[Association]


class Made:
    """What the rules make of pools.

    Parameters
    ----------
    worked : WorkedPools
        The exposures, judged.
    progress : callable, optional
        Called with the candidates done and the candidates there are.
    """

    def __init__(
        self, worked: WorkedPools, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.worked = worked
        outcome = worked.generation(Wanted()).run(progress)
        self._whole = outcome.associations
        self._reasons = outcome.reasons
        self.memberships = outcome.memberships
        self._unsettled = {place for found in outcome.order_dependent for place in found.places}
        self._suffixes = worked.work.ruleset.suffixes
        self._classifications = worked.classifications()
        self._candidates: dict[str, _Candidate] = {}
        self._places: dict[str, int] = {}
        for place in range(len(worked.work.rows)):
            name = worked.work.value(place, "filename") or ""
            self._places.setdefault(name, place)
            self._places.setdefault(product_name(name, self._suffixes), place)

    @property
    def classifications(self) -> dict[int, Classification]:
        """The classification of each distinct exposure, by the id of its judgement."""
        return self._classifications

    def place(self, expname: str) -> int | None:
        """Give the exposure that a member stands for, by its place in canonical order."""
        name = expname.lower().rpartition("/")[2]
        found = self._places.get(name)
        if found is None and not name.endswith(_LATER):
            found = self._places.get(product_name(name, self._suffixes))
        return found

    def unknown(self, association: ForeignAssociation) -> list[str]:
        """Give the members that should be exposures of the pools, and are not."""
        return [
            member.expname
            for member in _members(association)
            if self.place(member.expname) is None and not member.expname.lower().endswith(_LATER)
        ]

    def sciences(self, association: ForeignAssociation) -> list[int]:
        """Give the exposures of the pools that are its sciences."""
        places = [self.place(member.expname) for member in _sciences(association)]
        return [place for place in places if place is not None]

    def classification(self, place: int) -> Classification:
        """Give what an exposure is."""
        return self._classifications[id(self.worked.work.judgements[place])]

    def reason(self, place: int) -> str:
        """Say why an exposure is in no association, or what the rules make of it."""
        return self._reasons.get(place) or self.classification(place).reason

    def is_unsettled(self, places: Iterable[int]) -> bool:
        """Tell whether jwst's own answer for exposures depends on the order of the rows."""
        return not self._unsettled.isdisjoint(places)

    def has_candidate(self, asn_id: str) -> bool:
        """Tell whether the pools have a candidate of this id."""
        return asn_id.lower() in self._sub_pools

    def candidate_type(self, association: ForeignAssociation) -> str | None:
        """Give the type of the candidate of an association; an id may have several."""
        match = self.match(association)
        if match is not None:
            return match.association.candidate_type
        pools = self._sub_pools.get(association.asn_id.lower())
        return pools[0].candidate[1] if pools else None

    def match(self, association: ForeignAssociation) -> Match | None:
        """Find the association of the rules that has the same content."""
        wanted = content(association)
        found = self._contents.get(wanted)
        if found is not None:
            return Match(found, is_alone=False)
        return self._of_candidate(association.asn_id).matches.get(wanted)

    def nearest(self, association: ForeignAssociation) -> list[str] | None:
        """Say in what an association differs from the nearest that the rules make.

        Returns
        -------
        list of str or None
            The differences; None if the rules make none for its sciences.
        """
        own = self._of_candidate(association.asn_id)
        stems = dict.fromkeys(map(self._stem, _sciences(association)))
        if len(association.products) > 1:
            near = [one for one in own.merged if not stems.keys().isdisjoint(self._stems(one))]
        else:
            near = [
                one
                for stem in stems
                for one in own.by_science.get(stem, []) + self._by_science.get(stem, [])
            ]
        found = [differences(association, one, self._suffixes) for one in near]
        return min(found, key=len, default=None)

    def _stem(self, member: Member) -> str:
        return product_name(member.expname.lower(), self._suffixes)

    def _stems(self, one: Association) -> list[str]:
        return [self._stem(member) for member in _sciences(one)]

    def _of_candidate(self, asn_id: str) -> _Candidate:
        asn_id = asn_id.lower()
        found = self._candidates.get(asn_id)
        if found is None:
            pools = self._sub_pools.get(asn_id, [])
            alone = [one for pool in pools for one in self._worked_alone(pool)]
            whole = self._whole_of.get(asn_id, [])
            found = self._candidates[asn_id] = _Candidate(
                matches=_matches(whole, alone),
                by_science=self._index(alone),
                merged=merge(alone),
            )
        return found

    def _index(self, associations: Iterable[Association]) -> dict[str, list[Association]]:
        found: dict[str, list[Association]] = {}
        for one in associations:
            for stem in self._stems(one):
                found.setdefault(stem, []).append(one)
        return found

    def _worked_alone(self, pool: SubPool) -> list[Association]:
        worked, places = self.worked, pool.places
        work = Work(
            worked.work.ruleset,
            [worked.work.rows[place] for place in places],
            worked.work.places,
            [worked.work.judgements[place] for place in places],
            worked.work.has_other_names,
        )
        names = [worked.pools[worked.exposures[place][0]].name for place in places]
        texts = {work.value(place, "asn_candidate") or "" for place in range(len(places))}
        candidates = {
            text: [pair for pair in worked.candidates[text] if pair == pool.candidate]
            for text in texts
        }
        return Generation(work, candidates, names).run().associations

    @cached_property
    def _sub_pools(self) -> dict[str, list[SubPool]]:
        work = self.worked.work
        texts = [work.value(place, "asn_candidate") for place in range(len(work.rows))]
        found: dict[str, list[SubPool]] = {}
        for pool in sub_pools(texts, self.worked.candidates):
            found.setdefault(pool.candidate[0], []).append(pool)
        return found

    @cached_property
    def _contents(self) -> dict[Hashable, Association]:
        return {content(one): one for one in self._whole}

    @cached_property
    def _whole_of(self) -> dict[str, list[Association]]:
        found: dict[str, list[Association]] = {}
        for one in self._whole:
            found.setdefault(one.asn_id, []).append(one)
        return found

    @cached_property
    def _by_science(self) -> dict[str, list[Association]]:
        return self._index(self._whole)


def _matches(whole: Sequence[Association], alone: Sequence[Association]) -> dict[Hashable, Match]:
    """Give what a candidate may come to beside its associations in the whole, by content."""
    found: dict[Hashable, Match] = {}
    for others, is_alone in ((merge(whole), False), (alone, True), (merge(alone), True)):
        for other in others:
            found.setdefault(content(other), Match(other, is_alone))
    return found


def _members(one: Association | ForeignAssociation) -> Sequence[Member]:
    return [member for product in one.products for member in product.members]


def _sciences(one: Association | ForeignAssociation) -> Sequence[Member]:
    return [member for member in _members(one) if member.exptype.lower() == SCIENCE]
