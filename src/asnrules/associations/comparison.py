"""In what associations differ: of two runs, of two rulesets, or of a file and the rules."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from asnrules.associations.model import Association, Member, Product
from asnrules.associations.reader import ForeignAssociation
from asnrules.engine.naming import product_name
from asnrules.engine.steps.direct_images import MADE_LATER
from asnrules.util.text import EMPTY

CANDIDATE = "asn_id"
LATER = {exptype for _, exptype in MADE_LATER}
"""The roles of files that are not of exposures."""

_TOLD = {"asn_type": "type", "asn_rule": "rule", CANDIDATE: "candidate", "program": "program"}

One = TypeVar("One")
Key = Callable[[One], Hashable]


class FieldDifference(NamedTuple):
    """A value that changed."""

    field: str
    before: Any
    after: Any


def field_differences(before: object, after: object, names: Iterable[str]) -> list[FieldDifference]:
    """Give the attributes in which two objects differ."""
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in names)
    return [FieldDifference(*one) for one in pairs if one[1] != one[2]]


def surplus(these: Iterable[One], others: Iterable[One], key: Key[One]) -> list[One]:
    """Give those that have no equal among the others, of which each is the equal of one only."""
    left = Counter(map(key, others))
    found = []
    for one in these:
        name = key(one)
        if left[name]:
            left[name] -= 1
        else:
            found.append(one)
    return found


def paired(
    left: Sequence[One],
    right: Sequence[One],
    keys: Iterable[Key[One]],
    likeness: Callable[[One, One], int] = lambda one, other: 1,
) -> list[tuple[One | None, One | None]]:
    """Pair what is the same, changed; what has none is paired with None, the left before the right.

    The same have one of the keys in common, which are tried in order. Of several, the likest is
    taken, the first of these; with nothing in common none is.
    """
    found: dict[int, int] = {}
    taken: set[int] = set()
    for key in keys:
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for place, one in enumerate(right):
            if place not in taken:
                groups[key(one)].append(place)
        for place, one in enumerate(left):
            if place in found:
                continue
            free = [other for other in groups[key(one)] if other not in taken]
            best = max(free, key=lambda other: likeness(one, right[other]), default=None)
            if best is not None and likeness(one, right[best]):
                found[place] = best
                taken.add(best)
    return [
        *((one, right[found[at]] if at in found else None) for at, one in enumerate(left)),
        *((None, one) for at, one in enumerate(right) if at not in taken),
    ]


# ------------------------------------------------------------------ of a file and the rules


class Difference(NamedTuple):
    """A difference of a file from what the rules make: where it is, and in words."""

    key: str
    begin: str
    """What is to be said of it, up to the name of a file; all of it, if no file is named."""
    file: str = ""
    end: str = ""
    extra: Product | None = None
    """The product, where the rules have none of its name in their association."""
    product: str = ""
    """The product of the rules in which it is."""
    member: tuple[str, str] | None = None
    """File and role, where the rules do not have a file in this role."""

    @property
    def text(self) -> str:
        """Say it in words."""
        return f"{self.begin}{self.file}{self.end}"


def differences(
    found: ForeignAssociation, made: Association, suffixes: frozenset[str]
) -> list[Difference]:
    """Say in what a file differs from an association of the rules; nothing if it does not.

    What is compared is type, rule, candidate and program, as far as the file tells them, and
    products with their members, roles and errors. How it is said that there is no error does not
    count, nor the order of members and products. By product suffixes, members are known that stand
    for one exposure.
    """
    texts = told_differences(found, made)
    missing = {file_name(product.name): product for product in made.products}
    pairs = [(product, missing.pop(product.name, None)) for product in found.products]
    extra = [product for product, other in pairs if other is None]
    if len(extra) == len(missing) == 1:
        pairs.append((extra.pop(), missing.popitem()[1]))
    for product, other in pairs:
        if other is not None:
            some = product_differences(product, other, suffixes, found.untold)
            if len(found.products) > 1:
                prefix = f"product {product.name}: "
                some = [one._replace(begin=f"{prefix}{one.begin}") for one in some]
            texts += some
    for product in extra:
        text = f"the file has product {product.name}, but the rules do not"
        texts.append(Difference("products", text, extra=product))
    for name in missing:
        text = f"the rules have product {name}, but the file does not"
        texts.append(Difference("products", text))
    return texts


def told_differences(found: ForeignAssociation, made: Association) -> list[Difference]:
    """Say in which of type, rule, candidate and program a file differs, as far as it tells them."""
    return [
        Difference(key, f"{_TOLD[key]} {one}, {other} by the rules")
        for key, one, other in field_differences(found, made, filter(found.tells, _TOLD))
    ]


def product_differences(
    found: Product, made: Product, suffixes: frozenset[str], untold: Container[str]
) -> list[Difference]:
    """Say in what a product differs from one that rules make; one without a name has any.

    Of files whose errors are untold, these are not compared.
    """
    name = file_name(made.name)
    texts = []
    if found.name and found.name != name:
        texts.append(Difference("name", f"product {found.name}, {name} by the rules"))
    theirs, ours = (
        Counter(_content(member, untold) for member in product.members) for product in (found, made)
    )
    words = [] if theirs == ours else _member_differences(theirs, ours, suffixes, untold)
    return texts + [one._replace(product=made.name) for one in words]


Either = ForeignAssociation | Association
"""Made elsewhere, or by rules."""


def contents(one: Either) -> tuple[Any, ...]:
    """Give all that is compared of an association but its name: of equal ones it is equal."""
    products = (
        (file_name(product.name), *sorted((_content(one, ()) for one in product.members), key=str))
        for product in one.products
    )
    fields = (one.asn_type, one.asn_rule, one.asn_id, one.program, one.target)
    return (*fields, one.degraded_status, *sorted(products, key=str))


class Fewest:
    """Counts, without texts, the least differences from an association of the rules.

    A file of many exposures has something in common with as many associations. To put the
    differences from each of them into words would take time by the square of their number.
    """

    def __init__(
        self, found: ForeignAssociation, products: Sequence[Product], untold: Container[str]
    ) -> None:
        self._found = found
        self._products = products
        self._untold = untold
        self._members = self._contents(self._products[0])

    def __call__(self, made: Association) -> int:
        """Count the differences from one."""
        if len(self._products) != 1 or len(made.products) != 1:
            return abs(len(self._products) - len(made.products))
        (product,), (other,) = self._products, made.products
        ours = self._contents(other)
        shared = sum(member in self._members for member in ours)
        named = bool(product.name) and product.name != file_name(other.name)
        fields = len(told_differences(self._found, made))
        return max(len(self._members), len(ours)) - shared + named + fields

    def _contents(self, product: Product) -> set[_Content]:
        return {_content(member, self._untold) for member in product.members}


def file_name(path: str) -> str:
    """Give the name of a file of the rules less its folder, which a pool may have."""
    return path.rpartition("/")[2]


_Content = tuple[str, str, str | None]
"""Of a member: file, role and error."""


class _All(Container[str]):
    def __contains__(self, name: object) -> bool:
        return True


ALL_UNTOLD = _All()
"""Of all files errors are untold."""


def _content(member: Member, untold: Container[str]) -> _Content:
    name = file_name(member.expname)
    error = (member.exposerr or "").strip().lower()
    return name, member.exptype, None if error in EMPTY or name in untold else error


def _member_differences(
    theirs: Counter[_Content],
    ours: Counter[_Content],
    suffixes: frozenset[str],
    untold: Container[str],
) -> list[Difference]:
    texts = []
    for member, count in theirs.items():
        had = ours[member]
        if count > max(had, 1) or count < had:
            than = f", {_times(had)} by the rules" if had > 1 or count == 1 else ""
            texts.append(_of_members(f"{member[0]} ({member[1]}) is listed {_times(count)}{than}"))
    missing: dict[str, list[_Content]] = defaultdict(list)
    roles: dict[str, list[str]] = defaultdict(list)
    for member in ours:
        roles[member[0]].append(member[1])
        if member not in theirs:
            missing[product_name(member[0], suffixes)].append(member)
    for member in theirs:
        name, role, _ = member
        if member in ours:
            continue
        same = _counterpart(missing, product_name(name, suffixes), role)
        if same is not None:
            texts += _of_pair(member, same, has_error=name not in untold)
        elif name in roles:
            others = " and ".join(roles[name])
            end = f" as {role} too, the rules only as {others}"
            texts.append(_of_file("the file has ", name, end, (name, role)))
        else:
            end = f" ({role}), but the rules do not"
            texts.append(_of_file("the file has ", name or "a blank expname", end, (name, role)))
    return texts + [
        _of_file("the rules have ", name, f" ({role}), but the file does not")
        for left in missing.values()
        for name, role, _ in left
    ]


def _counterpart(missing: dict[str, list[_Content]], name: str, role: str) -> _Content | None:
    """Take what a member stands for; None if there is nothing.

    It is of the same exposure, or else, if it is made later, of the same role, as people make such
    files under names of their own.
    """
    if missing[name]:
        return missing[name].pop()
    alike = ((left, one) for left in missing.values() for one in left if one[1] == role)
    left, one = next(alike, (None, None)) if role in LATER else (None, None)
    if left is not None and one is not None:
        left.remove(one)
    return one


def _of_members(text: str, member: tuple[str, str] | None = None) -> Difference:
    return Difference("members", text, member=member)


def _of_file(begin: str, file: str, end: str, member: tuple[str, str] | None = None) -> Difference:
    return Difference("members", begin, file, end, member=member)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _of_pair(one: _Content, other: _Content, *, has_error: bool) -> list[Difference]:
    texts = []
    if one[0] != other[0]:
        texts.append(_of_members(f"{one[0]} stands for {other[0]}"))
    if one[1] != other[1]:
        text = f"{one[0]} is {one[1]}, {other[1]} by the rules"
        texts.append(_of_members(text, one[:2]))
    if has_error and one[2] != other[2]:
        errors = f"{one[2] or 'none'}, {other[2] or 'none'} in the pool"
        texts.append(_of_members(f"the error of {one[0]} is {errors}"))
    return texts
