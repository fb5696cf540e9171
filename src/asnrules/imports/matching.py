"""What the rules make of pools, and what of it comes nearest to what others made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeVar

from asnrules.associations.comparison import (
    ALL_UNTOLD,
    CANDIDATE,
    LATER,
    Difference,
    Fewest,
    differences,
    file_name,
    product_differences,
    told_differences,
)
from asnrules.associations.model import Association, Product, members_of
from asnrules.associations.reader import ForeignAssociation
from asnrules.engine.candidates import Selection, SubPool, candidate_pools, qualified
from asnrules.engine.conditions import Values
from asnrules.engine.generation import Wanted
from asnrules.engine.naming import merge, product_name
from asnrules.engine.signatures import SCIENCE
from asnrules.engine.steps.direct_images import MADE_LATER
from asnrules.imports.members_apart import MembersApart
from asnrules.pools.evaluation import EvaluatedPools

_Key = TypeVar("_Key", bound=Hashable)
_One = TypeVar("_One")
_LATER = tuple(ending for ending, _ in MADE_LATER)
_ALONE = ", if only this candidate is selected"
_SELECTED = ", if only some candidates are selected"


class Expected(NamedTuple):
    """An association that the rules make."""

    association: Association
    how: str = ""
    """Whether it is merged, and of which candidates it is made, where that is not all of the pool.
    """
    parts: Sequence[Association] = ()
    """What it is merged of."""
    selected: Selection | None = None
    """The candidates with which it is made; None if the whole pool makes it."""


class Near(NamedTuple):
    """What the rules make, compared with an association that was made elsewhere."""

    expected: Expected
    differences: list[Difference]

    @property
    def association(self) -> Association:
        """What is compared."""
        return self.expected.association

    def less(self, key: str) -> Near:
        """Give it without the differences of a key."""
        return self._replace(differences=[one for one in self.differences if one.key != key])

    @property
    def is_of_another_candidate(self) -> bool:
        """Whether that is all that differs."""
        return [found.key for found in self.differences] == [CANDIDATE]


class Matcher:
    """What the rules make of the exposures of pools, and what it is compared with."""

    def __init__(
        self, evaluated: EvaluatedPools, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.evaluated = evaluated
        outcome = evaluated.generation(Wanted()).run(progress)
        self._whole = outcome.associations
        self._reasons = outcome.reasons
        self.memberships = outcome.memberships
        self._unsettled = {place for found in outcome.order_dependent for place in found.places}
        self._suffixes = evaluated.work.ruleset.suffixes
        self._of_candidates: dict[tuple[str, str], list[Association]] = {}
        self._places: dict[str, int] = {}
        for place in range(len(evaluated.work.rows)):
            name = file_name(evaluated.work.value(place, "filename") or "")
            self._places.setdefault(name, place)
            self._places.setdefault(product_name(name, self._suffixes), place)

    def place(self, expname: str) -> int | None:
        """Give the exposure that a member stands for, by its place in canonical order."""
        name = file_name(expname)
        found = self._places.get(name) if name else None
        if found is None and name and not name.endswith(_LATER):
            found = self._places.get(product_name(name, self._suffixes))
        return found

    def exposure_of(self, name: str) -> str:
        """Give the exposure that a file was made of by the beginning of its name; '' for none."""
        place = None
        while place is None and name:
            name = name.rpartition("_")[0]
            place = self._places.get(name)
        return "" if place is None else self.evaluated.work.value(place, "filename") or ""

    def placed(self, product: Product) -> Product:
        """Give a product whose members know the exposures that they stand for."""
        members = (one._replace(exposure=self.place(one.expname)) for one in product.members)
        return product._replace(members=tuple(members))

    def unknown(self, association: ForeignAssociation) -> list[str]:
        """Give the members that should be exposures of the pools, and are not."""
        return [
            one.expname
            for one in members_of(association.products)
            if one.expname
            and self.place(one.expname) is None
            and not (one.expname.endswith(_LATER) or one.exptype in LATER)
        ]

    def sciences(self, products: Iterable[Product]) -> list[int]:
        """Give the exposures of the pools that are the sciences of products."""
        members = members_of(products)
        places = (self.place(one.expname) for one in members if one.exptype == SCIENCE)
        return list(dict.fromkeys(place for place in places if place is not None))

    def kind(self, place: int) -> tuple[str, str | None, Values]:
        """Give the EXP_TYPE of an exposure, its special, and the values that conditions look at."""
        found = self.evaluated.classification(place)
        return found.exp_type or "", found.special, self.evaluated.work.judgements[place].values

    def reason(self, place: int) -> str:
        """Say why an exposure is the science of no association."""
        roles = self._roles.get(place)
        if roles:
            return f"it is {' and '.join(sorted(set(roles)))} only"
        return self._reasons.get(place) or self.evaluated.classification(place).reason

    def apart(self, made: Association, product: str, expname: str, exptype: str) -> str:
        """Say which keywords keep a member of a file out of a product of the rules in a role.

        '' if that is not known.
        """
        own = [one for one in made.products if one.name == product]
        sciences, place = self.sciences(own), self.place(expname)
        if place is None or not sciences:
            return ""
        if exptype == SCIENCE and place not in sciences:
            names = (file_name(one.products[0].name) for one in self._by_key.get(place, []))
            return next((f"they make product {name} of it" for name in names), "")
        return self._apart.text(made, sciences[0], place, exptype)

    def is_unsettled(self, places: Iterable[int]) -> bool:
        """Tell whether jwst's own answer for exposures depends on the order of the rows."""
        return not self._unsettled.isdisjoint(places)

    def candidate_type(self, asn_id: str) -> str | None:
        """Give the type of a candidate of the pools; None if they have none of this id."""
        pools = self._sub_pools.get(asn_id)
        return pools[0].candidate[1] if pools else None

    def nearest(
        self, association: ForeignAssociation, *, of_its_candidate: bool = False
    ) -> Near | None:
        """Find what the rules make that is nearest to an association; None if nothing is.

        Unless it is made exactly, that is what is kept of the whole pool, if anything is. Of what
        is equally near, the candidate of the association comes first. With `of_its_candidate`,
        only what is made for it is looked at.
        """
        if not association.products:
            return None
        return _nearest(
            (
                one
                for one in self._beside(association)
                if not of_its_candidate or one.association.asn_id == association.asn_id
            ),
            Fewest(association, association.products, association.untold),
            lambda made: differences(association, made, self._suffixes),
        )

    def nearest_product(self, association: ForeignAssociation, product: Product) -> Near | None:
        """Find what the rules make that is nearest to one product, by members and roles.

        Type, candidate and program of the association count as far as its file tells them, and the
        name of the product where it is as near otherwise.
        """
        return _nearest(
            self._single([product], association.asn_id),
            Fewest(association, [product], ALL_UNTOLD),
            lambda made: [
                *product_differences(product, made.products[0], self._suffixes, ALL_UNTOLD),
                *told_differences(association, made),
            ],
            free="name",
        )

    def stay(self, made: Expected) -> list[Association]:
        """Give what the whole pool keeps in place of what only a selection makes."""
        if made.selected is None:
            return []
        here = {key for key in self._keys(made.association) if isinstance(key, int)}
        found = {id(one): one for key in here for one in self._by_key.get(key, [])}
        own = {_named(product) for product in made.association.products}
        return [one for one in found.values() if not own.issuperset(map(_named, one.products))]

    # --------------------------------------------------------------------- what is compared

    def _beside(self, one: ForeignAssociation) -> Iterator[Expected]:
        """Yield the associations that one may be, or may have been, the likely ones first."""
        if len(one.products) > 1:
            yield from self._merged(one)
            yield from self._single(one.products, one.asn_id)
            return
        yield from self._single(one.products, one.asn_id)
        for made in self._merged(one):
            if len(made.association.products) == 1:
                yield made._replace(how=f", merged{made.how}")

    def _single(self, products: Sequence[Product], asn_id: str) -> Iterator[Expected]:
        """Yield the associations that have a science or the name of a product, not merged."""
        places = self.sciences(products)
        keys: set[int | str] = {*places, *(product.name for product in products)}
        whole = {id(made): made for key in keys for made in self._by_key.get(key, [])}
        turns = sorted(whole.values(), key=lambda made: (made.asn_id != asn_id, made.asn_name))
        yield from map(Expected, turns)
        for name in self._candidates(asn_id, places):
            for pool in self._sub_pools.get(name, []):
                for made in self._of_candidate(pool):
                    if not keys.isdisjoint(self._keys(made)):
                        yield Expected(made, _ALONE, selected=_only(pool))

    def _keys(self, made: Association) -> set[int | str]:
        names = (file_name(product.name) for product in made.products)
        return {*self.sciences(made.products), *names}

    def _merged(self, one: ForeignAssociation) -> Iterator[Expected]:
        """Yield what merging makes with a science or product of it, of the pool or a part."""
        keys = {*self.sciences(one.products), *(product.name for product in one.products)}
        for made in self._merges(one):
            if not keys.isdisjoint(self._keys(made.association)):
                yield made

    def _merges(self, one: ForeignAssociation) -> Iterator[Expected]:
        """Yield what merging makes of the whole pool, and of a part of it."""
        names = {product.name for product in one.products}
        for asn_id in self._candidates(one.asn_id, self.sciences(one.products)):
            yield from self._merged_of.get(asn_id, [])
            whole = self._whole_of.get(asn_id, [])
            kept = {(made.asn_type, made.products[0].name) for made in whole}
            for pool in self._sub_pools.get(asn_id, []):
                own = self._of_candidate(pool)
                chosen = [
                    made
                    for made in own
                    if made.products[0].name in names
                    or (made.asn_type, made.products[0].name) in kept
                ]
                how = _ALONE if len(chosen) == len(own) else _SELECTED
                yield from _merges(chosen, how, _only(pool))

    def _candidates(self, asn_id: str, places: Sequence[int]) -> list[str]:
        """Give the candidates of exposures, that of an association first."""
        others = (name for place in places for name in self._by_place.get(place, []))
        return list(dict.fromkeys([asn_id, *others]))

    def _of_candidate(self, pool: SubPool) -> list[Association]:
        """Give the associations of a candidate when it alone is asked for."""
        found = self._of_candidates.get(pool.candidate)
        if found is None:
            part = self.evaluated.part(pool.places)
            found = part.generation(Wanted(_only(pool))).run().associations
            self._of_candidates[pool.candidate] = found
        return found

    @cached_property
    def _apart(self) -> MembersApart:
        return MembersApart(self.evaluated, self._sub_pools)

    @cached_property
    def _sub_pools(self) -> dict[str, list[SubPool]]:
        pools = candidate_pools(self.evaluated.work, self.evaluated.candidates)
        return _grouped((pool.candidate[0], pool) for pool in pools)

    @cached_property
    def _by_place(self) -> dict[int, list[str]]:
        """From each exposure to the ids of its candidates."""
        return _grouped(
            (place, name)
            for name, pools in self._sub_pools.items()
            for place in {place for pool in pools for place in pool.places}
        )

    @cached_property
    def _whole_of(self) -> dict[str, list[Association]]:
        return _grouped((one.asn_id, one) for one in self._whole)

    @cached_property
    def _merged_of(self) -> dict[str, list[Expected]]:
        return {asn_id: _merges(found) for asn_id, found in self._whole_of.items()}

    @cached_property
    def _by_key(self) -> dict[int | str, list[Association]]:
        """From each science, and each name of a product, to the associations that have it."""
        return _grouped((key, one) for one in self._whole for key in self._keys(one))

    @cached_property
    def _roles(self) -> dict[int, list[str]]:
        """From each exposure to the roles that it has in associations."""
        members = (member for one in self._whole for _, member in one.placed)
        return _grouped((one.exposure, one.exptype) for one in members if one.exposure is not None)


