"""Check a ruleset: what in it can never apply, and where it differs from the table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from asnrules.analysis.alternatives import Superfluous, superfluous
from asnrules.analysis.answers import Overlap, shown
from asnrules.analysis.findings import Checked, Finding
from asnrules.analysis.reach import Reach
from asnrules.analysis.space import Explored, Space
from asnrules.analysis.tables import Comparison, Difference, Vocabulary, in_question
from asnrules.engine.conditions import ANY
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import judge_values
from asnrules.rules.checksums import checksum
from asnrules.rules.model import NOT_APPLICABLE, KnownDifference, Mode, Role, Rule, Ruleset, Table
from asnrules.util.parallel import Progress

NEVER, NO_VALUE, SAME, GONE = "never matches", "no value", "same association", "does not occur"
NO_ROW, NOT_ANNOUNCED, NOT_DELIVERED, CLASS = "no row", "not announced", "not delivered", "class"


def check_rules(
    ruleset: Ruleset,
    table: Table,
    vocabulary: Vocabulary,
    progress: Progress | None = None,
    explored: Explored | None = None,
) -> Checked:
    """Check rules.

    Parameters
    ----------
    table : Table
        The one that they implement.
    explored : Explored, optional
        What rules checked before have in common with these.
    """
    started = time.monotonic()
    explored = explored or Explored()
    explored.forget()
    reach = Reach(ruleset, vocabulary, explored)
    check = _Check(ruleset, vocabulary, explored)
    findings = [
        *check.conditions(),
        *check.rules(reach),
        *check.classes(reach),
        *check.overlaps(reach),
        *check.table(table, progress),
    ]
    return Checked(
        ruleset=ruleset.label,
        kind=ruleset.kind,
        checksum=checksum(ruleset),
        findings=sorted(findings, key=lambda finding: finding.accepted is not None),
        exp_types=len(reach.exp_types),
        combinations=reach.combinations,
        seconds=time.monotonic() - started,
    )


class _Check:
    """The findings in rules, kind by kind."""

    def __init__(self, ruleset: Ruleset, vocabulary: Vocabulary, explored: Explored) -> None:
        self._explored = explored
        self._ruleset = ruleset
        self._vocabulary = vocabulary

    def conditions(self) -> Iterator[Finding]:
        """Find alternatives of conditions that decide nothing."""
        for condition in self._ruleset.conditions:
            for found in superfluous(condition, self._ruleset.empty):
                subject = f"condition {condition.name}"
                if len(condition.alternatives) > 1:
                    subject += f", alternative {found.alternative}"
                yield _superfluous(subject, found)

    def rules(self, reach: Reach) -> Iterator[Finding]:
        """Find rules that take nothing, and roles that never do."""
        taking = {name for name, _ in reach.roles}
        for rule in self._ruleset.rules:
            if rule.name not in taking:
                miss, example = _nearest_miss(self._ruleset, rule, None, self._vocabulary)
                text = f"no exposure meets all that it asks; the nearest misses {miss}"
                yield Finding(NO_VALUE, f"rule {rule.name}", text, example)
                continue
            for role in rule.roles:
                key = (rule.name, role.name)
                if role.keys_only or key in reach.roles:
                    continue
                subject = f"role {role.name!r} of rule {rule.name}"
                if key in reach.shadowed:
                    other, found = reach.shadowed[key]
                    text = f"role {other.name!r} comes first and always takes what fits it"
                    yield Finding(NEVER, subject, text, shown(found))
                else:
                    miss, example = _nearest_miss(self._ruleset, rule, role, self._vocabulary)
                    text = f"no exposure that the rule takes fits it; the nearest misses {miss}"
                    yield Finding(NO_VALUE, subject, text, example)

    def classes(self, reach: Reach) -> Iterator[Finding]:
        """Find lines of the classification that never decide."""
        for number, line in enumerate(self._ruleset.class_rules):
            if number in reach.deciders:
                continue
            example, earlier = self._earlier_class(number)
            subject = f"class rule {number + 1} ({line.condition.name})"
            text = "it never decides the class of an exposure"
            if earlier:
                text += f": {earlier} before it does"
            yield Finding(NEVER, subject, text, example)

    def _earlier_class(self, number: int) -> tuple[dict[str, str | None], str]:
        condition = self._ruleset.class_rules[number].condition
        space = Space([self._ruleset], [condition], (), self._vocabulary.usual)
        for exp_type in space.exp_types():
            for cell in space.cells(exp_type, {condition}):
                if cell.state.asked[0] is True:
                    before = self._ruleset.class_rules[cell.state.deciders[0]]
                    return shown(cell.example), before.condition.text
        return {}, ""

    def overlaps(self, reach: Reach) -> Iterator[Finding]:
        """Find rules that make the same association, but for those meant to."""
        intended = {
            Overlap(one.asn_rule, one.stays): one.reason for one in self._ruleset.intended_overlaps
        }
        types = {rule.name: rule.asn_type for rule in self._ruleset.rules}
        for overlap, examples in sorted(reach.overlaps.items()):
            names = sorted({(name or "no EXP_TYPE").upper() for name in examples})
            text = (
                f"of the same exposure alone, both make an association "
                f"({types[overlap.asn_rule]}, {types[overlap.stays]}), and {overlap.stays} stays: "
                f"{', '.join(names)}"
            )
            yield Finding(
                SAME, f"rules {overlap.asn_rule} and {overlap.stays}", text,
                shown(next(iter(examples.values()))), intended.get(overlap),
            )  # fmt: skip
        for overlap in sorted(set(intended) - set(reach.overlaps)):
            yield Finding(
                GONE, f"intended overlap {overlap.asn_rule}, {overlap.stays}",
                "no exposure alone makes both associations of which that stays; take it off", {},
            )  # fmt: skip

    def table(self, table: Table, progress: Progress | None) -> Iterator[Finding]:
        """Find where the rules leave the table."""
        known = self._ruleset.known_differences
        comparison = Comparison(self._ruleset, table.modes, self._vocabulary, self._explored)
        exp_types = in_question(self._vocabulary.exp_types, self._ruleset)
        occurs: dict[int, Difference] = {}
        found: dict[tuple[str | None, ...], Difference] = {}
        for done, exp_type in enumerate(exp_types, 1):
            for difference in comparison.differences(exp_type):
                for number in difference.known:
                    occurs.setdefault(number, difference)
                if difference.is_open and not difference.known:
                    found.setdefault(difference[:5], difference)
            if progress is not None:
                progress("EXP_TYPEs", done, len(exp_types))
        yield from (self._unexplained(difference) for difference in found.values())
        for number, one in enumerate(known):
            yield self._known(one, occurs.get(number))

    def _unexplained(self, difference: Difference) -> Finding:
        special = f" with {difference.special}" if difference.special else ""
        subject = f"{difference.exp_type}{special}"
        published, software = difference.published, difference.software
        check = _check_of(difference.aspect, software)
        text = f"{published} in the table, {software} by the rules"
        if check == NO_ROW:
            made = "no association" if software == NOT_APPLICABLE else software
            text = f"no row of the table covers it; the rules make {made}"
        elif check == NOT_DELIVERED:
            text = f"{published} in the table, and no rule makes it"
        return Finding(check, subject, text, shown(difference.example))

    def _known(self, known: KnownDifference, difference: Difference | None) -> Finding:
        condition = f" where {known.condition.text}" if known.condition is not None else ""
        subject = f"{known.exp_type or 'any EXP_TYPE'}{condition}"
        text = f"{known.aspect}: {known.published} in the table, {known.software} by the rules"
        if difference is None:
            gone = f"{text}; this known difference does not occur any more: take it off"
            return Finding(GONE, subject, gone, {})
        check = _check_of(known.aspect, known.software)
        return Finding(check, subject, text, shown(difference.example), known.reason)


def _check_of(aspect: str, software: str) -> str:
    """Name the check that finds a difference."""
    of_association = NOT_DELIVERED if software == NOT_APPLICABLE else NOT_ANNOUNCED
    return {"member_type": CLASS, "row": NO_ROW}.get(aspect, of_association)


def _superfluous(subject: str, found: Superfluous) -> Finding:
    example = shown(found.example)
    if found.keyword is None:
        others = ", ".join(map(str, found.others))
        text = f"whatever it holds for, another alternative holds for, in the example {others}"
        return Finding(NEVER, subject, text, example)
    terms = " and ".join(
        f"{term.operator.replace('_', ' ')} {', '.join(term.values)}".strip()
        for term in found.condition.alternatives[found.alternative - 1]
        if term.keyword == found.keyword
    )
    text = f"no value of {found.keyword.upper()} satisfies it: {terms}"
    return Finding(NO_VALUE, subject, text, {**example, found.keyword.upper(): None})


def _nearest_miss(
    ruleset: Ruleset, rule: Rule, role: Role | None, vocabulary: Vocabulary
) -> tuple[str, dict[str, str | None]]:
    """Give what keeps a rule, or one of its roles, from the exposure that comes nearest, and that.

    An exposure of each EXP_TYPE of the vocabulary is tried, with and without flags.
    """
    alone = rule if role is None else rule._replace(roles=(role,))
    tried = replace(ruleset, rules=(alone,))
    nearness = RuleRanking(ruleset)
    best: tuple[int, str, dict[str, str | None]] | None = None
    flags = [{}, *({keyword: "t"} for _, keyword in vocabulary.specials)]
    for exp_type in vocabulary.exp_types:
        for flag in flags:
            given = {**vocabulary.usual, "exp_type": exp_type.lower(), **flag}
            values = {**dict.fromkeys(vocabulary.fitting, ANY), **given}
            (verdict,) = judge_values(tried, values).verdicts
            if verdict.matched:
                unmet, text = 0, "another of its roles"
            else:
                miss = nearness.miss(verdict, values)
                unmet, text = miss.unmet, miss.sentence()
            if best is None or unmet < best[0]:
                best = (unmet, text, shown(given))
    return ("", {}) if best is None else best[1:]


# ------------------------------------------------------------------------- tables


def check_table(table: Table, specials: Sequence[tuple[str, str]]) -> Checked:
    """Check a table.

    Of two rows for the same EXP_TYPE and special only one can be meant; a row for a special
    needs one for the exposures without; and an erratum has to be about a row that is there, and
    give the value that the row has.

    Parameters
    ----------
    specials : sequence of (str, str)
        Each special with the keyword that sets it.
    """
    started = time.monotonic()
    findings = [*_twice(table, specials), *_only_special(table), *_errata(table)]
    return Checked(
        ruleset=table.label,
        kind=table.kind,
        checksum=checksum(table),
        findings=findings,
        exp_types=len({mode.exp_type for mode in table.modes}),
        combinations=len(table.modes),
        seconds=time.monotonic() - started,
    )


def _twice(table: Table, specials: Sequence[tuple[str, str]]) -> Iterator[Finding]:
    keywords = {special: keyword.upper() for special, keyword in specials}
    seen: dict[tuple[str, str | None], int] = {}
    for mode in table.modes:
        first = seen.setdefault((mode.exp_type, mode.special), mode.position)
        if first != mode.position:
            example: dict[str, str | None] = {"EXP_TYPE": mode.exp_type}
            if mode.special is not None:
                example[keywords[mode.special]] = "t"
            special = mode.special or NOT_APPLICABLE
            yield Finding(
                NEVER, f"row {mode.position}",
                f"row {first} is for {mode.exp_type} with special {special} already", example,
            )  # fmt: skip


def _only_special(table: Table) -> Iterator[Finding]:
    without = {mode.exp_type for mode in table.modes if mode.special is None}
    for exp_type in sorted({mode.exp_type for mode in table.modes} - without):
        yield Finding(
            NO_ROW, exp_type,
            "it has rows for specials, but none for an exposure without a special",
            {"EXP_TYPE": exp_type},
        )  # fmt: skip


def _errata(table: Table) -> Iterator[Finding]:
    modes = {mode.position: mode for mode in table.modes}
    for erratum in table.errata:
        subject = f"erratum to row {erratum.position}, {erratum.field}"
        mode = modes.get(erratum.position)
        if mode is None or erratum.field not in Mode._fields[1:]:
            yield Finding("errata", subject, "there is no such cell", {})
            continue
        value = getattr(mode, erratum.field) or NOT_APPLICABLE
        if value != erratum.corrected:
            yield Finding(
                "errata", subject,
                f"it corrects to {erratum.corrected!r}, but the row says {value!r}",
                {"EXP_TYPE": mode.exp_type},
            )  # fmt: skip
