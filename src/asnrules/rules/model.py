"""What a ruleset is: immutable data, made from files or from tables, and taken by all the rest.

There are two kinds. A `Table` says in rows what becomes of each EXP_TYPE. A `Ruleset` has rules.
A rule takes exposures in *roles*. An exposure must meet the conditions and keys of the rule
and those of one of its roles; the first role that fits takes it. A condition looks at the
exposure alone. A key compares it with the exposures that the association has already.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from asnrules.rules.releases import Release
from asnrules.rules.settings import Settings
from asnrules.rules.steps import FinishingStep
from asnrules.rules.texts import AsnType, Class, Keyword, RoleName, RuleName, WrittenClass
from asnrules.util.results import shown_briefly

NOT_APPLICABLE = "N/A"  # How tables, and their CSV files, write that there is none
ANYTHING = "(any)"  # In a known difference: whatever the table says, or the rules make

# ------------------------------------------------------------------------- conditions


class Operator(StrEnum):
    """How a term compares the value of a keyword with its values."""

    SET = "set"
    EMPTY = "empty"
    IN = "in"
    NOT_IN = "not_in"
    LISTED = "listed"
    MATCHES = "matches"


class Term(NamedTuple):
    """One comparison: a keyword, an operator and its values.

    `listed` is `in`, with all values but the last as prefixes, as jwst 3.0.0 reads a list;
    `matches` is a regular expression for the whole value. An empty value meets `not_in` and
    `empty`, and no other operator.
    """

    keyword: str
    operator: Operator
    values: tuple[str, ...] = ()
    value_list: str | None = None
    """The name of the list that the values come from, if they have one."""


Alternative = tuple[Term, ...]  # Terms that hold together


class Condition(NamedTuple):
    """A named statement about one exposure: it holds if all terms of one alternative hold.

    The keyword `class` stands for the class of the exposure.
    """

    name: str
    text: str
    alternatives: tuple[Alternative, ...]
    path_table: str | None = None
    """The name of the path table whose rows are the last alternatives, if there is one."""

    @property
    def terms(self) -> list[Term]:
        """Those of all alternatives."""
        return [term for terms in self.alternatives for term in terms]


class Requirement(NamedTuple):
    """The use of a condition: as it is, or negated; with a key, only where it has the value."""

    condition: Condition
    negated: bool = False
    when_key: str | None = None
    when_value: str | None = None

    @property
    def text(self) -> str:
        """What it asks for, in words."""
        text = f"not {self.condition.text}" if self.negated else self.condition.text
        if self.when_key is not None:
            text += f", where the exposures share {self.when_key} {self.when_value}"
        return text


# ------------------------------------------------------------------------- rules


class Key(NamedTuple):
    """What the exposures of an association have in common.

    The first of `sources` that an exposure has a value for is locked with that value by the
    first exposure taken; later ones must have it in the same keyword.
    """

    name: str
    sources: tuple[str, ...]
    required: bool = True
    """If not, it fits an exposure that has no value for it."""
    excludes: str | None = None
    """A key that has to be locked, and whose value the value of this one must not contain."""


class Group(NamedTuple):
    """Keys and requirements that rules and roles have under one name."""

    name: str
    keys: tuple[Key, ...]
    requirements: tuple[Requirement, ...]


class Role(NamedTuple):
    """A way for a rule to take an exposure."""

    name: RoleName
    """For people: science, background, imprint ..."""
    requirements: tuple[Requirement, ...] = ()
    """Those of this role, beside those of the rule; so are its keys."""
    keys: tuple[Key, ...] = ()
    single: bool = False
    """Only while the association has no member written as science."""
    offered_again: int = 0
    """0: not at all; otherwise the pass, after all rows, in which an exposure taken so is
    offered once more to the associations that exist then."""
    science_as: WrittenClass | None = None
    """The `exptype` of a member whose class is science, if it is not science."""
    keys_only: bool = False
    """It takes nothing: its keys are tried, and those that fitted before one did not stay
    locked if a later role takes the exposure."""
    not_after: WrittenClass | None = None
    """Not if the exposure offered to the association before was of this class."""
    not_created_by: WrittenClass | None = None
    """Not if the exposure that created the association is of this class."""
    creates_too: bool = False
    """From the first exposure taken so on, what the association takes may still create an
    association of its own."""
    groups: tuple[Group, ...] = ()
    """Their keys are the first of `keys`, their requirements the last of `requirements`."""


@shown_briefly
class Rule(NamedTuple):
    """An association rule."""

    name: RuleName
    """The `asn_rule`, as jwst names it."""
    asn_type: AsnType
    title: str
    requirements: tuple[Requirement, ...] = ()
    """What every exposure has to meet."""
    candidate_requirements: tuple[Requirement, ...] = ()
    """What the candidate has to meet: keywords `candidate_id` and `candidate_type`."""
    keys: tuple[Key, ...] = ()
    """What all exposures have in common."""
    roles: tuple[Role, ...] = ()
    """In the order in which they are tried."""
    rateints: tuple[Requirement, ...] = ()
    """If any holds, the member is the exposure's rateints product, not its rate product."""
    as_science: bool = False
    """Members are written as science whatever their class, but for `companion_class` once
    there is a science."""
    companion_class: WrittenClass | None = None
    steps: tuple[FinishingStep, ...] = ()
    groups: tuple[Group, ...] = ()
    """As those of a role."""

    def all_requirements(self) -> list[Requirement]:
        """Give every use of a condition, those of the roles last."""
        return [
            *self.requirements,
            *self.candidate_requirements,
            *self.rateints,
            *(use for role in self.roles for use in role.requirements),
        ]


