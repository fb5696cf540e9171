"""Describe a ruleset of the catalog for people: the rows of a table, or rules in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from asnrules.catalog import store
from asnrules.catalog.rulesets import TABLE, RulesetInfo, find_ruleset
from asnrules.rules.describe import Glossary, glossary, rule_lines, rule_words
from asnrules.rules.model import Mode, Table

_BLANK = {"footnote": ""}
_RULE_COLUMNS = (
    "asn_rule", "asn_type", "title", "takes", "candidates",
    "keys", "roles", "steps", "written", "rateints",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Description:
    """A ruleset, described."""

    info: RulesetInfo
    columns: Sequence[str]
    """The names of the fields of `rows`."""
    rows: list[dict[str, Any]]
    """Rows of the table, or rules, each with its conditions, keys, roles and steps in words."""
    errata: list[dict[str, Any]]
    """What was misprinted, and what it means."""
    glossary: Glossary | None = None
    """What the words mean that rules are described in; None for a table."""

    def document(self) -> dict[str, Any]:
        """Give all of it as one document."""
        header = {
            name: value for name, value in self.info._asdict().items() if name != "ruleset_id"
        }
        what = "rows" if self.info.kind == TABLE else "rules"
        document = {**header, what: self.rows, "errata": self.errata}
        return document if self.glossary is None else {**document, **self.glossary.document()}

    def text(self) -> str:
        """Give all of it as text to read."""
        lines = [
            f"{self.info.ruleset}: {self.info.title}",
            f"{self.info.kind}, {self.info.status}, {self._period()}",
            f"source: {self.info.source}",
        ]
        if self.info.implements is not None:
            lines.append(f"implements: {self.info.implements}")
        if self.info.extends is not None:
            lines.append(f"extends: {self.info.extends}, by {self.info.change_count} changes")
        if self.info.releases:
            lines.append(f"releases: {', '.join(self.info.releases)}")
        lines += [f"checksum: {self.info.checksum}", ""]
        if self.info.kind == TABLE:
            lines += self._table()
        else:
            for row in self.rows:
                lines += rule_lines(row)
        if self.glossary is not None:
            lines += self.glossary.lines()
        return "\n".join(lines).rstrip()

    def _period(self) -> str:
        info = self.info
        if info.effective_from is None:
            return "never in operations" if info.releases else "without a date yet"
        by = " (the day of a tag)" if info.goes_by == "tag" else ""
        until = info.effective_until or "further notice"
        return f"in force from {info.effective_from}{by} to {until}"

    def _table(self) -> list[str]:
        from tabulate import tabulate

        cells = [
            [
                str(row[name]) if row[name] is not None else _BLANK.get(name, "N/A")
                for name in self.columns
            ]
            for row in self.rows
        ]
        table = tabulate(cells, self.columns, tablefmt="simple", disable_numparse=True)
        lines = [line.rstrip() for line in table.split("\n")]
        lines += [
            f"erratum: row {row['position']}, {row['field']}: printed {row['printed']!r}, "
            f"means {row['corrected']!r}; {row['reason']}"
            for row in self.errata
        ]
        return lines


def describe_ruleset(connection: Connection, label: str) -> Description:
    """Describe a ruleset.

    Raises
    ------
    NotFoundError
        If there is no such ruleset.
    """
    info = find_ruleset(connection, label)
    ruleset = store.load(connection, info.ruleset_id)
    if isinstance(ruleset, Table):
        rows = [mode._asdict() for mode in ruleset.modes]
        errata = [erratum._asdict() for erratum in ruleset.errata]
        return Description(info, Mode._fields, rows, errata)
    rules = [rule_words(rule) for rule in ruleset.rules]
    return Description(info, _RULE_COLUMNS, rules, [], glossary(ruleset))
