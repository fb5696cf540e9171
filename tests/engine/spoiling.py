"""Exposures that a ruleset calibrates, of every EXP_TYPE, and what is done to spoil them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from asnrules.analysis.partition import partition
from asnrules.engine.signatures import CLASS
from asnrules.rules.model import Condition, Operator, Role, Rule, Ruleset, Term
from asnrules.util.text import EMPTY

Values = dict[str, str | None]

GIVEN = "given"
"""A value that no condition names."""

NONSENSE = "rubbish"

USUAL: Values = {
    "pntgtype": "science",
    "visitype": "prime_targeted_fixed",
    "tsovisit": None,
    "is_psf": None,
    "is_imprt": None,
    "bkgdtarg": None,
    "dms_note": None,
    "exposerr": None,
    "patttype": "none",
    "msastate": None,
    "asn_candidate": "[('o001', 'observation')]",
    "filename": "jw00001001001_02101_00001_det_uncal.fits",
}


def calibrated(ruleset: Ruleset, exp_type: str, keywords: Sequence[str]) -> Iterator[Values]:
    """Give exposures of an EXP_TYPE as rules want them, in any of their roles."""
    usual = {**dict.fromkeys(keywords, GIVEN), **USUAL, "exp_type": exp_type}
    seen = set()
    for rule in ruleset.rules:
        for role in rule.roles:
            if role.keys_only:
                continue
            for values in _wanted(rule, role, usual):
                for one in _sources(rule, role, values):
                    text = repr(one)
                    if text not in seen:
                        seen.add(text)
                        yield one


def _wanted(rule: Rule, role: Role, usual: Values) -> Iterator[Values]:
    """Give exposures that meet an alternative of each condition, as far as that can be."""
    uses = [*rule.requirements, *role.requirements]
    choices = []
    for use in uses:
        if use.negated:
            continue
        fitting = [
            found
            for terms in use.condition.alternatives
            if (found := _met(terms, usual["exp_type"])) is not None
        ]
        if not fitting:
            return
        # Where the EXP_TYPE is enough, nothing else is asked of it.
        choices.append([{}] if {} in fitting else fitting)
    for chosen in _each_once(choices):
        values = dict(usual)
        wanted: Values = {}
        for one in chosen:
            if any(wanted.get(keyword, value) != value for keyword, value in one.items()):
                break
            wanted |= one
        else:
            yield values | wanted


def _each_once(choices: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
    """Give each choice once, with the first of the others."""
    first = [one[0] for one in choices]
    yield first
    for place, one in enumerate(choices):
        for choice in one[1:]:
            yield [*first[:place], choice, *first[place + 1 :]]


def _met(terms: Sequence[Term], exp_type: str | None) -> Values | None:
    """Give values with which an alternative holds; None if it is for other EXP_TYPEs."""
    found: Values = {}
    for term in terms:
        if term.keyword == CLASS or term.keyword in found:
            continue
        if term.keyword == "exp_type":
            if (exp_type in term.values) is (term.operator is Operator.NOT_IN):
                return None
        elif term.operator in {Operator.IN, Operator.LISTED}:
            found[term.keyword] = term.values[0]
        elif term.operator is Operator.MATCHES:
            found[term.keyword] = [value for value in partition([term], EMPTY) if value][-1]
        elif term.operator is Operator.EMPTY:
            found[term.keyword] = None
        elif term.operator is Operator.SET:
            found[term.keyword] = "t" if USUAL.get(term.keyword, "-") in EMPTY else GIVEN
    return found


def _sources(rule: Rule, role: Role, values: Values) -> Iterator[Values]:
    """Give it with each source that a key can have its value from, and no other of them."""
    keys = [key for key in (*rule.keys, *role.keys) if key.required and len(key.sources) > 1]
    for chosen in _each_once([key.sources for key in keys]):
        one = dict(values)
        for key, source in zip(keys, chosen, strict=True):
            for other in key.sources:
                if other == source:
                    one[other] = one[other] or "t"
                elif one[other] in {GIVEN, None}:
                    one[other] = None
        yield one


def spoiled(values: Values, keyword: str, mentioned: Sequence[str]) -> Iterator[Values]:
    """Give it with other values of a keyword: none, nonsense, and all that the rules mention."""
    for value in (None, NONSENSE, *mentioned):
        if value != values[keyword]:
            yield {**values, keyword: value}


def mentioned(ruleset: Ruleset) -> dict[str, list[str]]:
    """Give the keywords that rules look at, with the values that they mention."""
    found: dict[str, dict[str, None]] = {}
    conditions: list[Condition] = [one.condition for one in ruleset.class_rules]
    keys = []
    for rule in ruleset.rules:
        uses = [*rule.requirements, *(use for role in rule.roles for use in role.requirements)]
        conditions += [use.condition for use in uses]
        keys += [*rule.keys, *(key for role in rule.roles for key in role.keys)]
    for condition in conditions:
        for terms in condition.alternatives:
            for term in terms:
                if term.keyword == CLASS:
                    continue
                values = found.setdefault(term.keyword, {})
                if term.operator is Operator.MATCHES:
                    values |= dict.fromkeys(one for one in partition([term], EMPTY) if one)
                elif term.operator is Operator.SET:
                    values["t"] = None
                else:
                    values |= dict.fromkeys(term.values)
    for key in keys:
        for source in key.sources:
            found.setdefault(source, {})
    return {keyword: list(values) for keyword, values in found.items()}
