"""What a value of a pool means, before any rule looks at it."""

from __future__ import annotations

EMPTY = frozenset({None, "", "null", "--", "n", "f", "false", "n/a"})
"""Values that count as not given, lower case; None is a missing column.

Source: behaviour of jwst 3.0.0, by running it. `none`, `clear` and `0` are values.
"""

ANY = "\0any"
"""Stands for a value that is not known and is taken to fit, for an exposure given by keywords.

No pool can hold it: a control character is refused there.
"""

Row = tuple[str | None, ...]
"""The kept values of one exposure, aligned with the keywords of its pool."""


def is_empty(value: str | None) -> bool:
    """Tell whether a value counts as not given."""
    return value in EMPTY
