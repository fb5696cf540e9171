"""The shapes of the TOML files that rules are written in, where they are not those of the model.

Where a file names something that another one defines, such as a condition, the shape has the
thing itself.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, NamedTuple, NewType

from asnrules.rules.model import (
    Alternative,
    ClassRule,
    Key,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
)
from asnrules.rules.releases import Release
from asnrules.rules.settings import Settings
from asnrules.rules.steps import FinishingStep
from asnrules.rules.text_files import Findings
from asnrules.rules.texts import (
    AsnType,
    ChangeName,
    Class,
    KeyName,
    Keyword,
    Label,
    ReleaseName,
    TableLabel,
)

PathTable = NewType("PathTable", tuple[str, tuple[Alternative, ...]])
"""A path table with its name, by the name of its file."""

Plain = NewType("Plain", object)
"""Text, a whole number, a flag, or lists and tables of them: what a change may say of an item."""

Made = NewType("Made", dict[str, Any])
"""What an example shows of an association."""

_CALLED = {
    ClassRule: "a class",
    RequiredColumn: "a required column",
    Role: "a role",
    Rule: "a rule",
    Settings: "the settings",
}
"""What is read as the model has it, and what that is called."""

_WORDS: dict[Any, dict[str, str]] = {
    ClassRule: {"exposure_class": "class"},
    Role: {"requirements": "requires"},
    Rule: {
        "name": "asn_rule",
        "requirements": "requires",
        "candidate_requirements": "candidate",
        "roles": "role",
    },
}
"""The words of files for fields with other names."""


def called(shape: Any) -> str:
    """Say what a shape is of."""
    return _CALLED.get(shape) or shape.__doc__.partition(":")[0].rstrip(".").lower()


def words_of(shape: Any) -> dict[str, str]:
    """Give the words of files for the fields of a shape."""
    own = _WORDS.get(shape, {})
    return {name: own.get(name, name.rstrip("_")) for name in signature(shape).parameters}


RULESET_KINDS = ("table", "rules")

DEFAULTS = ("rateints", "steps")
"""What rules have from the defaults of the ruleset, if they do not say otherwise."""


def left_out(shape: Any) -> dict[str, Any]:
    """Give what words of a file stand for that are not written, as the file would have it."""
    words = words_of(shape)
    asked = DEFAULTS if shape is Rule else ()
    return {
        words[name]: [] if its == () else its
        for name, its in shape._field_defaults.items()
        if name not in asked
    }


class ConditionShape(NamedTuple):
    """A condition."""

    text: str
    any_of: tuple[Alternative, ...] = ()
    paths: PathTable | None = None


class KeyShape(NamedTuple):
    """A key."""

    sources: tuple[Keyword, ...]
    required: bool = True
    excludes: KeyName | None = None


class GroupShape(NamedTuple):
    """A group."""

    keys: tuple[Key, ...] = ()
    requires: tuple[Requirement, ...] = ()


@dataclass
class KeysFile:
    """The file."""

    keys: dict[str, Any]
    groups: dict[str, Any] = field(default_factory=dict)


@dataclass
class ClassesFile:
    """The file."""

    default: Any
    classes: list[dict[str, Any]]


@dataclass
class UseShape:
    """A condition."""

    condition: str
    when_key: KeyName | None = None
    when_value: str | None = None


@dataclass
class RulesFile:
    """The file."""

    rule: list[dict[str, Any]]


@dataclass
class DefaultsShape:
    """What rules have that do not say otherwise."""

    class_: Class
    rateints: list[Requirement] = field(default_factory=list)
    steps: list[FinishingStep] = field(default_factory=list)


@dataclass
class ReleaseShape:
    """A release."""

    release: ReleaseName
    released: dt.date
    in_operations_from: dt.date | None = None


@dataclass
class MadeShape:
    """An association of an example: what is shown of it."""

    asn_type: AsnType
    asn_rule: str
    asn_name: str | None = None
    product: str | None = None
    members: list[str] | None = None


@dataclass
class ExampleShape:
    """An example."""

    exposures: list[dict[Keyword, str]]
    after: list[Made]
    before: list[Made] | None = None
    common: dict[Keyword, str] = field(default_factory=dict)
    candidates: list[str] = field(default_factory=list)
    dms: bool = False


@dataclass(kw_only=True)
class ChangeShape:
    """A change."""

    id: ChangeName
    why: str
    source: str
    follows: ChangeName | None = None
    add: dict[str, Plain] = field(default_factory=dict)
    set: dict[str, Plain] = field(default_factory=dict)
    remove: dict[str, Plain] = field(default_factory=dict)
    move: dict[str, Plain] = field(default_factory=dict)
    example: list[ExampleShape] = field(default_factory=list)


@dataclass(kw_only=True)
class HeaderShape:
    """The header."""

    label: Label
    kind: str
    title: str
    source: str
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None


@dataclass(kw_only=True)
class RulesHeaderShape(HeaderShape):
    """The header."""

    implements: TableLabel
    extends: Label | None = None
    releases: list[Release] = field(default_factory=list)
    change: list[ChangeShape] = field(default_factory=list)
    # What a ruleset has not that says its changes only.
    settings: dict[str, Any] | None = None
    defaults: dict[str, Any] | None = None
    written_as: dict[str, Any] | None = None
    required_columns: list[dict[str, Any]] | None = None


def check_kind(document: dict[str, Any], found: Findings) -> None:
    """Note a kind of rulesets that there is not."""
    kind = document.get("kind")
    if isinstance(kind, str) and kind not in RULESET_KINDS:
        found.at(("kind",), f"kind is {kind[:80]!r}; {' or '.join(RULESET_KINDS)}")


def check_period(start: dt.date | None, end: dt.date | None, found: Findings) -> None:
    """Note a period that ends before it starts; a draft may do without dates, or the last."""
    if end is not None and (start is None or end <= start):
        problem = "effective_until is not after effective_from; mend one of them"
        found.at(("effective_until",), problem)
