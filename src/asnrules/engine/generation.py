"""Make the Stage 2 associations of exposures, and decide what becomes of each exposure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from asnrules.associations.model import Association
from asnrules.engine.anchors import anchored
from asnrules.engine.candidates import Pair, Selection, SubPool, lone_candidates, sub_pools
from asnrules.engine.exposures import Work
from asnrules.engine.growing import Draft, Fate, find
from asnrules.engine.growth import OF_COMPANION, OF_NO_CANDIDATE, OF_SCIENCE, Growth, Refused
from asnrules.engine.lacking import Lacking, Search
from asnrules.engine.naming import Made, Naming, merge
from asnrules.engine.nearest_companion import Companions
from asnrules.engine.nearest_rule import Nearness
from asnrules.engine.order_sensitivity import OrderDependence
from asnrules.engine.steps.wording import left_out_text
from asnrules.engine.used import used_directs
from asnrules.util.parallel import Told, parallel_map

_MOST_COMPARED = 50_000
"""Comparisons that the reasons of a run may take: some two seconds."""

_WORTH_SHARING = 5_000
"""Exposures for which a second process pays: it takes some hundredths of a second to start."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of the associations of a pool.

    Attributes
    ----------
    selection : Selection
        Of which candidates.
    merge : bool
        Whether those of one type and candidate are merged.
    version_id : str or None
        To be put into names.
    watched : int or None
        An exposure of which all fates are kept, by its place in canonical order.
    diagnosed : bool
        Whether to look for groups for which jwst's answer depends on the order of the rows.
    explained : bool
        Whether reasons name the exposures that come nearest.
    workers : int
        How many processes may share the work.
    """

    selection: Selection = field(default_factory=Selection)
    merge: bool = False
    version_id: str | None = None
    watched: int | None = None
    diagnosed: bool = True
    explained: bool = True
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out for a pool.

    Attributes
    ----------
    associations : list of Association
        In the order in which they are numbered.
    memberships : list of int
        For each exposure, in canonical order, in how many associations it is.
    reasons : dict of int to str
        For each exposure that is in none, why, where the rules alone do not say it.
    order_dependent : list of OrderDependence
        Groups for which jwst's answer depends on the order of the rows.
    fates : list of Fate
        What became of the watched exposure.
    lacking : list of Lacking
        What else it lacks, or lacked it: companions and sciences that come near.
    """

    associations: list[Association]
    memberships: list[int]
    reasons: dict[int, str]
    order_dependent: list[OrderDependence]
    fates: list[Fate]
    lacking: list[Lacking]


class _Grown(NamedTuple):
    """What came of some candidates: see `Growth` and `Naming`. Drafts only for fates."""

    made: list[Made]
    drafts: list[Draft]
    refused: list[Refused]
    order_dependent: list[OrderDependence]
    fates: list[Fate]


