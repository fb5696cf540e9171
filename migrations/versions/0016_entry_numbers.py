"""What the catalog has had is numbered one after the other, as runs, pools and traces are."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MESSAGE = "the numbers of what the catalog has had follow one after the other"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        before = "(SELECT coalesce(max(number), 0) FROM catalog_entries WHERE number < NEW.number)"
        op.execute(
            "CREATE TRIGGER guard_catalog_entries_next AFTER INSERT ON catalog_entries "
            f"WHEN NEW.number - 1 <> {before} "
            "OR NEW.number <> (SELECT max(number) FROM catalog_entries) "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER next_catalog_entries AFTER INSERT ON catalog_entries "
        "REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse_number('number')"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER guard_catalog_entries_next")
    else:
        op.execute("DROP TRIGGER next_catalog_entries ON catalog_entries")
