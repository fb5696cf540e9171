"""Which changes made a rule, a condition, or what becomes of an EXP_TYPE, what it is.

Each part of an item has the last change that made it so. Of a list, each change counts of which
something stands.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.catalog.changes import (
    NamedChange,
    about_others,
    came_and_went,
    chain_of,
    changes_of,
    elements,
    is_about,
    is_list,
    words_of,
)
from asnrules.catalog.classification import judged
from asnrules.catalog.rulesets import RULES, RulesetInfo, choose_ruleset, list_rulesets
from asnrules.catalog.vocabulary import assumed_values, exp_type_names, what_is_meant
from asnrules.database.engines import transaction
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import EXP_TYPE
from asnrules.errors import NotFoundError
from asnrules.rules.model import ChangeItem, Ruleset
from asnrules.rules.uses import Item, uses_of, with_used
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import Day

_Step = tuple[NamedChange, ChangeItem]


@shown_briefly
class Blamed(NamedTuple):
    """A part of an item, and the change that made it what it is."""

    kind: str
    item: str
    field: str | None
    """What of the item; None for all of it, or for what no change after that touched."""
    before: list[str]
    after: list[str]
    change: str | None
    """None if it stands since the first ruleset."""
    ruleset: str
    """The ruleset of the change, or the first."""
    effective_from: dt.date | None
    """The first day of that; None if it has none."""
    goes_by: str | None
    """What that is; see `RulesetInfo`."""
    why: str | None
    source: str

    def words(self) -> tuple[str, str]:
        """Say what of the item it is, and what became of that."""
        name = f"{self.kind.replace('_', ' ')} {self.item}"
        if self.field is None:
            return name, "comes" if self.after else "goes"
        came, went = ("; ".join(side) for side in (self.after, self.before))
        if self.field == "order":
            return name, f"moves: {came}"
        if came and went:
            return f"{name}, {self.field}", f"{went} -> {came}"
        return f"{name}, {self.field}", f"{came} comes" if came else f"{went} goes"


@shown_briefly
@dataclass(frozen=True, slots=True)
class Blame(Tabular):
    """Which changes made something what it is."""

    COLUMNS: ClassVar = Blamed._fields

    name: str
    kinds: tuple[str, ...]
    """What it is: `exp_type`, or kinds of items."""
    ruleset: str
    """The rules in which it is so."""
    is_draft: bool
    """Whether these are a draft; those that it extends are published."""
    parts: list[Blamed]
    """Those of the newest change first, last what stands since the first ruleset."""

    def records(self) -> list[dict[str, Any]]:
        """Give each part as a record."""
        return [part._asdict() for part in self.parts]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "name": self.name,
            "kinds": [*self.kinds],
            "ruleset": self.ruleset,
            "parts": self.records(),
        }


def blame(
    engine: Engine, name: str, *, ruleset: str | None = None, as_of: Day | None = None
) -> Blame:
    """Say which changes made something what it is in some rules, today's by default.

    What a rule uses counts as its part: conditions, keys, groups, lists. Of an EXP_TYPE it is all
    that names it, and the rules for it.

    The name is that of a rule, a condition, an EXP_TYPE, or any other item of rules, in any case;
    of a change it is all that this did.
    If neither these rules nor those that they were made of have it, it is a NotFoundError, which
    suggests near spellings.
    """
    with transaction(engine) as connection:
        info = choose_ruleset(connection, RULES, ruleset, as_of)
        chain = chain_of(list_rulesets(connection), info.ruleset)
        changes = changes_of(connection, chain)
        rules = store.load_rules(connection, info.ruleset_id)
        exp_types = exp_type_names(connection)
        assumed = assumed_values(connection)
    history, is_draft = _History(rules, chain, changes), info.status == "draft"
    if name.upper() in exp_types:
        parts = history.of_exp_type(name.upper(), exp_types, assumed)
        return Blame(name.upper(), (EXP_TYPE,), info.ruleset, is_draft, parts)
    for change in changes:
        if change.change.lower() == name.lower():
            # One that only follows from another has no items.
            itself = ChangeItem("change", change.change, None, None, f'"{change.change}"')
            parts = [_blamed(change, item) for item in change.items or (itself,)]
            return Blame(change.change, ("change",), info.ruleset, is_draft, parts)
    own = sorted(item for item in history.known if item[1].lower() == name.lower())
    if not own:
        known = sorted({*exp_types, *(item for _, item in history.known)})
        with transaction(engine) as connection:
            near = what_is_meant(connection, name, known)
        raise NotFoundError(
            f"no rule, condition or EXP_TYPE {name!r} in {info.ruleset}, nor another item; "
            f"{near}; asnrules rulesets show {info.ruleset} names them"
        )
    kinds = tuple(kind for kind, _ in own)
    parts = history.of_items(with_used(own, history.uses))
    return Blame(own[0][1], kinds, info.ruleset, is_draft, parts)


class _History:
    """What the changes of a chain tell of the items at its end."""

    def __init__(
        self, rules: Ruleset, chain: Sequence[RulesetInfo], changes: Sequence[NamedChange]
    ) -> None:
        self._rules = rules
        self._first = chain[0]
        self._order = {change.change: at for at, change in enumerate(changes)}
        self._steps: dict[Item, list[_Step]] = {}
        for change in changes:
            for item in change.items:
                self._steps.setdefault((item.kind, item.item), []).append((change, item))
        self.uses = uses_of(rules)
        self.known = {*self.uses, *self._steps}

    def of_items(self, items: Collection[Item], others: Collection[str] = ()) -> list[Blamed]:
        """Blame items, without changes that are about other EXP_TYPEs only."""
        roles = (
            item
            for item in self._steps
            if item[0] == "role" and ("rule", item[1].partition(": ")[0]) in items
        )
        found: list[Blamed] = []
        for item in {*items, *roles}:
            steps = self._steps.get(item, [])
            standing = list(_standing(steps))
            found += [_blamed(*step) for step in standing if not is_about(step[1], others)]
            if item in self.uses and all(step.field is not None for _, step in standing):
                first = self._first
                found.append(Blamed(*item, None, [], [], None, first.ruleset,
                                    first.effective_from, first.goes_by, None,
                                    first.source))  # fmt: skip
        return self._sorted(found)

    def of_exp_type(
        self, exp_type: str, exp_types: Iterable[str], assumed: Mapping[str, str | None]
    ) -> list[Blamed]:
        """Blame the rules for an EXP_TYPE, how it is classified, and all that names it."""
        name = exp_type.lower()
        rules = rules_for(self._rules, name, assumed)
        others = about_others([self._rules], name, exp_types)
        items = {
            (kind, item)
            for kind, item in self.known
            if (kind == "known_difference" and item.startswith(f"{exp_type}, "))
            or (kind == "class" and (kind, item) in self._steps)
        }
        items |= with_used([("rule", rule) for rule in rules], self.uses)
        items -= {("condition", one) for one in others}
        found = self.of_items(items, others)
        found += [
            _blamed(*step)
            for item in self.known - items
            for step in self._steps.get(item, [])
            if any(one[-1] == name for side in came_and_went(step[1]) for one in side)
        ]
        return self._sorted(found)

    def _sorted(self, found: Iterable[Blamed]) -> list[Blamed]:
        return sorted(found, key=lambda one: (-self._order.get(one.change or "", -1), one[:2]))


def rules_for(rules: Ruleset, exp_type: str, assumed: Mapping[str, str | None]) -> list[str]:
    """Give the rules for exposures of an EXP_TYPE, whatever else they ask of them."""
    judgement = judged(rules, [{**assumed, EXP_TYPE: exp_type}]).judgements[0]
    misses = RuleRanking(rules).misses(judgement)
    takers = [judgement.verdicts[number].rule for number in judgement.takers]
    near = [miss.rule for miss in misses if not miss.distance.is_other_type]
    return [rule.name for rule in (*takers, *near)]


def _standing(steps: Sequence[_Step]) -> Iterator[_Step]:
    """Give the steps of an item of which something stands, the last first."""
    now: dict[str | None, list[tuple[str, ...]]] = {}
    for change, item in reversed(steps):
        came, went = came_and_went(item)
        if item.field not in now:
            now[item.field] = elements(item.after)
            yield change, item
        elif is_list(item) and (
            any(one in now[item.field] for one in came)
            or any(one not in now[item.field] for one in went)
        ):
            yield change, item
        if item.field is None:
            return


def _blamed(change: NamedChange, item: ChangeItem) -> Blamed:
    sides = came_and_went(item)
    if not any(sides):
        # The order of a list.
        sides = elements(item.after), elements(item.before)
    came, went = ([words_of(one) for one in side] for side in sides)
    return Blamed(
        item.kind, item.item, item.field, went, came, change.change, change.ruleset,
        change.effective_from, change.goes_by, change.why, change.source,
    )  # fmt: skip
