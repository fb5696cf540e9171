"""Compare two rulesets of the catalog: their rows, what they answer, and the changes in between."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Engine

from asnrules.analysis.behaviour import AnswerChange, answer_changes
from asnrules.analysis.findings import example_words
from asnrules.analysis.items import Change, changes
from asnrules.catalog import store
from asnrules.catalog.changes import NamedChange, changes_between
from asnrules.catalog.check import load_vocabulary
from asnrules.catalog.rulesets import find_ruleset
from asnrules.database.engines import transaction
from asnrules.errors import UsageError
from asnrules.rules.model import AnyRuleset, ChangeItem, Ruleset
from asnrules.rules.uses import Item, Uses, uses_of, with_used
from asnrules.util.results import Tabular, shown_briefly


@shown_briefly
class NamedDifference(NamedTuple):
    """A difference of rows, with the named changes that made it."""

    change: Change
    by: Sequence[NamedChange]
    """In their order; none if the rulesets are of no chain."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {**self.change._asdict(), "by": [one.document() for one in self.by]}


@shown_briefly
@dataclass(frozen=True, slots=True)
class RulesetDifference(Tabular):
    """How two rulesets differ."""

    COLUMNS: ClassVar = (
        "what", "name", "change", "field", "before", "after", "by", "exp_types", "combinations",
        "example",
    )  # fmt: skip

    before: dict[str, str]
    after: dict[str, str]
    changes: Sequence[NamedDifference]
    """Of their rows."""
    answers: Sequence[AnswerChange]
    """Of what they answer; none for tables, which answer by their rows."""
    between: Sequence[NamedChange]
    """All named changes between the two, those among them that left no row otherwise."""
    combinations: int
    """How many combinations of values the two can tell apart."""
    seconds: float

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each change of a row or of an answer as a record."""
        named = {"what": "answer", "change": "changed"}
        for one in (
            *(change.document() for change in self.changes),
            *(answer.document() | named | {"name": answer.aspect} for answer in self.answers),
        ):
            example = one.get("example")
            one["example"] = None if example is None else example_words(example)
            yield {name: one.get(name) for name in self.COLUMNS}

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "before": self.before,
            "after": self.after,
            "combinations": self.combinations,
            "seconds": round(self.seconds, 2),
            "between": [change.document() for change in self.between],
            "changes": [change.document() for change in self.changes],
            "answers": [answer.document() for answer in self.answers],
        }


def compare_rulesets(engine: Engine, before: str, after: str) -> RulesetDifference:
    """Compare two rulesets of the catalog, drafts included.

    It is a NotFoundError if there is no such ruleset, a UsageError if they are not of one kind.
    """
    started = time.monotonic()
    with transaction(engine) as connection:
        infos = [find_ruleset(connection, label) for label in (before, after)]
        if infos[0].kind != infos[1].kind:
            raise UsageError(
                f"{before} is of kind {infos[0].kind} and {after} of kind {infos[1].kind}; "
                "compare rulesets of one kind"
            )
        one, other = (store.load(connection, info.ruleset_id) for info in infos)
        vocabulary = load_vocabulary(connection)
        between = changes_between(connection, before, after) or []
    sides = [{"ruleset": info.ruleset, "checksum": info.checksum} for info in infos]
    answers: list[AnswerChange] = []
    combinations = 0
    if isinstance(one, Ruleset) and isinstance(other, Ruleset):
        answers, combinations = answer_changes(one, other, vocabulary)
    return RulesetDifference(
        before=sides[0],
        after=sides[1],
        changes=named_differences(one, other, between),
        answers=answers,
        between=between,
        combinations=combinations,
        seconds=time.monotonic() - started,
    )


def named_differences(
    before: AnyRuleset, after: AnyRuleset, between: Sequence[NamedChange]
) -> list[NamedDifference]:
    """Compare the rows of two rulesets of a kind, given the named changes between them."""
    uses = [uses_of(one) for one in (before, after) if isinstance(one, Ruleset)]
    return [
        NamedDifference(change, _makers(change, between, uses)) for change in changes(before, after)
    ]


# ------------------------------------------------------------------------- what made a difference

_OF_ALL = {"product suffixes": "suffix", "classes": "class", "required columns": "required_column"}
"""Differences of all items of a kind at once."""

_FIELDS = {"alternatives": ("any_of", "paths"), "lines": ("order",)}
"""The words of files for fields that are called otherwise in a comparison."""

_FOLDED = ("group", "key", "default", "path_table")
"""The kinds of items that a comparison shows as part of those that use them."""


def _makers(
    difference: Change, between: Iterable[NamedChange], uses: Iterable[Uses]
) -> list[NamedChange]:
    """Give the changes that made a difference: of this very field, or else of the item."""
    own = _items(difference, uses)
    folded: set[Item] = set()
    for one in uses:
        only = {item: frozenset(u for u in used if u[0] in _FOLDED) for item, used in one.items()}
        folded |= with_used(own, only)
    exact = [
        one for one in between if any(_makes(item, difference, own, folded) for item in one.items)
    ]
    return exact or [one for one in between if any((it.kind, it.item) in own for it in one.items)]


def _items(difference: Change, uses: Iterable[Uses]) -> set[Item]:
    """Give the items, as changes name them, that a difference is of."""
    kind = _OF_ALL.get(difference.what)
    if kind is not None:
        return {("default", kind), *(item for one in uses for item in one if item[0] == kind)}
    if difference.what == "class":
        return {("written_as", difference.name)}
    return {(difference.what.replace(" ", "_"), difference.name)}


def _makes(item: ChangeItem, difference: Change, own: set[Item], folded: set[Item]) -> bool:
    """Tell whether an item of a change is what a difference is about."""
    field = difference.field
    place = (item.kind, item.item)
    if field == "roles" and item.kind == "role" and item.field is None:
        return ("rule", item.item.partition(": ")[0]) in own
    if place in own:
        return item.field in {None, field, *_FIELDS.get(field or "", ())}
    if place not in folded or None in {field, item.field}:
        # What comes or goes itself is told where something begins or ends to use it.
        return False
    return {
        "group": item.field == field,
        "key": field == "keys",
        "default": item.item == field,
        "path_table": field == "alternatives",
    }[item.kind]
