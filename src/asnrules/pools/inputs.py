"""What pools are read from: pool files and tables, one each, and FITS files, together one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.errors import UsageError
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.fits.file_names import in_folder, is_beside_exposures
from asnrules.pools.fits.headers import is_fits
from asnrules.pools.fits.pool import MadePool, make_pool
from asnrules.pools.reader import PoolSource
from asnrules.pools.tables import TableSource, table_source
from asnrules.rules.model import Ruleset
from asnrules.util.parallel import Progress
from asnrules.util.text import STANDARD_INPUT

PoolInput = Any
"""A path, `-` for standard input, or a table of another library; see `table_source`."""


class Gathered(NamedTuple):
    """What was given, as pools that can be read, and notes on the FITS files."""

    sources: list[PoolSource]
    """All FITS files are one of them, in the place of the first."""
    notes: list[str]


def gather(
    given: Sequence[PoolInput],
    *,
    declarations: Declarations | None = None,
    ruleset: Ruleset | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Gathered:
    """Sort pools, tables and FITS files by content, and make one pool of the FITS files.

    A folder stands for the FITS files in it. See `make_pool` for declarations, the ruleset, the
    workers, and errors of FITS files. It is a UsageError if something is neither path nor table,
    standard input is given twice, or something is declared and there is no FITS file.
    """
    if not given:
        raise UsageError("there is no pool; give one or more")
    declarations = declarations or Declarations()
    if sum(isinstance(one, str) and one == STANDARD_INPUT for one in given) > 1:
        raise UsageError("standard input, -, can be read once; give it once")
    given = [one for each in given for one in _within(each)]
    paths = [str(one) for one in given if isinstance(one, str | Path)]
    fits = [path for path in paths if is_fits(path)]
    known = set(fits)
    # Files that were downloaded along with FITS files are ignored, broken or not.
    beside = [path for path in paths if fits and path not in known and is_beside_exposures(path)]
    others = set(beside)
    sources: list[PoolSource] = []
    place = None
    for one in given:
        if not isinstance(one, str | Path):
            sources.append(one if isinstance(one, TableSource) else table_source(one))
        elif str(one) in known:
            place = len(sources) if place is None else place
        elif str(one) not in others:
            sources.append(one)
    if place is None:
        declarations.refuse("edit the pool")
        return Gathered(sources, [])

    def told(done: int) -> None:
        if progress:
            progress("headers", done, len(fits))

    made = make_pool(
        [*fits, *beside], declarations, ruleset=ruleset, workers=workers, progress=told
    )
    sources.insert(place, made.source)
    return Gathered(sources, [*made.unplaced, *made.notes])


def _within(one: PoolInput) -> Sequence[PoolInput]:
    """Give the FITS files that a folder stands for; what else was given stands for itself."""
    if isinstance(one, MadePool):
        return [one.source]
    return (in_folder(str(one)) if isinstance(one, str | Path) else []) or [one]
