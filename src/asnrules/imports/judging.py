"""The verdict on an association that was made elsewhere, and its explanation.

Verdicts are tried in this order; the first that holds stands:

1. *explained*: the rules make exactly this from the pools that were given.
2. *contradicts*: the table in force when it was made has no association of this type
   for its EXP_TYPE, and no known difference of the rules from the table accounts for it.
3. *differs*: its exposures are all in the pools, and the rules make something else, or nothing.
4. *unexplained*: not enough is known; the explanation says what is missing.

Every statement of an explanation comes from a comparison that found it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

from asnrules.associations.comparison import CANDIDATE, Difference, file_name
from asnrules.associations.model import DEGRADED, NO_DEGRADED, Association, Product, members_of
from asnrules.associations.reader import ForeignAssociation
from asnrules.imports.choice import Choice
from asnrules.imports.matching import Expected, Matcher, Near
from asnrules.imports.table import Table
from asnrules.imports.today import Today
from asnrules.util.text import EMPTY, few

_TOLD = ("asn_type", "asn_id", "program", "target", "degraded_status")
"""Keys that every file made by a rule has."""

_COMPRESSED = ".gz"
SHOWN = 6  # How many differences are put into words, and how many files of one are named
COMPARED = 50  # Of how many members of a product it is looked up what keeps them out


def in_words(texts: Sequence[str]) -> str:
    """Join texts, the first of them if there are many."""
    rest = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {rest:,} more" if rest > 0 else "")


class Verdict(StrEnum):
    """What is to be said of an association that was made elsewhere."""

    EXPLAINED = "explained"
    DIFFERS = "differs"
    CONTRADICTS = "contradicts"
    UNEXPLAINED = "unexplained"


class Judged(NamedTuple):
    """A verdict with its explanation, and the association of the rules that it explains."""

    verdict: Verdict
    explanation: str
    association: Association | None = None
    by_rules: Sequence[Association] = ()
    """What the rules make that comes nearest to each part of it."""


class Rules(NamedTuple):
    """What associations are judged by."""

    table: Table
    """The table that the ruleset implements."""
    tables: dict[str, Table]
    """All tables that are published, by label."""
    matcher: Matcher | None
    """What the rules make of the pools, if any were given."""
    today: Today | None = None
    """What today's rules make of them, if these are others."""


