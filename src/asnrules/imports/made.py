"""What the rules make of the pools that were given, to be compared with what others made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from asnrules.associations.model import Association, Product
from asnrules.associations.reader import ForeignAssociation
from asnrules.catalog.classification import Classification
from asnrules.engine.candidates import SubPool, sub_pools
from asnrules.engine.generation import Generation, Wanted
from asnrules.engine.naming import merge, product_name
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import MADE_LATER
from asnrules.imports.differences import (
    Difference,
    Fewest,
    differences,
    field_differences,
    file_name,
    product_differences,
)
from asnrules.pools.evaluation import EvaluatedPools

_LATER = tuple(ending for ending, _ in MADE_LATER)
_ALONE = ", where it is worked alone; of the whole pool, another stands for it"
_SELECTED = ", where some candidates are worked; of the whole pool, others stand for some of it"


class Near(NamedTuple):
    """An association that the rules make, compared with one that was made elsewhere.

    Attributes
    ----------
    association : Association
        As the rules make it.
    differences : list of Difference
        In what the other one differs from it.
    how : str
        Of which candidates it is made, where that is not all of the pool.
    """

    association: Association
    differences: list[Difference]
    how: str


class Made:
    """What the rules make of pools.

    Parameters
    ----------
    worked : EvaluatedPools
        The exposures, judged.
    progress : callable, optional
        Called with the candidates done and the candidates there are.
    """

    def __init__(
        self, worked: EvaluatedPools, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.worked = worked
        outcome = worked.generation(Wanted()).run(progress)
        self._whole = outcome.associations
        self._reasons = outcome.reasons
        self.memberships = outcome.memberships
        self._unsettled = {place for found in outcome.order_dependent for place in found.places}
        self._suffixes = worked.work.ruleset.suffixes
        self._classifications = worked.classifications()
        self._alone: dict[tuple[str, str], list[Association]] = {}
        self._places: dict[str, int] = {}
        for place in range(len(worked.work.rows)):
            name = file_name(worked.work.value(place, "filename") or "")
            self._places.setdefault(name, place)
            self._places.setdefault(product_name(name, self._suffixes), place)

    @property
    def classifications(self) -> dict[int, Classification]:
        """The classification of each distinct exposure, by the id of its judgement."""
        return self._classifications

    def place(self, expname: str) -> int | None:
        """Give the exposure that a member stands for, by its place in canonical order."""
        name = file_name(expname)
        found = self._places.get(name)
        if found is None and not name.endswith(_LATER):
            found = self._places.get(product_name(name, self._suffixes))
        return found

    def unknown(self, association: ForeignAssociation) -> list[str]:
        """Give the members that should be exposures of the pools, and are not."""
        return [
            member.expname
            for product in association.products
            for member in product.members
            if self.place(member.expname) is None and not member.expname.endswith(_LATER)
        ]

    def sciences(self, products: Iterable[Product]) -> list[int]:
        """Give the exposures of the pools that are the sciences of products."""
        places = [
            self.place(member.expname)
            for product in products
            for member in product.members
            if member.exptype == SCIENCE
        ]
        return list(dict.fromkeys(place for place in places if place is not None))

    def classification(self, place: int) -> Classification:
        """Give what an exposure is."""
        return self._classifications[id(self.worked.work.judgements[place])]

    def reason(self, place: int) -> str:
        """Say why an exposure is the science of no association."""
        roles = self._roles.get(place)
        if roles:
            return f"it is {' and '.join(sorted(roles))} only"
        return self._reasons.get(place) or self.classification(place).reason

    def is_unsettled(self, places: Iterable[int]) -> bool:
        """Tell whether jwst's own answer for exposures depends on the order of the rows."""
        return not self._unsettled.isdisjoint(places)

    def has_candidate(self, asn_id: str) -> bool:
        """Tell whether the pools have a candidate of this id."""
        return asn_id in self._sub_pools

    def candidate_type(self, asn_id: str) -> str | None:
        """Give the type of a candidate of the pools; an id may have several."""
        pools = self._sub_pools.get(asn_id)
        return pools[0].candidate[1] if pools else None

    def nearest(
        self, association: ForeignAssociation, *, of_its_candidate: bool = False
    ) -> Near | None:
        """Find what the rules make that is nearest to an association; None if nothing is.

        Of what is equally near, the candidate of the association comes first, and what is made
        of the whole pool.

        Parameters
        ----------
        association : ForeignAssociation
            The association.
        of_its_candidate : bool
            Whether only what is made for its candidate is looked at.
        """
        best: Near | None = None
        fewest = Fewest(association)
        for made, how in self._beside(association):
            if of_its_candidate and made.asn_id != association.asn_id:
                continue
            if best is not None and fewest(made) >= len(best.differences):
                continue
            near = Near(made, differences(association, made, self._suffixes), how)
            if not near.differences:
                return near
            if best is None or len(near.differences) < len(best.differences):
                best = near
        return best

    def nearest_product(self, association: ForeignAssociation, product: Product) -> Near | None:
        """Find what the rules make that is nearest to one product, by members and roles.

        Type, candidate and program of the association count as far as its file tells them.
        """
        best: Near | None = None
        fewest = Fewest(association, product, errors=False)
        for made, how in self._single([product], association.asn_id):
            if best is not None and fewest(made) >= len(best.differences):
                continue
            found = product_differences(product, made.products[0], self._suffixes, errors=False)
            found += field_differences(association, made)
            if best is None or len(found) < len(best.differences):
                best = Near(made, found, how)
        return best

    # --------------------------------------------------------------------- what is compared

    def _beside(self, one: ForeignAssociation) -> Iterator[tuple[Association, str]]:
        """Yield the associations that one may be, or may have been, the likely ones first."""
        if len(one.products) > 1:
            yield from self._merged(one, self.sciences(one.products))
        yield from self._single(one.products, one.asn_id)

    def _single(
        self, products: Sequence[Product], asn_id: str
    ) -> Iterator[tuple[Association, str]]:
        """Yield the associations that have a science or the name of a product, not merged."""
        places = self.sciences(products)
        keys: set[int | str] = {*places, *(product.name for product in products)}
        whole = {id(made): made for key in keys for made in self._by_key.get(key, [])}
        turns = sorted(whole.values(), key=lambda made: (made.asn_id != asn_id, made.asn_name))
        yield from ((made, "") for made in turns)
        for name in self._candidates(asn_id, places):
            for pool in self._sub_pools.get(name, []):
                for made in self._worked_alone(pool):
                    if not keys.isdisjoint(self._keys(made)):
                        yield made, _ALONE

    def _keys(self, made: Association) -> set[int | str]:
        names = (file_name(product.name) for product in made.products)
        return {*self.sciences(made.products), *names}

    def _merged(
        self, one: ForeignAssociation, places: Sequence[int]
    ) -> Iterator[tuple[Association, str]]:
        """Yield what merging comes to: of the whole pool, and of as much as one has of it."""
        names = {product.name for product in one.products}
        for asn_id in self._candidates(one.asn_id, places):
            whole = self._whole_of.get(asn_id, [])
            yield from ((made, "") for made in merge(whole))
            kept = {(made.asn_type, made.products[0].name) for made in whole}
            for pool in self._sub_pools.get(asn_id, []):
                alone = self._worked_alone(pool)
                chosen = [
                    made
                    for made in alone
                    if made.products[0].name in names
                    or (made.asn_type, made.products[0].name) in kept
                ]
                how = _ALONE if len(chosen) == len(alone) else _SELECTED
                yield from ((made, how) for made in merge(chosen))

    def _candidates(self, asn_id: str, places: Sequence[int]) -> list[str]:
        """Give the candidates for which exposures are worked, that of an association first."""
        others = (name for place in places for name in self._by_place.get(place, []))
        return list(dict.fromkeys([asn_id, *others]))

    def _worked_alone(self, pool: SubPool) -> list[Association]:
        """Give the associations of a candidate that is worked without the others."""
        found = self._alone.get(pool.candidate)
        if found is None:
            worked, places = self.worked, pool.places
            work = worked.work.part(places)
            names = [worked.pools[worked.exposures[place][0]].name for place in places]
            texts = {work.value(place, "asn_candidate") or "" for place in range(len(places))}
            candidates = {
                text: [pair for pair in worked.candidates[text] if pair == pool.candidate]
                for text in texts
            }
            made = Generation(work, candidates, names).run().associations
            found = self._alone[pool.candidate] = made
        return found

    @cached_property
    def _sub_pools(self) -> dict[str, list[SubPool]]:
        work = self.worked.work
        texts = [work.value(place, "asn_candidate") for place in range(len(work.rows))]
        listed = work.ruleset.settings.whole_pool
        found: dict[str, list[SubPool]] = {}
        for pool in sub_pools(texts, self.worked.candidates, listed=listed):
            found.setdefault(pool.candidate[0], []).append(pool)
        return found

    @cached_property
    def _by_place(self) -> dict[int, list[str]]:
        """From each exposure to the ids of the candidates for which it is worked."""
        found: dict[int, list[str]] = {}
        for name, pools in self._sub_pools.items():
            for place in {place for pool in pools for place in pool.places}:
                found.setdefault(place, []).append(name)
        return found

    @cached_property
    def _whole_of(self) -> dict[str, list[Association]]:
        found: dict[str, list[Association]] = {}
        for one in self._whole:
            found.setdefault(one.asn_id, []).append(one)
        return found

    @cached_property
    def _by_key(self) -> dict[int | str, list[Association]]:
        """From each science, and each name of a product, to the associations that have it."""
        found: dict[int | str, list[Association]] = {}
        for one in self._whole:
            for key in self._keys(one):
                found.setdefault(key, []).append(one)
        return found

    @cached_property
    def _roles(self) -> dict[int, set[str]]:
        """From each exposure to the roles that it has in associations."""
        found: dict[int, set[str]] = {}
        for one in self._whole:
            for product in one.products:
                for member in product.members:
                    if member.exposure is not None:
                        found.setdefault(member.exposure, set()).add(member.exptype)
        return found
