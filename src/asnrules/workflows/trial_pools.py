"""Pools on which two programs are tried: made of probes or read from files, and made smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from asnrules.analysis.probes import Exposure, Probe
from asnrules.engine.exposures import canonical_order
from asnrules.pools.candidates import Candidate, parse_candidates
from asnrules.pools.reader import PoolReader
from asnrules.pools.tables import ASN_CANDIDATE, FILENAME, NULL, TableSource

_PROBES = 20
"""Probes of a pool: so many that a pool is worth its start, and so few that a look at each
association made so far, as early releases have it for each exposure, takes no time."""

PROBE = "probe"
"""The name of pools that are made of probes."""

Row = Mapping[str, str]
"""The cells of an exposure, by column."""


class TrialPool(NamedTuple):
    """A pool."""

    columns: tuple[str, ...]
    parts: tuple[tuple[Row, ...], ...]
    """Exposures that do not come together with those of another part."""
    name: str = PROBE
    """Of its file, if it has one."""

    @property
    def rows(self) -> list[Row]:
        """All exposures."""
        return list(chain.from_iterable(self.parts))

    def content(self) -> bytes:
        """Give it as the text of a file, in canonical order."""
        cells = [tuple(row[name] for name in self.columns) for row in self.rows]
        places = (self.columns.index(name) for name in (FILENAME, ASN_CANDIDATE))
        ordered = [cells[place] for place in canonical_order(cells, *places)]
        return b"".join(TableSource(self.name, self.columns, ordered).blocks())

    def halves(self) -> list[TrialPool]:
        """Part it in two, or not at all if it has one part only."""
        middle = len(self.parts) // 2
        halves = (self.parts[:middle], self.parts[middle:])
        return [self._replace(parts=half) for half in halves] if middle else []

    def with_rows(self, rows: Iterable[Row]) -> TrialPool:
        """Give a pool of one part."""
        return self._replace(parts=(tuple(rows),))


def read_trial_pool(path: str, keywords: Sequence[str]) -> TrialPool:
    """Read a pool with all its columns; a PoolError if it is not valid."""
    with PoolReader(path, keywords) as reader:
        columns = reader.columns
    with PoolReader(path, columns) as reader:
        rows = tuple(
            {name: cell or NULL for name, cell in zip(columns, row, strict=True)} for row in reader
        )
    return TrialPool(columns, (rows,), Path(path).name)


def probe_pools(probes: Iterable[Probe], keywords: Sequence[str]) -> Iterator[TrialPool]:
    """Put probes into pools, each with a program and candidates of its own."""
    others = sorted(set(keywords) - {FILENAME, ASN_CANDIDATE})
    columns = (FILENAME, *others, ASN_CANDIDATE)
    waiting = iter(probes)
    while taken := list(islice(waiting, _PROBES)):
        parts = (tuple(_rows(number, probe, others)) for number, probe in enumerate(taken, 1))
        yield TrialPool(columns, tuple(parts))


def _rows(number: int, probe: Probe, keywords: Sequence[str]) -> Iterator[Row]:
    for count, exposure in enumerate(probe, 1):
        values = {name: exposure.values.get(name) or NULL for name in keywords}
        if values["program"] != NULL:
            # Those of one probe that differ are told apart by their last digit.
            values["program"] = f"{number}{values['program']}"
        program = values["program"] if values["program"] != NULL else "0"
        detector = values["detector"]
        name = f"jw{program:0>5}001{number:03}_02101_{count:05}_{detector}_uncal.fits"
        yield {FILENAME: name, **values, ASN_CANDIDATE: _candidates(number, exposure)}


def _candidates(number: int, exposure: Exposure) -> str:
    """Write the candidates of an exposure, with numbers that only this probe has."""
    firsts = {"o": number * 10, "c": 1000 + number * 10}
    pairs = (
        (f"{name[0]}{firsts[name[0]] + int(name[1:]):03}", kind)
        for name, kind in exposure.candidates
    )
    return str(list(pairs))


def smaller(pool: TrialPool, is_enough: Callable[[TrialPool], bool], tries: int) -> TrialPool:
    """Leave out rows, and then candidates, as long as what is left is enough.

    `is_enough` tells whether a pool still shows what it is to show; it is asked at most `tries`
    times.
    """
    attempts = iter(range(tries))
    rows = pool.rows
    size = max(len(rows) // 2, 1)
    while size:
        start = 0
        while start < len(rows):
            fewer = rows[:start] + rows[start + size :]
            if fewer and next(attempts, None) is not None and is_enough(pool.with_rows(fewer)):
                rows = fewer
            else:
                start += size
        size //= 2
    for pair in dict.fromkeys(
        pair for row in rows for pair in parse_candidates(row[ASN_CANDIDATE])
    ):
        fewer = [_without(row, pair) for row in rows]
        if fewer != rows and next(attempts, None) is not None and is_enough(pool.with_rows(fewer)):
            rows = fewer
    return pool.with_rows(rows)


def _without(row: Row, pair: Candidate) -> Row:
    """Leave out a candidate of an exposure that has others."""
    pairs = parse_candidates(row[ASN_CANDIDATE])
    left = [tuple(one) for one in pairs if one != pair]
    return {**row, ASN_CANDIDATE: str(left)} if left and len(left) < len(pairs) else row
