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

All processors share the deciding and the making; each reads what it works itself.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.rulesets import RULES, RulesetInfo, choose_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError
from asnrules.impact.report import Impact
from asnrules.impact.shares import Comparison, Decided, Piece, Unit
from asnrules.record.recorded import RecordedRun, newest_runs, recorded_programs, stretches_of
from asnrules.rules.model import Ruleset
from asnrules.rules.rows import build_ruleset
from asnrules.util.parallel import Told, shared
from asnrules.util.text import wanted_program

Progress = Callable[[str, int, int], None]

_LENGTH = 5_000
"""Exposures that are decided in one go: after so many, progress is told."""

_TURNS = 16
"""Shares of each process where associations are made again: how much work a program is depends on
what it has."""


def foresee(
    engine: Engine,
    draft: str,
    *,
    against: str | None = None,
    since: dt.date | None = None,
    program: str | None = None,
    workers: int = 1,
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
    workers : int
        How many processes may share the work.
    progress : callable, optional
        Told how far the work is.

    Raises
    ------
    NotFoundError
        If there is no such executable ruleset, or no exposure of the program is on record.
    ProcessError
        If a process that shared the work was ended from outside.
    """
    started = time.monotonic()
    moment = None if since is None else dt.datetime.combine(since, dt.time(), dt.UTC)
    with transaction(engine) as connection:
        info = choose_ruleset(connection, RULES, draft)
        runs = newest_runs(connection, moment)
        pieces = _pieces(connection, runs, program)
        if program is not None and not pieces:
            raise NotFoundError(
                f"no exposure of program {program!r} is on record; "
                "asnrules audit runs lists the pools"
            )
        labels = [against] if against else dict.fromkeys(piece.run.ruleset for piece in pieces)
        known = [choose_ruleset(connection, RULES, label) for label in labels]
        comparison = Comparison(
            engine,
            keyword_names(connection),
            _loaded(connection, info),
            {one.ruleset: _loaded(connection, one) for one in known},
            against,
        )
    impact = Impact(_named(info), [_named(one) for one in known])
    impact.runs = len({piece.run.run_id for piece in pieces})
    _compare(comparison, pieces, workers, progress, impact)
    impact.seconds = time.monotonic() - started
    return impact


def _compare(
    comparison: Comparison,
    pieces: Sequence[Piece],
    workers: int,
    progress: Progress | None,
    impact: Impact,
) -> None:
    """Add what changes."""
    decided = shared(
        comparison.decide, pieces, _sizes(pieces), workers, _told(progress, "exposures")
    )
    units = _units(decided, {piece.run.run_id: piece.run for piece in pieces})
    compared = shared(
        comparison.regroup,
        units,
        _sizes(units),
        workers,
        _told(progress, "associations"),
        turns=_TURNS,
    )
    impact.exposures = sum(one.exposures for one in decided)
    impact.signatures = len(set[object]().union(*(one.signatures for one in decided)))
    impact.regrouped = sum(one.exposures for one in compared)
    for changed in [*(one.changed for one in decided), *(one.changed for one in compared)]:
        impact.changed += changed


def _pieces(
    connection: Connection, runs: Sequence[RecordedRun], program: str | None
) -> list[Piece]:
    """Part the exposures of runs, or those of a program in them."""
    wanted = None if program is None else wanted_program(program)
    pieces = []
    for run in runs:
        if wanted is None or wanted in recorded_programs(connection, run):
            programs = None if wanted is None else (wanted,)
            for stretch in stretches_of(connection, run, _LENGTH):
                pieces.append(Piece(run, stretch, programs, stretch.length))
    return pieces


def _units(decided: Sequence[Decided], runs: Mapping[int, RecordedRun]) -> list[Unit]:
    """Give the programs that have to be made again; together where rules may put them together."""
    affected = sum((one.affected for one in decided), Counter[tuple[int, str | None]]())
    wide = sum((one.wide for one in decided), Counter[tuple[int, str | None]]())
    units = []
    for run in runs.values():
        here = {program: n for (run_id, program), n in affected.items() if run_id == run.run_id}
        together = frozenset(program for run_id, program in wide if run_id == run.run_id)
        joins = not together.isdisjoint(here)
        alone = sorted(here.keys() - (together if joins else set()), key=str)
        units += [Unit(run, frozenset({program}), here[program]) for program in alone]
        if joins:
            units.append(Unit(run, together, sum(here.get(program, 0) for program in together)))
    return units


def _sizes(pieces: Sequence[Piece] | Sequence[Unit]) -> list[int]:
    return [piece.exposures for piece in pieces]


def _told(progress: Progress | None, stage: str) -> Told | None:
    return progress and partial(progress, stage)


def _loaded(connection: Connection, info: RulesetInfo) -> Ruleset:
    return build_ruleset(store.read_content(connection, info.ruleset_id))


def _named(info: RulesetInfo) -> dict[str, str]:
    return {"ruleset": info.ruleset, "checksum": info.checksum}
