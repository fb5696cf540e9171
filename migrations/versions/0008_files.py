"""The files that an executable ruleset was written in are kept beside its rows."""

import sqlalchemy as sa
from alembic import op

from asnrules.database.types import Number

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MESSAGE = "a published ruleset cannot be changed"
EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def upgrade() -> None:
    op.create_table(
        "ruleset_files",
        sa.Column("ruleset_id", Number, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ruleset_id"], ["rulesets.ruleset_id"], name=op.f("fk_ruleset_files_ruleset_id")
        ),
        sa.PrimaryKeyConstraint("ruleset_id", "path", name=op.f("pk_ruleset_files")),
        sqlite_strict=True,
    )
    if op.get_bind().dialect.name == "sqlite":
        for event, rows in EVENTS.items():
            ids = ", ".join(f"{row}.ruleset_id" for row in rows)
            op.execute(
                f"CREATE TRIGGER guard_ruleset_files_{event} BEFORE {event.upper()} "
                "ON ruleset_files WHEN EXISTS (SELECT 1 FROM rulesets "
                f"WHERE status = 'published' AND ruleset_id IN ({ids})) "
                f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER guard_ruleset_files BEFORE INSERT OR UPDATE OR DELETE ON ruleset_files "
        f"FOR EACH ROW EXECUTE FUNCTION asnrules_refuse_published('{MESSAGE}')"
    )
    op.execute(
        "CREATE TRIGGER keep_ruleset_files BEFORE TRUNCATE ON ruleset_files "
        f"FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse('{MESSAGE}')"
    )


def downgrade() -> None:
    op.drop_table("ruleset_files")
