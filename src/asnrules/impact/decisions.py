"""Which decisions change between two rulesets, and why, each pair of signatures once."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from asnrules.analysis.behaviour import regrouping
from asnrules.engine.candidates import refusal
from asnrules.engine.conditions import Row, condition_holds
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import Judge, Judgement, RuleVerdict
from asnrules.impact.report import Reason
from asnrules.impact.turning import Chain, Named, RulesetCache
from asnrules.pools import parse_candidates
from asnrules.record.pools import NULL
from asnrules.rules.model import Rule, Ruleset

Signature = tuple[tuple[tuple[str, str | None], ...], ...]
"""What each of two rulesets can tell of exposures: keywords with their values."""


class DecisionPair(NamedTuple):
    """What two rulesets decide of exposures of a signature."""

    changes: list[tuple[str | None, Reason]]
    """What changes of the class (None) or what rules do (by name), and why; empty if nothing."""
    regroups: str | None
    """Why its associations may change though it is decided as before: a rule that takes it in both
    puts exposures together in another way, or all associations are written or pruned so."""
    wide: list[Rule]
    """Rules that take it and may put exposures of several programs together."""

    @property
    def is_affected(self) -> bool:
        """Whether it may change the associations that the exposure is in."""
        return bool(self.changes) or self.regroups is not None


class Decisions:
    """Decides exposures, whose rows are aligned with the keywords, by two rulesets."""

    def __init__(
        self, before: Ruleset, after: Ruleset, keywords: Sequence[str], chain: Chain | None
    ) -> None:
        self._keywords = keywords
        self.chain = chain
        """That between the two, if they are of one."""
        self.judge = RulesetCache(lambda ruleset: Judge(ruleset, keywords))
        self.judges = (self.judge(before), self.judge(after))
        self._nearness = (RuleRanking(before), RuleRanking(after))
        self._pairs: dict[tuple[Judgement, Judgement], DecisionPair] = {}
        self._regrouping = set(regrouping(before, after))
        self._together: dict[tuple[str | None, int], bool] = {}
        self._candidate = keywords.index("asn_candidate")
        self._everywhere = " or ".join(_changes_everywhere(before, after)) or None
        self._turned: dict[Hashable, Named] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Have it pickled as what it is made of: another process decides for itself."""
        before, after = (judge.ruleset for judge in self.judges)
        return Decisions, (before, after, self._keywords, self.chain)

    def rulesets(self) -> list[Ruleset]:
        """Give all rulesets that it asks, in their order."""
        between = () if self.chain is None else self.chain.rulesets
        return [*(judge.ruleset for judge in self.judges), *between]

    def signatures(self) -> set[Signature]:
        """Give the pairs of distinct signatures that have been decided."""
        return {tuple(tuple(one.values.items()) for one in pair) for pair in self._pairs}

    def decide(self, row: Row) -> DecisionPair:
        """Decide an exposure."""
        one, other = (judge.judge(row) for judge in self.judges)
        pair = self._pairs.get((one, other))
        if pair is None:
            pair = self._pairs[one, other] = self._pair(one, other)
        return pair

    def turned(self, row: Row, subject: str | None) -> Named:
        """Give the changes of the chain that turned what is decided of an exposure."""
        if self.chain is None:
            return ()
        judged = (self.judge(ruleset).judge(row) for ruleset in self.chain.rulesets)
        # What is judged alike by all rulesets of the chain was turned by the same changes.
        key = subject, *judged
        if key not in self._turned:
            self._turned[key] = self.chain.turned(
                lambda ruleset: _state(self.judge(ruleset).judge(row), subject)
            )
        return self._turned[key]

    def why(self, rules: Collection[str], rows: Sequence[Row]) -> str:
        """Say why an association by some rules changes: by what changes for its exposures.

        Where nothing changes for these rules, it is any of what does change.
        """
        pairs = [self.decide(row) for row in rows]
        others: dict[str, None] = {}
        for name, (_, change, why) in (one for pair in pairs for one in pair.changes):
            if name is None or name in rules:
                return f"{change}: {why}"
            others[f"{change}: {why}"] = None
        others |= {pair.regroups: None for pair in pairs if pair.regroups is not None}
        return " or ".join(others) or "the other exposures of the group"

    def is_wide(self, pair: DecisionPair, row: Row) -> bool:
        """Tell whether an exposure may be put together with those of another program."""
        if not pair.wide:
            return False
        # By identity: pairs live as long as this, and rules are long to compare.
        key = (row[self._candidate], id(pair))
        if key not in self._together:
            pairs = parse_candidates(row[self._candidate] or NULL)
            self._together[key] = any(
                refusal(rule, one) is None for rule in pair.wide for one in pairs
            )
        return self._together[key]

    def _pair(self, one: Judgement, other: Judgement) -> DecisionPair:
        before, after = (
            {verdict.rule.name: verdict for verdict in judgement.verdicts}
            for judgement in (one, other)
        )
        matched = [one for one in (*before.values(), *after.values()) if one.matched]
        taking = {verdict.rule.name for verdict in matched}
        changes: list[tuple[str | None, Reason]] = []
        changes += ((None, reason) for reason in self._class_reasons(one, other))
        for name in sorted(taking):
            reasons = self._rule_reasons(name, before.get(name), after.get(name), one, other)
            changes += ((name, reason) for reason in reasons)
        regroups = None
        if taking & self._regrouping:
            name = min(taking & self._regrouping)
            regroups = f"{name} puts exposures together in another way"
        elif taking:
            regroups = self._everywhere
        wide = [verdict.rule for verdict in matched if _is_wide(verdict.rule)]
        return DecisionPair(changes, regroups, wide)

    def _class_reasons(self, one: Judgement, other: Judgement) -> Iterator[Reason]:
        if one.exposure_class != other.exposure_class:
            decided = next(
                (
                    rule.condition.text
                    for rule in self.judges[1].ruleset.class_rules
                    if condition_holds(rule.condition, other.values)
                ),
                "no class rule holds",
            )
            change = f"class {one.exposure_class} -> {other.exposure_class}"
            yield Reason("decision", change, decided)

    def _rule_reasons(
        self,
        name: str,
        before: RuleVerdict | None,
        after: RuleVerdict | None,
        one: Judgement,
        other: Judgement,
    ) -> Iterator[Reason]:
        words = (_words(before), _words(after))
        if words[0] == words[1]:
            return
        change = f"{name}: {words[0]} -> {words[1]}"
        if before is None or after is None:
            why = "there is no such rule" if after is None else "a new rule"
        elif not after.matched:
            why = self._nearness[1].miss(after, other.values).failures[0].sentence()
        elif not before.matched:
            miss = self._nearness[0].miss(before, one.values)
            why = f"no longer asked: {miss.failures[0].sentence()}"
        else:
            why = "its roles, type or product changed"
        yield Reason("decision", change, why)


