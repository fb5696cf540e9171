"""Read rules from their folder: all of them, or the changes that make them of their parent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.errors import RulesetError
from asnrules.rules.build import Builder
from asnrules.rules.chain import apply_changes
from asnrules.rules.checksums import row_differences
from asnrules.rules.document import COMPLETE, KINDS, Items, Reader, Report
from asnrules.rules.model import Change, Ruleset
from asnrules.rules.releases import in_order, release_problems, start_of
from asnrules.rules.shapes import RulesHeaderShape, check_kind, check_period
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
        parent = self._parent(header.extends, label or header.label, report)
        changed: Items = {}
        changes: tuple[Change, ...] = ()
        if parent is not None:
            changed, changes = apply_changes(parent.items, header.change, reader.path_table, report)
            self._check_examples(header, {*parent.items["rule"], *changed["rule"]}, report)
        if is_complete:
            if parent is not None:
                self._builder.make(changed, report)
                # Of the changes; what the files say is looked at by itself.
                report.unsure.clear()
            items = reader.read(header)
        elif parent is None or _CHANGES in report.unread:
            # No rules can be made, but the tables beside the header may be wrong as well.
            report.unread.update(KINDS)
            items = {kind: {} for kind in KINDS} | {"path_table": reader.path_tables()}
        else:
            items = changed
        fields = self._builder.build(items, report)
        ruleset = _ruleset(header, changes, reader.texts(), fields)
        if parent is not None:
            if is_complete:
                self._compare(ruleset, changed, report)
            elif changes and parent.ruleset == replace(parent.ruleset, **fields):
                report.at(("change",), "all changes together change nothing; leave them out")
            report.settle()
        self._resolved[folder] = _Resolved(ruleset, items, header, parent and parent.items)
        return self._resolved[folder]

    def _compare(self, ruleset: Ruleset, changed: Items, report: Report) -> None:
        """Note how the rules of a folder that says all are not those that its changes make."""
        other = replace(ruleset, **self._builder.build(changed, report))
        for difference in row_differences(other, ruleset):
            problem = f"{ruleset.extends} and the changes do not make this folder: it {difference}"
            report.at(("extends",), f"{problem}; {_MEND}")

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
        """Read the header for rules of a label, and tell whether the folder says all of them.

        What does not fit is noted, and is not in it.
        """
        path, found = report.header, report.of(report.header)
        document: dict[str, Any] | None = None
        with found.reading():
            document = read_toml(path)
        said = {} if document is None else document
        parts = said and self._builder.converter.parts(RulesHeaderShape, said, found.at)
        header = RulesHeaderShape(**{**dict.fromkeys(_NEEDED, ""), **parts})
        check_kind(said, found)
        check_period(_start(header), header.effective_until, found)
        for number, problem in release_problems(header.releases):
            report.at(("releases", number), problem)
        is_complete = (path.parent / COMPLETE).exists() or (
            document is not None and document.keys().isdisjoint(["extends", _CHANGES])
        )
        if label not in (None, header.label):
            header = replace(header, releases=[])
            if is_complete:
                header = replace(header, extends=None, change=[])
        if "extends" not in said and header.change:
            report.at(("change",), "changes of no parent; name it with extends")
        for word, kind in _OF_COMPLETE.items():
            if getattr(header, word) is not None and not is_complete:
                problem = f"{word} stands in a folder that says all; here write it as a change"
                report.at((word,), problem)
            if word not in parts and (document is None or word in said):
                report.unread.add(kind)
        if _CHANGES in said and _CHANGES not in parts:
            report.unread.add(_CHANGES)
        return is_complete, header

    def _parent(self, extends: str | None, label: str, report: Report) -> _Resolved | None:
        """Resolve the ruleset that one extends; None if there is none, which is noted."""
        if extends is None:
            return None
        folder = report.header.parent
        if extends == label:
            report.at(("extends",), f"{extends} extends itself; name another one")
            return None
        try:
            parent = self._parents(extends) if self._parents else _beside(folder, extends)
        except RulesetError as error:
            report.at(("extends",), str(error))
            return None
        if parent in (folder, *self._open):
            report.at(("extends",), f"{extends} extends {folder.name} itself; name another one")
            return None
        self._open.append(folder)
        try:
            return self._resolve(parent)
        finally:
            self._open.pop()


class _Resolved(NamedTuple):
    """Rules with what they were made of."""

    ruleset: Ruleset
    items: Items
    header: RulesHeaderShape
    parent: Items | None
    """The items of the ruleset that they extend."""


_MEND = "mend a change, or import the folder under another label"

_OF_COMPLETE = {
    "settings": "setting",
    "defaults": "default",
    "written_as": "written_as",
    "required_columns": "required_column",
}
"""The words of a header that says all, each with the kind of its items."""

_CHANGES = "change"
"""The word of a header for its changes."""

_NEEDED = ("label", "kind", "title", "source", "implements")
"""The words that every header has."""


def _ruleset(
    header: RulesHeaderShape,
    changes: tuple[Change, ...],
    files: Mapping[str, str],
    fields: Mapping[str, Any],
) -> Ruleset:
    return Ruleset(
        label=header.label,
        title=header.title,
        source=header.source,
        effective_from=_start(header),
        effective_until=header.effective_until,
        implements=header.implements,
        extends=header.extends,
        changes=changes,
        releases=in_order(header.releases),
        files=files,
        **fields,
    )


def _start(header: RulesHeaderShape) -> dt.date | None:
    return header.effective_from or start_of(header.releases)


def _beside(folder: Path, label: str) -> Path:
    """Give the folder of a ruleset beside another one, or of a shipped one."""
    for place in (folder.absolute().parent, shipped("seed") / "rulesets"):
        if (place / label / "ruleset.toml").exists():
            return place / label
    raise RulesetError(f"there is no ruleset {label}; write its label as that of a published one")
