"""Roles of PostgreSQL: reader, recorder and curator, each with the rights that it needs.

Roles belong to the server, not to a database, so they are made if they are not there and left when
the migration is undone; the rights are this database's. PUBLIC makes no temporary tables, which
could stand in for those of the catalog.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

READER, RECORDER, CURATOR = ROLES = ("asnrules_reader", "asnrules_recorder", "asnrules_curator")

RECORD = (
    "pools", "exposures", "runs", "run_pools", "traces", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip
VOCABULARY = ("instruments", "exp_types", "member_types", "keywords", "specials", "asn_types")
ADDED_TO = (*VOCABULARY, "catalog_entries")

PUBLIC_MAY = """
SELECT EXISTS (
    SELECT 1 FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
    WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY')
"""
# The downgrade gives back what the upgrade took, and nothing that an administrator had taken.
TAKEN = "TEMPORARY was taken from PUBLIC"
REMEMBERED = "SELECT obj_description(to_regprocedure('asnrules_refuse()'), 'pg_proc')"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    schema, database = _names(connection)
    for role in ROLES:
        # Another upgrade on the same server may make it at the same moment.
        op.execute(
            f"DO $$BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END$$"
        )
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        op.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")
    op.execute(f"GRANT INSERT ON {', '.join(RECORD)} TO {RECORDER}")
    op.execute(f"GRANT EXECUTE ON FUNCTION asnrules_take_ledger() TO {RECORDER}")
    op.execute(f"GRANT INSERT ON {', '.join(ADDED_TO)} TO {CURATOR}")
    rules = {*sa.inspect(connection).get_table_names()} - {*RECORD, *ADDED_TO, "alembic_version"}
    op.execute(f"GRANT INSERT, UPDATE, DELETE ON {', '.join(sorted(rules))} TO {CURATOR}")
    op.execute(f"GRANT USAGE ON SEQUENCE rulesets_ruleset_id_seq TO {CURATOR}")
    if connection.scalar(sa.text(PUBLIC_MAY)):
        op.execute(f"COMMENT ON FUNCTION asnrules_refuse() IS '{TAKEN}'")
    op.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {', '.join(ROLES)}")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    schema, database = _names(connection)
    if connection.scalar(sa.text(REMEMBERED)) == TAKEN:
        op.execute(f"GRANT TEMPORARY ON DATABASE {database} TO PUBLIC")
        op.execute("COMMENT ON FUNCTION asnrules_refuse() IS NULL")
    for role in ROLES:
        for kind in ("TABLES", "SEQUENCES", "FUNCTIONS"):
            op.execute(f"REVOKE ALL ON ALL {kind} IN SCHEMA {schema} FROM {role}")
        op.execute(f"REVOKE ALL ON SCHEMA {schema} FROM {role}")


def _names(connection: sa.Connection) -> tuple[str, str]:
    query = "SELECT quote_ident(current_schema()), quote_ident(current_database())"
    schema, database = connection.execute(sa.text(query)).one()
    return schema, database
