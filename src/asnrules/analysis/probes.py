"""Exposures that try rules: all that they can tell apart, alone and in company.

Alone, an EXP_TYPE is tried with each answer that the rules have for it, with each alternative of
their conditions, and with each value of each keyword beside values that a rule takes. In company,
an exposure that anchors an association comes with each kind of exposure that the rule takes with
it: before it and after, in each kind of candidate, and the same but for one key; and as a series,
in which one of the numbers that a step looks at counts up, or all do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from asnrules.analysis.answers import Answer, Answering, candidate_values
from asnrules.analysis.space import EXP_TYPE, Example, Space
from asnrules.analysis.tables import Vocabulary
from asnrules.engine.candidates import BACKGROUND, OBSERVATION
from asnrules.engine.signatures import CLASS, SCIENCE, judge_values
from asnrules.rules.model import Operator, Rule, Ruleset, Term
from asnrules.rules.words import instrument_of

Values = Mapping[str, str | None]
"""Of an exposure, by keyword."""


class Exposure(NamedTuple):
    """An exposure of a probe."""

    values: Values
    candidates: tuple[tuple[str, str], ...]
    """Pairs of kind and number, such as `o1`, and type. Probes do not share candidates."""


Probe = tuple[Exposure, ...]
"""Exposures that may come together; no others do."""

_LENGTH = 3
"""Exposures of a series."""
_STAYS = ("1", "3")
"""Numbers that all of a series have."""
_ELSEWHERE = "9"
"""A value that nothing else has."""
_ALONE = (("o1", OBSERVATION),)
_GIVEN = {
    "detector": "nis", "filter": "f200w", "pupil": "clear", "obs_id": "v1", "band": "short",
    "msametfl": "msa.fits",
}  # fmt: skip
"""Values of keywords for which any would do; that of flags is `t`, of others 1."""
_MODE = {"grating", "lamp", "fxd_slit", "opmode", "msametfl"}
"""Keywords that an exposure has in some modes only."""


@dataclass(frozen=True, eq=False)
class _Base:
    """An exposure that rules take, and how."""

    exp_type: str
    values: dict[str, str | None]
    answer: Answer


def probes(
    ruleset: Ruleset, vocabulary: Vocabulary, exp_types: Iterable[str] | None = None
) -> Iterator[Probe]:
    """Make probes of a ruleset, no two the same.

    Parameters
    ----------
    exp_types : iterable of str, optional
        Of exposures that anchor associations; all of the vocabulary by default.
    """
    making = _Probes(ruleset, vocabulary)
    chosen = [name.lower() for name in exp_types or vocabulary.exp_types]
    seen = set()
    for probe in [*making.single(chosen), *making.in_company(chosen)]:
        key = tuple((frozenset(one.values.items()), one.candidates) for one in probe)
        if key not in seen:
            seen.add(key)
            yield probe


_Companions = dict[str, dict[tuple[str, ...], dict[str, _Base]]]


class _Probes:
    """Makes the probes of a ruleset."""

    def __init__(self, ruleset: Ruleset, vocabulary: Vocabulary) -> None:
        self._ruleset = ruleset
        self._vocabulary = vocabulary
        self._space = Space([ruleset], (), vocabulary.fitting, vocabulary.usual, complete=True)
        self._answering = Answering([ruleset], vocabulary.keywords())
        self._mattering: dict[str, set[str]] = defaultdict(set)
        self._answers: dict[str, list[_Base]] = {}

    # ------------------------------------------------------------------ alone

    def single(self, exp_types: Sequence[str]) -> Iterator[Probe]:
        """Give exposures that come alone."""
        for exp_type in exp_types:
            answers = self._of(exp_type)
            found = [one.values for one in answers]
            bases = [base for base, _ in self._anchors(exp_type)] or answers[:1]
            for base in dict.fromkeys(bases):
                found += self._near(base, self._vocabulary.usual)
            found += self._near(bases[0], self._mattering[exp_type])
            found += self._alternatives(bases[0])
            yield from ((Exposure(values, _ALONE),) for values in found)

    def _of(self, exp_type: str) -> list[_Base]:
        """Give an exposure for each answer to exposures of an EXP_TYPE."""
        if exp_type not in self._answers:
            found = {}
            for cell in self._space.cells(exp_type):
                self._mattering[exp_type].update(cell.example)
                (answer,) = self._answering.answers(cell)
                key = (answer.exposure_class, *((one.rule.name, *one[1:]) for one in answer.taken))
                if key not in found:
                    found[key] = _Base(exp_type, self._filled(cell.example), answer)
            self._answers[exp_type] = list(found.values())
        return self._answers[exp_type]

    def _anchors(self, exp_type: str) -> list[tuple[_Base, Rule]]:
        """Give the rules by which exposures of an EXP_TYPE anchor associations, with one each."""
        found: dict[str, tuple[_Base, Rule]] = {}
        for one in self._of(exp_type):
            for taken in one.answer.anchored():
                found.setdefault(taken.rule.name, (one, taken.rule))
        return list(found.values())

    def _filled(self, example: Example) -> dict[str, str | None]:
        """Give each keyword a value: that of an example, or what is usual."""
        plain: dict[str, str | None] = {
            keyword: None if keyword in _MODE else self._given(keyword)
            for keyword in self._vocabulary.fitting
        }
        instrument = instrument_of((example[EXP_TYPE] or "").upper())
        plain["instrume"] = instrument and instrument.lower()
        own = {
            keyword: value if value is None or self._is_named(keyword) else self._given(keyword)
            for keyword, value in example.items()
            if keyword != "instrume"
        }
        return {**self._vocabulary.usual, **plain, **own}

    def _given(self, keyword: str) -> str:
        """Give a value where any would do, and steps can read it."""
        flags = {name for _, name in self._vocabulary.specials}
        return "t" if keyword in flags else _GIVEN.get(keyword, "1")

    def _is_named(self, keyword: str) -> bool:
        """Tell whether a condition names values of a keyword."""
        return len(self._space.classes.get(keyword, ())) > 2

    def _near(self, base: _Base, keywords: Iterable[str]) -> Iterator[dict[str, str | None]]:
        """Change the value of one keyword to each that the rules can tell apart."""
        for keyword in sorted({*keywords} & {*self._space.classes} - {EXP_TYPE}):
            values = self._space.classes[keyword]
            for value in values if self._is_named(keyword) else (None, self._given(keyword)):
                yield {**base.values, keyword: value}

    def _alternatives(self, base: _Base) -> Iterator[dict[str, str | None]]:
        """Change values so that an alternative of a condition holds, for each that can."""
        for condition in self._ruleset.used_conditions():
            for terms in condition.alternatives:
                if self._is_about(base, terms):
                    yield from _meeting(base.values, terms)

    def _is_about(self, base: _Base, terms: Iterable[Term]) -> bool:
        """Tell whether terms that hold together are about an EXP_TYPE."""
        return all(
            base.exp_type in term.values
            if term.keyword == EXP_TYPE and term.operator is Operator.IN
            else term.keyword in {EXP_TYPE, CLASS} | self._mattering[base.exp_type]
            for term in terms
        )

    # ------------------------------------------------------------------ in company

    def in_company(self, exp_types: Sequence[str]) -> Iterator[Probe]:
        """Give exposures that come with others."""
        companions = self._companions()
        for exp_type in exp_types:
            for base, rule in self._anchors(exp_type):
                yield from self._series(base.values, rule, None)
                everybody = [base.values]
                for roles, others in companions[rule.name].items():
                    few = [
                        self._beside(base.values, other, rule)
                        for other in sorted(
                            others.values(), key=lambda one: one.exp_type != exp_type
                        )
                        if other.values["instrume"] == base.values["instrume"]
                    ][:2]
                    for companion in few[:1]:
                        yield from self._company(base.values, companion, rule, roles)
                    for companion in few:
                        yield _together([base.values, companion])
                        yield _together([companion, base.values])
                    everybody += few
                if len(everybody) > 2:
                    yield _together(everybody)

    def _companions(self) -> _Companions:
        """Give by rule and roles an exposure of each EXP_TYPE that is taken, not as science."""
        found: _Companions = defaultdict(lambda: defaultdict(dict))
        for exp_type in map(str.lower, self._vocabulary.exp_types):
            for base in self._of(exp_type):
                for taken in base.answer.taken:
                    if taken.exptype != SCIENCE:
                        found[taken.rule.name][taken.roles].setdefault(exp_type, base)
        return found

    def _company(
        self, values: Values, companion: Values, rule: Rule, names: Sequence[str]
    ) -> Iterator[Probe]:
        for layout in self._layouts():
            yield tuple(Exposure(*one) for one in zip((values, companion), layout, strict=True))
        roles = [role for role in rule.roles if role.name in names]
        keys = [*rule.keys, *(key for role in roles for key in role.keys)]
        for source in dict.fromkeys(source for key in keys for source in key.sources):
            differing = {**companion, source: _ELSEWHERE}
            yield _together([values, differing])
        yield from self._series(values, rule, companion)

    def _beside(self, values: Values, other: _Base, rule: Rule) -> dict[str, str | None]:
        """Give an exposure that a rule takes as another, and that is else like its company."""
        found = dict(other.values)
        for name in sorted(set(found) - {EXP_TYPE}):
            alike = {**found, name: values[name]}
            if found[name] != values[name] and self._seen(alike, rule) == self._seen(found, rule):
                found = alike
        return found

    def _seen(self, values: Values, rule: Rule) -> tuple[str, tuple[str, ...]]:
        """Give the class of an exposure, and the roles in which a rule can take it."""
        judgement = judge_values(self._ruleset, values)
        roles = next(
            (
                tuple(role.name for role in one.fitting)
                for one in judgement.verdicts
                if one.matched and one.rule.name == rule.name
            ),
            (),
        )
        return judgement.exposure_class, roles

    def _layouts(self) -> Iterator[tuple[tuple[tuple[str, str], ...], ...]]:
        """Give candidates of an exposure and its companion."""
        yield _ALONE, _ALONE
        for kind in candidate_values(self._ruleset, "candidate_type", (BACKGROUND,)):
            if kind not in {None, OBSERVATION}:
                shared = ("c1", str(kind))
                yield (*_ALONE, shared), (("o2", OBSERVATION), shared)
                yield (shared,), (shared,)

    def _series(self, values: Values, rule: Rule, companion: Values | None) -> Iterator[Probe]:
        """Give a few exposures that differ in numbers that the steps of a rule look at.

        All of these count up, or one does and the others stay.
        """
        numbers = self._numbers(rule)
        patterns: list[dict[str, str | None]] = [{}]
        some = [values] if companion is None else [values, companion]
        if companion is not None and not numbers:
            return
        if companion is None and numbers:
            patterns = [
                {"patttype": pattern}
                for pattern in self._space.classes.get("patttype", ())
                if self._seen({**values, "patttype": pattern}, rule)[1]
            ]
        counted = [numbers, *([one] for one in numbers)]
        for pattern, counting, stay in product(patterns, counted, _STAYS[: 3 - len(some)]):
            yield _together(
                {
                    **one,
                    **pattern,
                    **dict.fromkeys(numbers, stay),
                    **dict.fromkeys(counting, str(number)),
                }
                for number in range(1, _LENGTH + 1)
                for one in some
            )

    def _numbers(self, rule: Rule) -> list[str]:
        """Give the keywords that the steps of a rule read as numbers, or its roles compare."""
        read = {name for step in rule.steps for some in step.looks.numbers for name in some}
        compared = {name for role in rule.roles for key in role.keys for name in key.sources}
        plain = {name for name in self._vocabulary.fitting if not self._is_named(name)}
        return sorted(read | compared & plain)


def _together(exposures: Iterable[Values]) -> Probe:
    """Give exposures of one observation."""
    return tuple(Exposure(values, _ALONE) for values in exposures)


def _meeting(values: Values, terms: Sequence[Term]) -> Iterator[dict[str, str | None]]:
    """Give values so that terms hold, with each value that one of them names."""
    met = dict(values)
    named = []
    for term in terms:
        if term.keyword in {EXP_TYPE, CLASS}:
            continue
        if term.operator in {Operator.IN, Operator.LISTED}:
            met[term.keyword] = term.values[0]
            named.append(term)
        elif term.operator is Operator.EMPTY:
            met[term.keyword] = None
    yield met
    for term in named:
        yield from ({**met, term.keyword: value} for value in term.values[1:])
