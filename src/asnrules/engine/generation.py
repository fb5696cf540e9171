"""Make the Stage 2 associations of exposures, and decide what becomes of each exposure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asnrules.associations.model import Association
from asnrules.engine.associator import Associator, Made, Origin
from asnrules.engine.candidates import (
    Pair,
    Selection,
    SubPool,
    candidate_pools,
    hang_together,
    lone_candidates,
    without_background_rows,
)
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Fate, GrowingAssociation, Locked, exptype_of, find
from asnrules.engine.joint_candidates import JointCandidates
from asnrules.engine.naming import Naming, merge
from asnrules.engine.nearest_companion import MissingCompanion, MissingCompanions
from asnrules.engine.order_sensitivity import OrderDependence
from asnrules.engine.part import Part
from asnrules.engine.pruning import Unnamed
from asnrules.engine.reasons import Reasons
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps import left_out_text

BY_RULE, BY_CANDIDATE = "by_rule", "by_candidate"
LEFT_OUT, ADDED = "background_rows_left_out", "backgrounds_added"

DUPLICATE = (
    "duplicate: another association has the same members, or the same product and more members"
)

_Turn = tuple[int, int, int, int]

Told = Callable[[int, int], None]
"""Told the candidates done, and all there are."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of the associations of a pool."""

    selection: Selection = field(default_factory=Selection)
    """Of which candidates."""
    merge: bool = False
    """Whether those of one type and candidate are merged."""
    version_id: str | None = None
    """To be put into names."""
    watched: int | None = None
    """An exposure of which all fates are kept, by its place in canonical order."""
    diagnosed: bool = True
    """Whether to look for groups for which jwst's answer depends on the order of the rows."""
    explained: bool = True
    """Whether reasons name the exposures that come nearest."""

    @classmethod
    def by(cls, options: Mapping[str, Any]) -> Wanted:
        """Give what a run wanted, by its options as they are recorded; an import has none."""
        ids = frozenset(name.lower() for name in options.get("candidates") or ())
        selection = Selection(ids, bool(options.get("dms")))
        return cls(selection, bool(options.get("merge")), options.get("version_id"))

    def again(self, candidates: Iterable[Pair]) -> Wanted | None:
        """Give what is wanted of exposures of some candidates, with no diagnoses or explanations.

        None if candidates are selected, and none of these is.
        """
        selection = self.selection.among(candidates)
        if selection is None:
            return None
        return replace(self, selection=selection, diagnosed=False, explained=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for a pool."""

    associations: list[Association]
    """In the order in which they are numbered."""
    memberships: list[int]
    """For each exposure, in canonical order, in how many associations it is."""
    reasons: dict[int, str]
    """For each exposure that is in none, why, where the rules alone do not say it."""
    order_dependent: list[OrderDependence]
    """Groups for which jwst's answer depends on the order of the rows."""
    fates: list[Fate]
    """What became of the watched exposure."""
    missing: list[MissingCompanion]
    """What else it lacks, or lacked it: companions and sciences that come near."""


Sharing = Callable[["Generation", Sequence[SubPool], Told | None], list[Made]]
"""Has a generation make the associations of candidates, share by share, perhaps in other processes.

It gives what is made of each share, in the order of the candidates.
"""


class Generation:
    """Makes the associations of one pool: all of all candidates, unless others are wanted.

    The candidates go from an asn_candidate text to its pairs of id and type. Each exposure has the
    name of its pool.
    """

    def __init__(
        self,
        work: Work,
        candidates: Mapping[str, Sequence[Pair]],
        pool_names: Sequence[str],
        wanted: Wanted | None = None,
    ) -> None:
        self._work = work
        self._candidates = candidates
        self._wanted = wanted or Wanted()
        self._naming = Naming(work, pool_names, self._wanted.version_id)
        self._unfinished_from: _Turn | None = None
        self._chosen: set[Pair] = set()
        self._joint: JointCandidates | None = None
        self._numbers = {rule.name: number for number, rule in enumerate(work.ruleset.rules)}

    def run(self, progress: Told | None = None, share: Sharing | None = None) -> Outcome:
        """Make the associations; `share` tells how candidates are shared among processes, if any.

        It is a NotFoundError if a selected candidate is not in the pool.
        """
        wanted = self._wanted
        settings = self._work.ruleset.settings
        is_dms = wanted.selection.dms
        selection = wanted.selection._replace(dms=is_dms and settings.dms_mode == ADDED)
        pools = selection.chosen(candidate_pools(self._work, self._candidates))
        if is_dms and settings.dms_mode == LEFT_OUT:
            pools = without_background_rows(self._work, pools)
        self._chosen = {pool.candidate for pool in pools}
        joint = JointCandidates(self._work, pools, self._candidates, selected=bool(selection.ids))
        self._joint = joint if joint.rules else None
        made = self._made(pools, progress, share)
        if made.unfinished:
            self._unfinished_from = min(map(self._turn, made.unfinished))
            made = self._made(pools, progress, share)
        if settings.generation_order != BY_CANDIDATE:
            made.unnamed.sort(key=self._turn_of)
            made.finished.sort(key=self._turn_of)
        found = self._discover()
        self._work.forget()
        made.unnamed[:0] = found.unnamed
        associations: list[Association] = []
        places: list[int] = []
        for association, place in self._naming.name(
            made.unnamed, pruned=self._unfinished_from is None
        ):
            if selection.keeps(association.asn_id):
                associations.append(association)
                places.append(place)
        fates = made.fates
        if wanted.watched is not None:
            kept = dict(zip(places, associations, strict=True))
            finished = [*found.finished, *made.finished]
            fates = [*fates, *self._fates(wanted.watched, finished, kept)]
        if wanted.merge:
            associations = merge(associations)
        memberships = self._memberships(associations)
        missing: list[MissingCompanion] = []
        if wanted.watched is not None:
            search = MissingCompanions(self._work, pools, self._candidates, wanted.watched, fates)
            fates, missing = [search.told(fate) for fate in fates], search.run()
        reasons = Reasons(self._work, pools, self._candidates, explained=wanted.explained)
        return Outcome(
            associations=associations,
            memberships=memberships,
            reasons=reasons.of(memberships, made.refused, associations),
            order_dependent=made.order_dependent,
            fates=fates,
            missing=missing,
        )

    def discovers(self) -> bool:
        """Tell whether there are associations that are discovered."""
        return bool(self._discover().unnamed)

    def _made(self, pools: Sequence[SubPool], progress: Told | None, share: Sharing | None) -> Made:
        if share is None or self._joint is not None:
            return self.make(pools, progress)
        made, *others = share(self, pools, progress)
        for other in others:
            made.add(other)
        return made

    def make(self, pools: Sequence[SubPool], told: Told | None = None) -> Made:
        """Make the associations of candidates, up to their names: a share of the work."""
        return self._associator(diagnosed=self._wanted.diagnosed, joint=self._joint).make(
            pools, told
        )

    def can_part(self) -> bool:
        """Tell whether candidates can be made without the others, up to their names."""
        return not hang_together(self._work)

    def part(self, pools: Sequence[SubPool]) -> Part:
        """Give candidates with all that it takes to make their associations elsewhere."""
        return Part.of(self._work, pools, diagnosed=self._wanted.diagnosed)

    def _discover(self) -> Made:
        lone: dict[Pair, list[int]] = {}
        if not self._wanted.selection.ids:
            lone = lone_candidates(self._work.column("asn_candidate"), self._candidates)
        return self._associator(diagnosed=False).discover(lone)

    def _associator(self, *, diagnosed: bool, joint: JointCandidates | None = None) -> Associator:
        first = self._unfinished_from
        return Associator(
            self._work,
            self._naming,
            watched=self._wanted.watched,
            diagnosed=diagnosed and first is None,
            has_products=None if first is None else lambda origin: self._turn(origin) < first,
            joint=joint,
        )

    def _turn_of(self, one: GrowingAssociation | Unnamed) -> _Turn:
        return self._turn(Origin(self._numbers[one.rule.name], one.creator, one.candidate))

    def _turn(self, origin: Origin) -> _Turn:
        """Sort key, where all candidates are processed at once; see `GENERATION_ORDERS`."""
        number, creator, pair = origin
        listed = self._candidates[self._work.value(creator, "asn_candidate") or ""]
        candidate = [one for one in listed if one in self._chosen].index(pair)
        if self._wanted.selection.ids:
            if self._joint is not None:
                later = self._joint.later(number, creator, pair)
                if later is not None:
                    return 1, later, creator, candidate
        elif self._work.ruleset.settings.generation_order == BY_RULE:
            return 0, self._work.ranks[number], creator, candidate
        return 0, creator, number, candidate

    def _memberships(self, associations: Sequence[Association]) -> list[int]:
        # A Counter of a million exposures takes as much memory as their rows.
        counts = [0] * len(self._work.rows)
        for association in associations:
            for product in association.products:
                for member in product.members:
                    if member.exposure is not None:
                        counts[member.exposure] += 1
        return counts

    def _fates(
        self,
        watched: int,
        finished: Sequence[GrowingAssociation],
        kept: Mapping[int, Association],
    ) -> list[Fate]:
        """Say what became of the watched exposure in the associations that came about.

        Those that are kept are given by their places.
        """
        fates = []
        for place, one in enumerate(finished):
            member = find(one.members, watched)
            before = member or one.watched
            if before is None:
                continue
            reason: str | None = None
            keys: Locked = {}
            if place not in kept:
                reason = DUPLICATE
            elif member is None:
                reason = f"made without it: {left_out_text(one, before, self._work)}"
            else:
                keys = {
                    name: (keyword, value)
                    for name, (keyword, value) in one.keys
                    if self._work.value(watched, keyword) == value
                }
            association = None if reason else kept[place]
            science = one.first(self._work, exptype_of, SCIENCE)
            fate = Fate(one.rule, one.candidate, before, reason, association, keys)
            locked = {} if association is None else dict(one.keys)
            fates.append(fate._replace(locked=locked, science=science and science.exposure))
        return fates
