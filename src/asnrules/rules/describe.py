"""Describe a ruleset for people: the rows of a table, or rules in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from asnrules.catalog import store
from asnrules.catalog.look_up import look_up
from asnrules.catalog.rulesets import TABLE, RulesetInfo, find_ruleset
from asnrules.database.schema import errata
from asnrules.engine.conditions import requirement_text
from asnrules.rules.glossary import Glossary, glossary
from asnrules.rules.model import Key, Requirement, Role, Rule
from asnrules.rules.rows import build_ruleset


@dataclass(frozen=True, slots=True)
class Description:
    """A ruleset, described.

    Attributes
    ----------
    info : RulesetInfo
        Its header.
    columns : sequence of str
        The names of the fields of `rows`.
    rows : list of dict
        Rows of the table, or rules, each with its conditions, keys, roles and steps in words.
    errata : list of dict
        What was misprinted, and what it means.
    glossary : Glossary or None
        What the words mean that rules are described in; None for a table.
    """

    info: RulesetInfo
    columns: Sequence[str]
    rows: list[dict[str, Any]]
    errata: list[dict[str, Any]]
    glossary: Glossary | None = None

    def document(self) -> dict[str, Any]:
        """Give all of it as one document."""
        header = {
            name: value for name, value in self.info._asdict().items() if name != "ruleset_id"
        }
        what = "rows" if self.info.kind == TABLE else "rules"
        document = {**header, what: self.rows, "errata": self.errata}
        return document if self.glossary is None else {**document, **_glossary(self.glossary)}

    def text(self) -> str:
        """Give all of it as text to read."""
        lines = [
            f"{self.info.ruleset}: {self.info.title}",
            f"{self.info.kind}, {self.info.status}, {self._period()}",
            f"source: {self.info.source}",
        ]
        if self.info.implements is not None:
            lines.append(f"implements: {self.info.implements}")
        lines += [f"checksum: {self.info.checksum}", ""]
        if self.info.kind == TABLE:
            lines += self._table()
        else:
            for row in self.rows:
                lines += _rule_lines(row)
        if self.glossary is not None:
            lines += _glossary_lines(self.glossary)
        return "\n".join(lines).rstrip()

    def _period(self) -> str:
        if self.info.effective_from is None:
            return "without a date yet"
        until = self.info.effective_until or "further notice"
        return f"in force from {self.info.effective_from} to {until}"

    def _table(self) -> list[str]:
        from tabulate import tabulate

        cells = [
            [
                str(row[name]) if row[name] is not None else _BLANK.get(name, "N/A")
                for name in self.columns
            ]
            for row in self.rows
        ]
        table = tabulate(cells, self.columns, tablefmt="simple", disable_numparse=True)
        lines = [line.rstrip() for line in table.split("\n")]
        lines += [
            f"erratum: row {row['position']}, {row['field']}: printed {row['printed']!r}, "
            f"means {row['corrected']!r}; {row['reason']}"
            for row in self.errata
        ]
        return lines


_BLANK = {"footnote": ""}
_ROW_COLUMNS = ("position", "exp_type", "member_type", "special", "asn_type", "footnote")
_RULE_COLUMNS = (
    "asn_rule", "asn_type", "title", "takes", "candidates",
    "keys", "roles", "steps", "written", "rateints",
)  # fmt: skip


def describe_ruleset(connection: Connection, label: str) -> Description:
    """Describe a ruleset.

    Parameters
    ----------
    connection : Connection
        Any.
    label : str
        Of the ruleset.

    Raises
    ------
    NotFoundError
        If there is no such ruleset.
    """
    info = find_ruleset(connection, label)
    if info.kind == TABLE:
        rows = [
            {name: getattr(mode, name) for name in _ROW_COLUMNS}
            for mode in look_up(connection, info)
        ]
        return Description(info, _ROW_COLUMNS, rows, _errata(connection, info))
    ruleset = build_ruleset(store.read_content(connection, info.ruleset_id))
    rules = [_rule(rule) for rule in ruleset.rules]
    return Description(info, _RULE_COLUMNS, rules, [], glossary(ruleset))


def _errata(connection: Connection, info: RulesetInfo) -> list[dict[str, Any]]:
    columns = [column for column in errata.columns if column.name != "ruleset_id"]
    statement = (
        select(*columns)
        .where(errata.c.ruleset_id == info.ruleset_id)
        .order_by(errata.c.position, errata.c.field)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


# ------------------------------------------------------------------------- rules in words


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "asn_rule": rule.name,
        "asn_type": rule.asn_type,
        "title": rule.title,
        "takes": _texts(rule.requirements),
        "candidates": _texts(rule.candidate_requirements),
        "keys": [_key_text(key) for key in rule.keys],
        "roles": [_role_text(role) for role in rule.roles],
        "steps": list(rule.steps),
        "written": _written_text(rule),
        "rateints": _texts(rule.rateints),
    }


def _texts(requirements: Iterable[Requirement]) -> list[str]:
    return [requirement_text(use) for use in requirements]


def _key_text(key: Key) -> str:
    text = f"{key.name} ({', else '.join(source.upper() for source in key.sources)})"
    if key.excludes is not None:
        text += f" not containing that of {key.excludes}"
    return text if key.required else f"{text}, if there is one"


def _role_text(role: Role) -> str:
    parts = _texts(role.requirements)
    parts += [f"same {_key_text(key)}" for key in role.keys]
    if role.single:
        parts.append("one only")
    if role.not_after is not None:
        parts.append(f"not right after an exposure of class {role.not_after}")
    if role.science_as is not None:
        parts.append(f"written as {role.science_as}")
    if role.offered_again:
        parts.append("offered again at the end")
    if role.keys_only:
        parts.append("takes nothing, but what is the same of these stays")
    if role.creates_too:
        parts.append("may create an association of its own as well")
    return f"{role.name}: {'; '.join(parts)}"


def _written_text(rule: Rule) -> str:
    if not rule.as_science:
        return "members in their own class"
    if rule.companion_class is None:
        return "every member as science"
    return f"every member as science, later ones of class {rule.companion_class} as such"


def _rule_lines(row: dict[str, Any]) -> list[str]:
    lines = [f"{row['asn_rule']} -> {row['asn_type']}", f"  {row['title']}"]
    for heading, name in (
        ("takes", "takes"),
        ("for candidates", "candidates"),
        ("in common", "keys"),
        ("as", "roles"),
        ("rateints", "rateints"),
        ("finishing", "steps"),
    ):
        for number, text in enumerate(row[name]):
            lines.append(f"  {heading if number == 0 else '':<15}{text}")
    return [*lines, f"  {'written':<15}{row['written']}", ""]


def _glossary(found: Glossary) -> dict[str, Any]:
    return {
        "classes": [{"condition": text, "class": its_class} for text, its_class in found.classes],
        "conditions": found.conditions,
        "steps": found.steps,
        "settings": found.settings,
        "overall": found.overall,
    }


def _glossary_lines(found: Glossary) -> list[str]:
    lines = ["The class of an exposure: the first of these that holds"]
    lines += [f"  {text}: {its_class}" for text, its_class in found.classes]
    lines += ["", "Conditions: one of the lines below each has to hold"]
    for text, alternatives in found.conditions.items():
        lines += [f"  {text}", *(f"    {line}" for line in alternatives)]
    lines += [
        "",
        "Keys: the exposures of an association have the same value of each. Of 'A, else B' the",
        "first that the first exposure has a value for counts for all; where a key is 'if there is",
        "one', an exposure without a value fits.",
        "",
        "Roles: the first that fits takes an exposure. 'Offered again at the end': also to the",
        "associations that were made after it.",
        "",
        "Finishing steps",
    ]
    for name, text in found.steps.items():
        lines += [f"  {name}", f"    {text}"]
    lines += ["", "Steps over the associations of all rules, in this order"]
    for name, text in found.overall.items():
        lines += [f"  {name}", f"    {text}"]
    lines += ["", "Settings"]
    lines += [
        f"  {name}: {', '.join(value) if isinstance(value, tuple) else value}"
        for name, value in found.settings.items()
    ]
    return lines
