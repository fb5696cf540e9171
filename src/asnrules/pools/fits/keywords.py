"""What is known of the keywords of headers, as data: `seed/vocabulary/headers.csv`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from asnrules.errors import UsageError
from asnrules.rules.text_files import read_csv
from asnrules.util.environment import shipped
from asnrules.util.flags import no_flag, read_flag


class HeaderKeyword(NamedTuple):
    """A keyword that headers may lack, or whose values are true or false."""

    is_flag: bool
    assumed: str | None
    """What it is in a pool where neither header nor declaration tell it; None for nothing."""
    told_by: str | None
    """What tells it then, in words."""

    @property
    def is_often_absent(self) -> bool:
        """Whether the headers of most releases lack it."""
        return self.assumed is not None or self.told_by is not None


@cache
def header_keywords() -> Mapping[str, HeaderKeyword]:
    """Give what is known of keywords, by their lower-case names."""
    return {
        row["keyword"].lower(): HeaderKeyword(
            row["is_flag"] == "yes", row["assumed"] or None, row["told_by"] or None
        )
        for row in read_csv(shipped("seed") / "vocabulary" / "headers.csv")
    }


@cache
def flags() -> frozenset[str]:
    """Give the keywords that are true or false."""
    return frozenset(name for name, known in header_keywords().items() if known.is_flag)


def declared_flag(keyword: str, text: str, said: str = "") -> str:
    """Give the value that a user gives a keyword, of a flag as pools have it.

    A flag that is none is a UsageError, which begins with what is `said` of the place.
    """
    if keyword not in flags():
        return text
    if (value := read_flag(text)) is None:
        name = keyword.upper()
        raise UsageError(f"{said}{no_flag(keyword, text)}; write {name}=t or {name}=f")
    return value


@cache
def assumed() -> Mapping[str, str | None]:
    """Give the keywords that most headers lack, each with what is assumed."""
    known = header_keywords().items()
    return {name: one.assumed for name, one in known if one.is_often_absent}