def with_groups(
    groups: Sequence[Group], keys: Sequence[Key], requirements: Sequence[Requirement]
) -> dict[str, Any]:
    """Give the keys and requirements of a rule or role with those that it has by its groups."""
    return {
        "groups": tuple(groups),
        "keys": (*(key for group in groups for key in group.keys), *keys),
        "requirements": (*requirements, *(use for one in groups for use in one.requirements)),
    }


def without_groups(asking: Rule | Role) -> tuple[Sequence[Key], Sequence[Requirement]]:
    """Give the keys and requirements that a rule or role has by itself."""
    common = sum(len(group.keys) for group in asking.groups)
    asked = sum(len(group.requirements) for group in asking.groups)
    return asking.keys[common:], asking.requirements[: len(asking.requirements) - asked]


# ------------------------------------------------------------------------- what rules share


class ClassRule(NamedTuple):
    """One line of the classification: the class if the condition holds."""

    condition: Condition
    exposure_class: Class | None = None
    """None if the value of `keyword` is the class."""
    keyword: Keyword | None = None


class RequiredColumn(NamedTuple):
    """A column that a pool must have, if any of its exposures meets the condition."""

    column: Keyword
    condition: Condition | None = None


class KnownDifference(NamedTuple):
    """A known difference from the table, with its reason."""

    exp_type: str | None
    """Upper case; None for all."""
    aspect: str
    """`member_type`, `asn_type`, or `row` where the table has none."""
    published: str
    """What the table says; `N/A` for nothing, `(any)` for anything."""
    software: str
    """What the rules make; the same words."""
    condition: Condition | None
    """For which exposures."""
    reason: str

    def explains(self, exp_type: str | None, aspect: str, published: str, software: str) -> bool:
        """Tell whether it is this difference, ignoring its condition."""
        return (
            self.exp_type in {None, exp_type}
            and self.aspect == aspect
            and self.published in {ANYTHING, published}
            and self.software in {ANYTHING, software}
        )


class IntendedOverlap(NamedTuple):
    """Two rules that are meant to make the same association; that of `stays` is kept."""

    asn_rule: str
    stays: str
    reason: str


# ------------------------------------------------------------------------- tables


class Mode(NamedTuple):
    """A row of a table; None stands for N/A."""

    position: int
    """From 1, as printed."""
    exp_type: str
    member_type: str
    special: str | None
    asn_type: str | None
    footnote: str | None


