"""Describe a ruleset of the catalog for people: the rows of a table, or rules in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from asnrules.catalog import store
from asnrules.catalog.rulesets import TABLE, RulesetInfo, find_ruleset
from asnrules.rules.describe import Glossary, glossary, rule_lines, rule_words
from asnrules.rules.model import Mode, Table
from asnrules.util.results import Tabular, shown_briefly

_RULE_COLUMNS = (
    "asn_rule", "asn_type", "title", "takes", "candidates",
    "keys", "roles", "steps", "written", "rateints",
)  # fmt: skip


@shown_briefly
@dataclass(frozen=True, slots=True)
class Description(Tabular):
    """A ruleset, described."""

    info: RulesetInfo
    columns: Sequence[str]
    rows: list[dict[str, Any]]
    """Rows of the table, or rules, each with its conditions, keys, roles and steps in words."""
    errata: list[dict[str, Any]]
    """What was misprinted, and what it means."""
    glossary: Glossary | None = None
    """What the words mean that rules are described in; None for a table."""

    def records(self) -> list[dict[str, Any]]:
        """Give each row of the table, or each rule, as a record."""
        return self.rows

    def document(self) -> dict[str, Any]:
        """Give all of it as one document."""
        header = {
            name: value for name, value in self.info._asdict().items() if name != "ruleset_id"
        }
        what = "rows" if self.info.kind == TABLE else "rules"
        document = {**header, what: self.rows, "errata": self.errata}
        return document if self.glossary is None else {**document, **self.glossary.document()}

    def heading(self) -> Iterator[str]:
        """Say which ruleset it is, in lines to read."""
        info = self.info
        yield f"{info.ruleset}: {info.title}"
        yield f"{info.kind}, {info.status}, {info.period}"
        yield f"source: {info.source}"
        if info.implements is not None:
            yield f"implements: {info.implements}"
        if info.extends is not None:
            many = info.change_count
            yield f"extends: {info.extends}, by {many} change{'s' * (many != 1)}"
        if info.releases:
            yield f"releases: {', '.join(info.releases)}"
        yield f"checksum: {info.checksum}"
        if info.published_by is not None:
            yield f"published by: {info.published_by}"
        if info.retroactive is not None:
            yield f"it changed what was in force on past days: {info.retroactive}"

    def rule_lines(self) -> list[str]:
        """Give rules in lines to read, with what their words mean."""
        lines = [line for row in self.rows for line in rule_lines(row)]
        return lines if self.glossary is None else [*lines, *self.glossary.lines()]


def describe_ruleset(connection: Connection, label: str) -> Description:
    """Describe a ruleset; if there is none of that label it is a NotFoundError."""
    info = find_ruleset(connection, label)
    ruleset = store.load(connection, info.ruleset_id)
    if isinstance(ruleset, Table):
        rows = [mode._asdict() for mode in ruleset.modes]
        errata = [erratum._asdict() for erratum in ruleset.errata]
        return Description(info, Mode._fields, rows, errata)
    rules = [rule_words(rule) for rule in ruleset.rules]
    return Description(info, _RULE_COLUMNS, rules, [], glossary(ruleset))
