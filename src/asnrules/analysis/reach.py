"""Explore all exposures once, and note which rules, roles, class lines and overlaps apply."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from asnrules.analysis.answers import Answering, Overlap
from asnrules.analysis.space import Cell, Example, Explored, Space
from asnrules.analysis.tables import Vocabulary, in_question
from asnrules.rules.model import Role, Rule, Ruleset


class Reach:
    """What a ruleset reaches.

    Attributes
    ----------
    exp_types : sequence of (str or None)
        The EXP_TYPEs looked at: all of the vocabulary, those that rules name, and one for each
        other class of texts; None for exposures without.
    combinations : int
        How many combinations of classes of values there are.
    roles : set of (str, str)
        The roles, with their rules, that take an exposure which no earlier role always takes.
    shadowed : dict
        From rule and role to an exposure that fits the role but is taken by an earlier one.
    deciders : set of int
        The numbers of the class rules that decide the class of an exposure.
    overlaps : dict
        From two rules that make the same association to the EXP_TYPEs, each with an example.
    """

    def __init__(self, ruleset: Ruleset, vocabulary: Vocabulary, explored: Explored) -> None:
        self._ruleset = ruleset
        space = Space([ruleset], (), vocabulary.fitting, vocabulary.usual, explored=explored)
        self._answering = Answering([ruleset], vocabulary.keywords())
        named = [name.lower() for name in in_question(vocabulary.exp_types, ruleset)]
        self.exp_types: Sequence[str | None] = list(dict.fromkeys([*named, *space.exp_types()]))
        self.roles: set[tuple[str, str]] = set()
        self.shadowed: dict[tuple[str, str], tuple[Role, Example]] = {}
        self.deciders: set[int] = set()
        self.overlaps: dict[Overlap, dict[str | None, Example]] = defaultdict(dict)
        for exp_type in self.exp_types:
            for cell in space.cells(exp_type):
                self._add(exp_type, cell)
        self.combinations = space.combinations

    def _add(self, exp_type: str | None, cell: Cell) -> None:
        self.deciders.add(cell.state.deciders[0])
        for number, state in cell.state.rules:
            rule = self._ruleset.rules[number]
            before: list[Role] = []
            for role, needs in zip(rule.roles, state.roles, strict=True):
                if needs is None:
                    continue
                always = next((one for one in before if _always_first(one, role, rule)), None)
                if always is None:
                    self.roles.add((rule.name, role.name))
                else:
                    self.shadowed.setdefault((rule.name, role.name), (always, cell.example))
                before.append(role)
        (answer,) = self._answering.answers(cell)
        for overlap in self._answering.overlaps(answer):
            self.overlaps[overlap].setdefault(exp_type, cell.example)


def _always_first(earlier: Role, later: Role, rule: Rule) -> bool:
    """Tell whether a role always takes what it fits before a later role can."""
    if earlier.single or earlier.not_after is not None or earlier.not_created_by is not None:
        return False
    held = {key.name for key in (*rule.keys, *later.keys)}
    return all(key.name in held for key in earlier.keys)
