"""Read `conditions.toml` of an executable ruleset, and the CSV files of paths beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from asnrules.catalog.vocabulary import Words, near
from asnrules.engine.patterns import pattern_problem
from asnrules.errors import RulesetError
from asnrules.rules.content import Rows
from asnrules.rules.model import Operator
from asnrules.rules.text_files import read_lines
from asnrules.rules.toml_nodes import Node

PSEUDO_KEYWORDS = ("class", "candidate_id", "candidate_type")
"""What conditions may look at that is no keyword of an exposure."""

_Entry = tuple[str, Operator, list[str]]


def read_conditions(folder: Path, words: Words) -> tuple[Rows, Rows]:
    """Read the conditions of a ruleset.

    Parameters
    ----------
    folder : Path
        The folder of the ruleset.
    words : Words
        What keywords, EXP_TYPEs and classes there are.

    Returns
    -------
    tuple of (list of dict, list of dict)
        Rows of `conditions` and of `condition_terms`.

    Raises
    ------
    RulesetError
        If the file is not well formed, or uses a word that is not there.
    """
    reader = _Reader(folder, words)
    conditions: Rows = []
    terms: Rows = []
    for name, spec in Node.read(folder / "conditions.toml").entries():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise spec.error(f"condition {name[:80]!r}: use lower-case letters, digits and '_'")
        spec.check_words(f"condition {name}", {"text"}, {"any_of", "paths"})
        conditions.append({"condition": name, "text": spec["text"].text()})
        for alternative, entries in enumerate(reader.alternatives(name, spec), 1):
            terms += [
                {
                    "condition": name,
                    "alternative": alternative,
                    "position": position,
                    "keyword": keyword,
                    "operator": str(operator),
                    "term_values": json.dumps(values),
                }
                for position, (keyword, operator, values) in enumerate(entries, 1)
            ]
    return conditions, terms


class _Reader:
    def __init__(self, folder: Path, words: Words) -> None:
        self._folder = folder
        self._keywords = {*(keyword.lower() for keyword in words.keywords), *PSEUDO_KEYWORDS}
        self._values = {
            "exp_type": ("EXP_TYPE", {exp_type.lower() for exp_type in words.exp_types}),
            "class": ("class", words.member_types),
        }

    def alternatives(self, name: str, spec: Node) -> list[list[_Entry]]:
        """Give the alternatives of a condition, those of its CSV file last."""
        found = []
        for alternative in spec.part("any_of"):
            entries = [
                entry
                for keyword, test in alternative.entries()
                for entry in self._terms(test, test.checked(keyword, "keyword", self._keywords))
            ]
            if not entries:
                raise alternative.error(f"condition {name}: an alternative without a keyword")
            found.append(entries)
        if (paths := spec.get("paths")) is not None:
            found += self._paths(paths)
        if not found:
            raise spec.error(f"condition {name} has no alternative; add any_of or paths")
        return found

    def _paths(self, node: Node) -> list[list[_Entry]]:
        name = node.text()
        if not re.fullmatch(r"[A-Za-z0-9_-]+\.csv", name):
            raise node.error(f"{name[:80]!r} is not the name of a CSV file beside this one")
        path = self._folder / name
        found = []
        for line, row in read_lines(path):
            place = _Line(path, line)
            entries = []
            for keyword, cell in row.items():
                if keyword not in self._keywords:
                    raise _Line(path, 1).error(
                        f"unknown keyword {keyword[:80]!r}; {near(keyword, self._keywords)}"
                    )
                if cell:
                    entries += self._checked(place, _cell(keyword, cell))
            if not entries:
                raise place.error("a row without a cell; fill it or leave it out")
            found.append(entries)
        return found

    def _terms(self, test: Node, keyword: str) -> list[_Entry]:
        if isinstance(test.value, list):
            return [entry for one in test.items() for entry in self._terms(one, keyword)]
        if isinstance(test.value, str):
            return self._checked(test, _cell(keyword, test.text(), split=False))
        if not isinstance(test.value, dict):
            raise test.error(f"{keyword} has to be a text, a list or {{ operator = [values] }}")
        words = list(test.entries())
        if len(words) != 1:
            raise test.error(f"{keyword}: one operator at a time; put several in a list")
        ((word, values),) = words
        if word not in list(Operator):
            known = ", ".join(Operator)
            raise values.error(
                f"{word!r} is not an operator; {near(word, map(str, Operator))} ({known})"
            )
        operator = Operator(word)
        texts = values.items()
        if (operator in {Operator.SET, Operator.EMPTY}) == bool(texts):
            raise values.error(f"{word} takes {'no values' if texts else 'values'}; mend the list")
        for text in texts:
            self._checked(text, [(keyword, operator, [text.text()])])
        return [(keyword, operator, [text.text() for text in texts])]

    def _checked(self, place: Node | _Line, entries: list[_Entry]) -> list[_Entry]:
        """Refuse values that no exposure can have, and patterns that are none."""
        for keyword, operator, values in entries:
            for value in values:
                if operator is Operator.MATCHES:
                    _check_pattern(place, value)
                elif keyword in self._values:
                    what, known = self._values[keyword]
                    if value not in known:
                        raise place.error(f"unknown {what} {value[:80]!r}; {near(value, known)}")
                elif value != value.lower() or value != value.strip() or not value:
                    raise place.error(
                        f"{keyword}: {value[:80]!r} is never found; exposures have their values in "
                        "lower case, without blanks around"
                    )
        return entries


class _Line:
    """A line of a CSV file, as a place for errors."""

    def __init__(self, path: Path, line: int) -> None:
        self._path = path
        self._line = line

    def error(self, problem: str) -> RulesetError:
        return RulesetError(f"{self._path}, line {self._line}: {problem}")


def _check_pattern(place: Node | _Line, pattern: str) -> None:
    if problem := pattern_problem(pattern):
        raise place.error(f"bad pattern {pattern[:80]!r}: {problem}")


def _cell(keyword: str, cell: str, *, split: bool = True) -> list[_Entry]:
    if cell == "(set)":
        return [(keyword, Operator.SET, [])]
    if cell == "(empty)":
        return [(keyword, Operator.EMPTY, [])]
    if cell.startswith("!"):
        return [(keyword, Operator.SET, []), (keyword, Operator.NOT_IN, cell[1:].split())]
    return [(keyword, Operator.IN, cell.split() if split else [cell])]
