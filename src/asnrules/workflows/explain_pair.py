"""Why is an exposure no member of the associations of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from asnrules.associations.model import Association, Member, members_of
from asnrules.engine.candidates import Pair
from asnrules.engine.generation import Outcome
from asnrules.engine.growing import Fate
from asnrules.engine.pairing import Apart, Pairing, TakesNone
from asnrules.engine.signatures import SCIENCE, is_written_as_science
from asnrules.errors import UsageError
from asnrules.util.results import Spoken, shown_briefly
from asnrules.workflows import why_text
from asnrules.workflows.explain import TOLD, recorded_document, told
from asnrules.workflows.explained import Explained, ImportedIn


@shown_briefly
class Together(NamedTuple):
    """An association that has both exposures."""

    asn_name: str
    asn_rule: str
    candidate: str
    exptype: str
    """What the one is in it."""
    other: str
    """What the other is."""


@shown_briefly
class Nearest(NamedTuple):
    """The association of a science that comes nearest to taking another exposure."""

    apart: Apart
    asn_name: str | None
    """None if none was made."""

    def text(self) -> str:
        """Name it, and say what keeps the exposure out."""
        rule, candidate = self.apart.asn_rule, self.apart.candidate
        for_it = "" if candidate is None else f" for candidate {candidate[0]}"
        named = f"{rule}{for_it}" if self.asn_name is None else f"{self.asn_name} ({rule})"
        return f"{named}: {self.apart.text()}"

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        apart = self.apart
        return {
            "exptype": apart.exptype,
            "asn_name": self.asn_name,
            "asn_rule": apart.asn_rule,
            "candidate": apart.candidate and apart.candidate[0],
            "obstacles": [
                {**one._asdict(), "keyword": one.keyword.upper()} for one in apart.mismatches
            ],
            "text": self.text(),
        }


@shown_briefly
@dataclass(frozen=True, slots=True)
class PairExplanation(Spoken):
    """What two exposures are to each other: a science, and one that may be a companion of it."""

    COLUMNS: ClassVar = TOLD

    science: str
    other: str
    ruleset: str
    classes: tuple[str, str]
    """Those of both."""
    together: list[Together]
    left_out: list[Fate]
    """Associations of the science that took the other, and left it out in the end."""
    nearest: list[Nearest]
    """For each kind of companion that it might be and is not, the nearest first."""
    takes_none: list[TakesNone]
    """Rules that make associations of the science and take none of the class of the other."""
    reason: str | None
    """If the science is in no association, why."""
    where: str
    """The pool or run that they are of."""
    on_record: list[ImportedIn] | None
    """The associations of an imported run that have both; all else is what rules would make."""

    def records(self) -> Iterator[dict[str, Any]]:
        """Give what each rule makes of the two as a record."""
        return told(self.document(), ("on_record", "together", "left_out", "nearest", "takes_none"))

    def lines(self) -> Iterator[str]:
        """Say it in words, a line at a time."""
        return why_text.of_pair(self)

    def document(self) -> dict[str, Any]:
        """Give it as the command line prints it."""
        return {
            "science": self.science,
            "other": self.other,
            "ruleset": self.ruleset,
            "classes": list(self.classes),
            "on_record": recorded_document(self.on_record, "exptype", "other"),
            "together": [one._asdict() for one in self.together],
            "left_out": [
                {"asn_rule": one.rule.name, "candidate": one.candidate[0], "reason": one.reason}
                for one in self.left_out
            ],
            "nearest": [one.document() for one in self.nearest],
            "takes_none": [
                {"asn_rule": one.asn_rule, "exptype": one.exptype, "text": one.text()}
                for one in self.takes_none
            ],
            "reason": self.reason,
        }


def explain_pair(of: Explained, spelling: str, other_spelling: str) -> PairExplanation:
    """Explain why the second of two exposures is no companion of the first.

    It is the other way round if only the second is of a class that is written as a science.
    """
    evaluated, work = of.evaluated, of.evaluated.work
    first, second = of.place(spelling), of.place(other_spelling)
    if first == second:
        raise UsageError(f"{work.value(first, 'filename')}: given twice; name another exposure")
    classes = [work.judgements[place].exposure_class for place in (first, second)]
    science, other = first, second
    if [is_written_as_science(work.ruleset, one) for one in classes] == [False, True]:
        science, other = second, first
    outcome = of.outcome(other)
    own = {
        (one.asn_rule, (one.asn_id, one.candidate_type)): one.asn_name
        for one in outcome.associations
        if (member := _member(one, science)) is not None and member.exptype == SCIENCE
    }
    together = list(_together(outcome.associations, science, other))
    left_out = _left_out(outcome, science)
    settled = {one.other for one in together}
    settled |= {fate.member.exptype for fate in left_out if fate.member is not None}
    pairing = Pairing(work, evaluated.candidates)
    # What took it, if only at first, says what it is; other kinds of companions are not meant.
    found = [] if settled else pairing.apart(science, other, own)
    kind = work.judgements[other].exposure_class
    told = [
        pairing.takes_none_of_class(science, kind, rule)
        for rule in dict.fromkeys(rule for rule, _ in own)
    ]
    is_told = not is_written_as_science(work.ruleset, kind) and kind not in settled
    return PairExplanation(
        science=work.value(science, "filename") or "",
        other=work.value(other, "filename") or "",
        ruleset=evaluated.info.ruleset,
        classes=(work.judgements[science].exposure_class, kind),
        together=together,
        left_out=left_out,
        nearest=[_named(one, own) for one in found],
        takes_none=[one for one in told if one is not None and is_told],
        reason=None if outcome.memberships[science] else outcome.reasons.get(science),
        where=of.where,
        on_record=of.on_record(science, other),
    )


def _named(apart: Apart, own: dict[tuple[str, Pair], str]) -> Nearest:
    """Name the association of the science, for the same candidate if both have one."""
    if apart.candidate is not None:
        return Nearest(apart, own.get((apart.asn_rule, apart.candidate)))
    names = [name for (rule, _), name in own.items() if rule == apart.asn_rule]
    return Nearest(apart, names[0] if names else None)


def _left_out(outcome: Outcome, science: int) -> list[Fate]:
    found: dict[tuple[str, Pair, str | None], Fate] = {}
    for fate in outcome.fates:
        if fate.science == science and fate.association is None:
            found.setdefault((fate.rule.name, fate.candidate, fate.reason), fate)
    return list(found.values())


def _together(associations: Iterable[Association], one: int, other: int) -> Iterable[Together]:
    for association in associations:
        mine, others = _member(association, one), _member(association, other)
        if mine is not None and others is not None:
            yield Together(
                association.asn_name,
                association.asn_rule,
                association.asn_id,
                mine.exptype,
                others.exptype,
            )


def _member(association: Association, place: int) -> Member | None:
    members = members_of(association.products)
    return next((member for member in members if member.exposure == place), None)
