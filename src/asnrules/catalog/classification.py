"""What the table and the rules say of an exposure, and whether they agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection

from asnrules.catalog import store
from asnrules.catalog.look_up import ExposureMode, look_up
from asnrules.catalog.rulesets import (
    RULES,
    TABLE,
    RulesetInfo,
    choose_ruleset,
    find_ruleset,
    one_day,
)
from asnrules.catalog.vocabulary import special_keywords
from asnrules.engine.anchors import anchored
from asnrules.engine.conditions import condition_holds
from asnrules.engine.exposures import Work
from asnrules.engine.nearest_rule import RuleRanking
from asnrules.engine.signatures import SET, Judgement, judge_values
from asnrules.engine.unmet_conditions import kind_keywords
from asnrules.rules.model import NOT_APPLICABLE, Key, Rule, Ruleset
from asnrules.util.results import Tabular, shown_briefly
from asnrules.util.text import Day


class RuleAnswer(NamedTuple):
    """The judgement of a rule on an exposure: whether it can take it, and if not, why."""

    asn_rule: str
    matched: bool
    failed_condition: str | None


@shown_briefly
@dataclass(frozen=True, slots=True)
class Classification(Tabular):
    """What table and rules say of an exposure."""

    exp_type: str | None
    """In upper case; None if it is not given."""
    member_type: str | None
    """Its class; None if neither table nor rules know it."""
    special: str | None
    """The first special whose keyword is set."""
    published: ExposureMode | None
    """The row of the table that covers it; None is *no rule*."""
    associations: tuple[Rule, ...]
    """The rules by which it anchors an association on its own."""
    agrees: bool | None
    """Whether table and rules agree, in class and in association types."""
    reason: str
    rules: tuple[RuleAnswer, ...]
    """What each rule says: first those that take it, then the nearest miss first."""

    def document(self, filename: str | None = None, *, explain: bool = False) -> dict[str, Any]:
        """Give it as the command line prints it."""
        row = self.published
        names = ("ruleset", "member_type", "special", "asn_type")
        document: dict[str, Any] = {
            "filename": filename,
            "exp_type": self.exp_type,
            "member_type": self.member_type,
            "special": self.special,
            "published": row and {name: getattr(row, name) for name in names},
            "associations": [
                {"asn_type": rule.asn_type, "asn_rule": rule.name} for rule in self.associations
            ],
            "agrees": self.agrees,
            "reason": self.reason,
        }
        if explain:
            document["rules"] = [answer._asdict() for answer in self.rules]
        return document


class Classifier:
    """Classifies exposures by a table and by rules, of which `info` is.

    The specials come each with its keyword, the first that counts first.
    """

    def __init__(
        self,
        info: RulesetInfo,
        ruleset: Ruleset,
        table: RulesetInfo,
        modes: Sequence[ExposureMode],
        specials: Sequence[tuple[str, str]],
    ) -> None:
        self.info = info
        self.ruleset = ruleset
        self.table = table
        self._specials = specials
        self._modes: dict[str, dict[str | None, ExposureMode]] = defaultdict(dict)
        for mode in modes:
            self._modes[mode.exp_type][mode.special] = mode

    @cached_property
    def nearness(self) -> RuleRanking:
        """How near exposures come to the rules."""
        return RuleRanking(self.ruleset)

    def classify(self, work: Work, place: int) -> Classification:
        """Classify one of the exposures that this ruleset has judged."""
        exp_type, special, mode = self._printed(work, place)
        judgement = work.judgements[place]
        exposure_class, rules = self.decide(work, place)
        differences = list(self._compare(exp_type, mode, judgement, rules))
        missing = [_no_row(exp_type, special)] if mode is None else []
        return Classification(
            exp_type,
            exposure_class,
            special,
            mode,
            rules,
            None if exposure_class is None else not differences,
            "; ".join([*missing, self._made(judgement, rules), *differences]),
            self._answers(judgement),
        )

    def decide(self, work: Work, place: int) -> tuple[str | None, tuple[Rule, ...]]:
        """Give the class and the rules of a classification alone; see `Classification`."""
        judgement = work.judgements[place]
        is_known = (
            bool(judgement.takers)
            or judgement.exposure_class != self.ruleset.default_class
            or self._printed(work, place)[-1] is not None
        )
        rules = tuple(anchored(work, place))
        return judgement.exposure_class if is_known else None, rules

    def _printed(
        self, work: Work, place: int
    ) -> tuple[str | None, str | None, ExposureMode | None]:
        """Give the EXP_TYPE of an exposure, its special, and the row of the table for both."""
        value = work.given(place, "exp_type")
        exp_type = value and value.upper()
        special = next(
            (name for name, keyword in self._specials if work.given(place, keyword) is not None),
            None,
        )
        return exp_type, special, self._modes.get(exp_type or "", {}).get(special)

    def _compare(
        self,
        exp_type: str | None,
        mode: ExposureMode | None,
        judgement: Judgement,
        rules: Sequence[Rule],
    ) -> list[str]:
        """Say in what table and rules differ."""
        texts = []
        made = {rule.asn_type for rule in rules}
        printed = mode.asn_type if mode is not None else None
        if mode is not None and mode.member_type != judgement.exposure_class:
            known = self._known(
                exp_type, "member_type", mode.member_type, {judgement.exposure_class}, judgement
            )
            texts.append(
                f"differs in class: {mode.member_type} in the table, "
                f"{judgement.exposure_class} by the rules{known}"
            )
        if made != {printed} - {None}:
            aspect = "row" if mode is None else "asn_type"
            known = self._known(
                exp_type, aspect, printed or NOT_APPLICABLE, made or {NOT_APPLICABLE}, judgement
            )
            texts.append(
                f"differs in association: {printed or 'none'} in the table, "
                f"{', '.join(sorted(made)) or 'none'} by the rules{known}"
            )
        return texts

    def _known(
        self, exp_type: str | None, aspect: str, printed: str, made: set[str], judgement: Judgement
    ) -> str:
        for known in self.ruleset.known_differences:
            if any(known.explains(exp_type, aspect, printed, one) for one in made) and (
                known.condition is None or condition_holds(known.condition, judgement.values)
            ):
                return f" (known: {known.reason})"
        return ""

    def _made(self, judgement: Judgement, rules: Sequence[Rule]) -> str:
        if rules:
            return made_by(rules)
        nearest = self.nearness.nearest(judgement)
        if judgement.takers:
            names = ", ".join(judgement.verdicts[number].rule.name for number in judgement.takers)
            text = f"no association of its own, only as companion in {names}"
        elif nearest is None:
            return "no rule takes its EXP_TYPE"
        else:
            text = "no rule takes it"
        counted = self.nearness.class_words(judgement)
        if counted is not None:
            text = f"it counts as {counted}; {text}"
        return text if nearest is None else f"{text}; {nearest}"

    def _answers(self, judgement: Judgement) -> tuple[RuleAnswer, ...]:
        takers = (judgement.verdicts[number].rule.name for number in judgement.takers)
        misses = self.nearness.misses(judgement)
        return (
            *(RuleAnswer(name, True, None) for name in takers),
            *(RuleAnswer(miss.rule.name, False, miss.sentence()) for miss in misses),
        )


def made_by(rules: Iterable[Rule]) -> str:
    """Say what rules make."""
    return ", ".join(f"{rule.asn_type} by {rule.name}" for rule in rules)


def _no_row(exp_type: str | None, special: str | None) -> str:
    if exp_type is None:
        return "no rule: EXP_TYPE is not given"
    flagged = f" with {special}" if special else ""
    return f"no rule: the table has no row for {exp_type}{flagged}"


def load_classifier(
    connection: Connection, info: RulesetInfo, table: RulesetInfo | None = None
) -> Classifier:
    """Load rules and a table, by default the one that the rules implement."""
    table = table or find_ruleset(connection, info.implements or "")
    rules, modes = store.load_rules(connection, info.ruleset_id), look_up(connection, table)
    return Classifier(info, rules, table, modes, special_keywords(connection))


def judged(ruleset: Ruleset, exposures: Sequence[Mapping[str, str | None]]) -> Work:
    """Judge exposures, each given by all the keywords; see `filled_in`."""
    known = sorted(exposures[0])
    rows = [tuple(one[keyword] for keyword in known) for one in exposures]
    return Work.judged(ruleset, known, rows)


def filled_in(
    ruleset: Ruleset, given: Mapping[str, str | None], assumed: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Fill in the keywords of an exposure that are not given.

    They have what is assumed of them, see `assumed_values`; those that only the keys of a rule
    need have a value that is not known.
    """
    taken = {**assumed, **given}
    needed = _needed(ruleset, taken) - given.keys()
    return {**taken, **dict.fromkeys(needed, SET)}


