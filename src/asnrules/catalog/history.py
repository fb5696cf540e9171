"""The history of an EXP_TYPE: what each ruleset made of it, when that changed, and by what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.classification import Classifier, filled_in, judged, made_by
from asnrules.catalog.look_up import Filter, look_up
from asnrules.catalog.rulesets import RULES, TABLE, RulesetInfo, list_rulesets
from asnrules.catalog.vocabulary import assumed_values, known_exp_types, special_keywords
from asnrules.database.engines import transaction
from asnrules.engine.signatures import EXP_TYPE
from asnrules.impact.turning import RulesetCache, chain_between
from asnrules.rules.model import Ruleset
from asnrules.util.results import shown_briefly


@shown_briefly
class Change(NamedTuple):
    """A day on which the rules for an EXP_TYPE changed."""

    date: dt.date
    goes_by: str | None
    """What that is, if it is the first of the ruleset; see `RulesetInfo`."""
    ruleset: str
    kind: str
    special: str | None
    """For which exposures: those with this special, or of a visit with TSOVISIT; None is for
    those without."""
    was: str | None
    """What it was before, in words; None if nothing is known of that."""
    became: str
    changes: list[str]
    """The named changes of the rules, since those before, that turned it."""
    source: str


class _State(NamedTuple):
    """What becomes of exposures."""

    words: str
    is_usual: bool = False
    """Whether the same associations come about without the special."""


_States = Mapping[str | None, _State]
"""What becomes of exposures, by special."""

TIME_SERIES = "TSOVISIT"


def exp_type_history(engine: Engine, exp_type: str) -> list[Change]:
    """Give the history of an EXP_TYPE over all published rulesets.

    In order of the dates; of a day, the table first. It is a NotFoundError if the catalog does not
    know the EXP_TYPE.
    """
    with transaction(engine) as connection:
        (name,) = known_exp_types(connection, [exp_type])
        infos = list_rulesets(connection)
        dated = [info for info in infos if info.status != "draft" and info.effective_from]
        tables, rules = ([info for info in dated if info.kind == kind] for kind in (TABLE, RULES))
        printed = [_printed(connection, info, name) for info in tables]
        past = _Past(connection, name.lower(), infos, rules)
        changes = [
            *_changes(past, tables, printed, lambda _: _State("no row")),
            *_changes(past, rules, map(past.anchored, rules), lambda states: states[None]),
        ]
    return sorted(changes, key=lambda change: change.date)


def _changes(
    past: _Past,
    infos: Sequence[RulesetInfo],
    states: Iterable[_States],
    otherwise: Callable[[_States], _State],
) -> Iterator[Change]:
    """Compare each ruleset of a kind with the one before it, in order of their dates.

    `otherwise` says what becomes of exposures with a special that the states leave out.
    """
    before: tuple[RulesetInfo, _States] | None = None
    for info, following, now in zip(infos, (*infos[1:], None), states, strict=True):
        old, was = before or (info, {})
        for special in dict.fromkeys((*now, *was)):
            then = was.get(special, otherwise(was)) if before else None
            became = now.get(special, otherwise(now))
            if became.is_usual and (then is None or then.is_usual):
                continue
            if then is None:
                yield _change(info, info.effective_from, special, None, became.words)
            elif then.words != became.words:
                by = past.named(old, info, special) if info.kind == RULES else []
                yield _change(info, info.effective_from, special, then.words, became.words, by)
        before = info, now
        end = info.effective_until
        if end is not None and (following is None or following.effective_from != end):
            until = "on" if following is None else f"until {following.effective_from}"
            text = f"not known: the catalog has no {info.kind} from here {until}"
            yield _change(info, end, None, now.get(None, otherwise(now)).words, text)
            before = None


def _change(
    info: RulesetInfo,
    day: dt.date | None,
    special: str | None,
    was: str | None,
    became: str,
    by: Sequence[str] = (),
) -> Change:
    first = day or dt.date.min
    goes_by = info.goes_by if day == info.effective_from else None
    return Change(first, goes_by, info.ruleset, info.kind, special, was, became, [*by], info.source)


def _printed(connection: Connection, info: RulesetInfo, exp_type: str) -> _States:
    """Say what the rows of a table say."""
    return {
        mode.special: _State(
            f"{mode.member_type}, {mode.asn_type or 'no association'}"
            + (f" ({mode.footnote})" if mode.footnote else "")
        )
        for mode in look_up(connection, info, Filter([exp_type]))
    }


class _Past:
    """What rules of the past make of an EXP_TYPE: all loaded at once, with their changes."""

    def __init__(
        self,
        connection: Connection,
        exp_type: str,
        infos: Sequence[RulesetInfo],
        rules: Sequence[RulesetInfo],
    ) -> None:
        self._connection = connection
        self._exp_type = exp_type
        self._specials = special_keywords(connection)
        self._assumed = assumed_values(connection)
        self._infos = {info.ruleset: info for info in infos}
        tables = (info for info in infos if info.kind == TABLE)
        self._modes = {info.ruleset: look_up(connection, info) for info in tables}
        loaded = store.load_all_rules(connection, [info.ruleset_id for info in rules])
        self._rules = {ruleset.label: ruleset for ruleset in loaded}
        ends = [info.ruleset for info in (*rules[:1], *rules[-1:])]
        self._chain = chain_between(connection, *ends) if rules else None
        self._states = RulesetCache(self._anchored)

    def anchored(self, info: RulesetInfo) -> _States:
        """Say what rules make of its exposures judged alone, by what they are flagged as."""
        return self._states(self._rules[info.ruleset])

    def _anchored(self, ruleset: Ruleset) -> _States:
        info = self._infos[ruleset.label]
        table = info.implements or ""
        classifier = Classifier(
            info, ruleset, self._infos[table], self._modes[table], self._specials
        )
        flags: dict[str | None, dict[str, str]] = {None: {}}
        flags |= {special: {flag: "t"} for special, flag in self._specials}
        flags[TIME_SERIES] = {TIME_SERIES.lower(): "t"}
        exposures = [
            filled_in(ruleset, {EXP_TYPE: self._exp_type, **flag}, self._assumed)
            for flag in flags.values()
        ]
        work = judged(ruleset, exposures)
        found = {special: classifier.decide(work, at) for at, special in enumerate(flags)}
        states = {}
        for special, (exposure_class, rules) in found.items():
            words = f"{exposure_class or 'no class'}, {made_by(rules) or 'no association'}"
            is_usual = special is not None and rules == found[None][1]
            states[special] = _State(words, is_usual)
        return states

    def named(self, before: RulesetInfo, after: RulesetInfo, special: str | None) -> list[str]:
        """Name the changes from one ruleset to another that turned what becomes of exposures."""
        ends = before.ruleset, after.ruleset
        chain = self._chain
        if chain is None or not {*ends} <= {ruleset.label for ruleset in chain.rulesets}:
            chain = chain_between(self._connection, *ends)
        if chain is None:
            return []
        turned = chain.turned(lambda ruleset: self._states(ruleset)[special].words, ends)
        return [change.change for change in turned]
