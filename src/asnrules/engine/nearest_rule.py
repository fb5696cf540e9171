"""Which rule comes nearest to an exposure that it does not take, and what keeps it from it.

There is one ranking, for every answer that names a nearest rule. A person would name the rule
that is made for what the exposure is, and what its maker could have done otherwise:

1. rules for its EXP_TYPE come before others;
2. for a science, roles that make it the science of an association come before companions,
   and before those for another class;
3. then rules that ask for nothing unset in what it is (a flag), and for nothing else in it;
4. then those for which the fewest keywords of how it was made had to have other values.

Of rules that are equally near, the one for which values are missing comes before the one that
wants others; then the one that names more of what the exposure is, then that for fewer EXP_TYPEs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from asnrules.engine.conditions import Values, condition_holds, keywords_in, term_holds
from asnrules.engine.signatures import (
    CLASS,
    EXP_TYPE,
    SCIENCE,
    SET,
    Judgement,
    RoleVerdict,
    RuleVerdict,
    Unmet,
    is_written_as_science,
)
from asnrules.engine.unmet_conditions import Effort, Failure, Repair, UnmetConditions
from asnrules.rules.model import Condition, Operator, Requirement, Role, Rule, Ruleset, Term
from asnrules.util.results import shown_briefly

_NAMING = {Operator.IN, Operator.LISTED, Operator.MATCHES, Operator.SET}


class Distance(NamedTuple):
    """How far an exposure is from being taken by a rule; the smaller, the nearer."""

    is_other_type: bool
    is_companion: bool
    unset: int
    kind: int
    made: int

    @property
    def is_of_one_kind(self) -> bool:
        """Whether one keyword of what it is would do."""
        return not self.is_other_type and (self.unset, self.kind, self.made) == (0, 1, 0)


@shown_briefly
class Miss(NamedTuple):
    """Why a rule does not take an exposure, by the role of the rule that comes nearest."""

    rule: Rule
    failures: tuple[Failure, ...]
    """What would have to be mended, each by a keyword of its own."""
    unmet: int
    """How many of its conditions and keys the exposure does not meet."""
    distance: Distance
    """How near it comes."""
    order: tuple[int, ...]
    """Sort key among those that come as near."""
    by_other_roles: tuple[Miss, ...] = ()
    """Why other roles do not take it that come as near."""

    @property
    def repairs(self) -> list[Repair]:
        """What would mend any of the failures."""
        return [repair for failure in self.failures for repair in failure.repairs]

    @property
    def changed(self) -> int:
        """How much is likeliest mended by another value, rather than by one that is missing."""
        return sum(
            failure.repairs[:1] != () and failure.repairs[0].found is not None
            for failure in self.failures
        )

    def sentence(self) -> str:
        """Say all that would have to be mended."""
        return "; also ".join(failure.sentence() for failure in self.failures)


class RuleRanking:
    """Ranks the rules of a ruleset by how near an exposure comes to them."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._unmet = UnmetConditions(ruleset)
        self._wanted = self._unmet.wanted
        self._as_science = _as_science(ruleset)
        # What may be the class itself says nothing more of any exposure.
        self._kinds = self._unmet.kinds - {rule.keyword for rule in ruleset.class_rules}
        self._classes = {rule.exposure_class for rule in ruleset.class_rules}
        self._classes.add(ruleset.default_class)
        self._misses: dict[Judgement, list[Miss]] = {}
        self._nearest: dict[Judgement, str | None] = {}

    def misses(self, judgement: Judgement) -> list[Miss]:
        """Explain each rule that does not take an exposure, the nearest first."""
        if judgement not in self._misses:
            self._misses[judgement] = self._nearest_first(judgement, judgement.verdicts)
        return self._misses[judgement]

    def miss(self, verdict: RuleVerdict, values: Values) -> Miss:
        """Explain why a rule does not take an exposure, given by its values as judged."""
        misses = [
            self._of_role(verdict.rule, role, (*verdict.unmet, *unmet), values)
            for role, unmet in verdict.roles
            if not role.keys_only
        ]
        least = min(miss.distance for miss in misses)
        # Of equally near roles the rule tries the first before what may stand for it.
        nearest, *others = [miss for miss in misses if miss.distance == least]
        return nearest._replace(by_other_roles=tuple(others))

    def nearest(self, judgement: Judgement) -> str | None:
        """Name the rule that an exposure comes nearest to, and what it misses, in words.

        Rules that are as near are named as well, if they would have other keywords mended, or the
        same ones otherwise. None if there is no such rule for its EXP_TYPE.

        What an exposure misses that rules take is to have an association of its own: rules are
        passed over that ask for what is not set, and companions; where the class does not exist,
        all that ask for more than another class. None if what it is had to be another, and a role
        that takes it is made for what a flag makes of it: it only lacks its science.
        """
        if judgement not in self._nearest:
            self._nearest[judgement] = self._nearest_in_words(judgement)
        return self._nearest[judgement]

    def _nearest_in_words(self, judgement: Judgement) -> str | None:
        is_taken = bool(judgement.takers)
        misses = self._misses_of_its_own(judgement) if is_taken else self.misses(judgement)
        if not misses or misses[0].distance.is_other_type:
            return None
        nearest = misses[0].distance
        if is_taken and (
            nearest.unset
            or nearest.is_companion
            or (nearest.kind and self._is_flagged_companion(judgement))
            or (nearest.made and not self._has_known_class(judgement.values))
        ):
            return None
        deciding = self._class_keyword(judgement.values)
        named: set[str] = set()
        wanted: set[tuple[str, str]] = set()
        texts = []
        for miss in (one for each in misses for one in (each, *each.by_other_roles)):
            keywords = {repair.keyword for repair in miss.repairs}
            values = {(repair.keyword, repair.wanted) for repair in miss.repairs}
            is_otherwise = wanted.isdisjoint(values) and miss.changed == misses[0].changed
            # What makes it count as another class may be wrong as well as how it was made.
            is_as_near = miss.distance == nearest or (
                nearest.made > 0 and miss.distance.is_of_one_kind and keywords == {deciding}
            )
            if is_as_near and (named.isdisjoint(keywords) or is_otherwise):
                texts.append(f"{miss.rule.name}: {miss.sentence()}")
                named |= keywords
                wanted |= values
        return f"nearest is {'; or '.join(texts)}"

    def class_words(self, judgement: Judgement) -> str | None:
        """Say what an exposure counts as, if that is not for its EXP_TYPE; None if it is."""
        keyword = self._class_keyword(judgement.values)
        if keyword is None:
            return None
        value = judgement.values.get(keyword)
        found = "is set" if value == SET else f"is '{value}'"
        return f"{judgement.exposure_class} ({keyword.upper()} {found})"

    def _class_keyword(self, values: Values) -> str | None:
        """Give the keyword that gives an exposure its class; None if its EXP_TYPE does."""
        for rule in self._ruleset.class_rules:
            if condition_holds(rule.condition, values):
                return min(keywords_in(rule.condition).keys() - {EXP_TYPE}, default=None)
        return None

    def _has_known_class(self, values: Values) -> bool:
        """Tell whether the ruleset names the class of an exposure: PNTGTYPE may be anything."""
        return values.get(CLASS) in self._classes

    def _nearest_first(self, judgement: Judgement, verdicts: Iterable[RuleVerdict]) -> list[Miss]:
        misses = [self.miss(one, judgement.values) for one in verdicts if not one.matched]
        return sorted(misses, key=lambda miss: (miss.distance, miss.order))

    # ------------------------------------------------------------------ to be a science

    def _misses_of_its_own(self, judgement: Judgement) -> list[Miss]:
        """Explain why each rule makes no association of an exposure, the nearest first.

        Rules that take it are among them, if they do so without its being a science there.
        """
        verdicts = judgement.verdicts
        if not is_written_as_science(self._ruleset, judgement.exposure_class):
            verdicts = tuple(map(self._asked_to_be_science, verdicts))
        roles = [
            verdict for verdict in verdicts if any(not one.role.keys_only for one in verdict.roles)
        ]
        return self._nearest_first(judgement, roles)

    def _asked_to_be_science(self, verdict: RuleVerdict) -> RuleVerdict:
        """Give the verdict on what is no science, if the rule asked it to be one."""
        if verdict.rule.as_science:
            return verdict
        roles = []
        for role, unmet in verdict.roles:
            if role.science_as is not None:
                continue
            if not any(isinstance(one, Requirement) and _asks_class(one) for one in unmet):
                unmet = (*unmet, self._as_science)
            # A role for what is no science cannot take it.
            asked = (*role.requirements, self._as_science)
            roles.append(RoleVerdict(role._replace(requirements=asked), unmet))
        return verdict._replace(roles=tuple(roles), fitting=())

    def _is_flagged_companion(self, judgement: Judgement) -> bool:
        """Tell whether a flag makes an exposure a companion, and a role that takes it asks so."""
        if judgement.exposure_class not in self._wanted.flag_classes:
            return False
        flags = {CLASS, *self._wanted.classed} - {EXP_TYPE}
        return any(
            not flags.isdisjoint(keywords_in(use.condition))
            for number in judgement.takers
            for role in judgement.verdicts[number].fitting
            for use in role.requirements
        ) and not is_written_as_science(self._ruleset, judgement.exposure_class)

    # ------------------------------------------------------------------ one role

    def _of_role(self, rule: Rule, role: Role, unmet: Sequence[Unmet], values: Values) -> Miss:
        failures = self._unmet.failures(rule, role, unmet, values)
        efforts = [effort for failure in failures for effort in failure.efforts()]
        is_other_type = Effort.TYPE in efforts
        is_science = is_written_as_science(self._ruleset, values.get(CLASS) or "")
        makes_science = rule.as_science or (is_science and role.science_as is None)
        changes_class = any(
            failure.effort is Effort.KIND
            and any(repair.keyword in self._wanted.classed for repair in failure.repairs)
            for failure in failures
        )
        if self._has_known_class(values):
            is_companion = is_science and (not makes_science or changes_class)
        else:
            # No role is made for a class that does not exist, even if it takes any.
            is_companion = not (rule.as_science or changes_class)
        distance = Distance(
            is_other_type,
            is_companion,
            unset=0 if is_other_type else efforts.count(Effort.UNSET),
            kind=0 if is_other_type else efforts.count(Effort.KIND),
            # Only the EXP_TYPE is explained then; more unmet conditions mean a rule further away.
            made=len(unmet) if is_other_type else efforts.count(Effort.MADE),
        )
        # Among rules for other EXP_TYPEs there is no need to tell more apart.
        named, breadth = (0, 0) if is_other_type else self._named(rule, role, values)
        miss = Miss(rule, tuple(failures), len(unmet), distance, ())
        return miss._replace(order=(miss.changed, -named, breadth, not makes_science))

    def _named(self, rule: Rule, role: Role, values: Values) -> tuple[int, int]:
        """Count what a rule names of what an exposure is, and the EXP_TYPEs that it names so."""
        terms = [
            term
            for use in (*rule.requirements, *role.requirements)
            if not use.negated
            for term in use.condition.terms
            if term.operator in _NAMING
            and term.keyword in self._kinds
            and term_holds(term, values.get(term.keyword))
        ]
        named = {term.keyword for term in terms}
        for key in (*rule.keys, *role.keys):
            if key.required:
                sources = self._kinds.intersection(key.sources)
                named.update(one for one in sources if values.get(one) is not None)
        breadths = [len(term.values) for term in terms if term.keyword == EXP_TYPE]
        return len(named), min(breadths, default=0)


def _as_science(ruleset: Ruleset) -> Requirement:
    """Ask for a class that an association is made for, as every rule does in the end."""
    classes = dict.fromkeys([SCIENCE, *ruleset.written_as])
    sciences = tuple(one for one in classes if is_written_as_science(ruleset, one))
    term = Term(CLASS, Operator.IN, sciences)
    return Requirement(Condition("\0as science", "the class counts as science", ((term,),)))


def _asks_class(use: Requirement) -> bool:
    return CLASS in keywords_in(use.condition)
