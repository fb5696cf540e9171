"""What rules make, compared with the table that they implement.

The table speaks of EXP_TYPE and flags only, and of exposures that are complete: they have a
value in each keyword that the keys of their rules need, and in the keywords of the optical path
(those that the vocabulary assumes to have any value) one that fits, if any does. So that an
exposure with an optical path that fits no rule has no association is no difference; that there
is no path at all with which it has one is. An association that the table does not name is a
difference on any path.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from asnrules.analysis.answers import Answering
from asnrules.analysis.space import Cell, Example, Explored, Space
from asnrules.rules.model import NOT_APPLICABLE, Condition, Mode, Operator, Ruleset, Term


class Vocabulary(NamedTuple):
    """The words of the field that the analysis needs."""

    exp_types: Sequence[str]
    """All of them, upper case."""
    specials: Sequence[tuple[str, str]]
    """Each special with the keyword that sets it, the first that counts first."""
    usual: dict[str, str | None]
    """What is assumed of keywords that are not given; without those that may have any value."""
    fitting: frozenset[str]
    """Keywords that are assumed to have any value that fits."""

    def keywords(self) -> list[str]:
        """Give all keywords, sorted."""
        return sorted([*self.usual, *self.fitting])


class Difference(NamedTuple):
    """A difference between the table and what the rules make."""

    exp_type: str
    """Upper case."""
    special: str | None
    """The special that is set, the first that counts."""
    aspect: str
    """As in `KnownDifference`, and so are the next two."""
    published: str
    software: str
    example: Example
    """An exposure that shows it."""
    known: tuple[int, ...]
    """The numbers of the known differences that explain it."""
    is_open: bool
    """Whether it has to be explained; if not, another optical path makes what the table says."""


class Comparison:
    """Compares rules with the rows of a table."""

    def __init__(
        self,
        ruleset: Ruleset,
        modes: Sequence[Mode],
        vocabulary: Vocabulary,
        explored: Explored,
    ) -> None:
        self._modes = {(mode.exp_type, mode.special): mode for mode in reversed(modes)}
        self._known = ruleset.known_differences
        self._vocabulary = vocabulary
        conditions = dict.fromkeys(one.condition for one in self._known if one.condition)
        self._flags = [_flag(keyword) for _, keyword in vocabulary.specials]
        asked = [*self._flags, *conditions]
        self._places = {condition: at for at, condition in enumerate(asked)}
        self._explained: dict[tuple[str, ...], list[tuple[int, int | None]]] = {}
        self._space = Space(
            [ruleset], asked, vocabulary.fitting, vocabulary.usual, complete=True, explored=explored
        )
        self._answering = Answering([ruleset], vocabulary.keywords())

    def differences(self, exp_type: str) -> Iterator[Difference]:
        """Give all differences for an EXP_TYPE, each combination of keywords that shows one."""
        known = (one for one in self._known if one.exp_type in {None, exp_type})
        asked = {*self._flags, *(one.condition for one in known if one.condition)}
        settings: dict[int, list[Cell]] = defaultdict(list)
        for cell in self._space.cells(exp_type.lower(), asked):
            settings[cell.setting].append(cell)
        for cells in settings.values():
            yield from self._of_setting(exp_type, cells)

    def _of_setting(self, exp_type: str, cells: Sequence[Cell]) -> Iterator[Difference]:
        """Compare exposures that differ in the optical path only."""
        special = self._special(cells[0])
        mode = self._modes.get((exp_type, special))
        for cell, aspect, published, software, is_open in self._contrasts(mode, cells):
            known = tuple(
                number
                for number, place in self._explaining(exp_type, aspect, published, software)
                if place is None or cell.state.asked[place] is True
            )
            yield Difference(
                exp_type, special, aspect, published, software, cell.example, known, is_open
            )

    def _contrasts(
        self, mode: Mode | None, cells: Sequence[Cell]
    ) -> Iterator[tuple[Cell, str, str, str, bool]]:
        """Give what the table and the rules say otherwise, and whether that has to be explained."""
        answers = [self._answering.answers(cell)[0] for cell in cells]
        kept = [self._answering.kept(answer) for answer in answers]
        is_open = not any(one.stands for some in kept for one in some)
        aspect = "row" if mode is None else "asn_type"
        named = (mode and mode.asn_type) or NOT_APPLICABLE
        for cell, answer, some in zip(cells, answers, kept, strict=True):
            if mode is not None and answer.exposure_class != mode.member_type:
                yield cell, "member_type", mode.member_type, answer.exposure_class, True
            for asn_type in sorted({one.rule.asn_type for one in some} - {named}):
                yield cell, aspect, named, asn_type, True
            if named == NOT_APPLICABLE:
                is_missing = mode is None and not some
            else:
                is_missing = not any(one.stands for one in some)
            if is_missing:
                yield cell, aspect, named, NOT_APPLICABLE, is_open

    def _explaining(self, *difference: str) -> list[tuple[int, int | None]]:
        """Give the known differences that it may be, each with the place of its condition."""
        if difference not in self._explained:
            self._explained[difference] = [
                (number, None if one.condition is None else self._places[one.condition])
                for number, one in enumerate(self._known)
                if one.explains(*difference)
            ]
        return self._explained[difference]

    def _special(self, cell: Cell) -> str | None:
        flags = zip(self._vocabulary.specials, cell.state.asked, strict=False)
        return next((special for (special, _), is_set in flags if is_set is True), None)


def _flag(keyword: str) -> Condition:
    return Condition(keyword, keyword, ((Term(keyword, Operator.SET),),))


def in_question(exp_types: Iterable[str], ruleset: Ruleset) -> list[str]:
    """Give the EXP_TYPEs of the vocabulary, and others that conditions of the rules name."""
    named = {
        value.upper()
        for condition in ruleset.used_conditions()
        for term in condition.terms
        if term.keyword == "exp_type" and term.operator is not Operator.MATCHES
        for value in term.values
    }
    return sorted({*exp_types, *named})
