"""Read rules from their folder: all of them, or the changes that make them of their parent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.errors import RulesetError
from asnrules.rules.build import Builder
from asnrules.rules.chain import apply_changes
from asnrules.rules.checksums import row_differences
from asnrules.rules.document import COMPLETE, Items, Reader, Report
from asnrules.rules.model import Change, Ruleset
from asnrules.rules.releases import in_order, release_problems, start_of
from asnrules.rules.shapes import RulesHeaderShape, check_period
from asnrules.rules.text_files import read_toml
from asnrules.rules.variants import Variants
from asnrules.rules.words import Words, unknown
from asnrules.util.environment import shipped

Parents = Callable[[str], Path]
"""Gives the folder of a published ruleset by its label, or raises `RulesetError`."""


class RulesReader:
    """Reads rules, one ruleset after the other; what they have in common is made once.

    Parameters
    ----------
    words : Words
        The words that they may use.
    parents : callable, optional
        Gives the folders of the rulesets that they extend; by default one beside the folder
        that is read, or a shipped one.
    """

    def __init__(self, words: Words, parents: Parents | None = None) -> None:
        self._words = words
        self._parents = parents
        self._builder = Builder(words)
        self._resolved: dict[Path, _Resolved] = {}
        self._open: list[Path] = []

    def read(self, folder: Path, label: str | None = None) -> Ruleset:
        """Read rules from their folder.

        If they are to have another label than there, they are other rules: without the releases,
        and if the folder is complete without its parent and changes.
        """
        return self._resolve(folder, label).ruleset

    def variants(self, folder: Path) -> Variants:
        """Give what makes rules of some of the changes in a folder, without its files."""
        ruleset, items, header, parent = self._resolve(folder)
        path = folder / "ruleset.toml"
        tables = Reader(self._builder.converter, Report(path)).path_tables()
        return Variants(self._builder, parent or items, ruleset, header.change, path, tables)

    def _resolve(self, folder: Path, label: str | None = None) -> _Resolved:
        """Read rules: all of them, or what changes them from their parent."""
        if folder in self._resolved:
            return self._resolved[folder]
        report = Report(folder / "ruleset.toml")
        is_complete, header = self._header(label, report)
        reader = Reader(self._builder.converter, report)
        before: Ruleset | None = None
        parent: Items | None = None
        items: Items = {}
        changes: tuple[Change, ...] = ()
        if header.extends is not None:
            before, parent = self._parent(header.extends, report)[:2]
            items, changes = apply_changes(parent, header.change, reader.path_table, report)
            self._check_examples(header, {*parent["rule"], *items["rule"]}, report)
        report.settle()
        changed = items
        if is_complete:
            items = reader.read(header)
        start = header.effective_from or start_of(header.releases)
        fields = self._builder.build(items, report)
        is_changed = before is None or is_complete or before != replace(before, **fields)
        if changes and not is_changed:
            report.at(("change",), "all changes together change nothing; leave them out")
            report.settle()
        check_period(start, header.effective_until, report.of(report.header))
        ruleset = Ruleset(
            label=header.label,
            title=header.title,
            source=header.source,
            effective_from=start,
            effective_until=header.effective_until,
            implements=header.implements,
            extends=header.extends,
            changes=changes,
            releases=in_order(header.releases),
            files=reader.texts(),
            **fields,
        )
        if is_complete and parent is not None:
            other = replace(ruleset, **self._builder.build(changed, report))
            for difference in row_differences(other, ruleset):
                problem = (
                    f"{header.extends} and the changes do not make this folder: it {difference}"
                )
                report.at(("extends",), f"{problem}; {_MEND}")
            report.settle()
        self._resolved[folder] = _Resolved(ruleset, items, header, parent)
        return self._resolved[folder]

    def _check_examples(self, header: RulesHeaderShape, rules: set[str], report: Report) -> None:
        """Refuse examples with rules or EXP_TYPEs that there are not."""
        for number, change in enumerate(header.change):
            for at, example in enumerate(change.example):
                place = ("change", number, "example", at)
                types = {one.get("exp_type") for one in (example.common, *example.exposures)}
                made: list[Any] = [*(example.before or ()), *example.after]
                for what, names, known in (
                    ("EXP_TYPE", {name.upper() for name in types if name}, self._words.exp_types),
                    ("rule", {one["asn_rule"] for one in made}, rules),
                ):
                    for name in sorted(names - known):
                        report.at(place, unknown(what, name, known))

    def _header(self, label: str | None, report: Report) -> tuple[bool, RulesHeaderShape]:
        """Read the header for rules of a label, and tell whether the folder says all of them."""
        path = report.header
        header = self._builder.converter.read(RulesHeaderShape, read_toml(path), report.of(path))
        for number, problem in release_problems(header.releases):
            report.at(("releases", number), problem)
        is_complete = header.extends is None or (path.parent / COMPLETE).exists()
        if label not in (None, header.label):
            header = replace(header, releases=[])
            if is_complete:
                header = replace(header, extends=None, change=[])
        if header.extends == (label or header.label):
            report.at(("extends",), f"{header.extends} extends itself; name another one")
            report.settle()
        if header.extends is None and header.change:
            report.at(("change",), "changes of no parent; name it with extends")
        for word in _OF_COMPLETE if not is_complete else ():
            if getattr(header, word) is not None:
                problem = f"{word} stands in a folder that says all; here write it as a change"
                report.at((word,), problem)
        return is_complete, header

    def _parent(self, label: str, report: Report) -> _Resolved:
        """Resolve the ruleset that one extends."""
        folder = report.header.parent
        try:
            parent = self._parents(label) if self._parents else _beside(folder, label)
        except RulesetError as error:
            report.at(("extends",), str(error))
            report.settle()
            raise
        self._open.append(folder)
        if parent in self._open:
            report.at(("extends",), f"{label} extends {folder.name} itself; name another one")
            report.settle()
        resolved = self._resolve(parent)
        self._open.pop()
        return resolved


class _Resolved(NamedTuple):
    """Rules with what they were made of."""

    ruleset: Ruleset
    items: Items
    header: RulesHeaderShape
    parent: Items | None
    """The items of the ruleset that they extend."""


_MEND = "mend a change, or import the folder under another label"

_OF_COMPLETE = ("settings", "defaults", "written_as", "required_columns")


def _beside(folder: Path, label: str) -> Path:
    """Give the folder of a ruleset beside another one, or of a shipped one."""
    for place in (folder.absolute().parent, shipped("seed") / "rulesets"):
        if (place / label / "ruleset.toml").exists():
            return place / label
    raise RulesetError(f"there is no ruleset {label}; write its label as that of a published one")
