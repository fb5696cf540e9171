"""The triggers that keep published rulesets and the record as they are.

Migrations make them; this module knows which there have to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from asnrules.database.schema.all_tables import metadata

PUBLISHED = tuple(
    name
    for name, table in metadata.tables.items()
    if "ruleset_id" in table.primary_key.columns and name != "rulesets"
)
"""The tables whose rows stay as they are once their ruleset is published."""

RECORDED = (
    "pools", "exposures", "traces", "run_pools", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip
"""The tables whose rows stay as they are, and which take none for a run on record."""

BULK = ("exposures", "decisions", "associations", "association_members")
"""The tables of which PostgreSQL checks the foreign keys for all rows of a statement at once."""

NUMBERED = ("pools", "traces", "runs", "catalog_entries")
"""The tables whose rows are numbered one after the other."""

WHOLE = ("runs", "catalog_entries")
"""The tables that take rows, whose rows stay as they are."""


def missing_guards(connection: Connection) -> list[str]:
    """Look for guards that are not there, or switched off; a line for each."""
    is_sqlite = connection.dialect.name == "sqlite"
    expected = set(_sqlite_guards() if is_sqlite else _postgresql_guards())
    found = connection.execute(text(_SQLITE_TRIGGERS if is_sqlite else _POSTGRESQL_TRIGGERS))
    there = {(table, name) for table, name in found}
    lines = [
        f"table {table}: trigger {name} is gone, replaced or switched off, so its rows may have "
        "been changed"
        for table, name in sorted(expected - there)
    ]
    return lines if is_sqlite else [*lines, *_open_doors(connection)]


_SQLITE_TRIGGERS = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"
# O is what a trigger has from the start: on, but for replication. Who may make triggers may replace
# one by another of its name, and any function of PostgreSQL that is for triggers does for that.
_POSTGRESQL_TRIGGERS = """
SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal AND tgqual IS NULL
AND relnamespace = quote_ident(current_schema())::regnamespace
AND pronamespace = relnamespace AND proname LIKE 'asnrules\\_%'
"""
_LOOSE_FUNCTIONS = """
SELECT p.oid::regprocedure::text FROM pg_proc AS p
WHERE p.pronamespace = quote_ident(current_schema())::regnamespace
AND p.proname LIKE 'asnrules\\_%'
AND 'search_path=' || quote_ident(current_schema()) || ', pg_temp' <> ALL (
    coalesce(p.proconfig, '{}'))
ORDER BY 1
"""
_MAKERS_OF_TABLES = """
SELECT rolname, quote_ident(current_database()) FROM pg_roles
WHERE rolname IN ('asnrules_reader', 'asnrules_recorder', 'asnrules_curator')
AND has_database_privilege(oid, current_database(), 'TEMPORARY') ORDER BY 1
"""
# Beyond what the upgrade gives: the guards refuse what may be done by it, but for triggers.
_RIGHTS = """
SELECT rolname, string_agg(kind, ', ' ORDER BY kind) AS kinds, relname FROM pg_roles, pg_class,
unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS kind
WHERE rolname IN ('asnrules_reader', 'asnrules_recorder', 'asnrules_curator')
AND relnamespace = quote_ident(current_schema())::regnamespace AND relname = ANY (:tables)
AND has_table_privilege(pg_roles.oid, pg_class.oid, kind)
AND NOT (rolname = 'asnrules_curator' AND kind IN ('UPDATE', 'DELETE') AND relname = ANY (:drafts))
GROUP BY rolname, relname ORDER BY rolname, relname
"""


def _open_doors(connection: Connection) -> Iterator[str]:
    """Look for what lets tables of others stand in for those that the guards look at."""
    for name in connection.scalars(text(_LOOSE_FUNCTIONS)):
        yield f"function {name}: its search path is not that of the catalog, pg_temp last"
    for role, database in connection.execute(text(_MAKERS_OF_TABLES)):
        yield (
            f"role {role} may make temporary tables; as the owner: "
            f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {role}"
        )
    drafts = [*PUBLISHED, "rulesets"]
    tables = {"tables": [*drafts, *RECORDED, *WHOLE], "drafts": drafts}
    found: dict[tuple[str, str], list[str]] = {}
    for role, kinds, table in connection.execute(text(_RIGHTS), tables):
        found.setdefault((role, kinds), []).append(table)
    for (role, kinds), names in found.items():
        yield (
            f"role {role} has rights that it does not need on {len(names)} tables; as the owner: "
            f"REVOKE {kinds} ON {', '.join(names)} FROM PUBLIC, {role}"
        )


def _sqlite_guards() -> Iterator[tuple[str, str]]:
    for table in (*PUBLISHED, *RECORDED, *WHOLE):
        for event in ("insert", "update", "delete"):
            yield table, f"guard_{table}_{event}"
    for event in ("update", "delete", "replace", "move", "period_insert", "period_update"):
        yield "rulesets", f"guard_rulesets_{event}"
    for table in NUMBERED:
        yield table, f"guard_{table}_next"


def _postgresql_guards() -> Iterator[tuple[str, str]]:
    for table in (*PUBLISHED, *RECORDED, *WHOLE, "rulesets"):
        yield table, f"guard_{table}"
        yield table, f"keep_{table}"
    for table in RECORDED:
        yield table, f"late_{table}"
    for table in (*RECORDED, "runs"):
        yield table, f"turn_{table}"
    for table in BULK:
        yield table, f"refer_{table}"
    for table in NUMBERED:
        yield table, f"next_{table}"
    yield "runs", "previous_runs"
