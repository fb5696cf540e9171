"""Which keywords the rules look at for an exposure: what has to be known of it.

A keyword that is not known leaves open what depends on it. It is looked at if a rule that makes
something of exposures like these could go another way by its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from asnrules.engine.conditions import UNKNOWN, condition_holds, key_sources, known_values
from asnrules.engine.signatures import (
    CLASS,
    Judgement,
    RuleVerdict,
    Unmet,
    class_of,
    is_written_as_science,
    judge_as,
    judge_by_rule,
)
from asnrules.rules.model import Condition, Key, Requirement, Role, Rule, Ruleset

Known = Mapping[str, str | None]
"""Lower-case keyword to lower-case value."""


NAMES = frozenset({"filename", "program", "targetid", "obs_id", "msametfl"})
"""Keywords whose values are only ever asked to be equal."""


def keywords_of(ruleset: Ruleset) -> frozenset[str]:
    """Give all keywords that the rules look at."""
    compared = [compared_keywords(rule, rule.roles) for rule in ruleset.rules]
    return frozenset(_in_conditions(ruleset)).union(*compared)


def looked_at(ruleset: Ruleset, exposures: Sequence[Known], keyword: str) -> list[bool]:
    """Say for which exposures of a pool the rules look at a keyword whose value is not known."""
    exposures = [known_values(ruleset, known) for known in exposures]
    signatures = _signatures(ruleset, exposures)
    judged = {
        signature: list(_judgements(ruleset, known, keyword))
        for signature, known in zip(signatures, exposures, strict=True)
    }
    making = {
        number
        for judgements in judged.values()
        for one in judgements
        for number in one.takers
        if _may_be_science(ruleset, one, one.verdicts[number])
    }
    answers = {
        signature: any(
            one.exposure_class != judgements[0].exposure_class
            or _goes_by(one.verdicts[number], one.values, keyword)
            for one in judgements
            for number in making.intersection(one.takers)
        )
        for signature, judgements in judged.items()
    }
    return [answers[signature] for signature in signatures]


def wanting(ruleset: Ruleset, exposures: Sequence[Known]) -> list[frozenset[str]]:
    """Give for each exposure the keywords for want of whose value a rule does not take it.

    Where another takes it as science, a key without a value does not count: it may have none. Where
    no keyword alone would do, they are the fewest that do together.
    """
    exposures = [known_values(ruleset, known) for known in exposures]
    signatures = _signatures(ruleset, exposures)
    distinct = dict(zip(signatures, exposures, strict=True))
    keywords = keywords_of(ruleset)
    answers = {
        signature: _missed(ruleset, values, [word for word in keywords if values.get(word) is None])
        for signature, values in distinct.items()
    }
    return [answers[signature] for signature in signatures]


def _missed(ruleset: Ruleset, values: Known, lacking: Sequence[str]) -> frozenset[str]:
    name = class_of(ruleset, values)
    without = judge_as(ruleset, {**values, **dict.fromkeys(lacking)}, name)
    # What special candidates alone would be made for counts for nothing.
    taken = any(
        _may_be_science(ruleset, without, without.verdicts[number])
        and not without.verdicts[number].rule.candidate_requirements
        for number in without.takers
    )
    telling = {word for line in ruleset.class_rules for word in _keywords(line.condition)}
    found = set()
    for keyword in lacking:
        for verdict in without.verdicts:
            counts = not taken or keyword in telling or _asks(verdict, keyword)
            if counts and _may_meet(verdict, keyword):
                given = judge_by_rule(verdict.rule, {**values, keyword: UNKNOWN}, name)
                if given.matched and _may_be_science(ruleset, without, given):
                    found.add(keyword)
                    break
    if not taken:
        found |= _missed_together(ruleset, without, values, telling)
    return frozenset(found)


def _missed_together(
    ruleset: Ruleset, without: Judgement, values: Known, telling: AbstractSet[str]
) -> frozenset[str]:
    """Give the fewest keywords whose values together would make a rule take an exposure.

    Those that give it another class are not among them.
    """
    ways = []
    for verdict in without.verdicts:
        for role, unmet in verdict.roles:
            missing = (*verdict.unmet, *unmet)
            keywords = frozenset(word for one in missing for word in _asked(one))
            if role.keys_only or not all(isinstance(one, Key) for one in missing):
                continue
            unknown = {**values, **dict.fromkeys(keywords, UNKNOWN)}
            given = judge_by_rule(verdict.rule, unknown, without.exposure_class)
            makes = given.matched and _may_be_science(ruleset, without, given)
            if makes and telling.isdisjoint(keywords):
                ways.append(keywords)
    return min(ways, key=len, default=frozenset())


def _may_meet(verdict: RuleVerdict, keyword: str) -> bool:
    """Tell whether nothing but a value of a keyword keeps an exposure out of a rule."""
    roles = [role.unmet for role in verdict.roles]
    return not verdict.matched and all(
        any(all(keyword in _asked(one) for one in unmet) for unmet in ways)
        for ways in ([verdict.unmet], roles)
    )


def _asks(verdict: RuleVerdict, keyword: str) -> bool:
    """Tell whether a rule takes no exposure without a value, whatever its keys."""
    return any(
        isinstance(unmet, Requirement) and keyword in _asked(unmet)
        for unmet in (*verdict.unmet, *(one for role in verdict.roles for one in role.unmet))
    )


def _asked(unmet: Unmet) -> set[str]:
    if isinstance(unmet, Requirement):
        return _keywords(unmet.condition)
    return set(unmet.sources)


def _keywords(condition: Condition) -> set[str]:
    return {term.keyword for term in condition.terms}


def _signatures(ruleset: Ruleset, exposures: Sequence[Known]) -> list[tuple[object, ...]]:
    """Give what the rules can tell of each exposure; those with the same are judged alike."""
    valued = _in_conditions(ruleset)
    others = sorted(keywords_of(ruleset).difference(valued))
    return [
        (*map(known.get, valued), *(known.get(name) is None for name in others))
        for known in exposures
    ]


def _in_conditions(ruleset: Ruleset) -> list[str]:
    terms = [term for condition in ruleset.used_conditions() for term in condition.terms]
    found = {term.keyword for term in terms}
    found |= {line.keyword for line in ruleset.class_rules if line.keyword is not None}
    return sorted(found - {CLASS, "candidate_id", "candidate_type"})


def _judgements(ruleset: Ruleset, known: Known, keyword: str) -> Iterator[Judgement]:
    """Judge an exposure, of which one keyword is not known, in each class that it may have.

    The class that is assumed comes first.
    """
    values = {**known, keyword: UNKNOWN}
    classes = [class_of(ruleset, known)]
    for line in ruleset.class_rules:
        if line.exposure_class and condition_holds(line.condition, values, benefit=True):
            classes.append(line.exposure_class)
        elif line.keyword == keyword:
            classes += [one.exposure_class or "" for one in ruleset.class_rules]
    for name in filter(None, dict.fromkeys(classes)):
        yield judge_as(ruleset, values, name)


def _may_be_science(ruleset: Ruleset, judgement: Judgement, verdict: RuleVerdict) -> bool:
    """Tell whether an association of a rule may have an exposure as science."""
    is_science = is_written_as_science(ruleset, judgement.exposure_class)
    return (verdict.rule.as_science or is_science) and any(
        role.science_as is None for role in verdict.fitting
    )


def _goes_by(verdict: RuleVerdict, values: Known, keyword: str) -> bool:
    """Tell whether a rule that may take an exposure could go another way by a keyword."""
    rule, roles = verdict.rule, verdict.fitting
    uses = (*rule.requirements, *(use for role in roles for use in role.requirements))
    return keyword in compared_keywords(rule, roles) or any(
        condition_holds(use.condition, values, benefit=True)
        and not condition_holds(use.condition, values)
        for use in (*uses, *rule.rateints)
    )


def compared_keywords(rule: Rule, roles: Iterable[Role]) -> set[str]:
    """Give the keywords by which a rule compares exposures with each other."""
    return key_sources(rule, roles).union(*(step.looks.keywords for step in rule.steps))
