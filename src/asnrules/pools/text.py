"""The lines of a pool: opened, unpacked, decoded in blocks, and digested."""

from __future__ import annotations

import gzip
import hashlib
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from asnrules.errors import PoolError
from asnrules.pools.formats import START, Kind, TableFormatError, kind_of, stored_table
from asnrules.pools.tables import TableSource
from asnrules.util.limits import LINE_BYTES, POOL_BYTES, POOL_COLUMNS, POOL_LINES
from asnrules.util.text import STANDARD_INPUT, label

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Line: TypeAlias = tuple[int, str, bool]
_BUFFER = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_LABEL_LENGTH = 200
_REASON_LENGTH = 100
# Control characters but for tab and line ends: those below 0x20 and 0x7f as they are, those from
# 0x80 on by the byte that they begin with in UTF-8.
_C0 = bytes({*range(0x20), 0x7F} - {*b"\t\n\r"})
_C1_LEAD = b"\xc2"


def unpacked(stored: io.BufferedReader[Any]) -> io.BufferedIOBase:
    """Give a stream of what a file holds, which may be gzipped."""
    is_packed = stored.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC)
    return gzip.GzipFile(fileobj=stored) if is_packed else stored


class _Watched(io.RawIOBase):
    """A stream that tells what is read through it. It does not own its source."""

    def __init__(self, source: io.BufferedIOBase, told: Callable[[memoryview], None]) -> None:
        self._source = source
        self._told = told

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        # typeshed has int, but a source that does not block gives None where it has no data yet.
        count = cast("int | None", self._source.readinto(view))
        if count is None:
            raise BlockingIOError(0, "no data yet from an input that does not block")
        self._told(view[:count])
        return count


class _TooLargeError(ValueError):
    """A pool of more bytes than are read."""


