"""The tables: vocabulary, catalog and audit.

The migrations make them; a test holds the two against each other. Names are the field's.
JSON is kept as text: it is stored once, never searched, and must keep its bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from asnrules.database.types import Day, Flag, Json, Number, UtcTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_Items = Sequence[SchemaItem]
_primary, _unique = PrimaryKeyConstraint, UniqueConstraint


def _table(name: str, *items: SchemaItem | _Items, **options: Any) -> Table:
    flat = [one for item in items for one in ([item] if isinstance(item, SchemaItem) else item)]
    return Table(name, metadata, *flat, sqlite_strict=True, **options)


def _rows_of_ruleset(name: str, key: Sequence[str], *items: SchemaItem | _Items) -> Table:
    """Describe a table of rows that belong to a ruleset; `key` is unique within one."""
    return _table(name, _refer("rulesets.ruleset_id"), *items, _primary("ruleset_id", *key))


def _text(*names: str) -> _Items:
    return [Column(name, Text, nullable=False) for name in names]


def _optional(*names: str) -> _Items:
    return [Column(name, Text) for name in names]


def _integer(*names: str) -> _Items:
    return [Column(name, Integer, nullable=False) for name in names]


def _flag(*names: str) -> _Items:
    return [Column(name, Flag, nullable=False) for name in names]


def _time(*names: str) -> _Items:
    return [Column(name, UtcTime, nullable=False) for name in names]


def _json(name: str, *holds: type) -> Column[Any]:
    return Column(name, Json(*holds), nullable=False)


def _number(name: str, *keys: ForeignKey) -> Column[int]:
    return Column(name, Number, *keys, nullable=False, autoincrement=False)


def _refer(column: str, *, optional: bool = False) -> Column[Any]:
    """Refer to a column of another table, under the same name."""
    name = column.partition(".")[2]
    kind: Any = Number if name.endswith("_id") else Text
    return Column(name, kind, ForeignKey(column), nullable=optional, autoincrement=False)


def _run_id() -> Column[int]:
    # The run itself comes last, when all that it owns is there: nothing joins it afterwards.
    return _number("run_id", ForeignKey("runs.run_id", deferrable=True, initially="DEFERRED"))


def _refer_row(
    columns: Sequence[str], table: str, others: Sequence[str], **options: Any
) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(columns, [f"{table}.{name}" for name in others], **options)


def _of_ruleset(table: str, column: str, other: str = "", **options: Any) -> ForeignKeyConstraint:
    """Refer to a row of another table of the same ruleset."""
    return _refer_row(["ruleset_id", column], table, ["ruleset_id", other or column], **options)


def _check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


# ------------------------------------------------------------------------- vocabulary

instruments = _table("instruments", Column("instrument", Text, primary_key=True))

exp_types = _table(
    "exp_types",
    Column("exp_type", Text, primary_key=True),
    _refer("instruments.instrument"),
    # An imported page has no descriptions.
    _optional("description"),
    _check("upper_case", "exp_type = upper(exp_type)"),
)

member_types = _table(
    "member_types", Column("member_type", Text, primary_key=True), _text("description")
)

keywords = _table(
    "keywords",
    Column("keyword", Text, primary_key=True),
    _text("description", "assumed"),
    _check("upper_case", "keyword = upper(keyword)"),
)

specials = _table(
    "specials",
    Column("special", Text, primary_key=True),
    _refer("keywords.keyword"),
    _integer("position"),
    _unique("position"),
)

asn_types = _table("asn_types", Column("asn_type", Text, primary_key=True), _text("pipeline"))

# ------------------------------------------------------------------------- catalog

rulesets = _table(
    "rulesets",
    Column("ruleset_id", Number, primary_key=True),
    _text("label", "kind", "status", "title", "source"),
    Column("effective_from", Day),
    Column("effective_until", Day),
    Column("implements", Number, ForeignKey("rulesets.ruleset_id")),
    Column("extends", Number, ForeignKey("rulesets.ruleset_id")),
    _text("checksum"),
    # Tables have none.
    _optional("changes_checksum"),
    Column("published_at", UtcTime),
    _unique("label"),
    _check("kind", "kind IN ('table', 'rules')"),
    _check("status", "status IN ('draft', 'published')"),
    _check("published_at", "(status = 'published') = (published_at IS NOT NULL)"),
    _check("implements", "(kind = 'rules') = (implements IS NOT NULL)"),
    _check("dated", "status = 'draft' OR effective_from IS NOT NULL OR kind = 'rules'"),
    _check("extends", "extends IS NULL OR kind = 'rules'"),
    _check(
        "period",
        "effective_until IS NULL "
        "OR (effective_from IS NOT NULL AND effective_until > effective_from)",
    ),
)

ruleset_files = _rows_of_ruleset("ruleset_files", ["path"], _text("path", "text"))

exposure_modes = _rows_of_ruleset(
    "exposure_modes",
    ["position"],
    _integer("position"),
    _refer("exp_types.exp_type"),
    _refer("member_types.member_type"),
    _refer("specials.special", optional=True),
    _refer("asn_types.asn_type", optional=True),
    _optional("footnote"),
    Index(None, "exp_type"),
)

errata = _rows_of_ruleset(
    "errata",
    ["position", "field"],
    _integer("position"),
    _text("field", "printed", "corrected", "reason"),
    _of_ruleset("exposure_modes", "position"),
)

value_lists = _rows_of_ruleset(
    "value_lists", ["value_list"], _text("value_list"), _json("list_values", list, str)
)

path_tables = _rows_of_ruleset(
    "path_tables",
    ["path_table"],
    _text("path_table"),
)

path_table_terms = _rows_of_ruleset(
    "path_table_terms",
    ["path_table", "alternative", "position"],
    _text("path_table"),
    _integer("alternative", "position"),
    _text("keyword", "operator"),
    Column("term_values", Json(list, str)),
    _optional("value_list"),
    _of_ruleset("path_tables", "path_table"),
    _of_ruleset("value_lists", "value_list"),
    _check("values", "(term_values IS NULL) <> (value_list IS NULL)"),
    _check("operator", "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')"),
)

conditions = _rows_of_ruleset(
    "conditions",
    ["condition"],
    _text("condition", "text"),
    _optional("path_table"),
    _of_ruleset("path_tables", "path_table"),
)

condition_terms = _rows_of_ruleset(
    "condition_terms",
    ["condition", "alternative", "position"],
    _text("condition"),
    _integer("alternative", "position"),
    _text("keyword", "operator"),
    Column("term_values", Json(list, str)),
    _optional("value_list"),
    _of_ruleset("conditions", "condition"),
    _of_ruleset("value_lists", "value_list"),
    _check("values", "(term_values IS NULL) <> (value_list IS NULL)"),
    _check("operator", "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')"),
)

keys = _rows_of_ruleset(
    "keys",
    ["key"],
    _text("key"),
    _flag("required"),
    _optional("excludes"),
    # Keys may come in any order.
    _of_ruleset("keys", "excludes", "key", deferrable=True, initially="DEFERRED"),
)

key_sources = _rows_of_ruleset(
    "key_sources",
    ["key", "position"],
    _text("key"),
    _integer("position"),
    _refer("keywords.keyword"),
    _of_ruleset("keys", "key"),
)

rule_groups = _rows_of_ruleset(
    "rule_groups",
    ["rule_group"],
    _text("rule_group"),
)

rule_group_keys = _rows_of_ruleset(
    "rule_group_keys",
    ["rule_group", "position"],
    _text("rule_group"),
    _integer("position"),
    _text("key"),
    _of_ruleset("rule_groups", "rule_group"),
    _of_ruleset("keys", "key"),
)

rule_group_conditions = _rows_of_ruleset(
    "rule_group_conditions",
    ["rule_group", "position"],
    _text("rule_group"),
    _integer("position"),
    _text("condition"),
    _flag("negated"),
    _optional("when_key", "when_value"),
    _of_ruleset("rule_groups", "rule_group"),
    _of_ruleset("conditions", "condition"),
    _of_ruleset("keys", "when_key", "key"),
    _check("when", "(when_key IS NULL) = (when_value IS NULL)"),
)

asn_rules = _rows_of_ruleset(
    "asn_rules",
    ["asn_rule"],
    _text("asn_rule"),
    _refer("asn_types.asn_type"),
    _text("title"),
    _flag("as_science"),
    _optional("companion_class"),
)

asn_rule_roles = _rows_of_ruleset(
    "asn_rule_roles",
    ["asn_rule", "role"],
    _text("asn_rule", "role"),
    _integer("position"),
    _flag("single"),
    _integer("offered_again"),
    _optional("science_as"),
    _flag("keys_only"),
    _optional("not_after", "not_created_by"),
    _flag("creates_too"),
    _of_ruleset("asn_rules", "asn_rule"),
)

asn_rule_groups = _rows_of_ruleset(
    "asn_rule_groups",
    ["asn_rule", "role", "position"],
    _text("asn_rule", "role"),
    _integer("position"),
    _text("rule_group"),
    _of_ruleset("asn_rules", "asn_rule"),
    _of_ruleset("rule_groups", "rule_group"),
)

asn_rule_conditions = _rows_of_ruleset(
    "asn_rule_conditions",
    ["asn_rule", "scope", "role", "position"],
    _text("asn_rule", "scope", "role"),
    _integer("position"),
    _text("condition"),
    _flag("negated"),
    _optional("when_key", "when_value"),
    _of_ruleset("asn_rules", "asn_rule"),
    _of_ruleset("conditions", "condition"),
    _of_ruleset("keys", "when_key", "key"),
    _check("scope", "scope IN ('exposure', 'candidate', 'role', 'rateints')"),
    _check("role", "(scope = 'role') = (role <> '')"),
    _check("when", "(when_key IS NULL) = (when_value IS NULL)"),
)

asn_rule_keys = _rows_of_ruleset(
    "asn_rule_keys",
    ["asn_rule", "role", "position"],
    _text("asn_rule", "role"),
    _integer("position"),
    _text("key"),
    _of_ruleset("asn_rules", "asn_rule"),
    _of_ruleset("keys", "key"),
)

asn_rule_steps = _rows_of_ruleset(
    "asn_rule_steps",
    ["asn_rule", "position"],
    _text("asn_rule"),
    _integer("position"),
    _text("step"),
    _json("parameters", dict),
    _of_ruleset("asn_rules", "asn_rule"),
)

class_rules = _rows_of_ruleset(
    "class_rules",
    ["position"],
    _integer("position"),
    _optional("condition"),
    _refer("member_types.member_type", optional=True),
    _refer("keywords.keyword", optional=True),
    _of_ruleset("conditions", "condition"),
    _check("class", "(member_type IS NULL) <> (keyword IS NULL)"),
)

written_classes = _rows_of_ruleset(
    "written_classes", ["member_type"], _refer("member_types.member_type"), _text("written_as")
)

required_columns = _rows_of_ruleset(
    "required_columns",
    ["position"],
    _integer("position"),
    _refer("keywords.keyword"),
    _optional("condition"),
    _of_ruleset("conditions", "condition"),
)

product_suffixes = _rows_of_ruleset("product_suffixes", ["suffix"], _text("suffix"))

ruleset_settings = _rows_of_ruleset(
    "ruleset_settings",
    [],
    _integer("sequence_digits"),
    _flag("numbers_reversed"),
    _text("generation_order", "candidate_rows", "taken_once"),
    _json("empty_values", list, str),
    _text("dms_mode"),
    _optional("discovered_id"),
    _check("generation_order", "generation_order IN ('by_row', 'by_rule', 'by_candidate')"),
    _check("candidate_rows", "candidate_rows IN ('listed', 'containing')"),
    _check("taken_once", "taken_once IN ('row', 'member', 'file')"),
    _check("dms_mode", "dms_mode IN ('ignored', 'background_rows_left_out', 'backgrounds_added')"),
)

overall_steps = _rows_of_ruleset(
    "overall_steps",
    ["position"],
    _integer("position"),
    _text("step"),
    _json("parameters", dict),
)

known_differences = _rows_of_ruleset(
    "known_differences",
    ["position"],
    _integer("position"),
    _refer("exp_types.exp_type", optional=True),
    _text("aspect", "published", "software"),
    _optional("condition"),
    _text("reason"),
    _of_ruleset("conditions", "condition"),
    _check("aspect", "aspect IN ('member_type', 'asn_type', 'row')"),
    _check("applies", "exp_type IS NOT NULL OR condition IS NOT NULL"),
)

intended_overlaps = _rows_of_ruleset(
    "intended_overlaps",
    ["asn_rule", "stays"],
    _text("asn_rule", "stays", "reason"),
    _of_ruleset("asn_rules", "asn_rule", "asn_rule"),
    _of_ruleset("asn_rules", "stays", "asn_rule"),
)

ruleset_releases = _rows_of_ruleset(
    "ruleset_releases",
    ["release"],
    _text("release"),
    Column("released", Day, nullable=False),
    Column("in_operations_from", Day),
)

ruleset_changes = _rows_of_ruleset(
    "ruleset_changes",
    ["position"],
    _integer("position"),
    _text("change", "why", "source"),
    _unique("ruleset_id", "change"),
)

ruleset_change_items = _rows_of_ruleset(
    "ruleset_change_items",
    ["change", "position"],
    _text("change"),
    _integer("position"),
    _text("kind", "item"),
    _optional("field", "before", "after"),
    _of_ruleset("ruleset_changes", "change"),
)

# Each word and each published ruleset, in the order in which the catalog got them.
catalog_entries = _table(
    "catalog_entries",
    Column("number", Number, primary_key=True, autoincrement=False),
    _text("entry_table", "entry", "sha256"),
    _unique("entry_table", "entry"),
)

# ------------------------------------------------------------------------- record

# Short rows by the million: on SQLite they are kept in the order of their key.
_SHORT = {"sqlite_with_rowid": False}

pools = _table(
    "pools",
    Column("pool_id", Number, primary_key=True, autoincrement=False),
    _text("sha256"),
    _json("keywords", list, str),
    _json("column_names", list, str),
    _integer("exposure_count"),
    _run_id(),
    _unique("sha256", "keywords"),
    Index(None, "run_id"),
)

exposures = _table(
    "exposures",
    _refer("pools.pool_id"),
    _integer("position"),
    _text("filename"),
    _optional("program", "exp_type", "asn_candidate"),
    _json("keyword_values", dict, str),
    _primary("pool_id", "position"),
    Index(None, "filename"),
    Index(None, "program"),
)

runs = _table(
    "runs",
    # The next number under the writer's lock, so that a gap is a run that was taken away.
    Column("run_id", Number, primary_key=True, autoincrement=False),
    _text("origin"),
    _time("started_at", "finished_at"),
    _text("operator", "host", "software_version"),
    _refer("rulesets.ruleset_id"),
    _json("options", dict),
    _optional("note"),
    _integer("exposure_count", "association_count", "unassociated_count"),
    _json("diagnostics", list, str),
    _json("section_digests", dict, list),
    _text("previous_digest", "digest"),
    # No two runs follow the same one: the chain has no branches.
    _unique("previous_digest"),
    _unique("digest"),
    _check("origin", "origin IN ('generated', 'imported')"),
)

run_pools = _table(
    "run_pools",
    _run_id(),
    _integer("position"),
    _refer("pools.pool_id"),
    _text("name"),
    _primary("run_id", "position"),
    Index(None, "pool_id"),
)

traces = _table(
    "traces",
    Column("trace_id", Number, primary_key=True, autoincrement=False),
    _refer("rulesets.ruleset_id"),
    _json("signature", dict),
    _optional("member_type", "special"),
    Column("table_position", Integer),
    Column("agrees", Flag),
    _text("reason"),
    _json("trace", list, dict),
    _run_id(),
    _unique("ruleset_id", "signature"),
    Index(None, "run_id"),
)

decisions = _table(
    "decisions",
    _run_id(),
    _number("pool_id"),
    _integer("position"),
    _refer("traces.trace_id"),
    _integer("association_count"),
    _optional("reason"),
    _primary("run_id", "pool_id", "position"),
    _refer_row(["pool_id", "position"], "exposures", ["pool_id", "position"]),
    _check("reason", "association_count = 0 OR reason IS NULL"),
    **_SHORT,
)

associations = _table(
    "associations",
    _run_id(),
    _integer("position"),
    _text("asn_name"),
    # A file that was written by hand may lack it.
    _refer("asn_types.asn_type", optional=True),
    _text("asn_rule", "asn_id", "candidate_type", "program", "target", "degraded_status", "keys"),
    _primary("run_id", "position"),
    _unique("run_id", "asn_name"),
    **_SHORT,
)

association_members = _table(
    "association_members",
    _number("run_id"),
    _integer("association", "position"),
    _text("product", "expname", "exptype"),
    _optional("exposerr"),
    Column("pool_id", Number),
    Column("exposure", Integer),
    _primary("run_id", "association", "position"),
    _refer_row(["run_id", "association"], "associations", ["run_id", "position"]),
    _refer_row(["pool_id", "exposure"], "exposures", ["pool_id", "position"]),
    _check("exposure", "(pool_id IS NULL) = (exposure IS NULL)"),
    Index(None, "run_id", "pool_id", "exposure"),
    **_SHORT,
)
Index(None, association_members.c.expname, sqlite_where=association_members.c.exposure.is_(None))

imported_associations = _table(
    "imported_associations",
    _number("run_id"),
    _integer("position"),
    _text("file_name", "sha256", "asn_rule"),
    _optional("code_version", "version_id", "asn_pool"),
    _text("verdict", "explanation"),
    _primary("run_id", "position"),
    _refer_row(["run_id", "position"], "associations", ["run_id", "position"]),
    _check("verdict", "verdict IN ('explained', 'differs', 'contradicts', 'unexplained')"),
)
