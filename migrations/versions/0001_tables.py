"""The tables: vocabulary, catalog and record.

They are spelled here a second time, as what a migration makes must not change with
`database/schema/`.
"""

from collections.abc import Sequence
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


Items = Sequence[sa.schema.SchemaItem]


def table(name: str, *items: sa.schema.SchemaItem | Items, **options: bool) -> sa.Table:
    flat = [one for item in items for one in (item if isinstance(item, list) else [item])]
    return sa.Table(name, TABLES, *flat, sqlite_strict=True, **options)


def rows_of_ruleset(name: str, key: list[str], *items: sa.schema.SchemaItem | Items) -> None:
    table(name, refer("rulesets.ruleset_id"), *items, primary("ruleset_id", *key))


def text(*names: str) -> Items:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def optional(*names: str) -> Items:
    return [sa.Column(name, sa.Text) for name in names]


def integer(*names: str) -> Items:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def flag(*names: str) -> Items:
    return [sa.Column(name, Flag, nullable=False) for name in names]


def number(name: str, *keys: sa.ForeignKey) -> sa.Column[int]:
    return sa.Column(name, Number, *keys, nullable=False, autoincrement=False)


def refer(column: str, *, optional: bool = False) -> sa.Column[Any]:
    """Refer to a column of another table, under the same name."""
    name = column.partition(".")[2]
    kind = Number if name.endswith("_id") else sa.Text
    return sa.Column(name, kind, sa.ForeignKey(column), nullable=optional, autoincrement=False)


def run_id() -> sa.Column[int]:
    # The run itself comes last, when all that it owns is there.
    return number("run_id", sa.ForeignKey("runs.run_id", deferrable=True, initially="DEFERRED"))


