"""The record from Python: the functions that the commands of `asnrules audit` call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from asnrules.database.engines import shown_url, transaction
from asnrules.database.stored import any_text
from asnrules.errors import UsageError
from asnrules.util.arguments import settings, taking_by_kind
from asnrules.util.results import Results, ResultStream
from asnrules.util.text import shown

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from asnrules.associations.needs import Need
    from asnrules.database.stored import Finding
    from asnrules.record.chain import Head
    from asnrules.record.compare import Differences
    from asnrules.record.lake import Exported
    from asnrules.record.queries.associations import AssociationReport
    from asnrules.record.queries.history import DecisionCount, HistoricDecision
    from asnrules.record.queries.runs import RecordedRun, RunFilter, RunReport
    from asnrules.record.verify import Verification
    from asnrules.util.parallel import Progress, Workers
    from asnrules.workflows.import_associations import ImportOptions, ImportReport
    from asnrules.workflows.replay import Replay
    from asnrules.workflows.timeline import Timeline


@taking_by_kind
class Audit:
    """The record of what was decided; `Catalog.audit` is one.

    Every method may raise `NotFoundError` for something that is not on record, with near names in
    the message. Some take a list of `findings`, which collects the stored values that cannot be
    read, because the database was changed; without it, the first of them is an error.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __repr__(self) -> str:
        return f"{type(self).__name__}({shown_url(self._engine.url)!r})"

    def runs(
        self,
        wanted: RunFilter | None = None,
        limit: int | None = None,
        findings: list[Finding] | None = None,
        **named: Any,
    ) -> Results[RecordedRun]:
        """Give recorded runs, the latest first; at most `limit`.

        What a `RunFilter` has may be given by its name, such as `runs(program="1234")`.

        Returns
        -------
        list of RecordedRun
            With `run_id`, `origin`, `started_at`, `finished_at`, `operator`, `host`,
            `software_version`, `ruleset`, `pools`, `exposures`, `associations`, `unassociated`
            (None for an imported run, which has `not_imported`) and `note`.
        """
        from asnrules.record.queries.runs import RecordedRun, RunFilter, list_runs

        wanted = settings(RunFilter, wanted, named)
        with transaction(self._engine) as connection, any_text(connection):
            found = list_runs(connection, wanted, limit, findings)
        return Results(found, RecordedRun._fields)

    def run(self, run_id: int, findings: list[Finding] | None = None) -> RunReport:
        """Give what is on record about a run.

        Returns
        -------
        RunReport
            With `run`, `options`, `diagnostics`, `digests`, `pools`, `by_rule`, `left_out`,
            `verdicts` and `findings`; its `document()` is what the command prints, as with all
            that follow but `verify`.
        """
        from asnrules.record.queries.runs import report_run

        with transaction(self._engine) as connection, any_text(connection):
            return report_run(connection, run_id, findings)

    def exposure(
        self,
        filename: Path | str,
        findings: list[Finding] | None = None,
        limit: int | None = None,
    ) -> Results[HistoricDecision]:
        """Give every decision on record about an exposure, in order of time; see `limit`.

        It is given by any file of it, or by how its name begins. With a limit, only the decisions
        of so many runs are given, the latest.

        Returns
        -------
        list of HistoricDecision
            With `decision`, `memberships` and `changes` (from the one before, in words).
        """
        from asnrules.record.queries.history import exposure_history

        with transaction(self._engine) as connection, any_text(connection):
            return Results(exposure_history(connection, str(filename), findings, limit))

    def exposure_counts(
        self, filename: Path | str, findings: list[Finding] | None = None
    ) -> Results[DecisionCount]:
        """Count the decisions on record about an exposure by ruleset and outcome.

        Returns
        -------
        list of DecisionCount
            With `decisions` (how many), `ruleset`, `origin`, `associations`, `first_run` and
            `last_run`, the earliest first.
        """
        from asnrules.record.queries.history import count_decisions

        with transaction(self._engine) as connection, any_text(connection):
            return Results(count_decisions(connection, str(filename), findings))

    def association(
        self, name: Path | str, findings: list[Finding] | None = None
    ) -> Results[AssociationReport]:
        """Give an association in every run that has one of this name, in order of time.

        The name is that of the association or its file, in any case, which may have a folder.

        Returns
        -------
        list of AssociationReport
            One for each run.
        """
        from asnrules.record.queries.associations import report_association

        with transaction(self._engine) as connection, any_text(connection):
            return Results(report_association(connection, str(name), findings))

    def needs(self, name: Path | str, findings: list[Finding] | None = None) -> Results[Need]:
        """List the files that an association needs on disk, as the newest run has it.

        Returns
        -------
        list of Need
            With `asn_name`, `kind` (the exptype of a member, or `msa_metadata`), `file` and
            `is_made_later` (by Stage 3). Where the pool is not on record, `notes` says so.
        """
        from asnrules.workflows.needs import recorded_needs

        with transaction(self._engine) as connection, any_text(connection):
            return recorded_needs(connection, str(name), findings)

    def diff(self, before: int, after: int) -> Differences:
        """Compare the associations of two runs by content, ignoring sequence numbers.

        Returns
        -------
        Differences
            With `unchanged`, `removed`, `added` and `changed`; false if there are none.
        """
        from asnrules.record.compare import compare_runs

        with transaction(self._engine) as connection:
            return compare_runs(connection, before, after)

    def replay(
        self,
        *run_ids: int,
        wanted: RunFilter | None = None,
        ruleset: str | None = None,
        workers: Workers = 1,
    ) -> ResultStream[Replay]:
        """Run recorded pools again, each with the options it had; of runs, or those of a filter.

        `RunFilter()` wants all. Workers, here and below, are processes or a `DaskCluster`.

        By default each run's own rules are used, and the result must be identical.

        Yields
        ------
        Replay
            With `run`, `ruleset`, `verdict`, `reason`, `fields`, `decisions`, `associations`,
            `is_fine`, `turned_by` (the changes of the chain that turned each difference) and
            `by_change()`.

        Raises
        ------
        UsageError
            If no run is named.
        """
        from asnrules.record.queries.runs import RunFilter
        from asnrules.workflows.replay import replay, runs_to_replay

        wanted = None if wanted is None else settings(RunFilter, wanted, {})
        runs = runs_to_replay(self._engine, run_ids, wanted)
        return ResultStream(replay(self._engine, runs, ruleset, workers=workers))

    def import_associations(
        self, *paths: Path | str, options: ImportOptions | None = None, **named: Any
    ) -> ImportReport:
        """Record association files that were made elsewhere, with a verdict on each.

        Any option may be given by its name, such as `dry_run=True`.

        A folder means its `*asn.json`. Files that cannot be read do not hinder the others.

        Returns
        -------
        ImportReport
            With `runs`, `files` (each with a verdict and its explanation) and `errors`, a line
            for each file that was refused; it becomes a table with a row for each file.
        """
        from asnrules.workflows.import_associations import ImportOptions, import_associations

        words = [str(path) for path in paths]
        return import_associations(self._engine, words, settings(ImportOptions, options, named))

    def timeline(self, what: str | int, progress: Progress | None = None) -> Timeline:
        """Make the associations of a recorded pool under each ruleset of the chain.

        Parameters
        ----------
        what : str or int
            The name of an exposure, of which the newest run with its pool counts; or the number of
            a run.
        progress : callable, optional
            Called with the stage of the work, how much of it is done, and how much there is.

        Returns
        -------
        Timeline
            With `run`, `filename`, `rulesets`, `events`, `refused` and `turned()`; each event with
            `info` (the ruleset), `what`, `association`, `differences` and `changes`.

        Raises
        ------
        UsageError
            If the pool of the run is not on record, or not all of it.
        """
        from asnrules.workflows.timeline import timeline

        if isinstance(what, str) and what.isdecimal():
            what = int(what)
        return timeline(self._engine, what, progress)

    def verify(
        self, against: str | None = None, since: int = 0, *, workers: Workers = 1
    ) -> Verification:
        """Recompute every digest of the record.

        Parameters
        ----------
        against : str, optional
            A digest that was kept outside the database, 64 hexadecimal digits.
        since : int, optional
            The number of a run; the rows of it and of earlier runs are not looked at.

        Returns
        -------
        Verification
            With `runs`, `rows`, `head`, `known` and `findings`, which is empty if all is well.

        Raises
        ------
        UsageError
            If `against` is not a digest.
        """
        from asnrules.record.verify import verify

        return verify(self._engine, against, workers=workers, since=since)

    def digest(self) -> Head:
        """Give the number and the digest of the last run, to be kept outside the database.

        Returns
        -------
        Head
            With `run_id` and `digest`.
        """
        from asnrules.record.chain import Head
        from asnrules.record.queries.runs import last_digest

        with transaction(self._engine) as connection, any_text(connection):
            return Head(**last_digest(connection))

    def export(
        self,
        path: Path | str,
        format: Literal["jsonl", "parquet"] = "jsonl",  # noqa: A002  # as the command calls it
        *,
        overwrite: bool = False,
    ) -> Exported:
        """Write the whole record: a file of JSON Lines, or the runs that a folder lacks as Parquet.

        `tools/verify_ledger.py` verifies both; only a file can be replaced.

        Returns
        -------
        Exported
            With `head` (the last run), `runs` (how many were written), `kept`, and `problems` and
            `findings`, which are empty if all is well.

        Raises
        ------
        OutputError
            If it cannot be written, or a file is there already.
        """
        from asnrules.record.export import write_export
        from asnrules.record.lake import Exported, export_lake

        if format not in {"jsonl", "parquet"}:
            raise UsageError(f"format: {shown(str(format))} is neither 'jsonl' nor 'parquet'")
        if format == "parquet" and overwrite:
            raise UsageError("overwrite: a folder of Parquet files is added to, never replaced")
        if format == "parquet":
            return export_lake(self._engine, Path(path))
        findings: list[Finding] = []
        last = write_export(self._engine, Path(path), findings, overwrite=overwrite)
        return Exported(last, last.run_id, findings=findings)

    def report(self, run_id: int, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write a run as one HTML page that needs nothing else.

        Returns
        -------
        Path
            That of the page.
        """
        from asnrules.report.rendering import write_page

        write_page(self._engine, run_id, Path(path), overwrite=overwrite)
        return Path(path)
