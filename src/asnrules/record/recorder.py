"""Record a run, and find out whether one was recorded that nobody saw the end of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Engine, select

from asnrules.associations.journal import RunMark
from asnrules.database.engines import database_name, transaction
from asnrules.database.locks import take_ledger
from asnrules.database.schema import runs
from asnrules.errors import AsnrulesError, OutputError
from asnrules.record.record import Run, record_run


class RunRecorder:
    """Records one run in a database.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    told : callable, optional
        Told the id of the run once it is on record, however that ends.
    """

    def __init__(self, engine: Engine, told: Callable[[int], None] | None = None) -> None:
        self._engine = engine
        self._told = told
        self._mark: RunMark | None = None
        self._committing = False

    def mark(self, run: Run) -> RunMark:
        """Give that by which `has` finds the run that is to be recorded."""
        self._mark = RunMark(database_name(self._engine.url), run.started_at, run.host)
        return self._mark

    def record(self, run: Run) -> int:
        """Record a run in a transaction of its own; give its id.

        Raises
        ------
        DatabaseError
            If it cannot be recorded.
        """
        mark = self.mark(run)
        try:
            with transaction(self._engine, writing=True) as connection:
                run_id = record_run(connection, run)
                self._committing = True
        except BaseException:
            # An interrupt, or the loss of the connection, can come after the commit.
            with suppress(AsnrulesError):
                self._tell(self._find(mark) if self._committing else None)
            raise
        self._tell(run_id)
        return run_id

    def has(self, mark: RunMark) -> bool:
        """Tell whether a run was recorded.

        Raises
        ------
        DatabaseError
            If the database cannot be asked.
        OutputError
            If it is another one that would know.
        """
        if mark == self._mark and not self._committing:
            return False
        if mark.database != database_name(self._engine.url):
            raise OutputError(
                "the output folder holds files of a run that was cut off, and only the database "
                f"{mark.database} knows whether it was recorded; run once with that --database, "
                "or remove the folders .asnrules-stage-* there to keep the files as they are"
            )
        return self._find(mark) is not None

    def _find(self, mark: RunMark) -> int | None:
        found = select(runs.c.run_id).where(
            runs.c.started_at == mark.started_at, runs.c.host == mark.host
        )
        with transaction(self._engine) as connection:
            # A server may still be at the commit of a process that was killed.
            take_ledger(connection)
            return connection.execute(found).scalars().first()

    def _tell(self, run_id: int | None) -> None:
        if self._told is not None and run_id is not None:
            self._told(run_id)
