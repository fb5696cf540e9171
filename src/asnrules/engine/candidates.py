"""Which exposures are worked together, for which candidate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from asnrules.errors import NotFoundError
from asnrules.util.text import near_spellings

BACKGROUND = "background"
"""The type of candidate that brings background observations."""

Pair = tuple[str, str]
"""Id and type of a candidate."""

TYPE_MARK = ":"
"""Stands between them in the name of a candidate."""


class SubPool(NamedTuple):
    """A candidate and the exposures that are worked for it, in canonical order."""

    candidate: Pair
    places: list[int]


class Selection(NamedTuple):
    """Which candidates are wanted.

    Attributes
    ----------
    ids : frozenset of str
        Lower-case ids; empty for all. Of an id with several types the first counts, unless the
        type is given as well: `c1000:background`.
    dms : bool
        Whether to work the background candidates of their exposures as well, so that pruning
        sees what they would make, and then keep only what the ids made.
    """

    ids: frozenset[str] = frozenset()
    dms: bool = False

    def worked(self, pools: Sequence[SubPool]) -> list[SubPool]:
        """Give the candidates to be worked, in their order.

        Raises
        ------
        NotFoundError
            If an id is not one of theirs.
        """
        if not self.ids:
            return list(pools)
        known: dict[str, SubPool] = {}
        for pool in pools:
            known.setdefault(pool.candidate[0], pool)
        for pool in pools:
            known.setdefault(qualified(pool.candidate), pool)
        for name in sorted(self.ids - set(known)):
            ids = sorted({pool.candidate[0] for pool in pools})
            near = ", ".join(near_spellings(name, known) or ids[:3])
            raise NotFoundError(f"no candidate {name!r} in the pool; there are {near}")
        wanted = [known[name] for name in self.ids]
        chosen = {pool.candidate for pool in wanted}
        if self.dms:
            exposures = {place for pool in wanted for place in pool.places}
            chosen |= {
                known[pool.candidate[0]].candidate
                for pool in pools
                if pool.candidate[1] == BACKGROUND and not exposures.isdisjoint(pool.places)
            }
        return [pool for pool in pools if pool.candidate in chosen]

    def keeps(self, asn_id: str) -> bool:
        """Tell whether an association of a candidate is kept after pruning."""
        return not (self.dms and self.ids) or any(
            name.partition(TYPE_MARK)[0] in asn_id for name in self.ids
        )


def qualified(candidate: Pair) -> str:
    """Name a candidate by its id and its type, where the id alone may stand for others."""
    return TYPE_MARK.join(candidate)


def sub_pools(
    texts: Sequence[str | None], parsed: Mapping[str, Sequence[Pair]], *, listed: bool = False
) -> list[SubPool]:
    """Give the exposures of each candidate.

    An exposure is worked for every candidate whose id its asn_candidate text *contains*; types
    are worked in order of first appearance, then ids (behaviour of jwst 3.0.0, by running it).

    Parameters
    ----------
    texts : sequence of str
        The asn_candidate text of each exposure, in canonical order.
    parsed : mapping
        From text to its pairs of id and type.
    listed : bool
        Whether an exposure is worked for the candidates that its text lists instead (behaviour
        of jwst 1.3.0, by running it).
    """
    by_text: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        if text is not None:
            by_text.setdefault(text, []).append(place)
    by_type: dict[str, dict[str, None]] = {}
    for text in by_text:
        # Sorted, as the order within a text must not matter here.
        for identifier, kind in sorted(parsed[text], key=lambda pair: (pair[1], pair[0])):
            by_type.setdefault(kind, {})[identifier] = None

    pairs = [(name, kind) for kind, names in by_type.items() for name in names]
    if listed:
        held_by = _listing(by_text, parsed)
    else:
        holders = _holders(by_text, {name for name, _ in pairs})
        held_by = {pair: holders[pair[0]] for pair in pairs}
    return [
        SubPool(pair, sorted(chain.from_iterable(by_text[text] for text in held_by[pair])))
        for pair in pairs
    ]


def lone_candidates(
    texts: Sequence[str | None], parsed: Mapping[str, Sequence[Pair]]
) -> dict[Pair, list[int]]:
    """Give the exposures that list one candidate and no other, in canonical order.

    Only those count whose text is written as jwst writes it: its rules compare the text.
    (Behaviour of jwst 3.0.0, by running it.)

    Parameters
    ----------
    texts, parsed
        As for `sub_pools`.
    """
    written = {
        text: pairs[0]
        for text, pairs in parsed.items()
        if len(pairs) == 1 and text == "[('{}', '{}')]".format(*pairs[0])
    }
    found: dict[Pair, list[int]] = {}
    for place, text in enumerate(texts if written else ()):
        pair = written.get(text or "")
        if pair is not None:
            found.setdefault((pair[0], pair[1]), []).append(place)
    return found


def _listing(
    texts: Mapping[str, list[int]], parsed: Mapping[str, Sequence[Pair]]
) -> dict[Pair, list[str]]:
    """Give the texts that list each pair."""
    listing: dict[Pair, list[str]] = {}
    for text in texts:
        for identifier, kind in dict.fromkeys(parsed[text]):
            listing.setdefault((identifier, kind), []).append(text)
    return listing


def _holders(texts: Mapping[str, list[int]], names: set[str]) -> dict[str, list[str]]:
    """Give the texts that contain each name, in time linear in the texts.

    That is, for names of a few lengths: the reader of pools refuses long ones.
    """
    lengths = sorted({len(name) for name in names})
    holders: dict[str, list[str]] = {name: [] for name in names}
    for text in texts:
        for name in {part for part in _parts(text, lengths) if part in names}:
            holders[name].append(text)
    return holders


def _parts(text: str, lengths: Sequence[int]) -> Iterator[str]:
    for length in lengths:
        for start in range(len(text) - length + 1):
            yield text[start : start + length]