class Generation:
    """Makes the associations of one pool.

    Parameters
    ----------
    work : Work
        The judged exposures, in canonical order.
    candidates : mapping
        From asn_candidate text to its pairs of id and type.
    pool_names : sequence of str
        For each exposure, the name of its pool.
    wanted : Wanted
        What is wanted; all associations of all candidates by default.
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
        self._pool_names = pool_names
        self._wanted = wanted or Wanted()

    def run(self, progress: Told | None = None) -> Outcome:
        """Make the associations.

        Parameters
        ----------
        progress : callable, optional
            Called with the candidates done and the candidates there are.

        Raises
        ------
        NotFoundError
            If a selected candidate is not in the pool.
        """
        wanted = self._wanted
        texts = self._texts()
        at_once = self._work.ruleset.settings.whole_pool
        pools = wanted.selection.worked(sub_pools(texts, self._candidates, listed=at_once))
        sizes = [len(pool.places) for pool in pools]
        workers = wanted.workers if sum(sizes) >= _WORTH_SHARING else 1
        grown = _joined(parallel_map(self._grow, pools, sizes, workers, progress))
        found = self._discover()
        made = [*found.made, *(sorted(grown.made, key=self._turn) if at_once else grown.made)]
        drafts = [
            *found.drafts,
            *(sorted(grown.drafts, key=self._turn) if at_once else grown.drafts),
        ]
        naming = Naming(self._work, self._pool_names, wanted.version_id)
        named = [
            (association, place)
            for association, place in naming.name(made)
            if wanted.selection.keeps(association.asn_id)
        ]
        associations = [association for association, _ in named]
        if wanted.merge:
            associations = merge(associations)
        memberships = self._memberships(associations)
        fates, lacking = self._lacking(pools, [*grown.fates, *self._fates(drafts, named)])
        return Outcome(
            associations=associations,
            memberships=memberships,
            reasons=self._reasons(memberships, grown.refused, pools, associations),
            order_dependent=grown.order_dependent,
            fates=fates,
            lacking=lacking,
        )

    def _lacking(
        self, pools: Sequence[SubPool], fates: list[Fate]
    ) -> tuple[list[Fate], list[Lacking]]:
        """Say what came nearest to what the watched exposure lacked, and what else it lacks."""
        if self._wanted.watched is None:
            return fates, []
        search = Search(self._work, pools, self._candidates, self._wanted.watched, fates)
        return [search.told(fate) for fate in fates], search.run()

    def _grow(self, pools: Sequence[SubPool], told: Told | None) -> _Grown:
        """Grow the associations of candidates."""
        growth = Growth(self._work, watched=self._wanted.watched, diagnosed=self._wanted.diagnosed)
        return self._made(growth, growth.drafts(pools, told))

    def _texts(self) -> list[str | None]:
        column = self._work.places["asn_candidate"]
        return [row[column] for row in self._work.rows]

    def discovers(self) -> bool:
        """Tell whether there are associations that are discovered."""
        return bool(self._discover().made)

    def _discover(self) -> _Grown:
        """Grow the associations that are discovered."""
        growth = Growth(self._work, watched=self._wanted.watched, diagnosed=False)
        is_wanted = not self._wanted.selection.ids
        lone = lone_candidates(self._texts(), self._candidates) if is_wanted else {}
        return self._made(growth, growth.discovered(lone))

    def _made(self, growth: Growth, drafts: list[Draft]) -> _Grown:
        is_watching = self._wanted.watched is not None
        naming = Naming(self._work, self._pool_names, self._wanted.version_id)
        made = naming.made(drafts, keep=is_watching)
        kept = drafts if is_watching else []
        return _Grown(made, kept, growth.refused, growth.order_dependent, growth.fates)

    def _turn(self, one: Draft | Made) -> tuple[int, int]:
        """Sort key: creating exposure, then candidate."""
        listed = self._candidates[self._work.value(one.creator, "asn_candidate") or ""]
        return one.creator, list(listed).index(one.candidate)

    def _memberships(self, associations: Sequence[Association]) -> list[int]:
        products = chain.from_iterable(association.products for association in associations)
        members = chain.from_iterable(product.members for product in products)
        counts = Counter(map(attrgetter("exposure"), members))
        return [counts[place] for place in range(len(self._work.rows))]

    def _reasons(
        self,
        memberships: Sequence[int],
        refused: Iterable[Refused],
        pools: Sequence[SubPool],
        associations: Sequence[Association],
    ) -> dict[int, str]:
        """Say why exposures that rules would take are in no association."""
        worked = {place for pool in pools for place in pool.places}
        nearness = Nearness(self._work.ruleset)
        grown: dict[int, Refused] = {}
        for one in sorted(refused, key=lambda one: one.rank):
            for place in one.places:
                if memberships[place] == 0:
                    grown.setdefault(place, one)
        most = _MOST_COMPARED if self._wanted.explained else 0
        companions = Companions(self._work, pools, self._candidates, most)
        left = [
            place
            for place, count in enumerate(memberships)
            if count == 0 and self._work.judgements[place].takers
        ]
        reasons = used_directs(self._work, pools, associations, left)
        twice = self._listed_again(memberships) if self._work.has_repeated_names else set()
        for place in left:
            if place in twice:
                reasons[place] = "the pool lists it more than once; another row of it is used"
            elif place not in reasons:
                text = self._work.value(place, "asn_candidate")
                if not self._candidates.get(text or ""):
                    reasons[place] = "it belongs to no candidate"
                else:
                    left_out = "associations of other candidates stand for its own"
                    if place not in worked:
                        left_out = "its candidates were not selected"
                    elif place not in grown and not anchored(self._work, place):
                        left_out = self._truer(nearness, place, "no association takes it")
                    reasons[place] = left_out
                    if place in grown:
                        rank, _, lack, number, candidate = grown[place]
                        near = companions.told(number, candidate, place, lack.exptype)
                        reasons[place] = f"{lack.text}{near}"
                        # What a candidate is for, it lacks by any other rule as well.
                        if rank != OF_SCIENCE or lack.exptype != candidate[1]:
                            reasons[place] = self._truer(nearness, place, reasons[place], rank)
        return reasons

    def _listed_again(self, memberships: Sequence[int]) -> set[int]:
        """Give exposures in no association of which another row is in one."""
        names = [self._work.value(place, "filename") for place in range(len(memberships))]
        used = {name for name, count in zip(names, memberships, strict=True) if count}
        return {
            place for place, name in enumerate(names) if not memberships[place] and name in used
        }

    def _truer(self, nearness: Nearness, place: int, reason: str, rank: int = OF_COMPANION) -> str:
        """Say why an exposure is in no association, beside why one of a rule did not come about.

        Where it would have been a companion there, or the rule is for other candidates, the rule
        that it comes nearest to says more; unless that asks for what is not set.
        """
        if rank == OF_NO_CANDIDATE:
            return reason
        judgement = self._work.judgements[place]
        nearest = nearness.nearest(judgement, set_only=True)
        if rank == OF_SCIENCE:
            return reason if nearest is None else f"{reason}; of the other rules, {nearest}"
        counted = nearness.class_words(judgement)
        as_it_counts = "" if counted is None else f"it counts as {counted}; "
        if nearest is None:
            return f"{as_it_counts}{reason}"
        return f"{as_it_counts}no rule makes an association of it; {nearest}"

    def _fates(
        self, drafts: Sequence[Draft], named: Sequence[tuple[Association, int]]
    ) -> list[Fate]:
        """Say what became of the watched exposure in the associations that came about."""
        if self._wanted.watched is None:
            return []
        kept = {place: association for association, place in named}
        fates = []
        for place, draft in enumerate(drafts):
            member = find(draft.members, self._wanted.watched)
            grown = member or draft.watched
            association = kept.get(place)
            if grown is None:
                continue
            if association is None:
                text = (
                    "duplicate: another association has the same members, or the same product and "
                    "more members"
                )
                fates.append(Fate(draft.rule, draft.candidate, grown, text))
            elif member is None:
                text = f"made without it: {left_out_text(draft, grown, self._work)}"
                fates.append(Fate(draft.rule, draft.candidate, grown, text))
            else:
                keys = {
                    name: (keyword, value)
                    for name, (keyword, value) in draft.keys.items()
                    if self._work.value(self._wanted.watched, keyword) == value
                }
                fates.append(Fate(draft.rule, draft.candidate, member, None, association, keys))
        return fates


def _joined(shares: Sequence[_Grown]) -> _Grown:
    """Put shares together, in their order; the first takes in the others."""
    first, *others = shares
    for other in others:
        first.made.extend(other.made)
        first.drafts.extend(other.drafts)
        first.refused.extend(other.refused)
        first.order_dependent.extend(other.order_dependent)
        first.fates.extend(other.fates)
    return first
