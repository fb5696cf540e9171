"""A pool of exposures, made from their FITS headers.

The columns and their defaults are those of the command asn_make_pool of jwst 3.0.0, as running it
shows: every keyword of the headers, in order of their names, `null` where a header lacks it;
ASN_CANDIDATE from OBSERVTN; TARGETID counted by TARGNAME; DITHPTIN and MOSTILNO always 1; IS_IMPRT
`f`, PNTGTYPE `science` and DMS_NOTE empty unless something else is declared.

It differs in these, each shown by a test beside jwst. Rows, and so the numbers of targets, are in
order of file name. A target has one number: asn_make_pool counts the names met so far, so that a
target that comes again after another takes the other's. A file is named without its folder and
`.gz`. Truth values are `t` and `f`, as in the pools of the archive: of the `True` that
asn_make_pool writes, asn_generate makes no time series. A keyword without a value is `null`, not
`None`, which would set a flag. What is empty is `null` too, as jwst takes a blank for a value
where the cells of a column are short.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from asnrules.errors import PoolError, UsageError
from asnrules.pools.candidates import Candidate, CandidateSyntaxError, parse_candidates
from asnrules.pools.headers import Header, read_headers
from asnrules.pools.rendering import TableSource
from asnrules.pools.wording import label, shown
from asnrules.whole_files import whole_file

NAME = "fits_headers"
"""The name of a pool that is made from headers and not stored."""

DEFAULTS = {"is_imprt": "f", "pntgtype": "science", "dms_note": "null"}
FIXED = {"dithptin": "1", "mostilno": "1"}
NULL = "null"

_OBSERVATION = re.compile(r"[A-Za-z0-9]{1,16}")
_NEEDED = ("program", "exp_type", "instrume")
_SUFFIX = ".gz"
_LABEL_LENGTH = 200
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Declarations:
    """What headers do not tell, each as `VALUE` for all files, or `PATTERN=VALUE` for some.

    Of several that fit a file the last one counts; candidates add up. A pattern is one of a
    shell, for names without folders, in any case.

    Attributes
    ----------
    asn_candidate : sequence of str
        Further candidates: ``[('c1000', 'background')]``.
    dms_note, is_imprt, pntgtype : sequence of str
        The values of these columns.
    """

    asn_candidate: Sequence[str] = ()
    dms_note: Sequence[str] = ()
    is_imprt: Sequence[str] = ()
    pntgtype: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class MadePool:
    """A pool made from headers.

    Attributes
    ----------
    source : TableSource
        The pool, to be read or written once.
    exposures : int
        How many rows it has.
    skipped : list of str
        A line for each file that is left out.
    unplaced : list of str
        A line for each exposure that can be in no association, as its header lacks something.
    notes : list of str
        What was taken for granted.
    """

    source: TableSource
    exposures: int
    skipped: list[str]
    unplaced: list[str]
    notes: list[str]


def make_pool(
    paths: Sequence[str],
    declarations: Declarations | None = None,
    *,
    skip: bool = False,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> MadePool:
    """Make a pool from FITS files.

    Parameters
    ----------
    paths : sequence of str
        The files, gzipped or not, in any order. Only their primary headers are read.
    declarations : Declarations, optional
        What headers do not tell.
    skip : bool
        Whether files that are no exposures of JWST are left out; otherwise they are an error.
    workers, progress : optional
        See `read_headers`.

    Raises
    ------
    PoolError
        If a file is no exposure of JWST, or a second one of the same name; each such file is a
        line of its `details`.
    UsageError
        If a declaration is none or fits no file, or astropy is not installed.
    """
    declared = _Declared(declarations or Declarations())
    headers = sorted(
        read_headers(paths, workers=workers, progress=progress), key=lambda one: _order(one.path)
    )
    judged = _judged(headers)
    problems = [problem for _, problem in judged if problem is not None]
    if problems and (not skip or len(problems) == len(headers)):
        raise _refusal(problems, len(headers), skip)
    good = [header for header, problem in judged if problem is None]
    rows = _rows(good, declared)
    declared.check_all_fit()
    columns = sorted({column for row in rows for column in row})
    return MadePool(
        source=TableSource(
            NAME, columns, [[row.get(column, NULL) for column in columns] for row in rows]
        ),
        exposures=len(rows),
        skipped=problems,
        unplaced=_unplaced(good),
        notes=[declared.note()],
    )


def write_pool(made: MadePool, path: Path, *, overwrite: bool = False) -> None:
    """Write a pool that was made.

    Parameters
    ----------
    made : MadePool
        The pool.
    path : Path
        The file.
    overwrite : bool
        Whether a file that is there may be replaced.

    Raises
    ------
    OutputError
        If it cannot be written, or is there already.
    """
    with whole_file(path, overwrite=overwrite) as stream:
        stream.writelines(made.source.blocks())


def exposure_name(path: str) -> str:
    """Give the name of an exposure's file: without its folder, and as it is unpacked."""
    name = Path(path).name
    return name[: -len(_SUFFIX)] if name.lower().endswith(_SUFFIX) else name


def _order(path: str) -> tuple[str, str]:
    return exposure_name(path).lower(), path


