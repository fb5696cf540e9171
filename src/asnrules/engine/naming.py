"""Turn finished associations into named ones: names, numbers, pruning, merging.

Source of the names: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from asnrules.associations.model import DEGRADED, NO_DEGRADED, Association, Member, Product
from asnrules.engine.exposures import Work
from asnrules.engine.growing import GrowingAssociation, Keys
from asnrules.engine.pruning import Unnamed, digest_of, prune
from asnrules.engine.signatures import SCIENCE
from asnrules.util.text import program_name

_SEPARATOR = re.compile("[_-]")

UNDEFINED_PRODUCT = "undefined"
"""The name of a product that has no science member to take one from."""


@lru_cache(maxsize=16)
def _longest(suffixes: frozenset[str]) -> int:
    return max(map(len, suffixes), default=0)


def product_name(expname: str, suffixes: frozenset[str]) -> str:
    """Give the name of the product of a science member.

    That is its name, with its folder if it has one, less extension and the longest of the known
    product suffixes that fits.
    """
    stem = _stem(expname)
    # What follows the first character, as far as a suffix may reach: the same again and again.
    end = stem[max(1, len(stem) - _longest(suffixes) - 1) :]
    return stem[: len(stem) - _length_of_suffix(end, suffixes)]


@lru_cache(maxsize=8192)
def _length_of_suffix(end: str, suffixes: frozenset[str]) -> int:
    """Give the length of the longest suffix at an end, with what separates it; 0 for none."""
    separators = _SEPARATOR.finditer(end)
    return next((len(end) - one.start() for one in separators if end[one.end() :] in suffixes), 0)


def _stem(expname: str) -> str:
    if "/" in expname or expname.startswith("."):
        path = PurePosixPath(expname)
        return str(path.parent / path.stem)
    stem, dot, extension = expname.rpartition(".")
    return stem if dot and extension else expname


def association_name(
    program: str,
    asn_id: str,
    asn_type: str,
    sequence: int,
    version_id: str | None,
    digits: int = 5,
) -> str:
    """Give the name of an association, which is its file name less `.json`.

    The sequence counts from 1 within an asn_id and asn_type; it has at least so many digits.
    """
    version = f"_{version_id}" if version_id else ""
    return f"jw{program}-{asn_id}{version}_{asn_type}_{sequence:0{digits}d}_asn".lower()


class Naming:
    """Names the associations of one pool; `pool_names` has that of each exposure."""

    def __init__(self, work: Work, pool_names: Sequence[str], version_id: str | None) -> None:
        self._work = work
        self._pool_names = pool_names
        self._version_id = version_id
        # Names come again and again, so each is made and held once.
        self._programs: dict[str | None, str] = {}
        self._keys: dict[Keys, str] = {}
        self._asked = {
            rule.name: "; ".join(use.text for use in rule.requirements)
            for rule in work.ruleset.rules
        }

    def unnamed(self, one: GrowingAssociation) -> Unnamed:
        """Give what is needed to name a finished association."""
        keys = self._keys.get(one.keys)
        if keys is None:
            keys = self._keys[one.keys] = "; ".join(
                f"{name} = {value} ({source.upper()})" for name, (source, value) in one.keys
            )
        product, digest = self._product(one)
        return Unnamed(one.rule, one.candidate, one.creator, product, digest, one.degraded, keys)

    def name(
        self, made: list[Unnamed], *, pruned: bool = True
    ) -> Iterator[tuple[Association, int]]:
        """Prune, number and name associations, given in order of generation.

        Those that stay come in the order in which they are numbered, with their places in `made`.
        That is emptied meanwhile: a million take as much memory as what is made of them.
        """
        settings = self._work.ruleset.settings
        if not pruned:
            settings = settings._replace(overall=())
        places = prune(made, settings, self._twins)
        left = [made[place] for place in reversed(places)]
        made.clear()
        numbers: Counter[tuple[str, str]] = Counter()
        for place in places:
            one = left.pop()
            counted = (one.asn_id, one.asn_type)
            numbers[counted] += 1
            yield self._association(one, numbers[counted]), place

    def _product(self, one: GrowingAssociation) -> tuple[Product, int | None]:
        """Give the product of an association, and the digest of its members."""
        members = tuple(one.members if one.shared else one.own)
        digest = sum(map(digest_of, one.own)) + sum(part.total(_digest) for part in one.shared)
        may_repeat = self._work.has_other_names or self._work.has_repeated_names
        is_repeated = may_repeat and len({one.expname for one in members}) < len(members)
        name = UNDEFINED_PRODUCT
        for member in members:
            if member.exptype == SCIENCE:
                name = self._stem(member.expname)
                break
        return Product(name, members), None if is_repeated else digest

    def _twins(self, made: Unnamed) -> object:
        """Give what is equal for associations that differ at most in suffixes; see `prune`."""
        members = tuple(
            sorted((self._stem(member.expname), member.exptype) for member in made.product.members)
        )
        parts = frozenset(_SEPARATOR.split(made.product.name))
        return made.asn_type, made.asn_id[0], parts, members

    def _stem(self, expname: str) -> str:
        return product_name(expname, self._work.ruleset.suffixes)

    def _program(self, place: int) -> str:
        program = self._work.value(place, "program")
        if program not in self._programs:
            self._programs[program] = program_name(program)
        return self._programs[program]

    def _association(self, made: Unnamed, sequence: int) -> Association:
        work = self._work
        program = self._program(made.creator)
        asn_id, candidate_type = made.candidate
        asn_type = made.rule.asn_type
        digits = work.ruleset.settings.sequence_digits
        # In the order of the fields: named, they take twice as long, by the million.
        return Association(
            association_name(program, asn_id, asn_type, sequence, self._version_id, digits),
            asn_type,
            made.rule.name,
            asn_id,
            candidate_type,
            program,
            work.value(made.creator, "targetid") or "",
            DEGRADED if made.degraded else NO_DEGRADED,
            made.keys,
            (made.product,),
            self._pool_names[made.creator],
            self._version_id,
            work.ruleset.label,
            self._asked[made.rule.name],
        )


def _digest(_work: Work, member: Member) -> int:
    return digest_of(member)


def merge(associations: Sequence[Association]) -> list[Association]:
    """Merge the associations of the same type and candidate into one with several products.

    The first gives all but the products; products of one name are merged, each member once.
    (Behaviour of jwst 3.0.0, by running it.)
    """
    merged: dict[tuple[str | None, str], Association] = {}
    products: dict[tuple[str | None, str], dict[str, Product]] = {}
    for association in associations:
        key = (association.asn_type, association.asn_id)
        merged.setdefault(key, association)
        held = products.setdefault(key, {})
        for product in association.products:
            other = held.get(product.name)
            held[product.name] = product if other is None else _merged(other, product)
    return [
        association._replace(products=tuple(products[key].values()))
        for key, association in merged.items()
    ]


def _merged(one: Product, other: Product) -> Product:
    names = {member.expname for member in one.members}
    added = tuple(member for member in other.members if member.expname not in names)
    return Product(one.name, one.members + added)
