"""How text from outside appears in messages: on one line, cut, and with nothing to obey."""

from __future__ import annotations

import re

CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
"""What no cell of a pool may hold; a tab may be in one."""

_VALUE_LENGTH = 60
_MARK = "..."


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - len(_MARK)] + _MARK


def shown(value: str) -> str:
    """Return a value for a message: quoted, escaped, at most 60 characters.

    Parameters
    ----------
    value : str
        Any text, of any length.
    """
    return _cut(repr(value[:_VALUE_LENGTH]), _VALUE_LENGTH)


def label(name: str, length: int = _VALUE_LENGTH) -> str:
    """Return the name of a file or column for a message: plain, unless it has to be escaped.

    Parameters
    ----------
    name : str
        Any text, of any length.
    length : int
        The longest that may come out.
    """
    return _cut(name if name and name.isprintable() else repr(name[:length]), length)
