"""Go through the record, and decide every exposure again under a draft.

What is compared: for each pool, its newest run (of those since a day). Each of its exposures is
decided by the draft and by the ruleset it is held against, each distinct signature once: its
class, and the rules that can take it, in which roles and as which product. Where that changes,
or a rule that takes an exposure puts exposures together in another way, both rulesets make the
associations of its candidates again, with the options of the run, and what they make is
compared: type, rule, candidate, products and members; not the numbers in names. Candidates that
share exposures are made together, and programs that a rule may put together, as it has no key
for the program. A run that merged associations of several programs is compared program by
program.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection

from sqlalchemy import Connection, Engine

from asnrules.audit.recorded import (
    RecordedRun,
    count_exposures,
    newest_runs,
    recorded_exposures,
    recorded_programs,
)
from asnrules.catalog import store
from asnrules.catalog.executable import build_ruleset
from asnrules.catalog.rulesets import EXECUTABLE, RulesetInfo, choose_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.engine.model import Ruleset
from asnrules.errors import NotFoundError
from asnrules.impact.associations import Regrouping, affected_parts
from asnrules.impact.decisions import Decisions
from asnrules.impact.report import Changed, Impact

Progress = Callable[[str, int, int], None]
_TELLING = 10_000
"""After how many exposures progress is told."""


def foresee(
    engine: Engine,
    draft: str,
    *,
    against: str | None = None,
    since: dt.date | None = None,
    program: str | None = None,
    progress: Progress | None = None,
) -> Impact:
    """Foresee what a draft would change of what is on record.

    Parameters
    ----------
    engine : Engine
        Of the catalog.
    draft : str
        The label of an executable ruleset; it may be published already.
    against : str, optional
        The ruleset it is held against; by default that of each run on record.
    since : date, optional
        Only runs that started on this day (UTC) or later.
    program : str, optional
        Only exposures of this program; leading zeros do not matter.
    progress : callable, optional
        Told how far the work is.

    Raises
    ------
    NotFoundError
        If there is no such executable ruleset, or no exposure of the program is on record.
    """
    started = time.monotonic()
    moment = None if since is None else dt.datetime.combine(since, dt.time(), dt.UTC)
    with transaction(engine) as connection:
        info = choose_ruleset(connection, EXECUTABLE, draft)
        seeing = _Foreseeing(connection, info, against, program, progress)
        for run in newest_runs(connection, moment):
            seeing.add(run)
    if program is not None and not seeing.found_program:
        raise NotFoundError(f"no exposure of program {program!r} is on record")
    impact = seeing.impact
    impact.seconds = time.monotonic() - started
    return impact


class _Foreseeing:
    """Adds up what changes, run by run."""

    def __init__(
        self,
        connection: Connection,
        draft: RulesetInfo,
        against: str | None,
        program: str | None,
        progress: Progress | None,
    ) -> None:
        self._connection = connection
        self._keywords = keyword_names(connection)
        self._program = program
        self._progress = progress
        self._against = against
        self._after = self._loaded(draft)
        self._decisions: dict[str, Decisions] = {}
        self.impact = Impact(_named(draft), [])
        self.found_program = False
        if against is not None:
            self._held_against(against)

    def add(self, run: RecordedRun) -> None:
        """Add a run."""
        programs = self._programs(run)
        if programs is not None and not programs:
            return
        decisions = self._held_against(self._against or run.ruleset)
        self.impact.runs += 1
        affected = self._decide(run, programs, decisions)
        for unit in affected:
            exposures = list(recorded_exposures(self._connection, run, self._keywords, unit))
            for part in affected_parts(exposures, self._keywords, decisions):
                self.impact.regrouped += len(part)
                regrouping = Regrouping(run, self._keywords, part)
                self.impact.changed += regrouping.changes(decisions)
        self.impact.signatures = sum(one.signatures for one in self._decisions.values())

    def _decide(
        self, run: RecordedRun, programs: Collection[str | None] | None, decisions: Decisions
    ) -> list[set[str | None]]:
        """Decide the exposures of a run; give the programs that have to be made together again."""
        names = {name: place for place, name in enumerate(self._keywords)}
        filename, program, exp_type = (names[name] for name in ("filename", "program", "exp_type"))
        total = count_exposures(self._connection, run)
        affected: set[str | None] = set()
        wide: set[str | None] = set()
        done = 0
        for exposure in recorded_exposures(self._connection, run, self._keywords, programs):
            row = exposure.row
            pair = decisions.decide(row)
            if pair.is_affected:
                affected.add(row[program])
            if decisions.is_wide(pair, row):
                wide.add(row[program])
            for reason in pair.reasons:
                pool = run.pools[exposure.pool].name
                kind = (row[exp_type] or "").upper() or None
                self.impact.changed.append(
                    Changed(reason, run.run_id, pool, row[program], kind, row[filename] or "")
                )
            done += 1
            if self._progress is not None and done % _TELLING == 0:
                self._progress("exposures", done, total)
        self.impact.exposures += done
        alone = affected - wide if affected & wide else affected
        units: list[set[str | None]] = [{name} for name in sorted(alone, key=str)]
        return [*units, wide] if alone != affected else units

    def _programs(self, run: RecordedRun) -> list[str | None] | None:
        if self._program is None:
            return None
        wanted = self._program.lower().lstrip("0")
        found = [
            name
            for name in recorded_programs(self._connection, run)
            if name is not None and name.lstrip("0") == wanted
        ]
        self.found_program = self.found_program or bool(found)
        return list(found)

    def _held_against(self, label: str) -> Decisions:
        if label not in self._decisions:
            info = choose_ruleset(self._connection, EXECUTABLE, label)
            ruleset = self._loaded(info)
            self._decisions[label] = Decisions(ruleset, self._after, self._keywords)
            self.impact.against.append(_named(info))
        return self._decisions[label]

    def _loaded(self, info: RulesetInfo) -> Ruleset:
        return build_ruleset(store.read_content(self._connection, info.ruleset_id))


def _named(info: RulesetInfo) -> dict[str, str]:
    return {"ruleset": info.ruleset, "checksum": info.checksum}
