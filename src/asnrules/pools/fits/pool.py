"""A pool of exposures, made from their FITS headers.

The columns are those of the command asn_make_pool of jwst 3.0.0, as running it shows: every
keyword of the headers, in order of their names, `null` where a header lacks it; ASN_CANDIDATE
from OBSERVTN. What the rules look at and a header does not have is as there, unless something else
is declared: TARGETID counted by TARGNAME, and what `asnrules.pools.fits.untold` assumes.

docs/deviations.md lists where it differs from asn_make_pool on purpose; tests/downstream compares
the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.engine.anchors import products_of
from asnrules.engine.exposures import Work
from asnrules.engine.keywords import keywords_of
from asnrules.errors import PoolError
from asnrules.pools.candidates import Candidate
from asnrules.pools.fits.declared import Declarations, Declared
from asnrules.pools.fits.file_names import (
    Exposure,
    absent_products,
    in_folder,
    listed_as,
    other_products,
    sort_out,
)
from asnrules.pools.fits.headers import Header, read_headers
from asnrules.pools.fits.keywords import assumed, flags
from asnrules.pools.fits.untold import settle
from asnrules.pools.tables import NULL, TableSource
from asnrules.rules.model import Ruleset
from asnrules.util.atomic_files import whole_file
from asnrules.util.flags import WRITTEN_AS_FLOAT, no_flag, read_flag
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import EMPTY, label, shown

NAME = "fits_headers"  # The name of a pool that is made from headers and not stored

_ALSO = frozenset({"observtn", "targname", "exposerr"})
"""What may be declared beside what the rules look at: candidate, target and degraded exposures
come from it."""

_OBSERVATION = re.compile(r"[A-Za-z0-9]{1,16}")
_NEEDED = ("program", "exp_type", "instrume")
_LABEL_LENGTH = 200


@shown_briefly
@dataclass(frozen=True, slots=True)
class MadePool(Tabular):
    """A pool made from headers."""

    source: TableSource
    """The pool, to be read or written once."""
    exposures: int
    """How many rows it has."""
    skipped: list[str]
    """A line for each file that is left out."""
    unplaced: list[str]
    """A line for each exposure that can be in no association, as its header lacks something."""
    notes: list[str]
    """Which files were left alone, and what was assumed."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each exposure as a record."""
        for row in self.source.rows:
            yield dict(zip(self.source.columns, row, strict=True))


