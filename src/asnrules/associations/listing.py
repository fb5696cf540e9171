"""Which association files are meant by the words of a command line."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

PATTERN = "*_asn.json"


def association_files(words: Sequence[str]) -> Iterator[str]:
    """Give the files that are meant.

    Parameters
    ----------
    words : sequence of str
        Files; folders, which stand for their association files; and patterns, as a shell has
        them, that no shell has expanded.

    Yields
    ------
    str
        The path of a file. A word that stands for nothing is given as it is: reading it says
        what is wrong.
    """
    for word in words:
        found: list[str] = []
        # Path would fail where a name is too long for a file.
        if os.path.isdir(word):  # noqa: PTH112
            found = [str(path) for path in Path(word).glob(PATTERN)]
        elif glob.has_magic(word) and not os.path.lexists(word):
            # Path.glob takes no absolute pattern.
            found = glob.glob(word)  # noqa: PTH207
        yield from sorted(found) or [word]
