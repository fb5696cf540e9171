"""What the files of rules say, item by item, before any name in it is looked up.

An item has a kind and a name; `asnrules.rules.chain` adds, sets, removes and moves items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from asnrules.rules.converter import FileConverter, MisfitError
from asnrules.rules.model import IntendedOverlap, KnownDifference
from asnrules.rules.shapes import ClassesFile, KeysFile, RulesFile, RulesHeaderShape
from asnrules.rules.text_files import FILE_NAME, Findings, Keys, read_lines, read_text, read_toml
from asnrules.rules.words import unknown

KINDS = (
    "value_list", "path_table", "condition", "key", "group", "class", "setting", "default",
    "written_as", "required_column", "rule", "role", "suffix", "known_difference",
    "intended_overlap",
)  # fmt: skip
"""The kinds of items; those of `class`, `required_column` and `role` (of a rule) have an order."""

DIFFERENCES = "known_differences.csv"
OVERLAPS = "intended_overlaps.csv"
SUFFIXES = "suffixes.csv"
VALUE_LISTS = "value_lists.toml"
COMPLETE = "conditions.toml"
"""The file by which a folder is known that says all of a ruleset, and not only its changes."""


class Item(NamedTuple):
    """What a file says of one thing, as tomllib or csv reads it."""

    value: Any
    path: Path
    """The file."""
    keys: Keys = ()
    """The way to it in a TOML file."""
    lines: tuple[int, ...] = ()
    """Its lines in a CSV file: of a path table one for each row."""


Items = dict[str, dict[str, Item]]
"""Items by kind and name."""


class Report:
    """What is wrong in files, of each file all at once."""

    def __init__(self, finding: type[Findings] = Findings) -> None:
        self._finding = finding
        self._found: dict[Path, Findings] = {}

    def of(self, path: Path) -> Findings:
        """Give what is wrong in a file."""
        return self._found.setdefault(path, self._finding(path))

    def note(self, item: Item, keys: Keys, problem: str) -> None:
        """Note what is wrong with a part of an item; of a row of a CSV file, by its number."""
        if item.lines:
            number = keys[0] if keys and isinstance(keys[0], int) else 0
            self.of(item.path).at_line(item.lines[number], problem)
        else:
            self.of(item.path).at((*item.keys, *keys), problem)

    def settle(self) -> None:
        """Refuse the first file in which something is wrong.

        Raises
        ------
        RulesetError
            See `Findings.settle`.
        """
        for found in self._found.values():
            found.settle()


class Reader:
    """Reads the files of a folder that says all of a ruleset."""

    def __init__(self, folder: Path, converter: FileConverter, report: Report) -> None:
        self._folder = folder
        self._converter = converter
        self._report = report
        self.items: Items = {kind: {} for kind in KINDS}
        self.files: list[str] = ["ruleset.toml"]

    def read(self, header: RulesHeaderShape) -> Items:
        """Read the items of all files, and of the header."""
        path = self._folder / "ruleset.toml"
        for kind, named, word in (
            ("setting", header.settings, "settings"),
            ("default", header.defaults, "defaults"),
            ("written_as", header.written_as, "written_as"),
        ):
            for name, value in (named or {}).items():
                self._add(kind, name, Item(value, path, (word, name)))
        for number, value in enumerate(header.required_columns or ()):
            item = Item(value, path, ("required_columns", number))
            name = str(value.get("column", number))
            self._add("required_column", name, item, f"a second line for column {name}")
        if (self._folder / VALUE_LISTS).exists():
            for name, value in self._toml(VALUE_LISTS, dict[str, Any]).items():
                self._add("value_list", name, Item(value, self._folder / VALUE_LISTS, (name,)))
        for name, value in self._toml(COMPLETE, dict[str, Any]).items():
            self._add("condition", name, Item(value, self._folder / COMPLETE, (name,)))
        self._keys()
        self._classes()
        self._rules()
        for name, item in self.path_tables().items():
            self._add("path_table", name.removesuffix(".csv"), item)
        self._rows()
        self._report.settle()
        return self.items

    def path_tables(self) -> dict[str, Item]:
        """Read all CSV files of optical paths, by name."""
        return {name: self.path_table(name) for name in self._csv_names()}

    def _csv_names(self) -> list[str]:
        others = (DIFFERENCES, OVERLAPS, SUFFIXES)
        return sorted(path.name for path in self._folder.glob("*.csv") if path.name not in others)

    def path_table(self, name: str) -> Item:
        """Read a CSV file of optical paths.

        Raises
        ------
        MisfitError
            If there is none of this name in the folder.
        """
        if name not in (names := self._csv_names()):
            raise MisfitError(unknown("CSV file", name, names))
        self.files.append(name)
        path = self._folder / name
        rows = read_lines(path)
        return Item([row for _, row in rows], path, (), tuple(line for line, _ in rows))

    def _toml(self, name: str, shape: Any) -> Any:
        self.files.append(name)
        path = self._folder / name
        return self._converter.read(shape, read_toml(path), self._report.of(path))

    def _add(self, kind: str, name: str, item: Item, second: str = "") -> None:
        if name in self.items[kind]:
            self._report.note(item, (), second)
        self.items[kind].setdefault(name, item)

    def _keys(self) -> None:
        path = self._folder / "keys.toml"
        document: KeysFile = self._toml(path.name, KeysFile)
        for kind, word, named in (
            ("key", "keys", document.keys),
            ("group", "groups", document.groups),
        ):
            for name, value in named.items():
                self._add(kind, name, Item(value, path, (word, name)))

    def _classes(self) -> None:
        path = self._folder / "classes.toml"
        document: ClassesFile = self._toml(path.name, ClassesFile)
        self._add("default", "class", Item(document.default, path, ("default",)))
        for number, value in enumerate(document.classes):
            name = str(value.get("condition", number))
            item = Item(value, path, ("classes", number))
            self._add("class", name, item, f"a second line for {name}; leave one out")

    def _rules(self) -> None:
        paths = sorted((self._folder / "rules").glob("*.toml"))
        for path in paths:
            if not FILE_NAME.fullmatch(f"rules/{path.name}"):
                self._report.of(path).at((), "name the file with letters, digits, '_' and '-'")
                self._report.settle()
            document: RulesFile = self._toml(f"rules/{path.name}", RulesFile)
            for number, value in enumerate(document.rule):
                for kind, name, item in rule_items(value, path, ("rule", number)):
                    problem = (
                        f"a second rule {name}; give it another name" if kind == "rule"
                        else second_role(name)
                    )  # fmt: skip
                    place = item
                    if name in self.items[kind]:
                        word = "asn_rule" if kind == "rule" else "name"
                        place = item._replace(keys=(*item.keys, word))
                    self._add(kind, name, place, problem)
        if not self.items["rule"]:
            self._report.of(self._folder / "rules").at(
                (), "no rule; put [[rule]] into a TOML file there"
            )

    def _rows(self) -> None:
        self.files += [SUFFIXES, DIFFERENCES]
        path = self._folder / SUFFIXES
        for line, row in read_lines(path, ("suffix",)):
            item = Item(row["suffix"], path, (), (line,))
            self._add("suffix", row["suffix"], item, f"{row['suffix'][:80]!r} comes twice")
        path = self._folder / DIFFERENCES
        for line, row in read_lines(path, KnownDifference._fields):
            item = Item(row, path, (), (line,))
            problem = "this difference comes twice; leave one out"
            self._add("known_difference", difference_name(row), item, problem)
        path = self._folder / OVERLAPS
        if path.exists():
            self.files.append(OVERLAPS)
            for line, row in read_lines(path, IntendedOverlap._fields):
                item = Item(row, path, (), (line,))
                problem = "these two come twice; leave one out"
                self._add("intended_overlap", overlap_name(row), item, problem)

    def texts(self) -> dict[str, str]:
        """Give the texts of the files that were read."""
        return {name: read_text(self._folder / name) for name in sorted(set(self.files))}


def rule_items(value: Mapping[str, Any], path: Path, keys: Keys) -> Iterator[tuple[str, str, Item]]:
    """Give a rule and its roles, each with its kind and name."""
    rule = str(value.get("asn_rule", keys[-1]))
    own = {word: its for word, its in value.items() if word != "role"}
    roles = value.get("role")
    if not isinstance(roles, list) or not all(isinstance(role, dict) for role in roles):
        # What is no list of roles is told with the rule.
        yield "rule", rule, Item({**own, "role": roles} if roles is not None else own, path, keys)
        return
    yield "rule", rule, Item(own, path, keys)
    for number, role in enumerate(roles):
        name = role_item_name(rule, str(role.get("name", number)))
        yield "role", name, Item(role, path, (*keys, "role", number))


def role_item_name(rule: str, role: str) -> str:
    """Give the name of a role among the items."""
    return f"{rule}: {role}"


def second_role(name: str) -> str:
    """Say that a rule has a role already."""
    rule, _, role = name.partition(": ")
    return f"a second role {role[:80]!r} of {rule}; name it otherwise"


def difference_name(row: Mapping[str, str]) -> str:
    """Give the name of a known difference among the items."""
    parts = [row["exp_type"] or "any", row["aspect"], row["published"], row["software"]]
    return ", ".join([*parts, *([row["condition"]] if row["condition"] else [])])


def overlap_name(row: Mapping[str, str]) -> str:
    """Give the name of an intended overlap among the items."""
    return f"{row['asn_rule']}, {row['stays']}"
