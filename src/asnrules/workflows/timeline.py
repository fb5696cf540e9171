"""What becomes of a recorded pool under each ruleset of the chain, from the first to the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.associations.model import Association
from asnrules.catalog.changes import chain_of
from asnrules.catalog.rulesets import RULES, RulesetInfo, choose_ruleset, list_rulesets
from asnrules.database.engines import transaction
from asnrules.errors import UsageError
from asnrules.impact.remake import Remade, Remake, turned
from asnrules.impact.report import TurnedBy, by_change, names_of
from asnrules.impact.turning import Named, Step, chain_between
from asnrules.record.compare import Differences, Listed, compare
from asnrules.record.pools import Place
from asnrules.record.queries.history import exposure_history
from asnrules.record.queries.runs import RecordedRun, find_run
from asnrules.rules.model import Ruleset
from asnrules.util.environment import paused_collector
from asnrules.util.parallel import Progress
from asnrules.util.results import Tabular, shown_briefly
from asnrules.workflows.rerun import Rerun

FIRST, APPEARS, VANISHES, CHANGES = "first", "appears", "vanishes", "changes"


@shown_briefly
class Event(NamedTuple):
    """An association that a ruleset makes, and the one before it does not, or not so."""

    info: RulesetInfo
    """The ruleset."""
    what: str
    """`appears`, `vanishes` or `changes`; `first` if the first ruleset makes it."""
    association: Association
    """What is made; of one that vanishes, what was."""
    differences: list[str]
    """If it changes, in what."""
    changes: Named
    """The changes that turned it."""

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        one = self.association
        return {
            "ruleset": self.info.ruleset,
            "releases": list(self.info.releases),
            "effective_from": self.info.effective_from,
            "goes_by": self.info.goes_by,
            "event": self.what,
            **{name: getattr(one, name) for name in ("program", "asn_id", "asn_type", "asn_rule")},
            "products": [product.name for product in one.products],
            "members": [f"{member.expname} ({member.exptype})" for _, member in one.placed],
            "differences": self.differences,
            "turned_by": names_of(self.changes),
        }


@shown_briefly
@dataclass(frozen=True, slots=True)
class Timeline(Tabular):
    """What becomes of a recorded pool, or of an exposure of it, under each ruleset."""

    COLUMNS: ClassVar = (
        "ruleset", "releases", "effective_from", "goes_by", "event", "program", "asn_id",
        "asn_type", "asn_rule", "products", "members", "differences", "turned_by",
    )  # fmt: skip

    run: RecordedRun
    """With the pool, and with the options that are followed."""
    filename: str | None
    """The exposure; None for all."""
    rulesets: list[RulesetInfo]
    events: list[Event] = field(default_factory=list)
    """In the order of the rulesets."""
    refused: list[str] = field(default_factory=list)
    """The rulesets that cannot evaluate the pool, as it lacks a column."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each event as a record."""
        return (event.document() for event in self.events)

    def turned(self) -> list[TurnedBy]:
        """Say how much each change of the chain turned, the most first."""
        return by_change(("association", event.changes) for event in self.events)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "run_id": self.run.run_id,
            "filename": self.filename,
            "rulesets": [info.ruleset for info in self.rulesets],
            "refused": self.refused,
            "events": [event.document() for event in self.events],
            "by_change": [one.document() for one in self.turned()],
        }


def timeline(engine: Engine, what: str | int, progress: Progress | None = None) -> Timeline:
    """Make the associations of a recorded pool under each ruleset, the first one first.

    The rulesets are today's and those that it was made of. `what` is the number of a run, or the
    name of an exposure, of which the newest run with its pool counts.
    """
    with transaction(engine) as connection, paused_collector():
        run, places = _meant(connection, what)
        infos = chain_of(list_rulesets(connection), choose_ruleset(connection, RULES).ruleset)
        chain = chain_between(connection, infos[0].ruleset, infos[-1].ruleset)
        assert chain is not None  # noqa: S101
        own = choose_ruleset(connection, RULES, run.ruleset)
        rerun = Rerun.of(connection, run, own, whole=True)
        remake = Remake(rerun.evaluated, rerun.wanted, chain.rulesets, progress)
        chosen: Sequence[int] = range(len(rerun.places))
        if places:
            chosen = remake.linked(at for at in chosen if rerun.places[at] in places)
        make = partial(remake.make, places=chosen)
        recorded = partial(rerun.recorded, places=chosen)
        found = Timeline(run, str(what) if places else None, infos)
        last: dict[int, Remade] = {}
        for info, ruleset, step in zip(infos, chain.rulesets, (None, *chain.steps), strict=True):
            made = make(ruleset)
            if made is None:
                found.refused.append(info.ruleset)
                continue
            before = [one for kept in last.values() for one in kept.associations]
            both = Listed(before, recorded), Listed(made.associations, recorded)
            differences = _of(compare(*both), places)
            named = _named(step, {**last, id(ruleset): made}, make, differences)
            found.events.extend(_events(info, differences, named, is_first=not last))
            last = {id(ruleset): made}
    return found


def _meant(connection: Connection, what: str | int) -> tuple[RecordedRun, set[Place]]:
    """Give the run that is meant, and where the exposure is in it; nowhere if all are meant."""
    if isinstance(what, int):
        return find_run(connection, what), set()
    history = [one.decision for one in exposure_history(connection, what)]
    decisions = [one for one in history if one.pool_id is not None]
    if not decisions:
        raise UsageError(f"audit timeline: no pool with {what!r} is on record; generate from one")
    run = find_run(connection, decisions[-1].run_id)
    return run, {
        (one.pool_id, one.position)
        for one in decisions
        if one.run_id == run.run_id and one.pool_id is not None and one.position is not None
    }


def _named(
    step: Step | None,
    known: Mapping[int, Remade],
    make: Callable[[Ruleset], Remade | None],
    differences: Differences,
) -> list[Named]:
    """Give the changes that turned each difference; `known` is what two rulesets make, by id."""
    if step is None or id(step.before) not in known:
        # Rulesets in between could not evaluate the pool.
        return [()] * len(differences.pairs())
    return turned(
        step,
        lambda ruleset: known[id(ruleset)] if id(ruleset) in known else make(ruleset),
        differences.pairs(),
    ).associations


def _events(
    info: RulesetInfo, found: Differences, named: Sequence[Named], *, is_first: bool
) -> Iterator[Event]:
    words = {id(change.after): change.words() for change in found.changed}
    for (old, new), changes in zip(found.pairs(), named, strict=True):
        if new is not None:
            came = FIRST if is_first else APPEARS
            what = came if old is None else CHANGES
            yield Event(info, what, new, words.get(id(new), []), changes)
        elif old is not None:
            yield Event(info, VANISHES, old, [], changes)


def _of(found: Differences, places: set[Place]) -> Differences:
    """Give the differences of associations that have an exposure."""
    return Differences(
        found.unchanged,
        [one for one in found.removed if _has(one, places)],
        [one for one in found.added if _has(one, places)],
        [one for one in found.changed if _has(one.before, places) or _has(one.after, places)],
    )


def _has(one: Association, places: set[Place]) -> bool:
    return not places or any(
        (member.pool_id, member.exposure) in places for _, member in one.placed
    )
