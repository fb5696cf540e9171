"""Why is an exposure in its associations, and why in no others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from asnrules.catalog.classification import Classification
from asnrules.engine import nearest_rule as nearest
from asnrules.engine.conditions import requirements_of, term_holds
from asnrules.engine.growing import Fate
from asnrules.engine.nearest_companion import MissingCompanion
from asnrules.engine.signatures import EXP_TYPE
from asnrules.rules.model import Operator, Requirement, Rule
from asnrules.rules.words import instrument_of
from asnrules.util.results import Spoken, shown_briefly
from asnrules.workflows import why_text
from asnrules.workflows.explained import Explained, ImportedIn

TOLD = (
    "what", "asn_rule", "asn_name", "candidate", "role", "exptype", "keyword", "found", "wanted",
    "reason",
)  # fmt: skip
"""The columns of a table of what rules make of an exposure, or of two."""


@shown_briefly
class Miss(NamedTuple):
    """Why a rule does not take an exposure."""

    asn_rule: str
    condition: str
    """The condition that is closest to being met, in words."""
    keyword: str
    """The keyword that had to have another value."""
    found: str | None
    """Its value; None if it has none."""
    wanted: str
    """The values wanted, in words."""
    others: int
    """How many other conditions failed."""


@shown_briefly
@dataclass(frozen=True, slots=True)
class Explanation(Spoken):
    """Everything that was decided about an exposure of a pool."""

    COLUMNS: ClassVar = TOLD

    filename: str
    ruleset: str
    classification: Classification
    kept: list[Fate]
    """The associations that it is in."""
    dropped: list[Fate]
    """Those that did not come about, or that left it out."""
    missed: list[nearest.Miss]
    """The rules for exposures of its instrument that do not take it, the nearest miss first."""
    lacking: list[MissingCompanion]
    """Companions that come near, or sciences that lack it."""
    reason: str | None
    """If it is in no association, why."""
    where: str
    """The pool or run that it is of."""
    on_record: list[ImportedIn] | None
    """The associations of an imported run that have it; all else is what the rules would make."""

    @property
    def misses(self) -> list[Miss]:
        """What keeps each rule from taking it, the nearest miss first."""
        return [_first_in_words(miss) for miss in self.missed]

    def records(self) -> Iterator[dict[str, Any]]:
        """Give what each rule made of it as a record: associations, then what did not come about.

        Last come the rules that do not take it, and companions that it is not with.
        """
        return told(self.document(), ("on_record", "associations", "dropped", "misses", "lacking"))

    def lines(self) -> Iterator[str]:
        """Say it in words, a line at a time."""
        return why_text.of_exposure(self)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        found = self.classification
        document = found.document(self.filename)
        return {
            "filename": self.filename,
            "ruleset": self.ruleset,
            **{
                name: document[name] for name in ("exp_type", "member_type", "special", "published")
            },
            "on_record": recorded_document(self.on_record, "exptype"),
            "associations": [kept_document(fate, found.exp_type) for fate in self.kept],
            "dropped": [
                {
                    "asn_rule": fate.rule.name,
                    "candidate": fate.candidate[0],
                    "role": None if fate.member is None else fate.member.role,
                    "reason": fate.reason,
                }
                for fate in self.dropped
            ],
            "misses": [miss._asdict() for miss in self.misses],
            "lacking": [_lacking_document(one) for one in self.lacking],
            "reason": self.reason,
        }


def explain_exposure(of: Explained, spelling: str) -> Explanation:
    """Explain what becomes of an exposure; see `find_exposure` for spellings.

    If it is listed more than once, the first of them in canonical order is explained.
    """
    evaluated, place = of.evaluated, of.place(spelling)
    outcome = of.outcome(place)
    classification = evaluated.classification(place)
    instrument = instrument_of(classification.exp_type or "")
    misses = evaluated.classifier.nearness.misses(evaluated.work.judgements[place])
    kept = [fate for fate in outcome.fates if fate.association is not None]
    return Explanation(
        filename=evaluated.work.value(place, "filename") or "",
        ruleset=evaluated.info.ruleset,
        classification=classification,
        kept=sorted(kept, key=_kept_name),
        dropped=[fate for fate in outcome.fates if fate.association is None],
        missed=[miss for miss in misses if instrument in _instruments(miss.rule)],
        lacking=outcome.missing,
        reason=None if kept else outcome.reasons.get(place, classification.reason),
        where=of.where,
        on_record=of.on_record(place),
    )


def recorded_document(found: list[ImportedIn] | None, *names: str) -> list[dict[str, str]] | None:
    """Give imported associations with roles by these names."""
    if found is None:
        return None
    return [{"asn_name": one.asn_name, **dict(zip(names, one.roles, strict=True))} for one in found]


def told(document: Mapping[str, Any], parts: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give what the lists of an explanation tell as records of one form, each with its list."""
    for part in parts:
        for one in document[part] or ():
            reason = one.get("reason") or one.get("text") or one.get("condition")
            yield {name: one.get(name) for name in TOLD} | {"what": part, "reason": reason}


