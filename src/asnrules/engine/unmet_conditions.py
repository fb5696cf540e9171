"""What would make a rule take an exposure that it does not take: which keyword, which values.

The values wanted are those with which all that the rule and its role ask of the keyword holds,
the others as they are, where there are such; else those with which the one condition holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from asnrules.engine.conditions import (
    ANY,
    Values,
    keywords_in,
    requirement_holds,
    requirements_of,
    term_holds,
)
from asnrules.engine.signatures import CLASS, EXP_TYPE, SET, Unmet
from asnrules.engine.wanted_values import NO_VALUE, SET_FLAG, WantedValues, either
from asnrules.rules.model import Condition, Key, Operator, Requirement, Role, Rule, Ruleset


class Effort(IntEnum):
    """How far a repair goes: it changes how the exposure was made, or what it is.

    `UNSET` is a keyword of what it is that has no value, such as a flag that is not set.
    """

    MADE = 0
    KIND = 1
    UNSET = 2
    TYPE = 3


class Repair(NamedTuple):
    """A keyword that has other values than those wanted."""

    keyword: str
    found: str | None
    """Its value; None if it is empty."""
    wanted: str
    """The values wanted, in words."""
    effort: Effort

    @property
    def shown(self) -> str | None:
        """Its value as it is shown, where nothing looks at more than whether there is one."""
        return "(set)" if self.found == SET else self.found

    @property
    def is_loss(self) -> bool:
        """Whether it would have to lose the value that it has, which no maker can do."""
        return self.found is not None and self.wanted == NO_VALUE

    def sentence(self) -> str:
        """Say what was found, and what is wanted."""
        absent = "not set" if self.wanted == SET_FLAG else "empty"
        found = absent if self.found is None else "set" if self.found == SET else f"'{self.found}'"
        return f"{self.keyword.upper()} is {found}, wanted {self.wanted}"


class Failure(NamedTuple):
    """Why a requirement does not hold, or a key has no value."""

    unmet: Unmet
    repairs: tuple[Repair, ...]
    """What would make it hold; each alone, the likeliest first."""
    is_joint: bool = False
    """No keyword alone would: `repairs` are those of the nearest alternative, all of them
    needed."""

    @property
    def text(self) -> str:
        """What is asked for, in words."""
        if isinstance(self.unmet, Requirement):
            return self.unmet.text
        return f"{' or '.join(source.upper() for source in self.unmet.sources)} has a value"

    def sentence(self) -> str:
        """Say it in one line, with the value found and the values wanted."""
        return self.found() if self._is_plain() else f"{self.text}: {self.found()}"

    def _is_plain(self) -> bool:
        """Tell whether what is asked is plain from what is found and wanted of one keyword."""
        if isinstance(self.unmet, Key) or self._excluded:
            return True
        others = keywords_in(self.unmet.condition).keys() - {EXP_TYPE}
        named = {repair.keyword for repair in self.repairs}
        is_one = len(others) == 1 and (self.unmet.negated or others == named)
        return is_one and bool(self.repairs) and not self.is_joint

    @property
    def _excluded(self) -> str | None:
        """What the exposure is, in words, if the rule excludes that and a value cannot be lost."""
        if isinstance(self.unmet, Key) or not self.unmet.negated:
            return None
        text = self.unmet.condition.text
        is_what = text.startswith(("a ", "an ")) and all(one.is_loss for one in self.repairs)
        return text if is_what and self.repairs else None

    def found(self) -> str:
        """Say what was found, and what is wanted."""
        if self._excluded:
            return f"it is {self._excluded}"
        wanted = {repair.wanted for repair in self.repairs}
        if isinstance(self.unmet, Key) and len(self.repairs) > len(wanted):
            *first, last = [repair.keyword.upper() for repair in self.repairs]
            lacks = "is set" if wanted == {SET_FLAG} else "has a value"
            start = "neither" if len(first) == 1 else "none of"
            return (
                f"{start} {', '.join(first)} {'nor' if len(first) == 1 else 'and'} {last} {lacks}"
            )
        link = ", and " if self.is_joint else ", or "
        return link.join(repair.sentence() for repair in self.repairs) or "never met"

    @property
    def effort(self) -> Effort:
        """How far it goes to make it hold."""
        return max(self.efforts())

    def efforts(self) -> list[Effort]:
        """Say how far each repair goes that is needed."""
        found = [repair.effort for repair in self.repairs] or [Effort.TYPE]
        return found if self.is_joint else found[:1]


class UnmetConditions:
    """Finds what would make the rules of a ruleset take an exposure."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.kinds = kind_keywords(ruleset)
        self._made_for = {keyword: _made_for(ruleset, keyword) for keyword in self.kinds}
        self.wanted = WantedValues(ruleset)

    def failures(
        self, rule: Rule, role: Role, unmet: Sequence[Unmet], values: Values
    ) -> list[Failure]:
        """Explain what keeps a rule from taking an exposure in a role, by what is unmet of both.

        Each is mended by a keyword of its own, the nearest to how it was made first. If the
        EXP_TYPE has to be another, that alone is explained.
        """
        asked = [*rule.requirements, *role.requirements]
        keys = [key for key in (*rule.keys, *role.keys) if key.required]
        found: list[Failure] = []
        for one in unmet:
            if isinstance(one, Key):
                failure = self._of_key(one, asked, keys, values)
            elif self.wanted.keywords(one.condition).keys() == {EXP_TYPE}:
                return [self._of_requirement(one, [], [], values)]
            else:
                failure = self._of_requirement(one, asked, keys, values)
            found.append(failure)
        for failure in found:
            if failure.effort is Effort.TYPE:
                return [failure]
        return sorted(_joined(found), key=lambda failure: failure.effort)

    def _effort(self, keyword: str, values: Values) -> Effort:
        """Say how far it goes to change a keyword of an exposure."""
        if keyword == EXP_TYPE:
            return Effort.TYPE
        if keyword not in self.kinds:
            return Effort.MADE
        if values.get(keyword) is None:
            return Effort.UNSET
        # It is of a kind if there are rules for what the keyword makes of this EXP_TYPE.
        is_kind = keyword in self.wanted.classed or any(
            all(requirement_holds(use, values) for use in uses) for uses in self._made_for[keyword]
        )
        return Effort.KIND if is_kind else Effort.MADE

    def _repair(
        self, keyword: str, asked: Sequence[Requirement], keys: Sequence[Key], values: Values
    ) -> Repair | None:
        """Say which values of a keyword do for all that is asked; None if none does."""
        wanted = self.wanted.of(keyword, asked, keys, values)
        if wanted is None:
            return None
        return Repair(keyword, values.get(keyword), wanted, self._effort(keyword, values))

    def _of_key(
        self, key: Key, asked: Sequence[Requirement], keys: Sequence[Key], values: Values
    ) -> Failure:
        repairs = [
            self._repair(source, asked, keys, values)
            or Repair(source, None, "a value", self._effort(source, values))
            for source in key.sources
        ]
        return Failure(key, tuple(sorted(repairs, key=lambda repair: repair.effort)))

    def _of_requirement(
        self, use: Requirement, asked: Sequence[Requirement], keys: Sequence[Key], values: Values
    ) -> Failure:
        by_effort: dict[Effort, list[str]] = {}
        looked_at = keywords_in(use.condition).keys()
        # A class beside EXP_TYPEs stands for those that have it.
        given = self.wanted.classed.keys() - looked_at if {CLASS, EXP_TYPE} <= looked_at else set()
        for keyword in self.wanted.keywords(use.condition):
            if values.get(keyword) != ANY and keyword not in given:
                by_effort.setdefault(self._effort(keyword, values), []).append(keyword)
        for effort, keywords in sorted(by_effort.items()):
            whole = [(asked, keys)] if effort < Effort.TYPE else []
            losses: list[Repair] = []
            for scope, needed in (*whole, ([use], [])):
                found = [self._repair(keyword, scope, needed, values) for keyword in keywords]
                repairs = [repair for repair in found if repair is not None]
                losses = losses or repairs
                repairs = [one for one in repairs if not one.is_loss]
                if use.negated or scope is not asked:
                    repairs = repairs or losses
                if repairs:
                    if not use.negated and any(values.get(one) == ANY for one in looked_at):
                        repairs = _of_other_kind(use.condition, repairs)
                    return Failure(use, _likeliest_first(repairs))
            joint = () if use.negated else self._joint(use.condition, effort, values)
            if joint:
                return Failure(use, joint, is_joint=True)
        return Failure(use, ())

    def _joint(self, condition: Condition, most: Effort, values: Values) -> tuple[Repair, ...]:
        """Give what is wanted by the nearest alternative that goes no further than an effort."""
        best: tuple[Repair, ...] = ()
        # Of equally near ones that which goes on longest with what the exposure has.
        order: tuple[int, int] | None = None
        for number, terms in enumerate(condition.alternatives):
            fails = [not term_holds(term, values.get(term.keyword), benefit=True) for term in terms]
            near = (sum(fails), -fails.index(True))
            if order is not None and near >= order:
                continue
            failing = dict.fromkeys(
                term.keyword for term, is_one in zip(terms, fails, strict=True) if is_one
            )
            repairs = []
            for keyword in failing:
                own = tuple(term for term in terms if term.keyword == keyword)
                # A name of its own, as answers are remembered by name.
                alone = Requirement(Condition(f"{condition.name} {number} {keyword}", "", (own,)))
                if keyword != CLASS:
                    repairs.append(self._repair(keyword, [alone], [], values))
            found = [one for one in repairs if one is not None and one.effort <= most]
            if len(found) == len(failing):
                best, order = tuple(found), near
        return tuple(_of_other_kind(condition, best))


