"""What the files of rules say, item by item, before any name in it is looked up.

An item has a kind and a name; `asnrules.rules.chain` adds, sets, removes and moves items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.rules.converter import FileConverter
from asnrules.rules.model import IntendedOverlap, KnownDifference
from asnrules.rules.shapes import ClassesFile, KeysFile, RulesFile, RulesHeaderShape
from asnrules.rules.text_files import (
    FILE_NAME,
    Findings,
    Keys,
    read_lines,
    read_text,
    read_toml,
    settle,
)
from asnrules.rules.texts import MisfitError
from asnrules.rules.uses import difference_name, overlap_name, role_item_name
from asnrules.rules.words import unknown

KINDS = (
    "value_list", "path_table", "condition", "key", "group", "class", "setting", "default",
    "written_as", "required_column", "rule", "role", "suffix", "known_difference",
    "intended_overlap",
)  # fmt: skip
"""The kinds of items; those of `class`, `required_column` and `role` (of a rule) have an order."""

VALUE_LISTS = "value_lists.toml"
COMPLETE = "conditions.toml"
"""The file by which a folder is known that says all of a ruleset, and not only its changes."""


class Item(NamedTuple):
    """What a file says of one thing, as tomllib or csv reads it."""

    value: Any
    path: Path
    keys: Keys = ()
    """The way to it in a TOML file."""
    lines: tuple[int, ...] = ()
    """Its lines in a CSV file: of a path table one for each row."""


Items = dict[str, dict[str, Item]]
"""Items by kind and name."""


class Report:
    """What is wrong in the files of a ruleset with some header, to be told all at once."""

    def __init__(self, header: Path, finding: type[Findings] = Findings) -> None:
        self.header = header
        self._finding = finding
        self._found: dict[Path, Findings] = {}
        self.removed: dict[tuple[str, str], Keys] = {}
        """By kind and name, the items that its changes remove, with the place where they do."""
        self.unread: set[str] = set()
        """Kinds of which a file could not be read: what is not known of them may be there."""
        self.unsure: set[tuple[str, str]] = set()
        """By kind and name, items of which what a change says is refused; '' is any kind."""

    def of(self, path: Path) -> Findings:
        """Give what is wrong in a file."""
        return self._found.setdefault(path, self._finding(path))

    def at(self, keys: Keys, problem: str) -> None:
        """Note what is wrong in the header."""
        self.of(self.header).at(keys, problem)

    def note(self, item: Item, keys: Keys, problem: str) -> None:
        """Note what is wrong with a part of an item; of a row of a CSV file, by its number."""
        if item.lines:
            number = keys[0] if keys and isinstance(keys[0], int) else 0
            self.of(item.path).at_line(item.lines[number], problem)
        else:
            self.of(item.path).at((*item.keys, *keys), problem)

    def may_be(self, kind: str, name: str) -> bool:
        """Whether there may be an item that was not read, or does not fit, which is told."""
        return kind in self.unread or not self.unsure.isdisjoint([(kind, name), ("", name)])

    def settle(self) -> None:
        """Refuse the ruleset if something is wrong, with all of it."""
        settle(self.header.parent, self._found.values())


class Reader:
    """Reads the files of a folder that says all of a ruleset."""

    def __init__(self, converter: FileConverter, report: Report) -> None:
        self._folder = report.header.parent
        self._converter = converter
        self._report = report
        self.items: Items = {kind: {} for kind in KINDS}
        self.files = {"ruleset.toml"}

    def read(self, header: RulesHeaderShape) -> Items:
        """Read the items of all files, and of the header."""
        top = self._report.header.name
        self._add_all("setting", header.settings or {}, top, "settings")
        self._add_all("default", header.defaults or {}, top, "defaults")
        self._add_all("written_as", header.written_as or {}, top, "written_as")
        for number, value in enumerate(header.required_columns or ()):
            name = str(value.get("column", number))
            item = self._item(value, top, "required_columns", number)
            self._add("required_column", name, item, f"a second line for column {name}")
        if (self._folder / VALUE_LISTS).exists():
            self._add_all("value_list", self._toml(VALUE_LISTS, ["value_list"]) or {}, VALUE_LISTS)
        self._add_all("condition", self._toml(COMPLETE, ["condition"]) or {}, COMPLETE)
        keys = self._parts("keys.toml", KeysFile, {"keys": ["key"], "groups": ["group"]})
        self._add_all("key", keys.get("keys", {}), "keys.toml", "keys")
        self._add_all("group", keys.get("groups", {}), "keys.toml", "groups")
        classes = self._parts("classes.toml", ClassesFile, {"default": ["default"]})
        if "default" in classes:
            item = self._item(classes["default"], "classes.toml", "default")
            self._add("default", "class", item)
        for number, value in enumerate(classes.get("classes", [])):
            name = str(value.get("condition", number))
            item = self._item(value, "classes.toml", "classes", number)
            self._add("class", name, item, f"a second line for {name}; leave one out")
        self._rules()
        for name, item in self.path_tables().items():
            self._add("path_table", name.removesuffix(".csv"), item)
        for kind, rows in ROWS.items():
            if kind != "intended_overlap" or (self._folder / rows.file).exists():
                self._rows(kind, rows)
        return self.items

    def path_tables(self) -> dict[str, Item]:
        """Read all CSV files of optical paths, by name, as far as they can be read."""
        tables: dict[str, Item] = {}
        for name in self._csv_names():
            try:
                tables[name] = self.path_table(name)
            except MisfitError:
                self._report.unsure.add(("path_table", name.removesuffix(".csv")))
        return tables

    def _csv_names(self) -> list[str]:
        others = {rows.file for rows in ROWS.values()}
        return sorted({path.name for path in self._folder.glob("*.csv")} - others)

    def path_table(self, name: str) -> Item:
        """Read a CSV file of optical paths; raise `MisfitError` if that cannot be done."""
        if name not in (names := self._csv_names()):
            raise MisfitError(unknown("CSV file", name, names))
        self.files.add(name)
        path = self._folder / name
        with self._report.of(path).reading():
            rows = read_lines(path)
            return Item([row for _, row in rows], path, (), tuple(line for line, _ in rows))
        raise MisfitError

    def texts(self) -> dict[str, str]:
        """Give the texts of the files that were read."""
        return {name: read_text(self._folder / name) for name in sorted(self.files)}

    def _toml(self, name: str, kinds: Iterable[str]) -> dict[str, Any] | None:
        """Read a file; if it cannot be read, note that, and which kinds are not read."""
        self.files.add(name)
        path = self._folder / name
        with self._report.of(path).reading():
            return read_toml(path)
        self._report.unread.update(kinds)
        return None

    def _parts(self, name: str, shape: Any, kinds: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        """Read the parts of a file, each of which has some kinds."""
        document = self._toml(name, [kind for ones in kinds.values() for kind in ones])
        if document is None:
            return {}
        note = self._report.of(self._folder / name).at
        parts = self._converter.parts(shape, document, note)
        for word, ones in kinds.items():
            if word not in parts:
                self._report.unread.update(ones)
        return parts

    def _item(self, value: Any, file: str, *keys: str | int) -> Item:
        return Item(value, self._folder / file, keys)

    def _add(self, kind: str, name: str, item: Item, second: str = "") -> None:
        if name in self.items[kind]:
            self._report.note(item, (), second)
        self.items[kind].setdefault(name, item)

    def _add_all(self, kind: str, named: Mapping[str, Any], file: str, *keys: str) -> None:
        for name, value in named.items():
            self._add(kind, name, self._item(value, file, *keys, name))

    def _rules(self) -> None:
        for path in sorted((self._folder / "rules").glob("*.toml")):
            if not FILE_NAME.fullmatch(f"rules/{path.name}"):
                self._report.of(path).at((), "name the file with letters, digits, '_' and '-'")
            parts = self._parts(f"rules/{path.name}", RulesFile, {"rule": ["rule", "role"]})
            for number, value in enumerate(parts.get("rule", [])):
                if not isinstance(value.get("asn_rule"), str):
                    self._report.unread.add("rule")
                for kind, name, item in rule_items(value, path, ("rule", number)):
                    word, problem = "asn_rule", f"a second rule {name}; give it another name"
                    if kind == "role":
                        rule, _, role = name.partition(": ")
                        word = "name"
                        problem = f"a second role {role[:80]!r} of {rule}; name it otherwise"
                    if name in self.items[kind]:
                        item = item._replace(keys=(*item.keys, word))
                    self._add(kind, name, item, problem)
        if not self.items["rule"] and "rule" not in self._report.unread:
            self._report.unread.add("rule")
            self._report.of(self._folder / "rules").at(
                (), "no rule; put [[rule]] into a TOML file there"
            )

    def _rows(self, kind: str, rows: RowsFile) -> None:
        path = self._folder / rows.file
        self.files.add(rows.file)
        lines: list[tuple[int, dict[str, str]]] = []
        with self._report.of(path).reading():
            lines = read_lines(path, rows.columns)
        for line, row in lines:
            name = rows.name_of(row)
            item = Item(row if len(row) > 1 else name, path, (), (line,))
            self._add(kind, name, item, rows.second.replace("{name}", repr(name[:80])))


def rule_items(value: Mapping[str, Any], path: Path, keys: Keys) -> Iterator[tuple[str, str, Item]]:
    """Give a rule and its roles, each with its kind and name."""
    rule = str(value.get("asn_rule", keys[-1]))
    own = {word: its for word, its in value.items() if word != "role"}
    roles = value.get("role")
    if not isinstance(roles, list) or not all(isinstance(role, dict) for role in roles):
        # If it is not a list of roles, that is reported with the rule.
        yield "rule", rule, Item({**own, "role": roles} if roles is not None else own, path, keys)
        return
    yield "rule", rule, Item(own, path, keys)
    for number, role in enumerate(roles):
        name = role_item_name(rule, str(role.get("name", number)))
        yield "role", name, Item(role, path, (*keys, "role", number))


class RowsFile(NamedTuple):
    """A CSV file whose rows are items."""

    file: str
    columns: tuple[str, ...]
    name_of: Callable[[Mapping[str, str]], str]
    """Gives the name of a row among the items."""
    second: str
    """What is wrong with a row that comes twice, `{name}` standing for its name."""


ROWS = {
    "suffix": RowsFile("suffixes.csv", ("suffix",), itemgetter("suffix"), "{name} comes twice"),
    "known_difference": RowsFile(
        "known_differences.csv",
        KnownDifference._fields,
        difference_name,
        "this difference comes twice; leave one out",
    ),
    "intended_overlap": RowsFile(
        "intended_overlaps.csv",
        IntendedOverlap._fields,
        overlap_name,
        "these two come twice; leave one out",
    ),
}
"""The items that are rows, by kind."""


def in_words(kind: str) -> str:
    """Write a kind of items as people do."""
    return kind.replace("_", " ")
