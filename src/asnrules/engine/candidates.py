"""Which exposures are worked together, for which candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

Pair = tuple[str, str]
"""Id and type of a candidate."""


class SubPool(NamedTuple):
    """A candidate and the exposures that are worked for it, in canonical order."""

    candidate: Pair
    places: list[int]


def sub_pools(texts: Sequence[str | None], parsed: Mapping[str, Sequence[Pair]]) -> list[SubPool]:
    """Give the exposures of each candidate.

    An exposure is worked for every candidate whose id its asn_candidate text *contains*; types
    are worked in order of first appearance, then ids (behaviour of jwst 3.0.0, by running it).

    Parameters
    ----------
    texts : sequence of str
        The asn_candidate text of each exposure, in canonical order.
    parsed : mapping
        From text to its pairs of id and type.
    """
    by_text: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        if text is not None:
            by_text.setdefault(text, []).append(place)
    by_type: dict[str, dict[str, None]] = {}
    for text in by_text:
        for identifier, kind in parsed[text]:
            by_type.setdefault(kind, {})[identifier] = None

    holders = _holders(by_text, {name for names in by_type.values() for name in names})
    pools = []
    for kind, names in by_type.items():
        for name in names:
            places = sorted(chain.from_iterable(by_text[text] for text in holders[name]))
            pools.append(SubPool((name, kind), places))
    return pools


def _holders(texts: Mapping[str, list[int]], names: set[str]) -> dict[str, list[str]]:
    """Give the texts that contain each name, in time linear in the texts."""
    lengths = sorted({len(name) for name in names})
    holders: dict[str, list[str]] = {name: [] for name in names}
    for text in texts:
        for name in set(_parts(text, lengths)) & names:
            holders[name].append(text)
    return holders


def _parts(text: str, lengths: Sequence[int]) -> Iterator[str]:
    for length in lengths:
        for start in range(len(text) - length + 1):
            yield text[start : start + length]