def kind_keywords(ruleset: Ruleset) -> frozenset[str]:
    """Give the keywords that say what an exposure is, rather than how it was made.

    These are the keywords that give it its class, and those that conditions look at only to
    divide exposures among rules: some rules want the condition to hold, and others that it does
    not, and no other condition that is wanted looks at them.
    """
    uses = [use for rule in ruleset.rules for use in requirements_of(rule)]
    wanted = {use.condition.name: use.condition for use in uses if not use.negated}
    unwanted = {use.condition.name for use in uses if use.negated}
    dividing = _looked_at(wanted[name] for name in wanted.keys() & unwanted)
    asked = _looked_at(wanted[name] for name in wanted.keys() - unwanted)
    classed = _looked_at(line.condition for line in ruleset.class_rules)
    return frozenset(classed | (dividing - asked)) - {CLASS}


def _looked_at(conditions: Iterable[Condition]) -> set[str]:
    return {keyword for condition in conditions for keyword in keywords_in(condition)}


def _made_for(ruleset: Ruleset, keyword: str) -> list[list[Requirement]]:
    """Give what rules ask of the EXP_TYPE that want a condition on a keyword to hold."""
    return [
        [use for use in rule.requirements if keywords_in(use.condition).keys() == {EXP_TYPE}]
        for rule in ruleset.rules
        if any(
            keyword in keywords_in(use.condition) for use in rule.requirements if not use.negated
        )
    ]


