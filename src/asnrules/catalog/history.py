"""The history of an EXP_TYPE: what each ruleset made of it, when that changed, and by what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from asnrules.catalog import store
from asnrules.catalog.changes import about_others, chain_of, changes_of, touches
from asnrules.catalog.classification import Classifier, filled_in, judged, made_by
from asnrules.catalog.look_up import Filter, look_up
from asnrules.catalog.rulesets import RULES, TABLE, RulesetInfo, list_rulesets
from asnrules.catalog.vocabulary import assumed_values, exp_type_names, special_keywords
from asnrules.database.engines import transaction
from asnrules.engine.signatures import CLASS, EXP_TYPE
from asnrules.rules.uses import Item, uses_of, with_used


class Change(NamedTuple):
    """A day on which something else became of an EXP_TYPE."""

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
    """The named changes of the rules, since those before, that touch what decides it."""
    source: str


class _State(NamedTuple):
    """What becomes of exposures."""

    words: str
    exposure_class: str | None = None
    rules: frozenset[tuple[str, str]] = frozenset()
    """The rules that make associations of them, each with its type."""
    is_usual: bool = False
    """Whether the same associations come about without the special."""

    def deciding(self, other: _State) -> set[Item]:
        """Give what of the rules makes the difference from another one."""
        items = {("rule", name) for _, name in self.rules ^ other.rules}
        return items if self.exposure_class == other.exposure_class else {*items, _CLASSES}


_States = Mapping[str | None, _State]
"""What becomes of exposures, by special."""

TIME_SERIES = "TSOVISIT"
_CLASSES = (CLASS, "")
"""Stands for all that tells the class of an exposure."""


def exp_type_history(engine: Engine, exp_type: str) -> list[Change]:
    """Give the history of an EXP_TYPE over all published rulesets.

    In order of the dates; of a day, the table first. It is a NotFoundError if the catalog does not
    know the EXP_TYPE.
    """
    name = exp_type.upper()
    with transaction(engine) as connection:
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
                by = past.named(old, info, then.deciding(became))
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
        self._exp_type = exp_type
        self._exp_types = exp_type_names(connection)
        self._infos = infos
        self._specials = special_keywords(connection)
        self._assumed = assumed_values(connection)
        self._changes = changes_of(connection, [info for info in infos if info.change_count])
        tables = {info.ruleset: info for info in infos if info.kind == TABLE}
        modes = {label: look_up(connection, table) for label, table in tables.items()}
        loaded = store.load_all_rules(connection, [info.ruleset_id for info in rules])
        self._classifiers: dict[str, Classifier] = {}
        for info, ruleset in zip(rules, loaded, strict=True):
            table = info.implements or ""
            self._classifiers[info.ruleset] = Classifier(
                info, ruleset, tables[table], modes[table], self._specials
            )

    def anchored(self, info: RulesetInfo) -> _States:
        """Say what rules make of its exposures judged alone, by what they are flagged as."""
        classifier = self._classifiers[info.ruleset]
        flags: dict[str | None, dict[str, str]] = {None: {}}
        flags |= {special: {flag: "t"} for special, flag in self._specials}
        flags[TIME_SERIES] = {TIME_SERIES.lower(): "t"}
        exposures = [
            filled_in(classifier.ruleset, {EXP_TYPE: self._exp_type, **flag}, self._assumed)
            for flag in flags.values()
        ]
        work = judged(classifier.ruleset, exposures)
        found = {special: classifier.decide(work, at) for at, special in enumerate(flags)}
        states = {}
        for special, (exposure_class, rules) in found.items():
            words = f"{exposure_class or 'no class'}, {made_by(rules) or 'no association'}"
            those = frozenset((rule.asn_type, rule.name) for rule in rules)
            is_usual = special is not None and rules == found[None][1]
            states[special] = _State(words, exposure_class, those, is_usual)
        return states

    def named(self, before: RulesetInfo, after: RulesetInfo, items: set[Item]) -> list[str]:
        """Name the changes from one ruleset to another that touch any of some items.

        If none does, those that say which of several associations stay.
        """
        chain = [info.ruleset for info in chain_of(self._infos, after.ruleset)]
        if before.ruleset not in chain:
            return []
        rules = [self._classifiers[info.ruleset].ruleset for info in (before, after)]
        wanted: set[Item] = set()
        for uses in map(uses_of, rules):
            classes = {item for item in uses if item[0] == CLASS or item == ("default", CLASS)}
            wanted |= with_used(items | (classes if _CLASSES in items else set()), uses)
        others = about_others(rules, self._exp_type, self._exp_types)
        wanted -= {("condition", name) for name in others}
        between = chain[chain.index(before.ruleset) + 1 :]
        changes = [one for label in between for one in self._changes if one.ruleset == label]
        found = [change.change for change in changes if touches(change, wanted, others)]
        return found or [one.change for one in changes if touches(one, {("setting", "overall")})]
