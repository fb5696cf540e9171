"""The guards: published rulesets and recorded runs cannot be changed, and runs form one chain.

On PostgreSQL each function looks at this schema only: without a search path of its own it would
look first at the temporary tables of whoever sets it off.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Rows of a ruleset: free to change while it is a draft.
OF_RULESET = (
    "exposure_modes", "errata", "value_lists", "conditions", "condition_terms", "keys",
    "key_sources", "asn_rules", "asn_rule_roles", "asn_rule_conditions", "asn_rule_keys",
    "asn_rule_steps",
    "class_rules", "written_classes", "required_columns", "product_suffixes", "known_differences",
    "intended_overlaps", "ruleset_settings", "overall_steps", "ruleset_files", "path_tables",
    "path_table_terms", "rule_groups", "rule_group_keys", "rule_group_conditions",
    "asn_rule_groups", "ruleset_releases", "ruleset_changes", "ruleset_change_items",
)  # fmt: skip
# Rows of runs: a run on record takes no more, and none is changed.
RECORD = (
    "pools", "exposures", "runs", "run_pools", "traces", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip
# SQLite's REPLACE removes the row that is in the way without asking the triggers for DELETE. Keys
# that begin with the run are safe, as a run on record takes no rows; rows with the same value of
# another key are looked for.
UNIQUE = {
    "rulesets": (("ruleset_id",), ("label",)),
    "pools": (("pool_id",), ("sha256", "keywords")),
    "traces": (("trace_id",), ("ruleset_id", "signature")),
    "runs": (("run_id",), ("previous_digest",), ("digest",)),
    "catalog_entries": (("number",), ("entry_table", "entry")),
}
# Tables that take rows by the million. What these refer to is looked for once for each statement:
# for each row that takes two thirds of the time that the server needs.
BULK = ("exposures", "decisions", "associations", "association_members")
NUMBERED = {
    "pools": "pool_id", "traces": "trace_id", "runs": "run_id", "catalog_entries": "number",
}  # fmt: skip
GENESIS = "0" * 64

PUBLISHED = "a published ruleset cannot be changed"
RECORDED = "a recorded run cannot be changed"
ENTERED = "what is on record of the catalog cannot be changed"
OVERLAP = "another ruleset of its kind is in force at that time"
NUMBER = "the numbers of runs, pools and traces follow one after the other"
ENTRY_NUMBER = "the numbers of what the catalog has had follow one after the other"
CHAIN = "a run follows the last one on record, by its number and by the digest of that one"
LEVEL = "a run is recorded in a transaction of the level READ COMMITTED"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for name in connection.scalars(sa.text(triggers)).all():
            op.execute(f"DROP TRIGGER {name}")
        return
    _enforce("ENFORCED")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}() CASCADE")
    for kind in KINDS:
        op.execute(f"ALTER TABLE rulesets DROP CONSTRAINT ex_rulesets_{kind}")


# ------------------------------------------------------------------------- SQLite


def _guard_sqlite() -> None:
    for table in OF_RULESET:
        for event, rows in (("insert", "NEW"), ("update", "OLD NEW"), ("delete", "OLD")):
            ids = ", ".join(f"{row}.ruleset_id" for row in rows.split())
            is_published = _exists("rulesets", f"status = 'published' AND ruleset_id IN ({ids})")
            _trigger(table, event, is_published, PUBLISHED)
    for table in (*RECORD, "catalog_entries"):
        message = RECORDED if table in RECORD else ENTERED
        _trigger(table, "insert", _is_late(table), message)
        _trigger(table, "update", "", message)
        _trigger(table, "delete", "", message)
    for table, key in NUMBERED.items():
        _guard_number(table, key)
    _guard_rulesets()


def _trigger(
    table: str, event: str, when: str, message: str, name: str = "", moment: str = "BEFORE"
) -> None:
    op.execute(
        f"CREATE TRIGGER guard_{table}_{name or event} {moment} {event.upper()} ON {table} "
        f"{f'WHEN {when} ' if when else ''}BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _exists(source: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {source} WHERE {condition})"


def _in_the_way(table: str, others: str = "") -> str:
    """Look for a row that REPLACE would remove."""
    # One EXISTS for each key, so that each is answered from its index.
    keys = (" AND ".join(f"{column} = NEW.{column}" for column in key) for key in UNIQUE[table])
    return " OR ".join(_exists(table, others + key) for key in keys)


def _is_late(table: str) -> str:
    reasons = [_in_the_way(table)] if table in UNIQUE else []
    if table == "exposures":
        pool = "pools AS p JOIN runs AS r ON r.run_id = p.run_id"
        reasons.append(_exists(pool, "p.pool_id = NEW.pool_id"))
    elif table not in ("runs", "catalog_entries"):
        reasons.append(_exists("runs", "run_id = NEW.run_id"))
    return " OR ".join(reasons)


def _guard_number(table: str, key: str) -> None:
    before = f"(SELECT coalesce(max({key}), 0) FROM {table} WHERE {key} < NEW.{key})"
    when = f"NEW.{key} - 1 <> {before} OR NEW.{key} <> (SELECT max({key}) FROM {table})"
    message = NUMBER
    if table == "runs":
        digest = f"(SELECT digest FROM runs WHERE run_id = NEW.run_id - 1), '{GENESIS}'"
        when += f" OR NEW.previous_digest <> coalesce({digest})"
        message = CHAIN
    elif table == "catalog_entries":
        message = ENTRY_NUMBER
    _trigger(table, "insert", when, message, "next", "AFTER")


def _guard_rulesets() -> None:
    for event in ("update", "delete"):
        _trigger("rulesets", event, "OLD.status = 'published'", PUBLISHED)
    _trigger("rulesets", "insert", _in_the_way("rulesets"), PUBLISHED, "replace")
    others = "status = 'published' AND ruleset_id <> OLD.ruleset_id AND "
    _trigger("rulesets", "update", _in_the_way("rulesets", others), PUBLISHED, "move")
    # Without an end of its own a ruleset is in force until the next of its kind starts, so that
    # only its first day can be in the way of another.
    overlaps = (
        "o.status = 'published' AND o.kind = NEW.kind AND (o.effective_from = NEW.effective_from "
        "OR (o.effective_from < NEW.effective_from AND NEW.effective_from < o.effective_until) "
        "OR (NEW.effective_from < o.effective_from AND o.effective_from < NEW.effective_until))"
    )
    for event, others in (("insert", ""), ("update", "o.ruleset_id <> OLD.ruleset_id AND ")):
        is_in_force = _exists("rulesets AS o", others + overlaps)
        when = f"NEW.status = 'published' AND {is_in_force}"
        _trigger("rulesets", event, when, OVERLAP, f"period_{event}")


# ------------------------------------------------------------------------- PostgreSQL

KINDS = ("table", "rules")
REFUSE = "RAISE EXCEPTION '%', TG_ARGV[0]; END IF; "
ROW = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END"
# Rows of a draft are changed under a lock of the draft, so that nobody can publish it meanwhile. A
# row that is locked is the newest there is, however old the snapshot of the transaction.
STATUS = "(SELECT status FROM rulesets WHERE ruleset_id = {row}.ruleset_id FOR SHARE)"

# The keys that are declared, but for those that wait for the run itself, which comes last. Each
# value is looked up by an index: joined, all rows of the other table might be read.
KEYS_OF_TABLE = """
SELECT c.conname AS name, c.confrelid::regclass AS other,
    string_agg(format('%I', own.attname), ', ') AS columns,
    string_agg(format('a.%I IS NOT NULL', own.attname), ' AND ') AS given,
    string_agg(format('o.%I = a.%I', referred.attname, own.attname), ' AND ') AS equal
