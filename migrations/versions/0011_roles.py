"""Roles of PostgreSQL: reader, recorder and curator, each with the rights that it needs.

Roles belong to the server, not to a database, so they are made if they are not there and left when
the migration is undone; the rights are this database's.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

READER, RECORDER, CURATOR = "asnrules_reader", "asnrules_recorder", "asnrules_curator"

RECORD = (
    "pools", "exposures", "runs", "run_pools", "traces", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip
VOCABULARY = ("instruments", "exp_types", "member_types", "keywords", "specials", "asn_types")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    schema = _schema(connection)
    for role in (READER, RECORDER, CURATOR):
        if not connection.scalar(sa.text(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'")):
            _make(connection, role)
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        op.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    op.execute(f"GRANT INSERT ON {', '.join(RECORD)} TO {RECORDER}")
    op.execute(f"GRANT INSERT ON {', '.join(VOCABULARY)} TO {CURATOR}")
    rules = ", ".join(_rule_tables(connection, schema))
    op.execute(f"GRANT INSERT, UPDATE, DELETE ON {rules} TO {CURATOR}")
    op.execute(f"GRANT USAGE ON SEQUENCE rulesets_ruleset_id_seq TO {CURATOR}")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    schema = _schema(connection)
    for role in (READER, RECORDER, CURATOR):
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}")
        op.execute(f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}")
        op.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {role}")


def _schema(connection: sa.Connection) -> str:
    name = connection.scalar(sa.text("SELECT current_schema()"))
    return connection.dialect.identifier_preparer.quote(name)


def _make(connection: sa.Connection, role: str) -> None:
    # Another upgrade on the same server may make it at the same moment.
    connection.execute(
        sa.text(
            f"DO $$BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
        )
    )


def _rule_tables(connection: sa.Connection, schema: str) -> list[str]:
    """Name the tables of rulesets: those that are neither vocabulary nor record."""
    others = {*RECORD, *VOCABULARY, "alembic_version"}
    names = sa.inspect(connection).get_table_names(schema=schema.strip('"'))
    return sorted(set(names) - others)
