"""Make a ruleset of the rows of its tables."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from asnrules.errors import RulesetError
from asnrules.rules.model import (
    Alternative,
    AnyRuleset,
    Change,
    ChangeItem,
    ClassRule,
    Condition,
    Erratum,
    Group,
    IntendedOverlap,
    Key,
    KnownDifference,
    Mode,
    Operator,
    RequiredColumn,
    Requirement,
    Role,
    Rule,
    Ruleset,
    Table,
    Term,
    with_groups,
)
from asnrules.rules.patterns import Patterns
from asnrules.rules.releases import Release, in_order
from asnrules.rules.rows import Row, Rows
from asnrules.rules.settings import Settings
from asnrules.rules.steps import FinishingStep, OverallStep, Step, step_of

T = TypeVar("T")
AnyStep = TypeVar("AnyStep", bound=Step)


def from_rows(kind: str, header: Mapping[str, Any], rows: Rows) -> AnyRuleset:
    """Make a ruleset of its rows.

    Parameters
    ----------
    kind : str
        `table` or `rules`.
    header : mapping
        As `Header.header` gives it.

    Raises
    ------
    RulesetError
        If a step is not known, or has other parameters, or a condition has a pattern that cannot
        be used.
    """
    if kind == Table.kind:
        errata = sorted(_made(Erratum, row) for row in rows["errata"])
        modes = [_made(Mode, row) for row in _ordered(rows["exposure_modes"])]
        return Table(**header, modes=tuple(modes), errata=tuple(errata))
    return _RulesReader(rows).read(header)


class _RulesReader:
    """Reads the rows of rules: what rows name comes before the rows that name it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._patterns = Patterns()
        self._lists = {
            row["value_list"]: tuple(json.loads(row["list_values"])) for row in rows["value_lists"]
        }
        terms = self._alternatives("path_table")
        self._path_tables = {
            name: tuple(terms[name]) for name, _ in self._by_name("path_table", "path_tables")
        }
        terms = self._alternatives("condition")
        self._conditions = {
            name: Condition(
                name,
                row["text"],
                (*terms[name], *self._path_tables.get(row["path_table"], ())),
                row["path_table"],
            )
            for name, row in self._by_name("condition", "conditions")
        }
        sources = self._grouped("key_sources", "key")
        self._keys = {
            name: _made(
                Key, row, name=name, sources=tuple(one["keyword"].lower() for one in sources[name,])
            )
            for name, row in self._by_name("key", "keys")
        }
        uses = self._grouped("rule_group_conditions", "rule_group")
        keys = self._grouped("rule_group_keys", "rule_group")
        self._groups = {
            name: Group(name, self._keys_of(keys[name,]), self._requirements(uses[name,]))
            for name, _ in self._by_name("rule_group", "rule_groups")
        }

    def read(self, header: Mapping[str, Any]) -> Ruleset:
        """Read all of it."""
        rows = self._rows
        *classes, default = _ordered(rows["class_rules"])
        (settings,) = rows["ruleset_settings"]
        return Ruleset(
            **header,
            rules=tuple(self._rules()),
            class_rules=tuple(
                ClassRule(
                    self._conditions[row["condition"]], row["member_type"], _lower(row["keyword"])
                )
                for row in classes
            ),
            default_class=default["member_type"],
            written_as={row["member_type"]: row["written_as"] for row in rows["written_classes"]},
            required_columns=tuple(
                RequiredColumn(row["keyword"].lower(), self._conditions.get(row["condition"]))
                for row in _ordered(rows["required_columns"])
            ),
            suffixes=frozenset(row["suffix"] for row in rows["product_suffixes"]),
            settings=_made(
                Settings,
                settings,
                empty_values=tuple(json.loads(settings["empty_values"])),
                overall=tuple(_step(OverallStep, row) for row in _ordered(rows["overall_steps"])),
            ),
            conditions=tuple(self._conditions.values()),
            keys=tuple(self._keys.values()),
            groups=tuple(self._groups.values()),
            value_lists=self._lists,
            path_tables=self._path_tables,
            known_differences=tuple(
                _made(KnownDifference, row, condition=self._conditions.get(row["condition"]))
                for row in _ordered(rows["known_differences"])
            ),
            intended_overlaps=tuple(
                sorted(_made(IntendedOverlap, row) for row in rows["intended_overlaps"])
            ),
            changes=tuple(self._changes()),
            releases=in_order(map(_release, rows["ruleset_releases"])),
        )

    # ----------------------------------------------------------------- what rules use

    def _alternatives(self, owner: str) -> dict[str, list[Alternative]]:
        """Give the alternatives of each condition or path table."""
        found: dict[str, list[Alternative]] = defaultdict(list)
        terms = self._grouped(f"{owner}_terms", owner, "alternative")
        for (name, _), rows in sorted(terms.items()):
            found[name].append(tuple(self._term(row, name) for row in rows))
        return found

    def _term(self, row: Row, name: str) -> Term:
        named = row["value_list"]
        values = tuple(json.loads(row["term_values"])) if named is None else self._lists[named]
        term = Term(row["keyword"].lower(), Operator(row["operator"]), values, named)
        for pattern in values if term.operator is Operator.MATCHES else ():
            if problem := self._patterns.problem(pattern):
                raise RulesetError(f"condition {name}: bad pattern {pattern[:80]!r}: {problem}")
        return term

    def _requirements(self, rows: Iterable[Row]) -> tuple[Requirement, ...]:
        return tuple(
            _made(Requirement, row, condition=self._conditions[row["condition"]]) for row in rows
        )

    def _keys_of(self, rows: Iterable[Row]) -> tuple[Key, ...]:
        return tuple(self._keys[row["key"]] for row in rows)

    # ----------------------------------------------------------------- rules

    def _rules(self) -> Iterator[Rule]:
        uses = self._grouped("asn_rule_conditions", "asn_rule", "scope", "role")
        keys = self._grouped("asn_rule_keys", "asn_rule", "role")
        group_uses = self._grouped("asn_rule_groups", "asn_rule", "role")
        roles = self._grouped("asn_rule_roles", "asn_rule")
        steps = self._grouped("asn_rule_steps", "asn_rule")

        def asked(rule: str, scope: str, role: str = "") -> tuple[Requirement, ...]:
            return self._requirements(uses[rule, scope, role])

        def common(rule: str, scope: str, role: str = "") -> dict[str, Any]:
            """Give what rules and roles have alike."""
            groups = tuple(self._groups[row["rule_group"]] for row in group_uses[rule, role])
            return with_groups(groups, self._keys_of(keys[rule, role]), asked(rule, scope, role))

        for name, row in self._by_name("asn_rule", "asn_rules"):
            yield _made(
                Rule,
                row,
                name=name,
                candidate_requirements=asked(name, "candidate"),
                roles=tuple(
                    _made(Role, role, name=role["role"], **common(name, "role", role["role"]))
                    for role in roles[name,]
                ),
                rateints=asked(name, "rateints"),
                steps=tuple(_step(FinishingStep, step, f"{name}: ") for step in steps[name,]),
                **common(name, "exposure"),
            )

    def _changes(self) -> Iterator[Change]:
        items = self._grouped("ruleset_change_items", "change")
        for row in _ordered(self._rows["ruleset_changes"]):
            own = tuple(_made(ChangeItem, item) for item in items[row["change"],])
            yield _made(Change, row, items=own)

    # ----------------------------------------------------------------- rows

    def _by_name(self, column: str, table: str) -> list[tuple[str, Row]]:
        """Give the rows of a table with their names, in order of name."""
        return sorted(((row[column], row) for row in self._rows[table]), key=lambda one: one[0])

    def _grouped(self, table: str, *columns: str) -> dict[tuple[Any, ...], list[Row]]:
        """Give ordered rows by the values of columns."""
        groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
        for row in _ordered(self._rows[table]):
            groups[tuple(row[column] for column in columns)].append(row)
        return groups


def _made(kind: type[T], row: Row, **known: Any) -> T:
    """Make a named tuple of what is known of it, and of the columns called as its fields."""
    fields: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    return kind(
        **{name: row[name] for name in fields if name in row and name not in known}, **known
    )


def _ordered(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["position"])


def _step(kind: type[AnyStep], row: Row, where: str = "") -> AnyStep:
    try:
        return step_of(kind, row["step"], json.loads(row["parameters"]))
    except ValueError as error:
        raise RulesetError(f"{where}{error}") from None


def _release(row: Row) -> Release:
    """Read a release; from a database its days come as text."""
    days = (row["released"], row["in_operations_from"])
    try:
        read = [dt.date.fromisoformat(day) if isinstance(day, str) else day for day in days]
    except ValueError as error:
        raise RulesetError(f"release {row['release']}: {error}") from None
    return Release(row["release"], *read)


def _lower(keyword: str | None) -> str | None:
    return keyword and keyword.lower()
