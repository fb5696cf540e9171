"""In what two associations differ, whatever their sequence numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

from asnrules.associations.model import Association, Member, Product
from asnrules.associations.reader import ForeignAssociation
from asnrules.engine.finishing.names import product_name, program_name
from asnrules.engine.values import is_empty

SHOWN = 6
"""How many differences are put into words."""


Content = Association | ForeignAssociation
"""An association made here, or elsewhere."""


def content(one: Content) -> Hashable:
    """Give what is equal for associations of the same content.

    That is type, rule, candidate, program, and products with their members, roles and errors;
    case does not count, as pools are read in lower case, nor how it is said that there is no
    error, nor the order of members and products.
    """
    return (
        one.asn_type,
        one.asn_rule,
        one.asn_id.lower(),
        program_name(one.program).lower(),
        frozenset((product.name.lower(), _members(product)) for product in one.products),
    )


def differences(found: Content, made: Content, suffixes: frozenset[str]) -> list[str]:
    """Say in what an association differs from one that rules make.

    Parameters
    ----------
    found, made : Content
        The association, and that of the rules.
    suffixes : frozenset of str
        Product suffixes, by which members that stand for one exposure are known.

    Returns
    -------
    list of str
        A text for each difference; empty if their content is equal.
    """
    fields = [
        ("type", found.asn_type, made.asn_type),
        ("rule", found.asn_rule, made.asn_rule),
        ("candidate", found.asn_id.lower(), made.asn_id.lower()),
        ("program", program_name(found.program).lower(), program_name(made.program).lower()),
    ]
    texts = [f"{name} {one}, {other} by the rules" for name, one, other in fields if one != other]
    products = {product.name.lower(): product for product in made.products}
    extra = [product for product in found.products if product.name.lower() not in products]
    for product in found.products:
        other = products.pop(product.name.lower(), None)
        if other is not None:
            texts += _member_differences(product, other, suffixes)
    missing = list(products.values())
    if len(extra) == len(missing) == 1:
        texts.append(f"product {extra[0].name}, {missing[0].name} by the rules")
        texts += _member_differences(extra[0], missing[0], suffixes)
    else:
        texts += [f"product {product.name}, which the rules leave out" for product in extra]
        texts += [f"without product {product.name}" for product in missing]
    return texts


def in_words(texts: Sequence[str]) -> str:
    """Join texts, the first of them if there are many."""
    rest = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {rest:,} more" if rest > 0 else "")


_Member = tuple[str, str, str | None]


def _key(member: Member) -> _Member:
    error = (member.exposerr or "").lower()
    return member.expname.lower(), member.exptype.lower(), None if is_empty(error) else error


def _members(product: Product) -> frozenset[tuple[_Member, int]]:
    return frozenset(Counter(map(_key, product.members)).items())


def _member_differences(found: Product, made: Product, suffixes: frozenset[str]) -> list[str]:
    ours, theirs = Counter(map(_key, made.members)), Counter(map(_key, found.members))
    extra, missing = list((theirs - ours).elements()), list((ours - theirs).elements())
    unpaired: dict[str, list[_Member]] = {}
    for member in missing:
        unpaired.setdefault(product_name(member[0], suffixes), []).append(member)
    texts = []
    for member in extra:
        pair = unpaired.get(product_name(member[0], suffixes))
        if pair:
            texts += _of_pair(member, pair.pop())
        else:
            texts.append(f"{member[0]} ({member[1]}) is in it, which the rules leave out")
    rest: Iterable[list[_Member]] = unpaired.values()
    return texts + [f"{name} ({role}) is missing" for left in rest for name, role, _ in left]


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
