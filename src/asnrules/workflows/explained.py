"""The exposures that an explanation is about: those of a pool, or those of a run on record."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.catalog.rulesets import RULES, choose_ruleset
from asnrules.database.engines import transaction
from asnrules.engine.generation import Outcome, Wanted
from asnrules.pools.evaluation import EvaluatedPools, evaluate_pools
from asnrules.pools.exposure_names import find_exposure
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.inputs import PoolInput
from asnrules.record.queries.runs import RecordedRun, find_run
from asnrules.util.environment import paused_collector
from asnrules.util.text import Day
from asnrules.workflows.rerun import Rerun


class Explained(NamedTuple):
    """Evaluated exposures, and what was wanted of their associations."""

    evaluated: EvaluatedPools
    wanted: Wanted
    where: str
    """Where they are, in words."""

    def place(self, spelling: str) -> int:
        """Give an exposure, by its place in canonical order; see `find_exposure`."""
        names = [name or "" for name in self.evaluated.work.column("filename")]
        return find_exposure(spelling, names, self.where)

    def outcome(self, watched: int | None) -> Outcome:
        """Make the associations, and keep what becomes of an exposure, if one is watched."""
        return self.evaluated.generation(replace(self.wanted, watched=watched)).run()


def of_pool(
    engine: Engine,
    pool: PoolInput,
    ruleset: str | None = None,
    as_of: Day | None = None,
    declarations: Declarations | None = None,
) -> Explained:
    """Evaluate the exposures of a pool by a ruleset, or by that of a day."""
    evaluated = evaluate_pools(engine, [pool], ruleset, as_of, declarations=declarations)
    return Explained(evaluated, Wanted(), "the pool")


def of_run(
    engine: Engine, run_id: int, ruleset: str | None = None, as_of: Day | None = None
) -> Explained:
    """Evaluate the recorded exposures of a run, by its own rules if no others are named.

    Its options are followed: candidates that were selected, for one.
    """
    with transaction(engine) as connection:
        return of_recorded(connection, find_run(connection, run_id), ruleset, as_of)


def of_recorded(
    connection: Connection,
    run: RecordedRun,
    ruleset: str | None = None,
    as_of: Day | None = None,
) -> Explained:
    """Evaluate the recorded exposures of a run; see `of_run`."""
    label = run.ruleset if ruleset is None and as_of is None else ruleset
    info = choose_ruleset(connection, RULES, label, as_of)
    with paused_collector():
        rerun = Rerun.of(connection, run, info, whole=info.ruleset != run.ruleset)
    return Explained(rerun.evaluated, rerun.wanted, f"run {run.run_id}")
