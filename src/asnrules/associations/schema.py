"""What jwst's schema of Stage 2 associations demands of a file: all that it lacks at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_KINDS = {
    dict: "an object", list: "a list", str: "text", bool: "true or false",
    int: "a number", float: "a number", type(None): "null",
}  # fmt: skip
_TEXTS = ("asn_type", "asn_rule", "asn_pool", "program")
"""What has to be text, if it is there."""


def kind_of(value: Any) -> str:
    """Name the kind of a JSON value."""
    return _KINDS.get(type(value), "something else")


def violations(document: dict[str, Any]) -> Iterator[str]:
    """Say in what a document is not as jwst's schema demands, place by place."""
    yield from _texts(document, "", _TEXTS)
    if "products" not in document:
        yield "is not an association: products is missing"
    for place, product in _objects(document, "products"):
        if isinstance(product, dict):
            yield from _texts(product, f"{place}.", ("name",))
            if "members" not in product:
                yield f"{place}.members is missing"
            for where, member in _objects(product, "members", f"{place}."):
                if isinstance(member, dict):
                    yield from _texts(member, f"{where}.", ("expname", "exptype"), needed=True)
                else:
                    yield member
        else:
            yield product


def _texts(
    values: dict[str, Any], place: str, keys: tuple[str, ...], *, needed: bool = False
) -> Iterator[str]:
    for key in keys:
        if key not in values:
            if needed:
                yield f"{place}{key} is missing"
        elif not isinstance(values[key], str):
            yield f"{place}{key} is {kind_of(values[key])}, where text is wanted"


def _objects(
    values: dict[str, Any], key: str, place: str = ""
) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Give the objects of a list, each with its place, or what is wrong in its stead."""
    found = values.get(key, [])
    if not isinstance(found, list):
        yield place, f"{place}{key} is {kind_of(found)}, where a list is wanted"
        return
    for number, value in enumerate(found):
        where = f"{place}{key}[{number}]"
        is_object = isinstance(value, dict)
        yield (
            where,
            value if is_object else f"{where} is {kind_of(value)}, where an object is wanted",
        )