_OF_NUMBERS = "numbers_reversed"
"""The setting of the order of numbers in names, which is not compared."""


def _changes_everywhere(before: Ruleset, after: Ruleset) -> Iterator[str]:
    """Say what changes the associations of all rules."""
    settings = after.settings._asdict()
    for name, value in before.settings._asdict().items():
        if value != settings[name] and name != _OF_NUMBERS:
            yield f"the setting {name} is {_setting(settings[name])}, not {_setting(value)}"
    if before.suffixes != after.suffixes:
        yield "other suffixes are taken off the names of products"
    if before.written_as != after.written_as:
        yield "classes are written as others"


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, tuple) else str(value)


def _state(judgement: Judgement, subject: str | None) -> str:
    """Give what a ruleset decides of an exposure: its class, or what a rule does with it."""
    if subject is None:
        return judgement.exposure_class
    return _words(next((one for one in judgement.verdicts if one.rule.name == subject), None))


def _words(verdict: RuleVerdict | None) -> str:
    if verdict is None or not verdict.matched:
        return "not taken"
    product = "rateints" if verdict.is_rateints else "rate"
    if verdict.rateints and not verdict.is_rateints:
        product += " or rateints"
    roles = " or ".join(role.name for role in verdict.fitting)
    return f"{verdict.rule.asn_type}, {product}, as {roles}"


def _is_wide(rule: Rule) -> bool:
    return not any(key.required and key.sources == ("program",) for key in rule.keys)
