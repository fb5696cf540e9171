"""What is on record about one run, and about the associations of one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from asnrules.errors import NotFoundError
from asnrules.record.findings import Finding
from asnrules.record.queries.associations import (
    RecordedAssociation,
    near_names,
    read_association,
    runs_with,
)
from asnrules.record.queries.reader import Reader
from asnrules.record.queries.runs import (
    RecordedRun,
    RunFilter,
    details_of,
    find_run,
    left_out_of,
    list_runs,
    pools_of,
    rules_of,
    verdicts_of,
)
from asnrules.util.text import near_spellings


@dataclass(frozen=True, slots=True)
class RunReport:
    """Everything that the record says of a run but for the single exposures and associations.

    Attributes
    ----------
    run : RecordedRun
        Who, when, with what.
    options : dict or None
        As given; None if they cannot be read.
    diagnostics : list of str or None
        What the operator was told; None if it cannot be read.
    digests : dict
        `previous_digest` and `digest`.
    pools, by_rule, left_out, verdicts : list of dict
        See the queries of `asnrules.record.queries.runs`.
    findings : list of Finding
        The values that cannot be read.
    """

    run: RecordedRun
    options: dict[str, Any] | None
    diagnostics: list[str] | None
    digests: dict[str, str]
    pools: list[dict[str, Any]]
    by_rule: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    findings: list[Finding]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            **self.run._asdict(),
            "pools": self.pools,
            "options": self.options,
            "by_rule": self.by_rule,
            "left_out": self.left_out,
            "verdicts": self.verdicts,
            "diagnostics": self.diagnostics,
            **self.digests,
            "findings": [one._asdict() for one in self.findings],
        }


def report_run(
    connection: Connection, run_id: int, findings: list[Finding] | None = None
) -> RunReport:
    """Give what is on record about a run.

    Parameters
    ----------
    connection : Connection
        Any.
    run_id : int
        The run.
    findings : list of Finding, optional
        See `Reader`.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    run = find_run(connection, run_id, findings)
    reader = Reader(connection, findings)
    details = details_of(reader, run_id)
    return RunReport(
        run=run,
        options=details.pop("options"),
        diagnostics=details.pop("diagnostics"),
        digests=details,
        pools=pools_of(reader, run_id),
        by_rule=rules_of(reader, run_id),
        left_out=left_out_of(reader, run_id),
        verdicts=verdicts_of(reader, run_id),
        findings=findings or [],
    )


@dataclass(frozen=True, slots=True)
class AssociationReport:
    """An association in one run.

    Attributes
    ----------
    run : RecordedRun
        The run.
    association : RecordedAssociation
        What it is.
    verdict : dict or None
        For an imported one, what was said of it.
    """

    run: RecordedRun
    association: RecordedAssociation
    verdict: dict[str, Any] | None

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        run = {
            name: getattr(self.run, name)
            for name in ("run_id", "started_at", "origin", "operator", "ruleset")
        }
        return {**run, **self.association.document(), "verdict": self.verdict}


def report_association(
    connection: Connection, name: str, findings: list[Finding] | None = None
) -> list[AssociationReport]:
    """Give an association in every run that has one of this name, in order of time.

    Parameters
    ----------
    connection : Connection
        Any.
    name : str
        Of the association or its file, in any case.
    findings : list of Finding, optional
        See `Reader`.

    Raises
    ------
    NotFoundError
        If there is none; the message suggests near names.
    """
    asn_name = name.strip().lower().removesuffix(".json")
    places = runs_with(connection, asn_name)
    if not places:
        near = ", ".join(near_spellings(asn_name, near_names(connection, asn_name), cutoff=0))
        hint = f"near it are {near}" if near else "there is no association yet"
        raise NotFoundError(f"no association {name!r} on record; {hint}")
    wanted = RunFilter(run_ids=[run_id for run_id, _ in places])
    runs = {run.run_id: run for run in list_runs(connection, wanted, findings=findings)}
    reader = Reader(connection, findings)
    return [_report(reader, runs[run_id], position) for run_id, position in places]


def _report(reader: Reader, run: RecordedRun, position: int) -> AssociationReport:
    one = read_association(reader, run.run_id, position)
    verdict = None
    if run.origin == "imported":
        verdict = next(iter(verdicts_of(reader, run.run_id, position)), None)
    return AssociationReport(run, one, verdict)
