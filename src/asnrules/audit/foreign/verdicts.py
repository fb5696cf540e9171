"""The verdict on an association that was made elsewhere, and its explanation.

Verdicts are tried in this order; the first that holds stands:

1. *explained*: the rules make exactly this from the pools that were given.
2. *contradicts*: the published table has no association of this type for its EXP_TYPE, and no
   known difference of the rules from the table accounts for it.
3. *differs*: its exposures are all in the pools, and the rules make something else, or nothing.
4. *unexplained*: not enough is known; the explanation says what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from asnrules.associations.reader import ForeignAssociation
from asnrules.audit.foreign.choice import Choice
from asnrules.audit.foreign.differences import in_words
from asnrules.audit.foreign.made import Made, Match
from asnrules.audit.foreign.table import Table


class Verdict(StrEnum):
    """What is to be said of an association that was made elsewhere."""

    EXPLAINED = "explained"
    DIFFERS = "differs"
    CONTRADICTS = "contradicts"
    UNEXPLAINED = "unexplained"


class Judged(NamedTuple):
    """A verdict with its explanation."""

    verdict: Verdict
    explanation: str


class Rules(NamedTuple):
    """What associations are judged by.

    Attributes
    ----------
    table : Table
        The published table that the ruleset implements.
    tables : dict of str to Table
        All published tables, by label.
    made : Made or None
        What the rules make of the pools, if any were given.
    """

    table: Table
    tables: dict[str, Table]
    made: Made | None


def judge(association: ForeignAssociation, choice: Choice, rules: Rules) -> Judged:
    """Judge an association.

    Parameters
    ----------
    association : ForeignAssociation
        The association.
    choice : Choice
        By which ruleset, and why by this one.
    rules : Rules
        That ruleset.
    """
    found = _Judging(association, choice, rules).judged()
    ruleset = f"rules: {choice.info.ruleset}, {choice.why}"
    return Judged(found.verdict, f"{found.explanation}; {ruleset}")


class _Judging:
    """The judging of one association."""

    def __init__(self, association: ForeignAssociation, choice: Choice, rules: Rules) -> None:
        self._association = association
        self._choice = choice
        self._table = rules.table
        self._made = rules.made
        self._then = None if choice.then is None else rules.tables[choice.then.ruleset]
        self._sciences = [] if self._made is None else self._made.sciences(association)

    def judged(self) -> Judged:
        match = None if self._made is None else self._made.match(self._association)
        if match is not None:
            return Judged(Verdict.EXPLAINED, self._explained(match))
        contradiction = self._contradiction()
        if contradiction is not None:
            return Judged(Verdict.CONTRADICTS, contradiction)
        missing = self._missing()
        if self._made is None or missing:
            return Judged(Verdict.UNEXPLAINED, f"{missing}; {self._hint()}")
        return Judged(Verdict.DIFFERS, self._difference(self._made))

    # --------------------------------------------------------------------- explained

    def _explained(self, match: Match) -> str:
        one = self._association
        text = f"the rules make exactly this: {one.asn_type} by {one.asn_rule}"
        text += f" for candidate {match.association.asn_id}"
        if match.is_alone:
            text += ", where it is worked alone; of the whole pool, another stands for it"
        remarks = [
            f"{name} {theirs}, {ours} by the rules"
            for name, theirs, ours in (
                ("its target is", one.target, match.association.target),
                ("its degraded_status says", *self._degraded(match)),
            )
            if theirs and theirs.lower() != ours.lower()
        ]
        return "; ".join([text, *remarks, *self._table_remarks()])

    def _degraded(self, match: Match) -> tuple[str, str]:
        theirs, ours = (
            " ".join(status.split())
            for status in (self._association.degraded_status, match.association.degraded_status)
        )
        return theirs, ours

    def _table_remarks(self) -> list[str]:
        """Say where the table has something else for its sciences than the rules make."""
        if self._made is None:
            return []
        found = [self._made.classification(place) for place in self._sciences]
        return list(dict.fromkeys(one.reason for one in found if one.agrees is False))

    # --------------------------------------------------------------------- contradicts

    def _contradiction(self) -> str | None:
        """Say how the table contradicts it, if it does."""
        table, asn_type = self._table, self._association.asn_type
        begin = f"its type is {asn_type}, but the table {table.label} has"
        told = self._told()
        exp_types: list[str] = []
        text = ""
        if self._made is not None and self._sciences:
            text, exp_types = self._contradicting_exposure(self._made)
        elif told and table.forbids_all(told, asn_type):
            text = f"{', '.join(map(table.says, told))} (EXP_TYPE by its constraints)"
            exp_types = told
        if not text and not table.has(asn_type):
            text = "it for no EXP_TYPE at all"
        if not text:
            return None
        by_rules = [] if self._made is None or self._missing() else self._by_rules(self._made)
        return "; ".join([f"{begin} {text}", *by_rules, *self._back_then(exp_types)])

    def _contradicting_exposure(self, made: Made) -> tuple[str, list[str]]:
        """Find a science of the pools for which the table has another type, or none."""
        for place in self._sciences:
            found = made.classification(place)
            exp_type = found.exp_type or ""
            values = made.worked.work.judgements[place].values
            if self._table.forbids(exp_type, self._association.asn_type, found.special, values):
                flagged = f" with {found.special}" if found.special else ""
                says = self._table.says(exp_type, found.special)
                return f"{says}{flagged} (EXP_TYPE of the pool)", [exp_type]
        return "", []

    def _changed_since(self, exp_types: Sequence[str]) -> list[str]:
        """Say what the table said when the association was made, if it says something else now."""
        then = self._then
        if then is None or all(then.says(name) == self._table.says(name) for name in exp_types):
            return []
        return self._back_then(exp_types)

    def _back_then(self, exp_types: Sequence[str]) -> list[str]:
        """Say what the table said when the association was made."""
        then = self._then
        if then is None or then.label == self._table.label:
            return []
        if not exp_types:
            has_it = then.has(self._association.asn_type)
            says = "it for some EXP_TYPE" if has_it else "it for none either"
        else:
            says = ", ".join(map(then.says, exp_types))
        return [f"the table in force when it was made, {then.label}, has {says}"]

    def _told(self) -> list[str]:
        """Give the EXP_TYPEs that its constraints tell."""
        known = set(self._table.exp_types)
        return sorted(self._association.told.exp_types & known)

    # --------------------------------------------------------------------- unexplained

    def _missing(self) -> str:
        """Say what would be needed to run the rules; '' if it is all there."""
        if self._made is None:
            pool = self._association.asn_pool
            return f"no pool was given to run the rules on{f' (it names {pool})' if pool else ''}"
        unknown = self._made.unknown(self._association)
        return f"not in the pools that were given: {in_words(unknown)}" if unknown else ""

    def _hint(self) -> str:
        """Say what is known of an association that cannot be judged."""
        asn_type = self._association.asn_type
        told = self._told()
        if not told:
            return "its EXP_TYPE is not known either, as its constraints do not tell it"
        says = f"the table {self._table.label} has {', '.join(map(self._table.says, told))}"
        known = [self._table.known_difference(exp_type, asn_type) for exp_type in told]
        reasons = [f"a known difference is: {reason}" for reason in known if reason is not None]
        return "; ".join([f"by its constraints, {says}", *reasons, *self._changed_since(told)])

    # --------------------------------------------------------------------- differs

    def _difference(self, made: Made) -> str:
        exp_types = {made.classification(place).exp_type for place in self._sciences}
        texts = self._by_rules(made)
        return "; ".join([*texts, *self._changed_since(sorted(filter(None, exp_types)))])

    def _by_rules(self, made: Made) -> list[str]:
        """Say what the rules make of its exposures, in what it differs from that."""
        texts = []
        if not made.has_candidate(self._association.asn_id):
            texts.append(f"the pools have no candidate {self._association.asn_id}")
        nearest = made.nearest(self._association)
        if nearest is not None:
            texts.append(in_words(nearest))
        elif self._sciences:
            place = self._sciences[0]
            name = made.worked.work.value(place, "filename")
            texts.append(f"the rules make none with {name} as science: {made.reason(place)}")
        else:
            texts.append("it has no science member, and the rules make none without")
        if made.is_unsettled(self._sciences):
            texts.append("for its exposures, jwst's own answer depends on the order of the rows")
        return texts
