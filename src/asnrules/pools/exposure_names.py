"""The exposure that a person means: by any of its products, with or without folder and endings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from asnrules.errors import NotFoundError, UsageError
from asnrules.pools.fits.file_names import OTHERS, STARTS
from asnrules.util.text import few, label, near_spellings

PRODUCTS = OTHERS.union(STARTS)
"""What the name of a file of an exposure may end with."""

_FITS = ".fits"
_PACKED = ".gz"
_FOLDERS = re.compile(r".*[/\\]", re.DOTALL)


def plain_name(spelling: str) -> str:
    """Give the name of a file as pools and the record have it: lower case, no folder, unpacked."""
    return _FOLDERS.sub("", spelling.strip().lower()).removesuffix(_PACKED)


def stem_of(filename: str, products: Collection[str] = PRODUCTS) -> str:
    """Give what the names of the products of an exposure begin with."""
    name = filename.removesuffix(_FITS)
    stem, _, product = name.rpartition("_")
    return (stem if stem and product in products else name) or filename


def possible_names(spelling: str) -> list[str]:
    """Give the names under which an exposure may be on record, that of the file among them.

    It is named by its uncal, rate or rateints product.
    """
    name = plain_name(spelling)
    stem = stem_of(name)
    if "." in stem:
        return [name]
    return list(dict.fromkeys([name, *(f"{stem}_{product}{_FITS}" for product in STARTS)]))


def begun(spelling: str, names: Iterable[str]) -> list[str]:
    """Give the names that begin as a spelling does, one of each exposure.

    None if that has an ending, and is a whole name.
    """
    start = plain_name(spelling)
    if not start or start != stem_of(start):
        return []
    first: dict[str, str] = {}
    for name in names:
        if plain_name(name).startswith(start):
            first.setdefault(stem_of(plain_name(name)), name)
    return list(first.values())


def ambiguous(spelling: str, names: Sequence[str]) -> UsageError:
    """Say which exposures a spelling may mean."""
    meant = few(label(name, 100) for name in names)
    return UsageError(f"{spelling!r} may mean {meant}; write more of the name")


def find_exposure(spelling: str, names: Sequence[str], where: str) -> int:
    """Give the place of the first of exposures, of these names, that a spelling means.

    That is any product of it, whole or in its beginning. Where none is meant it is a NotFoundError,
    a UsageError where several are.
    """
    name = plain_name(spelling)
    if name in names:
        return names.index(name)
    stem = stem_of(name)
    plain = [stem_of(plain_name(one)) for one in names]
    if stem in plain:
        return plain.index(stem)
    found = begun(spelling, names)
    if len(found) > 1:
        raise ambiguous(spelling, found)
    if found:
        return names.index(found[0])
    near = near_spellings(name, names)
    near = near or [names[plain.index(one)] for one in near_spellings(stem, plain)]
    hint = f"near it are {', '.join(near)}" if near else f"{where} is empty"
    if names and not near:
        hint = f"its exposures have names like {names[0]}"
    raise NotFoundError(f"no exposure {spelling!r} in {where}; {hint}")
