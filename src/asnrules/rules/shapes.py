"""The shapes of the TOML files that rules are written in, where they are not those of the model.

Where a file names something that another one defines, such as a condition, the shape has the
thing itself. Annotations are not kept as text here, as cattrs would not see `Annotated` in them.
"""

import datetime as dt
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, NewType

from asnrules.rules.model import (
    ClassRule,
    Key,
    Release,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
)
from asnrules.rules.settings import Settings
from asnrules.rules.steps import FinishingStep
from asnrules.rules.text_files import Findings
from asnrules.rules.words import (
    AsnType,
    ChangeName,
    Class,
    CsvName,
    KeyName,
    Keyword,
    Label,
    ReleaseName,
    TableLabel,
    Text,
)

Made = NewType("Made", dict[str, Any])
"""What is to be seen of an association."""

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
    names = getattr(shape, "_fields", None) or [one.name for one in fields(shape)]
    return {name: _WORDS.get(shape, {}).get(name, name.rstrip("_")) for name in names}


def left_out(shape: Any) -> dict[str, Any]:
    """Give what words of a file stand for that are not written, as the file would have it."""
    if hasattr(shape, "_field_defaults"):
        found = {name: [] if its == () else its for name, its in shape._field_defaults.items()}
    else:
        found = {
            one.name: [] if one.default_factory is list else one.default
            for one in fields(shape)
            if one.default is not MISSING or one.default_factory is not MISSING
        }
    words = words_of(shape)
    asked = DEFAULTS if shape is Rule else ()
    return {words[name]: its for name, its in found.items() if name not in asked}


DEFAULTS = ("rateints", "steps")
"""What rules have from the defaults of the ruleset, if they do not say otherwise."""


@dataclass
class ConditionShape:
    """A condition."""

    text: Text
    any_of: list[dict[str, Any]] = field(default_factory=list)
    paths: CsvName | None = None


@dataclass
class KeyShape:
    """A key."""

    sources: list[Keyword]
    required: bool = True
    excludes: KeyName | None = None


@dataclass
class GroupShape:
    """A group."""

    keys: list[Key] = field(default_factory=list)
    requires: list[Requirement] = field(default_factory=list)


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

    condition: Text
    when_key: KeyName | None = None
    when_value: Text | None = None


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
    """An association of an example, and what is to be seen of it."""

    asn_type: AsnType
    asn_rule: Text
    asn_name: Text | None = None
    product: Text | None = None
    members: list[Text] | None = None


@dataclass
class ExampleShape:
    """An example."""

    exposures: list[dict[Keyword, Text]]
    after: list[Made]
    before: list[Made] | None = None
    common: dict[Keyword, Text] = field(default_factory=dict)
    candidates: list[Text] = field(default_factory=list)
    dms: bool = False


@dataclass(kw_only=True)
class ChangeShape:
    """A change."""

    id: ChangeName
    why: Text
    source: Text
    follows: ChangeName | None = None
    add: dict[str, Any] = field(default_factory=dict)
    set: dict[str, Any] = field(default_factory=dict)
    remove: dict[str, Any] = field(default_factory=dict)
    move: dict[str, Any] = field(default_factory=dict)
    example: list[ExampleShape] = field(default_factory=list)


@dataclass(kw_only=True)
class HeaderShape:
    """The header."""

    label: Label
    kind: Text
    title: Text
    source: Text
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


def check_period(start: dt.date | None, end: dt.date | None, found: Findings) -> None:
    """Refuse a period that ends before it starts; a draft may do without dates, or the last."""
    if end is not None and (start is None or end <= start):
        problem = "effective_until is not after effective_from; mend one of them"
        found.at(("effective_until",), problem)
        found.settle()
