"""What a ruleset consists of, whether it comes from files or from tables."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

NOT_APPLICABLE = "N/A"
"""How the published table, and its CSV files, write that there is none."""

PUBLISHED_TABLES = ("exposure_modes", "errata")
"""The tables with the rows of a published ruleset."""

EXECUTABLE_TABLES = (
    "conditions",
    "condition_terms",
    "asn_rules",
    "asn_rule_roles",
    "asn_rule_conditions",
    "asn_rule_keys",
    "asn_rule_steps",
    "class_rules",
    "written_classes",
    "required_columns",
    "product_suffixes",
    "known_differences",
    "ruleset_settings",
    "general_differences",
    "intended_overlaps",
)
"""The tables with the rows of an executable ruleset, those referred to before those that refer."""

Rows = list[dict[str, Any]]

# What is no JSON was never stored, but may be found where somebody has changed the database.
_WRITER = json.JSONEncoder(sort_keys=True, default=repr)


@dataclass(frozen=True)
class RulesetContent:
    """A ruleset: its header, and its rows by table.

    Attributes
    ----------
    label, kind, title, source : str
        Its name, `table` or `rules`, what it is, where it comes from.
    effective_from : date or None
        The first day on which it is in force; None for a draft that has no date yet.
    implements : str or None
        The label of the table that rules implement.
    tables : dict of str to list of dict
        Rows by table, without the ruleset's id.
    effective_until : date or None
        The first day on which it is in force no more; None if that is for the next to say.
    files : dict of str to str
        The texts that the rows of an executable ruleset were read from, by path: kept for people,
        with their groups and comments; the rows are what counts, and what the checksum is of.
    """

    label: str
    kind: str
    title: str
    source: str
    effective_from: dt.date | None
    implements: str | None
    tables: dict[str, Rows]
    effective_until: dt.date | None = None
    files: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def table_names(self) -> tuple[str, ...]:
        """The tables that a ruleset of this kind has rows in."""
        return PUBLISHED_TABLES if self.kind == "table" else EXECUTABLE_TABLES

    def checksum(self) -> str:
        """Give the SHA-256 of the whole content, in hexadecimal.

        The same for the same content, in whatever order files or tables gave the rows. A table
        without rows adds nothing, so that a table that comes later changes no checksum.
        """
        rows = {
            name: sorted(map(_WRITER.encode, self.tables[name]))
            for name in self.table_names
            if self.tables[name]
        }
        header = [
            self.label,
            self.kind,
            self.title,
            self.source,
            self.effective_from and self.effective_from.isoformat(),
            self.implements,
        ]
        if self.effective_until is not None:
            header.append(self.effective_until.isoformat())
        text = json.dumps([header, rows], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
