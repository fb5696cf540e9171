"""Warnings for the operator of a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from functools import cache

from asnrules.catalog.rulesets import BY_TAG
from asnrules.engine.exposures import Work, whole_number
from asnrules.engine.generation import Outcome
from asnrules.engine.signatures import Judgement
from asnrules.pools import Pool
from asnrules.pools.evaluation import EvaluatedPools
from asnrules.pools.fits.keywords import flags
from asnrules.rules.model import Operator
from asnrules.rules.steps import Looks
from asnrules.util.flags import FALSE, TRUE, WRITTEN_AS_FLOAT, read_flag
from asnrules.util.text import REPEATED_HEADER, few, repeated_header_note

_WHOLE = re.compile(r"([+-]?[0-9]{1,18})(?:\.0*)?")
"""A whole number, however it is written."""
_BLANK_CELLS = ": blank cells of "
_BESIDE = (_BLANK_CELLS, REPEATED_HEADER, BY_TAG)


def of_what_is_kept(lines: Iterable[str]) -> list[str]:
    """Leave out diagnostics about how a file was written, or how the rules were chosen.

    The record keeps what was read and chosen, so these cannot be told again from it.
    """
    return [line for line in lines if not any(mark in line for mark in _BESIDE)]


def diagnostics_of(evaluated: EvaluatedPools, outcome: Outcome) -> list[str]:
    """Name the oddities of the pools, then where jwst's answer depends on the order of the rows."""
    made = {one.asn_rule for one in outcome.associations}
    return [
        *_oddities(evaluated.pools, evaluated.work),
        *_unread(evaluated, made),
        *_named(evaluated.work, made),
        *_untrue(evaluated.work),
        *_set(evaluated),
        *_two_spellings(evaluated.work),
        *_order_dependence(evaluated.work, outcome),
    ]


def _oddities(pools: Sequence[Pool], work: Work) -> list[str]:
    """Say what is odd about the pools but no error."""
    lines = []
    marks = ("#!", "@!")
    if any(text.startswith(marks) for pool in pools for text in pool.candidates):
        lines.append(
            "some ASN_CANDIDATE cells hold a template mark; their exposures have no candidate"
        )
    lines += [
        repeated_header_note(pool.name, pool.repeated_headers)
        for pool in pools
        if pool.repeated_headers
    ]
    lines += [
        f"{pool.name}{_BLANK_CELLS}{keyword.upper()} are the value {text!r} to jwst, and so "
        "here (null, cut to the longest cell of the column); write null where nothing is meant"
        for pool in pools
        for keyword, text in pool.blanks.items()
        if text not in work.ruleset.empty
    ]
    return lines


def _unread(evaluated: EvaluatedPools, made: AbstractSet[str]) -> list[str]:
    """Name values that steps of the rules read as whole numbers, and cannot."""
    work = evaluated.work
    has_unread = _of_columns(work, lambda values: None in map(whole_number, values))
    steps = [
        [
            step.looks
            for step in rule.steps
            if rule.name in made and any(map(has_unread, step.looks.numbers))
        ]
        for rule in work.ruleset.rules
    ]
    asked: dict[Judgement, list[Looks]] = {}
    found: dict[tuple[int, str, str], Counter[str]] = {}
    for place, judgement in enumerate(work.judgements):
        all_looks = asked.get(judgement)
        if all_looks is None:
            all_looks = [one for number in judgement.takers for one in steps[number]]
            asked[judgement] = all_looks
        for looks in all_looks:
            for keywords in looks.numbers:
                for keyword, value in _unread_values(work, place, keywords):
                    key = evaluated.exposures.pools[place], keyword, looks.lost
                    found.setdefault(key, Counter())[value] += 1
    return [
        f"{evaluated.pools[pool].name}: {keyword.upper()} {few(sorted(values))} is not a whole "
        f"number to jwst, and so here (exposures: {values.total():,}); {lost}; "
        + next(filter(None, map(_without_point, sorted(values))), "give one")
        for (pool, keyword, lost), values in sorted(found.items(), key=lambda item: item[0])
    ]


def _unread_values(work: Work, place: int, keywords: Sequence[str]) -> list[tuple[str, str]]:
    values = [(keyword, work.given(place, keyword)) for keyword in keywords]
    if any(whole_number(value) is not None for _, value in values):
        return []
    return [(keyword, value) for keyword, value in values if value is not None]


def _named(work: Work, made: AbstractSet[str]) -> list[str]:
    """Name numbers with a point that get into names as they are."""
    steps = {step for rule in work.ruleset.rules if rule.name in made for step in rule.steps}
    keywords = {keyword for step in steps for keyword in step.looks.named}
    return [
        f"{keyword.upper()} {value} is not a whole number to jwst, and so here; it stands in "
        f"names as it is; {mend}"
        for keyword in sorted(keywords | ({"program"} if made else set()))
        for value in sorted(work.distinct(keyword))
        if (mend := _without_point(value))
    ]


