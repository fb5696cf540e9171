"""Keywords and candidates that the user declares of exposures, beside what headers tell."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from asnrules.errors import UsageError
from asnrules.pools.candidates import Candidate, CandidateSyntaxError, parse_candidates
from asnrules.pools.fits.keywords import declared_flag
from asnrules.pools.tables import NULL
from asnrules.util.results import shown_briefly
from asnrules.util.text import shown, unknown_keyword

_OTHERWISE = {
    "filename": "files are named by their names",
    "asn_candidate": "declare candidates by --asn-candidate",
}
_SET = "--set"
_CANDIDATE = "--asn-candidate"


@shown_briefly
@dataclass(frozen=True, slots=True)
class Declarations:
    """What is declared of exposures, for all files or for those whose names fit a pattern.

    A pattern is one of a shell, for names without folders, in any case.
    """

    asn_candidate: Sequence[str] = ()
    """Further candidates: ``[('c1000', 'background')]`` or ``PATTERN=[('c1000', 'background')]``.
    All that fit a file add up."""
    keywords: Sequence[str] = ()
    """Values of keywords: ``KEYWORD=VALUE`` or ``PATTERN:KEYWORD=VALUE``. They come before what
    a header has; of several that fit a file, the last one counts."""

    def __bool__(self) -> bool:
        return bool(self.asn_candidate or self.keywords)

    def recorded(self) -> dict[str, list[str]]:
        """Give what is recorded of them: the options, as far as they are given."""
        given = {"asn_candidate": [*self.asn_candidate], "set": [*self.keywords]}
        return {name: texts for name, texts in given.items() if texts}

    def refuse(self, mend: str) -> None:
        """Refuse them where there is no FITS file, by a UsageError."""
        if self:
            raise UsageError(f"{_SET} and {_CANDIDATE} are for FITS files; {mend}")


class Declared:
    """Declarations that have been read, and which of them have fitted a file.

    Only `known` keywords, in lower case, can be declared, unless it is empty.
    """

    def __init__(self, declarations: Declarations, known: Collection[str] = ()) -> None:
        self._candidates = [(text, *_split(text)) for text in declarations.asn_candidate]
        self._values = [(text, *_assigned(text, known)) for text in declarations.keywords]
        self._fitting: set[str] = set()

    def values(self, names: Sequence[str]) -> dict[str, str]:
        """Give the keywords that are declared of an exposure, whose files have these names."""
        return {
            keyword: value
            for text, pattern, keyword, value in self._values
            if self._fits(text, pattern, names)
        }

    def candidates(self, names: Sequence[str]) -> list[Candidate]:
        """Give the candidates that are declared of an exposure."""
        return [
            one
            for text, pattern, found in self._candidates
            if self._fits(text, pattern, names)
            for one in found
        ]

    def check_all_fit(self) -> None:
        """Refuse a pattern that has fitted no file, by a UsageError."""
        patterns = [one[:2] for one in self._candidates] + [one[:2] for one in self._values]
        for text, pattern in patterns:
            if text not in self._fitting:
                raise UsageError(f"the pattern {shown(pattern)} fits no file; correct it")

    def _fits(self, text: str, pattern: str, names: Sequence[str]) -> bool:
        fits = any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in names)
        if fits:
            self._fitting.add(text)
        return fits


def _split(text: str) -> tuple[str, tuple[Candidate, ...]]:
    pattern, separator, listed = text.partition("=")
    if not separator:
        pattern, listed = "*", text
    try:
        return pattern, parse_candidates(listed.strip().lower())
    except CandidateSyntaxError as error:
        raise UsageError(
            f"{_CANDIDATE}: not a list of candidates: {error}; "
            "write it like \"[('c1000', 'background')]\""
        ) from error


def _assigned(text: str, known: Collection[str]) -> tuple[str, str, str]:
    left, separator, value = text.partition("=")
    pattern, _, name = left.rpartition(":")
    keyword, value = name.strip().lower(), value.strip()
    if not separator or not keyword:
        raise UsageError(
            f"{_SET}: {shown(text)} is not KEYWORD=VALUE; write EXPSPCIN=1, or *_nrs1_*:EXPSPCIN=1"
        )
    if keyword in _OTHERWISE:
        raise UsageError(f"{_SET}: {keyword.upper()} cannot be set; {_OTHERWISE[keyword]}")
    if known and keyword not in known:
        raise UsageError(f"{_SET}: {unknown_keyword(keyword, known)}")
    if not value.isprintable():
        raise UsageError(f"{_SET}: {shown(value)} holds control characters; leave them out")
    return pattern or "*", keyword, declared_flag(keyword, value, f"{_SET}: ") or NULL