def _merges(
    given: Sequence[Association], how: str = "", selected: Selection | None = None
) -> list[Expected]:
    """Merge the associations of a candidate."""
    parts = _grouped((one.asn_type, one) for one in given)
    return [Expected(one, how, parts[one.asn_type], selected) for one in merge(given)]


def _only(pool: SubPool) -> Selection:
    """Select a candidate alone."""
    return Selection(frozenset([qualified(pool.candidate)]))


def _nearest(
    given: Iterable[Expected],
    fewest: Fewest,
    compared: Callable[[Association], list[Difference]],
    free: str = "",
) -> Near | None:
    """Find the first with the fewest differences, and put only these into words.

    What only a selection makes stands if it is exactly that, but for what is `free`, or if the
    whole pool keeps nothing.
    """
    kept: Near | None = None
    other: Near | None = None
    for made in given:
        is_kept = made.selected is None
        best = kept if is_kept else other
        least = fewest(made.association)
        if best is not None and least >= len(best.differences):
            continue
        if not is_kept and kept is not None and least > bool(free):
            continue
        near = Near(made, compared(made.association))
        if best is None or len(near.differences) < len(best.differences):
            kept, other = (near, other) if is_kept else (kept, near)
        if not near.differences:
            return near
    exact = (near for near in (kept, other) if near and not near.less(free).differences)
    return next(exact, kept or other)


def _named(product: Product) -> tuple[str, frozenset[tuple[str, str]]]:
    """Give the name of a product, and its files with their roles."""
    return product.name, frozenset((one.expname, one.exptype) for one in product.members)


def _grouped(pairs: Iterable[tuple[_Key, _One]]) -> dict[_Key, list[_One]]:
    found: dict[_Key, list[_One]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return found