class StoredText:
    """The lines of a text file, gzipped or not, or of a table that is rendered as such a text.

    The path ``-`` stands for standard input.
    """

    def __init__(self, path: str | Path | TableSource) -> None:
        self._path = path
        self._rows_are_numbered = self.is_table = isinstance(path, TableSource)
        full = path.name if isinstance(path, TableSource) else str(path)
        self._standard_input = full == STANDARD_INPUT and not self._rows_are_numbered
        base = "stdin" if self._standard_input else Path(full).name
        self.name = base if base.isprintable() else ascii(base)[1:-1]
        self._label = "stdin" if self._standard_input else label(full, _LABEL_LENGTH)
        self._closing = ExitStack()
        self._line = 1
        self._digest = hashlib.sha256()
        self._unpacked_bytes = 0
        self.bytes_read = 0
        """Number of stored bytes read so far."""
        self.sha256 = ""
        """Digest of all stored bytes; '' until the last line has been read."""

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self._closing.close()

    def lines(self) -> Iterator[Line]:
        """Give each line that is neither blank nor a comment.

        That is its number in the file, counted from 1; the line in lower case, without its end;
        whether it may hold control characters other than tabs.
        """
        try:
            yield from self._decoded(self._blocks())
            self.sha256 = self._digest.hexdigest()
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            problem = f"truncated or corrupt gzip data ({label(str(error), _REASON_LENGTH)})"
            raise self.error(problem, "fetch the file again") from error
        except _TooLargeError as error:
            problem = f"more than {POOL_BYTES:,} bytes, unpacked"
            raise self.error(problem, "split the pool", line=self._line) from error
        except TableFormatError as error:
            problem = f"not well formed: {error}"
            raise self.error(problem, "write the table again", line=error.line) from error
        except IsADirectoryError as error:
            raise self.error("is a directory", "name a pool, or a folder of FITS files") from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            problem = f"cannot be read: {label(reason or str(error), _REASON_LENGTH)}"
            raise self.error(problem, "name a file that exists and that you may read") from error

    def error(
        self, problem: str, mend: str, *, line: int | None = None, column: str | None = None
    ) -> PoolError:
        """Build the error for a place in this file: what is wrong, and what to do about it.

        Lines are counted from 1 in the unpacked file; a column has its name, or its number.
        """
        place = self._label
        if line is not None and self._rows_are_numbered:
            place += f", row {line - 1}" if line > 1 else ", header"
        elif line is not None:
            place += f", line {line}"
        if column is not None:
            place += f", column {column}"
        return PoolError(f"{place}: {problem}; {mend}")

    def too_wide(self, columns: int, line: int = 1) -> PoolError:
        """Return the error for a file with too many columns."""
        problem = f"{columns:,} columns, more than {POOL_COLUMNS:,}"
        return self.error(problem, "leave out those that are not keywords", line=line)

    def _blocks(self) -> Iterator[bytes]:
        """Give the text, that of a pool, in blocks; all stored bytes are digested."""
        if isinstance(self._path, TableSource):
            for block in self._path.blocks():
                self._take(block)
                yield block
            return
        stored = io.BufferedReader(_Watched(self._opened(), self._take), _BUFFER)
        # GzipFile has no fast readline of its own; it has the readinto that a raw stream needs.
        watched = _Watched(unpacked(stored), self._count)
        bounded: io.BufferedReader = io.BufferedReader(watched, _BUFFER)
        kind = kind_of(bounded.peek(START))
        if kind is Kind.FITS:
            raise self.error("a FITS file, not a pool", "name it as a file, not by a stream")
        if kind is Kind.TEXT:
            yield from iter(lambda: bounded.read(_BUFFER), b"")
        else:
            self.is_table = True
            self._rows_are_numbered = kind is not Kind.COMMAS
            table = stored_table(kind, bounded, self._label)
            if len(table.columns) > POOL_COLUMNS:
                raise self.too_wide(len(table.columns))
            yield from table.blocks()
        # The reader may have left bytes unread, at least those after the last row.
        while stored.read(_BUFFER):
            pass

    def _opened(self) -> io.BufferedIOBase:
        if self._standard_input:
            return getattr(sys.stdin, "buffer", None) or io.BytesIO()
        return self._closing.enter_context(Path(cast("str | Path", self._path)).open("rb"))

    def _take(self, stored: bytes | memoryview) -> None:
        self._digest.update(stored)
        self.bytes_read += len(stored)

    def _count(self, more: memoryview) -> None:
        self._unpacked_bytes += len(more)
        if self._unpacked_bytes > POOL_BYTES:
            raise _TooLargeError

    def _decoded(self, blocks: Iterator[bytes]) -> Iterator[Line]:
        number = 1
        rest = b""
        for more in blocks:
            block = rest + more
            # Lines that begin in this block are shorter than it: only the first can be too long.
            if (block.find(b"\n") + 1 or len(block)) > LINE_BYTES:
                problem = f"the line is longer than {LINE_BYTES:,} bytes"
                mend = "give a pool with one exposure on each line"
                if b"\0" in block:
                    raise self._not_text(number)
                raise self.error(problem, mend, line=number)
            end = block.rfind(b"\n") + 1
            rest = block[end:]
            if end:
                yield from self._lines_of(block[: end - 1], number)
                self._line = number = number + block.count(b"\n")
            if number > POOL_LINES:
                raise self.error(f"more than {POOL_LINES:,} lines", "split the pool", line=number)
        if rest:
            yield from self._lines_of(rest, number)
        elif number == 1:
            raise self.error("the file is empty", "give a pool with a header line")

    def _lines_of(self, block: bytes, first: int) -> Iterator[Line]:
        error = None
        try:
            text = block.decode()
        except UnicodeDecodeError as undecodable:
            start = block.rfind(b"\n", 0, undecodable.start) + 1
            error = self._undecodable(block, start, undecodable.start, first)
            text = block[:start].decode()
        if first == 1:
            text = text.removeprefix("\ufeff")
        if "\r" in text:
            text = (text + "\n").replace("\r\n", "\n")[:-1]
        suspect = "\r" in text or _C1_LEAD in block or len(block.translate(None, _C0)) < len(block)
        for number, line in enumerate(text.lower().split("\n"), first):
            if suspect and "\0" in line:
                raise self._not_text(number)
            start_of_line = line.lstrip()[:1]
            if start_of_line and start_of_line != "#":
                yield number, line, suspect
        if error:
            raise error

    def _undecodable(self, block: bytes, start: int, at: int, first: int) -> PoolError:
        number = first + block.count(b"\n", 0, start)
        problem = f"not UTF-8 text: byte 0x{block[at]:02x} as number {at - start + 1} of the line"
        if b"\0" in block[start:]:
            return self._not_text(number)
        return self.error(problem, "save the pool as UTF-8 text", line=number)

    def _not_text(self, line: int) -> PoolError:
        problem = "not a text file: it holds NUL bytes"
        return self.error(problem, "give a pool, a '|' separated text file", line=line)
