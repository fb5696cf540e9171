"""The tables: vocabulary, catalog and audit.

The migrations make them; a test holds the two against each other. Names are the field's.
JSON is kept as text: it is stored once, never searched, and must keep its bytes.
"""

from __future__ import annotations

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


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


def _rows_table(name: str, *items: SchemaItem) -> Table:
    """Describe a table of short rows by the million: on SQLite, kept in the order of its key."""
    return Table(name, metadata, *items, sqlite_strict=True, sqlite_with_rowid=False)


def _of_ruleset(table: str, *columns: str) -> ForeignKeyConstraint:
    """Refer to a row of another table of the same ruleset."""
    return ForeignKeyConstraint(
        ["ruleset_id", *columns], [f"{table}.ruleset_id", *(f"{table}.{name}" for name in columns)]
    )


def _ruleset_id() -> Column[int]:
    return Column("ruleset_id", Number, ForeignKey("rulesets.ruleset_id"), nullable=False)


def _run_id() -> Column[int]:
    # The run itself comes last, when all that it owns is there: nothing joins it afterwards.
    key = ForeignKey("runs.run_id", deferrable=True, initially="DEFERRED")
    return Column("run_id", Number, key, nullable=False)


# ------------------------------------------------------------------------- vocabulary

instruments = _table("instruments", Column("instrument", Text, primary_key=True))

exp_types = _table(
    "exp_types",
    Column("exp_type", Text, primary_key=True),
    Column("instrument", Text, ForeignKey("instruments.instrument"), nullable=False),
    # None of those that came with a page that was imported.
    Column("description", Text),
    CheckConstraint("exp_type = upper(exp_type)", name="upper_case"),
)

member_types = _table(
    "member_types",
    Column("member_type", Text, primary_key=True),
    Column("description", Text, nullable=False),
)

keywords = _table(
    "keywords",
    Column("keyword", Text, primary_key=True),
    Column("description", Text, nullable=False),
    Column("assumed", Text, nullable=False),
    CheckConstraint("keyword = upper(keyword)", name="upper_case"),
)

