"""What a check of a ruleset finds, and what it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from asnrules.util.results import Tabular, shown_briefly


def example_words(example: Mapping[str, str | None]) -> str:
    """Write an exposure as keywords with their values."""
    return " ".join(f"{name}={value or ''}" for name, value in example.items())


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

    COLUMNS: ClassVar = ("ruleset", "check", "subject", "finding", "example", "reason")

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
        """Give each finding as a record, its example as keywords with their values."""
        return [self._record(one, example_words(one.example)) for one in self.findings]

    def _record(self, finding: Finding, example: Any) -> dict[str, Any]:
        return {
            "ruleset": self.ruleset,
            "check": finding.check,
            "subject": finding.subject,
            "finding": finding.text,
            "example": example,
            "reason": finding.accepted,
        }

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        records = [self._record(one, one.example) for one in self.findings]
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
