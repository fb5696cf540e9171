"""Candidates: which exposures are in which, what rules admit, and which can be run separately.

Associations stand in each other's way only after they are made: of those with the same members,
or of one product, some are dropped. Both have an exposure in common, or two of one name. So
candidates that are linked by no exposure know nothing of each other, and neither do their numbers,
which count within a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import PurePosixPath
from typing import NamedTuple

from asnrules.engine.conditions import requirement_holds
from asnrules.engine.exposures import Work
from asnrules.errors import NotFoundError
from asnrules.rules.model import Rule
from asnrules.rules.steps import CandidateValidity, DirectImageProducts
from asnrules.util.text import nearest_words

OBSERVATION = "observation"
BACKGROUND = "background"
"""The type of candidate that brings background observations, and the exptype of a member."""

Pair = tuple[str, str]
"""Id and type of a candidate."""

TYPE_MARK = ":"
"""Stands between them in the name of a candidate."""

_SUFFIX = re.compile("[_-][^_-]*$")


class SubPool(NamedTuple):
    """A candidate and the exposures that are in it for the rules, in canonical order."""

    candidate: Pair
    places: list[int]


class Selection(NamedTuple):
    """Which candidates are wanted."""

    ids: frozenset[str] = frozenset()
    """Lower-case ids; empty for all. Of an id with several types the first counts, unless the type
    is given as well: `c1000:background`."""
    dms: bool = False
    """Whether to make the associations of the background candidates of their exposures as well, so
    that pruning sees them, and then to keep only those of the ids."""

    def chosen(self, pools: Sequence[SubPool]) -> list[SubPool]:
        """Give the candidates that associations are made for, in their order.

        It is a NotFoundError if an id is not one of theirs.
        """
        if not self.ids:
            return list(pools)
        known: dict[str, SubPool] = {}
        for pool in pools:
            known.setdefault(pool.candidate[0], pool)
        for pool in pools:
            known.setdefault(qualified(pool.candidate), pool)
        for name in sorted(self.ids - set(known)):
            words = known if ":" in name else (pool.candidate[0] for pool in pools)
            raise NotFoundError(f"no candidate {name!r} in the pool; {nearest_words(name, words)}")
        wanted = [known[name] for name in self.ids]
        kept = {pool.candidate for pool in wanted}
        if self.dms:
            exposures = {place for pool in wanted for place in pool.places}
            kept |= {
                known[pool.candidate[0]].candidate
                for pool in pools
                if pool.candidate[1] == BACKGROUND and not exposures.isdisjoint(pool.places)
            }
        return [pool for pool in pools if pool.candidate in kept]

    def among(self, candidates: Iterable[Pair]) -> Selection | None:
        """Give what of it is among some candidates; None if something is selected, and none is."""
        ids = {name for pair in candidates for name in (pair[0], qualified(pair))}
        return None if self.ids and not self.ids & ids else self._replace(ids=self.ids & ids)

    def keeps(self, asn_id: str) -> bool:
        """Tell whether an association of a candidate is kept after pruning."""
        return not (self.dms and self.ids) or any(
            name.partition(TYPE_MARK)[0] in asn_id for name in self.ids
        )


def qualified(candidate: Pair) -> str:
    """Name a candidate by its id and its type, where the id alone may stand for others."""
    return TYPE_MARK.join(candidate)


# ------------------------------------------------------------------ which exposures


def candidate_pools(work: Work, candidates: Mapping[str, Sequence[Pair]]) -> list[SubPool]:
    """Give the exposures of each candidate, as the ruleset has it; see `sub_pools`."""
    listed = work.ruleset.settings.candidate_rows == "listed"
    return sub_pools(work.column("asn_candidate"), candidates, listed=listed)


def without_background_rows(work: Work, pools: Sequence[SubPool]) -> list[SubPool]:
    """Leave out, for observations, what is no background but is in a background candidate."""
    left_out = {
        place
        for place, text in enumerate(work.column("asn_candidate"))
        if BACKGROUND in (text or "") and work.value(place, "bkgdtarg") == "f"
    }
    return [
        pool._replace(places=[place for place in pool.places if place not in left_out])
        if pool.candidate[1] == OBSERVATION
        else pool
        for pool in pools
    ]


def sub_pools(
    texts: Sequence[str | None], parsed: Mapping[str, Sequence[Pair]], *, listed: bool = False
) -> list[SubPool]:
    """Give the exposures of each candidate.

    Given are the asn_candidate text of each exposure, in canonical order, and the pairs of id and
    type of each text. An exposure is in every candidate whose id its text *contains* (behaviour of
    jwst 3.0.0, by running it), or in those that it lists (behaviour of jwst 1.3.0); types come in
    order of first appearance, then ids.
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
    held_by: dict[Pair, list[str]] = {pair: [] for pair in pairs}
    if listed:
        for text in by_text:
            for identifier, kind in dict.fromkeys(parsed[text]):
                held_by[identifier, kind].append(text)
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
    """Give the exposures that list one candidate and no other; arguments as of `sub_pools`.

    Their text has to be as jwst writes it: its rules compare it. (Behaviour of jwst 3.0.0.)
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


# ------------------------------------------------------------------ which rules


def cannot_stand(candidate: Pair) -> str | None:
    """Say why no association of a candidate passes `candidate_validity`; None if one may."""
    identifier, kind = candidate
    if kind in {OBSERVATION, BACKGROUND}:
        return None
    return f"candidate {identifier} is of type {kind}"


def refusal(rule: Rule, candidate: Pair) -> str | None:
    """Say why a rule makes nothing for a candidate, whatever its exposures; None if it may."""
    values = {"candidate_id": candidate[0], "candidate_type": candidate[1]}
    for use in rule.candidate_requirements:
        if not requirement_holds(use, values):
            negation = "" if use.negated else "not "
            return f"candidate {candidate[0]} is {negation}{use.condition.text}"
    return cannot_stand(candidate) if CandidateValidity() in rule.steps else None


def discovers(rule: Rule) -> bool:
    """Tell whether a rule makes associations of exposures of one candidate for none, as well.

    Source: behaviour of jwst 3.0.0, by running it.
    """
    return bool(rule.candidate_requirements) and CandidateValidity() not in rule.steps


# ------------------------------------------------------------------ which are linked


def rules_across(work: Work) -> set[int]:
    """Give the rules by which an association hangs on exposures of other candidates as well.

    They ask what was offered last, where all candidates are processed together.
    """
    if work.ruleset.settings.generation_order == "by_candidate":
        return set()
    return _taking(work, lambda rule: any(role.not_after is not None for role in rule.roles))


def _taking(work: Work, is_such: Callable[[Rule], bool]) -> set[int]:
    """Give the rules of a kind that take any of the exposures."""
    rules = {number for number, rule in enumerate(work.ruleset.rules) if is_such(rule)}
    judgements = set(work.judgements if rules else ())
    return rules.intersection(chain.from_iterable(one.takers for one in judgements))


def linked(work: Work, candidates: Sequence[SubPool]) -> list[list[SubPool]]:
    """Give those candidates of which something may come, those that are linked in one list."""
    pools = [pool for pool in candidates if _may_give(work, pool)]
    links = _Links()
    is_one = hang_together(work)
    names = [_without_product(name) for name in work.column("filename")]
    first: dict[str, int] = {}
    for number, pool in enumerate(pools):
        # Numbers count within an id, whatever its types.
        links.join(number, (pool.candidate[0],))
        for other in {first.setdefault(names[place], number) for place in pool.places}:
            links.join(number, other)
        if is_one:
            links.join(number, 0)
    return [[pools[number] for number in group] for group in links.groups(len(pools))]


def hang_together(work: Work) -> bool:
    """Tell whether exposures of one candidate may matter to associations of any other.

    An association may leave those of all unfinished, or depend on what was offered last.
    """
    return bool(_taking(work, _may_leave_unfinished) or rules_across(work))


def _may_leave_unfinished(rule: Rule) -> bool:
    steps = (step for step in rule.steps if isinstance(step, DirectImageProducts))
    return any(step.pool_unfinished for step in steps)


def linked_exposures(
    texts: Sequence[str | None], parsed: Mapping[str, Sequence[Pair]], names: Sequence[str | None]
) -> list[list[int]]:
    """Give the exposures that any ruleset may link, each time those together, whatever they are.

    Exposures come together for a candidate, and pruning compares associations that share members
    or products: others do not affect each other, unless all hang together. Texts are as of
    `sub_pools`; each exposure has a file name.
    """
    links = _Links()
    for pool in sub_pools(texts, parsed):
        for place in pool.places:
            links.join(pool.places[0], place)
    for place, name in enumerate(names):
        links.join(place, _without_product(name))
    return links.groups(len(names))


def _may_give(work: Work, pool: SubPool) -> bool:
    """Tell whether any rule that takes an exposure of a candidate makes something for it."""
    takers = {number for place in pool.places for number in work.judgements[place].takers}
    return any(refusal(work.ruleset.rules[number], pool.candidate) is None for number in takers)


def _without_product(name: str | None) -> str:
    """Give the name of an exposure less its product: what the products of two may share."""
    name = name or ""
    stem, _, extension = name.rpartition(".")
    if "/" in name or not (stem and extension):
        stem = PurePosixPath(name).stem
    return _SUFFIX.sub("", stem)


class _Links:
    """Disjoint sets that are joined step by step."""

    def __init__(self) -> None:
        self._parents: dict[Hashable, Hashable] = {}

    def groups(self, count: int) -> list[list[int]]:
        """Give the first numbers, those of one set together."""
        groups: dict[Hashable, list[int]] = {}
        for number in range(count):
            groups.setdefault(self._root(number), []).append(number)
        return list(groups.values())

    def _root(self, one: Hashable) -> Hashable:
        """Give the representative of the set of one."""
        parents = self._parents
        root = one
        while (parent := parents.setdefault(root, root)) != root:
            root = parent
        while parents[one] != root:
            parents[one], one = root, parents[one]
        return root

    def join(self, one: Hashable, other: Hashable) -> None:
        """Make the sets of two the same."""
        self._parents[self._root(other)] = self._root(one)