specials = _table(
    "specials",
    Column("special", Text, primary_key=True),
    Column("keyword", Text, ForeignKey("keywords.keyword"), nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("position"),
)

asn_types = _table(
    "asn_types",
    Column("asn_type", Text, primary_key=True),
    Column("pipeline", Text, nullable=False),
)

# ------------------------------------------------------------------------- catalog

rulesets = _table(
    "rulesets",
    Column("ruleset_id", Number, primary_key=True),
    Column("label", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("effective_from", Day),
    Column("effective_until", Day),
    Column("implements", Number, ForeignKey("rulesets.ruleset_id")),
    Column("checksum", Text, nullable=False),
    Column("published_at", UtcTime),
    UniqueConstraint("label"),
    CheckConstraint("kind IN ('table', 'rules')", name="kind"),
    CheckConstraint("status IN ('draft', 'published')", name="status"),
    CheckConstraint("(status = 'published') = (published_at IS NOT NULL)", name="published_at"),
    CheckConstraint("(kind = 'rules') = (implements IS NOT NULL)", name="implements"),
    CheckConstraint("status = 'draft' OR effective_from IS NOT NULL", name="dated"),
    CheckConstraint(
        "effective_until IS NULL "
        "OR (effective_from IS NOT NULL AND effective_until > effective_from)",
        name="period",
    ),
)

ruleset_files = _table(
    "ruleset_files",
    _ruleset_id(),
    Column("path", Text, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "path"),
)

exposure_modes = _table(
    "exposure_modes",
    _ruleset_id(),
    Column("position", Integer, nullable=False),
    Column("exp_type", Text, ForeignKey("exp_types.exp_type"), nullable=False),
    Column("member_type", Text, ForeignKey("member_types.member_type"), nullable=False),
    Column("special", Text, ForeignKey("specials.special")),
    Column("asn_type", Text, ForeignKey("asn_types.asn_type")),
    Column("footnote", Text),
    PrimaryKeyConstraint("ruleset_id", "position"),
)
Index(None, exposure_modes.c.exp_type)

errata = _table(
    "errata",
    _ruleset_id(),
    Column("position", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("printed", Text, nullable=False),
    Column("corrected", Text, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "position", "field"),
    _of_ruleset("exposure_modes", "position"),
)

value_lists = _table(
    "value_lists",
    _ruleset_id(),
    Column("value_list", Text, nullable=False),
    Column("list_values", Json(list, str), nullable=False),
    PrimaryKeyConstraint("ruleset_id", "value_list"),
)

conditions = _table(
    "conditions",
    _ruleset_id(),
    Column("condition", Text, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "condition"),
)

condition_terms = _table(
    "condition_terms",
    _ruleset_id(),
    Column("condition", Text, nullable=False),
    Column("alternative", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("keyword", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("term_values", Json(list, str)),
    Column("value_list", Text),
    PrimaryKeyConstraint("ruleset_id", "condition", "alternative", "position"),
    _of_ruleset("conditions", "condition"),
    _of_ruleset("value_lists", "value_list"),
    CheckConstraint("(term_values IS NULL) <> (value_list IS NULL)", name="values"),
    CheckConstraint(
        "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')", name="operator"
    ),
)

keys = _table(
    "keys",
    _ruleset_id(),
    Column("key", Text, nullable=False),
    Column("required", Flag, nullable=False),
    Column("excludes", Text),
    PrimaryKeyConstraint("ruleset_id", "key"),
    # Keys may come in any order.
    ForeignKeyConstraint(
        ["ruleset_id", "excludes"],
        ["keys.ruleset_id", "keys.key"],
        deferrable=True,
        initially="DEFERRED",
    ),
)

key_sources = _table(
    "key_sources",
    _ruleset_id(),
    Column("key", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("keyword", Text, ForeignKey("keywords.keyword"), nullable=False),
    PrimaryKeyConstraint("ruleset_id", "key", "position"),
    _of_ruleset("keys", "key"),
)

asn_rules = _table(
    "asn_rules",
    _ruleset_id(),
    Column("asn_rule", Text, nullable=False),
    Column("asn_type", Text, ForeignKey("asn_types.asn_type"), nullable=False),
    Column("title", Text, nullable=False),
    Column("as_science", Flag, nullable=False),
    Column("companion_class", Text),
    PrimaryKeyConstraint("ruleset_id", "asn_rule"),
)

asn_rule_roles = _table(
    "asn_rule_roles",
    _ruleset_id(),
    Column("asn_rule", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("single", Flag, nullable=False),
    Column("offered_again", Integer, nullable=False),
    Column("science_as", Text),
    Column("keys_only", Flag, nullable=False),
    Column("not_after", Text),
    Column("creates_too", Flag, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "asn_rule", "role"),
    _of_ruleset("asn_rules", "asn_rule"),
)

asn_rule_conditions = _table(
    "asn_rule_conditions",
    _ruleset_id(),
    Column("asn_rule", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("condition", Text, nullable=False),
    Column("negated", Flag, nullable=False),
    Column("when_key", Text),
    Column("when_value", Text),
    PrimaryKeyConstraint("ruleset_id", "asn_rule", "scope", "role", "position"),
    _of_ruleset("asn_rules", "asn_rule"),
    _of_ruleset("conditions", "condition"),
    ForeignKeyConstraint(["ruleset_id", "when_key"], ["keys.ruleset_id", "keys.key"]),
    CheckConstraint("scope IN ('exposure', 'candidate', 'role', 'rateints')", name="scope"),
    CheckConstraint("(scope = 'role') = (role <> '')", name="role"),
    CheckConstraint("(when_key IS NULL) = (when_value IS NULL)", name="when"),
)

asn_rule_keys = _table(
    "asn_rule_keys",
    _ruleset_id(),
    Column("asn_rule", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("key", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "asn_rule", "role", "position"),
    _of_ruleset("asn_rules", "asn_rule"),
    _of_ruleset("keys", "key"),
)

asn_rule_steps = _table(
    "asn_rule_steps",
    _ruleset_id(),
    Column("asn_rule", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("step", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "asn_rule", "position"),
    _of_ruleset("asn_rules", "asn_rule"),
)

class_rules = _table(
    "class_rules",
    _ruleset_id(),
    Column("position", Integer, nullable=False),
    Column("condition", Text),
    Column("member_type", Text, ForeignKey("member_types.member_type")),
    Column("keyword", Text, ForeignKey("keywords.keyword")),
    PrimaryKeyConstraint("ruleset_id", "position"),
    _of_ruleset("conditions", "condition"),
    CheckConstraint("(member_type IS NULL) <> (keyword IS NULL)", name="class"),
)

written_classes = _table(
    "written_classes",
    _ruleset_id(),
    Column("member_type", Text, ForeignKey("member_types.member_type"), nullable=False),
    Column("written_as", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "member_type"),
)

required_columns = _table(
    "required_columns",
    _ruleset_id(),
    Column("position", Integer, nullable=False),
    Column("keyword", Text, ForeignKey("keywords.keyword"), nullable=False),
    Column("condition", Text),
    PrimaryKeyConstraint("ruleset_id", "position"),
    _of_ruleset("conditions", "condition"),
)

product_suffixes = _table(
    "product_suffixes",
    _ruleset_id(),
    Column("suffix", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "suffix"),
)

ruleset_settings = _table(
    "ruleset_settings",
    _ruleset_id(),
    Column("sequence_digits", Integer, nullable=False),
    Column("whole_pool", Flag, nullable=False),
    Column("discovered_id", Text),
    PrimaryKeyConstraint("ruleset_id"),
)

overall_steps = _table(
    "overall_steps",
    _ruleset_id(),
    Column("position", Integer, nullable=False),
    Column("step", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "position"),
)

known_differences = _table(
    "known_differences",
    _ruleset_id(),
    Column("position", Integer, nullable=False),
    Column("exp_type", Text, ForeignKey("exp_types.exp_type")),
    Column("aspect", Text, nullable=False),
    Column("published", Text, nullable=False),
    Column("software", Text, nullable=False),
    Column("condition", Text),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "position"),
    _of_ruleset("conditions", "condition"),
    CheckConstraint("aspect IN ('member_type', 'asn_type', 'row')", name="aspect"),
    CheckConstraint("exp_type IS NOT NULL OR condition IS NOT NULL", name="applies"),
)

intended_overlaps = _table(
    "intended_overlaps",
    _ruleset_id(),
    Column("asn_rule", Text, nullable=False),
    Column("stays", Text, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("ruleset_id", "asn_rule", "stays"),
    ForeignKeyConstraint(
        ["ruleset_id", "asn_rule"], ["asn_rules.ruleset_id", "asn_rules.asn_rule"]
    ),
    ForeignKeyConstraint(["ruleset_id", "stays"], ["asn_rules.ruleset_id", "asn_rules.asn_rule"]),
)

# What the catalog has had, in the order in which it came: each word, and each published ruleset.
catalog_entries = _table(
    "catalog_entries",
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("entry_table", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    UniqueConstraint("entry_table", "entry"),
)

# ------------------------------------------------------------------------- audit

pools = _table(
    "pools",
    Column("pool_id", Number, primary_key=True, autoincrement=False),
    Column("sha256", Text, nullable=False),
    Column("keywords", Json(list, str), nullable=False),
    Column("column_names", Json(list, str), nullable=False),
    Column("exposure_count", Integer, nullable=False),
    _run_id(),
    UniqueConstraint("sha256", "keywords"),
)
Index(None, pools.c.run_id)

exposures = _table(
    "exposures",
    Column("pool_id", Number, ForeignKey("pools.pool_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("filename", Text, nullable=False),
    Column("program", Text),
    Column("exp_type", Text),
    Column("asn_candidate", Text),
    Column("keyword_values", Json(dict, str), nullable=False),
    PrimaryKeyConstraint("pool_id", "position"),
)
Index(None, exposures.c.filename)
Index(None, exposures.c.program)

runs = _table(
    "runs",
    # The next number under the writer's lock, so that a gap is a run that was taken away.
    Column("run_id", Number, primary_key=True, autoincrement=False),
    Column("origin", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime, nullable=False),
    Column("operator", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("software_version", Text, nullable=False),
    Column("ruleset_id", Number, ForeignKey("rulesets.ruleset_id"), nullable=False),
    Column("options", Json(dict), nullable=False),
    Column("note", Text),
    Column("exposure_count", Integer, nullable=False),
    Column("association_count", Integer, nullable=False),
    Column("unassociated_count", Integer, nullable=False),
    Column("diagnostics", Json(list, str), nullable=False),
    Column("section_digests", Json(dict, list), nullable=False),
    Column("previous_digest", Text, nullable=False),
    Column("digest", Text, nullable=False),
    # No two runs follow the same one: the chain has no branches.
    UniqueConstraint("previous_digest"),
    UniqueConstraint("digest"),
    CheckConstraint("origin IN ('generated', 'imported')", name="origin"),
)

run_pools = _table(
    "run_pools",
    _run_id(),
    Column("position", Integer, nullable=False),
    Column("pool_id", Number, ForeignKey("pools.pool_id"), nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "position"),
)
Index(None, run_pools.c.pool_id)

traces = _table(
    "traces",
    Column("trace_id", Number, primary_key=True, autoincrement=False),
    _ruleset_id(),
    Column("signature", Json(dict), nullable=False),
    Column("member_type", Text),
    Column("special", Text),
    Column("table_position", Integer),
    Column("agrees", Flag),
    Column("reason", Text, nullable=False),
    Column("trace", Json(list, dict), nullable=False),
    _run_id(),
    UniqueConstraint("ruleset_id", "signature"),
)
Index(None, traces.c.run_id)

decisions = _rows_table(
    "decisions",
    _run_id(),
    Column("pool_id", Number, nullable=False),
    Column("position", Integer, nullable=False),
    Column("trace_id", Number, ForeignKey("traces.trace_id"), nullable=False),
    Column("association_count", Integer, nullable=False),
    Column("reason", Text),
    PrimaryKeyConstraint("run_id", "pool_id", "position"),
    ForeignKeyConstraint(["pool_id", "position"], ["exposures.pool_id", "exposures.position"]),
    CheckConstraint("association_count = 0 OR reason IS NULL", name="reason"),
)

associations = _rows_table(
    "associations",
    _run_id(),
    Column("position", Integer, nullable=False),
    Column("asn_name", Text, nullable=False),
    # Not told by a file that was made by hand.
    Column("asn_type", Text, ForeignKey("asn_types.asn_type")),
    Column("asn_rule", Text, nullable=False),
    Column("asn_id", Text, nullable=False),
    Column("candidate_type", Text, nullable=False),
    Column("program", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("degraded_status", Text, nullable=False),
    Column("keys", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "position"),
    UniqueConstraint("run_id", "asn_name"),
)

association_members = _rows_table(
    "association_members",
    Column("run_id", Number, nullable=False),
    Column("association", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("product", Text, nullable=False),
    Column("expname", Text, nullable=False),
    Column("exptype", Text, nullable=False),
    Column("exposerr", Text),
    Column("pool_id", Number),
    Column("exposure", Integer),
    PrimaryKeyConstraint("run_id", "association", "position"),
    ForeignKeyConstraint(
        ["run_id", "association"], ["associations.run_id", "associations.position"]
    ),
    ForeignKeyConstraint(["pool_id", "exposure"], ["exposures.pool_id", "exposures.position"]),
    CheckConstraint("(pool_id IS NULL) = (exposure IS NULL)", name="exposure"),
)
Index(
    None,
    association_members.c.run_id,
    association_members.c.pool_id,
    association_members.c.exposure,
)
Index(
    None,
    association_members.c.expname,
    sqlite_where=association_members.c.exposure.is_(None),
)

imported_associations = _table(
    "imported_associations",
    Column("run_id", Number, nullable=False),
    Column("position", Integer, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("asn_rule", Text, nullable=False),
    Column("code_version", Text),
    Column("version_id", Text),
    Column("asn_pool", Text),
    Column("verdict", Text, nullable=False),
    Column("explanation", Text, nullable=False),
    PrimaryKeyConstraint("run_id", "position"),
    ForeignKeyConstraint(["run_id", "position"], ["associations.run_id", "associations.position"]),
    CheckConstraint(
        "verdict IN ('explained', 'differs', 'contradicts', 'unexplained')", name="verdict"
    ),
)
