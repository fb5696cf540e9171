"""Sections of pages that no query gives, but the functions that the commands use."""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Engine

from asnrules.catalog.blame import blame
from asnrules.catalog.describe import describe_ruleset
from asnrules.catalog.history import exp_type_history
from asnrules.database.engines import transaction
from asnrules.errors import AsnrulesError
from asnrules.record.queries.history import exposure_history
from asnrules.record.queries.runs import RecordedRun, find_run
from asnrules.report.rendering import figure
from asnrules.workflows.explain import explain_exposure
from asnrules.workflows.explain_association import NamedAssociation, explain_named
from asnrules.workflows.explain_pair import explain_pair
from asnrules.workflows.explained import of_run
from asnrules.workflows.timeline import FIRST, Event, timeline

MOST_EXPOSURES = 20_000
"""Of a run of more, a page does not make associations again to say why members are in them."""

MOST_FOR_ALL_RULESETS = 2_000
"""Of a run of more, a page does not make associations by each ruleset."""

MOST_DIFFERENCES = 4
"""How many differences of an association are named."""

MOST_RUNS = 50
"""Of how many runs an exposure page says what changed."""


class Told(NamedTuple):
    """A section of a page."""

    title: str
    rows: list[dict[str, Any]]
    is_facts: bool = False
    """Whether its one row is shown as a list of names and values."""
    note: str = ""
    """What there is to know of the rows, or why there are none."""
    picture: str = ""
    """Markup that `report/` has made."""


def tell(engine: Engine, what: str, values: Mapping[str, Any]) -> list[Told]:
    """Give sections of the page of a thing, or one that is fetched later; none if it is not there.

    They are known by the kind of thing, for what comes later followed by `Section.later`.
    """
    teller = _TELLERS.get(what)
    if teller is None or not all(values.values()):
        return []
    found: list[Told] = []
    # What is not there, or damaged, is told by the other sections.
    with contextlib.suppress(AsnrulesError, ValueError):
        found.extend(one for one in teller(engine, values) if any(one[1:]))
    return found


