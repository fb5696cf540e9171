"""Association pools: the rows of a '|' separated text file, checked cell by cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Self, TypeAlias, cast

from asnrules.errors import PoolError
from asnrules.pools.candidates import Candidate, CandidateSyntaxError, parse_candidates
from asnrules.pools.fits.keywords import flags
from asnrules.pools.tables import ASN_CANDIDATE, FILENAME, NULL, TableSource
from asnrules.pools.text import StoredText
from asnrules.util.flags import WRITTEN_AS_FLOAT, no_flag, read_flag
from asnrules.util.limits import CELL_CHARACTERS, POOL_COLUMNS
from asnrules.util.text import CONTROL, label, shown

_BLANK = ""
_SEPARATOR = "|"
_SHARED_LIMIT = 1 << 20
_BATCH = 10_000
_HEADER_SHOWN = 5
_QUOTED = re.compile(r'\s*"((?:[^"]|"")*+)"\s*(?=\||$)')
_OPENING_QUOTE = re.compile(r'\s*"')
_BYTE_ORDER_MARK = "\ufeff"

PoolSource: TypeAlias = str | Path | TableSource


class _Values(dict[str | None, str | None]):
    """The value of a cell for its text; equal values share one object.

    Values repeat a lot: sharing them is what lets a million rows fit in memory.
    """

    def __init__(self, blank: str) -> None:
        super().__init__({None: None, NULL: NULL})
        self._blank = blank
        self.has_blanks = False
        self.are_of_a_table = False

    def __missing__(self, cell: str) -> str:
        value = cell.strip()
        # A column of whole numbers with gaps is one of floats to some programs.
        if self.are_of_a_table:
            whole = WRITTEN_AS_FLOAT.fullmatch(value)
            value = whole[1] if whole else value
        if not value:
            self.has_blanks = True
            value = self._blank
        if len(self) < _SHARED_LIMIT:
            value = self.get(value) or value
            self[value] = self[cell] = value
        return value


class PoolReader:
    """A pool that is read once, row by row; a context manager.

    The path is of a '|' separated text, or of a table as CSV with commas, ECSV, Parquet or Arrow,
    gzipped or not; the content tells which. ``-`` stands for standard input. Rows have a value for
    each of the keywords, lower-case names of columns, `filename` and `asn_candidate` among them.
    A blank cell has the value `blank`; in asn_candidate it is always `null`. If `compares`, the
    `others` are kept. Anything wrong with the file is a PoolError, on entering or in the iteration.
    """

    def __init__(
        self,
        path: PoolSource,
        keywords: Sequence[str],
        *,
        blank: str = NULL,
        compares: bool = False,
    ) -> None:
        self.keywords = tuple(keywords)
        self.stored = StoredText(path)
        """The file, with its name and digest."""
        self._lines = self.stored.lines()
        self.values = _Values(blank)
        self.columns: tuple[str, ...] = ()
        """Lower-case names of all columns in the file, once the context is entered."""
        self.candidates: dict[str, tuple[Candidate, ...]] = {}
        """What each distinct text in asn_candidate stands for, as far as rows have been read."""
        self.repeated_headers: list[int] = []
        """Lines that repeat the header, as in pools joined by `cat`; they are not rows."""
        self.others: list[int] = []
        """A digest of the cells of each row in other columns than those kept, if asked for."""
        self._compares = compares

    def __enter__(self) -> Self:
        try:
            self.columns = self._header()
            self.values.are_of_a_table = self.stored.is_table
        except BaseException:
            self.stored.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stored.close()

    def __iter__(self) -> Iterator[tuple[str | None, ...]]:
        wanted = len(self.columns)
        name_column = self.columns.index(FILENAME)
        name_at = self.keywords.index(FILENAME)
        candidate_at = self.keywords.index(ASN_CANDIDATE)
        # A keyword without a column takes the None that is put behind the last cell.
        places = {column: place for place, column in enumerate(self.columns)}
        kept = itemgetter(*(places.get(keyword, wanted) for keyword in self.keywords))
        others = [at for at, column in enumerate(self.columns) if column not in self.keywords]
        value_of = self.values.__getitem__
        # What jwst does not read has flags as people write them.
        flags_at = [at for at, keyword in enumerate(self.keywords) if keyword in flags()]
        flags_at = flags_at if self.stored.is_table else []
        for number, line, suspect in self._lines:
            cells = self._cells(line, number, suspect)
            if len(cells) != wanted and not self._is_header(cells, number):
                raise self._miscounted(cells, number)
            name = cells[name_column].strip().removeprefix(_BYTE_ORDER_MARK)
            if name == FILENAME and self._is_header(cells, number):
                self.repeated_headers.append(number)
                continue
            if not name or name == NULL:
                problem = "the file name is blank"
                raise self._error(number, FILENAME, problem, "give each exposure one")
            if self._compares:
                self.others.append(hash(tuple(cells[at].strip() or NULL for at in others)))
            # File names differ from row to row: sharing them would only cost.
            cells[name_column] = NULL
            row = [*map(value_of, kept([*cells, None]))]
            row[name_at] = name
            for at in flags_at:
                row[at] = self._flag(row[at], self.keywords[at], number)
            row[candidate_at] = row[candidate_at] or NULL
            if row[candidate_at] not in self.candidates:
                cells[name_column] = name
                self._is_header(cells, number)
                self._learn(cast("str", row[candidate_at]), number)
            yield tuple(row)

    def _header(self) -> tuple[str, ...]:
        number, line, suspect = next(self._lines, (0, "", False))
        if not number:
            raise self.stored.error(
                "no header, only comments and blank lines", "give a pool with a header line"
            )
        columns = tuple(cell.strip() for cell in self._cells(line, number, suspect))
        if len(columns) > POOL_COLUMNS:
            raise self.stored.too_wide(len(columns), number)
        for required in (FILENAME, ASN_CANDIDATE):
            if required not in columns:
                raise self._lacking(required, columns, line, number)
        seen = set()
        for place, column in enumerate(columns, 1):
            if not column:
                mend = "name it, or leave it out (pandas writes none with index=False)"
                raise self._error(number, str(place), "the column has no name", mend)
            if column in seen:
                problem = f"a second column of the name {shown(column)}"
                raise self._error(number, str(place), problem, "give each column its own name")
            seen.add(column)
        return columns

    def _is_header(self, cells: Sequence[str], number: int) -> bool:
        """Tell whether a row is the header once more; refuse the header of another pool."""
        columns = tuple(cell.strip().removeprefix(_BYTE_ORDER_MARK).strip() for cell in cells)
        if columns == self.columns:
            return True
        # A row with as many cells may be an exposure, whatever one of them says.
        may_be_other = ASN_CANDIDATE in columns or len(columns) != len(self.columns)
        if FILENAME not in columns or not may_be_other:
            return False
        place, (found, wanted) = next(
            (place, pair)
            for place, pair in enumerate(zip_longest(columns, self.columns), 1)
            if pair[0] != pair[1]
        )
        there = "nothing" if found is None else shown(found)
        before = "nothing" if wanted is None else shown(wanted)
        problem = f"a second header, with other columns: {there} where the first has {before}"
        mend = "give the rows below it as a pool of their own"
        raise self._error(number, str(place), problem, mend)

    def _cells(self, line: str, number: int, suspect: bool) -> list[str]:
        cells = self._quoted(line, number) if '"' in line else line.split(_SEPARATOR)
        if (suspect and not line.isprintable()) or len(line) > CELL_CHARACTERS:
            self._inspect(cells, number)
        return cells

    def _quoted(self, line: str, number: int) -> list[str]:
        cells: list[str] = []
        start = 0
        while start <= len(line):
            quoted = _QUOTED.match(line, start)
            if quoted:
                end = quoted.end()
                cells.append(quoted[1].replace('""', '"'))
            elif _OPENING_QUOTE.match(line, start):
                problem = (
                    "a quote opens the cell, and none closes it before the next '|' or line end"
                )
                mend = "close it on its line; inside, double each quote"
                raise self._error(number, self._column(len(cells)), problem, mend)
            else:
                end = line.find(_SEPARATOR, start)
                end = len(line) if end < 0 else end
                cells.append(line[start:end])
            start = end + 1
        return cells

    def _inspect(self, cells: list[str], number: int) -> None:
        for place, cell in enumerate(cells):
            if control := CONTROL.search(cell):
                problem = f"control character {control[0]!r} in {shown(cell)}"
                mend = "remove it; lines end with LF or CRLF"
            elif len(cell) > CELL_CHARACTERS:
                problem = f"the cell is longer than {CELL_CHARACTERS:,} characters: {shown(cell)}"
                mend = "shorten it"
            else:
                continue
            raise self._error(number, self._column(place), problem, mend)

    def _flag(self, text: str | None, keyword: str, number: int) -> str | None:
        if not text:
            return text
        if (value := read_flag(text)) is None:
            raise self._error(number, keyword, no_flag(keyword, text), "write t or f")
        return value

    def _learn(self, text: str, number: int) -> None:
        try:
            self.candidates[text] = parse_candidates(text)
        except CandidateSyntaxError as error:
            mend = "write it like [('o001', 'observation')], or leave it blank"
            problem = f"not a list of candidates: {error}"
            raise self._error(number, ASN_CANDIDATE, problem, mend) from error

    def _column(self, place: int) -> str:
        return label(self.columns[place]) if place < len(self.columns) else str(place + 1)

    def _error(self, number: int, column: str, problem: str, mend: str) -> PoolError:
        return self.stored.error(problem, mend, line=number, column=column)

    def _lacking(self, required: str, columns: Sequence[str], line: str, number: int) -> PoolError:
        problem = f"no column {required}"
        if _SEPARATOR not in line:
            marks = {"\t": "tabs", ";": "semicolons", ",": "commas"}
            other = next((name for mark, name in marks.items() if mark in line), "")
            problem += f", and no '|' but {other}" if other else ", and no '|'"
        first = ", ".join(map(shown, columns[:_HEADER_SHOWN]))
        more = ", ..." if len(columns) > _HEADER_SHOWN else ""
        return self.stored.error(
            f"{problem}: the header begins with {first}{more}",
            f"give a header with {FILENAME} and {ASN_CANDIDATE}, separated by '|' or commas",
            line=number,
        )

    def _miscounted(self, cells: list[str], number: int) -> PoolError:
        found, wanted = len(cells), len(self.columns)
        if found < wanted:
            stop = shown(self.columns[found])
            problem = f"only {found:,} of {wanted:,} cells, the row stops before {stop}"
            mend = "give each column a cell, if only a blank one"
        else:
            problem = (
                f"{found:,} cells where the header has {wanted:,}, "
                f"the row goes on after this one with {shown(cells[wanted])}"
            )
            # Cells of typed tables are never too many.
            mark = "," if self.stored.is_table else _SEPARATOR
            mend = f"quote a cell that holds '{mark}'"
        return self._error(number, self._column(min(found, wanted) - 1), problem, mend)


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool that has been read; see `PoolReader`."""

    name: str
    """Base name of the file; `stdin` for standard input."""
    sha256: str
    columns: tuple[str, ...]
    keywords: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    """A value for each keyword, in lower case; None where the file has no such column."""
    candidates: dict[str, tuple[Candidate, ...]]
    blanks: dict[str, str] = field(default_factory=dict)
    """Keywords with blank cells, and what these were read as: `null`, cut to the length of the
    longest cell of the column (behaviour of jwst 3.0.0, by running it)."""
    repeated_headers: tuple[int, ...] = ()
    others: list[int] = field(default_factory=list)
    """A digest of the cells of each row in other columns, if asked for."""


