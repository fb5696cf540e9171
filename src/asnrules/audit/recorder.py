"""Record a run, and find out whether one was recorded that nobody saw the end of."""

from __future__ import annotations

from sqlalchemy import Engine, select

from asnrules.associations.journal import RunMark
from asnrules.audit.record import Run, record_run
from asnrules.database.engines import database_name, transaction
from asnrules.database.schema import runs
from asnrules.errors import OutputError


class RunRecorder:
    """Records one run in a database.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._committing = False

    def mark(self, run: Run) -> RunMark:
        """Give that by which `has` finds a run."""
        return RunMark(database_name(self._engine.url), run.started_at, run.host)

    def record(self, run: Run) -> int:
        """Record a run in a transaction of its own; give its id.

        Raises
        ------
        DatabaseError
            If it cannot be recorded.
        """
        with transaction(self._engine, writing=True) as connection:
            run_id = record_run(connection, run)
            self._committing = True
        return run_id

    def may_have(self, mark: RunMark) -> bool:
        """Tell whether the run of `record` is there, although that came to no good end.

        Raises
        ------
        DatabaseError
            If that cannot be found out.
        """
        return self._committing and self.has(mark)

    def has(self, mark: RunMark) -> bool:
        """Tell whether a run was recorded.

        Raises
        ------
        DatabaseError
            If the database cannot be asked.
        OutputError
            If it is another one that would know.
        """
        if mark.database != database_name(self._engine.url):
            raise OutputError(
                "the output folder holds files of a run that was cut off, and only the database "
                f"{mark.database} knows whether it was recorded; run once with that --database, "
                "or remove the folders .asnrules-stage-* there to keep the files as they are"
            )
        found = select(runs.c.run_id).where(
            runs.c.started_at == mark.started_at, runs.c.host == mark.host
        )
        with transaction(self._engine) as connection:
            return connection.execute(found).first() is not None
