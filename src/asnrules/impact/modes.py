"""What a draft of the exposure-mode table would change: the rows that cover recorded exposures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Select, select

from asnrules.catalog.look_up import ExposureMode, look_up
from asnrules.catalog.rulesets import TABLE, RulesetInfo, choose_ruleset, list_rulesets
from asnrules.database.schema.record import decisions, exposures, traces
from asnrules.impact.report import Changed, Reason
from asnrules.record.pools import RunWithPools
from asnrules.record.queries.reader import DECIDED
from asnrules.util.text import wanted_program

Modes = Mapping[tuple[str, str | None], ExposureMode]
"""The rows of a table by EXP_TYPE and special."""


class TableComparison:
    """Compares a table with another, `against` for all runs, or with that of the rules of each."""

    def __init__(self, connection: Connection, draft: RulesetInfo, against: str | None) -> None:
        self._connection = connection
        self._draft = _modes(connection, draft)
        self._tables = {one.ruleset: one.implements for one in list_rulesets(connection)}
        self._against = against
        self._modes: dict[str, Modes] = {}
        self.others: list[RulesetInfo] = []
        self.kinds: set[tuple[str, str | None]] = set()
        """EXP_TYPEs with their specials that were looked at."""
        self.exposures = 0

    def changed(self, run: RunWithPools, program: str | None) -> list[Changed]:
        """Give the exposures of a run, or those of a program, that another row would cover."""
        before = self._of(run)
        pools = {pool.pool_id: pool.name for pool in run.pools}
        found = []
        for row in self._connection.execute(_statement(run, program)):
            kind = (row.exp_type or "").upper(), row.special
            self.exposures += 1
            self.kinds.add(kind)
            was, becomes = _words(before.get(kind)), _words(self._draft.get(kind))
            if was != becomes:
                why = kind[0] if kind[1] is None else f"{kind[0]} with {kind[1]}"
                reason = Reason("row", f"{was} -> {becomes}", f"the row of {why}")
                pool = pools[row.pool_id]
                found.append(
                    Changed(
                        reason, run.run_id, pool, row.program, kind[0] or None, row.filename or ""
                    )
                )
        return found

    def _of(self, run: RunWithPools) -> Modes:
        label = self._against or self._tables[run.ruleset] or ""
        if label not in self._modes:
            info = choose_ruleset(self._connection, TABLE, label)
            self.others.append(info)
            self._modes[label] = _modes(self._connection, info)
        return self._modes[label]


def _statement(run: RunWithPools, program: str | None) -> Select[Any]:
    of_exposure = (exposures.c.pool_id, exposures.c.program, exposures.c.exp_type)
    statement = (
        select(*of_exposure, exposures.c.filename, traces.c.special)
        .select_from(decisions)
        .join(exposures, DECIDED)
        .join(traces, traces.c.trace_id == decisions.c.trace_id)
        .where(decisions.c.run_id == run.run_id)
        .order_by(decisions.c.pool_id, decisions.c.position)
    )
    if program is not None:
        statement = statement.where(exposures.c.program == wanted_program(program))
    return statement


def _modes(connection: Connection, info: RulesetInfo) -> Modes:
    return {(mode.exp_type, mode.special): mode for mode in look_up(connection, info)}


def _words(mode: ExposureMode | None) -> str:
    if mode is None:
        return "no row"
    return f"{mode.member_type}, {mode.asn_type or 'no association'}"
