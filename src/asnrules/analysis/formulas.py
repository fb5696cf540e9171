"""What rules ask of an exposure, as formulas that shrink as its keywords become known.

An *atom* is a condition, or that a key has a value: alternatives of terms. A *rule* is what is
left to be asked: atoms that have to hold or not to hold, for the rule and for each of its roles.
When a keyword gets a value, terms become true or false and atoms decided; what no longer
matters, such as the roles of a rule that cannot take the exposure, goes. So exposures that no
rule will tell apart any more have equal formulas, whatever led there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from asnrules.engine.conditions import term_holds
from asnrules.engine.signatures import CLASS
from asnrules.rules.model import Condition, Key, Operator, Requirement, Rule, Ruleset, Term

Atom = frozenset[frozenset[Term]]
"""Alternatives of terms that are not decided yet."""

Need = tuple[int, bool]
"""An atom, by its number, and whether it has to hold."""

Needs = frozenset[Need]


class RuleState(NamedTuple):
    """The remaining requirements of a rule that may still take the exposure."""

    needs: Needs
    """For the rule."""
    roles: tuple[Needs | None, ...]
    """For each role; None if it cannot take the exposure."""
    rateints: bool | frozenset[Needs]
    """Whether the member is the rateints product; if that is open, the needs of which any makes
    it so."""


class State(NamedTuple):
    """The remaining questions about an exposure with some known keywords."""

    atoms: frozenset[tuple[int, Atom]]
    """The atoms that matter and are not decided."""
    rules: tuple[tuple[int, RuleState], ...]
    """The rules that may take the exposure, by their numbers among those of all rulesets."""
    classes: tuple[str | tuple[_OpenClass, ...], ...]
    """For each ruleset the class of the exposure; if it is open, the class rules that may still
    decide it: need, class, keyword, number."""
    deciders: tuple[int, ...]
    """For each ruleset the number of the class rule that decided; -1 if it is open."""
    asked: tuple[bool | int, ...]
    """For each condition that is asked about: whether it holds; if that is open, the atom."""
    kept: tuple[tuple[str, str | None], ...]
    """Values that a class may be taken from."""

    def left(self) -> State:
        """Give what is open: without what is decided, and without the places of the rest."""
        return self._replace(
            rules=tuple(enumerate(rule for _, rule in self.rules)),
            classes=tuple("" if isinstance(one, str) else one for one in self.classes),
            deciders=(-1,) * len(self.deciders),
            asked=tuple(one for one in self.asked if type(one) is int),
        )

    def with_left(self, left: State) -> State:
        """Put what has become of `left` into its places."""
        asked = list(self.asked)
        places = (place for place, one in enumerate(self.asked) if type(one) is int)
        for place, one in zip(places, left.asked, strict=True):
            asked[place] = one
        classes = zip(self.classes, left.classes, strict=True)
        return left._replace(
            rules=tuple([(self.rules[at][0], rule) for at, rule in left.rules]),
            classes=tuple([one or own for own, one in classes]),
            deciders=tuple(map(max, self.deciders, left.deciders)),
            asked=tuple(asked),
        )

    def open_classes(self) -> list[tuple[_OpenClass, ...]]:
        """Give the class rules of each ruleset whose class is open."""
        return [one for one in self.classes if not isinstance(one, str)]

    def keywords(self) -> set[str]:
        """Give the keywords that terms are open on."""
        return {term.keyword for _, atom in self.atoms for terms in atom for term in terms}

    def terms(self, keyword: str) -> list[Term]:
        """Give the open terms on a keyword, in no particular order."""
        return list(
            {
                term
                for _, atom in self.atoms
                for terms in atom
                for term in terms
                if term.keyword == keyword
            }
        )


class _OpenClass(NamedTuple):
    atom: int | None
    exposure_class: str | None
    keyword: str | None
    number: int


class Formulas:
    """The formulas of rulesets, looked at together, before anything is known of the exposure.

    Conditions of the first one may be asked about beside its rules. Formulas that are compared with
    others share the numbers of atoms.
    """

    def __init__(
        self,
        rulesets: Sequence[Ruleset],
        asked: Sequence[Condition],
        numbers: dict[Atom, int],
    ) -> None:
        self._numbers = numbers
        self._own: set[tuple[int, Atom]] = set()
        self._of_keys: dict[int, tuple[str, ...]] = {}
        # The same few atoms and rules come again in each of many thousand states.
        self._shrunk: dict[tuple[Atom, str, str | None], Atom | bool] = {}
        self._needed_by: dict[RuleState, frozenset[int]] = {}
        self.class_keywords = {
            rule.keyword for one in rulesets for rule in one.class_rules if rule.keyword
        }
        rules: list[RuleState] = []
        classes = []
        for place, ruleset in enumerate(rulesets):
            rules += [self._rule(rule, place) for rule in ruleset.rules]
            classes.append(self._classes(ruleset, place))
        open_asked = tuple(self._condition(condition, 0) for condition in asked)
        self.start = State(
            frozenset(self._own),
            tuple(enumerate(rules)),
            tuple(classes),
            (-1,) * len(rulesets),
            open_asked,
            (),
        )

    # ------------------------------------------------------------------ making them

    def _atom(self, alternatives: Iterable[Iterable[Term]]) -> int:
        atom = frozenset(frozenset(terms) for terms in alternatives)
        number = self._numbers.setdefault(atom, len(self._numbers))
        self._own.add((number, atom))
        return number

    def _condition(self, condition: Condition, place: int) -> int:
        return self._atom(
            [
                term._replace(keyword=class_keyword(place)) if term.keyword == CLASS else term
                for term in terms
            ]
            for terms in condition.alternatives
        )

    def _rule(self, rule: Rule, place: int) -> RuleState:
        roles = [
            None if role.keys_only else self._needs(role.requirements, role.keys, place)
            for role in rule.roles
        ]
        keys = [*rule.keys, *(key for role in rule.roles for key in role.keys)]
        rateints = frozenset(
            self._needs([use], (), place) | self._when(use, keys) for use in rule.rateints
        )
        return RuleState(self._needs(rule.requirements, rule.keys, place), tuple(roles), rateints)

    def _needs(self, uses: Iterable[Requirement], keys: Iterable[Key], place: int) -> Needs:
        needs = {(self._condition(use.condition, place), not use.negated) for use in uses}
        for key in keys:
            if key.required:
                number = self._atom([Term(source, Operator.SET)] for source in key.sources)
                self._of_keys[number] = key.sources
                needs.add((number, True))
        return frozenset(needs)

    def _when(self, use: Requirement, keys: Sequence[Key]) -> Needs:
        """Ask that a key, if the rule has it, finds the value that the requirement names."""
        if use.when_key is None or use.when_value is None:
            return frozenset()
        key = next((key for key in keys if key.name == use.when_key), None)
        if key is None:
            return frozenset({(self._atom(()), True)})
        alternatives = [
            [
                *(Term(other, Operator.EMPTY) for other in key.sources[:at]),
                Term(source, Operator.IN, (use.when_value,)),
            ]
            for at, source in enumerate(key.sources)
        ]
        return frozenset({(self._atom(alternatives), True)})

    def _classes(self, ruleset: Ruleset, place: int) -> tuple[_OpenClass, ...]:
        found = [
            _OpenClass(
                self._condition(rule.condition, place), rule.exposure_class, rule.keyword, number
            )
            for number, rule in enumerate(ruleset.class_rules)
        ]
        return (*found, _OpenClass(None, ruleset.default_class, None, len(found)))

    def needed(self, state: State, keywords: Collection[str]) -> set[str]:
        """Give those keywords of which the keys of remaining rules need a value."""
        needs = {number for number in self._wanted(state) if number in self._of_keys}
        found = (
            next((source for source in self._of_keys[number] if source in keywords), None)
            for number in needs
        )
        return {source for source in found if source is not None}

    # ------------------------------------------------------------------ knowing more

    def known(self, state: State, keyword: str, value: str | None) -> State:
        """Give what is left when a keyword is known that was not before; None if it is empty."""
        if keyword in self.class_keywords and state.open_classes():
            state = state._replace(kept=(*state.kept, (keyword, value)))
        return self._settled(*self._with_value(state, keyword, value))

    def _settled(self, state: State, decided: dict[int, bool]) -> State:
        """Carry decided atoms into rules, classes and questions; forget what does not matter."""
        if not decided and not state.kept:
            return state
        while True:
            rules = tuple(
                (number, left)
                for number, rule in state.rules
                if (left := self._rule_known(rule, decided)) is not None
            )
            classes, deciders = _classes_known(state, decided)
            asked = tuple(decided.get(one, one) if type(one) is int else one for one in state.asked)
            fresh = [
                (class_keyword(place), one)
                for place, (before, one) in enumerate(zip(state.classes, classes, strict=True))
                if isinstance(one, str) and not isinstance(before, str)
            ]
            state = State(state.atoms, rules, classes, deciders, asked, state.kept)
            if not fresh:
                break
            decided = {}
            for keyword, value in fresh:
                state, more = self._with_value(state, keyword, value)
                decided |= more
        kept = state.kept if state.open_classes() else ()
        wanted = self._wanted(state)
        atoms = frozenset(pair for pair in state.atoms if pair[0] in wanted)
        return state._replace(atoms=atoms, kept=kept)

    def _with_value(
        self, state: State, keyword: str, value: str | None
    ) -> tuple[State, dict[int, bool]]:
        """Give what is left of the atoms, and which of them are decided."""
        atoms = set()
        decided: dict[int, bool] = {}
        for number, atom in state.atoms:
            key = (atom, keyword, value)
            left = self._shrunk.get(key)
            if left is None:
                left = self._shrunk[key] = shrunk(atom, keyword, value)
            if isinstance(left, bool):
                decided[number] = left
            else:
                atoms.add((number, left))
        return state._replace(atoms=frozenset(atoms)), decided

    def _rule_known(self, rule: RuleState, decided: Mapping[int, bool]) -> RuleState | None:
        return rule if self._atoms(rule).isdisjoint(decided) else _rule_known(rule, decided)

    def _atoms(self, rule: RuleState) -> frozenset[int]:
        """Give the atoms that a rule still asks for."""
        found = self._needed_by.get(rule)
        if found is None:
            groups = [rule.needs, *(role for role in rule.roles if role)]
            if not isinstance(rule.rateints, bool):
                groups += rule.rateints
            found = frozenset(number for needs in groups for number, _ in needs)
            self._needed_by[rule] = found
        return found

    def _wanted(self, state: State) -> set[int]:
        """Give the atoms that matter."""
        wanted = {one for one in state.asked if type(one) is int}
        wanted.update(*(self._atoms(rule) for _, rule in state.rules))
        for rules in state.open_classes():
            wanted.update(rule.atom for rule in rules if rule.atom is not None)
        return wanted


def class_keyword(place: int) -> str:
    """Give the keyword that stands for the class by one of several rulesets."""
    return f"{CLASS} {place}"


def shrunk(atom: Atom, keyword: str, value: str | None) -> Atom | bool:
    """Give what is left of an atom when a keyword is known."""
    left = set()
    for terms in atom:
        on_it = [term for term in terms if term.keyword == keyword]
        if all(term_holds(term, value) for term in on_it):
            rest = terms.difference(on_it)
            if not rest:
                return True
            left.add(rest)
    return frozenset(left) if left else False


def _needs_known(needs: Needs, decided: Mapping[int, bool]) -> Needs | None:
    """Give the needs that are left; None if one of them is not met."""
    settled = [need for need in needs if need[0] in decided]
    if not settled:
        return needs
    if any(decided[atom] is not holds for atom, holds in settled):
        return None
    return needs.difference(settled)


def _rule_known(rule: RuleState, decided: Mapping[int, bool]) -> RuleState | None:
    """Give what is left of a rule; None if it cannot take the exposure."""
    needs = _needs_known(rule.needs, decided)
    if needs is None:
        return None
    roles = tuple(None if role is None else _needs_known(role, decided) for role in rule.roles)
    if all(role is None for role in roles):
        return None
    rateints = rule.rateints
    if not isinstance(rateints, bool):
        left = [_needs_known(one, decided) for one in rateints]
        open_ones = frozenset(one for one in left if one is not None)
        rateints = True if frozenset() in open_ones else (open_ones or False)
    return RuleState(needs, roles, rateints)


def _classes_known(
    state: State, decided: Mapping[int, bool]
) -> tuple[tuple[str | tuple[_OpenClass, ...], ...], tuple[int, ...]]:
    classes: list[str | tuple[_OpenClass, ...]] = []
    deciders = list(state.deciders)
    values = dict(state.kept)
    for place, one in enumerate(state.classes):
        if isinstance(one, str):
            classes.append(one)
            continue
        # A class rule whose condition holds asks for nothing more.
        left = tuple(
            rule._replace(atom=None) if rule.atom in decided else rule
            for rule in one
            if rule.atom is None or decided.get(rule.atom, True)
        )
        name, deciders[place], left = _first_class(left, values)
        classes.append(left if name is None else name)
    return tuple(classes), tuple(deciders)


def _first_class(
    rules: tuple[_OpenClass, ...], values: Mapping[str, str | None]
) -> tuple[str | None, int, tuple[_OpenClass, ...]]:
    """Give the class that the first rule decides, its number, and the rules that are left.

    A class rule that holds decides, unless its keyword has no value.
    """
    for at, rule in enumerate(rules):
        is_open = rule.keyword is not None and rule.keyword not in values
        if rule.atom is not None or is_open:
            return None, -1, rules[at:]
        name = rule.exposure_class or values.get(rule.keyword or "")
        if name is not None:
            return name, rule.number, ()
    raise AssertionError("the last class rule, the default, always decides")
