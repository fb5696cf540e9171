"""Names of members, products and associations.

Source of all of it: behaviour of jwst 3.0.0, by running it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

_SEPARATOR = re.compile("[_-]")
_UNCAL = re.compile(r"(?P<stem>.+)_uncal(?P<extension>\..+)")

UNDEFINED_PRODUCT = "undefined"
"""The name of a product that has no science member to take one from."""


def member_name(filename: str, *, rateints: bool) -> str:
    """Give the expname of a member: its countrate product.

    Parameters
    ----------
    filename : str
        Of the exposure, such as `jw01234001001_02101_00001_nrca1_uncal.fits`.
    rateints : bool
        Whether the product with a slope for each integration is meant.

    Returns
    -------
    str
        The same name with `rate` or `rateints` for `uncal`; any other name stays.
    """
    match = _UNCAL.fullmatch(filename)
    if match is None:
        return filename
    return f"{match['stem']}_{'rateints' if rateints else 'rate'}{match['extension']}"


@lru_cache(maxsize=16)
def _longest(suffixes: frozenset[str]) -> int:
    return max(map(len, suffixes), default=0)


def product_name(expname: str, suffixes: frozenset[str]) -> str:
    """Give the name of the product of a science member.

    Parameters
    ----------
    expname : str
        Of the member.
    suffixes : frozenset of str
        Known product suffixes; one of them is taken off, the longest that fits.

    Returns
    -------
    str
        The member's name less extension and suffix, with its folder if it has one.
    """
    stem = _stem(expname)
    for separator in _SEPARATOR.finditer(stem, max(1, len(stem) - _longest(suffixes) - 1)):
        if stem[separator.end() :] in suffixes:
            return stem[: separator.start()]
    return stem


def _stem(expname: str) -> str:
    if "/" in expname or expname.startswith("."):
        path = PurePosixPath(expname)
        return str(path.parent / path.stem)
    stem, dot, extension = expname.rpartition(".")
    return stem if dot and extension else expname


def association_name(
    program: str, asn_id: str, asn_type: str, sequence: int, version_id: str | None
) -> str:
    """Give the name of an association, which is its file name less `.json`.

    Parameters
    ----------
    program : str
        Five digits.
    asn_id : str
        The id of the candidate.
    asn_type : str
        The type of the association.
    sequence : int
        Counts from 1 within an asn_id and asn_type.
    version_id : str or None
        Stands after the id if given.
    """
    version = f"_{version_id}" if version_id else ""
    return f"jw{program}-{asn_id}{version}_{asn_type}_{sequence:05d}_asn".lower()


def program_name(program: str | None) -> str:
    """Write a program with at least five characters, filled with zeros."""
    return (program or "").rjust(5, "0")
