"""Go through the record, and decide every exposure again under a draft.

For each pool its newest run counts (of those since a day). The draft and the ruleset it is compared
with decide each of its exposures, each distinct signature once: its class, and the rules that can
take it, in which roles and as which product. Where that changes, or a rule that takes an exposure
puts exposures together in another way, both rulesets make the associations of its candidates again,
with the options of the run. What they make is compared: type, rule, candidate, products and
members; not the numbers in names. Candidates that share exposures are made together, and so are
programs that a rule may put together, as it has no key for the program. A run that merged
associations of several programs is compared program by program.

All processors share the work; each reads what it needs itself. Workers of a cluster get what they
need with the work.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.rulesets import RULES, TABLE, RulesetInfo, choose_ruleset, find_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.errors import NotFoundError
from asnrules.impact.associations import Regrouping, affected_parts
from asnrules.impact.decisions import Decisions, Signature
from asnrules.impact.modes import TableComparison
from asnrules.impact.report import Changed, Impact
from asnrules.impact.turning import chain_between
from asnrules.record.pools import (
    RecordedExposure,
    RowRange,
    RunWithPools,
    newest_runs,
    recorded_exposures,
    recorded_programs,
    row_ranges,
    stored_program,
)
from asnrules.rules.checksums import joint_checksum
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Constant, Errand, Progress, Told, Workers, parallel_map
from asnrules.util.text import wanted_program

Programs = Counter[tuple[int, str | None]]
"""Exposures by run and program."""

_LENGTH = 5_000
"""Exposures that are decided in one go: after so many, progress is told."""

_TURNS = 16
"""Shares of each process where associations are made again: how much work a program is depends on
what it has."""


class Piece(NamedTuple):
    """Exposures of a run: all or those of some programs, of some rows or of the whole run."""

    run: RunWithPools
    programs: frozenset[str | None] | None
    rows: RowRange | None
    size: int
    """How much work it is, about."""


@dataclass(slots=True)
class Found:
    """The result of deciding exposures, or of making their associations again."""

    exposures: int = 0
    """How many were decided, or are made again."""
    changed: list[Changed] = field(default_factory=list)
    signatures: set[tuple[str, Signature]] = field(default_factory=set)
    """The distinct ones, with the ruleset that the draft was compared with."""
    affected: Programs = field(default_factory=Counter)
    """Exposures that may change their associations."""
    wide: set[tuple[int, str | None]] = field(default_factory=set)
    """Runs and programs whose exposures may be put together with those of other programs."""


Read = tuple[Piece, Iterable[RecordedExposure]]
"""A piece with its exposures."""


class Comparison:
    """Compares a draft with other rulesets; workers have copies of it.

    Decisions are by the label of what the draft is compared with: `against` for all runs, or the
    ruleset of each.
    """

    def __init__(
        self, keywords: Sequence[str], decisions: Mapping[str, Decisions], against: str | None
    ) -> None:
        self._keywords = keywords
        self._against = against
        self._decisions = decisions

    def checksum(self) -> str:
        """Give the checksum of all rulesets that it asks."""
        rulesets = (one for decisions in self._decisions.values() for one in decisions.rulesets())
        return joint_checksum(rulesets)

    def decide(self, pieces: Iterable[Read]) -> Found:
        """Decide exposures."""
        found = Found()
        filename, program, exp_type = map(self._keywords.index, ("filename", "program", "exp_type"))
        for piece, exposures in pieces:
            run, decisions = piece.run, self._of(piece)
            for pool, row in exposures:
                number = stored_program(row[program])
                found.exposures += 1
                pair = decisions.decide(row)
                if pair.is_affected:
                    found.affected[run.run_id, number] += 1
                if decisions.is_wide(pair, row):
                    found.wide.add((run.run_id, number))
                kind = (row[exp_type] or "").upper() or None
                which = run.run_id, run.pools[pool].name, number, kind, row[filename] or ""
                found.changed += (
                    Changed(reason, *which, decisions.turned(row, subject))
                    for subject, reason in pair.changes
                )
        for label, decisions in self._decisions.items():
            found.signatures.update((label, one) for one in decisions.signatures())
        return found

    def regroup(self, pieces: Iterable[Read]) -> Found:
        """Make associations again by both rulesets, and compare them."""
        found = Found()
        for piece, exposures in pieces:
            decisions = self._of(piece)
            for part in affected_parts(list(exposures), self._keywords, decisions):
                found.exposures += len(part)
                found.changed += Regrouping(piece.run, self._keywords, part).changes(decisions)
        return found

    def _of(self, piece: Piece) -> Decisions:
        return self._decisions[self._against or piece.run.ruleset]


_Step = Callable[[Comparison, Iterable[Read]], Found]


class _Job:
    """A step of a comparison: it reads the exposures, a copy of this process on its own."""

    def __init__(
        self, engine: Engine, keywords: Sequence[str], comparison: Comparison, step: _Step
    ) -> None:
        self._engine = engine
        self._keywords = keywords
        self._comparison = comparison
        self._step = step

    def __call__(self, pieces: Sequence[Piece], told: Told | None = None, /) -> Found:
        with transaction(self._engine) as connection, paused_collector():
            return self._step(self._comparison, self._read(connection, pieces, told))

    def errand(self, pieces: Sequence[Piece]) -> Errand:
        with transaction(self._engine) as connection:
            read = [(one, list(found)) for one, found in self._read(connection, pieces)]
        return Errand(_done, (self._constant, self._step, read))

    @cached_property
    def _constant(self) -> Constant[Comparison]:
        return Constant(self._comparison, self._comparison.checksum(), Comparison.checksum)

    def _read(
        self, connection: Connection, pieces: Sequence[Piece], told: Told | None = None
    ) -> Iterator[Read]:
        """Give pieces with their exposures; tell after each how far it is."""
        total, done = sum(piece.size for piece in pieces), 0
        for piece in pieces:
            run, programs, rows, size = piece
            yield piece, recorded_exposures(connection, run, self._keywords, programs, rows)
            done += size
            if told is not None:
                told(done, total)


def _done(comparison: Constant[Comparison], step: _Step, pieces: Sequence[Read]) -> Found:
    with paused_collector():
        return step(comparison.value, pieces)


def assess_impact(
    engine: Engine,
    draft: str,
    *,
    against: str | None = None,
    since: dt.date | None = None,
    program: str | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Impact:
    """Find what a draft, which may be published already, would change of what is on record.

    It is compared with a ruleset or, by default, with that of each run; of all runs or those since
    a day (UTC), of all exposures or those of a program, with or without leading zeros.
    """
    started = time.monotonic()
    moment = None if since is None else dt.datetime.combine(since, dt.time(), dt.UTC)
    with transaction(engine) as connection:
        info = find_ruleset(connection, draft)
        if info.kind == TABLE:
            runs = newest_runs(connection, moment)
            return _table_impact(connection, info, runs, against, program, started)
        pieces = list(_pieces(connection, newest_runs(connection, moment), program))
        if program is not None and not pieces:
            raise _no_program(program)
        labels = [against] if against else dict.fromkeys(piece.run.ruleset for piece in pieces)
        others = [choose_ruleset(connection, RULES, label) for label in labels]
        keywords = keyword_names(connection)
        decisions = {
            one.ruleset: _decisions(connection, one.ruleset, info.ruleset, keywords)
            for one in others
        }
    comparison = Comparison(keywords, decisions, against and others[0].ruleset)
    by_id = {piece.run.run_id: piece.run for piece in pieces}
    job = partial(_Job, engine, keywords, comparison)
    decided, regrouped = _shared(job, pieces, by_id, workers, progress)
    return Impact(
        _named(info),
        [_named(one) for one in others],
        runs=len(by_id),
        exposures=sum(one.exposures for one in decided),
        signatures=len(set[object]().union(*(one.signatures for one in decided))),
        regrouped=sum(one.exposures for one in regrouped),
        changed=[changed for one in (*decided, *regrouped) for changed in one.changed],
        seconds=time.monotonic() - started,
    )


def _table_impact(
    connection: Connection,
    info: RulesetInfo,
    runs: Sequence[RunWithPools],
    against: str | None,
    program: str | None,
    started: float,
) -> Impact:
    """Find which rows of a table would cover recorded exposures in place of others."""
    comparison = TableComparison(connection, info, against)
    changed = [one for run in runs for one in comparison.changed(run, program)]
    if program is not None and not comparison.exposures:
        raise _no_program(program)
    return Impact(
        _named(info),
        [_named(one) for one in comparison.others],
        runs=len(runs),
        exposures=comparison.exposures,
        signatures=len(comparison.kinds),
        changed=changed,
        seconds=time.monotonic() - started,
    )


def _no_program(program: str) -> NotFoundError:
    return NotFoundError(
        f"no exposure of program {program!r} is on record; asnrules audit runs lists the pools"
    )


def _shared(
    job: Callable[[_Step], _Job],
    pieces: Sequence[Piece],
    runs: Mapping[int, RunWithPools],
    workers: Workers,
    progress: Progress | None,
) -> tuple[list[Found], list[Found]]:
    """Share the work among workers: first decide, then make again what that may change."""
    told = progress and partial(progress, "exposures")
    decided = parallel_map(job(Comparison.decide), pieces, _sizes(pieces), workers, told)
    units = _units(decided, runs)
    told = progress and partial(progress, "associations")
    making = job(Comparison.regroup)
    regrouped = parallel_map(making, units, _sizes(units), workers, told, turns=_TURNS)
    return decided, regrouped


def _pieces(
    connection: Connection, runs: Iterable[RunWithPools], program: str | None
) -> Iterator[Piece]:
    """Part the exposures of runs, or those of a program in them."""
    wanted = None if program is None else wanted_program(program)
    programs = None if wanted is None else frozenset([wanted])
    for run in runs:
        if wanted is None or wanted in recorded_programs(connection, run):
            for rows in row_ranges(run, _LENGTH):
                yield Piece(run, programs, rows, rows.length)


def _units(decided: Sequence[Found], runs: Mapping[int, RunWithPools]) -> list[Piece]:
    """Give the programs that have to be made again; together where rules may put them together."""
    affected: Programs = Counter()
    for one in decided:
        affected += one.affected
    wide = {place for one in decided for place in one.wide}
    units = []
    for run_id, run in runs.items():
        here = {program: count for (id_, program), count in affected.items() if id_ == run_id}
        together = frozenset(program for id_, program in wide if id_ == run_id)
        if together.isdisjoint(here):
            together = frozenset()
        groups = [frozenset([program]) for program in sorted(here.keys() - together, key=str)]
        for group in [*groups, together] if together else groups:
            size = sum(here.get(program, 0) for program in group)
            units.append(Piece(run, group, None, size))
    return units


def _sizes(pieces: Sequence[Piece]) -> list[int]:
    return [one.size for one in pieces]


def _decisions(
    connection: Connection, before: str, after: str, keywords: Sequence[str]
) -> Decisions:
    """Load two rulesets, and those between them if they are of one chain."""
    chain = chain_between(connection, before, after)
    if chain is None:
        keys = [find_ruleset(connection, label).ruleset_id for label in (before, after)]
        one, other = store.load_all_rules(connection, keys)
    else:
        one, other = chain.rulesets[0], chain.rulesets[-1]
        if one.label != before:
            one, other = other, one
    return Decisions(one, other, keywords, chain)


def _named(info: RulesetInfo) -> dict[str, str]:
    return {"ruleset": info.ruleset, "checksum": info.checksum}
