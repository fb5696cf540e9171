"""What the items of rules use of each other, by the kinds and names that changes have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from asnrules.rules.model import Condition, Key, Requirement, Rule, Ruleset

Item = tuple[str, str]
"""Its kind and its name; see `asnrules.rules.document.KINDS`."""

Uses = Mapping[Item, frozenset[Item]]
"""What each item of a ruleset uses itself."""


def role_item_name(rule: str, role: str) -> str:
    """Give the name of a role among the items."""
    return f"{rule}: {role}"


def difference_name(row: Mapping[str, str]) -> str:
    """Give the name of a known difference among the items."""
    parts = (row["exp_type"] or "any", row["aspect"], row["published"], row["software"])
    return ", ".join((*parts, row["condition"]) if row["condition"] else parts)


def overlap_name(row: Mapping[str, str]) -> str:
    """Give the name of an intended overlap among the items."""
    return f"{row['asn_rule']}, {row['stays']}"


def uses_of(ruleset: Ruleset) -> Uses:
    """Give all items of rules, each with what it uses."""
    return {item: frozenset(used) for item, used in _items(ruleset)}


def with_used(items: Iterable[Item], uses: Uses) -> set[Item]:
    """Give items with all that they use, and what that uses."""
    found: set[Item] = set()
    waiting = list(items)
    while waiting:
        item = waiting.pop()
        if item not in found:
            found.add(item)
            waiting += uses.get(item, ())
    return found


def _items(ruleset: Ruleset) -> Iterator[tuple[Item, set[Item]]]:
    defaults = _defaults(ruleset.rules)
    for kind, names in (
        ("value_list", ruleset.value_lists),
        ("path_table", ruleset.path_tables),
        ("default", ("class", *defaults)),
        ("setting", ruleset.settings._fields),
        ("written_as", ruleset.written_as),
        ("suffix", ruleset.suffixes),
        ("intended_overlap", (overlap_name(one._asdict()) for one in ruleset.intended_overlaps)),
    ):
        yield from (((kind, name), set()) for name in names)
    for condition in ruleset.conditions:
        yield ("condition", condition.name), set(_of_condition(condition))
    for key in ruleset.keys:
        yield ("key", key.name), {("key", key.excludes)} if key.excludes else set()
    for group in ruleset.groups:
        yield ("group", group.name), _asked(group.requirements, group.keys)
    for line in ruleset.class_rules:
        yield ("class", line.condition.name), _named(line.condition)
    for column in ruleset.required_columns:
        yield ("required_column", column.column), _named(column.condition)
    for known in ruleset.known_differences:
        row = {**known._asdict(), "condition": known.condition and known.condition.name}
        yield ("known_difference", difference_name(row)), _named(known.condition)
    yield from _rules(ruleset.rules, defaults)


def _rules(
    rules: Iterable[Rule], defaults: Mapping[str, object]
) -> Iterator[tuple[Item, set[Item]]]:
    for rule in rules:
        roles = {role_item_name(rule.name, role.name): role for role in rule.roles}
        asked = (*rule.requirements, *rule.candidate_requirements, *rule.rateints)
        used = _asked(asked, rule.keys) | {("group", group.name) for group in rule.groups}
        used |= {("role", name) for name in roles}
        used |= {("default", word) for word, its in defaults.items() if getattr(rule, word) == its}
        yield ("rule", rule.name), used
        for name, role in roles.items():
            groups = {("group", group.name) for group in role.groups}
            yield ("role", name), _asked(role.requirements, role.keys) | groups


def _named(condition: Condition | None) -> set[Item]:
    return {("condition", condition.name)} if condition else set()


def _of_condition(condition: Condition) -> Iterator[Item]:
    if condition.path_table is not None:
        yield "path_table", condition.path_table
    for term in condition.terms:
        if term.value_list is not None:
            yield "value_list", term.value_list


def _asked(requirements: Iterable[Requirement], keys: Iterable[Key]) -> set[Item]:
    return {("condition", use.condition.name) for use in requirements} | {
        ("key", key.name) for key in keys
    }


def _defaults(rules: Sequence[Rule]) -> dict[str, object]:
    """Give what rules have that do not say otherwise: resolved, it is what most of them have."""
    found: dict[str, object] = {}
    for word in ("rateints", "steps"):
        values = [getattr(rule, word) for rule in rules]
        found[word] = max(values, key=values.count)
    return found
