"""The decisions of rules for a cell of exposures: class, rules that take it, associations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import NamedTuple

from asnrules.analysis.formulas import RuleState
from asnrules.analysis.partition import partition
from asnrules.analysis.space import Cell, Example
from asnrules.engine.anchors import Anchor, stands_alone, staying
from asnrules.engine.candidates import BACKGROUND, OBSERVATION, refusal
from asnrules.engine.exposures import Work
from asnrules.engine.growing import written_exptype
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.model import Rule, Ruleset


class Taken(NamedTuple):
    """How a rule takes an exposure."""

    rule: Rule
    roles: tuple[str, ...]
    """The roles that can take it, in the order in which they are tried."""
    exptype: str | None
    """What it is written as if it is taken alone; None if only company makes that possible. (A
    key that excludes another never fits alone: it would have to exclude its own value.)"""
    rateints: bool
    """Whether it joins with its rateints product."""
    stands: bool
    """Whether the association that it makes alone passes the finishing steps."""


class Answer(NamedTuple):
    """What a ruleset answers for an exposure."""

    exposure_class: str
    taken: tuple[Taken, ...]
    """By the rules that can take it, in the order of the ruleset."""

    def anchored(self) -> list[Taken]:
        """Give those by which it is the science of an association."""
        return [one for one in self.taken if one.exptype == SCIENCE]


class Overlap(NamedTuple):
    """Two rules of whose associations of an exposure alone one is pruned, and the other stays."""

    asn_rule: str
    stays: str


class Answering:
    """Reads answers off cells of exposures that have some keywords."""

    def __init__(self, rulesets: Sequence[Ruleset], keywords: Sequence[str]) -> None:
        self._rulesets = rulesets
        self._keywords = keywords
        self._rules = [(place, rule) for place, one in enumerate(rulesets) for rule in one.rules]
        self._standing: dict[tuple[int, str, str], bool] = {}
        self._overlaps: dict[tuple[object, ...], Overlap | None] = {}
        self._candidates = [_candidates(ruleset) for ruleset in rulesets]

    def answers(self, cell: Cell) -> tuple[Answer, ...]:
        """Give the answer of each ruleset."""
        classes = [str(one) for one in cell.state.classes]
        taken: list[list[Taken]] = [[] for _ in classes]
        for number, state in cell.state.rules:
            place, rule = self._rules[number]
            taken[place].append(self._taken(place, rule, state, classes[place], cell.example))
        return tuple(Answer(one, tuple(its)) for one, its in zip(classes, taken, strict=True))

    def overlaps(self, answer: Answer, place: int = 0) -> list[Overlap]:
        """Give the rules of whose associations of an exposure alone pruning keeps one.

        The ruleset says how it prunes. Of rules for candidates of other types, no two meet.
        """
        standing = [Anchor(one.rule, one.rateints) for one in answer.anchored() if one.stands]
        found = []
        for one, other in combinations(standing, 2):
            key = (place, one.rule.name, one.rateints, other.rule.name, other.rateints)
            if key not in self._overlaps:
                self._overlaps[key] = self._overlap(place, one, other)
            overlap = self._overlaps[key]
            if overlap is not None:
                found.append(overlap)
        return found

    def kept(self, answer: Answer, place: int = 0) -> list[Taken]:
        """Give those by which an exposure is the science of an association that pruning keeps."""
        pruned = {overlap.asn_rule for overlap in self.overlaps(answer, place)}
        return [one for one in answer.anchored() if one.rule.name not in pruned]

    def _taken(
        self, place: int, rule: Rule, state: RuleState, exposure_class: str, example: Example
    ) -> Taken:
        fitting = [
            role for role, needs in zip(rule.roles, state.roles, strict=True) if needs is not None
        ]
        alone = next((role for role in fitting if not any(key.excludes for key in role.keys)), None)
        exptype = None
        if alone is not None:
            ruleset = self._rulesets[place]
            exptype = written_exptype(ruleset, rule, alone, exposure_class, has_science=False)
        rateints = state.rateints is True
        stands = exptype is not None and self._stands(place, rule, exptype, example)
        return Taken(rule, tuple(role.name for role in fitting), exptype, rateints, stands)

    def _stands(self, place: int, rule: Rule, exptype: str, example: Example) -> bool:
        """Tell whether an association of one member passes the finishing steps.

        They look at other members than the one there is, so its values make no difference.
        """
        key = (place, rule.name, exptype)
        if key not in self._standing:
            ruleset = self._rulesets[place]
            row = tuple(example.get(keyword) for keyword in self._keywords)
            work = Work.judged(ruleset, self._keywords, [row])
            self._standing[key] = stands_alone(work, 0, rule, exptype)
        return self._standing[key]

    def _overlap(self, place: int, *pair: Anchor) -> Overlap | None:
        """Give the overlap of two associations, if pruning keeps one of them."""
        names = [one.rule.name for one in pair]
        if not any(both.issuperset(names) for both in self._candidates[place]):
            return None
        kept = staying(pair, self._rulesets[place].settings)
        return Overlap(names[1 - kept[0]], names[kept[0]]) if len(kept) == 1 else None


def _candidates(ruleset: Ruleset) -> list[set[str]]:
    """Give, for each class of candidates, the rules that make associations for it."""
    ids = candidate_values(ruleset, "candidate_id")
    types = candidate_values(ruleset, "candidate_type", (OBSERVATION, BACKGROUND))
    return [
        {rule.name for rule in ruleset.rules if refusal(rule, (identifier, kind)) is None}
        for identifier, kind in product(ids, types)
        if identifier is not None and kind is not None
    ]


def candidate_values(
    ruleset: Ruleset, keyword: str, texts: Sequence[str] = ()
) -> tuple[str | None, ...]:
    """Give one value of each class of `candidate_id` or `candidate_type`; see `partition`."""
    terms = [
        term
        for rule in ruleset.rules
        for use in rule.candidate_requirements
        for term in use.condition.terms
        if term.keyword == keyword
    ]
    return partition(terms, ruleset.empty, texts)


def shown(example: Mapping[str, str | None]) -> dict[str, str | None]:
    """Give an example as people write it: keywords in upper case, the EXP_TYPE first."""
    order = sorted(example, key=lambda keyword: (keyword != "exp_type", keyword))
    return {
        keyword.upper(): (example[keyword] or "").upper() or None
        if keyword == "exp_type"
        else example[keyword]
        for keyword in order
        if example[keyword] is not None
    }
