"""Sections of pages that no query gives, but the functions that the commands use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Engine

from asnrules.catalog.blame import blame
from asnrules.catalog.describe import describe_ruleset
from asnrules.catalog.history import exp_type_history
from asnrules.database.engines import transaction
from asnrules.errors import AsnrulesError
from asnrules.record.queries.history import exposure_history
from asnrules.record.queries.runs import find_run
from asnrules.workflows.explain import explain_exposure
from asnrules.workflows.explain_association import explain_recorded
from asnrules.workflows.explained import of_run

MOST_EXPOSURES = 20_000
"""Of a run of more, a page does not make associations again to say why members are in them."""

MOST_RUNS = 50
"""Of how many runs an exposure page says what changed."""


class Told(NamedTuple):
    """A section of a page."""

    title: str
    rows: list[dict[str, Any]]
    is_facts: bool = False
    """Whether its one row is shown as a list of names and values."""


def tell(engine: Engine, kind: str, values: Mapping[str, Any]) -> list[Told]:
    """Give the sections of the page of a thing; none if it is not there."""
    teller = _TELLERS.get(kind)
    if teller is None or not all(values.values()):
        return []
    found: list[Told] = []
    # What is not there, or damaged, is told by the other sections.
    with contextlib.suppress(AsnrulesError, ValueError):
        found.extend(one for one in teller(engine, values) if one.rows)
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
                "ruleset": part.ruleset, "effective_from": part.effective_from,
                "change": part.change, "why": part.why, "source": part.source,
                "item": f"{part.kind} {part.item}", "field": part.field,
                "before": _lines(part.before), "after": _lines(part.after),
            }
            for part in parts
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
    generated = [one.decision for one in decisions if one.decision.origin == "generated"]
    if generated:
        yield from _why(engine, generated[-1].run_id, values["filename"])


def _why(engine: Engine, run_id: int, filename: str) -> Iterator[Told]:
    """Say what keeps an exposure out of other associations, in a run."""
    with transaction(engine) as connection:
        run = find_run(connection, run_id)
    if run.exposures > MOST_EXPOSURES:
        return
    found = explain_exposure(of_run(engine, run_id), filename).document()
    ruleset = found["ruleset"]
    yield Told(
        f"Why no other companions in run {run_id}: what comes nearest",
        [{"candidate": one["candidate"], "in_words": one["text"]} for one in found["lacking"]],
    )
    yield Told(
        f"Why no other associations in run {run_id}: what did not come about, or left it out",
        [{"ruleset": ruleset, **one} for one in found["dropped"]],
    )
    yield Told(
        f"Rules that do not take it in run {run_id}, the nearest first",
        [
            {
                "ruleset": ruleset, "asn_rule": one["asn_rule"],
                "unmet_condition": one["condition"],
                "keyword": one["keyword"], "has": one["found"], "wanted": one["wanted"],
                "other_unmet": one["others"],
            }
            for one in found["misses"]
        ],
    )  # fmt: skip


def _of_association(engine: Engine, values: Mapping[str, Any]) -> Iterator[Told]:
    with transaction(engine) as connection:
        run = find_run(connection, int(values["run_id"]))
    if run.exposures > MOST_EXPOSURES:
        return
    found = explain_recorded(engine, values["asn_name"], run.run_id).document()
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
    "exposure": _of_exposure,
    "association": _of_association,
}
