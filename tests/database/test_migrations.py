"""The migrations: up, down and up again, with and without data, against the tables as code."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Engine, Table, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from asnrules.catalog.open import check_catalog, connect_catalog
from asnrules.database import guards, migrations
from asnrules.database.engines import transaction
from asnrules.database.schema.all_tables import metadata
from asnrules.record.verify import verify
from asnrules.util.environment import shipped
from filled import without_guards

SCRIPTS = ScriptDirectory(str(shipped("migrations")))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()][::-1]


@pytest.fixture
def empty(database_url: str) -> Engine:
    return connect_catalog(database_url)


def migrate(engine: Engine, move: Callable[[Connection, str], None], revision: str) -> None:
    with transaction(engine, writing=True) as connection:
        move(connection, revision)


def objects(engine: Engine) -> set[tuple[str, ...]]:
    """Give what there is in a database: tables, indexes, views, triggers, functions, as SQL."""
    if engine.dialect.name == "sqlite":
        query = "SELECT type, name, coalesce(sql, '') FROM sqlite_master"
    else:
        query = """
            SELECT c.relkind::text, c.relname, coalesce(pg_get_viewdef(
                CASE WHEN c.relkind = 'v' THEN c.oid END), '') || array_to_string(array(
                SELECT r::text FROM unnest(c.relacl) AS r
                WHERE r::text LIKE 'asnrules%' ORDER BY r::text), ' ')
            FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace
            UNION ALL SELECT 'column', table_name || '.' || column_name,
                data_type || is_nullable || coalesce(column_default, '')
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid)
            FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT 'function', proname, pg_get_functiondef(oid)
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            UNION ALL SELECT 'type', typname, ''
            FROM pg_type WHERE typnamespace = 'public'::regnamespace
        """
    with engine.connect() as connection:
        found = {tuple(row) for row in connection.execute(text(query))}
    return {row for row in found if "alembic_version" not in row[1]}


def rows(engine: Engine) -> dict[str, list[dict[str, object]]]:
    return {name: _rows(engine, table) for name, table in metadata.tables.items()}


def _rows(engine: Engine, table: Table) -> list[dict[str, object]]:
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(select(table)).mappings()]
    return sorted(found, key=lambda row: [repr(row[key]) for key in sorted(row)])


def refusals(engine: Engine) -> list[str]:
    """Try what the guards forbid; give what they say."""
    said = []
    for table in ("rulesets", "exposure_modes", "asn_rule_keys", "runs", "association_members"):
        with pytest.raises(DBAPIError) as caught, engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table}")
        said.append(str(caught.value.orig).splitlines()[0])
    return said


GUARDED = ["a published ruleset cannot be changed"] * 3 + ["a recorded run cannot be changed"] * 2


def test_head_is_the_newest_migration() -> None:
    assert SCRIPTS.get_heads() == [migrations.HEAD]
    assert REVISIONS[-1] == migrations.HEAD


def test_new_database_has_no_revision(empty: Engine) -> None:
    with transaction(empty) as connection:
        assert migrations.current_revision(connection) is None


def test_upgrade_from_nothing(empty: Engine) -> None:
    migrate(empty, migrations.upgrade, "head")
    with transaction(empty) as connection:
        assert migrations.current_revision(connection) == migrations.HEAD
        assert {*metadata.tables, "alembic_version"} == set(inspect(connection).get_table_names())


def test_upgrade_that_fails_leaves_nothing(empty: Engine) -> None:
    with empty.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE v_decisions (some_column text)")
    before = objects(empty)
    with pytest.raises(Exception, match="v_decisions"):
        migrate(empty, migrations.upgrade, "head")
    assert objects(empty) == before


def test_revision_is_newer_if_it_would_come_later() -> None:
    assert migrations.is_newer("9999")
    assert not any(migrations.is_newer(revision) for revision in REVISIONS)


def test_tables_as_code_equal_the_migrated_ones(empty: Engine) -> None:
    migrate(empty, migrations.upgrade, "head")
    with transaction(empty) as connection:
        assert migrations.schema_differences(connection) == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("ALTER TABLE runs ADD COLUMN mood TEXT", "mood"),
        ("CREATE TABLE moods (mood INTEGER)", "moods"),
        ("DROP INDEX ix_exposures_filename", "ix_exposures_filename"),
    ],
)
def test_table_changed_by_hand_is_reported(catalog: Engine, statement: str, named: str) -> None:
    with catalog.begin() as connection:
        connection.exec_driver_sql(statement)
    with transaction(catalog) as connection:
        (difference,) = migrations.schema_differences(connection)
    assert named in difference


def test_every_step_down_undoes_its_step_up(empty: Engine) -> None:
    seen = {"base": objects(empty)}
    for revision in REVISIONS:
        migrate(empty, migrations.upgrade, revision)
        seen[revision] = objects(empty)
    differing = {frozenset(found) for found in seen.values()}
    # Roles are PostgreSQL's.
    unchanged = 1 if empty.dialect.name == "sqlite" else 0
    assert len(seen) == len(differing) + unchanged

    steps = ["base", *REVISIONS]
    for lower, upper in reversed(list(pairwise(steps))):
        migrate(empty, migrations.downgrade, lower)
        assert objects(empty) == seen[lower]
        migrate(empty, migrations.upgrade, upper)
        assert objects(empty) == seen[upper]
        migrate(empty, migrations.downgrade, lower)


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_data_survive_a_downgrade_and_are_guarded_again(
    full_catalog: Engine, revision: str
) -> None:
    before = rows(full_catalog)
    assert all(before.values())
    migrate(full_catalog, migrations.downgrade, revision)
    assert rows(full_catalog) == before
    if revision < "0003":
        with transaction(full_catalog, writing=True) as connection:
            removed = connection.execute(text("DELETE FROM association_members"))
            assert removed.rowcount == len(before["association_members"])
            connection.rollback()

    migrate(full_catalog, migrations.upgrade, "head")
    assert rows(full_catalog) == before
    assert verify(full_catalog).findings == []
    assert check_catalog(full_catalog) == []
    assert refusals(full_catalog) == GUARDED


def test_downgrade_to_base_leaves_nothing_and_can_be_undone(full_catalog: Engine) -> None:
    whole = objects(full_catalog)
    migrate(full_catalog, migrations.downgrade, "base")
    assert objects(full_catalog) == set()
    migrate(full_catalog, migrations.upgrade, "head")
    assert objects(full_catalog) == whole
    with transaction(full_catalog) as connection:
        assert migrations.schema_differences(connection) == []


# ------------------------------------------------------------------------- constraints

RULES = "(SELECT ruleset_id FROM rulesets WHERE label = 'draft-rules')"
BROKEN_CHECKS = {
    "ck_exp_types_upper_case": "INSERT INTO exp_types VALUES ('Mir_new', 'MIRI', NULL)",
    "ck_keywords_upper_case": "UPDATE keywords SET keyword = 'Lamp' WHERE keyword = 'LAMP'",
    "ck_rulesets_kind": "UPDATE rulesets SET kind = 'other' WHERE label = 'draft-modes'",
    "ck_rulesets_status": "UPDATE rulesets SET status = 'other' WHERE label = 'draft-modes'",
    "ck_rulesets_published_at": (
        "UPDATE rulesets SET status = 'published' WHERE label = 'draft-modes'"
    ),
    "ck_rulesets_published_by": (
        "UPDATE rulesets SET published_by = 'me' WHERE label = 'draft-modes'"
    ),
    "ck_rulesets_retroactive": (
        "UPDATE rulesets SET retroactive = 'a reason' WHERE label = 'draft-modes'"
    ),
    "ck_rulesets_dated": (
        "UPDATE rulesets SET status = 'published', published_at = '2029-12-31T00:00:00Z', "
        "effective_from = NULL WHERE label = 'draft-modes'"
    ),
    "ck_rulesets_period": (
        "UPDATE rulesets SET effective_until = effective_from WHERE label = 'draft-modes'"
    ),
    "ck_rulesets_implements": "UPDATE rulesets SET implements = NULL WHERE label = 'draft-rules'",
    "ck_rulesets_extends": (f"UPDATE rulesets SET extends = {RULES} WHERE label = 'draft-modes'"),
    "ck_path_table_terms_operator": (
        f"UPDATE path_table_terms SET operator = 'like' WHERE ruleset_id = {RULES}"
    ),
    "ck_path_table_terms_values": (
        f"UPDATE path_table_terms SET term_values = NULL, value_list = NULL "
        f"WHERE ruleset_id = {RULES}"
    ),
    "ck_rule_group_conditions_when": (
        "UPDATE rule_group_conditions SET when_value = 't' "
        f"WHERE when_key IS NULL AND ruleset_id = {RULES}"
    ),
    "ck_condition_terms_operator": (
        f"UPDATE condition_terms SET operator = 'like' WHERE ruleset_id = {RULES}"
    ),
    "ck_asn_rule_conditions_scope": (
        f"UPDATE asn_rule_conditions SET scope = 'other' WHERE role = '' AND ruleset_id = {RULES}"
    ),
    "ck_asn_rule_conditions_role": (
        f"UPDATE asn_rule_conditions SET role = '' WHERE scope = 'role' AND ruleset_id = {RULES}"
    ),
    "ck_asn_rule_conditions_when": (
        "UPDATE asn_rule_conditions SET when_value = 't' "
        f"WHERE when_key IS NULL AND ruleset_id = {RULES}"
    ),
    "ck_class_rules_class": (
        f"UPDATE class_rules SET member_type = NULL WHERE ruleset_id = {RULES}"
    ),
    "ck_known_differences_aspect": (
        f"UPDATE known_differences SET aspect = 'other' WHERE ruleset_id = {RULES}"
    ),
    "ck_known_differences_applies": (
        f"UPDATE known_differences SET exp_type = NULL, condition = NULL WHERE ruleset_id = {RULES}"
    ),
    "ck_condition_terms_values": (
        f"UPDATE condition_terms SET term_values = NULL, value_list = NULL "
        f"WHERE ruleset_id = {RULES}"
    ),
    "ck_ruleset_settings_generation_order": (
        f"UPDATE ruleset_settings SET generation_order = 'other' WHERE ruleset_id = {RULES}"
    ),
    "ck_ruleset_settings_candidate_rows": (
        f"UPDATE ruleset_settings SET candidate_rows = 'other' WHERE ruleset_id = {RULES}"
    ),
    "ck_ruleset_settings_taken_once": (
        f"UPDATE ruleset_settings SET taken_once = 'other' WHERE ruleset_id = {RULES}"
    ),
    "ck_ruleset_settings_dms_mode": (
        f"UPDATE ruleset_settings SET dms_mode = 'other' WHERE ruleset_id = {RULES}"
    ),
    "ck_ruleset_settings_several_selected": (
        f"UPDATE ruleset_settings SET several_selected = 'other' WHERE ruleset_id = {RULES}"
    ),
    "ck_decisions_reason": (
        "INSERT INTO decisions (run_id, pool_id, position, trace_id, association_count, reason) "
        "VALUES (9, 1, 2, 1, 1, 'no reason')"
    ),
    "ck_association_members_exposure": (
        "INSERT INTO association_members (run_id, association, position, product, expname, "
        "exptype, pool_id) VALUES (9, 1, 2, '', '', '', 1)"
    ),
    "ck_imported_associations_verdict": (
        "INSERT INTO imported_associations (run_id, position, file_name, sha256, asn_rule, "
        "verdict, explanation) VALUES (9, 1, '', '', '', 'other', '')"
    ),
    "ck_runs_origin": (
        "INSERT INTO runs SELECT 9, 'other', started_at, finished_at, operator, host, "
        "software_version, ruleset_id, options, note, exposure_count, association_count, "
        "unassociated_count, diagnostics, section_digests, 'a', 'b' FROM runs WHERE run_id = 1"
    ),
}


def test_every_check_has_its_test() -> None:
    checks = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert checks == set(BROKEN_CHECKS)


@pytest.mark.parametrize("check", BROKEN_CHECKS)
def test_check_refuses_what_it_forbids(kept_catalog: Engine, check: str) -> None:
    with pytest.raises(IntegrityError, match=check), kept_catalog.begin() as connection:
        connection.exec_driver_sql(BROKEN_CHECKS[check])


# What the seeds leave empty.
REFERENCES = [
    "UPDATE rulesets SET extends = (SELECT ruleset_id FROM rulesets WHERE label = 'jwst-3.0.0') "
    "WHERE label = 'draft-rules'",
    "UPDATE path_table_terms SET term_values = NULL, value_list = (SELECT min(value_list) "
    f"FROM value_lists WHERE ruleset_id = {RULES}) WHERE ruleset_id = {RULES}",
    f"UPDATE rule_group_conditions SET when_value = 't', when_key = (SELECT min(key) FROM keys "
    f"WHERE ruleset_id = {RULES}) WHERE ruleset_id = {RULES}",
]


def test_every_foreign_key_refuses_what_is_not_there(full_catalog: Engine) -> None:
    # They would refuse for reasons of their own.
    without_guards(full_catalog)
    with full_catalog.begin() as connection:
        for statement in REFERENCES:
            assert connection.exec_driver_sql(statement).rowcount
    # PostgreSQL looks for these in a trigger, see test_guards.py.
    of_triggers = guards.BULK if full_catalog.dialect.name == "postgresql" else ()
    keys = [
        (table, key.elements[-1].parent)
        for table in metadata.tables.values()
        for key in table.foreign_key_constraints
        if table.name not in of_triggers or key.deferrable or key.referred_table.name == "asn_types"
    ]
    assert keys
    for table, column in keys:
        missing = "'not there'" if column.type.python_type is str else "987654"
        key = ", ".join(table.primary_key.columns.keys())
        change = (
            f"UPDATE {table} SET {column.name} = {missing} WHERE ({key}) = "
            f"(SELECT {key} FROM {table} WHERE {column.name} IS NOT NULL LIMIT 1)"
        )
        with (
            pytest.raises(IntegrityError, match=r"(?i)foreign key"),
            full_catalog.begin() as connection,
        ):
            connection.exec_driver_sql(change)
