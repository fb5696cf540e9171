"""Which files are exposures that Stage 2 starts from, told by their names.

A folder as it is downloaded holds several products of each exposure, what Stage 3 made of many,
guide-star files, associations and previews. A pool lists each exposure once.

Source: the names of the observatory's data products,
jw<program><observation><visit>_<group><sequence><activity>_<exposure>[-seg<part>]_<detector>_<product>
for exposures and jw<program>-<candidate>_... for Stage 3.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from asnrules.util.text import few, label

UNCAL, RATE, RATEINTS = "uncal", "rate", "rateints"
STARTS = (UNCAL, RATE, RATEINTS)
"""What Stage 2 starts from: rate or rateints, which Stage 1 makes of uncal. Of an exposure that is
listed as uncal, the rules name one of the two. The header of the first that is there is read."""

OTHERS = frozenset(
    {
        "bsub", "bsubints", "c1d", "cal", "calints", "cat", "crf", "crfints", "i2d", "psfalign",
        "psfstack", "psfsub", "ramp", "s2d", "s3d", "segm", "trapsfilled", "whtlt", "x1d",
        "x1dints",
    }
)  # fmt: skip
"""Other products that are known as such whatever the rest of their names."""

_PACKED = ".gz"
_FITS = ".fits"
_EXPOSURE = re.compile(r"jw\d{11}_\d{3}[0-9a-z]{2}_\d{5}(-seg\d+)?_[0-9a-z]+")
_STAGE_3 = re.compile(r"jw\d{5}-[a-z]+\d+_.+")
_GUIDE_STAR = re.compile(r"jw\d{11}_gs-.+")
_MSA = re.compile(r"jw\d{11}_\d+_msa")
_NO_DATA = (".json", ".jpg", ".jpeg", ".png", ".gif", ".html", "_cat.ecsv", "_phot.ecsv")
_SHOWN = 20
_NAME_LENGTH = 100


class Exposure(NamedTuple):
    """An exposure, as a pool lists it."""

    path: str
    """The file whose header is read."""
    name: str
    """What it is listed as."""
    names: tuple[str, ...]
    """The names of all its files."""
    starts: tuple[str, ...] = ()
    """Its products from which Stage 2 starts; none if its name does not tell."""


@dataclass(slots=True)
class SortedFiles:
    """Files, sorted out."""

    exposures: list[Exposure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """A line for each kind of files that are left alone."""


def file_name(path: str) -> str:
    """Give the name of a file: without its folder, and as it is unpacked."""
    name = Path(path).name
    return name[: -len(_PACKED)] if name.lower().endswith(_PACKED) else name


def in_folder(path: str) -> list[str]:
    """Give what is named like FITS files in or below a folder, sorted; of a file, nothing."""
    found = [Path(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sorted(str(file) for file in found if file_name(file.name).lower().endswith(_FITS))


def is_beside_exposures(path: str) -> bool:
    """Tell whether a file is named like what Stage 2 does not start from."""
    kind, _, product = _told_by_name(path)
    return kind is not None or product not in {*STARTS, ""}


def _told_by_name(path: str) -> tuple[str | None, str, str]:
    """Give the kind of a file that is not an exposure; else the exposure and its product."""
    stem = file_name(path).lower()
    if stem.endswith(_NO_DATA):
        return "no exposures", "", ""
    if not stem.endswith(_FITS):
        return None, stem, ""
    stem = stem.removesuffix(_FITS)
    if _GUIDE_STAR.fullmatch(stem):
        return "guide-star files", "", ""
    if _MSA.fullmatch(stem):
        return "MSA metadata files", "", ""
    if _STAGE_3.fullmatch(stem):
        return "products of Stage 3", "", ""
    root, _, product = stem.rpartition("_")
    if root and (product in {*STARTS, *OTHERS} or _EXPOSURE.fullmatch(root)):
        return None, root, product
    return None, stem, ""


def sort_out(paths: Iterable[str]) -> SortedFiles:
    """Tell which files are exposures that Stage 2 starts from, one for each exposure.

    The files come in any order. Those whose names say nothing are exposures.
    """
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    left: dict[str, list[str]] = defaultdict(list)
    found = SortedFiles()
    for path in sorted(paths, key=lambda path: (file_name(path).lower(), path)):
        kind, root, product = _told_by_name(path)
        if kind is not None:
            left[kind].append(file_name(path))
        elif product:
            groups[root][product].append(path)
        else:
            found.exposures.append(Exposure(path, file_name(path), (file_name(path),)))
    for products in groups.values():
        _sort_group(products, found, left)
    found.notes += [_left_alone(kind, names) for kind, names in left.items()]
    return found


def _sort_group(
    products: dict[str, list[str]], found: SortedFiles, left: dict[str, list[str]]
) -> None:
    """Sort out the products of one exposure."""
    names = tuple(file_name(path) for paths in products.values() for path in paths)
    starts = tuple(product for product in STARTS if product in products)
    if not starts:
        left["products from which Stage 2 does not start (uncal, rate or rateints)"] += names
        return
    for path in products[starts[0]]:
        found.exposures.append(Exposure(path, file_name(path), names, starts))


def listed_as(exposure: Exposure, wanted: Collection[str]) -> Exposure:
    """Name an exposure by the product that Stage 2 starts from.

    `wanted` are the products that the rules would name. If that is not one, or it is not there, the
    exposure is listed as uncal, as long as Stage 1 can make it or the rules can choose.
    """
    if not exposure.starts:
        return exposure
    known = set(wanted).intersection(exposure.starts) if len(wanted) == 1 else set()
    if known:
        (product,) = known
    elif UNCAL in exposure.starts or len(exposure.starts) > 1:
        product = UNCAL
    else:
        (product,) = exposure.starts
    return exposure._replace(name=_renamed(exposure, product))


def _renamed(exposure: Exposure, product: str) -> str:
    for name in exposure.names:
        if _told_by_name(name)[2] == product:
            return name
    name, start = exposure.name, exposure.starts[0]
    end = name.lower().rindex(f"_{start}") + 1
    return f"{name[:end]}{product}{name[end + len(start) :]}"


def other_products(exposures: Iterable[Exposure]) -> list[str]:
    """Say which files are other products of exposures than the one that each is listed as."""
    left: dict[str, list[str]] = defaultdict(list)
    for one in exposures:
        listed = _told_by_name(one.name)[2]
        kind = f"other products of the same exposures, which are listed once, as {listed}"
        if listed == UNCAL:
            kind += " (of which the rules name rate or rateints)"
        left[kind] += [name for name in one.names if name != one.name]
    return [_left_alone(kind, names) for kind, names in left.items() if names]


def absent_products(listed: Iterable[tuple[Exposure, Collection[str]]]) -> list[str]:
    """Say of which exposures the product that the rules would name is not there, nor uncal."""
    lacking: dict[str, list[str]] = defaultdict(list)
    for one, wanted in listed:
        product = _told_by_name(one.name)[2]
        if one.starts and len(wanted) == 1 and product not in {UNCAL, *wanted}:
            lacking[next(iter(wanted))].append(one.name)
    return [
        f"the {product} files, from which Stage 2 starts, are missing of the exposures listed as "
        f"{_named(names)}; get them, or the uncal files"
        for product, names in sorted(lacking.items())
    ]


def _left_alone(kind: str, names: Iterable[str]) -> str:
    return f"left alone, as {kind}: {_named(names)}"


def _named(names: Iterable[str]) -> str:
    return few((label(name, _NAME_LENGTH) for name in names), _SHOWN)
