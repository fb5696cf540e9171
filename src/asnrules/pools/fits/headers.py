"""The primary headers of FITS files: which keywords an exposure has, as text."""

from __future__ import annotations

import gzip
import re
import stat
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from io import BufferedIOBase, BufferedReader, BytesIO
from pathlib import Path
from typing import NamedTuple

from asnrules.pools.text import unpacked
from asnrules.util.environment import optional
from asnrules.util.parallel import parallel_map
from asnrules.util.text import CONTROL, label, shown

FITS_START = b"SIMPLE  ="  # What a FITS file begins with
TELESCOPE = "JWST"

_STANDARD_KEYWORD = re.compile(r"[A-Z0-9_-]{1,8}")
_NOT_VALUES = frozenset({"COMMENT", "HISTORY", "CONTINUE"})
_CARD, _BLOCK = 80, 2880
_END = b"END     "
_CONTINUE = b"CONTINUE"
_CONTINUED = re.compile(rb"(?:[^'/]*=|CONTINUE) *'(?:[^']|'')*& *'")
_HEADER_LIMIT = 1 << 18  # Bytes of a header; those of JWST have some 30,000
_PARALLEL_FROM = 400
"""Files for which a second process pays: it takes about as long to start as these to read."""
_CHUNK = 20
_REASON_LENGTH = 120


class HeaderError(Exception):
    """A file that is not a JWST exposure; the message says why, without naming it."""


class Header(NamedTuple):
    """What was found in a file."""

    keywords: Mapping[str, str]
    """Lower-case keyword to value; empty if there is a problem."""
    problem: str | None
    """Why it is not a JWST exposure."""


def is_fits(path: str | Path) -> bool:
    """Tell whether a file is a FITS file, gzipped or not, by what it begins with.

    False for what cannot be read: the error comes when it is read as a pool.
    """
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as stored:
            return unpacked(stored).read(len(FITS_START)) == FITS_START
    except (OSError, ValueError, EOFError, zlib.error):
        return False


def read_headers(
    paths: Sequence[str],
    *,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> list[Header]:
    """Read the primary headers of files, gzipped or not, in their order.

    Several processes may share the work, if there are enough files for that to pay. The number of
    files read so far, about, is told.
    """

    def told(done: int, count: int) -> None:
        if progress:
            progress(done * len(paths) // count)

    workers = workers if len(paths) >= _PARALLEL_FROM else 1
    turns = len(paths) // _CHUNK
    shares = parallel_map(_headers, paths, [1] * len(paths), workers, told, turns=turns)
    return [header for share in shares for header in share]


def _headers(paths: Sequence[str], told: Callable[[int, int], None] | None) -> list[Header]:
    found = []
    for path in paths:
        try:
            found.append(Header(read_header(path), None))
        except HeaderError as error:
            found.append(Header({}, str(error)))
        if told:
            told(len(found), len(paths))
    return found


def read_header(path: str) -> dict[str, str]:
    """Read the primary header of a file: lower-case keyword to value, in the order of the header.

    Of a keyword that comes twice, the first counts. Truth values are `t` and `f`, as in the pools
    of the archive; a keyword without a value is blank. Comments, and keywords that are not of the
    standard (HIERARCH), are left out. A file that is not a JWST exposure is a HeaderError.
    """
    try:
        with _opened(path) as stored:
            content = _content(unpacked(stored))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise HeaderError(f"truncated or corrupt gzip data ({_brief(error)})") from error
    except OSError as error:
        raise HeaderError(f"cannot be read: {error.strerror or _brief(error)}") from error
    except ValueError as error:
        raise HeaderError(f"cannot be read: {_brief(error)}") from error
    keywords = _keywords(content)
    telescope = keywords.get("telescop", "")
    if telescope.upper() not in {TELESCOPE, ""}:
        raise HeaderError(f"not a JWST exposure: TELESCOP is {shown(telescope)}")
    if keywords.get("reftype"):
        raise HeaderError(f"a reference file: REFTYPE is {shown(keywords['reftype'])}")
    if not telescope and not keywords.get("exp_type"):
        raise HeaderError("not a JWST exposure: neither TELESCOP nor EXP_TYPE")
    return keywords


def _opened(path: str) -> BufferedReader:
    # Opening a pipe without a writer would wait for ever.
    if stat.S_ISFIFO(Path(path).stat().st_mode):
        raise HeaderError("not a regular file")
    return Path(path).open("rb")


def _content(stream: BufferedIOBase) -> bytes:
    """Read a header, to the end of the block that it ends in."""
    content, card = bytearray(), b""
    while not card.startswith(_END):
        before, card = card, stream.read(_CARD)
        content += card
        if not before and not content.startswith(FITS_START):
            raise HeaderError("not a FITS file" if content else "the file is empty")
        if len(content) > _HEADER_LIMIT:
            raise HeaderError(f"its primary header is longer than {_HEADER_LIMIT:,} bytes")
        # astropy would add its text to the value before it.
        if card.startswith(_CONTINUE) and not _CONTINUED.match(before):
            number = len(content) // _CARD
            raise HeaderError(f"card {number} (CONTINUE) of its header continues no text")
        if len(card) < _CARD:
            break
    return bytes(content) + stream.read(-len(content) % _BLOCK)


def _keywords(content: bytes) -> dict[str, str]:
    fits = optional("astropy.io.fits", "fits", "FITS files")
    found: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = fits.Header.fromfile(BytesIO(content))
        except (OSError, ValueError, fits.VerifyError) as error:
            problem = f"its primary header is truncated or broken ({_brief(error)})"
            raise HeaderError(problem) from error
        for number, card in enumerate(header.cards, 1):
            keyword = ""
            try:
                keyword = card.keyword
                if keyword in _NOT_VALUES or not _STANDARD_KEYWORD.fullmatch(keyword):
                    continue
                value = _value(card.value)
            # What a broken card raises is of many kinds, and so is what showing it raises.
            except Exception as error:
                named = f" ({label(keyword)})" if keyword else ""
                raise HeaderError(f"card {number}{named} of its header cannot be read") from error
            if control := CONTROL.search(value):
                raise HeaderError(f"{keyword} holds the control character {control[0]!r}")
            found.setdefault(keyword.lower(), value)
    return found


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if value is None or type(value).__name__ == "Undefined":
        return ""
    return str(value).strip()


def _brief(error: BaseException) -> str:
    return label(" ".join(str(error).split()) or type(error).__name__, _REASON_LENGTH)
