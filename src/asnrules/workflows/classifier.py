"""Classify exposures: the row of the published table, and what the rules make of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from asnrules.catalog.look_up import ExposureMode
from asnrules.catalog.rulesets import RulesetInfo
from asnrules.engine.alone import anchored
from asnrules.engine.conditions import condition_holds
from asnrules.engine.nearness import Nearness
from asnrules.engine.signatures import Judgement
from asnrules.engine.values import is_empty
from asnrules.engine.work import Work
from asnrules.rules.content import NOT_APPLICABLE
from asnrules.rules.model import Rule, Ruleset
from asnrules.rules.rows import KnownDifference


class RuleAnswer(NamedTuple):
    """What one rule says of an exposure: whether it can take it, and if not, why not."""

    asn_rule: str
    matched: bool
    failed_condition: str | None


@dataclass(frozen=True, slots=True)
class Classification:
    """What table and rules say of an exposure.

    Attributes
    ----------
    exp_type : str or None
        Upper case; None if it is not given.
    member_type : str or None
        The class of the exposure; None if neither table nor rules know it.
    special : str or None
        The special whose keyword is set, the first that counts.
    published : ExposureMode or None
        The row of the table that covers it; None is *no rule*.
    associations : tuple of Rule
        The rules by which it anchors an association when judged alone, companions left aside.
    agrees : bool or None
        Whether table and rules agree, in class and in association types.
    reason : str
        All of it in words.
    rules : tuple of RuleAnswer
        What each rule says, the nearest miss first after those that take it.
    """

    exp_type: str | None
    member_type: str | None
    special: str | None
    published: ExposureMode | None
    associations: tuple[Rule, ...]
    agrees: bool | None
    reason: str
    rules: tuple[RuleAnswer, ...]

    def document(self, filename: str | None, *, explain: bool = False) -> dict[str, Any]:
        """Give it as the command line prints it."""
        published = self.published
        document: dict[str, Any] = {
            "filename": filename,
            "exp_type": self.exp_type,
            "member_type": self.member_type,
            "special": self.special,
            "published": published
            and {
                "ruleset": published.ruleset,
                "member_type": published.member_type,
                "special": published.special,
                "asn_type": published.asn_type,
            },
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
    """Classifies exposures, each distinct signature once.

    Parameters
    ----------
    published : RulesetInfo
        The published ruleset.
    modes : sequence of ExposureMode
        Its rows.
    specials : sequence of (str, str)
        Each special with its keyword, the first that counts first.
    ruleset : Ruleset
        The executable rules.
    differences : sequence of KnownDifference
        The known differences between the two.
    """

    def __init__(
        self,
        published: RulesetInfo,
        modes: Sequence[ExposureMode],
        specials: Sequence[tuple[str, str]],
        ruleset: Ruleset,
        differences: Sequence[KnownDifference] = (),
    ) -> None:
        self.published = published
        self.ruleset = ruleset
        self._specials = specials
        self._modes: dict[str, dict[str | None, ExposureMode]] = defaultdict(dict)
        for mode in modes:
            self._modes[mode.exp_type][mode.special] = mode
        self._differences = differences
        self.nearness = Nearness(ruleset)

    def classify(self, work: Work, place: int) -> Classification:
        """Classify an exposure that is judged by this classifier's ruleset.

        Parameters
        ----------
        work : Work
            Judged exposures.
        place : int
            The exposure.
        """
        exp_type, special, mode = self._mode(
            {keyword: work.value(place, keyword) for keyword in self._looked_at}
        )
        judgement = work.judgements[place]
        rules = tuple(anchored(work, place))
        differences = self._compare(exp_type, mode, judgement, rules)
        is_known = (
            mode is not None
            or bool(judgement.takers)
            or judgement.exposure_class != self.ruleset.default_class
        )
        reason = "; ".join(
            [_no_row(exp_type, special)] * (mode is None)
            + [_made(judgement, rules, self.nearness)]
            + [text for text in differences if text]
        )
        return Classification(
            exp_type,
            judgement.exposure_class if is_known else None,
            special,
            mode,
            rules,
            not differences if is_known else None,
            reason,
            _answers(judgement, self.nearness),
        )

    @property
    def _looked_at(self) -> list[str]:
        return ["exp_type", *(keyword for _, keyword in self._specials)]

    def _mode(
        self, values: Mapping[str, str | None]
    ) -> tuple[str | None, str | None, ExposureMode | None]:
        exp_type = values.get("exp_type")
        name = None if exp_type is None or is_empty(exp_type) else exp_type.upper()
        special = next(
            (special for special, keyword in self._specials if not is_empty(values.get(keyword))),
            None,
        )
        return name, special, self._modes.get(name or "", {}).get(special)

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
        published = {mode.asn_type} - {None} if mode is not None else set()
        if mode is not None and mode.member_type != judgement.exposure_class:
            texts.append(
                f"differs in class: {mode.member_type} in the table, "
                f"{judgement.exposure_class} by the rules"
                + self._known(
                    exp_type,
                    "member_type",
                    mode.member_type,
                    {judgement.exposure_class},
                    judgement,
                )
            )
        if made != published:
            texts.append(
                f"differs in association: {', '.join(sorted(filter(None, published))) or 'none'} "
                f"in the table, {', '.join(sorted(made)) or 'none'} by the rules"
                + self._known(
                    exp_type,
                    "row" if mode is None else "asn_type",
                    next(iter(published), None) or NOT_APPLICABLE,
                    made or {NOT_APPLICABLE},
                    judgement,
                )
            )
        return texts

    def _known(
        self,
        exp_type: str | None,
        aspect: str,
        published: str,
        software: set[str],
        judgement: Judgement,
    ) -> str:
        for known in self._differences:
            if any(known.explains(exp_type, aspect, published, one) for one in software) and (
                known.condition is None or condition_holds(known.condition, judgement.values)
            ):
                return f" (known: {known.reason})"
        return ""


def _no_row(exp_type: str | None, special: str | None) -> str:
    if exp_type is None:
        return "no rule: EXP_TYPE is not given"
    flagged = f" with {special}" if special else ""
    return f"no rule: the table has no row for {exp_type}{flagged}"


def _made(judgement: Judgement, rules: Sequence[Rule], nearness: Nearness) -> str:
    if rules:
        return ", ".join(f"{rule.asn_type} by {rule.name}" for rule in rules)
    nearest = nearness.nearest(judgement, set_only=bool(judgement.takers))
    if judgement.takers:
        names = ", ".join(judgement.verdicts[number].rule.name for number in judgement.takers)
        text = f"no association of its own, only as companion in {names}"
    elif nearest is None:
        return "no rule takes its EXP_TYPE"
    else:
        text = "no rule takes it"
    counted = nearness.class_words(judgement)
    if counted is not None:
        text = f"it counts as {counted}; {text}"
    return text if nearest is None else f"{text}; {nearest}"


def _answers(judgement: Judgement, nearness: Nearness) -> tuple[RuleAnswer, ...]:
    """Say what each rule makes of an exposure: those that take it, then the nearest first."""
    takers = (judgement.verdicts[number].rule.name for number in judgement.takers)
    return (
        *(RuleAnswer(name, True, None) for name in takers),
        *(
            RuleAnswer(miss.rule.name, False, miss.sentence())
            for miss in nearness.misses(judgement)
        ),
    )