def _joined(failures: Iterable[Failure]) -> list[Failure]:
    """Leave out those that a keyword mends that mends an earlier one."""
    found: list[Failure] = []
    for failure in failures:
        mending = set() if failure.is_joint else {repair.keyword for repair in failure.repairs}
        for place, earlier in enumerate(found):
            common = tuple(repair for repair in earlier.repairs if repair.keyword in mending)
            if common and not earlier.is_joint:
                found[place] = earlier._replace(repairs=common)
                break
            if _is_told(failure, earlier):
                break
        else:
            found.append(failure)
    return found


def _is_told(failure: Failure, earlier: Failure) -> bool:
    """Tell whether a joint failure wants of a keyword what another one wants, or allows."""
    return earlier.is_joint and any(
        one.keyword == other.keyword
        and one.wanted in {other.wanted, either([other.wanted, NO_VALUE])}
        for one in failure.repairs
        for other in earlier.repairs
    )


def _likeliest_first(repairs: Sequence[Repair]) -> tuple[Repair, ...]:
    """Order repairs: what is missing first, then what is to be one of some values.

    Of the columns of a table of optical paths the last, the most special, comes first.
    """
    excluding = ("anything", "a value other than", "a value without")
    last_first = repairs[::-1]
    order = sorted(
        last_first,
        key=lambda one: (one.found is not None, one.wanted.startswith(excluding)),
    )
    return tuple(order)


def _of_other_kind(condition: Condition, repairs: Sequence[Repair]) -> list[Repair]:
    """Give repairs that need other keywords as well, the effort of those that they make of it.

    Several keywords that a list of EXP_TYPEs stands beside make it another exposure.
    """
    names_types = any(
        term.keyword == EXP_TYPE and term.operator in {Operator.IN, Operator.LISTED}
        for term in condition.terms
    )
    least = Effort.KIND if names_types else Effort.MADE
    return [one._replace(effort=max(one.effort, least)) for one in repairs]