class Judging:
    """The judging of one association."""

    def __init__(self, association: ForeignAssociation, choice: Choice, rules: Rules) -> None:
        self._association = association
        self._choice = choice
        self._matcher = rules.matcher
        self._by_rules = self._table = rules.table
        if choice.then is not None:
            self._table = rules.tables.get(choice.then.ruleset, rules.table)
        self._sciences = self._matcher.sciences(association.products) if self._matcher else []
        self._told = sorted(association.constraints.exp_types)
        """The EXP_TYPEs that its constraints tell."""

    @cached_property
    def near(self) -> Near | None:
        """What comes nearest to it."""
        return self._matcher.nearest(self._association) if self._matcher else None

    @property
    def nearest(self) -> list[Near | None]:
        """What comes nearest to each part of it that is compared by itself."""
        return [self.near]

    def by_rules(self) -> list[Association]:
        """Give what the whole pool keeps that comes nearest; else what a selection makes."""
        found: dict[int, Association] = {}
        for near in self.nearest:
            if self._matcher is not None and near is not None:
                kept = self._matcher.stay(near.expected) or [near.association]
                found |= {id(one): one for one in kept}
        return [*found.values()]

    @property
    def is_made(self) -> bool:
        """Whether the rules make exactly this."""
        nearest = self.nearest
        return bool(nearest) and all(near and not near.differences for near in nearest)

    def judged(self) -> Judged:
        """Give the first verdict that holds."""
        if self._matcher and self.near and not self.near.differences:
            text = self._explained(self._matcher, self.near)
            return Judged(Verdict.EXPLAINED, text, self.near.association)
        by_rules = self.unlike() or []
        contradiction = self._contradiction()
        if contradiction:
            return Judged(Verdict.CONTRADICTS, "; ".join([*contradiction, *by_rules]))
        if by_rules:
            return Judged(Verdict.DIFFERS, "; ".join([*by_rules, *self._then()]))
        return Judged(Verdict.UNEXPLAINED, f"{self._missing()}; {self._hint()}")

    def unlike(self) -> list[str] | None:
        """Say in what it differs from what the rules make; empty if they make exactly this.

        None if an exposure is in none of the pools, so that the rules cannot be run.
        """
        if self._matcher is None or self._missing():
            return None
        return [] if self.is_made else self._difference(self._matcher, self.near)

    # --------------------------------------------------------------------- explained

    def _explained(self, matcher: Matcher, near: Near) -> str:
        one, ours = self._association, near.association
        untold = any(matcher.place(name) is not None for name in one.untold)
        remarks = [
            *(f"it has no {key}" for key in _TOLD if not getattr(one, key)),
            *(["some members have no exposerr"] if untold else []),
            *self._other_values(ours),
        ]
        what = f"{named(near.expected)}{stays(matcher, near.expected)}"
        if len(one.products) == 1:
            exactly = "this" if remarks or one.remarks else "exactly this"
            begin = f"the rules make {exactly}: {what}"
        else:
            begin = f"it joins {len(one.products)} products, each as the rules make it: {what}"
        return "; ".join([begin, *remarks, *self._table_remarks(matcher, ours.asn_type or "")])

    def _other_values(self, ours: Association) -> list[str]:
        """Say where what is not compared for the verdict is not as the rules have it."""
        one = self._association
        texts = []
        prefix = f"{ours.origin}_"
        if one.rule_prefix not in ("", prefix):
            texts.append(f"its asn_rule begins with {one.rule_prefix}, {prefix} by the rules")
        if one.target and one.target != ours.target.strip().lower():
            texts.append(f"its target is {one.target}, {ours.target} by the rules")
        status = one.degraded_status
        errors = [member.expname for _, member in ours.placed if member.exposerr not in EMPTY]
        if status == ours.degraded_status == NO_DEGRADED and errors:
            texts.append(
                f"{file_name(errors[0])} has an error, but its degraded_status is that of the "
                "first of the associations that are merged, which has none"
            )
        elif status not in {"", ours.degraded_status, DEGRADED if errors else ""}:
            theirs, rules = (" ".join(text.split()) for text in (status, ours.degraded_status))
            texts.append(f"its degraded_status is '{theirs}', by the rules '{rules}'")
        return texts

    def _table_remarks(self, matcher: Matcher, asn_type: str) -> list[str]:
        """Say where the table has something else for its sciences than the rules make."""
        table = self._by_rules
        texts = []
        for exp_type, special, values in map(matcher.kind, self._sciences):
            if asn_type not in (table.asn_types(exp_type, special, strictly=True) or ()):
                known = table.known_difference(exp_type, asn_type, values)
                why = "no known difference" if known is None else f"a known difference: {known}"
                says = table.says(exp_type, special, strictly=True)
                texts.append(f"the table {table.label} has {says}, {why}")
        return list(dict.fromkeys(texts))

    # --------------------------------------------------------------------- contradicts

    def _contradiction(self) -> list[str]:
        """Say how the table contradicts it, if it does, and what the table of the rules has."""
        table, asn_type = self._table, self._association.asn_type
        if asn_type is None:
            return []
        exp_types: list[str] = []
        text = ""
        if self._matcher and self._sciences:
            text, exp_types = self._contradicting_exposure(self._matcher, asn_type)
        elif self._told and all(table.forbids(exp_type, asn_type) for exp_type in self._told):
            exp_types = self._told
            text = f"{', '.join(map(table.says, exp_types))} (EXP_TYPE by its constraints)"
        if not text and not table.has(asn_type):
            text = "it for no EXP_TYPE at all"
        if not text:
            return []
        begin = f"its type is {asn_type}, but the table {self._in_force()} has {text}"
        return [begin, *self._now(exp_types)]

    def _contradicting_exposure(self, matcher: Matcher, asn_type: str) -> tuple[str, list[str]]:
        """Find a science of the pools for which the table has another type, or none."""
        for exp_type, special, values in map(matcher.kind, self._sciences):
            if self._table.forbids(exp_type, asn_type, special, values):
                flagged = f" with {special}" if special else ""
                says = self._table.says(exp_type, special)
                return f"{says}{flagged} (EXP_TYPE of the pool)", [exp_type]
        return "", []

    def _in_force(self) -> str:
        """Name the table, and say why it is this one."""
        if self._table is self._by_rules:
            return self._table.label
        return f"in force when it was made, {self._table.label},"

    def _then(self) -> list[str]:
        """Say what the table of its time has, and that of the rules, where they differ."""
        kinds = map(self._matcher.kind, self._sciences) if self._matcher else ()
        exp_types = sorted({exp_type for exp_type, _, _ in kinds if exp_type})
        now = self._now(exp_types)
        says = ", ".join(map(self._table.says, exp_types))
        return [f"the table {self._in_force()} has {says}", *now] if now else []

    def _now(self, exp_types: Sequence[str]) -> list[str]:
        """Say what the table of the rules has, where that of its time has something else."""
        then, now = self._table, self._by_rules
        if all(then.says(name) == now.says(name) for name in exp_types):
            return []
        says = ", ".join(map(now.says, exp_types))
        return [f"{now.label}, which {self._choice.info.ruleset} implements, has {says}"]

    # --------------------------------------------------------------------- unexplained

    def _missing(self) -> str:
        """Say what would be needed to run the rules; '' if it is all there."""
        if self._matcher is None:
            pool = self._association.asn_pool or ""
            names = f" (it names {pool})" if pool.lower() not in {"", "none"} else ""
            return f"no pool was given to run the rules on{names}"
        unknown = [self._unknown(name) for name in self._matcher.unknown(self._association)]
        return f"not in the pools that were given: {in_words(unknown)}" if unknown else ""

    def _unknown(self, name: str) -> str:
        """Name a member, and the file less its compression that is of an exposure of the pools."""
        if self._matcher is None:
            return name
        less = name.removesuffix(_COMPRESSED)
        if less != name and self._matcher.place(less) is not None:
            return f"{name} ({less} is)"
        exposure = self._matcher.exposure_of(name)
        return f"{name} (its exposure {exposure} is)" if exposure else name

    def _hint(self) -> str:
        """Say what is known of an association that cannot be judged."""
        asn_type, told = self._association.asn_type or "", self._told
        if not told:
            return "its EXP_TYPE is not known either, as its constraints do not tell it"
        says = ", ".join(map(self._table.says, told))
        known = (self._table.known_difference(exp_type, asn_type) for exp_type in told)
        reasons = [f"a known difference is: {reason}" for reason in known if reason is not None]
        begin = f"by its constraints, the table {self._in_force()} has {says}"
        return "; ".join([begin, *reasons, *self._now(told)])

    # --------------------------------------------------------------------- differs

    def _difference(self, matcher: Matcher, near: Near | None) -> list[str]:
        """Say what the rules make of its exposures, in what it differs from that."""
        one = self._association
        texts = []
        if one.tells(CANDIDATE) and matcher.candidate_type(one.asn_id) is None:
            texts.append(f"the pools have no candidate {one.asn_id}")
        if near:
            texts += self._differing(matcher, near)
        else:
            texts.append(nothing_by_rules(matcher, self._sciences))
        if matcher.is_unsettled(self._sciences):
            texts.append("for its exposures, jwst's own answer depends on the order of the rows")
        return texts

    def _differing(self, matcher: Matcher, near: Near) -> list[str]:
        """Say in what it differs from the nearest, and of its own candidate if that is another."""
        one, other = self._association, near.association.asn_id
        if not near.is_of_another_candidate:
            return [self._words(matcher, near)]
        same = f"these are the members of the association of candidate {other}{near.expected.how}"
        texts = [f"{same}, but asn_id is {one.asn_id}"]
        own = matcher.nearest(one, of_its_candidate=True)
        if own is not None:
            words = self._words(matcher, own)
            texts.append(f"beside that of candidate {one.asn_id}: {words}")
        return texts

    def _words(self, matcher: Matcher, near: Near) -> str:
        """Put differences into words; of a product too many, say where the rules have it."""
        texts = []
        for extra, found in groupby(near.differences, lambda one: one.extra):
            if extra is None:
                texts += explained_texts(matcher, near.association, found)
            else:
                texts += (self._of_extra(matcher, extra, one) for one in found)
        return in_words(texts)

    def _of_extra(self, matcher: Matcher, product: Product, found: Difference) -> str:
        """Say where the rules have a product that their association does not have."""
        made = matcher.nearest_product(self._association, product)
        if made is None or file_name(made.association.products[0].name) != product.name:
            return found.text
        what = f"{named(made.expected)}{stays(matcher, made.expected)}"
        text = f"by the rules, product {product.name} is {what}"
        members = [one.text for one in made.differences if one.key == "members"]
        return "; ".join([text, *(f"product {product.name}: {one}" for one in members)])


