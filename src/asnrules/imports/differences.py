"""Differences of two associations, ignoring sequence numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asnrules.associations import comparison
from asnrules.associations.model import Association, Member, Product
from asnrules.associations.reader import ForeignAssociation
from asnrules.engine.conditions import is_empty
from asnrules.engine.naming import product_name

SHOWN = 6
"""How many differences are put into words."""

CANDIDATE = "asn_id"
_FIELDS = {"asn_type": "type", "asn_rule": "rule", CANDIDATE: "candidate", "program": "program"}


class Difference(NamedTuple):
    """A difference between two associations: where it is, and in words."""

    key: str
    text: str


def differences(
    found: ForeignAssociation, made: Association, suffixes: frozenset[str]
) -> list[Difference]:
    """Say in what an association differs from one that rules make; nothing if it does not.

    What is compared is type, rule, candidate and program, as far as the file tells them, and
    products with their members, roles and errors. How it is said that there is no error does not
    count, nor the order of members and products. By product suffixes, members are known that stand
    for one exposure.
    """
    texts = field_differences(found, made)
    products = {file_name(product.name): product for product in made.products}
    extra = [product for product in found.products if product.name not in products]
    for product in found.products:
        other = products.pop(product.name, None)
        if other is not None:
            texts += product_differences(product, other, suffixes)
    missing = list(products.values())
    if len(extra) == len(missing) == 1:
        texts += product_differences(extra[0], missing[0], suffixes)
    else:
        texts += [
            Difference("products", f"the file has product {product.name}, but the rules do not")
            for product in extra
        ]
        texts += [
            Difference("products", f"the rules have product {product.name}, but the file does not")
            for product in missing
        ]
    return texts


def field_differences(found: ForeignAssociation, made: Association) -> list[Difference]:
    """Say in which of type, rule, candidate and program it differs, as far as its file tells."""
    told = filter(found.tells, _FIELDS)
    return [
        Difference(key, f"{_FIELDS[key]} {one}, {other} by the rules")
        for key, one, other in comparison.field_differences(found, made, told)
    ]


def product_differences(
    found: Product, made: Product, suffixes: frozenset[str], *, errors: bool = True
) -> list[Difference]:
    """Say in what a product differs from one that rules make; one without a name has any."""
    texts = []
    name = file_name(made.name)
    if found.name and found.name != name:
        texts.append(Difference("name", f"product {found.name}, {name} by the rules"))
    theirs, ours = (
        Counter(_key(member, errors=errors) for member in product.members)
        for product in (found, made)
    )
    if theirs != ours:
        words = _member_differences(theirs, ours, suffixes)
        texts += [Difference("members", text) for text in words]
    return texts


class Fewest:
    """Counts, without texts, the least differences from an association of the rules.

    A file of many exposures has something in common with as many associations, and to put into
    words what it has besides, for each of them, would take time by the square of their number.
    Without a product, all of the association are compared; without errors, not those of members.
    """

    def __init__(
        self, found: ForeignAssociation, product: Product | None = None, *, errors: bool = True
    ) -> None:
        self._found = found
        self._products = found.products if product is None else (product,)
        self._errors = errors
        self._members = self._keys(self._products[0])

    def __call__(self, made: Association) -> int:
        """Count the differences from one."""
        if len(self._products) != 1 or len(made.products) != 1:
            return abs(len(self._products) - len(made.products))
        (product,), (other,) = self._products, made.products
        ours = self._keys(other)
        shared = sum(member in self._members for member in ours)
        named = bool(product.name) and product.name != file_name(other.name)
        fields = len(field_differences(self._found, made))
        return max(len(self._members), len(ours)) - shared + named + fields

    def _keys(self, product: Product) -> set[_Member]:
        return {_key(member, errors=self._errors) for member in product.members}


def file_name(path: str) -> str:
    """Give the name of a file of the rules less its folder, which a pool may have."""
    return path.rpartition("/")[2]


def in_words(texts: Sequence[str]) -> str:
    """Join texts, the first of them if there are many."""
    rest = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {rest:,} more" if rest > 0 else "")


_Member = tuple[str, str, str | None]


def _key(member: Member, *, errors: bool) -> _Member:
    error = (member.exposerr or "").strip().lower()
    return (
        file_name(member.expname),
        member.exptype,
        None if is_empty(error) or not errors else error,
    )


def _member_differences(
    theirs: Counter[_Member], ours: Counter[_Member], suffixes: frozenset[str]
) -> list[str]:
    texts = [
        f"{name} ({role}) is listed {_times(count)}"
        + (f", {_times(had)} by the rules" if had > 1 or count == 1 else "")
        for (name, role, _), count, had in (
            (member, count, ours[member]) for member, count in theirs.items()
        )
        if count > max(had, 1) or count < had
    ]
    extra = [member for member in theirs if not ours[member]]
    missing = [member for member in ours if not theirs[member]]
    unpaired: dict[str, list[_Member]] = {}
    for member in missing:
        unpaired.setdefault(product_name(member[0], suffixes), []).append(member)
    roles: dict[str, list[str]] = {}
    for name, role, _ in ours:
        roles.setdefault(name, []).append(role)
    for member in extra:
        pair = unpaired.get(product_name(member[0], suffixes))
        if pair:
            texts += _of_pair(member, pair.pop())
        elif member[0] in roles:
            had = " and ".join(roles[member[0]])
            texts.append(f"the file has {member[0]} as {member[1]} too, the rules only as {had}")
        else:
            texts.append(f"the file has {member[0]} ({member[1]}), but the rules do not")
    rest: Iterable[list[_Member]] = unpaired.values()
    return texts + [
        f"the rules have {name} ({role}), but the file does not"
        for left in rest
        for name, role, _ in left
    ]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _of_pair(one: _Member, other: _Member) -> list[str]:
    texts = []
    if one[0] != other[0]:
        texts.append(f"{one[0]} stands for {other[0]}")
    if one[1] != other[1]:
        texts.append(f"{one[0]} is {one[1]}, {other[1]} by the rules")
    if one[2] != other[2]:
        texts.append(
            f"the error of {one[0]} is {one[2] or 'none'}, {other[2] or 'none'} in the pool"
        )
    return texts
