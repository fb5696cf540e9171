"""The tables: vocabulary, catalog and record.

They are spelled here a second time, as what a migration makes must not change with
`database/schema.py`.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Day, Flag, Number, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def upgrade() -> None:
    TABLES.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    TABLES.drop_all(op.get_bind(), checkfirst=False)


def table(name: str, *items: sa.schema.SchemaItem, **options: bool) -> sa.Table:
    return sa.Table(name, TABLES, *items, sqlite_strict=True, **options)


def text(name: str, refers_to: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *_key(refers_to), nullable=False)


def optional(name: str, refers_to: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, *_key(refers_to))


def integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, Flag, nullable=False)


def number(name: str, refers_to: str | None = None) -> sa.Column[int]:
    return sa.Column(name, Number, *_key(refers_to), nullable=False, autoincrement=False)


def _key(refers_to: str | None) -> list[sa.ForeignKey]:
    return [sa.ForeignKey(refers_to)] if refers_to else []


def ruleset_id() -> sa.Column[int]:
    return number("ruleset_id", "rulesets.ruleset_id")


def run_id() -> sa.Column[int]:
    # The run itself comes last, when all that it owns is there.
    key = sa.ForeignKey("runs.run_id", deferrable=True, initially="DEFERRED")
    return sa.Column("run_id", Number, key, nullable=False)


def refers(
    columns: list[str], other: str, others: list[str], **options: Any
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, [f"{other}.{name}" for name in others], **options)


def of_ruleset(
    other: str, column: str, others: str = "", **options: Any
) -> sa.ForeignKeyConstraint:
    """Refer to a row of another table of the same ruleset."""
    return refers(["ruleset_id", column], other, ["ruleset_id", others or column], **options)


primary = sa.PrimaryKeyConstraint
unique = sa.UniqueConstraint


def check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


# ------------------------------------------------------------------------- vocabulary

table("instruments", text("instrument"), primary("instrument"))
table(
    "exp_types",
    text("exp_type"),
    text("instrument", "instruments.instrument"),
    optional("description"),
    primary("exp_type"),
    check("upper_case", "exp_type = upper(exp_type)"),
)
table("member_types", text("member_type"), text("description"), primary("member_type"))
table(
    "keywords",
    text("keyword"),
    text("description"),
    text("assumed"),
    primary("keyword"),
    check("upper_case", "keyword = upper(keyword)"),
)
table(
    "specials",
    text("special"),
    text("keyword", "keywords.keyword"),
    integer("position"),
    primary("special"),
    unique("position"),
)
table("asn_types", text("asn_type"), text("pipeline"), primary("asn_type"))

# ------------------------------------------------------------------------- catalog

table(
    "rulesets",
    sa.Column("ruleset_id", Number, primary_key=True),
    text("label"),
    text("kind"),
    text("status"),
    text("title"),
    text("source"),
    sa.Column("effective_from", Day),
    sa.Column("effective_until", Day),
    sa.Column("implements", Number, sa.ForeignKey("rulesets.ruleset_id")),
    text("checksum"),
    sa.Column("published_at", UtcTime),
    unique("label"),
    check("kind", "kind IN ('table', 'rules')"),
    check("status", "status IN ('draft', 'published')"),
    check("published_at", "(status = 'published') = (published_at IS NOT NULL)"),
    check("implements", "(kind = 'rules') = (implements IS NOT NULL)"),
    check("dated", "status = 'draft' OR effective_from IS NOT NULL"),
    check(
        "period",
        "effective_until IS NULL "
        "OR (effective_from IS NOT NULL AND effective_until > effective_from)",
    ),
)
table("ruleset_files", ruleset_id(), text("path"), text("text"), primary("ruleset_id", "path"))
table(
    "exposure_modes",
    ruleset_id(),
    integer("position"),
    text("exp_type", "exp_types.exp_type"),
    text("member_type", "member_types.member_type"),
    optional("special", "specials.special"),
    optional("asn_type", "asn_types.asn_type"),
    optional("footnote"),
    primary("ruleset_id", "position"),
    sa.Index(None, "exp_type"),
)
table(
    "errata",
    ruleset_id(),
    integer("position"),
    text("field"),
    text("printed"),
    text("corrected"),
    text("reason"),
    primary("ruleset_id", "position", "field"),
    of_ruleset("exposure_modes", "position"),
)
table(
    "value_lists",
    ruleset_id(),
    text("value_list"),
    text("list_values"),
    primary("ruleset_id", "value_list"),
)
table(
    "conditions",
    ruleset_id(),
    text("condition"),
    text("text"),
    primary("ruleset_id", "condition"),
)
table(
    "condition_terms",
    ruleset_id(),
    text("condition"),
    integer("alternative"),
    integer("position"),
    text("keyword"),
    text("operator"),
    optional("term_values"),
    optional("value_list"),
    primary("ruleset_id", "condition", "alternative", "position"),
    of_ruleset("conditions", "condition"),
    of_ruleset("value_lists", "value_list"),
    check("values", "(term_values IS NULL) <> (value_list IS NULL)"),
    check("operator", "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')"),
)
table(
    "keys",
    ruleset_id(),
    text("key"),
    flag("required"),
    optional("excludes"),
    primary("ruleset_id", "key"),
    of_ruleset("keys", "excludes", "key", deferrable=True, initially="DEFERRED"),
)
table(
    "key_sources",
    ruleset_id(),
    text("key"),
    integer("position"),
    text("keyword", "keywords.keyword"),
    primary("ruleset_id", "key", "position"),
    of_ruleset("keys", "key"),
)
table(
    "asn_rules",
    ruleset_id(),
    text("asn_rule"),
    text("asn_type", "asn_types.asn_type"),
    text("title"),
    flag("as_science"),
    optional("companion_class"),
    primary("ruleset_id", "asn_rule"),
)
table(
    "asn_rule_roles",
    ruleset_id(),
    text("asn_rule"),
    text("role"),
    integer("position"),
    flag("single"),
    integer("offered_again"),
    optional("science_as"),
    flag("keys_only"),
    optional("not_after"),
    flag("creates_too"),
    primary("ruleset_id", "asn_rule", "role"),
    of_ruleset("asn_rules", "asn_rule"),
)
table(
    "asn_rule_conditions",
    ruleset_id(),
    text("asn_rule"),
    text("scope"),
    text("role"),
    integer("position"),
    text("condition"),
    flag("negated"),
    optional("when_key"),
    optional("when_value"),
    primary("ruleset_id", "asn_rule", "scope", "role", "position"),
    of_ruleset("asn_rules", "asn_rule"),
    of_ruleset("conditions", "condition"),
    of_ruleset("keys", "when_key", "key"),
    check("scope", "scope IN ('exposure', 'candidate', 'role', 'rateints')"),
    check("role", "(scope = 'role') = (role <> '')"),
    check("when", "(when_key IS NULL) = (when_value IS NULL)"),
)
table(
    "asn_rule_keys",
    ruleset_id(),
    text("asn_rule"),
    text("role"),
    integer("position"),
    text("key"),
    primary("ruleset_id", "asn_rule", "role", "position"),
    of_ruleset("asn_rules", "asn_rule"),
    of_ruleset("keys", "key"),
)
table(
    "asn_rule_steps",
    ruleset_id(),
    text("asn_rule"),
    integer("position"),
    text("step"),
    primary("ruleset_id", "asn_rule", "position"),
    of_ruleset("asn_rules", "asn_rule"),
)
table(
    "class_rules",
    ruleset_id(),
    integer("position"),
    optional("condition"),
    optional("member_type", "member_types.member_type"),
    optional("keyword", "keywords.keyword"),
    primary("ruleset_id", "position"),
    of_ruleset("conditions", "condition"),
    check("class", "(member_type IS NULL) <> (keyword IS NULL)"),
)
table(
    "written_classes",
    ruleset_id(),
    text("member_type", "member_types.member_type"),
    text("written_as"),
    primary("ruleset_id", "member_type"),
)
table(
    "required_columns",
    ruleset_id(),
    integer("position"),
    text("keyword", "keywords.keyword"),
    optional("condition"),
    primary("ruleset_id", "position"),
    of_ruleset("conditions", "condition"),
)
table("product_suffixes", ruleset_id(), text("suffix"), primary("ruleset_id", "suffix"))
table(
    "ruleset_settings",
    ruleset_id(),
    integer("sequence_digits"),
    flag("whole_pool"),
    optional("discovered_id"),
    primary("ruleset_id"),
)
table(
    "overall_steps",
    ruleset_id(),
    integer("position"),
    text("step"),
    primary("ruleset_id", "position"),
)
table(
    "known_differences",
    ruleset_id(),
    integer("position"),
    optional("exp_type", "exp_types.exp_type"),
    text("aspect"),
    text("published"),
    text("software"),
    optional("condition"),
    text("reason"),
    primary("ruleset_id", "position"),
    of_ruleset("conditions", "condition"),
    check("aspect", "aspect IN ('member_type', 'asn_type', 'row')"),
    check("applies", "exp_type IS NOT NULL OR condition IS NOT NULL"),
)
table(
    "intended_overlaps",
    ruleset_id(),
    text("asn_rule"),
    text("stays"),
    text("reason"),
    primary("ruleset_id", "asn_rule", "stays"),
    of_ruleset("asn_rules", "asn_rule"),
    of_ruleset("asn_rules", "stays", "asn_rule"),
)
table(
    "catalog_entries",
    number("number"),
    text("entry_table"),
    text("entry"),
    text("sha256"),
    primary("number"),
    unique("entry_table", "entry"),
)

# ------------------------------------------------------------------------- record

# Short rows by the million: on SQLite they are kept in the order of their key.
SHORT = {"sqlite_with_rowid": False}

table(
    "pools",
    number("pool_id"),
    text("sha256"),
    text("keywords"),
    text("column_names"),
    integer("exposure_count"),
    run_id(),
    primary("pool_id"),
    unique("sha256", "keywords"),
    sa.Index(None, "run_id"),
)
table(
    "exposures",
    number("pool_id", "pools.pool_id"),
    integer("position"),
    text("filename"),
    optional("program"),
    optional("exp_type"),
    optional("asn_candidate"),
    text("keyword_values"),
    primary("pool_id", "position"),
    sa.Index(None, "filename"),
    sa.Index(None, "program"),
)
table(
    "runs",
    number("run_id"),
    text("origin"),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("finished_at", UtcTime, nullable=False),
    text("operator"),
    text("host"),
    text("software_version"),
    ruleset_id(),
    text("options"),
    optional("note"),
    integer("exposure_count"),
    integer("association_count"),
    integer("unassociated_count"),
    text("diagnostics"),
    text("section_digests"),
    text("previous_digest"),
    text("digest"),
    primary("run_id"),
    unique("previous_digest"),
    unique("digest"),
    check("origin", "origin IN ('generated', 'imported')"),
)
table(
    "run_pools",
    run_id(),
    integer("position"),
    number("pool_id", "pools.pool_id"),
    text("name"),
    primary("run_id", "position"),
    sa.Index(None, "pool_id"),
)
table(
    "traces",
    number("trace_id"),
    ruleset_id(),
    text("signature"),
    optional("member_type"),
    optional("special"),
    sa.Column("table_position", sa.Integer),
    sa.Column("agrees", Flag),
    text("reason"),
    text("trace"),
    run_id(),
    primary("trace_id"),
    unique("ruleset_id", "signature"),
    sa.Index(None, "run_id"),
)
table(
    "decisions",
    run_id(),
    number("pool_id"),
    integer("position"),
    number("trace_id", "traces.trace_id"),
    integer("association_count"),
    optional("reason"),
    primary("run_id", "pool_id", "position"),
    refers(["pool_id", "position"], "exposures", ["pool_id", "position"]),
    check("reason", "association_count = 0 OR reason IS NULL"),
    **SHORT,
)
table(
    "associations",
    run_id(),
    integer("position"),
    text("asn_name"),
    optional("asn_type", "asn_types.asn_type"),
    text("asn_rule"),
    text("asn_id"),
    text("candidate_type"),
    text("program"),
    text("target"),
    text("degraded_status"),
    text("keys"),
    primary("run_id", "position"),
    unique("run_id", "asn_name"),
    **SHORT,
)
members = table(
    "association_members",
    number("run_id"),
    integer("association"),
    integer("position"),
    text("product"),
    text("expname"),
    text("exptype"),
    optional("exposerr"),
    sa.Column("pool_id", Number),
    sa.Column("exposure", sa.Integer),
    primary("run_id", "association", "position"),
    refers(["run_id", "association"], "associations", ["run_id", "position"]),
    refers(["pool_id", "exposure"], "exposures", ["pool_id", "position"]),
    check("exposure", "(pool_id IS NULL) = (exposure IS NULL)"),
    sa.Index(None, "run_id", "pool_id", "exposure"),
    **SHORT,
)
NOT_OF_A_POOL = members.c.exposure.is_(None)
sa.Index(None, members.c.expname, sqlite_where=NOT_OF_A_POOL, postgresql_where=NOT_OF_A_POOL)
table(
    "imported_associations",
    number("run_id"),
    integer("position"),
    text("file_name"),
    text("sha256"),
    text("asn_rule"),
    optional("code_version"),
    optional("version_id"),
    optional("asn_pool"),
    text("verdict"),
    text("explanation"),
    primary("run_id", "position"),
    refers(["run_id", "position"], "associations", ["run_id", "position"]),
    check("verdict", "verdict IN ('explained', 'differs', 'contradicts', 'unexplained')"),
)
