"""Garbage is looked for again, once it is worth it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from asnrules.util.environment import paused_collector


@pytest.fixture(autouse=True)
def nothing_is_frozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.freeze()


class Cycle:
    """Something that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def made_without_collection(others: int) -> tuple[weakref.ref[Cycle], list[list[int]]]:
    gc.collect()
    with paused_collector():
        found = weakref.ref(Cycle())
        kept = [[number] for number in range(others)]
    return found, kept


def test_is_found_among_the_young_after_little_was_made() -> None:
    """A program that generates again and again must not grow by what each time leaves behind."""
    found, _kept = made_without_collection(1_000)
    gc.collect(1)
    assert found() is None


def test_much_that_was_made_is_not_looked_through_at_once() -> None:
    """It counts as old: as many as these are not among the young."""
    _found, kept = made_without_collection(200_000)
    young = {id(one) for number in (0, 1) for one in gc.get_objects(generation=number)}
    assert young.isdisjoint(map(id, kept))
    assert gc.isenabled()


def test_what_a_caller_has_frozen_stays_frozen() -> None:
    gc.freeze()
    made_without_collection(200_000)
    assert gc.get_freeze_count()


def test_stays_off_where_it_was_off() -> None:
    gc.disable()
    try:
        with paused_collector():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