class Erratum(NamedTuple):
    """A cell of a table that is misprinted."""

    position: int
    field: str
    printed: str
    corrected: str
    reason: str


# ------------------------------------------------------------------------- the chain


class ChangeItem(NamedTuple):
    """What a change does to an item of the ruleset before it."""

    kind: str
    """Such as `rule`, `role` or `condition`; see docs/rules.md."""
    item: str
    field: str | None
    """What changes of it; None if all of it comes or goes."""
    before: str | None
    """As JSON; None if it was not there."""
    after: str | None

    @property
    def acts(self) -> bool:
        """Whether it can alter what rules make: remarks and words for people cannot."""
        return self.kind not in _REMARKS and self.field not in {"title", "text"}


_REMARKS = ("known_difference", "intended_overlap")  # Items that say something of rules


class Change(NamedTuple):
    """A named step of a ruleset from its parent."""

    change: str
    why: str
    source: str
    items: tuple[ChangeItem, ...]


# ------------------------------------------------------------------------- rulesets


@dataclass(frozen=True, kw_only=True)
class Header:
    """What every ruleset says of itself."""

    kind: ClassVar[str]
    label: str
    """Its name, such as jwst-3.0.0."""
    title: str = ""
    source: str = ""
    effective_from: dt.date | None = None
    """The first day on which it is in force; None for a draft that has no date yet."""
    effective_until: dt.date | None = None
    """The first day on which it no longer is; None if it ends when the next one starts."""
    implements: str | None = None
    """The label of the table that rules implement."""
    extends: str | None = None
    """The label of the rules that these are made of by changes."""

    def header(self) -> dict[str, Any]:
        """Give all of these."""
        return {one.name: getattr(self, one.name) for one in fields(Header)}


@dataclass(frozen=True, kw_only=True)
class Table(Header):
    """A revision of the exposure-mode table, row for row as printed."""

    kind: ClassVar[str] = "table"
    modes: tuple[Mode, ...] = ()
    errata: tuple[Erratum, ...] = ()
    """In order of their cells."""


@dataclass(frozen=True, kw_only=True)
class Ruleset(Header):
    """Association rules, with all that they use."""

    kind: ClassVar[str] = "rules"
    rules: tuple[Rule, ...]
    """In order of name, which is the order in which an exposure creates associations."""
    class_rules: tuple[ClassRule, ...]
    """The first that holds gives the class of an exposure."""
    default_class: str
    """The class where none holds."""
    settings: Settings
    written_as: Mapping[str, str] = field(default_factory=dict)
    """Classes that are written into associations under another name."""
    required_columns: tuple[RequiredColumn, ...] = ()
    suffixes: frozenset[str] = frozenset()
    """Product suffixes that are taken off a file name to make a product name."""
    conditions: tuple[Condition, ...] = ()
    """All of them, used or not, in order of name; so are keys and value lists."""
    keys: tuple[Key, ...] = ()
    value_lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lists of values that terms use by name."""
    path_tables: Mapping[str, tuple[Alternative, ...]] = field(default_factory=dict)
    """Lists of alternatives that conditions use by name."""
    groups: tuple[Group, ...] = ()
    known_differences: tuple[KnownDifference, ...] = ()
    """From the table that it implements."""
    intended_overlaps: tuple[IntendedOverlap, ...] = ()
    changes: tuple[Change, ...] = ()
    releases: tuple[Release, ...] = ()  # Of jwst, in their order
    files: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The texts that it was read from, by path: kept for people, with comments and examples."""

    @cached_property
    def empty(self) -> frozenset[str | None]:
        """What stands for no value; None is a missing column."""
        return frozenset({None, *self.settings.empty_values})

    def used_conditions(self) -> list[Condition]:
        """Give the conditions that rules and classes use, each once."""
        uses = [use.condition for rule in self.rules for use in rule.all_requirements()]
        return list(dict.fromkeys([*(line.condition for line in self.class_rules), *uses]))


AnyRuleset = Table | Ruleset