def _kept_name(fate: Fate) -> str:
    return "" if fate.association is None else fate.association.asn_name


def kept_document(fate: Fate, exp_type: str | None = None) -> dict[str, Any]:
    """Say how an exposure, of an EXP_TYPE if that is known, came into an association."""
    association = fate.association
    member = fate.member
    if association is None or member is None:
        raise TypeError("a kept fate has an association and a member")
    of_rule = {key.name for key in fate.rule.keys}
    roles = [role for role in fate.rule.roles if role.name == member.role]
    # Those of other roles are locked as well, but are not asked of it.
    asked = of_rule.union(key.name for role in roles for key in role.keys)
    return {
        "asn_name": association.asn_name,
        "asn_type": association.asn_type,
        "asn_rule": association.asn_rule,
        "candidate": association.asn_id,
        "candidate_type": association.candidate_type,
        "product": association.products[0].name,
        "exptype": member.exptype,
        "role": member.role,
        "asked": _asked(fate, member.role, exp_type),
        "keys": {
            name: {
                "keyword": keyword.upper(),
                "value": value,
                "of_role": name not in of_rule,
            }
            for name, (keyword, value) in fate.keys.items()
            if name in asked
        },
    }


def _lacking_document(lacking: MissingCompanion) -> dict[str, Any]:
    return {
        "asn_rule": lacking.asn_rule,
        "exptype": lacking.exptype,
        "candidate": lacking.candidate and lacking.candidate[0],
        "filename": lacking.near.filename,
        "is_science": lacking.near.is_science,
        "obstacles": [
            {**one._asdict(), "keyword": one.keyword.upper()} for one in lacking.near.mismatches
        ],
        "others": lacking.others,
        "text": lacking.text(),
    }


def _asked(fate: Fate, role: str, exp_type: str | None) -> list[str]:
    """Say what the rule asks of an exposure that it takes in a role."""
    uses = [use for one in fate.rule.roles if one.name == role for use in one.requirements]
    types = {value for keyword, value in fate.keys.values() if keyword == EXP_TYPE}
    types |= {exp_type.lower()} if exp_type else set()
    asked = (*fate.rule.requirements, *uses)
    return [use.text for use in asked if not any(_is_of_others(use, one) for one in types)]


def _is_of_others(use: Requirement, exp_type: str) -> bool:
    """Tell whether something is asked of other EXP_TYPEs only."""
    return not use.negated and any(
        all(
            (term.keyword, term.operator) == (EXP_TYPE, Operator.NOT_IN)
            and term_holds(term, exp_type)
            for term in terms
        )
        for terms in use.condition.alternatives
    )


def _first_in_words(miss: nearest.Miss) -> Miss:
    failure = miss.failures[0]
    first = failure.repairs[0]
    keyword = first.keyword.upper()
    return Miss(miss.rule.name, failure.text, keyword, first.shown, first.wanted, miss.unmet - 1)


def _instruments(rule: Rule) -> set[str | None]:
    """Give the instruments that a rule takes exposures of."""
    return {
        instrument_of(value.upper())
        for use in requirements_of(rule)
        if not use.negated
        for term in use.condition.terms
        if term.keyword == EXP_TYPE and term.operator in {Operator.IN, Operator.LISTED}
        for value in term.values
    }
