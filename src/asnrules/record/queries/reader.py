"""Read rows of the record, any value of which may have been changed; and how they are joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Connection, Label, Select, Table, Text, and_, case, or_

from asnrules.database.schema.record import (
    association_members,
    associations,
    decisions,
    exposures,
    imported_associations,
    traces,
)
from asnrules.database.stored import Finding, as_stored, read_stored
from asnrules.errors import StoredValueError

DECIDED = and_(
    exposures.c.pool_id == decisions.c.pool_id, exposures.c.position == decisions.c.position
)
"""The exposure of a decision."""

HAS_MEMBER = and_(
    association_members.c.run_id == associations.c.run_id,
    association_members.c.association == associations.c.position,
)
"""The association of a member."""

IS_MEMBER = and_(
    exposures.c.pool_id == association_members.c.pool_id,
    exposures.c.position == association_members.c.exposure,
)
"""The exposure of a member."""

IMPORTED = and_(
    imported_associations.c.run_id == associations.c.run_id,
    imported_associations.c.position == associations.c.position,
)
"""The verdict on an association."""

TRACE_REASON = case(
    (or_(decisions.c.run_id.is_(None), decisions.c.reason.is_not(None)), ""),
    else_=traces.c.reason,
)
"""Why an exposure is in no association, or what the rules make of it, by its trace; empty where the
decision itself says it, or there is none."""

_NOTHING: Mapping[str, Any] = {}

NOT_IMPORTED = "not imported"
"""What is to be said of an exposure of a pool that no imported association has."""


def without_association(origin: str) -> str:
    """Say where an exposure is that a run of an origin has in no association.

    An imported run has some associations, and does not tell of others.
    """
    return NOT_IMPORTED if origin == "imported" else "in no association"


class Reader:
    """Reads rows; each value is checked, and JSON is given as what it means.

    Parameters
    ----------
    connection : Connection
        Any; within `any_text`, if findings are wanted.
    findings : list of Finding, optional
        Takes the values that cannot be read, the first of each column of a run. Text is then given
        with its bytes escaped, all else as None. Without it, the first is a StoredValueError.
    """

    def __init__(self, connection: Connection, findings: list[Finding] | None = None) -> None:
        self.connection = connection
        self.findings = findings

    def rows(
        self,
        statement: Select[Any],
        run_id: int | None = None,
        *,
        outer: Mapping[str, str] = _NOTHING,
        links: Mapping[str, Column[Any]] = _NOTHING,
        sources: Mapping[str, Column[Any]] = _NOTHING,
    ) -> Iterator[dict[str, Any]]:
        """Give the rows of a statement, by the names of what it selects.

        Parameters
        ----------
        statement : Select
            Selects columns of the schema, labelled or not, and expressions.
        run_id : int, optional
            The run that the rows belong to; by default it is what they have as `run_id`.
        outer : mapping, optional
            From each column of an outer join to the column that is None where there is no such row.
        links : mapping, optional
            From what comes from an outer join to the column that refers there: if it is None,
            that column refers to nothing.
        sources : mapping, optional
            From an expression to the column whose values it gives.
        """
        known = {one.key: _column(one) for one in statement.selected_columns}
        stored = [
            one if column is None else as_stored(self.connection, column).label(one.key)
            for one, column in zip(statement.selected_columns, known.values(), strict=True)
        ]
        known.update(sources)
        statement = statement.with_only_columns(*stored)
        for row in self.connection.execute(statement).mappings().all():
            of = row["run_id"] if run_id is None else run_id
            found = {}
            for name, value in row.items():
                column = known[name]
                if value is None and name in links:
                    self.miss(of, links[name])
                elif column is not None and not (
                    value is None and name in outer and row[outer[name]] is None
                ):
                    value = self._read(column, value, of)
                found[name] = value
            yield found

    def miss(self, run_id: int, column: Column[Any]) -> None:
        """Take note that a column of a run refers to nothing."""
        what = column.name.removesuffix("_id")
        self._add(run_id, column, f"there is no such {what} any more")

    def _read(self, column: Column[Any], value: Any, run_id: int) -> Any:
        try:
            return read_stored(column, value, f"run {run_id}")
        except StoredValueError as error:
            self._add(run_id, column, error.problem)
        is_text = isinstance(column.type, Text) and isinstance(value, str)
        return _escaped(value) if is_text else None

    def _add(self, run_id: int, column: Column[Any], problem: str) -> None:
        table = column.table.name
        if self.findings is None:
            raise StoredValueError(f"run {run_id}", table, column.name, problem)
        if (run_id, table, column.name) not in {one[:3] for one in self.findings}:
            self.findings.append(Finding(run_id, table, column.name, problem))


def unassociated(
    reader: Reader, run_id: int, statement: Select[Any], **sources: Column[Any]
) -> list[dict[str, Any]]:
    """Give what a statement selects of the exposures of a run in no association, with the reason.

    It selects the key of a trace as `trace`; for the sources of expressions see `Reader.rows`.
    """
    statement = (
        statement.add_columns(decisions.c.reason, TRACE_REASON.label("told"))
        .select_from(decisions)
        .outerjoin(traces, traces.c.trace_id == decisions.c.trace_id)
        .join(exposures, DECIDED)
        .where(decisions.c.run_id == run_id, decisions.c.association_count == 0)
    )
    rows = reader.rows(
        statement,
        run_id,
        outer={"told": "trace"},
        links={"trace": decisions.c.trace_id},
        sources={"told": traces.c.reason, **sources},
    )
    found = []
    for row in rows:
        told = row.pop("told")
        del row["trace"]
        found.append({**row, "reason": row["reason"] or told})
    return found


def columns(table: Table, *names: str) -> list[Column[Any]]:
    """Give columns of a table by their names."""
    return [table.c[name] for name in names]


def _column(selected: Any) -> Column[Any] | None:
    inner = selected.element if isinstance(selected, Label) else selected
    return inner if isinstance(inner, Column) else None


def _escaped(text: str) -> str:
    """Write each byte that is not UTF-8 by its number."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
