"""Go through the record, and decide every exposure again under a draft.

For each pool its newest run counts (of those since a day). The draft and the ruleset it is compared
with decide each of its exposures, each distinct signature once: its class, and the rules that can
take it, in which roles and as which product. Where that changes, or a rule that takes an exposure
puts exposures together in another way, both rulesets make the associations of its candidates again,
with the options of the run. What they make is compared: type, rule, candidate, products and
members; not the numbers in names. Candidates that share exposures are made together, and so are
programs that a rule may put together, as it has no key for the program. A run that merged
associations of several programs is compared program by program.

All processors share the work; each reads what it needs itself.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.rulesets import RULES, RulesetInfo, choose_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError
from asnrules.impact.associations import Regrouping, affected_parts
from asnrules.impact.decisions import Decisions, Signature
from asnrules.impact.report import Changed, Impact
from asnrules.record.pools import (
    RunWithPools,
    Stretch,
    newest_runs,
    recorded_exposures,
    recorded_programs,
    stretches_of,
)
from asnrules.record.write import stored_program
from asnrules.rules.model import Ruleset
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Progress, Told, parallel_map
from asnrules.util.text import wanted_program

Programs = Counter[tuple[int, str | None]]
"""Exposures by run and program."""

_LENGTH = 5_000
"""Exposures that are decided in one go: after so many, progress is told."""

_TURNS = 16
"""Shares of each process where associations are made again: how much work a program is depends on
what it has."""


class Piece(NamedTuple):
    """Exposures of a run that follow one another, all or those of some programs."""

    run: RunWithPools
    stretch: Stretch
    programs: tuple[str | None, ...] | None

    @property
    def size(self) -> int:
        """How many exposures to decide."""
        return self.stretch.length


class Unit(NamedTuple):
    """Programs of a run whose associations are to be made again, together."""

    run: RunWithPools
    programs: frozenset[str | None]
    size: int
    """How many of their exposures may change their associations."""


@dataclass(slots=True)
class Decided:
    """What came of deciding exposures."""

    exposures: int = 0
    signatures: set[tuple[str, Signature]] = field(default_factory=set)
    """The distinct ones, with the ruleset that the draft was compared with."""
    changed: list[Changed] = field(default_factory=list)
    affected: Programs = field(default_factory=Counter)
    """Those that may change their associations."""
    wide: Programs = field(default_factory=Counter)
    """Those that may be put together with exposures of other programs."""


class Regrouped(NamedTuple):
    """The result of making associations again: for how many exposures, and what changes."""

    exposures: int
    changed: list[Changed]


Work = TypeVar("Work", Piece, Unit)


class Comparison:
    """Compares a draft with other rulesets; workers have copies of it.

    Parameters
    ----------
    engine : Engine
        Of the catalog; each worker opens its own connections.
    keywords : sequence of str
        All of the catalog.
    after : Ruleset
        The draft.
    rulesets : mapping of str to Ruleset
        What it is compared with, by label.
    against : str, optional
        The one of them for all runs; by default that of each run.
    """

    def __init__(
        self,
        engine: Engine,
        keywords: Sequence[str],
        after: Ruleset,
        rulesets: Mapping[str, Ruleset],
        against: str | None,
    ) -> None:
        self._engine = engine
        self._keywords = keywords
        self._against = against
        self._decisions = {
            label: Decisions(ruleset, after, keywords) for label, ruleset in rulesets.items()
        }

    def decide(self, pieces: Sequence[Piece], told: Told | None = None) -> Decided:
        """Decide exposures."""
        found = Decided()
        for piece in _told_of(pieces, told):
            self._decide(piece, found)
        for label, decisions in self._decisions.items():
            found.signatures.update((label, one) for one in decisions.signatures())
        return found

    def regroup(self, units: Sequence[Unit], told: Told | None = None) -> Regrouped:
        """Make associations again by both rulesets, and compare them."""
        exposures = 0
        changed: list[Changed] = []
        with transaction(self._engine) as connection, paused_collector():
            for run, programs, _ in _told_of(units, told):
                decisions = self._decisions_for(run)
                found = list(recorded_exposures(connection, run, self._keywords, programs))
                for part in affected_parts(found, self._keywords, decisions):
                    exposures += len(part)
                    changed += Regrouping(run, self._keywords, part).changes(decisions)
        return Regrouped(exposures, changed)

    def _decide(self, piece: Piece, found: Decided) -> None:
        run = piece.run
        decisions = self._decisions_for(run)
        filename, program, exp_type = map(self._keywords.index, ("filename", "program", "exp_type"))
        with transaction(self._engine) as connection, paused_collector():
            for pool, row in recorded_exposures(
                connection, run, self._keywords, piece.programs, [piece.stretch]
            ):
                number = stored_program(row[program])
                place = run.run_id, number
                found.exposures += 1
                pair = decisions.decide(row)
                if pair.is_affected:
                    found.affected[place] += 1
                if decisions.is_wide(pair, row):
                    found.wide[place] += 1
                kind = (row[exp_type] or "").upper() or None
                name = row[filename] or ""
                found.changed += [
                    Changed(reason, run.run_id, run.pools[pool].name, number, kind, name)
                    for reason in pair.reasons
                ]

    def _decisions_for(self, run: RunWithPools) -> Decisions:
        return self._decisions[self._against or run.ruleset]


def _told_of(work: Sequence[Work], told: Told | None) -> Iterator[Work]:
    """Give pieces of work, and tell after each how far it is."""
    total = sum(one.size for one in work)
    done = 0
    for one in work:
        yield one
        done += one.size
        if told is not None:
            told(done, total)


def assess_impact(
    engine: Engine,
    draft: str,
    *,
    against: str | None = None,
    since: dt.date | None = None,
    program: str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Impact:
    """Find what a draft would change of what is on record.

    Parameters
    ----------
    draft : str
        The label of the rules; they may be published already.
    against : str, optional
        The ruleset to compare with; by default that of each run on record.
    since : date, optional
        Only runs that started on this day (UTC) or later.
    program : str, optional
        Only exposures of this program; leading zeros do not matter.
    workers : int
        How many processes may share the work.

    Raises
    ------
    NotFoundError
        If there are no such rules, or no exposure of the program is on record.
    ProcessError
        If a process that shared the work was ended from outside.
    """
    started = time.monotonic()
    moment = None if since is None else dt.datetime.combine(since, dt.time(), dt.UTC)
    with transaction(engine) as connection:
        info = choose_ruleset(connection, RULES, draft)
        pieces = list(_pieces(connection, newest_runs(connection, moment), program))
        if program is not None and not pieces:
            raise NotFoundError(
                f"no exposure of program {program!r} is on record; "
                "asnrules audit runs lists the pools"
            )
        labels = [against] if against else dict.fromkeys(piece.run.ruleset for piece in pieces)
        others = [choose_ruleset(connection, RULES, label) for label in labels]
        comparison = Comparison(
            engine,
            keyword_names(connection),
            _loaded(connection, info),
            {one.ruleset: _loaded(connection, one) for one in others},
            against,
        )
    runs = {piece.run.run_id: piece.run for piece in pieces}
    told = progress and partial(progress, "exposures")
    decided = parallel_map(comparison.decide, pieces, _sizes(pieces), workers, told)
    units = _units(decided, runs)
    told = progress and partial(progress, "associations")
    regrouped = parallel_map(comparison.regroup, units, _sizes(units), workers, told, turns=_TURNS)
    return Impact(
        _named(info),
        [_named(one) for one in others],
        runs=len(runs),
        exposures=sum(one.exposures for one in decided),
        signatures=len(set[object]().union(*(one.signatures for one in decided))),
        regrouped=sum(one.exposures for one in regrouped),
        changed=[
            *(changed for one in decided for changed in one.changed),
            *(changed for one in regrouped for changed in one.changed),
        ],
        seconds=time.monotonic() - started,
    )


def _pieces(
    connection: Connection, runs: Iterable[RunWithPools], program: str | None
) -> Iterator[Piece]:
    """Part the exposures of runs, or those of a program in them."""
    wanted = None if program is None else wanted_program(program)
    for run in runs:
        if wanted is None or wanted in recorded_programs(connection, run):
            for stretch in stretches_of(connection, run, _LENGTH):
                yield Piece(run, stretch, None if wanted is None else (wanted,))


def _units(decided: Iterable[Decided], runs: Mapping[int, RunWithPools]) -> list[Unit]:
    """Give the programs that have to be made again; together where rules may put them together."""
    affected: Programs = Counter()
    wide: Programs = Counter()
    for one in decided:
        affected += one.affected
        wide += one.wide
    units = []
    for run_id, run in runs.items():
        here = {program: count for (id_, program), count in affected.items() if id_ == run_id}
        together = frozenset(program for id_, program in wide if id_ == run_id)
        if together.isdisjoint(here):
            together = frozenset()
        units += [
            Unit(run, frozenset({program}), here[program])
            for program in sorted(here.keys() - together, key=str)
        ]
        if together:
            units.append(Unit(run, together, sum(here.get(program, 0) for program in together)))
    return units


def _sizes(work: Sequence[Piece] | Sequence[Unit]) -> list[int]:
    return [one.size for one in work]


def _loaded(connection: Connection, info: RulesetInfo) -> Ruleset:
    return store.load_rules(connection, info.ruleset_id)


def _named(info: RulesetInfo) -> dict[str, str]:
    return {"ruleset": info.ruleset, "checksum": info.checksum}
