"""Run recorded pools again, and compare what comes out with the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import Connection, Engine

from asnrules.associations.comparison import FieldDifference
from asnrules.catalog.classification import Classifier, load_classifier
from asnrules.catalog.rulesets import RULES, choose_ruleset
from asnrules.catalog.vocabulary import keyword_names
from asnrules.database.engines import transaction
from asnrules.engine.generation import Outcome
from asnrules.errors import NotFoundError, PoolError, UsageError
from asnrules.impact.remake import Remake, Turned, turned
from asnrules.impact.report import TurnedBy, by_change, names_of
from asnrules.impact.turning import Chain, chain_between
from asnrules.record.compare import Differences, Listed, compare
from asnrules.record.pools import Place, unrecorded
from asnrules.record.queries.decisions import Decision, DecisionDifference, Trace, compare_decisions
from asnrules.record.queries.runs import RecordedRun, RunFilter, find_run, list_runs
from asnrules.record.write import GENERATED, signature_text, trace_values
from asnrules.rules.checksums import checksum
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Constant, Errand, Progress, Told, Workers, parallel_map
from asnrules.util.results import Tabular, shown_briefly
from asnrules.workflows.diagnostics import diagnostics_of, of_what_is_kept
from asnrules.workflows.generate import make_associations
from asnrules.workflows.rerun import OnRecord, Rerun


class Verdict(StrEnum):
    """How a replay came out."""

    IDENTICAL = "identical"
    """Everything is as on record, value for value."""
    SAME = "same"
    """The classes of exposures and the associations are, under other rules or other people's."""
    DIFFERS = "differs"
    NOTHING = "nothing to replay"
    """The run has no pool on record."""
    REFUSED = "refused"
    """The rules cannot evaluate the pool."""


@shown_briefly
@dataclass(frozen=True, slots=True)
class Replay(Tabular):
    """What came out when a run was run again."""

    COLUMNS: ClassVar = (
        "run_id", "recorded_ruleset", "ruleset", "verdict", "decisions", "removed", "added",
        "changed", "unchanged", "turned_by", "reason",
    )  # fmt: skip

    run: RecordedRun
    ruleset: str
    """The label of the rules that it was run again by."""
    verdict: Verdict
    reason: str | None = None
    """Why there was nothing to replay, or why it was refused."""
    fields: list[FieldDifference] = field(default_factory=list)
    """What is different about the run itself."""
    decisions: list[DecisionDifference] = field(default_factory=list)
    associations: Differences = field(default_factory=lambda: Differences(0))
    turned: Turned | None = None
    """The changes that turned each of these; None where the rules and the run's own are of no one
    chain, or the same."""

    @property
    def is_fine(self) -> bool:
        """Whether it is as it was, or there is nothing that could be."""
        return self.verdict in {Verdict.IDENTICAL, Verdict.SAME, Verdict.NOTHING}

    @property
    def turned_by(self) -> Turned:
        """For each difference the changes that turned it, as far as there are any."""
        pairs = self.associations.pairs()
        return self.turned or Turned([()] * len(self.decisions), [()] * len(pairs))

    def by_change(self) -> list[TurnedBy]:
        """Say how much each change of the chain turned, the most first."""
        return by_change(self.turned_by.all())

    def records(self) -> list[dict[str, Any]]:
        """Sum it up as one record."""
        return [
            {
                "run_id": self.run.run_id,
                "recorded_ruleset": self.run.ruleset,
                "ruleset": self.ruleset,
                "verdict": self.verdict.value,
                "decisions": len(self.decisions),
                "removed": len(self.associations.removed),
                "added": len(self.associations.added),
                "changed": len(self.associations.changed),
                "unchanged": self.associations.unchanged,
                "turned_by": [turned.change.change for turned in self.by_change()],
                "reason": self.reason,
            }
        ]

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        decisions, named = self.turned_by
        associations, turned = self.associations.document(), iter(named)
        for kind in ("removed", "added", "changed"):
            associations[kind] = [
                {**one, "turned_by": names_of(next(turned))} for one in associations[kind]
            ]
        return {
            "run_id": self.run.run_id,
            "origin": self.run.origin,
            "recorded_ruleset": self.run.ruleset,
            "ruleset": self.ruleset,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "run": [one._asdict() for one in self.fields],
            "decisions": [
                {**one.document(), "turned_by": names_of(changes)}
                for one, changes in zip(self.decisions, decisions, strict=True)
            ],
            "associations": associations,
            "by_change": [one.document() for one in self.by_change()],
        }