def _needed(ruleset: Ruleset, values: Mapping[str, str | None]) -> set[str]:
    """Give the keywords without a value that the keys of a rule need to take it.

    Keywords that would make another kind of exposure of it, such as flags, are not among them.
    """
    needed: set[str] = set()
    kinds = kind_keywords(ruleset)
    for verdict in judge_values(ruleset, values).verdicts:
        for role, unmet in verdict.roles:
            missing = [*verdict.unmet, *unmet]
            sources = {one.sources[0] for one in missing if isinstance(one, Key)}
            if len(sources) == len(missing) and kinds.isdisjoint(sources) and not role.keys_only:
                needed |= sources
    return needed


def choose_classifier(
    connection: Connection, label: str | None = None, day: Day | None = None
) -> Classifier:
    """Choose rules and a table: those named, in force on a day, or in force today.

    Rules that are named bring the table that they implement; a table that is named is compared
    with the rules of today. If there is no such ruleset it is a NotFoundError.
    """
    day = one_day(label, day)
    if label is None:
        table = choose_ruleset(connection, TABLE, None, day)
        return load_classifier(connection, choose_ruleset(connection, RULES, None, day), table)
    info = find_ruleset(connection, label)
    if info.kind == TABLE:
        return load_classifier(connection, choose_ruleset(connection, RULES), info)
    return load_classifier(connection, info)
