"""The exposures that an explanation is about: those of a pool, or those of a run on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.associations.model import members_of
from asnrules.catalog.rulesets import RULES, choose_ruleset
from asnrules.database.engines import transaction
from asnrules.engine.generation import Outcome, Wanted
from asnrules.errors import UsageError
from asnrules.pools.evaluation import EvaluatedPools, evaluate_pools
from asnrules.pools.exposure_names import find_exposure
from asnrules.pools.fits.declared import Declarations
from asnrules.pools.inputs import PoolInput
from asnrules.record.queries.associations import RecordedAssociations
from asnrules.record.queries.runs import RecordedRun, find_run
from asnrules.util.environment import paused_collector
from asnrules.util.results import shown_briefly
from asnrules.util.text import Day
from asnrules.workflows.rerun import Rerun


@shown_briefly
class ImportedIn(NamedTuple):
    """An imported association that has an exposure, or two."""

    asn_name: str
    roles: tuple[str, ...]
    """What each is in it."""


class Explained(NamedTuple):
    """Evaluated exposures, and what was wanted of their associations."""

    evaluated: EvaluatedPools
    wanted: Wanted
    where: str
    """Where they are, in words."""
    imported: Mapping[int, Mapping[str, str]] | None = None
    """Of an imported run: the associations on record of each place, with its roles there."""

    def place(self, spelling: str) -> int:
        """Give an exposure, by its place in canonical order; see `find_exposure`."""
        names = [name or "" for name in self.evaluated.work.column("filename")]
        return find_exposure(spelling, names, self.where)

    def on_record(self, *places: int) -> list[ImportedIn] | None:
        """Give the imported associations that have these exposures; None if the run made its own.

        What rules make of an imported run is not on record of it.
        """
        if self.imported is None:
            return None
        known = [self.imported.get(place, {}) for place in places]
        names = [name for name in known[0] if all(name in one for one in known)]
        return [ImportedIn(name, tuple(one[name] for one in known)) for name in names]

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
    if not run.pools:
        raise UsageError(
            f"the pool of run {run.run_id} is not on record; give it in place of the run: "
            "asnrules why POOL EXPOSURE, or why POOL FILE for an association"
        )
    label = run.ruleset if ruleset is None and as_of is None else ruleset
    info = choose_ruleset(connection, RULES, label, as_of)
    with paused_collector():
        rerun = Rerun.of(connection, run, info, whole=info.ruleset != run.ruleset)
    imported = _imported(connection, run, rerun) if run.origin == "imported" else None
    return Explained(rerun.evaluated, rerun.wanted, f"run {run.run_id}", imported)


def _imported(connection: Connection, run: RecordedRun, rerun: Rerun) -> dict[int, dict[str, str]]:
    places = {there: place for place, there in enumerate(rerun.places)}
    found: dict[int, dict[str, str]] = {}
    for _, one in RecordedAssociations(connection, run.run_id):
        for member in members_of(one.products):
            place = places.get((member.pool_id or 0, member.exposure or 0))
            if place is None:
                continue
            roles = found.setdefault(place, {})
            before = roles.get(one.asn_name)
            roles[one.asn_name] = f"{before} and {member.exptype}" if before else member.exptype
    return found
