"""What one process does of foreseeing: decide some exposures, make some associations again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Engine

from asnrules.database.engines import transaction
from asnrules.impact.associations import Regrouping, affected_parts
from asnrules.impact.decisions import Decisions, Signature
from asnrules.impact.report import Changed
from asnrules.record.recorded import RecordedRun, Stretch, recorded_exposures
from asnrules.record.recording import stored_program
from asnrules.rules.model import Ruleset
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Told


class Piece(NamedTuple):
    """Exposures of a run to be decided: a stretch of it, all or those of some programs."""

    run: RecordedRun
    stretch: Stretch
    programs: tuple[str | None, ...] | None
    exposures: int


class Unit(NamedTuple):
    """Programs of a run whose associations are to be made again, together."""

    run: RecordedRun
    programs: frozenset[str | None]
    exposures: int


class Decided(NamedTuple):
    """What came of deciding.

    Attributes
    ----------
    exposures : int
        How many were decided.
    signatures : set of (str, Signature)
        The distinct ones, with the ruleset that the draft was held against.
    changed : list of Changed
        The decisions that change.
    affected, wide : Counter
        By run and program, how many exposures may change their associations, and how many may
        be put together with those of other programs.
    """

    exposures: int
    signatures: set[tuple[str, Signature]]
    changed: list[Changed]
    affected: Counter[tuple[int, str | None]]
    wide: Counter[tuple[int, str | None]]


class Compared(NamedTuple):
    """What came of making associations again: of how many exposures, and those that change."""

    exposures: int
    changed: list[Changed]


class Comparison:
    """Compares a draft with the rulesets that runs on record are held against.

    Parameters
    ----------
    engine : Engine
        Of the catalog; connections are opened by whoever works a share.
    keywords : sequence of str
        All of the catalog.
    after : Ruleset
        The draft.
    rulesets : mapping of str to Ruleset
        What it is held against, by label.
    against : str, optional
        The one of them that stands for those of the runs.
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
        total = sum(piece.exposures for piece in pieces)
        found = Decided(0, set(), [], Counter(), Counter())
        done = 0
        for piece in pieces:
            decided = self._decide(piece, found)
            found = found._replace(exposures=found.exposures + decided)
            done += piece.exposures
            if told is not None:
                told(done, total)
        for label, decisions in self._decisions.items():
            found.signatures.update((label, one) for one in decisions.signatures())
        return found

    def regroup(self, units: Sequence[Unit], told: Told | None = None) -> Compared:
        """Make associations again, by both rulesets, and compare them."""
        total = sum(unit.exposures for unit in units)
        exposures = done = 0
        changed: list[Changed] = []
        with transaction(self._engine) as connection, paused_collector():
            for run, programs, count in units:
                decisions = self._held_against(run)
                found = list(recorded_exposures(connection, run, self._keywords, programs))
                for part in affected_parts(found, self._keywords, decisions):
                    exposures += len(part)
                    changed += Regrouping(run, self._keywords, part).changes(decisions)
                done += count
                if told is not None:
                    told(done, total)
        return Compared(exposures, changed)

    def _decide(self, piece: Piece, found: Decided) -> int:
        run = piece.run
        decisions = self._held_against(run)
        filename, program, exp_type = (
            self._keywords.index(name) for name in ("filename", "program", "exp_type")
        )
        count = 0
        with transaction(self._engine) as connection, paused_collector():
            for pool, row in recorded_exposures(
                connection, run, self._keywords, piece.programs, [piece.stretch]
            ):
                count += 1
                pair = decisions.decide(row)
                number = stored_program(row[program])
                if pair.is_affected:
                    found.affected[run.run_id, number] += 1
                if decisions.is_wide(pair, row):
                    found.wide[run.run_id, number] += 1
                for reason in pair.reasons:
                    name, kind = run.pools[pool].name, (row[exp_type] or "").upper() or None
                    found.changed.append(
                        Changed(reason, run.run_id, name, number, kind, row[filename] or "")
                    )
        return count

    def _held_against(self, run: RecordedRun) -> Decisions:
        return self._decisions[self._against or run.ruleset]
