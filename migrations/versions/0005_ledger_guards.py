"""Guards of the ledger: a run on record is neither changed nor removed, and takes no more rows."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RECORD = (
    "pools",
    "exposures",
    "runs",
    "run_pools",
    "traces",
    "decisions",
    "associations",
    "association_members",
    "imported_associations",
)
RECORDED = "a recorded run cannot be changed"

ON_RECORD = "EXISTS (SELECT 1 FROM runs WHERE run_id = NEW.run_id)"
BROUGHT = (
    "EXISTS (SELECT 1 FROM pools AS p JOIN runs AS r ON r.run_id = p.run_id "
    "WHERE p.pool_id = NEW.pool_id)"
)
# SQLite's REPLACE removes the row that is in the way without asking the triggers for DELETE. Keys
# that begin with the run are safe, as a run on record takes no rows; the others are looked for.
UNIQUE = {
    "pools": (("pool_id",), ("sha256", "keywords")),
    "traces": (("trace_id",), ("ruleset_id", "signature")),
    "runs": (("run_id",), ("previous_digest",), ("digest",)),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in RECORD:
            for event in ("insert", "update", "delete"):
                op.execute(f"DROP TRIGGER guard_{table}_{event}")
        return
    for table in RECORD:
        for kind in ("guard", "keep", *(["late"] if table != "runs" else [])):
            op.execute(f"DROP TRIGGER {kind}_{table} ON {table}")
    for function in ("refuse_late", "refuse_late_exposures"):
        op.execute(f"DROP FUNCTION asnrules_{function}()")


def _guard_sqlite() -> None:
    for table in RECORD:
        for event, when in (("insert", f"WHEN {_late(table)}"), ("update", ""), ("delete", "")):
            op.execute(
                f"CREATE TRIGGER guard_{table}_{event} BEFORE {event.upper()} ON {table} {when} "
                f"BEGIN SELECT RAISE(ABORT, '{RECORDED}'); END"
            )


def _late(table: str) -> str:
    """Tell when a row comes too late."""
    # One EXISTS for each key, so that each is answered from its index.
    reasons = [
        f"EXISTS (SELECT 1 FROM {table} WHERE "
        + " AND ".join(f"{column} = NEW.{column}" for column in key)
        + ")"
        for key in UNIQUE.get(table, ())
    ]
    if table == "exposures":
        reasons.append(BROUGHT)
    elif table != "runs":
        reasons.append(ON_RECORD)
    return " OR ".join(reasons)


def _guard_postgresql() -> None:
    for function, source in (
        ("refuse_late", "added AS a JOIN runs AS r ON r.run_id = a.run_id"),
        (
            "refuse_late_exposures",
            "added AS a JOIN pools AS p ON p.pool_id = a.pool_id "
            "JOIN runs AS r ON r.run_id = p.run_id",
        ),
    ):
        op.execute(
            f"CREATE FUNCTION asnrules_{function}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$BEGIN IF EXISTS (SELECT 1 FROM {source}) THEN RAISE EXCEPTION '%', TG_ARGV[0]; "
            "END IF; RETURN NULL; END$$"
        )
    for table in RECORD:
        op.execute(
            f"CREATE TRIGGER guard_{table} BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION asnrules_refuse('{RECORDED}')"
        )
        op.execute(
            f"CREATE TRIGGER keep_{table} BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse('{RECORDED}')"
        )
        if table != "runs":
            function = "refuse_late_exposures" if table == "exposures" else "refuse_late"
            # Once for all rows of a statement: a look at each would cost as much as adding it.
            op.execute(
                f"CREATE TRIGGER late_{table} AFTER INSERT ON {table} "
                "REFERENCING NEW TABLE AS added "
                f"FOR EACH STATEMENT EXECUTE FUNCTION asnrules_{function}('{RECORDED}')"
            )