FROM pg_constraint AS c
JOIN pg_class AS t ON t.oid = c.confrelid
CROSS JOIN unnest(c.conkey, c.confkey) AS pair (own, referred)
JOIN pg_attribute AS own ON own.attrelid = c.conrelid AND own.attnum = pair.own
JOIN pg_attribute AS referred ON referred.attrelid = c.confrelid AND referred.attnum = pair.referred
WHERE c.conrelid = TG_RELID AND c.contype = 'f' AND NOT c.condeferrable AND NOT t.relispartition
GROUP BY c.oid
"""
UNREFERRED = (
    "SELECT count(*) FROM (SELECT DISTINCT %s FROM added) AS a "
    "WHERE %s AND (SELECT true FROM %s AS o WHERE %s LIMIT 1) IS NULL"
)

FUNCTIONS = {
    "asnrules_refuse": "BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END",
    "asnrules_refuse_published_ruleset": f"BEGIN IF OLD.status = 'published' THEN {REFUSE}{ROW}",
    "asnrules_refuse_published": (
        f"BEGIN IF TG_OP <> 'INSERT' AND 'published' = {STATUS.format(row='OLD')} THEN {REFUSE}"
        f"IF TG_OP <> 'DELETE' AND 'published' = {STATUS.format(row='NEW')} THEN {REFUSE}{ROW}"
    ),
    "asnrules_refuse_late": (
        "BEGIN IF EXISTS (SELECT 1 FROM added AS a JOIN runs AS r ON r.run_id = a.run_id) "
        f"THEN {REFUSE}RETURN NULL; END"
    ),
    "asnrules_refuse_late_exposures": (
        "BEGIN IF EXISTS (SELECT 1 FROM added AS a JOIN pools AS p ON p.pool_id = a.pool_id "
        f"JOIN runs AS r ON r.run_id = p.run_id) THEN {REFUSE}RETURN NULL; END"
    ),
    "asnrules_refuse_unreferred": (
        f"DECLARE key record; lost bigint; BEGIN FOR key IN {KEYS_OF_TABLE} LOOP "
        f"EXECUTE format('{UNREFERRED}', key.columns, key.given, key.other, key.equal) INTO lost; "
        "IF lost > 0 THEN RAISE foreign_key_violation USING MESSAGE = format("
        '\'insert on table "%s" violates foreign key constraint "%s"\', '
        "TG_TABLE_NAME, key.name); END IF; END LOOP; RETURN NULL; END"
    ),
    # The turn of recorders is a lock of the table of runs, which nobody can take who may not
    # record. It is the one mode that is in its own way, but not in that of ROW EXCLUSIVE, which is
    # what anybody has who prepares an INSERT, whether allowed to or not.
    "asnrules_take_ledger": "BEGIN LOCK TABLE runs IN SHARE UPDATE EXCLUSIVE MODE; END",
    # With an older snapshot the other guards would not see a run that is on record by now.
    "asnrules_take_turn": (
        "BEGIN IF current_setting('transaction_isolation') <> 'read committed' "
        f"THEN RAISE EXCEPTION '{LEVEL}'; END IF; PERFORM asnrules_take_ledger(); "
        "RETURN NULL; END"
    ),
    "asnrules_refuse_number": (
        "DECLARE first bigint; last bigint; rows bigint; before bigint; top bigint; BEGIN "
        "EXECUTE format('SELECT min(%1$I), max(%1$I), count(*) FROM added', TG_ARGV[0]) "
        "INTO first, last, rows; IF rows = 0 THEN RETURN NULL; END IF; "
        "EXECUTE format('SELECT coalesce(max(%1$I), 0) FROM %2$I WHERE %1$I < $1', "
        "TG_ARGV[0], TG_TABLE_NAME) INTO before USING first; "
        "EXECUTE format('SELECT max(%1$I) FROM %2$I', TG_ARGV[0], TG_TABLE_NAME) INTO top; "
        "IF first::numeric - 1 <> before OR last::numeric - first <> rows - 1 OR top <> last "
        f"THEN RAISE EXCEPTION '{NUMBER}'; END IF; RETURN NULL; END"
    ),
    "asnrules_refuse_chain": (
        "BEGIN IF EXISTS (SELECT 1 FROM added AS a LEFT JOIN runs AS r ON r.run_id = a.run_id - 1 "
        f"WHERE a.previous_digest <> coalesce(r.digest, '{GENESIS}')) "
        f"THEN RAISE EXCEPTION '{CHAIN}'; END IF; RETURN NULL; END"
    ),
}
DEFINERS = ("asnrules_take_ledger", "asnrules_take_turn")
# With one of these as a trigger of a table of one's own, anybody could take the turn.
NOT_PUBLIC = (*DEFINERS, "asnrules_refuse_number", "asnrules_refuse_chain")


def _guard_postgresql() -> None:
    schema = op.get_bind().scalar(sa.text("SELECT quote_ident(current_schema())"))
    for name, body in FUNCTIONS.items():
        # What is not named comes first; pg_temp is, and comes last.
        op.execute(
            f"CREATE FUNCTION {name}() "
            f"RETURNS {'void' if name == 'asnrules_take_ledger' else 'trigger'} "
            f"LANGUAGE plpgsql {'SECURITY DEFINER' if name in DEFINERS else ''} "
            f"SET search_path = {schema}, pg_temp AS $${body}$$"
        )
    for name in NOT_PUBLIC:
        op.execute(f"REVOKE ALL ON FUNCTION {name}() FROM PUBLIC")
    for table in OF_RULESET:
        _keep(table, PUBLISHED, "INSERT OR UPDATE OR DELETE", "asnrules_refuse_published")
    _keep("rulesets", PUBLISHED, "UPDATE OR DELETE", "asnrules_refuse_published_ruleset")
    _keep("catalog_entries", ENTERED)
    for table in RECORD:
        _keep(table, RECORDED)
        _each_statement(f"turn_{table}", f"BEFORE INSERT ON {table}", "asnrules_take_turn()")
        if table != "runs":
            late = "refuse_late_exposures" if table == "exposures" else "refuse_late"
            # Once for all rows of a statement: a look at each would cost as much as adding it.
            _after_insert(f"late_{table}", table, f"asnrules_{late}('{RECORDED}')")
    for table in BULK:
        _after_insert(f"refer_{table}", table, "asnrules_refuse_unreferred()")
    _enforce("NOT ENFORCED")
    for table, key in NUMBERED.items():
        _after_insert(f"next_{table}", table, f"asnrules_refuse_number('{key}')")
    # By its name it comes after the one that looks at the number.
    _after_insert("previous_runs", "runs", "asnrules_refuse_chain()")
    # One for each kind, as a constraint over the kind as well would need an extension.
    for kind in KINDS:
        op.execute(
            f"ALTER TABLE rulesets ADD CONSTRAINT ex_rulesets_{kind} EXCLUDE USING gist ("
            "daterange(effective_from, COALESCE(effective_until, effective_from + 1)) WITH &&) "
            f"WHERE (status = 'published' AND kind = '{kind}' AND effective_from IS NOT NULL)"
        )


def _enforce(how: str) -> None:
    """Have PostgreSQL check keys row by row or not, though they stay declared, from version 18.

    Only where what they refer to cannot be removed either.
    """
    connection = op.get_bind()
    if (connection.dialect.server_version_info or (0,)) < (18,):
        return
    found = sa.inspect(connection).get_multi_foreign_keys(filter_names=BULK)
    for (_, table), keys in found.items():
        for key in keys:
            if not key["options"].get("deferrable") and key["referred_table"] in RECORD:
                op.execute(f"ALTER TABLE {table} ALTER CONSTRAINT {key['name']} {how}")


def _keep(
    table: str, message: str, events: str = "UPDATE OR DELETE", function: str = "asnrules_refuse"
) -> None:
    op.execute(
        f"CREATE TRIGGER guard_{table} BEFORE {events} ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function}('{message}')"
    )
    _each_statement(f"keep_{table}", f"BEFORE TRUNCATE ON {table}", f"asnrules_refuse('{message}')")


def _after_insert(name: str, table: str, function: str) -> None:
    _each_statement(name, f"AFTER INSERT ON {table} REFERENCING NEW TABLE AS added", function)


def _each_statement(name: str, event: str, function: str) -> None:
    op.execute(f"CREATE TRIGGER {name} {event} FOR EACH STATEMENT EXECUTE FUNCTION {function}")
