"""The tables of the catalog: the vocabulary, and rulesets with all their rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Table, Text
from sqlalchemy.schema import SchemaItem

from asnrules.database.schema.columns import (
    Items,
    check,
    flag,
    integer,
    json,
    optional,
    primary,
    refer,
    refer_row,
    table,
    text,
    unique,
)
from asnrules.database.types import Day, Json, Number, UtcTime

# ------------------------------------------------------------------------- vocabulary

instruments = table("instruments", Column("instrument", Text, primary_key=True))

exp_types = table(
    "exp_types",
    Column("exp_type", Text, primary_key=True),
    refer("instruments.instrument"),
    # An imported page has no descriptions.
    optional("description"),
    check("upper_case", "exp_type = upper(exp_type)"),
)

member_types = table(
    "member_types", Column("member_type", Text, primary_key=True), text("description")
)

keywords = table(
    "keywords",
    Column("keyword", Text, primary_key=True),
    text("description", "assumed"),
    check("upper_case", "keyword = upper(keyword)"),
)

specials = table(
    "specials",
    Column("special", Text, primary_key=True),
    refer("keywords.keyword"),
    integer("position"),
    unique("position"),
)

asn_types = table("asn_types", Column("asn_type", Text, primary_key=True), text("pipeline"))

# ------------------------------------------------------------------------- rulesets

rulesets = table(
    "rulesets",
    Column("ruleset_id", Number, primary_key=True),
    text("label", "kind", "status", "title", "source"),
    Column("effective_from", Day),
    Column("effective_until", Day),
    Column("implements", Number, ForeignKey("rulesets.ruleset_id")),
    Column("extends", Number, ForeignKey("rulesets.ruleset_id")),
    text("checksum"),
    # Tables have none.
    optional("changes_checksum"),
    Column("published_at", UtcTime),
    # Of what was shipped nobody is known; a reason is given if it changed past days.
    optional("published_by", "retroactive"),
    unique("label"),
    check("kind", "kind IN ('table', 'rules')"),
    check("status", "status IN ('draft', 'published')"),
    check("published_at", "(status = 'published') = (published_at IS NOT NULL)"),
    check("published_by", "published_by IS NULL OR status = 'published'"),
    check("retroactive", "retroactive IS NULL OR published_by IS NOT NULL"),
    check("implements", "(kind = 'rules') = (implements IS NOT NULL)"),
    check("dated", "status = 'draft' OR effective_from IS NOT NULL OR kind = 'rules'"),
    check("extends", "extends IS NULL OR kind = 'rules'"),
    check(
        "period",
        "effective_until IS NULL "
        "OR (effective_from IS NOT NULL AND effective_until > effective_from)",
    ),
)

# ------------------------------------------------------------------------- rows of rulesets

_TABLES = {
    "position": "exposure_modes", "value_list": "value_lists", "path_table": "path_tables",
    "condition": "conditions", "key": "keys", "rule_group": "rule_groups",
    "asn_rule": "asn_rules", "change": "ruleset_changes",
}  # fmt: skip
"""Where the rows of a ruleset are that others of its rows name."""


def _rows(name: str, key: Items, *items: SchemaItem | Items) -> Table:
    """Describe a table of rows that belong to a ruleset; the columns of `key` are one's own."""
    names = [column.name for column in key if isinstance(column, Column)]
    own = primary("ruleset_id", *names)
    return table(name, refer("rulesets.ruleset_id"), key, *items, own)


def _same(column: str, of: str = "", **options: Any) -> ForeignKeyConstraint:
    """Refer to another row of the same ruleset by its name, `of` if the column has another one."""
    of = of or column
    return refer_row(["ruleset_id", column], _TABLES[of], ["ruleset_id", of], **options)


def _named(name: str, *, optional: bool = False) -> Items:
    """Name another row of the same ruleset."""
    return [Column(name, Text, nullable=optional), _same(name)]


def _use() -> Items:
    """Use a condition."""
    return [
        *_named("condition"), *flag("negated"), *optional("when_key", "when_value"),
        _same("when_key", "key"), check("when", "(when_key IS NULL) = (when_value IS NULL)"),
    ]  # fmt: skip


def _terms(name: str, owner: str) -> Table:
    """Describe the terms of conditions or path tables."""
    return _rows(
        name,
        [*_named(owner), *integer("alternative", "position")],
        text("keyword", "operator"),
        Column("term_values", Json(list, str)),
        _named("value_list", optional=True),
        check("values", "(term_values IS NULL) <> (value_list IS NULL)"),
        check("operator", "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')"),
    )


ruleset_files = _rows("ruleset_files", text("path"), text("text"))

exposure_modes = _rows(
    "exposure_modes",
    integer("position"),
    refer("exp_types.exp_type"),
    refer("member_types.member_type"),
    refer("specials.special", optional=True),
    refer("asn_types.asn_type", optional=True),
    optional("footnote"),
    Index(None, "exp_type"),
)

errata = _rows(
    "errata",
    [*integer("position"), *text("field")],
    text("printed", "corrected", "reason"),
    _same("position"),
)

