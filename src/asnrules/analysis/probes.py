"""Exposures that try rules: all that they can tell apart, alone and in company.

Alone, an EXP_TYPE is tried with each answer that the rules have for it, with each alternative of
their conditions, and with each value of each keyword beside values that a rule takes. In company,
an exposure that anchors an association comes with each kind of exposure that the rule takes with
it, in each kind of candidate; with the same but for one key; and as a series, of which a number
that a step looks at does not change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asnrules.analysis.answers import Answer, Answering
from asnrules.analysis.partition import partition
from asnrules.analysis.space import EXP_TYPE, Example, Space
from asnrules.analysis.tables import Vocabulary
from asnrules.engine.candidates import BACKGROUND, OBSERVATION
from asnrules.engine.signatures import CLASS, SCIENCE
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
_ELSEWHERE = "9"
"""A value that nothing else has."""
_ALONE = (("o1", OBSERVATION),)
_PLAIN = {
    "detector": "nis", "filter": "f200w", "pupil": "clear", "grating": None, "lamp": None,
    "fxd_slit": None, "opmode": None, "obs_id": "v1", "msametfl": None,
}  # fmt: skip
"""Values of keywords for which any would do; of others it is 1."""


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

    Raises
    ------
    RulesetError
        If the ruleset has a pattern whose values cannot be worked out.
    """
    making = _Probes(ruleset, vocabulary)
    chosen = [name.lower() for name in exp_types or vocabulary.exp_types]
    seen = set()
    for probe in [*making.alone(chosen), *making.together(chosen)]:
        key = tuple((frozenset(one.values.items()), one.candidates) for one in probe)
        if key not in seen:
            seen.add(key)
            yield probe


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

    def alone(self, exp_types: Sequence[str]) -> Iterator[Probe]:
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
        given = {
            keyword: value
            for keyword, value in example.items()
            if value is None or self._is_named(keyword)
        }
        plain = {keyword: _PLAIN.get(keyword, "1") for keyword in self._vocabulary.fitting}
        instrument = instrument_of((example[EXP_TYPE] or "").upper())
        plain["instrume"] = instrument and instrument.lower()
        return {**self._vocabulary.usual, **plain, **given}

    def _is_named(self, keyword: str) -> bool:
        """Tell whether a condition names values of a keyword."""
        return len(self._space.classes.get(keyword, ())) > 2

    def _near(self, base: _Base, keywords: Iterable[str]) -> Iterator[dict[str, str | None]]:
        """Change the value of one keyword to each that the rules can tell apart."""
        for keyword in sorted({*keywords} & {*self._space.classes} - {EXP_TYPE}):
            for value in self._space.classes[keyword]:
                # Any text will do where only emptiness counts, but steps read numbers.
                if value is None or self._is_named(keyword):
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

    def together(self, exp_types: Sequence[str]) -> Iterator[Probe]:
        """Give exposures that come with others."""
        companions = self._companions()
        for exp_type in exp_types:
            for base, rule in self._anchors(exp_type):
                yield from self._series(base.values, rule, None)
                for roles, others in companions[rule.name].items():
                    alike = [
                        other
                        for other in sorted(others, key=lambda one: one.exp_type != exp_type)
                        if other.values["instrume"] == base.values["instrume"]
                    ]
                    for other in alike[:1]:
                        yield from self._company(base.values, other, rule, roles)
                    for other in alike[1:2]:
                        companion = self._beside(base.values, other)
                        yield Exposure(base.values, _ALONE), Exposure(companion, _ALONE)

    def _companions(self) -> dict[str, dict[tuple[str, ...], list[_Base]]]:
        """Give by rule and roles an exposure of each EXP_TYPE that is taken, not as science."""
        found: dict[str, dict[tuple[str, ...], dict[str, _Base]]]
        found = defaultdict(lambda: defaultdict(dict))
        for exp_type in map(str.lower, self._vocabulary.exp_types):
            for base in self._of(exp_type):
                for taken in base.answer.taken:
                    if taken.exptype != SCIENCE:
                        found[taken.rule.name][taken.roles].setdefault(exp_type, base)
        return defaultdict(
            dict,
            {
                name: {roles: list(some.values()) for roles, some in of_roles.items()}
                for name, of_roles in found.items()
            },
        )

    def _company(
        self, values: Values, other: _Base, rule: Rule, names: Sequence[str]
    ) -> Iterator[Probe]:
        companion = self._beside(values, other)
        for layout in self._layouts():
            yield tuple(Exposure(*one) for one in zip((values, companion), layout, strict=True))
        roles = [role for role in rule.roles if role.name in names]
        keys = [*rule.keys, *(key for role in roles for key in role.keys)]
        for source in dict.fromkeys(source for key in keys for source in key.sources):
            apart = {**companion, source: _ELSEWHERE}
            yield Exposure(values, _ALONE), Exposure(apart, _ALONE)
        yield from self._series(values, rule, companion)

    def _beside(self, values: Values, other: _Base) -> Values:
        """Give an exposure like another, and otherwise like the one that it comes with."""
        special = self._mattering[other.exp_type]
        own = {name: other.values[name] for name in special if self._is_named(name)}
        return {**values, **own}

    def _layouts(self) -> Iterator[tuple[tuple[tuple[str, str], ...], ...]]:
        """Give candidates of an exposure and its companion."""
        yield _ALONE, _ALONE
        terms = [
            term
            for rule in self._ruleset.rules
            for use in rule.candidate_requirements
            for terms in use.condition.alternatives
            for term in terms
            if term.keyword == "candidate_type"
        ]
        for kind in partition(terms, self._ruleset.empty, (BACKGROUND,)):
            if kind not in {None, OBSERVATION}:
                shared = ("c1", str(kind))
                yield (*_ALONE, shared), (("o2", OBSERVATION), shared)
                yield (shared,), (shared,)

    def _series(
        self, values: Mapping[str, str | None], rule: Rule, companion: Values | None
    ) -> Iterator[Probe]:
        """Give a few exposures whose numbers count up, but for one of them each time."""
        numbers = {name for step in rule.steps for some in step.looks.numbers for name in some}
        patterns = [value for value in self._space.classes.get("patttype", ()) if value]
        if not numbers:
            return
        for held in [None, *sorted(numbers)]:
            for pattern in patterns:
                series = []
                for number in range(1, _LENGTH + 1):
                    counted = {name: str(_LENGTH if name == held else number) for name in numbers}
                    counted["patttype"] = pattern
                    series.append(Exposure({**values, **counted}, _ALONE))
                    if companion is not None:
                        series.append(Exposure({**companion, **counted}, _ALONE))
                yield tuple(series)


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
