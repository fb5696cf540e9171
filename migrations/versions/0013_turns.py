"""Runs, pools and traces are numbered one after the other, and recording is a turn of recorders.

On PostgreSQL the turn is a lock of the table of runs, which nobody can take who may not record,
instead of an advisory lock, which everybody can. Who adds anything to the record has it, from the
first row to the end of the transaction, so that no row joins a run behind its back.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

RECORD = (
    "pools", "exposures", "runs", "run_pools", "traces", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip
NUMBERED = {"pools": "pool_id", "traces": "trace_id", "runs": "run_id"}

NUMBER = "the numbers of runs, pools and traces follow one after the other"
CHAIN = "a run follows the last one on record, by its number and by the digest of that one"
LEVEL = "a run is recorded in a transaction of the level READ COMMITTED"
GENESIS = "0" * 64

# The one mode that is in its own way, but not in that of ROW EXCLUSIVE, which is what anybody has
# who prepares an INSERT, whether allowed to or not.
FUNCTIONS = {
    "asnrules_take_ledger": (
        "void",
        "SECURITY DEFINER",
        "BEGIN LOCK TABLE runs IN SHARE UPDATE EXCLUSIVE MODE; END",
    ),
    # With an older snapshot the other guards would not see a run that is on record by now.
    "asnrules_take_turn": (
        "trigger",
        "SECURITY DEFINER",
        "BEGIN IF current_setting('transaction_isolation') <> 'read committed' "
        f"THEN RAISE EXCEPTION '{LEVEL}'; END IF; PERFORM asnrules_take_ledger(); "
        "RETURN NULL; END",
    ),
    "asnrules_refuse_number": (
        "trigger",
        "",
        "DECLARE first bigint; last bigint; rows bigint; before bigint; top bigint; BEGIN "
        "EXECUTE format('SELECT min(%1$I), max(%1$I), count(*) FROM added', TG_ARGV[0]) "
        "INTO first, last, rows; IF rows = 0 THEN RETURN NULL; END IF; "
        "EXECUTE format('SELECT coalesce(max(%1$I), 0) FROM %2$I WHERE %1$I < $1', "
        "TG_ARGV[0], TG_TABLE_NAME) INTO before USING first; "
        "EXECUTE format('SELECT max(%1$I) FROM %2$I', TG_ARGV[0], TG_TABLE_NAME) INTO top; "
        "IF first::numeric - 1 <> before OR last::numeric - first <> rows - 1 OR top <> last "
        f"THEN RAISE EXCEPTION '{NUMBER}'; END IF; RETURN NULL; END",
    ),
    "asnrules_refuse_chain": (
        "trigger",
        "",
        "BEGIN IF EXISTS (SELECT 1 FROM added AS a LEFT JOIN runs AS r ON r.run_id = a.run_id - 1 "
        f"WHERE a.previous_digest <> coalesce(r.digest, '{GENESIS}')) "
        f"THEN RAISE EXCEPTION '{CHAIN}'; END IF; RETURN NULL; END",
    ),
}

# The function of tools/partition.sql, where it has divided this catalog.
PARTS = """
SELECT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'decisions' AND relkind = 'p'
    AND relnamespace = quote_ident(current_schema())::regnamespace)
AND to_regprocedure('asnrules_parts.take_ledger()') IS NOT NULL
"""
TURN_OF_PARTS = (
    "CREATE OR REPLACE FUNCTION asnrules_parts.take_ledger() RETURNS void LANGUAGE sql "
    "SET search_path = {schema}, pg_temp AS $$SELECT {turn}$$"
)
ADVISORY = "pg_advisory_xact_lock(x'61736E72756C6574'::bigint)"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _guard_sqlite()
        return
    schema = _schema(connection)
    for name, (kind, definer, body) in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS {kind} LANGUAGE plpgsql {definer} "
            f"SET search_path = {schema}, pg_temp AS $${body}$$"
        )
        # With these as triggers of a table of one's own, anybody could take the turn.
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION asnrules_take_ledger() TO asnrules_recorder")
    for table in RECORD:
        op.execute(
            f"CREATE TRIGGER turn_{table} BEFORE INSERT ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION asnrules_take_turn()"
        )
    after = (
        "CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
        "FOR EACH STATEMENT EXECUTE FUNCTION {function}"
    )
    for table, key in NUMBERED.items():
        function = f"asnrules_refuse_number('{key}')"
        op.execute(after.format(name=f"next_{table}", table=table, function=function))
    # By its name it comes after the one that looks at the number.
    op.execute(after.format(name="previous_runs", table="runs", function="asnrules_refuse_chain()"))
    _turn_of_parts(connection, "asnrules_take_ledger()")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for table in NUMBERED:
            op.execute(f"DROP TRIGGER guard_{table}_next")
        return
    _turn_of_parts(connection, ADVISORY)
    for name in reversed(FUNCTIONS):
        # Of a divided table the first part has them, too.
        found = sa.text(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger "
            f"WHERE tgfoid = to_regprocedure('{name}()')"
        )
        for trigger, table in connection.execute(found).all():
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.execute(f"DROP FUNCTION {name}()")


def _turn_of_parts(connection: sa.Connection, turn: str) -> None:
    if connection.scalar(sa.text(PARTS)):
        op.execute(TURN_OF_PARTS.format(schema=_schema(connection), turn=turn))


def _schema(connection: sa.Connection) -> str:
    return connection.scalar(sa.text("SELECT quote_ident(current_schema())"))


def _guard_sqlite() -> None:
    for table, key in NUMBERED.items():
        before = f"(SELECT coalesce(max({key}), 0) FROM {table} WHERE {key} < NEW.{key})"
        when = f"NEW.{key} - 1 <> {before} OR NEW.{key} <> (SELECT max({key}) FROM {table})"
        message = NUMBER
        if table == "runs":
            digest = f"(SELECT digest FROM runs WHERE run_id = NEW.run_id - 1), '{GENESIS}'"
            when += f" OR NEW.previous_digest <> coalesce({digest})"
            message = CHAIN
        op.execute(
            f"CREATE TRIGGER guard_{table}_next AFTER INSERT ON {table} WHEN {when} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
