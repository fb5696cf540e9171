"""What a draft would change of what is on record."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from asnrules.catalog.changes import NamedChange
from asnrules.util.atomic_files import whole_file
from asnrules.util.results import Tabular, shown_briefly

EXAMPLES = 3
"""How many examples a group shows."""


class Reason(NamedTuple):
    """What changed, and why."""

    what: str
    """`decision` or `association`; for a table, `row`."""
    change: str
    """What was, and what it would be."""
    why: str
    """What of the rules brings it about."""


@shown_briefly
class Changed(NamedTuple):
    """A decision or association that changes."""

    reason: Reason
    run_id: int
    pool: str
    program: str | None
    exp_type: str | None
    """Of the exposure, or of the science of the association; so are pool and program."""
    name: str
    """The file name of the exposure, or the product of the association."""
    changes: tuple[NamedChange, ...] = ()
    """Those of the chain that turned it, where the rulesets are of one."""


class TurnedBy(NamedTuple):
    """A change of the chain, and how much it turned."""

    change: NamedChange
    decisions: int
    associations: int

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        counts = {"decisions": self.decisions, "associations": self.associations}
        return {**self.change.document(), **counts}


def by_change(turned: Iterable[tuple[str, Iterable[NamedChange]]]) -> list[TurnedBy]:
    """Count how many decisions and associations each change turned, the most first.

    Given is, for each `decision` or `association`, what turned it.
    """
    counts: dict[NamedChange, Counter[str]] = {}
    for what, changes in turned:
        for change in changes:
            counts.setdefault(change, Counter())[what] += 1
    found = [TurnedBy(one, its["decision"], its["association"]) for one, its in counts.items()]
    return sorted(found, key=lambda one: -(one.decisions + one.associations))


def names_of(changes: Iterable[NamedChange]) -> list[str]:
    """Give the names of changes."""
    return [change.change for change in changes]


@dataclass(slots=True)
class Group:
    """Changes of one reason: how many, and some of them."""

    reason: Reason
    changes: tuple[NamedChange, ...] = ()
    """Those of the chain that turned all of them."""
    count: int = 0
    exp_types: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            **self.reason._asdict(),
            "turned_by": names_of(self.changes),
            "count": self.count,
            "exp_types": self.exp_types,
            "examples": self.examples,
        }


@shown_briefly
@dataclass(slots=True)
class Impact(Tabular):
    """What a draft would change."""

    COLUMNS: ClassVar = (
        "what", "change", "why", "run_id", "pool", "program", "exp_type", "name", "turned_by",
    )  # fmt: skip

    draft: dict[str, str]
    """Label and checksum."""
    against: list[dict[str, str]]
    """The same of what it is compared with: one ruleset, or those of the runs on record."""
    runs: int = 0
    exposures: int = 0
    signatures: int = 0
    regrouped: int = 0
    """For how many exposures associations were made again."""
    changed: list[Changed] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def decisions(self) -> int:
        """How many decisions would change."""
        return sum(one.reason.what == "decision" for one in self.changed)

    @property
    def associations(self) -> int:
        """How many associations would change."""
        return sum(one.reason.what == "association" for one in self.changed)

    @property
    def rows(self) -> int:
        """How many exposures another row of the table would cover."""
        return len(self.changed) - self.decisions - self.associations

    def groups(self) -> Sequence[Group]:
        """Group the changes by what changed and why, the most frequent first."""
        groups: dict[Any, Group] = {}
        for one in self.changed:
            found = one.reason, one.changes
            group = groups.setdefault(found, Group(*found))
            group.count += 1
            if one.exp_type is not None and one.exp_type not in group.exp_types:
                group.exp_types.append(one.exp_type)
            if len(group.examples) < EXAMPLES:
                group.examples.append(one.name)
        return sorted(groups.values(), key=lambda group: (group.reason.what, -group.count))

    def by_change(self) -> list[TurnedBy]:
        """Say how much each change of the chain turned, the most first."""
        return by_change((one.reason.what, one.changes) for one in self.changed)

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each change as a record."""
        for one in self.changed:
            record = {**one._asdict(), "turned_by": names_of(one.changes)}
            del record["changes"]
            yield {**record.pop("reason")._asdict(), **record}

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
            "rows_changed": self.rows,
            "exposures_regrouped": self.regrouped,
            "seconds": round(self.seconds, 2),
            "by_change": [one.document() for one in self.by_change()],
            "groups": [group.document() for group in self.groups()],
            "changes": list(self.records()),
        }


def write_report(path: Path, impact: Impact) -> None:
    """Write a report as a JSON file, whole or not at all; it must not be there already."""
    with whole_file(path, mend="name another file") as stream:
        text = json.dumps(impact.document(), ensure_ascii=False, indent=2)
        stream.write(text.encode() + b"\n")