value_lists = _rows("value_lists", text("value_list"), json("list_values", list, str))

path_tables = _rows("path_tables", text("path_table"))

path_table_terms = _terms("path_table_terms", "path_table")

conditions = _rows(
    "conditions", text("condition"), text("text"), _named("path_table", optional=True)
)

condition_terms = _terms("condition_terms", "condition")

keys = _rows(
    "keys",
    text("key"),
    flag("required"),
    optional("excludes"),
    # Keys may come in any order.
    _same("excludes", "key", deferrable=True, initially="DEFERRED"),
)

key_sources = _rows(
    "key_sources", [*_named("key"), *integer("position")], refer("keywords.keyword")
)

rule_groups = _rows("rule_groups", text("rule_group"))

rule_group_keys = _rows(
    "rule_group_keys", [*_named("rule_group"), *integer("position")], _named("key")
)

rule_group_conditions = _rows(
    "rule_group_conditions", [*_named("rule_group"), *integer("position")], _use()
)

asn_rules = _rows(
    "asn_rules",
    text("asn_rule"),
    refer("asn_types.asn_type"),
    text("title"),
    flag("as_science"),
    optional("companion_class"),
)

asn_rule_roles = _rows(
    "asn_rule_roles",
    [*_named("asn_rule"), *text("role")],
    integer("position"),
    flag("single"),
    integer("offered_again"),
    optional("science_as"),
    flag("keys_only"),
    optional("not_after", "not_created_by"),
    flag("creates_too"),
)

asn_rule_groups = _rows(
    "asn_rule_groups",
    [*_named("asn_rule"), *text("role"), *integer("position")],
    _named("rule_group"),
)

asn_rule_conditions = _rows(
    "asn_rule_conditions",
    [*_named("asn_rule"), *text("scope", "role"), *integer("position")],
    _use(),
    check("scope", "scope IN ('exposure', 'candidate', 'role', 'rateints')"),
    check("role", "(scope = 'role') = (role <> '')"),
)

asn_rule_keys = _rows(
    "asn_rule_keys", [*_named("asn_rule"), *text("role"), *integer("position")], _named("key")
)

asn_rule_steps = _rows(
    "asn_rule_steps",
    [*_named("asn_rule"), *integer("position")],
    text("step"),
    json("parameters", dict),
)

class_rules = _rows(
    "class_rules",
    integer("position"),
    _named("condition", optional=True),
    refer("member_types.member_type", optional=True),
    refer("keywords.keyword", optional=True),
    check("class", "(member_type IS NULL) <> (keyword IS NULL)"),
)

written_classes = _rows("written_classes", [refer("member_types.member_type")], text("written_as"))

required_columns = _rows(
    "required_columns",
    integer("position"),
    refer("keywords.keyword"),
    _named("condition", optional=True),
)

product_suffixes = _rows("product_suffixes", text("suffix"))

ruleset_settings = _rows(
    "ruleset_settings",
    [],
    integer("sequence_digits"),
    flag("numbers_reversed"),
    text("generation_order", "candidate_rows", "taken_once"),
    json("empty_values", list, str),
    text("dms_mode", "several_selected"),
    optional("discovered_id"),
    check("generation_order", "generation_order IN ('by_row', 'by_rule', 'by_candidate')"),
    check("candidate_rows", "candidate_rows IN ('listed', 'containing')"),
    check("taken_once", "taken_once IN ('row', 'member', 'file')"),
    check("dms_mode", "dms_mode IN ('ignored', 'background_rows_left_out', 'backgrounds_added')"),
    check("several_selected", "several_selected IN ('each', 'first', 'first_valid')"),
)

overall_steps = _rows("overall_steps", integer("position"), text("step"), json("parameters", dict))

known_differences = _rows(
    "known_differences",
    integer("position"),
    refer("exp_types.exp_type", optional=True),
    text("aspect", "published", "software"),
    _named("condition", optional=True),
    text("reason"),
    check("aspect", "aspect IN ('member_type', 'asn_type', 'row')"),
    check("applies", "exp_type IS NOT NULL OR condition IS NOT NULL"),
)

intended_overlaps = _rows(
    "intended_overlaps",
    [*_named("asn_rule"), *text("stays")],
    text("reason"),
    _same("stays", "asn_rule"),
)

# ------------------------------------------------------------------------- the chain

ruleset_releases = _rows(
    "ruleset_releases",
    text("release"),
    Column("released", Day, nullable=False),
    Column("in_operations_from", Day),
)

ruleset_changes = _rows(
    "ruleset_changes",
    integer("position"),
    text("change", "why", "source"),
    unique("ruleset_id", "change"),
)

ruleset_change_items = _rows(
    "ruleset_change_items",
    [*_named("change"), *integer("position")],
    text("kind", "item"),
    optional("field", "before", "after"),
)

# ------------------------------------------------------------------------- entries

# Each word and each published ruleset, in the order in which the catalog got them.
catalog_entries = table(
    "catalog_entries",
    Column("number", Number, primary_key=True, autoincrement=False),
    text("entry_table", "entry", "sha256"),
    unique("entry_table", "entry"),
)
