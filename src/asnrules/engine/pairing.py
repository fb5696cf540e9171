"""What keeps one exposure out of the associations of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND, OBSERVATION, Pair, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.mismatches import Mismatch, Mismatches, Refusal
from asnrules.engine.signatures import EXP_TYPE
from asnrules.util.results import shown_briefly

_ARTICLES = ("a ", "an ")


@shown_briefly
class Apart(NamedTuple):
    """What keeps an exposure from being a companion in an association of another."""

    asn_rule: str
    exptype: str
    """What the companion would be written as."""
    candidate: Pair | None
    """The candidate that has both; None if none has that the rule makes associations for."""
    mismatches: tuple[Mismatch, ...]

    @property
    def distance(self) -> int:
        """How much keeps it out."""
        return len(self.mismatches) + (self.candidate is None)

    def text(self) -> str:
        """Say what keeps it out, with both values."""
        found = [one.text() for one in self.mismatches]
        if self.candidate is None:
            found.append(unlinked(self.exptype))
        return "; ".join(found) or "nothing that this rule compares keeps it out"


def unlinked(exptype: str) -> str:
    """Say that no candidate lists a science and such a companion."""
    kind = f"candidate of type {BACKGROUND}" if exptype == BACKGROUND else "candidate"
    return f"the observations are not linked: no {kind} has both"


@shown_briefly
class TakesNone(NamedTuple):
    """Why the rule that makes the association of a science takes no such companions."""

    asn_rule: str
    exptype: str
    taking: str | None
    """The rule that takes such companions and comes nearest to the science; None if none is for
    its EXP_TYPE."""
    refusal: Refusal | None
    """Why that rule does not take the science."""
    is_companion: bool = True
    """Whether any rule takes exposures of this class as companions."""

    def text(self) -> str:
        """Say it in one line."""
        if not self.is_companion:
            return f"no rule takes an exposure of class {self.exptype} as a companion"
        start = f"{self.asn_rule} takes no {self.exptype.replace('_', ' ')}"
        if self.refusal is None:
            return f"{start}, nor does any other rule for its EXP_TYPE"
        mismatches, kind = self.refusal
        if kind is not None and kind.startswith(_ARTICLES):
            first = mismatches[0]
            return f"it is {kind} ({first.keyword.upper()} {first.found}), and {start}"
        why = "; ".join(one.text() for one in mismatches)
        return f"{start}; {self.taking}, which does, does not take this science: {why}"


class Pairing:
    """Compares exposures of a pool, by their places, under all rules."""

    def __init__(self, work: Work, candidates: Mapping[str, Sequence[Pair]]) -> None:
        self._work = work
        self._candidates = candidates

    @cached_property
    def _rules(self) -> list[Mismatches]:
        return [Mismatches(self._work, number) for number in range(len(self._work.ruleset.rules))]

    def apart(self, science: int, other: int, made: Iterable[tuple[str, Pair]]) -> list[Apart]:
        """Say what keeps an exposure from being each kind of companion of a science, nearest first.

        Of the science those associations are told that are made, each by its rule and candidate. An
        exposure that is the science by no rule has no companions.
        """
        known = set(made)
        nearest: dict[str, tuple[tuple[object, ...], Apart]] = {}
        for one, is_of_class in self._ways(science, other):
            candidates = self._shared(science, other, one.asn_rule)
            order = [(one.asn_rule, pair) not in known for pair in candidates]
            if candidates:
                one = one._replace(candidate=candidates[order.index(min(order))])
            is_made = any(rule == one.asn_rule for rule, _ in known)
            key = (not is_made, one.distance, not is_of_class)
            if one.exptype not in nearest or key < nearest[one.exptype][0]:
                nearest[one.exptype] = key, one
        found = [one for _, one in sorted(nearest.values(), key=lambda found: found[0])]
        of_type = [one for one in found if all(m.keyword != EXP_TYPE for m in one.mismatches)]
        # What companions of another EXP_TYPE need says nothing, unless there are no others.
        return of_type or found[:1]

    def takes_none_of_class(self, science: int, name: str, rule_name: str) -> TakesNone | None:
        """Say why a rule takes no exposures of a class as companions; see `takes_none`."""
        if any(name in rule.exptypes() for rule in self._rules):
            return self.takes_none(science, name, rule_name)
        return TakesNone(rule_name, name, None, None, is_companion=False)

    def takes_none(self, science: int, exptype: str, rule_name: str) -> TakesNone | None:
        """Say why a rule that takes a science takes no such companions; None if it does."""
        numbers = {rule.name: number for number, rule in enumerate(self._work.ruleset.rules)}
        if exptype in self._rules[numbers[rule_name]].exptypes():
            return None
        found = []
        for number, rule in enumerate(self._rules):
            if exptype in rule.exptypes() and (refusal := rule.refusal(science)) is not None:
                found.append((len(refusal.mismatches), refusal.excluded is None, number, refusal))
        if not found:
            return TakesNone(rule_name, exptype, None, None)
        *_, number, refusal = min(found)
        return TakesNone(rule_name, exptype, self._work.ruleset.rules[number].name, refusal)

    def other_rule(self, science: int, other: int, apart: Apart) -> str:
        """Say by which rule an exposure of the same observation would be such a companion.

        It is one that does not take the science for another reason than what keeps the companion
        out, such as a rule for nods where there is no such pattern. '' if there is none.
        """
        both = {*self._listed(science)} & {*self._listed(other)}
        is_other_mode = any(one.science is not None for one in apart.mismatches)
        if is_other_mode or all(kind != OBSERVATION for _, kind in both):
            return ""
        known = {one.keyword for one in apart.mismatches}
        ways = []
        for rule, mismatches in zip(self._work.ruleset.rules, self._rules, strict=True):
            refusal = (
                mismatches.refusal(science) if apart.exptype in mismatches.exptypes() else None
            )
            if refusal is not None:
                wanted = {one.keyword for one in refusal.mismatches}
                found = mismatches.of(other, apart.exptype, {}) or ()
                if wanted.isdisjoint(known) and {one.keyword for one in found} <= wanted:
                    ways.append((rule.name, refusal.mismatches))
        if not ways:
            return ""
        name, missed = min(ways, key=lambda way: len(way[1]))
        wants = "; ".join(one.text() for one in missed)
        return f"{name} takes it as {apart.exptype}, but not the science: {wants}"

    def _ways(self, science: int, other: int) -> Iterator[tuple[Apart, bool]]:
        for rule, mismatches in zip(self._work.ruleset.rules, self._rules, strict=True):
            if (locked := mismatches.locked_by(science)) is None:
                continue
            for exptype in mismatches.exptypes():
                found = mismatches.of(other, exptype, locked)
                if found is not None:
                    is_of_class = mismatches.counts_as(other, exptype)
                    yield Apart(rule.name, exptype, None, found), is_of_class

    def _shared(self, one: int, other: int, rule_name: str) -> list[Pair]:
        """Give the candidates that list both exposures and for which a rule makes associations."""
        (rule,) = (rule for rule in self._work.ruleset.rules if rule.name == rule_name)
        mine, others = map(self._listed, (one, other))
        return [
            pair
            for pair in mine
            if pair in others
            and refusal(rule, pair) is None
            and (rule.candidate_requirements or pair[1] in {OBSERVATION, BACKGROUND})
        ]

    def _listed(self, place: int) -> Sequence[Pair]:
        return self._candidates.get(self._work.value(place, "asn_candidate") or "", ())
