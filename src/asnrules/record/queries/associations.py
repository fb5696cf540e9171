"""Recorded associations: by name, and all of a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, func, select

from asnrules.associations.model import RECORDED, Association, Member, Product
from asnrules.database.schema.record import association_members, associations, runs
from asnrules.database.stored import Finding
from asnrules.errors import NotFoundError
from asnrules.pools.exposure_names import plain_name
from asnrules.record.queries.reader import Reader, columns
from asnrules.record.queries.runs import RecordedRun, RunFilter, list_runs, verdicts_of
from asnrules.util.results import shown_briefly
from asnrules.util.text import near_spellings

_BATCH = 10_000
_NUMBERS = 5_000
"""How many numbers a statement lists; databases take some ten thousand."""


_MEMBER = ("product", "expname", "exptype", "exposerr", "exposure", "pool_id")


class RecordedAssociations:
    """The associations of a run, as long as the connection is open; for findings see `Reader`."""

    def __init__(
        self, connection: Connection, run_id: int, findings: list[Finding] | None = None
    ) -> None:
        self._reader = Reader(connection, findings)
        self._run_id = run_id

    def __iter__(self) -> Iterator[tuple[int, Association]]:
        """Yield them with their numbers, from 1, as they are fetched and stored."""
        headers, members = map(self._stream, _statements(self._run_id, None))
        groups = groupby(members, key=lambda row: row.association)
        number, group = next(groups, (None, iter(())))
        for position, *values in headers:
            header = dict(zip(RECORDED, values, strict=True))
            own: tuple[Product, ...] = ()
            if number == position:
                own = _products(row[1:] for row in group)
                number, group = next(groups, (None, iter(())))
            yield position, Association(**header, products=own)

    def _stream(self, statement: Select[Any]) -> Iterator[Any]:
        options = {"yield_per": _BATCH}
        return iter(self._reader.connection.execute(statement, execution_options=options))

    def chosen(self, positions: Sequence[int]) -> list[Association]:
        """Give those with these numbers, in the order of the numbers; see `Reader`."""
        ordered = sorted(positions)
        found: list[Association] = []
        for start in range(0, len(ordered), _NUMBERS):
            headers, members = _statements(self._run_id, ordered[start : start + _NUMBERS])
            own: dict[int, list[Sequence[Any]]] = defaultdict(list)
            for row in self._reader.rows(members, self._run_id):
                own[row.pop("association")].append(tuple(row.values()))
            for header in self._reader.rows(headers, self._run_id):
                products = _products(own[header.pop("position")])
                found.append(Association(**header, products=products))
        return found


def _products(members: Iterable[Sequence[Any]]) -> tuple[Product, ...]:
    return tuple(
        Product(name, tuple(Member(*row[1:]) for row in group))
        for name, group in groupby(members, key=itemgetter(0))
    )


def _statements(run_id: int, positions: Sequence[int] | None) -> tuple[Select[Any], Select[Any]]:
    headers = (
        select(*columns(associations, "position", *RECORDED))
        .where(associations.c.run_id == run_id)
        .order_by(associations.c.position)
    )
    members = (
        select(*columns(association_members, "association", *_MEMBER))
        .where(association_members.c.run_id == run_id)
        .order_by(association_members.c.association, association_members.c.position)
    )
    if positions is not None:
        headers = headers.where(associations.c.position.in_(positions))
        members = members.where(association_members.c.association.in_(positions))
    return headers, members


def runs_with(connection: Connection, asn_name: str) -> list[tuple[int, int]]:
    """Give the runs that have an association of a name: each run, and its number there."""
    # One look into the index for each run, as that begins with the run; put as a join, SQLite goes
    # through all associations.
    position = (
        select(associations.c.position)
        .where(associations.c.run_id == runs.c.run_id, associations.c.asn_name == asn_name)
        .scalar_subquery()
    )
    statement = select(runs.c.run_id, position).order_by(runs.c.started_at, runs.c.run_id)
    return [(run_id, found) for run_id, found in connection.execute(statement) if found]


def near_names(connection: Connection, asn_name: str) -> list[str]:
    """Give the names that come just before and after a name, in the order of each run."""
    found: set[str] = set()
    for aggregate, is_beside in (
        (func.max, associations.c.asn_name < asn_name),
        (func.min, associations.c.asn_name > asn_name),
    ):
        beside = (
            select(aggregate(associations.c.asn_name))
            .where(associations.c.run_id == runs.c.run_id, is_beside)
            .scalar_subquery()
        )
        names = connection.execute(select(beside).select_from(runs)).scalars()
        found |= {name for name in names if name is not None}
    return sorted(found)


@shown_briefly
@dataclass(frozen=True, slots=True)
class AssociationReport:
    """An association in one run."""

    run: RecordedRun
    association: Association
    verdict: dict[str, Any] | None
    """What was said of an imported one."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        run = {
            name: getattr(self.run, name)
            for name in ("run_id", "started_at", "origin", "operator", "ruleset")
        }
        return {**run, **self.association.recorded(), "verdict": self.verdict}


def report_association(
    connection: Connection, name: str, findings: list[Finding] | None = None
) -> list[AssociationReport]:
    """Give an association in every run that has one of this name, in order of time.

    The name is that of the association or its file, in any case, which may have a folder; for
    findings see `Reader`.
    """
    asn_name = plain_name(name).removesuffix(".json")
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
    (one,) = RecordedAssociations(reader.connection, run.run_id, reader.findings).chosen([position])
    verdict = None
    if run.origin == "imported":
        verdict = next(iter(verdicts_of(reader, run.run_id, position)), None)
    return AssociationReport(run, one, verdict)
