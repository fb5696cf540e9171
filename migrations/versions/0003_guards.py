"""Triggers: a published ruleset and a recorded run cannot be changed or removed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Rows of a ruleset: free to change while it is a draft.
OF_RULESET = (
    "exposure_modes",
    "errata",
    "conditions",
    "condition_terms",
    "asn_rules",
    "asn_rule_roles",
    "asn_rule_conditions",
    "asn_rule_keys",
    "asn_rule_steps",
    "class_rules",
    "written_classes",
    "required_columns",
    "product_suffixes",
    "known_differences",
)
# The record: added to, never changed.
RECORD = (
    "pools",
    "exposures",
    "runs",
    "run_pools",
    "traces",
    "decisions",
    "associations",
    "association_members",
)
PUBLISHED = "a published ruleset cannot be changed"
RECORDED = "a recorded run cannot be changed"

# SQLite's REPLACE removes the row that is in the way without asking the triggers for DELETE, so
# a row that would be in the way, by any unique key, is looked for beforehand.
UNIQUE = {
    "rulesets": (("ruleset_id",), ("label",), ("kind", "effective_from")),
    "pools": (("pool_id",), ("sha256", "keywords")),
    "exposures": (("pool_id", "position"),),
    "runs": (("run_id",),),
    "run_pools": (("run_id", "position"),),
    "traces": (("trace_id",), ("ruleset_id", "signature")),
    "decisions": (("run_id", "pool_id", "position"),),
    "associations": (("run_id", "position"), ("run_id", "asn_name")),
    "association_members": (("run_id", "association", "position"),),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, table in _triggers(sqlite):
        op.execute(f"DROP TRIGGER {name}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        for function in ("refuse", "refuse_published", "refuse_published_ruleset"):
            op.execute(f"DROP FUNCTION asnrules_{function}()")


def _triggers(sqlite: bool) -> list[tuple[str, str]]:
    if not sqlite:
        return [
            (f"{kind}_{table}", table)
            for table in ("rulesets", *OF_RULESET, *RECORD)
            for kind in ("guard", "keep")
        ]
    names = [(f"guard_{table}_{event}", table) for table in OF_RULESET for event in _EVENTS]
    names += [
        (f"guard_{table}_{event}", table)
        for table in ("rulesets", *RECORD)
        for event in ("update", "delete")
    ]
    names += [(f"guard_{table}_replace", table) for table in UNIQUE]
    return [*names, ("guard_rulesets_move", "rulesets")]


_EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def _guard_sqlite() -> None:
    def trigger(table: str, event: str, when: str, message: str, name: str = "") -> None:
        op.execute(
            f"CREATE TRIGGER guard_{table}_{name or event} "
            f"BEFORE {event.upper()} ON {table} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )

    for event in ("update", "delete"):
        trigger("rulesets", event, "WHEN OLD.status = 'published'", PUBLISHED)
    for table in OF_RULESET:
        for event, rows in _EVENTS.items():
            ids = ", ".join(f"{row}.ruleset_id" for row in rows)
            when = (
                "WHEN EXISTS (SELECT 1 FROM rulesets "
                f"WHERE status = 'published' AND ruleset_id IN ({ids}))"
            )
            trigger(table, event, when, PUBLISHED)
    for table in RECORD:
        for event in ("update", "delete"):
            trigger(table, event, "", RECORDED)
    for table, keys in UNIQUE.items():
        message = PUBLISHED if table == "rulesets" else RECORDED
        trigger(table, "insert", f"WHEN {_in_the_way(table, keys)}", message, "replace")
    others = "status = 'published' AND ruleset_id <> OLD.ruleset_id AND "
    in_the_way = _in_the_way("rulesets", UNIQUE["rulesets"], others)
    trigger("rulesets", "update", f"WHEN {in_the_way}", PUBLISHED, "move")


def _in_the_way(table: str, keys: tuple[tuple[str, ...], ...], others: str = "") -> str:
    # One EXISTS for each key, so that each is answered from its index.
    return " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {others}"
        + " AND ".join(f"{column} = NEW.{column}" for column in key)
        + ")"
        for key in keys
    )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION asnrules_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END$$"
    )
    op.execute(
        "CREATE FUNCTION asnrules_refuse_published_ruleset() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN IF OLD.status = 'published' THEN RAISE EXCEPTION '%', TG_ARGV[0]; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END$$"
    )
    op.execute(
        "CREATE FUNCTION asnrules_refuse_published() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
        "IF TG_OP <> 'INSERT' AND EXISTS (SELECT 1 FROM rulesets "
        "WHERE status = 'published' AND ruleset_id = OLD.ruleset_id) "
        "THEN RAISE EXCEPTION '%', TG_ARGV[0]; END IF; "
        "IF TG_OP <> 'DELETE' AND EXISTS (SELECT 1 FROM rulesets "
        "WHERE status = 'published' AND ruleset_id = NEW.ruleset_id) "
        "THEN RAISE EXCEPTION '%', TG_ARGV[0]; END IF; "
        "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END$$"
    )
    for table in ("rulesets", *OF_RULESET, *RECORD):
        message = RECORDED if table in RECORD else PUBLISHED
        events, function = "UPDATE OR DELETE", "refuse"
        if table == "rulesets":
            function = "refuse_published_ruleset"
        elif table in OF_RULESET:
            events, function = "INSERT OR UPDATE OR DELETE", "refuse_published"
        op.execute(
            f"CREATE TRIGGER guard_{table} BEFORE {events} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION asnrules_{function}('{message}')"
        )
        op.execute(
            f"CREATE TRIGGER keep_{table} BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION asnrules_refuse('{message}')"
        )