def refer_row(
    columns: list[str], other: str, others: list[str], **options: Any
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(columns, [f"{other}.{name}" for name in others], **options)


primary = sa.PrimaryKeyConstraint
unique = sa.UniqueConstraint


def check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


# Where the rows of a ruleset are that others of its rows name.
OWNERS = {
    "position": "exposure_modes", "value_list": "value_lists", "path_table": "path_tables",
    "condition": "conditions", "key": "keys", "rule_group": "rule_groups",
    "asn_rule": "asn_rules", "change": "ruleset_changes",
}  # fmt: skip


def same(column: str, of: str = "", **options: Any) -> sa.ForeignKeyConstraint:
    """Refer to another row of the same ruleset by its name."""
    of = of or column
    return refer_row(["ruleset_id", column], OWNERS[of], ["ruleset_id", of], **options)


def named(name: str, *, optional: bool = False) -> Items:
    """Name another row of the same ruleset."""
    return [sa.Column(name, sa.Text, nullable=optional), same(name)]


def use() -> Items:
    """Use a condition."""
    return [
        *named("condition"), *flag("negated"), *optional("when_key", "when_value"),
        same("when_key", "key"), check("when", "(when_key IS NULL) = (when_value IS NULL)"),
    ]  # fmt: skip


def terms(name: str, owner: str) -> None:
    """Describe the terms of conditions or path tables."""
    rows_of_ruleset(
        name,
        [owner, "alternative", "position"],
        named(owner),
        integer("alternative", "position"),
        text("keyword", "operator"),
        optional("term_values"),
        named("value_list", optional=True),
        check("values", "(term_values IS NULL) <> (value_list IS NULL)"),
        check("operator", "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')"),
    )


# ------------------------------------------------------------------------- vocabulary

table("instruments", text("instrument"), primary("instrument"))
table(
    "exp_types",
    text("exp_type"),
    refer("instruments.instrument"),
    optional("description"),
    primary("exp_type"),
    check("upper_case", "exp_type = upper(exp_type)"),
)
table("member_types", text("member_type"), text("description"), primary("member_type"))
table(
    "keywords",
    text("keyword", "description", "assumed"),
    primary("keyword"),
    check("upper_case", "keyword = upper(keyword)"),
)
table(
    "specials",
    text("special"),
    refer("keywords.keyword"),
    integer("position"),
    primary("special"),
    unique("position"),
)
table("asn_types", text("asn_type"), text("pipeline"), primary("asn_type"))

# ------------------------------------------------------------------------- catalog

table(
    "rulesets",
    sa.Column("ruleset_id", Number, primary_key=True),
    text("label", "kind", "status", "title", "source"),
    sa.Column("effective_from", Day),
    sa.Column("effective_until", Day),
    sa.Column("implements", Number, sa.ForeignKey("rulesets.ruleset_id")),
    sa.Column("extends", Number, sa.ForeignKey("rulesets.ruleset_id")),
    text("checksum"),
    optional("changes_checksum"),
    sa.Column("published_at", UtcTime),
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
rows_of_ruleset("ruleset_files", ["path"], text("path"), text("text"))
rows_of_ruleset(
    "exposure_modes",
    ["position"],
    integer("position"),
    refer("exp_types.exp_type"),
    refer("member_types.member_type"),
    refer("specials.special", optional=True),
    refer("asn_types.asn_type", optional=True),
    optional("footnote"),
    sa.Index(None, "exp_type"),
)
rows_of_ruleset(
    "errata",
    ["position", "field"],
    integer("position"),
    text("field", "printed", "corrected", "reason"),
    same("position"),
)
rows_of_ruleset("value_lists", ["value_list"], text("value_list", "list_values"))
rows_of_ruleset("path_tables", ["path_table"], text("path_table"))
terms("path_table_terms", "path_table")
rows_of_ruleset(
    "conditions", ["condition"], text("condition", "text"), named("path_table", optional=True)
)
terms("condition_terms", "condition")
rows_of_ruleset(
    "keys",
    ["key"],
    text("key"),
    flag("required"),
    optional("excludes"),
    same("excludes", "key", deferrable=True, initially="DEFERRED"),
)
rows_of_ruleset(
    "key_sources", ["key", "position"], named("key"), integer("position"), refer("keywords.keyword")
)
rows_of_ruleset("rule_groups", ["rule_group"], text("rule_group"))
rows_of_ruleset(
    "rule_group_keys",
    ["rule_group", "position"],
    named("rule_group"),
    integer("position"),
    named("key"),
)
rows_of_ruleset(
    "rule_group_conditions",
    ["rule_group", "position"],
    named("rule_group"),
    integer("position"),
    use(),
)
rows_of_ruleset(
    "asn_rules",
    ["asn_rule"],
    text("asn_rule"),
    refer("asn_types.asn_type"),
    text("title"),
    flag("as_science"),
    optional("companion_class"),
)
rows_of_ruleset(
    "asn_rule_roles",
    ["asn_rule", "role"],
    named("asn_rule"),
    text("role"),
    integer("position"),
    flag("single"),
    integer("offered_again"),
    optional("science_as"),
    flag("keys_only"),
    optional("not_after", "not_created_by"),
    flag("creates_too"),
)
rows_of_ruleset(
    "asn_rule_groups",
    ["asn_rule", "role", "position"],
    named("asn_rule"),
    text("role"),
    integer("position"),
    named("rule_group"),
)
rows_of_ruleset(
    "asn_rule_conditions",
    ["asn_rule", "scope", "role", "position"],
    named("asn_rule"),
    text("scope", "role"),
    integer("position"),
    use(),
    check("scope", "scope IN ('exposure', 'candidate', 'role', 'rateints')"),
    check("role", "(scope = 'role') = (role <> '')"),
)
rows_of_ruleset(
    "asn_rule_keys",
    ["asn_rule", "role", "position"],
    named("asn_rule"),
    text("role"),
    integer("position"),
    named("key"),
)
rows_of_ruleset(
    "asn_rule_steps",
    ["asn_rule", "position"],
    named("asn_rule"),
    integer("position"),
    text("step", "parameters"),
)
rows_of_ruleset(
    "class_rules",
    ["position"],
    integer("position"),
    named("condition", optional=True),
    refer("member_types.member_type", optional=True),
    refer("keywords.keyword", optional=True),
    check("class", "(member_type IS NULL) <> (keyword IS NULL)"),
)
rows_of_ruleset(
    "written_classes", ["member_type"], refer("member_types.member_type"), text("written_as")
)
rows_of_ruleset(
    "required_columns",
    ["position"],
    integer("position"),
    refer("keywords.keyword"),
    named("condition", optional=True),
)
rows_of_ruleset("product_suffixes", ["suffix"], text("suffix"))
rows_of_ruleset(
    "ruleset_settings",
    [],
    integer("sequence_digits"),
    flag("numbers_reversed"),
    text("generation_order", "candidate_rows", "taken_once", "empty_values", "dms_mode"),
    text("several_selected"),
    optional("discovered_id"),
    check("generation_order", "generation_order IN ('by_row', 'by_rule', 'by_candidate')"),
    check("candidate_rows", "candidate_rows IN ('listed', 'containing')"),
    check("taken_once", "taken_once IN ('row', 'member', 'file')"),
    check("dms_mode", "dms_mode IN ('ignored', 'background_rows_left_out', 'backgrounds_added')"),
    check("several_selected", "several_selected IN ('each', 'first', 'first_valid')"),
)
rows_of_ruleset("overall_steps", ["position"], integer("position"), text("step", "parameters"))
rows_of_ruleset(
    "known_differences",
    ["position"],
    integer("position"),
    refer("exp_types.exp_type", optional=True),
    text("aspect", "published", "software"),
    named("condition", optional=True),
    text("reason"),
    check("aspect", "aspect IN ('member_type', 'asn_type', 'row')"),
    check("applies", "exp_type IS NOT NULL OR condition IS NOT NULL"),
)
rows_of_ruleset(
    "intended_overlaps",
    ["asn_rule", "stays"],
    named("asn_rule"),
    text("stays", "reason"),
    same("stays", "asn_rule"),
)
rows_of_ruleset(
    "ruleset_releases",
    ["release"],
    text("release"),
    sa.Column("released", Day, nullable=False),
    sa.Column("in_operations_from", Day),
)
rows_of_ruleset(
    "ruleset_changes",
    ["position"],
    integer("position"),
    text("change", "why", "source"),
    unique("ruleset_id", "change"),
)
rows_of_ruleset(
    "ruleset_change_items",
    ["change", "position"],
    named("change"),
    integer("position"),
    text("kind", "item"),
    optional("field", "before", "after"),
)
table(
    "catalog_entries",
    number("number"),
    text("entry_table", "entry", "sha256"),
    primary("number"),
    unique("entry_table", "entry"),
)

# ------------------------------------------------------------------------- record

# Short rows by the million: on SQLite they are kept in the order of their key.
SHORT = {"sqlite_with_rowid": False}

table(
    "pools",
    number("pool_id"),
    text("sha256", "keywords", "column_names"),
    integer("exposure_count"),
    run_id(),
    primary("pool_id"),
    unique("sha256", "keywords"),
    sa.Index(None, "run_id"),
)
table(
    "exposures",
    refer("pools.pool_id"),
    integer("position"),
    text("filename"),
    optional("program", "exp_type", "asn_candidate"),
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
    text("operator", "host", "software_version"),
    refer("rulesets.ruleset_id"),
    text("options"),
    optional("note"),
    integer("exposure_count", "association_count", "unassociated_count"),
    text("diagnostics", "section_digests", "previous_digest", "digest"),
    primary("run_id"),
    unique("previous_digest"),
    unique("digest"),
    check("origin", "origin IN ('generated', 'imported')"),
)
table(
    "run_pools",
    run_id(),
    integer("position"),
    refer("pools.pool_id"),
    text("name"),
    primary("run_id", "position"),
    sa.Index(None, "pool_id"),
)
table(
    "traces",
    number("trace_id"),
    refer("rulesets.ruleset_id"),
    text("signature"),
    optional("member_type", "special"),
    sa.Column("table_position", sa.Integer),
    sa.Column("agrees", Flag),
    text("reason", "trace"),
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
    refer("traces.trace_id"),
    integer("association_count"),
    optional("reason"),
    primary("run_id", "pool_id", "position"),
    refer_row(["pool_id", "position"], "exposures", ["pool_id", "position"]),
    check("reason", "association_count = 0 OR reason IS NULL"),
    **SHORT,
)
table(
    "associations",
    run_id(),
    integer("position"),
    text("asn_name"),
    refer("asn_types.asn_type", optional=True),
    text("asn_rule", "asn_id", "candidate_type", "program", "target", "degraded_status", "keys"),
    primary("run_id", "position"),
    unique("run_id", "asn_name"),
    **SHORT,
)
members = table(
    "association_members",
    number("run_id"),
    integer("association", "position"),
    text("product", "expname", "exptype"),
    optional("exposerr"),
    sa.Column("pool_id", Number),
    sa.Column("exposure", sa.Integer),
    primary("run_id", "association", "position"),
    refer_row(["run_id", "association"], "associations", ["run_id", "position"]),
    refer_row(["pool_id", "exposure"], "exposures", ["pool_id", "position"]),
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
    text("file_name", "sha256", "asn_rule"),
    optional("code_version", "version_id", "asn_pool"),
    text("verdict", "explanation"),
    primary("run_id", "position"),
    refer_row(["run_id", "position"], "associations", ["run_id", "position"]),
    check("verdict", "verdict IN ('explained', 'differs', 'contradicts', 'unexplained')"),
)
