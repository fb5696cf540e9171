"""Flags, as people and programs write them."""

from __future__ import annotations

import re

from asnrules.util.text import shown

WRITTEN_AS_FLOAT = re.compile(r"([+-]?[0-9]+)\.0*")
"""A whole number as programs write it that know floats only."""

TRUE, FALSE, NULL = "t", "f", "null"
"""Flags as pools have them, and what stands there for no value."""

_TRUTH = {
    **dict.fromkeys(("t", "true", "y", "yes", "1"), TRUE),
    **dict.fromkeys(("f", "false", "n", "no", "0"), FALSE),
    **dict.fromkeys(("", "null", "--", "n/a", "#n/a", "-", "none", "nan", "<na>", "nat"), NULL),
}
"""How flags are written, in lower case, and what they are in a pool."""


def read_flag(text: str) -> str | None:
    """Read a flag in any case: `t`, `f`, or `null` for no value; None if it is none of these."""
    value = text.strip().lower()
    whole = WRITTEN_AS_FLOAT.fullmatch(value)
    return _TRUTH.get(whole[1] if whole else value)


def no_flag(keyword: str, text: str) -> str:
    """Say that a keyword has a value that is no flag."""
    return f"{keyword.upper()} is {shown(text)}, neither t nor f"
