"""What a check of a ruleset finds, and what it accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from asnrules.util.results import Tabular, shown_briefly


@shown_briefly
class Finding(NamedTuple):
    """Something that a check found."""

    check: str
    """What was looked for: `never matches`, `no value`, `same association`, `no row`, `not
    announced`, `not delivered`, `class`, `does not occur`, `errata`."""
    subject: str
    """The row, rule, role, condition or EXP_TYPE."""
    text: str
    example: dict[str, str | None]
    """An exposure that shows it, by keyword."""
    accepted: str | None = None
    """The reason that the ruleset gives for it; None if it gives none."""


@shown_briefly
@dataclass(frozen=True, slots=True)
class Checked(Tabular):
    """What came out of the check of a ruleset."""

    ruleset: str
    kind: str
    checksum: str
    findings: Sequence[Finding]
    """Those without an explanation come first."""
    exp_types: int
    combinations: int
    """How many combinations of values that the rules can tell apart that was."""
    seconds: float

    def open_findings(self) -> list[Finding]:
        """Give the findings without an explanation."""
        return [finding for finding in self.findings if finding.accepted is None]

    def records(self) -> list[dict[str, Any]]:
        """Give the findings as the command line prints them."""
        return [
            {
                "ruleset": self.ruleset,
                "check": finding.check,
                "subject": finding.subject,
                "finding": finding.text,
                "example": finding.example,
                "reason": finding.accepted,
            }
            for finding in self.findings
        ]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        records = self.records()
        return {
            "ruleset": self.ruleset,
            "kind": self.kind,
            "checksum": self.checksum,
            "exp_types": self.exp_types,
            "combinations": self.combinations,
            "seconds": round(self.seconds, 2),
            "findings": [record for record in records if record["reason"] is None],
            "accepted": [record for record in records if record["reason"] is not None],
        }
