"""Turn the rows of an executable ruleset into the rules that the engine runs."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, NamedTuple

from asnrules.engine.patterns import pattern_problem
from asnrules.engine.steps import STEPS
from asnrules.errors import RulesetError
from asnrules.rules.content import RulesetContent
from asnrules.rules.model import (
    ClassRule,
    Condition,
    Key,
    Operator,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Settings,
    Term,
)

_Row = dict[str, Any]


ANYTHING = "(any)"
"""In a known difference: whatever the table says, or whatever the rules make."""


class KnownDifference(NamedTuple):
    """A difference from the published table that somebody has explained.

    Attributes
    ----------
    exp_type : str or None
        Upper case; None for all.
    aspect : str
        `member_type`, `asn_type`, or `row` where the table has none.
    published, software : str
        What the table says and what the rules make; `N/A` for nothing, `(any)` for anything.
    condition : Condition or None
        For which exposures.
    reason : str
        Why.
    """

    exp_type: str | None
    aspect: str
    published: str
    software: str
    condition: Condition | None
    reason: str

    def explains(self, exp_type: str | None, aspect: str, published: str, software: str) -> bool:
        """Tell whether it is this difference, its condition left aside."""
        return (
            self.exp_type in {None, exp_type}
            and self.aspect == aspect
            and self.published in {ANYTHING, published}
            and self.software in {ANYTHING, software}
        )


def build_ruleset(content: RulesetContent) -> Ruleset:
    """Build the engine's ruleset from its rows.

    Parameters
    ----------
    content : RulesetContent
        Of an executable ruleset, from files or from tables.

    Raises
    ------
    RulesetError
        If a rule names a finishing step that the engine does not have, or a condition has a
        pattern that cannot be used.
    """
    tables = content.tables
    conditions = _conditions(tables["conditions"], tables["condition_terms"])
    *class_rows, default = _ordered(tables["class_rules"])
    return Ruleset(
        label=content.label,
        rules=_rules(tables, conditions),
        class_rules=tuple(
            ClassRule(conditions[row["condition"]], row["member_type"], row["keyword"])
            for row in class_rows
        ),
        default_class=default["member_type"],
        written_as={row["member_type"]: row["written_as"] for row in tables["written_classes"]},
        required_columns=tuple(
            RequiredColumn(row["keyword"], conditions.get(row["condition"]))
            for row in _ordered(tables["required_columns"])
        ),
        suffixes=frozenset(row["suffix"] for row in tables["product_suffixes"]),
        settings=settings_of(content),
    )


def all_conditions(content: RulesetContent) -> list[Condition]:
    """Give all conditions of an executable ruleset, used or not."""
    tables = content.tables
    return list(_conditions(tables["conditions"], tables["condition_terms"]).values())


def known_differences(content: RulesetContent) -> list[KnownDifference]:
    """Give the known differences of an executable ruleset from the one that it implements."""
    conditions = _conditions(content.tables["conditions"], content.tables["condition_terms"])
    tables = content.tables
    return [
        KnownDifference(
            row.get("exp_type"),
            row["aspect"],
            row["published"],
            row["software"],
            conditions.get(row["condition"]),
            row["reason"],
        )
        for row in _ordered(tables["known_differences"] + tables["general_differences"])
    ]


def settings_of(content: RulesetContent) -> Settings:
    """Give the settings of an executable ruleset, those that it does not name included."""
    rows = content.tables["ruleset_settings"]
    settings = {row["setting"]: json.loads(row["value"]) for row in rows}
    if "overall" in settings:
        settings["overall"] = tuple(settings["overall"])
    return Settings(**settings)


def _ordered(rows: list[_Row]) -> list[_Row]:
    return sorted(rows, key=lambda row: row["position"])


def _conditions(rows: list[_Row], term_rows: list[_Row]) -> dict[str, Condition]:
    alternatives: dict[str, dict[int, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in sorted(term_rows, key=lambda row: (row["alternative"], row["position"])):
        values = tuple(json.loads(row["term_values"]))
        term = Term(row["keyword"], Operator(row["operator"]), values)
        for pattern in values if term.operator is Operator.MATCHES else ():
            if problem := pattern_problem(pattern):
                raise RulesetError(
                    f"condition {row['condition']}: bad pattern {pattern[:80]!r}: {problem}"
                )
        alternatives[row["condition"]][row["alternative"]].append(term)
    return {
        row["condition"]: Condition(
            row["condition"],
            row["text"],
            tuple(tuple(terms) for terms in alternatives[row["condition"]].values()),
        )
        for row in rows
    }


def _rules(tables: dict[str, list[_Row]], conditions: dict[str, Condition]) -> tuple[Rule, ...]:
    uses: dict[tuple[str, str, str], list[Requirement]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_conditions"]):
        uses[row["asn_rule"], row["scope"], row["role"]].append(
            Requirement(
                conditions[row["condition"]],
                bool(row["negated"]),
                row["when_key"],
                row["when_value"],
            )
        )
    keys: dict[tuple[str, str], list[Key]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_keys"]):
        sources = tuple(json.loads(row["sources"]))
        keys[row["asn_rule"], row["role"]].append(
            Key(row["key"], sources, bool(row["required"]), row["excludes"])
        )
    roles: dict[str, list[Role]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_roles"]):
        rule, name = row["asn_rule"], row["role"]
        roles[rule].append(
            Role(
                name=name,
                requirements=tuple(uses[rule, "role", name]),
                keys=tuple(keys[rule, name]),
                single=bool(row["single"]),
                offered_again=row["offered_again"],
                science_as=row["science_as"],
                keys_only=bool(row["keys_only"]),
                not_after=row["not_after"],
                creates_too=bool(row["creates_too"]),
            )
        )
    steps: dict[str, list[str]] = defaultdict(list)
    for row in _ordered(tables["asn_rule_steps"]):
        if row["step"] not in STEPS:
            known = ", ".join(sorted(STEPS))
            raise RulesetError(
                f"{row['asn_rule']}: unknown finishing step {row['step']!r}; there are {known}"
            )
        steps[row["asn_rule"]].append(row["step"])
    return tuple(
        Rule(
            name=row["asn_rule"],
            asn_type=row["asn_type"],
            title=row["title"],
            requirements=tuple(uses[row["asn_rule"], "exposure", ""]),
            candidate_requirements=tuple(uses[row["asn_rule"], "candidate", ""]),
            keys=tuple(keys[row["asn_rule"], ""]),
            roles=tuple(roles[row["asn_rule"]]),
            rateints=tuple(uses[row["asn_rule"], "rateints", ""]),
            as_science=bool(row["as_science"]),
            companion_class=row["companion_class"],
            steps=tuple(steps[row["asn_rule"]]),
        )
        for row in sorted(tables["asn_rules"], key=lambda row: row["asn_rule"])
    )
