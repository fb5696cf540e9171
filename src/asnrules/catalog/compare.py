"""Compare two rulesets of the catalog: their rows, and what they answer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from asnrules.analysis.behaviour import AnswerChange, answer_changes
from asnrules.analysis.items import Change, changes
from asnrules.catalog import store
from asnrules.catalog.check import load_vocabulary
from asnrules.catalog.rulesets import RulesetInfo, find_ruleset
from asnrules.database.engines import transaction
from asnrules.errors import UsageError
from asnrules.rules.model import Ruleset


@dataclass(frozen=True, slots=True)
class RulesetDifference:
    """How two rulesets differ."""

    before: dict[str, str]
    """Label and checksum of each."""
    after: dict[str, str]
    changes: Sequence[Change]
    """Of their rows."""
    answers: Sequence[AnswerChange]
    """Of what they answer; none for tables, which answer by their rows."""
    combinations: int
    """How many combinations of values the two can tell apart."""
    seconds: float
    """How long it took."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "before": self.before,
            "after": self.after,
            "combinations": self.combinations,
            "seconds": round(self.seconds, 2),
            "changes": [change._asdict() for change in self.changes],
            "answers": [answer.document() for answer in self.answers],
        }


def compare_rulesets(engine: Engine, before: str, after: str) -> RulesetDifference:
    """Compare two rulesets of the catalog, drafts included.

    Raises
    ------
    NotFoundError
        If there is no such ruleset.
    UsageError
        If they are not of one kind.
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
    answers: list[AnswerChange] = []
    combinations = 0
    if isinstance(one, Ruleset) and isinstance(other, Ruleset):
        answers, combinations = answer_changes(one, other, vocabulary)
    return RulesetDifference(
        before=_named(infos[0]),
        after=_named(infos[1]),
        changes=changes(one, other),
        answers=answers,
        combinations=combinations,
        seconds=time.monotonic() - started,
    )


def _named(info: RulesetInfo) -> dict[str, str]:
    return {"ruleset": info.ruleset, "checksum": info.checksum}