def _without_point(value: str) -> str | None:
    """Say how to write a whole number that is written as a float."""
    whole = WRITTEN_AS_FLOAT.fullmatch(value)
    return whole and f"write {whole[1]}, not {value}"


def _untrue(work: Work) -> list[str]:
    """Name flags that are written otherwise than the rules compare them with."""
    terms = [term for one in work.ruleset.used_conditions() for term in one.terms]
    compared = {term.keyword for term in terms if term.values == (TRUE,)}
    return [
        f"{keyword.upper()} {value} is not {TRUE} to jwst, and so here; write {TRUE}"
        for keyword in sorted(compared)
        for value in sorted({value for _, value in work.found((keyword,))})
        if value != TRUE and read_flag(value) == TRUE
    ]


def _set(evaluated: EvaluatedPools) -> list[str]:
    """Name flags that count as set, as they have a value, which is not true to people."""
    work = evaluated.work
    classes = {
        term.keyword: line.exposure_class
        for line in work.ruleset.class_rules
        for term in line.condition.terms
        if term.operator is Operator.SET and term.keyword in flags()
    }
    found: dict[tuple[int, str], Counter[str]] = {}
    for keyword in classes:
        odd = {value for value in work.distinct(keyword) if read_flag(value) != TRUE}
        for place, value in enumerate(work.column(keyword) if odd else ()):
            if value in odd:
                key = evaluated.exposures.pools[place], keyword
                found.setdefault(key, Counter())[str(value)] += 1
    return [
        f"{evaluated.pools[pool].name}: {keyword.upper()} {few(sorted(values))} is set to jwst, "
        f"and so here (exposures: {values.total():,}); {classes[keyword]} by it; "
        + next(filter(None, map(_as_flag, sorted(values))), f"write {TRUE} or {FALSE}")
        for (pool, keyword), values in sorted(found.items())
    ]


def _as_flag(value: str) -> str | None:
    """Say how to write a flag that is written otherwise."""
    flag = read_flag(value)
    return flag and f"write {flag}, not {value}"


def _two_spellings(work: Work) -> list[str]:
    """Name keywords with numbers that are compared as text and written in several ways."""
    keys = {
        key.sources
        for rule in work.ruleset.rules
        for key in (*rule.keys, *(key for role in rule.roles for key in role.keys))
    }
    looks = [step.looks for rule in work.ruleset.rules for step in rule.steps]
    compared = {(keyword,) for one in looks for keyword in one.keywords.difference(*one.numbers)}
    apart = {keyword for sources in keys for keyword in sources}
    has_several = _of_columns(work, lambda values: bool(_spellings(values)))
    found: dict[str, set[str]] = {}
    for sources in filter(has_several, keys | compared):
        for keyword, value in work.found(sources):
            found.setdefault(keyword, set()).add(value)
    return [
        f"{keyword.upper()} is written {' and '.join(sorted(spelled))}: {len(spelled)} values to "
        "jwst, and so here"
        + (", and exposures of one are not put with those of another" if keyword in apart else "")
        + "; write it in one way"
        for keyword, values in sorted(found.items())
        for _, spelled in sorted(_spellings(values).items())
    ]


def _spellings(values: Iterable[str]) -> dict[int, set[str]]:
    """Give whole numbers that are written in several ways."""
    found: dict[int, set[str]] = {}
    for value in values:
        if whole := _WHOLE.fullmatch(value):
            found.setdefault(int(whole[1]), set()).add(value)
    return {number: spelled for number, spelled in found.items() if len(spelled) > 1}


def _of_columns(work: Work, holds: Callable[[set[str]], bool]) -> Callable[[Iterable[str]], bool]:
    """Tell what is so of the values of any of some keywords.

    Each column is looked at once, since a look at each exposure takes long if there are a million.
    """

    @cache
    def holds_of(keyword: str) -> bool:
        return holds(work.distinct(keyword))

    return lambda keywords: any(map(holds_of, keywords))


def _order_dependence(work: Work, outcome: Outcome) -> list[str]:
    """Name the exposures for which jwst's answer depends on the order of the rows."""
    lines = []
    for found in outcome.order_dependent:
        names = sorted({work.value(place, "filename") or "" for place in found.places})
        lines.append(
            f"{found.rule.name}, candidate {found.candidate[0]}: jwst's answer depends on the "
            f"order of the rows of {', '.join(names)}; this run used the order of file names"
        )
    return sorted(lines)
