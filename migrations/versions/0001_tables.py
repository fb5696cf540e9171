"""Vocabulary, catalog and audit tables."""

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Day, Flag, Number, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asn_types",
        sa.Column("asn_type", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asn_type", name=op.f("pk_asn_types")),
        sqlite_strict=True,
    )
    op.create_table(
        "instruments",
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("instrument", name=op.f("pk_instruments")),
        sqlite_strict=True,
    )
    op.create_table(
        "keywords",
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("assumed", sa.Text(), nullable=False),
        sa.CheckConstraint("keyword = upper(keyword)", name=op.f("ck_keywords_upper_case")),
        sa.PrimaryKeyConstraint("keyword", name=op.f("pk_keywords")),
        sqlite_strict=True,
    )
    op.create_table(
        "member_types",
        sa.Column("member_type", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("member_type", name=op.f("pk_member_types")),
        sqlite_strict=True,
    )
    op.create_table(
        "pools",
        sa.Column("pool_id", Number, nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("column_names", sa.Text(), nullable=False),
        sa.Column("exposures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pool_id", name=op.f("pk_pools")),
        sa.UniqueConstraint("sha256", "keywords", name=op.f("uq_pools_sha256_keywords")),
        sqlite_strict=True,
    )
    op.create_table(
        "rulesets",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("effective_from", Day(), nullable=False),
        sa.Column("implements", Number, nullable=True),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("published_at", UtcTime(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'executable') = (implements IS NOT NULL)", name=op.f("ck_rulesets_implements")
        ),
        sa.CheckConstraint(
            "(status = 'published') = (published_at IS NOT NULL)",
            name=op.f("ck_rulesets_published_at"),
        ),
        sa.CheckConstraint("kind IN ('published', 'executable')", name=op.f("ck_rulesets_kind")),
        sa.CheckConstraint("status IN ('draft', 'published')", name=op.f("ck_rulesets_status")),
        sa.ForeignKeyConstraint(
            ["implements"], ["rulesets.ruleset_id"], name=op.f("fk_rulesets_implements")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", name=op.f("pk_rulesets")),
        sa.UniqueConstraint("kind", "effective_from", name=op.f("uq_rulesets_kind_effective_from")),
        sa.UniqueConstraint("label", name=op.f("uq_rulesets_label")),
        sqlite_strict=True,
    )
    op.create_table(
        "asn_rules",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("asn_type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("as_science", Flag, nullable=False),
        sa.Column("companion_class", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asn_type"], ["asn_types.asn_type"], name=op.f("fk_asn_rules_asn_type")
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_asn_rules_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "asn_rule", name=op.f("pk_asn_rules")),
        sqlite_strict=True,
    )
    op.create_table(
        "conditions",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_conditions_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "condition", name=op.f("pk_conditions")),
        sqlite_strict=True,
    )
    op.create_table(
        "exp_types",
        sa.Column("exp_type", sa.Text(), nullable=False),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.CheckConstraint("exp_type = upper(exp_type)", name=op.f("ck_exp_types_upper_case")),
        sa.ForeignKeyConstraint(
            ["instrument"], ["instruments.instrument"], name=op.f("fk_exp_types_instrument")
        ),
        sa.PrimaryKeyConstraint("exp_type", name=op.f("pk_exp_types")),
        sqlite_strict=True,
    )
    op.create_table(
        "exposures",
        sa.Column("pool_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("exp_type", sa.Text(), nullable=True),
        sa.Column("asn_candidate", sa.Text(), nullable=True),
        sa.Column("keyword_values", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.pool_id"], name=op.f("fk_exposures_pool_id")),
        sa.PrimaryKeyConstraint("pool_id", "position", name=op.f("pk_exposures")),
        sqlite_strict=True,
    )
    op.create_index(op.f("ix_exposures_filename"), "exposures", ["filename"], unique=False)
    op.create_index(op.f("ix_exposures_program"), "exposures", ["program"], unique=False)
    op.create_table(
        "product_suffixes",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("suffix", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_product_suffixes_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "suffix", name=op.f("pk_product_suffixes")),
        sqlite_strict=True,
    )
    op.create_table(
        "runs",
        sa.Column("run_id", Number, nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("software_version", sa.Text(), nullable=False),
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("exposures", sa.Integer(), nullable=False),
        sa.Column("associations", sa.Integer(), nullable=False),
        sa.Column("unassociated", sa.Integer(), nullable=False),
        sa.Column("diagnostics", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_runs_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
        sqlite_strict=True,
    )
    op.create_table(
        "specials",
        sa.Column("special", sa.Text(), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["keyword"], ["keywords.keyword"], name=op.f("fk_specials_keyword")
        ),
        sa.PrimaryKeyConstraint("special", name=op.f("pk_specials")),
        sa.UniqueConstraint("position", name=op.f("uq_specials_position")),
        sqlite_strict=True,
    )
    op.create_table(
        "traces",
        sa.Column("trace_id", Number, nullable=False),
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("member_type", sa.Text(), nullable=True),
        sa.Column("special", sa.Text(), nullable=True),
        sa.Column("published_position", sa.Integer(), nullable=True),
        sa.Column("agrees", Flag, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_traces_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("trace_id", name=op.f("pk_traces")),
        sa.UniqueConstraint("ruleset_id", "signature", name=op.f("uq_traces_ruleset_id_signature")),
        sqlite_strict=True,
    )
    op.create_table(
        "written_classes",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("member_type", sa.Text(), nullable=False),
        sa.Column("written_as", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_type"],
            ["member_types.member_type"],
            name=op.f("fk_written_classes_member_type"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_written_classes_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "member_type", name=op.f("pk_written_classes")),
        sqlite_strict=True,
    )
    op.create_table(
        "asn_rule_conditions",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("negated", Flag, nullable=False),
        sa.Column("when_key", sa.Text(), nullable=True),
        sa.Column("when_value", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(scope = 'role') = (role <> '')", name=op.f("ck_asn_rule_conditions_role")
        ),
        sa.CheckConstraint(
            "scope IN ('exposure', 'candidate', 'role', 'rateints')",
            name=op.f("ck_asn_rule_conditions_scope"),
        ),
        sa.CheckConstraint(
            "(when_key IS NULL) = (when_value IS NULL)", name=op.f("ck_asn_rule_conditions_when")
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "asn_rule"],
            ["asn_rules.ruleset_id", "asn_rules.asn_rule"],
            name=op.f("fk_asn_rule_conditions_ruleset_id_asn_rule"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "condition"],
            ["conditions.ruleset_id", "conditions.condition"],
            name=op.f("fk_asn_rule_conditions_ruleset_id_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_asn_rule_conditions_ruleset_id")
        ),
        sa.PrimaryKeyConstraint(
            "ruleset_id",
            "asn_rule",
            "scope",
            "role",
            "position",
            name=op.f("pk_asn_rule_conditions"),
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "asn_rule_keys",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("required", Flag, nullable=False),
        sa.Column("excludes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "asn_rule"],
            ["asn_rules.ruleset_id", "asn_rules.asn_rule"],
            name=op.f("fk_asn_rule_keys_ruleset_id_asn_rule"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_asn_rule_keys_ruleset_id")
        ),
        sa.PrimaryKeyConstraint(
            "ruleset_id", "asn_rule", "role", "position", name=op.f("pk_asn_rule_keys")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "asn_rule_roles",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("single", Flag, nullable=False),
        sa.Column("offered_again", sa.Integer(), nullable=False),
        sa.Column("science_as", sa.Text(), nullable=True),
        sa.Column("keys_only", Flag, nullable=False),
        sa.Column("not_after", sa.Text(), nullable=True),
        sa.Column("creates_too", Flag, nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "asn_rule"],
            ["asn_rules.ruleset_id", "asn_rules.asn_rule"],
            name=op.f("fk_asn_rule_roles_ruleset_id_asn_rule"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_asn_rule_roles_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "asn_rule", "role", name=op.f("pk_asn_rule_roles")),
        sqlite_strict=True,
    )
    op.create_table(
        "asn_rule_steps",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "asn_rule"],
            ["asn_rules.ruleset_id", "asn_rules.asn_rule"],
            name=op.f("fk_asn_rule_steps_ruleset_id_asn_rule"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_asn_rule_steps_ruleset_id")
        ),
        sa.PrimaryKeyConstraint(
            "ruleset_id", "asn_rule", "position", name=op.f("pk_asn_rule_steps")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "associations",
        sa.Column("run_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("asn_name", sa.Text(), nullable=False),
        sa.Column("asn_type", sa.Text(), nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("asn_id", sa.Text(), nullable=False),
        sa.Column("candidate_type", sa.Text(), nullable=False),
        sa.Column("program", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("degraded_status", sa.Text(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asn_type"], ["asn_types.asn_type"], name=op.f("fk_associations_asn_type")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_associations_run_id")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_associations")),
        sa.UniqueConstraint("run_id", "asn_name", name=op.f("uq_associations_run_id_asn_name")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "class_rules",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("member_type", sa.Text(), nullable=True),
        sa.Column("keyword", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(member_type IS NULL) <> (keyword IS NULL)", name=op.f("ck_class_rules_class")
        ),
        sa.ForeignKeyConstraint(
            ["member_type"], ["member_types.member_type"], name=op.f("fk_class_rules_member_type")
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "condition"],
            ["conditions.ruleset_id", "conditions.condition"],
            name=op.f("fk_class_rules_ruleset_id_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_class_rules_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "position", name=op.f("pk_class_rules")),
        sqlite_strict=True,
    )
    op.create_table(
        "condition_terms",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("alternative", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("term_values", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "operator IN ('set', 'empty', 'in', 'not_in', 'listed', 'matches')",
            name=op.f("ck_condition_terms_operator"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "condition"],
            ["conditions.ruleset_id", "conditions.condition"],
            name=op.f("fk_condition_terms_ruleset_id_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_condition_terms_ruleset_id")
        ),
        sa.PrimaryKeyConstraint(
            "ruleset_id", "condition", "alternative", "position", name=op.f("pk_condition_terms")
        ),
        sqlite_strict=True,
    )
    op.create_table(
        "decisions",
        sa.Column("run_id", Number, nullable=False),
        sa.Column("pool_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("trace_id", Number, nullable=False),
        sa.Column("associations", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("associations = 0 OR reason IS NULL", name=op.f("ck_decisions_reason")),
        sa.ForeignKeyConstraint(
            ["pool_id", "position"],
            ["exposures.pool_id", "exposures.position"],
            name=op.f("fk_decisions_pool_id_position"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_decisions_run_id")),
        sa.ForeignKeyConstraint(
            ["trace_id"], ["traces.trace_id"], name=op.f("fk_decisions_trace_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "pool_id", "position", name=op.f("pk_decisions")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "exposure_modes",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("exp_type", sa.Text(), nullable=False),
        sa.Column("member_type", sa.Text(), nullable=False),
        sa.Column("special", sa.Text(), nullable=True),
        sa.Column("asn_type", sa.Text(), nullable=True),
        sa.Column("footnote", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asn_type"], ["asn_types.asn_type"], name=op.f("fk_exposure_modes_asn_type")
        ),
        sa.ForeignKeyConstraint(
            ["exp_type"], ["exp_types.exp_type"], name=op.f("fk_exposure_modes_exp_type")
        ),
        sa.ForeignKeyConstraint(
            ["member_type"],
            ["member_types.member_type"],
            name=op.f("fk_exposure_modes_member_type"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_exposure_modes_ruleset_id")
        ),
        sa.ForeignKeyConstraint(
            ["special"], ["specials.special"], name=op.f("fk_exposure_modes_special")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "position", name=op.f("pk_exposure_modes")),
        sqlite_strict=True,
    )
    op.create_index(
        op.f("ix_exposure_modes_exp_type"), "exposure_modes", ["exp_type"], unique=False
    )
    op.create_table(
        "known_differences",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("exp_type", sa.Text(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("published", sa.Text(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "aspect IN ('member_type', 'asn_type', 'row')", name=op.f("ck_known_differences_aspect")
        ),
        sa.ForeignKeyConstraint(
            ["exp_type"], ["exp_types.exp_type"], name=op.f("fk_known_differences_exp_type")
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "condition"],
            ["conditions.ruleset_id", "conditions.condition"],
            name=op.f("fk_known_differences_ruleset_id_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_known_differences_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "position", name=op.f("pk_known_differences")),
        sqlite_strict=True,
    )
    op.create_table(
        "required_columns",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("keyword", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "condition"],
            ["conditions.ruleset_id", "conditions.condition"],
            name=op.f("fk_required_columns_ruleset_id_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_required_columns_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "position", name=op.f("pk_required_columns")),
        sqlite_strict=True,
    )
    op.create_table(
        "run_pools",
        sa.Column("run_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("pool_id", Number, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.pool_id"], name=op.f("fk_run_pools_pool_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_pools_run_id")),
        sa.PrimaryKeyConstraint("run_id", "position", name=op.f("pk_run_pools")),
        sqlite_strict=True,
    )
    op.create_table(
        "association_members",
        sa.Column("run_id", Number, nullable=False),
        sa.Column("association", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("expname", sa.Text(), nullable=False),
        sa.Column("exptype", sa.Text(), nullable=False),
        sa.Column("exposerr", sa.Text(), nullable=True),
        sa.Column("pool_id", Number, nullable=True),
        sa.Column("exposure", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(pool_id IS NULL) = (exposure IS NULL)", name=op.f("ck_association_members_exposure")
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "exposure"],
            ["exposures.pool_id", "exposures.position"],
            name=op.f("fk_association_members_pool_id_exposure"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id", "association"],
            ["associations.run_id", "associations.position"],
            name=op.f("fk_association_members_run_id_association"),
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "association", "position", name=op.f("pk_association_members")
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_association_members_run_id_pool_id_exposure"),
        "association_members",
        ["run_id", "pool_id", "exposure"],
        unique=False,
    )
    op.create_table(
        "errata",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("printed", sa.Text(), nullable=False),
        sa.Column("corrected", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "position"],
            ["exposure_modes.ruleset_id", "exposure_modes.position"],
            name=op.f("fk_errata_ruleset_id_position"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_errata_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "position", "field", name=op.f("pk_errata")),
        sqlite_strict=True,
    )


def downgrade() -> None:
    op.drop_table("errata")
    op.drop_index(
        op.f("ix_association_members_run_id_pool_id_exposure"), table_name="association_members"
    )
    op.drop_table("association_members")
    op.drop_table("run_pools")
    op.drop_table("required_columns")
    op.drop_table("known_differences")
    op.drop_index(op.f("ix_exposure_modes_exp_type"), table_name="exposure_modes")
    op.drop_table("exposure_modes")
    op.drop_table("decisions")
    op.drop_table("condition_terms")
    op.drop_table("class_rules")
    op.drop_table("associations")
    op.drop_table("asn_rule_steps")
    op.drop_table("asn_rule_roles")
    op.drop_table("asn_rule_keys")
    op.drop_table("asn_rule_conditions")
    op.drop_table("written_classes")
    op.drop_table("traces")
    op.drop_table("specials")
    op.drop_table("runs")
    op.drop_table("product_suffixes")
    op.drop_index(op.f("ix_exposures_program"), table_name="exposures")
    op.drop_index(op.f("ix_exposures_filename"), table_name="exposures")
    op.drop_table("exposures")
    op.drop_table("exp_types")
    op.drop_table("conditions")
    op.drop_table("asn_rules")
    op.drop_table("rulesets")
    op.drop_table("pools")
    op.drop_table("member_types")
    op.drop_table("keywords")
    op.drop_table("instruments")
    op.drop_table("asn_types")