def runs_to_replay(
    engine: Engine, run_ids: Sequence[int], wanted: RunFilter | None = None
) -> list[RecordedRun]:
    """Give the runs of these numbers, or those that a filter wants, in their order; not both."""
    if bool(run_ids) == (wanted is not None):
        raise UsageError("audit replay: give either runs, or --all, --since, --until or --program")
    with transaction(engine) as connection:
        if wanted is None:
            return [find_run(connection, run_id) for run_id in run_ids]
        return list_runs(connection, wanted)[::-1]


def replay(
    engine: Engine,
    runs: Sequence[RecordedRun],
    ruleset: str | None = None,
    progress: Progress | None = None,
    workers: Workers = 1,
) -> Iterator[Replay]:
    """Run recorded pools again, each with the options it had.

    By default each goes by its own rules, under which everything has to come out identical. Several
    workers share the runs, and all is given when the last is done; they share one run, too.
    """
    job = _Job(engine, ruleset)
    if workers != 1 and len(runs) > 1:
        told = progress and partial(progress, "runs")
        sizes = [max(run.exposures, 1) for run in runs]
        for found in parallel_map(job, runs, sizes, workers, told):
            yield from found
        return
    for number, run in enumerate(runs):
        if progress is not None and len(runs) > 1:
            progress("runs", number, len(runs))
        yield job.replay(run, progress, workers)


class _Job:
    """Replays runs, by the rules of each or by a ruleset; it reads what is on record of them."""

    def __init__(self, engine: Engine, ruleset: str | None) -> None:
        self._engine = engine
        self._ruleset = ruleset
        with transaction(engine) as connection:
            if ruleset is not None:
                # Even if there is no run, it is to be one that there is.
                choose_ruleset(connection, RULES, ruleset)
            self._keywords = keyword_names(connection)
        self._classifiers: dict[str, Constant[Classifier]] = {}
        self._chains: dict[tuple[str, str], Constant[Chain] | None] = {}

    def __call__(self, runs: Sequence[RecordedRun], told: Told | None = None, /) -> list[Replay]:
        found = []
        for done, run in enumerate(runs, 1):
            found.append(self.replay(run))
            if told is not None:
                told(done, len(runs))
        return found

    def errand(self, runs: Sequence[RecordedRun]) -> Errand:
        work = []
        for run in runs:
            with transaction(self._engine) as connection, paused_collector():
                classifier = self._classifier(connection, run)
                found = _read(connection, run, classifier.value, self._keywords)
                if isinstance(found, OnRecord):
                    found = found.in_memory()
                chain = self._chain(connection, run, classifier.value)
            work.append((found, classifier, chain))
        return Errand(_replayed, (work,))

    def replay(
        self, run: RecordedRun, progress: Progress | None = None, workers: Workers = 1
    ) -> Replay:
        """Replay one run."""
        with transaction(self._engine) as connection, paused_collector():
            classifier = self._classifier(connection, run).value
            found = _read(connection, run, classifier, self._keywords, progress)
            if isinstance(found, Replay):
                return found
            between = partial(self._chain, connection, run, classifier)
            return _replay(found, classifier, between, progress, workers)

    def _classifier(self, connection: Connection, run: RecordedRun) -> Constant[Classifier]:
        label = self._ruleset or run.ruleset
        if label not in self._classifiers:
            info = choose_ruleset(connection, RULES, label)
            classifier = load_classifier(connection, info)
            self._classifiers[label] = Constant(classifier, _checksum(classifier), _checksum)
        return self._classifiers[label]

    def _chain(
        self, connection: Connection, run: RecordedRun, classifier: Classifier
    ) -> Constant[Chain] | None:
        """Give the chain between the rules of a run and others; None if there is none."""
        ends = run.ruleset, classifier.info.ruleset
        if ends not in self._chains:
            found = None if ends[0] == ends[1] else chain_between(connection, *ends)
            constant = None
            if found is not None:
                constant = Constant(found, found.checksum(), Chain.checksum)
            self._chains[ends] = constant
        return self._chains[ends]


def _checksum(classifier: Classifier) -> str:
    return checksum(classifier.ruleset)


def _replayed(
    work: Sequence[tuple[OnRecord | Replay, Constant[Classifier], Constant[Chain] | None]],
) -> list[Replay]:
    """Replay runs in another process."""
    with paused_collector():
        return [
            before
            if isinstance(before, Replay)
            else _replay(before, classifier.value, partial(_given, chain))
            for before, classifier, chain in work
        ]


def _given(chain: Constant[Chain] | None) -> Constant[Chain] | None:
    return chain


