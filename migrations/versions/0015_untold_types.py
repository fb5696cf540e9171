"""An imported association may have no type: its file does not tell one."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ASSOCIATIONS = """
CREATE {replace}VIEW v_associations AS
SELECT a.run_id, u.origin, u.started_at, r.label AS ruleset, a.asn_name, a.asn_type, t.pipeline,
       a.asn_rule, a.asn_id, a.candidate_type, a.program, a.target, a.degraded_status, a.keys,
       (SELECT COUNT(DISTINCT m.product) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS products,
       (SELECT COUNT(*) FROM association_members AS m
        WHERE m.run_id = a.run_id AND m.association = a.position) AS members
FROM associations AS a
JOIN runs AS u ON u.run_id = a.run_id
JOIN rulesets AS r ON r.ruleset_id = u.ruleset_id
{join} asn_types AS t ON t.asn_type = a.asn_type
"""

TOLD = "asn_type TEXT NOT NULL"
MAYBE = "asn_type TEXT"


def upgrade() -> None:
    _change(nullable=True)


def downgrade() -> None:
    untold = sa.text("SELECT COUNT(*) FROM associations WHERE asn_type IS NULL")
    if op.get_bind().scalar(untold):
        raise ValueError("there are associations without a type, which revision 0014 cannot hold")
    _change(nullable=False)


def _change(*, nullable: bool) -> None:
    view = {"join": "LEFT JOIN" if nullable else "JOIN"}
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        # An older step of the same upgrade may have left rows whose runs are yet to be checked.
        op.execute("SET CONSTRAINTS ALL IMMEDIATE")
        op.alter_column("associations", "asn_type", nullable=nullable)
        op.execute(ASSOCIATIONS.format(replace="OR REPLACE ", **view))
        return
    op.execute("DROP VIEW v_associations")
    # SQLite has no statement for it. Its manual has this way for constraints that change nothing
    # of what is stored, so that a long table need not be written anew, with all that hangs on it.
    old, new = (TOLD, MAYBE) if nullable else (MAYBE, TOLD)
    version = connection.scalar(sa.text("PRAGMA schema_version"))
    op.execute("PRAGMA writable_schema = ON")
    op.execute(
        f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') "
        "WHERE type = 'table' AND name = 'associations'"
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = RESET")
    op.execute(ASSOCIATIONS.format(replace="", **view))
