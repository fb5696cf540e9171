"""What an executable ruleset is: plain, immutable data, as loaded from its rows.

A rule takes exposures in *roles*. An exposure must meet the conditions and keys of the rule
and those of one of its roles; the first role that fits takes it. A condition looks at the
exposure alone. A key compares it with the exposures that the association has already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


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

    `listed` is `in`, but for all values save the last a prefix is enough: that is how jwst
    3.0.0 reads a list of values. `matches` is a regular expression for the whole value.
    `not_in` holds for an empty value, every other comparison but `empty` fails on it.
    """

    keyword: str
    operator: Operator
    values: tuple[str, ...] = ()


class Condition(NamedTuple):
    """A named statement about one exposure: it holds if all terms of one alternative hold.

    The keyword `class` stands for the class of the exposure.
    """

    name: str
    text: str
    alternatives: tuple[tuple[Term, ...], ...]


class Requirement(NamedTuple):
    """The use of a condition: as it is, or negated; with a key, only where it has the value."""

    condition: Condition
    negated: bool = False
    when_key: str | None = None
    when_value: str | None = None


class Key(NamedTuple):
    """What the exposures of an association have in common.

    The first of `sources` that an exposure has a value for is locked with that value by the
    first exposure taken; later ones must have it in the same keyword. A key that is not
    `required` fits an exposure that has no value for it. With `excludes`, the key of that name
    has to be locked, and the value must not contain its value.
    """

    name: str
    sources: tuple[str, ...]
    required: bool = True
    excludes: str | None = None


class Role(NamedTuple):
    """A way for a rule to take an exposure.

    Attributes
    ----------
    name : str
        For people: science, background, imprint ...
    requirements, keys
        Those of this role, beside those of the rule.
    single : bool
        Only while the association has no member written as science.
    offered_again : int
        0: not at all; otherwise the pass, after all rows, in which an exposure taken so is
        offered once more to the associations that exist then.
    science_as : str or None
        The `exptype` of a member whose class is science, if it is not science.
    keys_only : bool
        It takes nothing: its keys are tried, and those that fitted before one did not stay
        locked if a later role takes the exposure.
    not_after : str or None
        Not if the exposure offered to the association before was of this class.
    creates_too : bool
        From the first exposure taken so on, what the association takes may still create an
        association of its own.
    """

    name: str
    requirements: tuple[Requirement, ...] = ()
    keys: tuple[Key, ...] = ()
    single: bool = False
    offered_again: int = 0
    science_as: str | None = None
    keys_only: bool = False
    not_after: str | None = None
    creates_too: bool = False


class Rule(NamedTuple):
    """An association rule.

    Attributes
    ----------
    name : str
        The `asn_rule`, as jwst names it.
    asn_type : str
        The type of the associations it makes.
    title : str
        What it is for, in one line.
    requirements : tuple of Requirement
        What every exposure has to meet.
    candidate_requirements : tuple of Requirement
        What the candidate has to meet: keywords `candidate_id` and `candidate_type`.
    keys : tuple of Key
        What all exposures have in common.
    roles : tuple of Role
        In the order in which they are tried.
    rateints : tuple of Requirement
        If any holds, the member is the exposure's rateints product, not its rate product.
    as_science : bool
        Members are written as science whatever their class, but for `companion_class` once
        there is a science.
    companion_class : str or None
        See `as_science`.
    steps : tuple of str
        Names of the finishing steps, in order; see `asnrules.engine.steps`.
    """

    name: str
    asn_type: str
    title: str
    requirements: tuple[Requirement, ...]
    candidate_requirements: tuple[Requirement, ...]
    keys: tuple[Key, ...]
    roles: tuple[Role, ...]
    rateints: tuple[Requirement, ...]
    as_science: bool
    companion_class: str | None
    steps: tuple[str, ...]


class ClassRule(NamedTuple):
    """One line of the classification: the class if the condition holds.

    Without a class, the value of `keyword` is the class.
    """

    condition: Condition
    exposure_class: str | None
    keyword: str | None = None


class RequiredColumn(NamedTuple):
    """A column that a pool must have, if any of its exposures meets the condition."""

    column: str
    condition: Condition | None


class Settings(NamedTuple):
    """What rules have in common that is no condition; by default what jwst 3.0.0 has.

    Attributes
    ----------
    sequence_digits : int
        With how many digits at least the sequence number stands in a name.
    whole_pool : bool
        Whether all candidates are worked at once. Then only the exposures that list a candidate
        are worked for it, and what is generated stands in the order of the creating exposures;
        of one exposure, in the order in which it lists candidates.
    discovered_id : str or None
        The id of associations that are discovered; None for no such associations. They are made
        by the rules that ask something of the candidate but need no `candidate_validity`, where
        no candidates are selected: from the exposures that list one such candidate and no other,
        apart for each. They come before all others, and are told apart by this id only.
    overall : tuple of str
        Names of the steps over the associations of all rules, in order; see
        `asnrules.engine.pruning`. They are numbered in the order in which the last
        step leaves them.
    """

    sequence_digits: int = 5
    whole_pool: bool = False
    discovered_id: str | None = None
    overall: tuple[str, ...] = ("prune_memberships", "prune_products")


@dataclass(frozen=True)
class Ruleset:
    """An executable ruleset.

    Attributes
    ----------
    label : str
        Its name, such as jwst-3.0.0.
    rules : tuple of Rule
        In order of name, which is the order in which an exposure creates associations.
    class_rules : tuple of ClassRule
        The first that holds gives the class of an exposure.
    default_class : str
        The class where none holds.
    written_as : mapping of str to str
        Classes that are written into associations under another name.
    required_columns : tuple of RequiredColumn
        Columns that a pool cannot do without.
    suffixes : frozenset of str
        Product suffixes that are taken off a file name to make a product name.
    settings : Settings
        What else the rules have in common.
    """

    label: str
    rules: tuple[Rule, ...]
    class_rules: tuple[ClassRule, ...]
    default_class: str
    written_as: Mapping[str, str] = field(default_factory=dict)
    required_columns: tuple[RequiredColumn, ...] = ()
    suffixes: frozenset[str] = frozenset()
    settings: Settings = field(default_factory=Settings)
