"""Rules made by some of the changes of a ruleset: what each does by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from asnrules.errors import RulesetError
from asnrules.rules.build import Builder
from asnrules.rules.chain import apply_changes
from asnrules.rules.document import Item, Items, Report
from asnrules.rules.model import Change, ChangeItem, Ruleset
from asnrules.rules.shapes import ChangeShape
from asnrules.rules.text_files import Unplaced


class Variants:
    """Makes rules of those of a parent by some of the changes of its child.

    It needs no files: the shapes of the changes, and the path tables beside them, are read before.
    """

    def __init__(
        self,
        builder: Builder,
        parent: Items,
        ruleset: Ruleset,
        shapes: Sequence[ChangeShape],
        header: Path,
        path_tables: Mapping[str, Item],
    ) -> None:
        self.changes = ruleset.changes
        self._by_name = {change.change: change for change in ruleset.changes}
        self.follows: dict[str, str] = {
            str(one.id): str(one.follows) for one in shapes if one.follows is not None
        }
        """What each change follows from, as far as it follows from another."""
        self._builder = builder
        self.parent = parent
        self._ruleset = ruleset
        self._shapes = shapes
        self._header = header
        self._path_tables = path_tables
        self._made: dict[frozenset[str], tuple[Ruleset, tuple[Change, ...]]] = {}

    def made(self, names: Collection[str]) -> Ruleset:
        """Give the rules that some of the changes make, the same ones each time.

        Raises
        ------
        RulesetError
            If these cannot do without others.
        """
        return self._apply(frozenset(names))[0]

    @cached_property
    def needs(self) -> dict[str, frozenset[str]]:
        """For each change: itself, and those that it cannot do without."""
        found: dict[str, frozenset[str]] = {}
        for change in self.changes:
            found[change.change] = self._needed(change, found)
        return found

    def _needed(self, change: Change, found: Mapping[str, frozenset[str]]) -> frozenset[str]:
        needed = self._standing(change.change)
        changes = self._apply(needed)[1]
        (alone,) = (one for one in changes if one.change == change.change)
        alike = {_place(item): item for item in alone.items}
        writers = {_place(item): name for name in found for item in self._by_name[name].items}
        for item in change.items:
            other = alike.get(_place(item), item)
            # What is set as a whole takes with it what changes before it have set there.
            if item.after is not None and item.after == other.after and item.before != other.before:
                needed |= found[writers[_place(item)]]
        return needed.union(*(found[name] for name in needed if name in found))

    def _standing(self, name: str) -> frozenset[str]:
        """Give a change with as few others as it takes to apply it."""
        if self._stands([name]):
            return frozenset([name])
        needed = [*self._by_name]
        for other in reversed([*self._by_name]):
            fewer = [one for one in needed if one != other]
            if other != name and self._stands(fewer):
                needed = fewer
        return frozenset(needed)

    def _stands(self, names: Collection[str]) -> bool:
        try:
            self.made(names)
        except RulesetError:
            return False
        return True

    def _apply(self, names: frozenset[str]) -> tuple[Ruleset, tuple[Change, ...]]:
        if names not in self._made:
            items, changes = self.applied(self.parent, names)
            self._made[names] = self.built(items), changes
        return self._made[names]

    def applied(self, items: Items, names: Collection[str]) -> tuple[Items, tuple[Change, ...]]:
        """Apply some of the changes to any items, those of another ruleset of the chain."""
        shapes = [one for one in self._shapes if one.id in names]
        report = self._report()
        applied = apply_changes(items, shapes, self._path_tables.__getitem__, report)
        report.settle()
        return applied

    def built(self, items: Items) -> Ruleset:
        """Make rules of items."""
        return replace(self._ruleset, **self._builder.build(items, self._report()))

    def _report(self) -> Report:
        return Report(self._header, Unplaced)


def _place(item: ChangeItem) -> tuple[str, str, str | None]:
    return item.kind, item.item, item.field
