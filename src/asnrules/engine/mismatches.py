"""What keeps an exposure from joining the association of a science."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from asnrules.engine.candidates import BACKGROUND
from asnrules.engine.conditions import Values, condition_holds, key_sources, keywords_in, term_holds
from asnrules.engine.exposures import KeyFinds, Work
from asnrules.engine.growing import Locked
from asnrules.engine.procedure import NEW, Offers
from asnrules.engine.signatures import CLASS, EXP_TYPE, SCIENCE, Unmet, is_written_as_science
from asnrules.engine.wanted_values import WantedValues
from asnrules.rules.model import Key, Requirement, Role
from asnrules.rules.steps import NodSplit

_ANY_COMPANION = ("companion", "exposure")
"""What roles are called in which exposures of any class join."""


class Mismatch(NamedTuple):
    """What an exposure would need to join."""

    keyword: str
    """The keyword that it has another value of."""
    found: str | None
    """Its value, as it stands in the pool; None if there is no such column."""
    science: str | None
    """The value of the science, where that is what it needs."""
    wanted: str | None = None
    """What it needs in words, where that is another thing."""

    def text(self) -> str:
        """Say it with both values."""
        found = "not given" if self.found in {None, "", "null"} else self.found
        wanted = f": {self.wanted}" if self.science is None else f" {self.wanted or self.science}"
        other = f" than {self.science}" if self.wanted is not None and self.science else ""
        return f"{self.keyword.upper()} {found}, wanted{wanted}{other}"


class Refusal(NamedTuple):
    """Why a rule does not take an exposure of an EXP_TYPE that it is for."""

    mismatches: tuple[Mismatch, ...]
    excluded: str | None
    """What the exposure is, in words, where the rule takes all but those."""


class Mismatches:
    """Holds exposures against the associations that the rule of a number makes of sciences."""

    def __init__(self, work: Work, number: int) -> None:
        self._work = work
        self._number = number
        self._rule = work.ruleset.rules[number]
        self._taking = [role for role in self._rule.roles if not role.keys_only]
        # The sciences of a pattern of nods become the backgrounds of one another.
        self._is_split = any(isinstance(step, NodSplit) for step in self._rule.steps)
        self._offers = Offers(work, number)
        self._wanted = WantedValues(work.ruleset)
        self._classes = {rule.exposure_class for rule in work.ruleset.class_rules}

    def exptypes(self) -> list[str]:
        """Give what the companions of a science are written as, as far as roles say it."""
        found: dict[str, None] = {}
        for role in self._taking:
            if role.science_as is not None:
                found[role.science_as] = None
            elif role.name.startswith(_ANY_COMPANION):
                flagged = sorted(filter(None, self._wanted.flag_classes))
                found |= dict.fromkeys([BACKGROUND, *flagged])
            elif self._is_split:
                found[BACKGROUND] = None
            elif not role.single:
                found[_class_of(role)] = None
        return list(found)

    def signature(self, place: int) -> tuple[Hashable, ...]:
        """Give what alike exposures have in common: all that a comparison looks at."""
        row = self._work.rows[place]
        return (self._work.judgements[place], *[find[find.cells(row)] for find in self._finds])

    @cached_property
    def _finds(self) -> list[KeyFinds]:
        sources = key_sources(self._rule, self._rule.roles)
        return [self._work.key((one,)) for one in {"asn_candidate", *sources}]

    def taken_as(self, place: int) -> str | None:
        """Say what an exposure is in an association that it creates; None if it creates none."""
        member = self._offers.offer(NEW, place)[2]
        return None if member is None else member.exptype

    def locked_by(self, science: int) -> Locked | None:
        """Give what the association of a science has locked; None if it is none."""
        if self.taken_as(science) != SCIENCE:
            return None
        return dict(self._offers.offer(NEW, science)[0].keys)

    def counts_as(self, place: int, exptype: str) -> bool:
        """Tell whether an exposure has the class that companions of an exptype have."""
        return any(self._has_class(place, role, exptype) for role in self._roles(exptype))

    def of(self, place: int, exptype: str, locked: Locked) -> tuple[Mismatch, ...] | None:
        """Say what keeps an exposure from joining as an exptype, by the role that comes nearest.

        That is one mismatch for each keyword; none if nothing does; None if no role of the rule is
        for such companions. What the association of the science has locked is given.
        """
        verdict = self._work.judgements[place].verdicts[self._number]
        unmet = {role.name: found for role, found in verdict.roles}
        held = dict(locked.values())
        ways = []
        for role in self._roles(exptype):
            first: dict[str, Mismatch] = {}
            for one in (
                *self._of_class(place, role, exptype),
                *self._clashes(place, (*self._rule.keys, *role.keys), locked),
                *self._unmet(place, (*verdict.unmet, *unmet[role.name])),
            ):
                value = held.get(one.keyword) if one.found in self._work.ruleset.empty else None
                found = one if value is None else Mismatch(one.keyword, one.found, value)
                first.setdefault(one.keyword, found)
            is_other = not self._has_class(place, role, exptype)
            ways.append((len(first), is_other, tuple(first.values())))
        return min(ways, key=lambda way: way[:2])[2] if ways else None

    def refusal(self, place: int) -> Refusal | None:
        """Say what keeps the rule from taking an exposure, by the role that comes nearest.

        None if nothing does, or if the rule is for other EXP_TYPEs.
        """
        verdict = self._work.judgements[place].verdicts[self._number]
        roles = [unmet for role, unmet in verdict.roles if not role.keys_only]
        unmet = (*verdict.unmet, *min(roles, key=len))
        first: dict[str, Mismatch] = {}
        for one in self._unmet(place, unmet):
            first.setdefault(one.keyword, one)
        found = tuple(first.values())
        if not found or EXP_TYPE in first:
            return None
        excluded = [one.condition for one in unmet if isinstance(one, Requirement) and one.negated]
        return Refusal(found, excluded[0].text if len(excluded) == len(unmet) == 1 else None)

    def _roles(self, exptype: str) -> list[Role]:
        """Give the roles in which companions of an exptype join."""
        is_nod = exptype == BACKGROUND and self._is_split
        is_class = exptype in self._classes
        return [
            role
            for role in self._taking
            if role.science_as == exptype
            or (
                role.science_as is None
                and (
                    is_nod
                    or (is_class and role.name.startswith(_ANY_COMPANION))
                    or (not role.single and _class_of(role) == exptype)
                )
            )
        ]

    def _has_class(self, place: int, role: Role, exptype: str) -> bool:
        name = self._work.judgements[place].exposure_class
        is_science = is_written_as_science(self._work.ruleset, name)
        if role.science_as == exptype:
            return is_science
        if exptype == BACKGROUND and self._is_split and is_science:
            return SCIENCE in role.name or role.name.startswith("exposure")
        return name == exptype

    def _of_class(self, place: int, role: Role, exptype: str) -> Iterator[Mismatch]:
        """Say what gives it another class than such companions have."""
        if self._has_class(place, role, exptype):
            return
        judgement = self._work.judgements[place]
        values, rules = judgement.values, self._work.ruleset.class_rules
        wanted = next((one for one in rules if one.exposure_class == exptype), None)
        # Nods are sciences: what is none lacks no flag, but has one too many.
        is_science = is_written_as_science(self._work.ruleset, judgement.exposure_class)
        is_nod = exptype == BACKGROUND and self._is_split and not is_science
        if wanted is not None and not is_nod and not condition_holds(wanted.condition, values):
            use = Requirement(wanted.condition)
        else:
            holding = [one for one in rules if condition_holds(one.condition, values)]
            if not holding:
                return
            use = Requirement(holding[0].condition, negated=True)
        yield self._of_requirement(place, use, use.condition.alternatives[0][0].keyword)

    def _unmet(self, place: int, unmet: Iterable[Unmet]) -> Iterator[Mismatch]:
        for one in unmet:
            if isinstance(one, Key):
                keyword, *others = one.sources
                wanted = self._wanted.any_value((keyword, *others))
                yield Mismatch(keyword, self._work.value(place, keyword), None, wanted)
            else:
                keyword = _deciding(one, self._work.judgements[place].values)
                if keyword != CLASS:
                    yield self._of_requirement(place, one, keyword)

    def _of_requirement(self, place: int, use: Requirement, keyword: str) -> Mismatch:
        """Say what a requirement wants: values, if it looks at one keyword alone that has few."""
        text = use.text
        if keywords_in(use.condition).keys() == {keyword} - {EXP_TYPE}:
            values = self._work.judgements[place].values
            text = self._wanted.of(keyword, [use], [], values) or text
        return Mismatch(keyword, self._work.value(place, keyword), None, text)

    def _clashes(self, place: int, keys: Sequence[Key], locked: Locked) -> Iterator[Mismatch]:
        """Compare the values of keys with those of the science."""
        for key in keys:
            held = locked.get(key.name)
            excluded = locked.get(key.excludes or "")
            if held is not None:
                value = self._work.value(place, held[0])
                if value != held[1] and (key.required or value not in self._work.ruleset.empty):
                    yield Mismatch(held[0], value, held[1])
            elif excluded is not None:
                found = self._work.first_given(place, key.sources)
                if found is not None and excluded[1] in found[1]:
                    yield Mismatch(found[0], found[1], excluded[1], "another value")


def _class_of(role: Role) -> str:
    """Give the class that the name of a role begins with: `background of the same mode`."""
    return role.name.partition(" of ")[0].replace(" ", "_")


def _deciding(use: Requirement, values: Values) -> str:
    """Give the keyword that keeps a requirement from being met."""
    holding = [
        [(term.keyword, term_holds(term, values.get(term.keyword))) for term in terms]
        for terms in use.condition.alternatives
    ]
    if use.negated:
        return next(terms[-1][0] for terms in holding if all(holds for _, holds in terms))
    failing = [[keyword for keyword, holds in terms if not holds] for terms in holding]
    # That an alternative is for another EXP_TYPE says little.
    return min(failing, key=lambda keywords: (EXP_TYPE in keywords, len(keywords)))[0]
