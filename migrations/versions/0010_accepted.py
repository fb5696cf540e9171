"""What the check of a ruleset is to accept: differences of any EXP_TYPE, and overlaps of rules."""

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Number

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("general_differences", "intended_overlaps")
MESSAGE = "a published ruleset cannot be changed"
EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def upgrade() -> None:
    op.create_table(
        "general_differences",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("published", sa.Text(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "aspect IN ('member_type', 'asn_type', 'row')",
            name=op.f("ck_general_differences_aspect"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id", "condition"],
            ["conditions.ruleset_id", "conditions.condition"],
            name=op.f("fk_general_differences_ruleset_id_condition"),
        ),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_general_differences_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "position", name=op.f("pk_general_differences")),
        sqlite_strict=True,
    )
    op.create_table(
        "intended_overlaps",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("asn_rule", sa.Text(), nullable=False),
        sa.Column("stays", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        *[
            sa.ForeignKeyConstraint(
                ["ruleset_id", column],
                ["asn_rules.ruleset_id", "asn_rules.asn_rule"],
                name=op.f(f"fk_intended_overlaps_ruleset_id_{column}"),
            )
            for column in ("asn_rule", "stays")
        ],
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_intended_overlaps_ruleset_id")
        ),
        sa.PrimaryKeyConstraint(
            "ruleset_id", "asn_rule", "stays", name=op.f("pk_intended_overlaps")
        ),
        sqlite_strict=True,
    )
    for table in TABLES:
        if op.get_bind().dialect.name == "sqlite":
            _guard_sqlite(table)
        else:
            _guard_postgresql(table)


def downgrade() -> None:
    # The triggers go with their tables.
    for table in reversed(TABLES):
        op.drop_table(table)


def _guard_sqlite(table: str) -> None:
    for event, rows in EVENTS.items():
        ids = ", ".join(f"{row}.ruleset_id" for row in rows)
        op.execute(
            f"CREATE TRIGGER guard_{table}_{event} BEFORE {event.upper()} ON {table} "
            "WHEN EXISTS (SELECT 1 FROM rulesets "
            f"WHERE status = 'published' AND ruleset_id IN ({ids})) "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )


def _guard_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER guard_{table} BEFORE INSERT OR UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION asnrules_refuse_published('{MESSAGE}')"
    )
    op.execute(
        f"CREATE TRIGGER keep_{table} BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse('{MESSAGE}')"
    )