def explained_texts(
    matcher: Matcher, made: Association, differences: Iterable[Difference]
) -> list[str]:
    """Give the texts of differences, each with what keeps its members out by the rules.

    What is said alike of several files is said once.
    """
    files: dict[tuple[str, str, str], list[str]] = {}
    for number, one in enumerate(differences):
        why = ""
        if one.member is not None and number < COMPARED:
            why = matcher.apart(made, one.product, *one.member)
        # Semicolons are between statements.
        reason = f": {why.replace('; ', ', and ')}" if why else ""
        files.setdefault((one.begin, one.end, reason), []).append(one.file)
    return [f"{begin}{few(names, SHOWN)}{end}{why}" for (begin, end, why), names in files.items()]


def nothing_by_rules(matcher: Matcher, sciences: Sequence[int]) -> str:
    """Say that the rules make nothing with these sciences, and why."""
    if not sciences:
        return "it names no science, and the rules make none without"
    name = matcher.evaluated.work.value(sciences[0], "filename")
    return f"the rules make none with {name} as science: {matcher.reason(sciences[0])}"


def named(made: Expected) -> str:
    """Name what the rules make by its type, rules and candidate."""
    one = made.association
    rules = Counter(part.asn_rule for part in made.parts)
    by = f" by {one.asn_rule}"
    if len(rules) > 1:
        by = "".join(f", {count} by {rule}" for rule, count in rules.items()) + ","
    return f"{one.asn_type}{by} for candidate {one.asn_id}{made.how}"


def stays(matcher: Matcher, made: Expected) -> str:
    """Name what the whole pool keeps in place of what only a selection makes, and its members."""
    kept = matcher.stay(made)
    if not kept:
        return ""
    names = few([one.asn_name for one in kept], SHOWN)
    text = f"; for the whole pool, {names} {'stays' if len(kept) == 1 else 'stay'} in its place"
    own = {(one.expname, one.exptype) for one in members_of(made.association.products)}
    more: dict[str, list[str]] = {}
    for one in members_of(product for made in kept for product in made.products):
        if (one.expname, one.exptype) not in own:
            more.setdefault(one.exptype, []).append(file_name(one.expname))
    if len(kept) > 1 or not more:
        return text
    listed = " and ".join(f"{few(files, SHOWN)} ({exptype})" for exptype, files in more.items())
    return f"{text}, which has {listed} as well"