def _of_rule(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    name, ruleset = values["asn_rule"], values["ruleset"]
    with transaction(engine) as connection:
        rows = describe_ruleset(connection, ruleset).rows
    for row in rows:
        if row.get("asn_rule") == name:
            words = {_HEADINGS[part]: _lines(row[part]) or None for part in _HEADINGS}
            yield Told("In words", [words], is_facts=True)
    parts = blame(engine, name, ruleset=ruleset).parts
    yield Told(
        "What made it so: changes of it and of what it uses",
        [
            {
                "ruleset": one.ruleset, "effective_from": one.effective_from,
                "change": one.change or "the first ruleset", "why": one.why, "source": one.source,
                "what": _lines(": ".join(part.words()) for part in (one, *others)),
            }
            for _, (one, *others) in groupby(parts, lambda part: (part.ruleset, part.change))
        ],
    )  # fmt: skip


_HEADINGS = {
    "takes": "takes", "candidates": "for candidates", "keys": "in common", "roles": "roles",
    "rateints": "rateints, if any holds", "steps": "finishing steps", "written": "written",
}  # fmt: skip


def _of_exp_type(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    changes = exp_type_history(engine, values["exp_type"])
    yield Told(
        "Its history, by tables and rules",
        [
            {
                "day": one.date, "ruleset": one.ruleset, "special": one.special, "was": one.was,
                "became": one.became, "changes": _lines(one.changes), "source": one.source,
            }
            for one in reversed(changes)
        ],
    )  # fmt: skip


def _of_exposure(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    with transaction(engine) as connection:
        decisions = exposure_history(connection, values["filename"], [], MOST_RUNS)
    yield Told(
        "What changed from run to run",
        [
            {"run_id": one.decision.run_id, "ruleset": one.decision.ruleset,
             "changes": _lines(one.changes)}
            for one in reversed(decisions) if one.changes
        ],
    )  # fmt: skip
    yield from _why(engine, values["filename"])


def _why(engine: Engine, filename: str) -> Iterator[Told]:
    """Say what keeps an exposure out of other associations, in the newest run."""
    if (run := _newest_generated(engine, filename)) is None:
        return
    run_id = run.run_id
    if run.exposures > MOST_EXPOSURES:
        yield _too_many("Why no other associations", run, f"why --run {run_id}", filename)
        return
    explained = explain_exposure(of_run(engine, run_id), filename)
    found, ruleset = explained.document(), explained.ruleset
    yield Told(
        f"Why no other companions in run {run_id}: what comes nearest",
        [{"candidate": one["candidate"], "in_words": one["text"]} for one in found["lacking"]],
    )
    yield Told(
        f"Why no other associations in run {run_id}: what did not come about, or left it out",
        [
            {"_ruleset": ruleset, **dict(one), "times": count if count > 1 else None}
            for one, count in Counter(tuple(one.items()) for one in found["dropped"]).items()
        ],
    )
    far = [miss.rule.name for miss in explained.missed if miss.distance.is_other_type]
    yield Told(
        f"Rules that do not take it in run {run_id}, the nearest first",
        [
            {
                "_ruleset": ruleset, "asn_rule": one["asn_rule"],
                "unmet_condition": one["condition"],
                "keyword": one["keyword"], "has": one["found"], "wanted": one["wanted"],
                "other_unmet": one["others"],
            }
            for one, miss in zip(found["misses"], explained.missed, strict=True)
            if not miss.distance.is_other_type
        ],
        note=f"Rules for other EXP_TYPEs of this instrument: {', '.join(far)}" if far else "",
    )  # fmt: skip


def _newest_generated(engine: Engine, filename: str) -> RecordedRun | None:
    with transaction(engine) as connection:
        decisions = [one.decision for one in exposure_history(connection, filename, [], MOST_RUNS)]
        generated = [one.run_id for one in decisions if one.origin == "generated"]
        return find_run(connection, generated[-1]) if generated else None


def _of_pair(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    """Say why another exposure is no companion of one, in the newest run of this."""
    one, other = values["filename"], values["other_exposure"]
    if (run := _newest_generated(engine, one)) is None:
        yield Told(f"It and {other}", [], note="It is in no run that made associations.")
        return
    title = f"It and {other}, in run {run.run_id}"
    if run.exposures > MOST_EXPOSURES:
        yield _too_many(title, run, f"why --run {run.run_id}", one, other)
        return
    try:
        words = "\n".join(explain_pair(of_run(engine, run.run_id), one, other).lines())
    except AsnrulesError as error:
        words = str(error)
    yield Told(title, [], note=words)


def _by_rulesets(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    """Say what becomes of an exposure by each ruleset of the chain."""
    title, filename = "What each ruleset makes of it, the first one first", values["filename"]
    with transaction(engine) as connection:
        history = exposure_history(connection, filename, [], MOST_RUNS)
        of_pools = [one.decision.run_id for one in history if one.decision.pool_id is not None]
        if not of_pools:
            return
        run = find_run(connection, of_pools[-1])
    if run.exposures > MOST_FOR_ALL_RULESETS:
        yield _too_many(title, run, "audit timeline", filename)
        return
    try:
        found = timeline(engine, filename)
    except AsnrulesError as error:
        yield Told(title, [], note=str(error))
        return
    ends = f"{found.rulesets[0].ruleset} to {found.rulesets[-1].ruleset}"
    by = f"the {len(found.rulesets)} rulesets from {ends}, with the pool and options of run"
    if found.events:
        note = f"By {by} {found.run.run_id}. Each makes what the one before makes, but for this."
    else:
        note = f"No association by any of {by} {found.run.run_id}."
    if found.refused:
        note += f" The pool lacks a column that {', '.join(found.refused)} need."
    yield Told(title, _alike(map(_event, found.events)), note=note)


def _event(one: Event) -> dict[str, Any]:
    made, (product, *others) = one.association, [one.name for one in one.association.products]
    # That it is in the product goes without saying if there is no other.
    words = (
        one.differences if others else [w.removesuffix(f" in {product}") for w in one.differences]
    )
    if len(words) > MOST_DIFFERENCES:
        words = [*words[:MOST_DIFFERENCES], f"and {len(words) - MOST_DIFFERENCES} more"]
    return {
        "ruleset": one.info.ruleset, "effective_from": one.info.effective_from,
        "asn_rule": made.asn_rule,
        "association": f"{'is made' if one.what == FIRST else one.what} for {made.asn_id}",
        "products": _lines([product, *others]), "differences": _lines(words),
        "turned_by": _lines(change.words() for change in one.changes),
    }  # fmt: skip


def _alike(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell once what becomes of several products alike."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in events:
        products = one.pop("products")
        known = found.setdefault(tuple(one.values()), {**one})
        known["association"] += f"\n{products}"
    return list(found.values())


def _picture(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    yield Told("Where its exposures went", [], picture=figure(engine, int(values["run_id"])))


def _too_many(title: str, run: RecordedRun, command: str, *names: str) -> Told:
    note = (
        f"Run {run.run_id} has {run.exposures:,} exposures, too many to make its associations "
        f"again for a page. In a terminal: asnrules {command} {shlex.join(names)}"
    )
    return Told(title, [], note=note)


def _of_association(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    with transaction(engine) as connection:
        run = find_run(connection, int(values["run_id"]))
    if run.exposures > MOST_EXPOSURES:
        command = f"why --run {run.run_id}"
        yield _too_many("Why each is in it", run, command, values["asn_name"])
        return
    named = NamedAssociation(values["asn_name"])
    found = explain_named(engine, named, run.run_id).document()
    alike: dict[tuple[str, ...], list[str]] = {}
    for one in found["members"]:
        keys = (key for key in (one["keys"] or {}).values() if key["of_role"])
        match = _lines(f"{key['keyword']} = {key['value']}" for key in keys)
        why = one["role"] or "made by Stage 3", _lines(one["asked"] or ()), match
        alike.setdefault(why, []).append(one["expname"])
    yield Told(
        "Why each is in it",
        [
            {"role": role, "members": _lines(names), "asked": asked, "has_to_match": match}
            for (role, asked, match), names in alike.items()
        ],
    )


def _lines(words: Any) -> str:
    return words if isinstance(words, str) else "\n".join(map(str, words))


_TELLERS: dict[str, Callable[[Engine, Mapping[str, Any]], Iterator[Told]]] = {
    "rule": _of_rule,
    "exp_type": _of_exp_type,
    "exposure/why": _of_exposure,
    "exposure/pair": _of_pair,
    "exposure/rulesets": _by_rulesets,
    "association/why": _of_association,
    "run/picture": _picture,
}
