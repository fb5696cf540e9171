"""Changes of a ruleset: what they add, set, remove and move of the items of its parent.

They are strict: whatever would change nothing, or rests on what is not there, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from asnrules.rules.document import KINDS, ROWS, Item, Items, Report, in_words, rule_items
from asnrules.rules.model import Change, ChangeItem, ClassRule, RequiredColumn, Role, Rule
from asnrules.rules.shapes import ChangeShape, ConditionShape, GroupShape, KeyShape, left_out
from asnrules.rules.text_files import Keys
from asnrules.rules.texts import MisfitError
from asnrules.rules.uses import role_item_name
from asnrules.rules.words import unknown

_SHAPES: dict[str, type] = {
    "condition": ConditionShape,
    "key": KeyShape,
    "group": GroupShape,
    "class": ClassRule,
    "required_column": RequiredColumn,
    "rule": Rule,
    "role": Role,
}
"""The items that have fields."""

_REASONED = ("known_difference", "intended_overlap")
"""The items that are rows with a reason, which alone can be set."""

_ORDERED = ("class", "required_column", "role")

_NAMING = {"rule": "asn_rule", "role": "name", "class": "condition", "required_column": "column"}
"""The words that name an item which has others."""

Named = Iterator[tuple[str, Any, Keys]]
"""What is said of items: the name of each, what is said, and where."""


def apply_changes(
    items: Items,
    changes: Sequence[ChangeShape],
    path_table: Callable[[str], Item],
    report: Report,
) -> tuple[Items, tuple[Change, ...]]:
    """Give the items that changes make of those of the parent, and what each change did.

    A path table is a CSV file beside the changes; what reads one raises `MisfitError` without it.
    What is refused is noted in the report, and not done.
    """
    changer = _Changer(items, path_table, report)
    made: list[Change] = []
    for number, change in enumerate(changes):
        place: Keys = ("change", number)
        for word in ("why", "source"):
            if not getattr(change, word).strip():
                report.at((*place, word), f"{word} is empty; say it")
        before = changer.values()
        if change.id in [other.change for other in made]:
            report.at((*place, "id"), f"a second change {change.id}; name it otherwise")
        found = tuple(changer.apply(change, place))
        if change.follows is not None:
            others = {other.id: other.follows for other in changes if other.id != change.id}
            if change.follows not in others:
                report.at((*place, "follows"), unknown("change", change.follows, others))
            elif others[change.follows] is not None:
                problem = f"change {change.follows} follows from another one itself"
                report.at((*place, "follows"), f"{problem}; name that which has items")
        is_fine = change.follows is None and not changer.is_refused
        if is_fine and changer.values() == before:
            problem = (
                f"change {change.id} changes nothing; leave it out, or say what it follows from"
            )
            report.at(place, problem)
        made.append(Change(change.id, change.why, change.source, found))
    return changer.items, tuple(made)


class _Changer:
    """Applies one change after the other."""

    def __init__(self, items: Items, path_table: Callable[[str], Item], report: Report) -> None:
        self.items = {kind: dict(named) for kind, named in items.items()}
        self._header = report.header
        self._report = report
        self._about = ("", "")
        """Kind and name of what a change is being made of."""
        self._path_table = path_table
        self._found: list[ChangeItem] = []
        self.is_refused = False
        """Whether something of the last change is."""

    def values(self) -> dict[str, Any]:
        """Give the values of the items by kind and name, in order where they have one."""
        values = {
            kind: {name: item.value for name, item in named.items()}
            for kind, named in self.items.items()
        }
        return values | {kind: list(values[kind].items()) for kind in _ORDERED}

    def apply(self, change: ChangeShape, place: Keys) -> list[ChangeItem]:
        """Apply a change; tell what it did."""
        self._found = []
        self.is_refused = False
        for word, act in (
            ("remove", self._remove),
            ("add", self._add),
            ("set", self._set),
            ("move", self._move),
        ):
            for kind, given in getattr(change, word).items():
                keys = (*place, word, kind)
                if kind not in KINDS:
                    self._report.unsure.update(("", str(name)) for name, _ in _entries(given))
                    self._refuse(keys, unknown("kind of item", kind, KINDS))
                    continue
                self._about = kind, ""
                for name, value, where in self._named(kind, given, keys):
                    self._about = kind, name
                    own, named = _own_name(kind, name), _NAMING.get(kind)
                    if isinstance(value, dict) and str(value.get(named, own)) != own:
                        problem = f"{own} is named by its table; leave {named} out"
                        self._refuse((*where, str(named)), problem)
                    else:
                        act(kind, name, value, where)
        return self._found

    def _named(self, kind: str, given: Any, keys: Keys) -> Named:
        """Give what is said of each item of a kind."""
        if kind == "role":
            for rule, roles in _entries(given):
                for name, value in _entries(roles):
                    where = (*keys, str(rule), *_key(roles, name))
                    yield role_item_name(str(rule), str(name)), value, where
        else:
            for name, value in _entries(given):
                where = (*keys, *_key(given, name))
                if kind in _REASONED and isinstance(value, dict):
                    columns = ROWS[kind].columns
                    for word in sorted(value.keys() - columns):
                        self._refuse((*where, word), unknown("word", word, columns))
                    row = {column: str(value.get(column, "")) for column in columns}
                    yield ROWS[kind].name_of(row), row, where
                elif isinstance(name, str):
                    yield name, value, where
                elif kind == "required_column" and isinstance(value, dict):
                    yield str(value.get("column", name)), value, where
                else:
                    yield str(value), value, where

    # ----------------------------------------------------------------- what changes do

    def _remove(self, kind: str, name: str, value: Any, keys: Keys) -> None:
        if (item := self._there(kind, name, keys)) is None:
            return
        if kind == "setting" or (kind, name) == ("default", "class"):
            self._refuse(keys, f"every ruleset says {name}; set it")
            return
        if kind not in _REASONED and value != _own_name(kind, name):
            self._refuse(keys, 'name what goes in a list: ["..."]')
        gone = [(kind, name, item)]
        if kind == "rule":
            roles = self.items["role"].items()
            gone += [("role", role, its) for role, its in roles if role.startswith(f"{name}: ")]
        for its_kind, its_name, its in gone:
            del self.items[its_kind][its_name]
            self._report.removed[its_kind, its_name] = keys
            self._tell(its_kind, its_name, None, its.value, None)

    def _add(self, kind: str, name: str, value: Any, keys: Keys) -> None:
        if kind in _REASONED and not isinstance(value, dict):
            columns = ", ".join(ROWS[kind].columns)
            self._refuse(keys, f"{in_words(kind)} has to be a table of {columns}")
            return
        if kind == "rule" and isinstance(value, dict):
            added = [*rule_items({"asn_rule": name, **value}, self._header, keys)]
        elif kind in ("role", "class", "required_column") and isinstance(value, dict):
            naming = {_NAMING[kind]: _own_name(kind, name)}
            added = [(kind, name, Item({**naming, **value}, self._header, keys))]
        elif kind == "path_table" and isinstance(value, str):
            table = self._csv(value, keys)
            added = [] if table is None else [(kind, name, table)]
        else:
            added = [(kind, name, Item(value, self._header, keys))]
        for its_kind, its_name, item in added:
            if its_name in self.items[its_kind]:
                what = f"{in_words(its_kind)} {its_name}"
                self._refuse(item.keys or keys, f"{what} is there already; set it")
                continue
            place = {}
            if its_kind in _ORDERED and isinstance(item.value, dict):
                place = {word: item.value[word] for word in ("before", "after")
                         if word in item.value}  # fmt: skip
                own = {word: its for word, its in item.value.items() if word not in place}
                item = item._replace(value=own)
            self.items[its_kind][its_name] = item
            if place:
                self._put(its_kind, its_name, place, keys)
            self._tell(its_kind, its_name, None, None, item.value)

    def _set(self, kind: str, name: str, given: Any, keys: Keys) -> None:
        if (item := self._there(kind, name, keys)) is None:
            return
        if kind in _REASONED:
            given = {"reason": given.get("reason")} if isinstance(given, dict) else given
        elif kind not in _SHAPES:
            self._set_value(kind, name, item.value, given, keys)
            return
        if not isinstance(given, dict):
            self._refuse(keys, f"{name} has to be a table of what is set; write word = value")
            return
        unsaid = left_out(_SHAPES[kind]) if kind in _SHAPES else {}
        if kind == "rule":
            unsaid |= {word: default.value for word, default in self.items["default"].items()}
        value = dict(item.value)
        for field, one in given.items():
            where = (*keys, field)
            if field == "without":
                for word in map(str, one if isinstance(one, list) else [one]):
                    if word not in value:
                        self._refuse(where, f"{name} has no {word}; leave it out")
                    elif word in given:
                        self._refuse(where, f"{word} of {name} is set as well; do one of both")
                    elif value[word] == unsaid.get(word):
                        self._refuse(where, f"{word} of {name} is that without it; leave it out")
                    else:
                        self._tell(kind, name, word, value.pop(word), unsaid.get(word))
                continue
            if (kind, field) == ("rule", "role"):
                problem = f"roles are items of their own; write change.set.role.{name}"
                self._refuse(where, problem)
                continue
            before = value.get(field, unsaid.get(field))
            after = self._value(before, one, where)
            if before == after:
                self._refuse(where, f"{field} of {name} is that already; leave it out")
                continue
            value[field] = after
            self._tell(kind, name, field, before, after)
        self.items[kind][name] = Item(value, self._header, keys)

    def _set_value(self, kind: str, name: str, before: Any, given: Any, keys: Keys) -> None:
        """Set an item that has no fields."""
        if kind == "path_table" and isinstance(given, str):
            item = self._csv(given, keys)
        else:
            item = Item(self._value(before, given, keys), self._header, keys)
        if item is not None and item.value == before:
            self._refuse(keys, f"{name} is that already; leave it out")
        elif item is not None:
            self.items[kind][name] = item
            self._tell(kind, name, "value", before, item.value)

    def _move(self, kind: str, name: str, given: Any, keys: Keys) -> None:
        if kind not in _ORDERED:
            self._refuse(keys, f"items of kind {kind} have no order; {', '.join(_ORDERED)} have")
        elif self._there(kind, name, keys) is not None:
            order = self._order(kind, name)
            if not self._put(kind, name, given, keys):
                return
            if order == self._order(kind, name):
                self._refuse(keys, f"{name} is there already; leave it out")
            else:
                self._tell(kind, name, "order", order, self._order(kind, name))

    # ----------------------------------------------------------------- parts of that

    def _refuse(self, keys: Keys, problem: str) -> None:
        self.is_refused = True
        self._report.unsure.add(self._about)
        if problem:
            self._report.at(keys, problem)

    def _csv(self, name: str, keys: Keys) -> Item | None:
        try:
            return self._path_table(name)
        except MisfitError as error:
            self._refuse(keys, str(error))
            return None

    def _there(self, kind: str, name: str, keys: Keys) -> Item | None:
        item = self.items[kind].get(name)
        if item is None:
            self._refuse(keys, unknown(in_words(kind), name, self.items[kind]))
        return item

    def _value(self, before: Any, given: Any, keys: Keys) -> Any:
        """Give a new value: as it is said, or by what comes into a list and leaves it."""
        if not (isinstance(before, list) and isinstance(given, dict) and given):
            return given
        after = list(before)
        for word, ones in given.items():
            if word not in ("add", "remove") or not isinstance(ones, list):
                self._refuse(
                    (*keys, word), "a list is set as [...], or { add = [...], remove = [...] }"
                )
                continue
            for one in ones:
                if (one in after) == (word == "add"):
                    there = "is there already" if word == "add" else "is not there"
                    self._refuse((*keys, word), f"{_short(one)} {there}; leave it out")
                elif word == "add":
                    after.append(one)
                else:
                    after.remove(one)
        return after

    def _order(self, kind: str, name: str) -> list[str]:
        """Give the names of the items that one stands in order with."""
        rule = name.partition(": ")[0] if kind == "role" else ""
        return [one for one in self.items[kind] if not rule or one.startswith(f"{rule}: ")]

    def _put(self, kind: str, name: str, place: Any, keys: Keys) -> bool:
        """Put an item before or after another one; tell whether that could be done."""
        if not isinstance(place, dict) or [*place] not in (["before"], ["after"]):
            self._refuse(keys, 'say before or after which: { before = "..." }')
            return False
        ((word, other),) = place.items()
        target = role_item_name(name.partition(": ")[0], other) if kind == "role" else str(other)
        order = self._order(kind, name)
        if target == name or target not in order:
            itself = f"{name} cannot stand {word} itself; name another one"
            problem = itself if target == name else unknown(in_words(kind), target, order)
            self._refuse((*keys, word), problem)
            return False
        named = self.items[kind]
        order = [one for one in named if one != name]
        order.insert(order.index(target) + (word == "after"), name)
        self.items[kind] = {one: named[one] for one in order}
        return True

    def _tell(self, kind: str, name: str, field: str | None, before: Any, after: Any) -> None:
        self._found.append(ChangeItem(kind, name, field, _json(before), _json(after)))


def _entries(given: Any) -> Iterator[tuple[str | int, Any]]:
    """Give what is said by name, or the names alone, or rows."""
    if isinstance(given, dict):
        yield from given.items()
    elif isinstance(given, list):
        for number, one in enumerate(given):
            yield (one, one) if isinstance(one, str) else (number, one)
    else:
        yield str(given), given


def _own_name(kind: str, name: str) -> str:
    """Give the name that an item has in its table: of a role, without its rule."""
    return name.partition(": ")[2] if kind == "role" else name


def _key(given: Any, name: str | int) -> Keys:
    """Give the way from a table or list to what is said of a name."""
    if isinstance(given, list):
        return (given.index(name) if isinstance(name, str) else name,)
    return (name,) if isinstance(given, dict) else ()


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    return (_json(value) or "")[:80]
