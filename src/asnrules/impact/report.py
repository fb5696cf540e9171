"""What a draft would change of what is on record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXAMPLES = 3
"""How many examples a group shows."""


class Reason(NamedTuple):
    """What changed, and why.

    Attributes
    ----------
    what : str
        `decision` or `association`.
    change : str
        What was, and what it would be.
    why : str
        What of the rules brings it about.
    """

    what: str
    change: str
    why: str


class Changed(NamedTuple):
    """A decision or association that changes.

    Attributes
    ----------
    reason : Reason
        What changed, and why.
    run_id : int
        The run on record.
    pool, program, exp_type : str or None
        Of the exposure, or of the science of the association.
    name : str
        The file name of the exposure, or the product of the association.
    """

    reason: Reason
    run_id: int
    pool: str
    program: str | None
    exp_type: str | None
    name: str


@dataclass(slots=True)
class Group:
    """Changes of one reason: how many, and some of them."""

    reason: Reason
    count: int = 0
    exp_types: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            **self.reason._asdict(),
            "count": self.count,
            "exp_types": self.exp_types,
            "examples": self.examples,
        }


@dataclass(slots=True)
class Impact:
    """What a draft would change.

    Attributes
    ----------
    draft, against : dict
        Label and checksum of the draft; of what it is held against, or of the rulesets of the
        runs on record.
    runs, exposures, signatures : int
        How many were looked at.
    regrouped : int
        For how many exposures associations were made again.
    changed : list of Changed
        All of them.
    seconds : float
        How long it took.
    """

    draft: dict[str, str]
    against: list[dict[str, str]]
    runs: int = 0
    exposures: int = 0
    signatures: int = 0
    regrouped: int = 0
    changed: list[Changed] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def decisions(self) -> int:
        """How many decisions would change."""
        return sum(group.count for group in self.groups() if group.reason.what == "decision")

    @property
    def associations(self) -> int:
        """How many associations would change."""
        return sum(group.count for group in self.groups() if group.reason.what == "association")

    def groups(self) -> Sequence[Group]:
        """Group the changes by what changed and why, the most frequent first."""
        groups: dict[Reason, Group] = {}
        for one in self.changed:
            group = groups.setdefault(one.reason, Group(one.reason))
            group.count += 1
            if one.exp_type is not None and one.exp_type not in group.exp_types:
                group.exp_types.append(one.exp_type)
            if len(group.examples) < EXAMPLES:
                group.examples.append(one.name)
        return sorted(groups.values(), key=lambda group: (group.reason.what, -group.count))

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each change as a record."""
        for one in self.changed:
            yield {
                "what": one.reason.what,
                "change": one.reason.change,
                "why": one.reason.why,
                "run_id": one.run_id,
                "pool": one.pool,
                "program": one.program,
                "exp_type": one.exp_type,
                "name": one.name,
            }

    def document(self) -> dict[str, Any]:
        """Give all of it as one document."""
        return {
            "draft": self.draft,
            "against": self.against,
            "runs": self.runs,
            "exposures": self.exposures,
            "signatures": self.signatures,
            "decisions_changed": self.decisions,
            "associations_changed": self.associations,
            "exposures_regrouped": self.regrouped,
            "seconds": round(self.seconds, 2),
            "groups": [group.document() for group in self.groups()],
            "changes": list(self.records()),
        }