def _read(
    connection: Connection,
    run: RecordedRun,
    classifier: Classifier,
    keywords: Sequence[str],
    progress: Progress | None = None,
) -> OnRecord | Replay:
    """Read what is on record of a run, or say why it cannot be replayed."""
    label = classifier.info.ruleset
    if not run.pools:
        reason = "its pool is not on record; audit run shows the verdicts on what was imported"
        return Replay(run, label, Verdict.NOTHING, reason)
    lost = unrecorded(connection, run.run_id, keywords)
    if lost and label != run.ruleset:
        reason = f"{', '.join(lost).upper()} of its pool was not recorded; generate from the pool"
        return Replay(run, label, Verdict.REFUSED, reason)
    return OnRecord.read(connection, run, keywords, progress)


def _replay(
    before: OnRecord,
    classifier: Classifier,
    between: Callable[[], Constant[Chain] | None],
    progress: Progress | None = None,
    workers: Workers = 1,
) -> Replay:
    label = classifier.info.ruleset
    try:
        rerun = Rerun(before, classifier)
        outcome = make_associations(rerun.evaluated, rerun.wanted, progress, workers)
    except (PoolError, NotFoundError) as error:
        return Replay(before.run, label, Verdict.REFUSED, str(error))
    found = _compared(before, rerun, outcome)
    if label == before.run.ruleset or found.is_fine:
        return found
    if (chain := between()) is None:
        return found
    return replace(found, turned=_turned(chain.value, found, rerun, progress))


def _turned(chain: Chain, found: Replay, rerun: Rerun, progress: Progress | None) -> Turned:
    """Find the changes that turned what differs by other rules."""
    ones = (one for pair in found.associations.pairs() for one in pair if one is not None)
    places = {(member.pool_id, member.exposure) for one in ones for _, member in one.placed}
    places |= {(one.pool_id, one.position) for one in found.decisions}
    remake = Remake(rerun.evaluated, rerun.wanted, chain.rulesets, progress)
    linked = remake.linked(at for at, place in enumerate(rerun.places) if place in places)
    numbers = {rerun.places[at]: number for number, at in enumerate(linked)}
    decisions = [(numbers[one.pool_id, one.position], one.fields) for one in found.decisions]
    pairs = found.associations.pairs()
    return turned(chain, lambda ruleset: remake.make(ruleset, linked), pairs, decisions)


def _compared(on_record: OnRecord, rerun: Rerun, outcome: Outcome) -> Replay:
    run, label = on_record.run, rerun.evaluated.info.ruleset
    exactly = label == run.ruleset and run.origin == GENERATED
    before = on_record.associations
    associations = compare(before, Listed(outcome.associations, rerun.recorded), exactly=exactly)
    if run.origin != GENERATED:
        # Others decided, and what they made may have been imported in part: what is compared is
        # what was imported.
        differs = bool(associations.removed or associations.changed)
        verdict = Verdict.DIFFERS if differs else Verdict.SAME
        return Replay(run, label, verdict, associations=associations)
    decided = on_record.decisions
    decisions = list(compare_decisions(decided, _decisions(rerun, outcome), exactly=exactly))
    fields = _fields(run, rerun, outcome) if exactly else []
    if fields or decisions or associations:
        verdict = Verdict.DIFFERS
    else:
        verdict = Verdict.IDENTICAL if exactly else Verdict.SAME
    return Replay(run, label, verdict, None, fields, decisions, associations)


def _fields(run: RecordedRun, rerun: Rerun, outcome: Outcome) -> list[FieldDifference]:
    """Compare what the run itself says."""
    unassociated = sum(count == 0 for count in outcome.memberships)
    told = of_what_is_kept(rerun.diagnostics)
    now = of_what_is_kept(diagnostics_of(rerun.evaluated, outcome))
    compared = (
        ("exposures", run.exposures, len(rerun.places)),
        ("associations", run.associations, len(outcome.associations)),
        ("unassociated", run.unassociated, unassociated),
        ("diagnostics", told, now),
    )
    return [
        FieldDifference(name, before, after) for name, before, after in compared if before != after
    ]


def _decisions(rerun: Rerun, outcome: Outcome) -> dict[Place, Decision]:
    evaluated = rerun.evaluated
    traces = {
        judgement: Trace(signature_text(judgement), *trace_values(one))
        for judgement, one in evaluated.classifications().items()
    }
    return {
        place: Decision(
            evaluated.work.value(at, "filename") or "",
            outcome.memberships[at],
            outcome.reasons.get(at),
            traces[evaluated.work.judgements[at]],
        )
        for at, place in enumerate(rerun.places)
    }
