"""Functions of PostgreSQL look at this schema only, and PUBLIC makes no temporary tables.

Without a search path of its own a trigger function looks first at the temporary tables of whoever
sets it off. Rows of a draft are changed under a lock of the draft, so that nobody can publish it
meanwhile, nor be looked at as it was.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ROLES = "asnrules_reader, asnrules_recorder, asnrules_curator"

REFUSE_PUBLISHED = (
    "CREATE OR REPLACE FUNCTION asnrules_refuse_published() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN IF TG_OP <> 'INSERT' AND {of_old} THEN RAISE EXCEPTION '%', TG_ARGV[0]; END IF; "
    "IF TG_OP <> 'DELETE' AND {of_new} THEN RAISE EXCEPTION '%', TG_ARGV[0]; END IF; "
    "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END$$"
)
SEEN = (
    "EXISTS (SELECT 1 FROM rulesets WHERE status = 'published' AND ruleset_id = {row}.ruleset_id)"
)
# A row that is locked is the newest there is, however old the snapshot of the transaction.
LOCKED = "'published' = (SELECT status FROM rulesets WHERE ruleset_id = {row}.ruleset_id FOR SHARE)"

# Those of the catalog, and those of tools/partition.sql where it has divided this catalog.
FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = current_schema() AND p.proname LIKE 'asnrules\\_%'
   OR n.nspname = 'asnrules_parts' AND EXISTS (
        SELECT 1 FROM pg_class WHERE relname = 'decisions' AND relkind = 'p'
        AND relnamespace = quote_ident(current_schema())::regnamespace)
ORDER BY 1
"""
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
    op.execute(_refuse_published(LOCKED))
    schema = connection.scalar(sa.text("SELECT quote_ident(current_schema())"))
    for function in _functions(connection):
        # What is not named comes first; pg_temp is, and comes last.
        op.execute(f"ALTER FUNCTION {function} SET search_path = {schema}, pg_temp")
    database = _database(connection)
    if connection.scalar(sa.text(PUBLIC_MAY)):
        op.execute(f"COMMENT ON FUNCTION asnrules_refuse() IS '{TAKEN}'")
    op.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {ROLES}")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    if connection.scalar(sa.text(REMEMBERED)) == TAKEN:
        op.execute(f"GRANT TEMPORARY ON DATABASE {_database(connection)} TO PUBLIC")
        op.execute("COMMENT ON FUNCTION asnrules_refuse() IS NULL")
    for function in _functions(connection):
        op.execute(f"ALTER FUNCTION {function} RESET search_path")
    op.execute(_refuse_published(SEEN))


def _refuse_published(is_published: str) -> str:
    return REFUSE_PUBLISHED.format(
        of_old=is_published.format(row="OLD"), of_new=is_published.format(row="NEW")
    )


def _functions(connection: sa.Connection) -> list[str]:
    return list(connection.scalars(sa.text(FUNCTIONS)))


def _database(connection: sa.Connection) -> str:
    return connection.scalar(sa.text("SELECT quote_ident(current_database())"))
