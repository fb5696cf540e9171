"""The history of an EXP_TYPE: what each ruleset made of it, and when that changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.catalog.classification import Classification, load_classifier
from asnrules.catalog.look_up import Filter, look_up
from asnrules.catalog.rulesets import (
    RULES,
    TABLE,
    RulesetInfo,
    list_rulesets,
)
from asnrules.catalog.vocabulary import assumed_values, special_keywords
from asnrules.database.engines import transaction
from asnrules.engine.conditions import Row
from asnrules.engine.exposures import Work


class Change(NamedTuple):
    """A day on which something else became of an EXP_TYPE."""

    date: dt.date
    """The first day."""
    ruleset: str
    """What says so."""
    kind: str
    special: str | None
    """For which exposures: those with this special, or of a visit with TSOVISIT; None is for
    those without."""
    was: str | None
    """What it was before, in words; None if nothing is known of that."""
    became: str
    """What became of it, in words."""
    source: str
    """Where the ruleset comes from."""


_States = Mapping[str | None, str]
"""What becomes of exposures, in words, by special."""

TIME_SERIES = "TSOVISIT"


def exp_type_history(engine: Engine, exp_type: str) -> list[Change]:
    """Give the history of an EXP_TYPE over all published rulesets, tables first.

    Returns
    -------
    list of Change
        In order of their dates; of a day, the table first.

    Raises
    ------
    NotFoundError
        If the catalog does not know it.
    """
    name = exp_type.upper()
    with transaction(engine) as connection:
        infos = [
            info
            for info in list_rulesets(connection)
            if info.status != "draft" and info.effective_from is not None
        ]
        changes = [
            *_changes(
                [info for info in infos if info.kind == TABLE],
                lambda info: _printed(connection, info, name),
                lambda _: "no row",
            ),
            *_changes(
                [info for info in infos if info.kind == RULES],
                lambda info: _anchored(connection, info, name),
                lambda states: states[None],
            ),
        ]
    return sorted(changes, key=lambda change: change.date)


def _changes(
    infos: Sequence[RulesetInfo],
    states: Callable[[RulesetInfo], _States],
    otherwise: Callable[[_States], str],
) -> Iterator[Change]:
    """Compare each ruleset of a kind with the one before it, in order of their dates.

    `otherwise` says what becomes of exposures with a special that the states leave out.
    """
    before: _States | None = None
    for info, following in zip(infos, (*infos[1:], None), strict=True):
        now = states(info)
        for special in dict.fromkeys((*now, *(before or ()))):
            was = None if before is None else before.get(special, otherwise(before))
            became = now.get(special, otherwise(now))
            if was != became:
                yield _change(info, info.effective_from, special, was, became)
        before = now
        end = info.effective_until
        if end is not None and (following is None or following.effective_from != end):
            until = "on" if following is None else f"until {following.effective_from}"
            text = f"not known: the catalog has no {info.kind} from here {until}"
            yield _change(info, end, None, now.get(None, otherwise(now)), text)
            before = None


def _change(
    info: RulesetInfo, day: dt.date | None, special: str | None, was: str | None, became: str
) -> Change:
    return Change(day or dt.date.min, info.ruleset, info.kind, special, was, became, info.source)


def _printed(connection: Connection, info: RulesetInfo, exp_type: str) -> _States:
    """Say what the rows of a table say."""
    return {
        mode.special: f"{mode.member_type}, {mode.asn_type or 'no association'}"
        + (f" ({mode.footnote})" if mode.footnote else "")
        for mode in look_up(connection, info, Filter([exp_type]))
    }


def _anchored(connection: Connection, info: RulesetInfo, exp_type: str) -> _States:
    """Say what rules make of exposures judged alone, by what they are flagged as.

    Left out are flags with which the same associations come about as without.
    """
    classifier = load_classifier(connection, info)
    assumed = assumed_values(connection)
    known = sorted(assumed)
    flags: dict[str | None, str | None] = {None: None}
    flags |= dict(special_keywords(connection))
    flags |= {TIME_SERIES: TIME_SERIES.lower()}
    rows: list[Row] = []
    for flag in flags.values():
        values = assumed | {"exp_type": exp_type.lower()} | ({flag: "t"} if flag else {})
        rows.append(tuple(values[keyword] for keyword in known))
    work = Work.judged(classifier.ruleset, known, rows)
    found = {special: classifier.classify(work, place) for place, special in enumerate(flags)}
    return {
        special: _made(one)
        for special, one in found.items()
        if special is None or one.associations != found[None].associations
    }


def _made(found: Classification) -> str:
    made = ", ".join(f"{rule.asn_type} by {rule.name}" for rule in found.associations)
    return f"{found.member_type or 'no class'}, {made or 'no association'}"