def _judged(headers: Sequence[Header]) -> list[tuple[Header, str | None]]:
    """Say of each file that is no exposure, or not the first of its name, what is wrong."""
    judged: list[tuple[Header, str | None]] = []
    seen: set[str] = set()
    for header in headers:
        name = exposure_name(header.path).lower()
        problem = header.problem
        if problem is None and not name.isprintable():
            problem = "its name holds characters that cannot be printed"
        if problem is None and name in seen:
            problem = "a second file of this name"
        if problem is None:
            seen.add(name)
        else:
            problem = f"{label(header.path, _LABEL_LENGTH)}: {problem}"
        judged.append((header, problem))
    return judged


def _refusal(problems: list[str], files: int, skip: bool) -> PoolError:
    mend = "give other files" if skip else "leave it out, as asnrules pool make --skip does"
    if len(problems) == 1:
        return PoolError(f"{problems[0]}; {mend}")
    error = PoolError(
        f"{len(problems):,} of {files:,} files make no exposure of a pool; "
        f"{mend.replace('it', 'them', 1)}"
    )
    error.details = problems
    return error


def _rows(headers: Sequence[Header], declared: _Declared) -> list[dict[str, str]]:
    targets: dict[str, int] = {}
    rows = []
    for header in headers:
        name = exposure_name(header.path)
        target = header.keywords.get("targname", "")
        rows.append(
            {
                **header.keywords,
                **FIXED,
                **declared.values(name),
                "filename": name,
                "asn_candidate": _candidates(header, declared.candidates(name)),
                "targetid": str(targets.setdefault(target, len(targets) + 1)),
            }
        )
    return rows


def _candidates(header: Header, others: Sequence[Candidate]) -> str:
    observation = header.keywords.get("observtn", "")
    own = [(f"o{observation}", "observation")] if _OBSERVATION.fullmatch(observation) else []
    found = [*own, *(tuple(other) for other in others)]
    return str(found) if found else NULL


def _unplaced(headers: Sequence[Header]) -> list[str]:
    lines = []
    for header in headers:
        lacks = [name.upper() for name in _NEEDED if not header.keywords.get(name)]
        observation = header.keywords.get("observtn", "")
        problem = f"its header has no {', '.join(lacks)}" if lacks else ""
        if not _OBSERVATION.fullmatch(observation):
            found = f"OBSERVTN is {shown(observation)}" if observation else "no OBSERVTN"
            problem = f"{problem}; {found}" if problem else f"{found}, so no candidate"
        if problem:
            lines.append(f"{label(header.path, _LABEL_LENGTH)}: cannot be placed: {problem}")
    return lines


class _Declared:
    """Declarations that have been read, and which of them have fitted a file."""

    def __init__(self, declarations: Declarations) -> None:
        self._candidates = [
            (text, *_split(text, "--asn-candidate", _read_candidates))
            for text in declarations.asn_candidate
        ]
        self._values = {
            column: [
                (text, *_split(text, f"--{column.replace('_', '-')}", read))
                for text in getattr(declarations, column)
            ]
            for column, read in _READERS.items()
        }
        self._fitting: set[str] = set()

    def values(self, name: str) -> dict[str, str]:
        """Give what is declared of a file, and the defaults."""
        found = dict(DEFAULTS)
        for column, declared in self._values.items():
            for text, pattern, value in declared:
                if self._fits(text, pattern, name):
                    found[column] = value
        return found

    def candidates(self, name: str) -> list[Candidate]:
        """Give the further candidates of a file."""
        return [
            one
            for text, pattern, found in self._candidates
            if self._fits(text, pattern, name)
            for one in found
        ]

    def check_all_fit(self) -> None:
        """Refuse a pattern that has fitted no file."""
        every = [*self._candidates, *(one for found in self._values.values() for one in found)]
        for text, pattern, _ in every:
            if text not in self._fitting:
                raise UsageError(f"the pattern {shown(pattern)} fits no file; correct it")

    def note(self) -> str:
        """Say what was taken for granted."""
        taken = [
            f"{column.upper()} {value}"
            for column, value in DEFAULTS.items()
            if not self._values[column]
        ]
        taken += [f"{column.upper()} {value}" for column, value in FIXED.items()]
        return (
            f"headers do not tell, so it is assumed: {', '.join(taken)}; imprints, and candidates "
            "other than the observation, have to be declared (asnrules pool make --help)"
        )

    def _fits(self, text: str, pattern: str, name: str) -> bool:
        fits = fnmatch.fnmatchcase(name.lower(), pattern.lower())
        if fits:
            self._fitting.add(text)
        return fits


def _split(text: str, option: str, read: Callable[[str, str], Value]) -> tuple[str, Value]:
    pattern, separator, value = text.partition("=")
    if not separator:
        pattern, value = "*", text
    return pattern, read(value.strip(), option)


def _read_candidates(text: str, option: str) -> tuple[Candidate, ...]:
    try:
        return parse_candidates(text.lower())
    except CandidateSyntaxError as error:
        raise UsageError(
            f"{option}: not a list of candidates: {error}; "
            "write it like \"[('c1000', 'background')]\""
        ) from error


def _read_flag(text: str, option: str) -> str:
    if text.lower() not in {"t", "f"}:
        raise UsageError(f"{option}: {shown(text)} is neither t nor f; write t, or PATTERN=t")
    return text.lower()


def _read_text(text: str, option: str) -> str:
    if not text.isprintable():
        raise UsageError(f"{option}: {shown(text)} holds control characters; leave them out")
    return text


_READERS: dict[str, Callable[[str, str], str]] = {
    "dms_note": _read_text,
    "is_imprt": _read_flag,
    "pntgtype": _read_text,
}
