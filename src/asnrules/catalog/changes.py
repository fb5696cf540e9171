"""The named changes by which rules became what they are, read from the tables of the chain."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from asnrules.catalog.rulesets import RulesetInfo, find_ruleset, list_rulesets
from asnrules.database.schema.catalog import ruleset_change_items, ruleset_changes
from asnrules.engine.conditions import term_holds
from asnrules.engine.signatures import EXP_TYPE
from asnrules.rules.model import ChangeItem, Condition, Ruleset
from asnrules.util.results import shown_briefly

Element = tuple[str, ...]
"""A value, with the words on the way to it."""


@shown_briefly
class NamedChange(NamedTuple):
    """A named step from one ruleset of the chain to the next."""

    change: str
    ruleset: str
    """The one that it is a part of."""
    effective_from: dt.date | None
    """The first day of that; None if it has none."""
    goes_by: str | None
    """What that is; see `RulesetInfo`."""
    why: str
    source: str
    items: tuple[ChangeItem, ...]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it, without its items."""
        fields = self._asdict()
        del fields["items"]
        return fields

    def words(self) -> str:
        """Say which it is, and why it was made."""
        return f"{self.change}: {self.why.rstrip('.')} ({self.source})"


def chain_of(infos: Iterable[RulesetInfo], label: str) -> list[RulesetInfo]:
    """Give a ruleset with those that it was made of, the first of all first."""
    by_label = {info.ruleset: info for info in infos}
    chain: list[RulesetInfo] = []
    info = by_label.get(label)
    while info is not None and info not in chain:
        chain.insert(0, info)
        info = by_label.get(info.extends or "")
    return chain


def changes_of(connection: Connection, infos: Sequence[RulesetInfo]) -> list[NamedChange]:
    """Give the changes of rulesets, in the order in which those are given."""
    keys = [info.ruleset_id for info in infos]
    table, item = ruleset_changes.c, ruleset_change_items.c
    items: dict[tuple[int, str], list[ChangeItem]] = {}
    columns = (item.ruleset_id, item.change, *(item[name] for name in ChangeItem._fields))
    statement = select(*columns).where(item.ruleset_id.in_(keys)).order_by(item.position)
    for key, change, *fields in connection.execute(statement):
        items.setdefault((key, change), []).append(ChangeItem(*fields))
    found: dict[int, list[NamedChange]] = {}
    by_key = {info.ruleset_id: info for info in infos}
    columns = (table.ruleset_id, table.change, table.why, table.source)
    statement = select(*columns).where(table.ruleset_id.in_(keys)).order_by(table.position)
    for key, change, why, source in connection.execute(statement):
        info, own = by_key[key], tuple(items.get((key, change), ()))
        named = NamedChange(
            change, info.ruleset, info.effective_from, info.goes_by, why, source, own
        )
        found.setdefault(key, []).append(named)
    return [change for key in keys for change in found.get(key, [])]


def chain_with(
    connection: Connection, before: str, after: str
) -> tuple[list[RulesetInfo], int] | None:
    """Give the chain up to the later of two rulesets, and the place of the earlier one in it.

    None if neither was made of the other; a NotFoundError if there is no such ruleset.
    """
    ends = [find_ruleset(connection, label).ruleset for label in (before, after)]
    infos = list_rulesets(connection)
    for older, newer in (ends, reversed(ends)):
        chain = chain_of(infos, newer)
        labels = [info.ruleset for info in chain]
        if older in labels:
            return chain, labels.index(older)
    return None


def changes_between(connection: Connection, before: str, after: str) -> list[NamedChange] | None:
    """Give the changes by which one of two rulesets became the other; see `chain_with`."""
    if (found := chain_with(connection, before, after)) is None:
        return None
    chain, start = found
    return changes_of(connection, chain[start + 1 :])


# ------------------------------------------------------------------------- what items change


def came_and_went(item: ChangeItem) -> tuple[list[Element], list[Element]]:
    """Give what came into a value of a change item, and what left it."""
    before, after = elements(item.before), elements(item.after)
    return [one for one in after if one not in before], [one for one in before if one not in after]


def elements(text: str | None) -> list[Element]:
    """Give what a value, as JSON, consists of; anything may stand in a table."""
    if text is None:
        return []
    try:
        return list(dict.fromkeys(_elements(json.loads(text), ())))
    except (ValueError, RecursionError):
        return [(text,)]


def _elements(value: Any, way: Element) -> Iterator[Element]:
    if isinstance(value, list):
        for one in value:
            yield from _elements(one, way)
    elif isinstance(value, dict) and any(isinstance(one, list | dict) for one in value.values()):
        for word, one in value.items():
            yield from _elements(one, (*way, word))
    elif isinstance(value, dict):
        yield (*way, ", ".join(f"{word} {one}".strip() for word, one in value.items()))
    else:
        yield (*way, value if isinstance(value, str) else json.dumps(value))


def is_list(item: ChangeItem) -> bool:
    """Tell whether a change item is about what is in a list, and not about one value."""
    return (item.before or item.after or "").startswith("[") and item.field != "order"


def words_of(element: Element) -> str:
    """Write an element in one line."""
    return " ".join(element)


# ------------------------------------------------------------------------- what changes concern


def is_about(item: ChangeItem, words: Collection[str]) -> bool:
    """Tell whether nothing but some words came into a value or left it."""
    changed = {one[-1] for side in came_and_went(item) for one in side}
    return bool(changed) and changed.issubset(words)


def about_others(
    rulesets: Iterable[Ruleset], exp_type: str, exp_types: Iterable[str]
) -> frozenset[str]:
    """Give the words that say nothing of an EXP_TYPE: other ones, and conditions for others."""
    conditions = [one for ruleset in rulesets for one in ruleset.conditions]
    holding = {one.name for one in conditions if _may_hold(one, exp_type)}
    barred = {one.name for one in conditions} - holding
    others = (one.lower() for one in exp_types if one.lower() != exp_type)
    return frozenset((*others, *barred, *(f"not {one}" for one in barred)))


def _may_hold(condition: Condition, exp_type: str) -> bool:
    return any(
        all(term.keyword != EXP_TYPE or term_holds(term, exp_type) for term in terms)
        for terms in condition.alternatives
    )
