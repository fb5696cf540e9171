"""What is on record about one run, and about the associations of one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from asnrules.database.schema import runs
from asnrules.database.stored import read_stored
from asnrules.errors import NotFoundError
from asnrules.record.queries.associations import (
    RecordedAssociation,
    RecordedAssociations,
    near_names,
    runs_with,
)
from asnrules.record.queries.runs import (
    RecordedRun,
    RunFilter,
    find_run,
    left_out_of,
    list_runs,
    pools_of,
    rules_of,
    stored_details,
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
    options : dict
        As given.
    diagnostics : list of str
        What the operator was told.
    digests : dict
        `previous_digest` and `digest`.
    pools, by_rule, left_out, verdicts : list of dict
        See the queries of `asnrules.record.queries.runs`.
    """

    run: RecordedRun
    options: dict[str, Any]
    diagnostics: list[str]
    digests: dict[str, str]
    pools: list[dict[str, Any]]
    by_rule: list[dict[str, Any]]
    left_out: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]

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
        }


def report_run(connection: Connection, run_id: int) -> RunReport:
    """Give what is on record about a run.

    Raises
    ------
    NotFoundError
        If there is no such run.
    """
    run = find_run(connection, run_id)
    stored = stored_details(connection, run_id)
    of = f"run {run_id}"
    return RunReport(
        run=run,
        options=read_stored(runs.c.options, stored.pop("options"), of),
        diagnostics=read_stored(runs.c.diagnostics, stored.pop("diagnostics"), of),
        digests=stored,
        pools=pools_of(connection, run_id),
        by_rule=rules_of(connection, run_id),
        left_out=left_out_of(connection, run_id),
        verdicts=verdicts_of(connection, run_id),
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


def report_association(connection: Connection, name: str) -> list[AssociationReport]:
    """Give an association in every run that has one of this name, in order of time.

    Parameters
    ----------
    connection : Connection
        Any.
    name : str
        Of the association or its file, in any case.

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
    runs = {
        run.run_id: run
        for run in list_runs(connection, RunFilter(run_ids=[run_id for run_id, _ in places]))
    }
    return [_report(connection, runs[run_id], position) for run_id, position in places]


def _report(connection: Connection, run: RecordedRun, position: int) -> AssociationReport:
    (one,) = RecordedAssociations(connection, run.run_id).chosen([position])
    verdict = None
    if run.origin == "imported":
        verdict = next(iter(verdicts_of(connection, run.run_id, position)), None)
    return AssociationReport(run, one, verdict)
