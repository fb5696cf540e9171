"""The history of an exposure: every decision on record, and what changed from one to the next."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from asnrules.database.schema import association_members
from asnrules.errors import NotFoundError
from asnrules.record.findings import Finding
from asnrules.record.queries.exposures import (
    MEMBER_SEPARATOR,
    Place,
    RecordedDecision,
    RecordedMembership,
    decisions_of,
    keywords_of,
    memberships_of,
    near_filenames,
    spellings,
)
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import RecordedRun, RunFilter, list_runs
from asnrules.util.text import near_spellings


@dataclass(frozen=True, slots=True)
class HistoricDecision:
    """What one run decided of an exposure.

    Attributes
    ----------
    decision : RecordedDecision
        The run, and what the exposure was taken to be.
    memberships : list of RecordedMembership
        Its places in associations.
    changes : list of str
        What is different from the decision before, in words; None for the first.
    """

    decision: RecordedDecision
    memberships: list[RecordedMembership] = field(default_factory=list)
    changes: list[str] | None = None

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        decision = self.decision._asdict()
        for name in ("pool_id", "associations"):
            del decision[name]
        reason = decision.pop("reason")
        return {
            **decision,
            "associations": [_membership_document(one) for one in self.memberships],
            "reason": reason,
            "changes": self.changes,
        }


def exposure_history(
    connection: Connection, filename: str, findings: list[Finding] | None = None
) -> list[HistoricDecision]:
    """Give every decision on record about an exposure, in order of time.

    Parameters
    ----------
    connection : Connection
        Any.
    filename : str
        Of its uncal, rate or rateints product, in any case; or of another file that is a member
        of associations, such as a catalog.
    findings : list of Finding, optional
        See `Reader`.

    Raises
    ------
    NotFoundError
        If nothing is on record; the message suggests near names.
    """
    names = spellings(filename)
    reader = Reader(connection, findings)
    memberships: dict[tuple[int, Place], list[RecordedMembership]] = defaultdict(list)
    for one in memberships_of(reader, names):
        memberships[one.run_id, (one.pool_id, one.exposure)].append(one)
    decisions = decisions_of(reader, names)
    decided = {(one.run_id, (one.pool_id, one.position)) for one in decisions}
    foreign = [own[0] for place, own in memberships.items() if place not in decided]
    decisions += _foreign(reader, foreign)
    if not decisions:
        name = filename.strip().lower()
        near = ", ".join(near_spellings(name, near_filenames(connection, name), cutoff=0))
        hint = f"near it are {near}" if near else "there is no exposure yet"
        raise NotFoundError(f"no exposure {filename!r} on record; {hint}")
    decisions.sort(key=_time)
    found = [
        HistoricDecision(one, memberships[one.run_id, (one.pool_id, one.position)])
        for one in decisions
    ]
    return _with_changes(found, _keywords(reader, names, decisions))


def _time(one: RecordedDecision) -> tuple[bool, dt.datetime | int, int]:
    """Order decisions by time, those of which it cannot be read first."""
    moment: dt.datetime | None = one.started_at
    return (False, 0, one.run_id) if moment is None else (True, moment, one.run_id)


def _foreign(reader: Reader, memberships: Sequence[RecordedMembership]) -> list[RecordedDecision]:
    """Give what is known of a file in runs that have it in no pool."""
    if not memberships:
        return []
    wanted = RunFilter(run_ids=[one.run_id for one in memberships])
    runs = {run.run_id: run for run in list_runs(reader.connection, wanted, None, reader.findings)}
    for one in memberships:
        if one.run_id not in runs:
            reader.miss(one.run_id, association_members.c.run_id)
    return [_without_pool(one, runs.get(one.run_id)) for one in memberships]


def _without_pool(one: RecordedMembership, run: RecordedRun | None) -> RecordedDecision:
    unknown = dict.fromkeys(RecordedDecision._fields)
    names = ("started_at", "origin", "operator", "ruleset")
    known = {name: getattr(run, name) for name in names} if run else {}
    return RecordedDecision(**{**unknown, **known, "run_id": one.run_id, "filename": one.expname})


def _membership_document(one: RecordedMembership) -> dict[str, Any]:
    names = ("asn_name", "asn_type", "asn_rule", "asn_id", "product", "expname", "exptype")
    document = {name: getattr(one, name) for name in names}
    return {**document, "members": len(_members(one)), "verdict": one.verdict}


# ------------------------------------------------------------------------- changes

_Keywords = Mapping[Place, dict[str, Any]]


def _keywords(
    reader: Reader, names: Sequence[str], decisions: Iterable[RecordedDecision]
) -> _Keywords:
    """Give the keywords of an exposure that is on record with more than one row of a pool."""
    if len({(one.pool_id, one.position) for one in decisions}) == 1:
        return {}
    return keywords_of(reader, names)


def _with_changes(found: list[HistoricDecision], keywords: _Keywords) -> list[HistoricDecision]:
    compared = []
    before: list[HistoricDecision] = []
    for _, group in groupby(found, key=lambda one: one.decision.run_id):
        current = list(group)
        # Mostly one each: a pool may list an exposure twice, and a run may have several pools.
        same_row = {_row(one): one for one in before}
        for one in current:
            other = same_row.get(_row(one)) or (before[-1] if before else None)
            changes = None if other is None else _changes(other, one, keywords)
            compared.append(HistoricDecision(one.decision, one.memberships, changes))
        before = current
    return compared


def _row(one: HistoricDecision) -> Place:
    return one.decision.pool_id, one.decision.position


def _changes(before: HistoricDecision, after: HistoricDecision, keywords: _Keywords) -> list[str]:
    changes = [
        f"{word}: {new or 'none'}, was {old or 'none'}"
        for word, old, new in (
            ("ruleset", before.decision.ruleset, after.decision.ruleset),
            ("class", before.decision.member_type, after.decision.member_type),
            ("special", before.decision.special, after.decision.special),
        )
        if old != new and not (word != "ruleset" and _nothing_decided(before, after))
    ]
    changes += _keyword_changes(keywords.get(_row(before)), keywords.get(_row(after)))
    changes += _membership_changes(before.memberships, after.memberships)
    reasons = before.decision.reason, after.decision.reason
    still_out = not before.memberships and not after.memberships
    if still_out and reasons[0] != reasons[1] and None not in reasons:
        changes.append(f"reason: {reasons[1]}, was {reasons[0]}")
    return changes


def _nothing_decided(before: HistoricDecision, after: HistoricDecision) -> bool:
    """Tell whether one of two knows nothing of class and special."""
    return before.decision.associations is None or after.decision.associations is None


def _keyword_changes(
    before: Mapping[str, str | None] | None, after: Mapping[str, str | None] | None
) -> list[str]:
    if before is None or after is None:
        return []
    return [
        f"{name.upper()}: {after.get(name) or 'null'}, was {before.get(name) or 'null'}"
        for name in sorted({*before, *after})
        if (before.get(name) or "null") != (after.get(name) or "null")
    ]


def _membership_changes(
    before: Sequence[RecordedMembership], after: Sequence[RecordedMembership]
) -> list[str]:
    old = {_content(one): one for one in before}
    new = {_content(one): one for one in after}
    changes = [f"no longer {_words(one)}" for key, one in old.items() if key not in new]
    changes += [f"now {_words(one)}" for key, one in new.items() if key not in old]
    for key, one in new.items():
        if key in old and one.members != old[key].members:
            changes += _member_changes(one, set(_members(old[key])), set(_members(one)))
    return changes


def _member_changes(one: RecordedMembership, old: set[str], new: set[str]) -> list[str]:
    texts = [f"without {', '.join(sorted(old - new))}"] * bool(old - new)
    texts += [f"with {', '.join(sorted(new - old))}"] * bool(new - old)
    return [f"{_words(one)}: now {' and '.join(texts)}"] if texts else []


def _content(one: RecordedMembership) -> tuple[str | None, ...]:
    return one.program, one.asn_id, one.asn_type, one.asn_rule, one.product, one.exptype


def _members(one: RecordedMembership) -> list[str]:
    return (one.members or "").split(MEMBER_SEPARATOR)


def _words(one: RecordedMembership) -> str:
    kind = one.asn_type or "no type"
    return f"{one.exptype} in {one.product}, {kind} by {one.asn_rule} for {one.asn_id}"