def make_pool(
    paths: Sequence[Path | str] | Path | str,
    declarations: Declarations | None = None,
    *,
    ruleset: Ruleset | None = None,
    skip: bool = False,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> MadePool:
    """Make a pool from FITS files, a row for each exposure.

    The files, gzipped or not, come in any order, and only their primary headers are read. Of a
    folder it is those in it, and below. Other
    files of a downloaded folder are ignored, see `asnrules.pools.fits.file_names`. An exposure is
    listed as the rate or rateints product, whichever the rules name, if it is there. What headers
    do not tell is declared or assumed, or for EXPSPCIN taken from file names; a note for each
    keyword that the rules look at says so. Without a ruleset, rate and rateints are listed as
    uncal, all that is assumed is said, file names do not count, and any keyword may be declared.

    A file that is not a JWST exposure, or the second one of a name, is left out with `skip`;
    otherwise it is a PoolError, with a line for each in its `details`. So it is if Stage 2 starts
    from none of the files. It is a UsageError if a declaration is not well formed or fits no file,
    or astropy is not installed.
    """
    known = keywords_of(ruleset) | _ALSO if ruleset else ()
    declared = Declared(declarations or Declarations(), known)
    words = [paths] if isinstance(paths, str | Path) else paths
    given = [file for word in map(str, words) for file in in_folder(word) or [word]]
    files = sort_out(given)
    if not files.exposures:
        raise PoolError(
            f"of {len(given):,} files there is none that Stage 2 starts from; give uncal, rate or "
            "rateints files",
            details=files.notes,
        )
    exposures = sorted(files.exposures, key=lambda one: (one.name.lower(), one.path))
    headers = read_headers([one.path for one in exposures], workers=workers, progress=progress)
    judged = list(_judged(exposures, headers, declared))
    problems = [one.problem for one in judged if one.problem is not None]
    if problems and (not skip or len(problems) == len(headers)):
        raise _refusal(problems, len(headers), skip)
    good = [one for one in judged if one.problem is None]
    rows = _rows(good, declared)
    declared.check_all_fit()
    untold = settle([one.keywords for one in good], rows, ruleset)
    wanted = _wanted(rows, ruleset)
    listed = [listed_as(one.exposure, names) for one, names in zip(good, wanted, strict=True)]
    for row, exposure in zip(rows, listed, strict=True):
        row["filename"] = exposure.name
    absent = absent_products(zip(listed, wanted, strict=True))
    columns = sorted({column for row in rows for column in row})
    cells = [[row.get(column, NULL) for column in columns] for row in rows]
    return MadePool(
        source=TableSource(NAME, columns, cells),
        exposures=len(rows),
        skipped=problems,
        unplaced=_unplaced(good),
        notes=[*other_products(listed), *absent, *files.notes, *untold, *_lonely(rows)],
    )


def write_pool(made: MadePool, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a pool that was made.

    It is an OutputError if it cannot be written, or is there already without `overwrite`.
    """
    with whole_file(Path(path), overwrite=overwrite) as stream:
        stream.writelines(made.source.blocks())


def _wanted(rows: Sequence[Mapping[str, str]], ruleset: Ruleset | None) -> list[set[str]]:
    """Give for each exposure the products that the rules would name; none without rules."""
    if ruleset is None:
        return [set() for _ in rows]
    keywords = sorted(keywords_of(ruleset) | {"filename"})
    cells = [tuple(row.get(name, NULL).lower() for name in keywords) for row in rows]
    work = Work.judged(ruleset, keywords, cells)
    found = {judgement: place for place, judgement in enumerate(work.judgements)}
    wanted = {judgement: products_of(work, place) for judgement, place in found.items()}
    return [wanted[judgement] for judgement in work.judgements]


class _Read(NamedTuple):
    """An exposure, what header and declarations say of it, and what is wrong with it."""

    exposure: Exposure
    keywords: Mapping[str, str]
    problem: str | None


def _judged(
    exposures: Sequence[Exposure], headers: Sequence[Header], declared: Declared
) -> Iterator[_Read]:
    """Say what is wrong with files that are not exposures, or not the first of their name."""
    seen: set[str] = set()
    for exposure, (header, problem) in zip(exposures, headers, strict=True):
        name = exposure.name
        keywords = {**_values(header), **declared.values(exposure.names)}
        if problem is None and not name.isprintable():
            problem = "its name holds characters that cannot be printed"
        if problem is None and name.lower() in seen:
            problem = "a second file of this name"
        if problem is None:
            problem = _flag_problem(keywords)
        if problem is None:
            seen.add(name.lower())
        else:
            problem = f"{label(exposure.path, _LABEL_LENGTH)}: {problem}"
        yield _Read(exposure, keywords, problem)


def _flag_problem(keywords: Mapping[str, str]) -> str | None:
    for name in sorted(flags() & keywords.keys()):
        if keywords[name] and read_flag(keywords[name]) is None:
            return f"{no_flag(name, keywords[name])}; declare {name.upper()} by --set"
    return None


def _refusal(problems: list[str], files: int, skip: bool) -> PoolError:
    mend = "give other files" if skip else "leave it out, as asnrules pool make --skip does"
    if len(problems) == 1:
        return PoolError(f"{problems[0]}; {mend}")
    mend = mend.replace("it", "them", 1)
    return PoolError(
        f"{len(problems):,} of {files:,} files make no exposure of a pool; {mend}", details=problems
    )


def _values(header: Mapping[str, str]) -> dict[str, str]:
    """Give the values of a header as pools have them, blank if they say that there is none."""
    values = {}
    for keyword, value in header.items():
        whole = WRITTEN_AS_FLOAT.fullmatch(value)
        if keyword in flags():
            flag = read_flag(value)
            values[keyword] = value if flag is None else "" if flag == NULL else flag
        elif keyword in {*assumed(), "targetid"} and value.lower() in EMPTY:
            values[keyword] = ""
        else:
            values[keyword] = whole[1] if whole and keyword != "targname" else value
    return values


def _rows(exposures: Sequence[_Read], declared: Declared) -> list[dict[str, str]]:
    defaults = {keyword: value for keyword, value in assumed().items() if value is not None}
    targets = _targets([one.keywords for one in exposures])
    return [
        {
            **defaults,
            **{keyword: value for keyword, value in one.keywords.items() if value},
            "filename": one.exposure.name,
            "asn_candidate": _candidates(one, declared.candidates(one.exposure.names)),
            "targetid": one.keywords.get("targetid") or targets[one.keywords.get("targname", "")],
        }
        for one in exposures
    ]


def _targets(exposures: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Give the number of each name of a target: that of headers, or one that none has."""
    told = [one for one in exposures if one.get("targetid")]
    taken = {one["targetid"] for one in told}
    numbers = {one["targname"]: one["targetid"] for one in told if one.get("targname")}
    free = (str(number) for number in count(1) if str(number) not in taken)
    for one in exposures:
        name = one.get("targname", "")
        if not one.get("targetid") and name not in numbers:
            numbers[name] = next(free)
    return numbers


def _candidates(one: _Read, others: Sequence[Candidate]) -> str:
    observation = one.keywords.get("observtn", "")
    own = [(f"o{observation}", "observation")] if _OBSERVATION.fullmatch(observation) else []
    found = [*own, *(tuple(other) for other in others)]
    return str(found) if found else NULL


def _unplaced(exposures: Sequence[_Read]) -> list[str]:
    lines = []
    for one in exposures:
        lacks = [name.upper() for name in _NEEDED if not one.keywords.get(name)]
        observation = one.keywords.get("observtn", "")
        problem = f"its header has no {', '.join(lacks)}" if lacks else ""
        if not _OBSERVATION.fullmatch(observation):
            found = f"OBSERVTN is {shown(observation)}" if observation else "no OBSERVTN"
            problem = f"{problem}; {found}" if problem else f"{found}, so no candidate"
        if problem:
            lines.append(f"{label(one.exposure.path, _LABEL_LENGTH)}: cannot be placed: {problem}")
    return lines


def _lonely(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Say that background targets are in no candidate with sciences, as far as headers tell."""
    backgrounds = [row["asn_candidate"] for row in rows if row.get("bkgdtarg") == "t"]
    count = sum(candidates.count("(") < 2 for candidates in backgrounds)
    return [
        f"headers do not tell of which sciences background targets (exposures: {count:,})"
        " are the background; declare a candidate by --asn-candidate"
    ] * bool(count)
