"""Every exposure that rules can tell apart, without going through their combinations.

For each EXP_TYPE, keyword after keyword gets each value of its partition (see `partition`).
Equivalent exposures (see `formulas`) are merged, with one example and the number of combinations
that it stands for. So conditions that do not depend on each other are never multiplied out, and
the outcomes are those of the full product of all classes of values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from asnrules.analysis.formulas import Atom, Formulas, State, class_keyword
from asnrules.analysis.partition import partition
from asnrules.engine.conditions import term_holds
from asnrules.engine.signatures import SCIENCE
from asnrules.rules.model import Condition, Ruleset, Term

EXP_TYPE = "exp_type"
Example = dict[str, str | None]
"""Values by keyword, of the keywords that made a difference."""


class Cell(NamedTuple):
    """Exposures that are equivalent to the rules."""

    example: Example
    """One of them: its keywords that made a difference, EXP_TYPE among them."""
    combinations: int
    """How many combinations of classes of values it stands for."""
    setting: int
    """Cells with the same number differ in the keywords explored last only."""
    state: State
    """What came out; nothing is left open in it."""


class _Reached(NamedTuple):
    combinations: int
    example: Example


class Explored:
    """Cells that spaces have in common: most rulesets leave the same open of most EXP_TYPEs."""

    def __init__(self) -> None:
        self.numbers: dict[Atom, int] = {}
        self._cells: dict[Hashable, list[Cell]] = {}
        self._before: dict[Hashable, list[Cell]] = {}

    def cells(self, key: Hashable, explore: Callable[[], list[Cell]]) -> list[Cell]:
        """Give the cells of a key: those that are known, or explore them."""
        if key not in self._cells:
            self._cells[key] = self._before.get(key) or explore()
        return self._cells[key]

    def forget(self) -> None:
        """Forget the cells that were not asked for since the last time."""
        self._cells, self._before = {}, self._cells


class Space:
    """The exposures that one ruleset, or several together, can tell apart.

    Parameters
    ----------
    rulesets : sequence of Ruleset
        Looked at together.
    asked : sequence of Condition
        Conditions of the first one that are asked about as well.
    last : collection of str
        Keywords that are explored after the others.
    usual : mapping
        The value of a keyword that is tried first, so that examples have it where they can; a
        keyword that is not named may have any, but rather one than none.
    complete : bool
        Whether an exposure has a value in those of `last` that the keys of a rule need.
    explored : Explored, optional
        What other spaces have explored, if there are others like this one.
    """

    def __init__(
        self,
        rulesets: Sequence[Ruleset],
        asked: Sequence[Condition] = (),
        last: Collection[str] = (),
        usual: Mapping[str, str | None] | None = None,
        *,
        complete: bool = False,
        explored: Explored | None = None,
    ) -> None:
        self._explored_cells = explored or Explored()
        self._formulas = Formulas(rulesets, asked, self._explored_cells.numbers)
        self._asked = asked
        self._last = last
        self._usual = usual or {}
        self._complete = complete
        self.classes = self._partitions(rulesets)
        self.combinations = 0

    def exp_types(self) -> tuple[str | None, ...]:
        """Give a representative of each class of EXP_TYPEs that the rules tell apart."""
        return self.classes.get(EXP_TYPE, (None,))

    def cells(
        self, exp_type: str | None, asked: Collection[Condition] | None = None
    ) -> Iterator[Cell]:
        """Give the exposures of an EXP_TYPE, in lower case: each cell with its outcome.

        Of the conditions asked about those in `asked` matter; all by default.
        """
        start = self._formulas.start
        if asked is not None:
            places = zip(self._asked, start.asked, strict=True)
            wanted = tuple(place if one in asked else False for one, place in places)
            start = start._replace(asked=wanted)
        start = self._formulas.known(start, EXP_TYPE, exp_type)
        # EXP_TYPEs for which the same is left to be asked have the same cells.
        left = start.left()
        classes = self._values(left)
        values = tuple((keyword, tuple(classes[keyword])) for keyword in sorted(classes))
        key = (left, values, frozenset(self._last), frozenset(self._formulas.class_keywords))
        explored = self._explored_cells.cells(key, lambda: self._all_cells(left, classes))
        self.combinations += sum(cell.combinations for cell in explored)
        for cell in explored:
            example = {EXP_TYPE: exp_type, **cell.example}
            yield cell._replace(example=example, state=start.with_left(cell.state))

    def _values(self, start: State) -> dict[str, list[str | None]]:
        """Give the classes of values of each keyword that matter."""
        classes = {
            keyword: self._merged(keyword, start.terms(keyword))
            for keyword in start.keywords() | self._open_class_keywords(start)
            if keyword in self.classes
        }
        if self._complete:
            for keyword in self._formulas.needed(start, self._last) & set(classes):
                classes[keyword] = [value for value in classes[keyword] if value is not None]
        return classes

    def _all_cells(self, start: State, classes: Mapping[str, Sequence[str | None]]) -> list[Cell]:
        first, last = self._order(start, classes)
        memory: dict[State, dict[State, _Reached]] = {}
        settings = self._explored({start: _Reached(1, {})}, first, classes)
        cells = []
        for number, (state, reached) in enumerate(settings.items()):
            # What is decided already has no influence on what is still open.
            left = state.left()
            if left not in memory:
                memory[left] = self._explored({left: _Reached(1, {})}, last, classes)
            for final, more in memory[left].items():
                example = reached.example | more.example
                combinations = reached.combinations * more.combinations
                cells.append(Cell(example, combinations, number, state.with_left(final)))
        return cells

    # ------------------------------------------------------------------ partitions

    def _partitions(self, rulesets: Sequence[Ruleset]) -> dict[str, tuple[str | None, ...]]:
        terms: dict[str, list[Term]] = defaultdict(list)
        for keyword in self._formulas.start.keywords():
            terms[keyword] = self._formulas.start.terms(keyword)
        for place, ruleset in enumerate(rulesets):
            # A class that is the value of a keyword is compared as that value.
            on_class = terms.pop(class_keyword(place), [])
            for rule in ruleset.class_rules:
                if rule.keyword is not None:
                    terms[rule.keyword] += on_class
        empty = frozenset.union(*(ruleset.empty for ruleset in rulesets))
        texts = sorted({name for ruleset in rulesets for name in _named_classes(ruleset)})
        found = {}
        for keyword, some in terms.items():
            named = texts if keyword in self._formulas.class_keywords else ()
            found[keyword] = self._usual_first(keyword, partition(_in_order(some), empty, named))
        return found

    def _usual_first(self, keyword: str, values: tuple[str | None, ...]) -> tuple[str | None, ...]:
        if keyword not in self._usual:
            return tuple(sorted(values, key=lambda value: value is None))
        usual = self._usual[keyword]
        return tuple(sorted(values, key=lambda value: value != usual))

    def _merged(self, keyword: str, terms: Iterable[Term]) -> list[str | None]:
        """Give the classes that matter where only some terms are left."""
        return [values[0] for values in self._alike(keyword, self.classes[keyword], terms)]

    def _alike(
        self, keyword: str, values: Iterable[str | None], terms: Iterable[Term]
    ) -> list[list[str | None]]:
        if keyword in self._formulas.class_keywords:
            return [[value] for value in values]
        terms = list(terms)
        alike: dict[tuple[bool, ...], list[str | None]] = {}
        for value in values:
            alike.setdefault(tuple(term_holds(term, value) for term in terms), []).append(value)
        return list(alike.values())

    # ------------------------------------------------------------------ exploring

    def _open_class_keywords(self, state: State) -> set[str]:
        return self._formulas.class_keywords if state.open_classes() else set()

    def _order(
        self, state: State, classes: Mapping[str, Sequence[str | None]]
    ) -> tuple[list[str], list[str]]:
        """Order keywords: the class first, and keywords of one atom beside each other."""
        deciding = self._open_class_keywords(state)
        open_rules = {rule.atom for rules in state.open_classes() for rule in rules}
        for number, atom in state.atoms:
            if number in open_rules:
                deciding |= {term.keyword for terms in atom for term in terms}
        of_class = [keyword for keyword in sorted(classes) if keyword in deciding]
        known = classes.keys() - deciding
        rest = [keyword for keyword in _by_company(state) if keyword in known]
        first = [keyword for keyword in rest if keyword not in self._last]
        return of_class + first, [keyword for keyword in rest if keyword in self._last]

    def _explored(
        self,
        states: dict[State, _Reached],
        keywords: Sequence[str],
        classes: Mapping[str, Sequence[str | None]],
    ) -> dict[State, _Reached]:
        for keyword in keywords:
            following: dict[State, _Reached] = {}
            for state, (combinations, example) in states.items():
                terms = state.terms(keyword)
                is_kept = keyword in self._open_class_keywords(state)
                if not terms and not is_kept:
                    _add(following, state, combinations * len(classes[keyword]), example)
                    continue
                for values in self._alike(keyword, classes[keyword], terms):
                    after = self._formulas.known(state, keyword, values[0])
                    more = {**example, keyword: values[0]}
                    _add(following, after, combinations * len(values), more)
            states = following
        return states


def _add(states: dict[State, _Reached], state: State, combinations: int, example: Example) -> None:
    held = states.get(state, _Reached(0, example))
    states[state] = _Reached(held.combinations + combinations, held.example)


def _named_classes(ruleset: Ruleset) -> set[str]:
    """Give the names of classes that a ruleset, or the engine, treats in a way of their own."""
    names = {SCIENCE, ruleset.default_class, *ruleset.written_as}
    for rule in ruleset.rules:
        named = (one for role in rule.roles for one in (role.not_after, role.not_created_by))
        names |= {rule.companion_class or "", *(name or "" for name in named)}
    return names - {""}


def _in_order(terms: Iterable[Term]) -> list[Term]:
    """Order terms, so that representatives are the same in every run."""
    return sorted(terms, key=lambda term: (term.operator, term.values))


def _by_company(state: State) -> list[str]:
    """Give keywords so that those that atoms bring together stand beside each other."""
    groups: list[set[str]] = []
    for _, atom in state.atoms:
        group = {term.keyword for terms in atom for term in terms}
        apart = []
        for other in groups:
            if group & other:
                group |= other
            else:
                apart.append(other)
        groups = [*apart, group]
    return [keyword for group in sorted(map(sorted, groups)) for keyword in group]
