"""When Python may look for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 100_000
"""Objects for which looking through them takes a time that is felt."""


@contextmanager
def without_collection() -> Iterator[None]:
    """Switch the collector of cyclic garbage off, while millions of small tuples are made.

    They live to the end: there is nothing to be found in looking for cycles among them again and
    again as they grow.
    """
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            if gc.get_count()[0] > _MANY:
                # By way of the frozen ones all that was made counts as old: it would be looked
                # through at once otherwise. Little is, or cycles in it would never be found.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