def read_pool(
    path: PoolSource,
    keywords: Sequence[str],
    *,
    progress: Callable[[int], None] | None = None,
    compares: bool = False,
) -> Pool:
    """Read a whole pool, see `PoolReader`; `progress` is told how many stored bytes are read."""
    rows: list[tuple[str | None, ...]] = []
    with PoolReader(path, keywords, blank=_BLANK, compares=compares) as reader:
        stream = iter(reader)
        while batch := list(islice(stream, _BATCH)):
            rows += batch
            if progress:
                progress(reader.stored.bytes_read)
        if progress:
            progress(reader.stored.bytes_read)
        blanks = _blanks(rows, reader) if reader.values.has_blanks else {}
        if blanks:
            fills = [blanks.get(keyword, _BLANK) for keyword in reader.keywords]
            rows = [_filled(row, fills) if _BLANK in row else row for row in rows]
        stored, repeated = reader.stored, tuple(reader.repeated_headers)
        return Pool(
            stored.name, stored.sha256, reader.columns, reader.keywords, rows, reader.candidates,
            blanks, repeated, reader.others,
        )  # fmt: skip


def _blanks(rows: Sequence[tuple[str | None, ...]], reader: PoolReader) -> dict[str, str]:
    """Say what the blank cells of each column are read as."""
    blanks = {}
    for place, keyword in enumerate(reader.keywords):
        if keyword in {FILENAME, ASN_CANDIDATE} or keyword not in reader.columns:
            continue
        values = {cast("str", row[place]) for row in rows}
        if _BLANK in values:
            # To jwst a header within the pool is a row like any other.
            cells = {*values, keyword} if reader.repeated_headers else values
            blanks[keyword] = NULL[: max(1, *map(len, cells))]
    return blanks


def _filled(row: tuple[str | None, ...], fills: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(fill if value == _BLANK else value for value, fill in zip(row, fills, strict=True))
