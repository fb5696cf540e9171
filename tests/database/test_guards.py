"""What is published or recorded cannot be changed or removed, whoever tries."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from asnrules.catalog import store
from asnrules.catalog.rulesets import list_rulesets
from asnrules.database import guards
from asnrules.database.bulk import insert_rows
from asnrules.database.engines import transaction
from asnrules.database.references import check_references
from asnrules.database.schema import all_tables as schema
from asnrules.rules.rows import ROW_TABLES
from filled import without_guards

ConnectAs = Callable[[str, str], Engine]

PUBLISHED = "a published ruleset cannot be changed"
RECORDED = "a recorded run cannot be changed"
OVERLAP = r"another ruleset of its kind is in force|ex_rulesets_(table|rules)"

# A row for each table of a ruleset, beside those that the drafts have.
NEW_ROWS = {
    "ruleset_files": {"path": "new.toml", "text": ""},
    "exposure_modes": {"position": 999, "exp_type": "NIS_AMI", "member_type": "science"},
    "errata": {
        "position": 1, "field": "special", "printed": "N", "corrected": "N/A", "reason": "cut off",
    },
    "value_lists": {"value_list": "new", "list_values": '["a"]'},
    "path_tables": {"path_table": "new"},
    "path_table_terms": {
        "path_table": "ifu_paths", "alternative": 99, "position": 1, "keyword": "LAMP",
        "operator": "set", "term_values": "[]",
    },
    "conditions": {"condition": "new", "text": "something new"},
    "condition_terms": {
        "condition": "tso", "alternative": 99, "position": 1, "keyword": "LAMP",
        "operator": "set", "term_values": "[]",
    },
    "keys": {"key": "new", "required": True},
    "key_sources": {"key": "program", "position": 9, "keyword": "LAMP"},
    "rule_groups": {"rule_group": "new"},
    "rule_group_conditions": {
        "rule_group": "base", "position": 99, "condition": "tso", "negated": False,
    },
    "rule_group_keys": {"rule_group": "base", "position": 99, "key": "program"},
    "asn_rules": {
        "asn_rule": "Asn_New", "asn_type": "image2", "title": "new", "as_science": False,
    },
    "asn_rule_roles": {
        "asn_rule": "Asn_Lv2Image", "role": "new", "position": 9, "single": False,
        "offered_again": 0, "keys_only": False, "creates_too": False,
    },
    "asn_rule_groups": {
        "asn_rule": "Asn_Lv2Image", "role": "", "position": 99, "rule_group": "base",
    },
    "asn_rule_conditions": {
        "asn_rule": "Asn_Lv2Image", "scope": "exposure", "role": "", "position": 99,
        "condition": "tso", "negated": False,
    },
    "asn_rule_keys": {"asn_rule": "Asn_Lv2Image", "role": "", "position": 99, "key": "program"},
    "asn_rule_steps": {
        "asn_rule": "Asn_Lv2Image", "position": 99, "step": "science_required", "parameters": "{}",
    },
    "class_rules": {"position": 99, "condition": "tso", "member_type": "dark"},
    "written_classes": {"member_type": "dark", "written_as": "science"},
    "required_columns": {"position": 99, "keyword": "LAMP"},
    "product_suffixes": {"suffix": "new"},
    "ruleset_settings": {
        "sequence_digits": 5, "numbers_reversed": False, "generation_order": "by_row",
        "candidate_rows": "listed", "taken_once": "row", "empty_values": "[]",
        "dms_mode": "ignored", "several_selected": "each",
    },
    "overall_steps": {"position": 9, "step": "prune_products", "parameters": "{}"},
    "known_differences": {
        "position": 999, "exp_type": "NIS_AMI", "aspect": "row", "published": "", "software": "",
        "reason": "new",
    },
    "intended_overlaps": {
        "asn_rule": "Asn_Lv2Image", "stays": "Asn_Lv2SpecSpecial", "reason": "new",
    },
    "ruleset_releases": {"release": "9.9.9", "released": dt.date(2040, 1, 1)},
    "ruleset_changes": {"position": 99, "change": "new", "why": "new", "source": "made up"},
    "ruleset_change_items": {
        "change": "five-digits", "position": 99, "kind": "rule", "item": "Asn_Lv2Image",
    },
}  # fmt: skip
OF_RULESET = tuple(NEW_ROWS)
RECORD = (
    "pools", "exposures", "runs", "run_pools", "traces", "decisions", "associations",
    "association_members", "imported_associations",
)  # fmt: skip


def test_every_table_is_guarded_or_vocabulary() -> None:
    vocabulary = {"instruments", "exp_types", "member_types", "keywords", "specials", "asn_types"}
    assert {"rulesets", "catalog_entries", *OF_RULESET, *RECORD, *vocabulary} == set(
        schema.metadata.tables
    )
    assert set(OF_RULESET) == {"ruleset_files", *ROW_TABLES["table"], *ROW_TABLES["rules"]}


def assert_refused(engine: Engine, statement: str, message: str) -> None:
    with pytest.raises(DBAPIError, match=message), engine.begin() as connection:
        connection.exec_driver_sql(statement)


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    """Give a connection whose changes are taken back at the end."""
    with engine.connect() as connection, connection.begin() as whole:
        yield connection
        whole.rollback()


def columns(table: str) -> list[str]:
    return [column.name for column in schema.metadata.tables[table].columns]


def ids(connection: Connection, table: str) -> tuple[int, int]:
    """Give the ids of a draft and of a published ruleset that can have rows in a table."""
    kind = "modes" if table in ROW_TABLES["table"] else "rules"
    published = {"rules": "jwst-3.0.0", "modes": "2026-03-20"}[kind]
    draft = store.ruleset_ids(connection)[f"draft-{kind}"]
    key = store.ruleset_ids(connection)[published]
    assert draft is not None
    assert key is not None
    return draft, key


@pytest.mark.parametrize("column", columns("rulesets"))
def test_header_of_published_ruleset_cannot_be_updated(kept_catalog: Engine, column: str) -> None:
    assert_refused(kept_catalog, f"UPDATE rulesets SET {column} = {column}", PUBLISHED)


def test_published_ruleset_cannot_become_a_draft_again(kept_catalog: Engine) -> None:
    statement = "UPDATE rulesets SET status = 'draft', published_at = NULL"
    assert_refused(kept_catalog, statement, PUBLISHED)


def test_published_ruleset_cannot_be_deleted(kept_catalog: Engine) -> None:
    assert_refused(kept_catalog, "DELETE FROM rulesets", PUBLISHED)


@pytest.mark.parametrize("table", OF_RULESET)
def test_row_of_published_ruleset_cannot_be_updated(kept_catalog: Engine, table: str) -> None:
    for column in columns(table):
        assert_refused(kept_catalog, f"UPDATE {table} SET {column} = {column}", PUBLISHED)


@pytest.mark.parametrize("table", OF_RULESET)
def test_row_of_published_ruleset_cannot_be_deleted(kept_catalog: Engine, table: str) -> None:
    assert_refused(kept_catalog, f"DELETE FROM {table}", PUBLISHED)


@pytest.mark.parametrize("table", OF_RULESET)
def test_row_can_be_added_to_a_draft_only(kept_catalog: Engine, table: str) -> None:
    statement = insert(schema.metadata.tables[table])
    with undone(kept_catalog) as connection:
        draft, published = ids(connection, table)
        if table == "ruleset_settings":
            # There is one row of it.
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE ruleset_id = {draft}")
        connection.execute(statement.values(ruleset_id=draft, **NEW_ROWS[table]))
        with pytest.raises(DBAPIError, match=PUBLISHED), connection.begin_nested():
            connection.execute(statement.values(ruleset_id=published, **NEW_ROWS[table]))


@pytest.mark.parametrize("table", OF_RULESET)
def test_row_of_a_draft_cannot_move_to_a_published_ruleset(
    kept_catalog: Engine, table: str
) -> None:
    with kept_catalog.connect() as connection:
        draft, published = ids(connection, table)
    statement = f"UPDATE {table} SET ruleset_id = {published} WHERE ruleset_id = {draft}"
    assert_refused(kept_catalog, statement, PUBLISHED)


@pytest.mark.parametrize(
    ("label", "tables"),
    [
        ("draft-modes", ROW_TABLES["table"]),
        ("draft-rules", ("ruleset_files", *ROW_TABLES["rules"])),
    ],
)
def test_draft_can_be_changed_and_deleted(
    full_catalog: Engine, label: str, tables: tuple[str, ...]
) -> None:
    with transaction(full_catalog, writing=True) as connection:
        key = store.ruleset_ids(connection)[label]
        for table in ("rulesets", *tables):
            for column in columns(table):
                changed = connection.execute(
                    text(f"UPDATE {table} SET {column} = {column} WHERE ruleset_id = {key}")
                )
                assert changed.rowcount > 0
        for table in (*reversed(tables), "rulesets"):
            gone = connection.execute(text(f"DELETE FROM {table} WHERE ruleset_id = {key}"))
            assert gone.rowcount > 0
        assert label not in store.ruleset_ids(connection)


@pytest.mark.parametrize("table", RECORD)
def test_recorded_row_cannot_be_updated(kept_catalog: Engine, table: str) -> None:
    for column in columns(table):
        assert_refused(kept_catalog, f"UPDATE {table} SET {column} = {column}", RECORDED)


@pytest.mark.parametrize("table", RECORD)
def test_recorded_row_cannot_be_deleted(kept_catalog: Engine, table: str) -> None:
    assert_refused(kept_catalog, f"DELETE FROM {table}", RECORDED)


# ------------------------------------------------------------------------- periods

EMPTY_RULESET: dict[str, Any] = {
    "ruleset_id": 99, "label": "empty", "kind": "table", "status": "published", "title": "",
    "source": "", "effective_from": dt.date(2031, 1, 1), "checksum": "",
    "published_at": dt.datetime(2031, 1, 1, tzinfo=dt.UTC),
}  # fmt: skip
NEW_RULESET = EMPTY_RULESET | {
    "ruleset_id": 100, "label": "new", "effective_from": dt.date(2032, 1, 1),
}  # fmt: skip

Period = tuple[str, str | None]


def put(
    connection: Connection,
    number: int,
    period: tuple[str | None, str | None],
    kind: str = "table",
    status: str = "published",
) -> None:
    start, end = (day and dt.date.fromisoformat(day) for day in period)
    row = NEW_RULESET | {
        "ruleset_id": 200 + number, "label": f"period {number}", "kind": kind, "status": status,
        "effective_from": start, "effective_until": end,
    }  # fmt: skip
    if status == "draft":
        row["published_at"] = None
    if kind == "rules":
        row["implements"] = store.ruleset_ids(connection)["2026-03-20"]
    with connection.begin_nested():
        connection.execute(insert(schema.catalog.rulesets).values(**row))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("2019-01-01", None), ("2019-01-01", None)),
        (("2019-01-01", None), ("2019-01-01", "2019-02-01")),
        (("2019-01-01", "2019-03-01"), ("2019-02-28", None)),
        (("2019-01-01", "2019-03-01"), ("2019-01-02", "2019-01-03")),
        (("2019-02-01", None), ("2019-01-01", "2019-02-02")),
        (("2019-02-01", "2019-03-01"), ("2019-01-01", "2019-04-01")),
        (("9999-12-31", None), ("9999-12-31", None)),
    ],
)
@pytest.mark.parametrize("kind", ["table", "rules"])
def test_periods_of_a_kind_cannot_overlap(
    kept_catalog: Engine, kind: str, first: Period, second: Period
) -> None:
    with undone(kept_catalog) as connection:
        put(connection, 1, first, kind)
        with pytest.raises(IntegrityError, match=OVERLAP):
            put(connection, 2, second, kind)
        # A draft may; it cannot be published so.
        put(connection, 3, second, kind, "draft")
        with pytest.raises(DBAPIError, match=OVERLAP), connection.begin_nested():
            connection.exec_driver_sql(
                "UPDATE rulesets SET status = 'published', "
                "published_at = '2026-01-01T00:00:00.000000Z' WHERE label = 'period 3'"
            )


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("2019-01-01", None), ("2019-01-02", None)),
        (("2019-01-01", None), ("2018-12-31", None)),
        (("2019-01-01", "2019-02-01"), ("2019-02-01", None)),
        (("2019-02-01", None), ("2019-01-01", "2019-02-01")),
        (("2019-01-01", None), ("2019-03-01", "2019-04-01")),
    ],
)
def test_periods_may_meet_and_the_next_ends_one_without_an_end(
    kept_catalog: Engine, first: Period, second: Period
) -> None:
    query = "SELECT effective_from, effective_until FROM rulesets WHERE ruleset_id > 200"
    with undone(kept_catalog) as connection:
        put(connection, 1, first)
        put(connection, 2, second)
        assert len(connection.exec_driver_sql(query).all()) == 2


def test_periods_of_different_kinds_do_not_meet(kept_catalog: Engine) -> None:
    with undone(kept_catalog) as connection:
        put(connection, 1, ("2019-01-01", "2019-02-01"))
        put(connection, 2, ("2019-01-01", "2019-02-01"), "rules")


DAYS = st.integers(1, 12).map(lambda day: dt.date(2019, 1, day))
PERIODS = st.lists(
    st.tuples(DAYS, st.one_of(st.none(), DAYS)).filter(
        lambda pair: not pair[1] or pair[0] < pair[1]
    ),
    min_size=2,
    max_size=6,
)


@settings(max_examples=40)
@given(periods=PERIODS)
def test_what_is_published_is_never_in_force_together(
    kept_catalog: Engine, periods: list[tuple[dt.date, dt.date | None]]
) -> None:
    """Whatever is published in whatever order: refused are those that overlap, and only those."""
    taken: list[set[dt.date]] = []
    with undone(kept_catalog) as connection:
        for number, (start, end) in enumerate(periods):
            length = (end - start).days if end is not None else 1
            days = {start + dt.timedelta(days=day) for day in range(length)}
            row = NEW_RULESET | {
                "ruleset_id": 300 + number, "label": f"drawn {number}", "effective_from": start,
                "effective_until": end,
            }  # fmt: skip
            fits = not any(days & others for others in taken)
            try:
                with connection.begin_nested():
                    connection.execute(insert(schema.catalog.rulesets).values(**row))
            except IntegrityError as error:
                assert re.search(OVERLAP, str(error))  # noqa: PT017
                assert not fits
            else:
                assert fits
                taken.append(days)
        infos = [info for info in list_rulesets(connection) if info.ruleset.startswith("drawn")]
        assert len(infos) == len(taken)
        for day in range(1, 14):
            assert sum(info.is_in_force(dt.date(2019, 1, day)) for info in infos) <= 1


def test_draft_needs_no_date(kept_catalog: Engine) -> None:
    with undone(kept_catalog) as connection:
        put(connection, 1, (None, None), status="draft")
        put(connection, 2, (None, None), status="draft")
        with pytest.raises(IntegrityError, match="ck_rulesets_dated"):
            put(connection, 3, (None, None))


def test_of_two_that_publish_at_once_one_is_refused(full_catalog: Engine) -> None:
    """The second waits for the first, and sees then what it has published."""
    with full_catalog.begin() as connection:
        put(connection, 1, ("2019-01-01", "2019-03-01"), status="draft")
        put(connection, 2, ("2019-02-01", None), status="draft")
    both_have_begun = threading.Barrier(2)

    def publish(number: int) -> str:
        try:
            with transaction(full_catalog) as connection:
                # Both have seen a catalog in which neither is published.
                connection.execute(text("SELECT count(*) FROM rulesets")).scalar_one()
            both_have_begun.wait(timeout=120)
            with transaction(full_catalog, writing=True) as connection:
                store.publish(connection, [200 + number], NEW_RULESET["published_at"])
        except IntegrityError as error:
            return str(error.orig)
        return "published"

    with ThreadPoolExecutor(2) as threads:
        said = sorted(threads.map(publish, (1, 2)), key=len)
    assert said[0] == "published"
    assert re.search(OVERLAP, said[1])


# ------------------------------------------------------------------------- PostgreSQL


@pytest.mark.parametrize("table", ["rulesets", *OF_RULESET, *RECORD])
def test_guarded_table_cannot_be_truncated(kept_postgresql: Engine, table: str) -> None:
    assert_refused(kept_postgresql, f"TRUNCATE {table} CASCADE", "cannot be changed")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("errata", PUBLISHED),
        ("condition_terms", PUBLISHED),
        ("decisions", RECORDED),
        ("association_members", RECORDED),
    ],
)
def test_table_that_nothing_refers_to_cannot_be_truncated(
    kept_postgresql: Engine, table: str, message: str
) -> None:
    assert_refused(kept_postgresql, f"TRUNCATE {table}", message)


@pytest.mark.parametrize("table", ["instruments", "exp_types", "member_types", "asn_types"])
def test_truncating_the_vocabulary_does_not_reach_what_refers_to_it(
    kept_postgresql: Engine, table: str
) -> None:
    assert_refused(kept_postgresql, f"TRUNCATE {table} CASCADE", "cannot be changed")


# ------------------------------------------------------------------------- REPLACE of SQLite


@pytest.mark.parametrize("table", RECORD)
def test_recorded_row_cannot_be_replaced(kept_sqlite: Engine, table: str) -> None:
    statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"
    assert_refused(kept_sqlite, statement, RECORDED)


@pytest.mark.parametrize("table", OF_RULESET)
def test_row_of_published_ruleset_cannot_be_replaced(kept_sqlite: Engine, table: str) -> None:
    with kept_sqlite.connect() as connection:
        _, published = ids(connection, table)
    statement = (
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE ruleset_id = {published}"
    )
    assert_refused(kept_sqlite, statement, PUBLISHED)


@pytest.mark.parametrize("same", ["ruleset_id", "label"])
def test_published_ruleset_cannot_be_replaced(full_sqlite: Engine, same: str) -> None:
    new = NEW_RULESET | {same: EMPTY_RULESET[same]}
    statement = insert(schema.catalog.rulesets)
    with full_sqlite.begin() as connection:
        connection.execute(statement.values(**EMPTY_RULESET))
    with pytest.raises(DBAPIError, match=PUBLISHED), full_sqlite.begin() as connection:
        connection.execute(statement.prefix_with("OR REPLACE").values(**new))


@pytest.mark.parametrize("column", ["ruleset_id", "label"])
def test_draft_cannot_be_updated_to_replace_a_published_ruleset(
    full_sqlite: Engine, column: str
) -> None:
    with full_sqlite.begin() as connection:
        connection.execute(insert(schema.catalog.rulesets).values(**EMPTY_RULESET))
        connection.exec_driver_sql(
            "INSERT INTO rulesets SELECT 100, 'new', kind, 'draft', title, source, '2032-01-01', "
            "NULL, implements, extends, checksum, changes_checksum, NULL, NULL, NULL FROM rulesets "
            "WHERE ruleset_id = 99"
        )
    statement = (
        f"UPDATE OR REPLACE rulesets SET {column} = "
        f"(SELECT {column} FROM rulesets WHERE ruleset_id = 99) WHERE ruleset_id = 100"
    )
    assert_refused(full_sqlite, statement, PUBLISHED)


def test_recorded_pool_cannot_be_replaced_under_a_new_id(full_sqlite: Engine) -> None:
    statement = "INSERT OR REPLACE INTO pools VALUES (3, 'ab', '[]', '[\"a\"]', 0, 9)"
    assert_refused(full_sqlite, statement, RECORDED)


def test_trace_cannot_be_replaced_under_a_new_id(full_sqlite: Engine) -> None:
    statement = (
        "INSERT OR REPLACE INTO traces SELECT 3, ruleset_id, signature, member_type, special, "
        "table_position, agrees, reason, trace, 9 FROM traces WHERE trace_id = 1"
    )
    assert_refused(full_sqlite, statement, RECORDED)


@pytest.mark.parametrize("same", ["run_id", "previous_digest", "digest"])
def test_recorded_run_cannot_be_replaced(full_sqlite: Engine, same: str) -> None:
    new = {"run_id": "9", "previous_digest": "'new'", "digest": "'newer'"} | {same: same}
    columns_of_run = ", ".join(new.get(column, column) for column in columns("runs"))
    statement = f"INSERT OR REPLACE INTO runs SELECT {columns_of_run} FROM runs WHERE run_id = 1"
    assert_refused(full_sqlite, statement, RECORDED)


# ------------------------------------------------------------------------- nothing is added

LATE = {
    "pools": "(9, 'new', '[]', '[]', 0, 1)",
    "exposures": "(1, 9, 'new', NULL, NULL, NULL, '{}')",
    "run_pools": "(1, 9, 1, 'new')",
    "traces": "(9, (SELECT max(ruleset_id) FROM runs), 'new', NULL, NULL, NULL, NULL, '', '', 1)",
    "decisions": "(2, 1, 1, 1, 1, NULL)",
    "associations": "(1, 9, 'new', 'image2', '', '', '', '', '', '', '')",
    "association_members": "(1, 1, 9, '', '', '', NULL, NULL, NULL)",
    "imported_associations": "(1, 1, '', '', '', NULL, NULL, NULL, 'differs', '')",
}


@pytest.mark.parametrize("table", LATE)
def test_recorded_run_takes_no_more_rows(full_catalog: Engine, table: str) -> None:
    statement = f"INSERT INTO {table} VALUES {LATE[table]}"
    assert_refused(full_catalog, statement, RECORDED)
    without_guards(full_catalog)
    with full_catalog.begin() as connection:
        assert connection.exec_driver_sql(statement).rowcount == 1


def test_rows_of_a_run_that_is_not_there_are_refused(full_catalog: Engine) -> None:
    statement = "INSERT INTO pools VALUES (2, 'new', '[]', '[]', 0, 9)"
    with (
        pytest.raises(IntegrityError, match=r"(?i)foreign key"),
        full_catalog.begin() as connection,
    ):
        connection.exec_driver_sql(statement)


# ------------------------------------------------------------------------- what rows refer to

# A row of a run that is being recorded, and the key that keeps it out.
ASTRAY = [
    ("exposures", "(9, 1, 'new', NULL, NULL, NULL, '{}')", "pool_id"),
    ("decisions", "(9, 1, 99, 1, 1, NULL)", "pool_id_position"),
    ("decisions", "(9, 99, 1, 1, 1, NULL)", "pool_id_position"),
    ("decisions", "(9, 1, 1, 99, 1, NULL)", "trace_id"),
    ("associations", "(9, 2, 'new', 'image9', '', '', '', '', '', '', '')", "asn_type"),
    ("association_members", "(9, 2, 1, '', '', '', NULL, NULL, NULL)", "run_id_association"),
    ("association_members", "(9, 1, 1, '', '', '', NULL, 1, 99)", "pool_id_exposure"),
    ("association_members", "(9, 1, 1, '', '', '', NULL, 99, 1)", "pool_id_exposure"),
    (
        "imported_associations",
        "(9, 2, '', '', '', NULL, NULL, NULL, 'differs', '')",
        "run_id_position",
    ),
]
GOOD = {
    "associations": "(9, 1, 'first', NULL, '', '', '', '', '', '', '')",
    "association_members": "(9, 1, 7, '', '', '', NULL, 1, 1), (9, 1, 8, '', '', '', NULL, NULL, "
    "NULL)",
}


def assert_astray(engine: Engine, table: str, row: str, key: str) -> None:
    """Check that a row is refused at once, beside good ones of the same statement as well."""
    name = "" if engine.dialect.name == "sqlite" else f"fk_{table}_{key}"
    with engine.connect() as connection:
        for good, values in GOOD.items():
            connection.exec_driver_sql(f"INSERT INTO {good} VALUES {values}")
        beside = {"association_members": "(9, 1, 2, '', '', '', NULL, 1, 1)"}.get(table)
        for values in filter(None, [row, beside and f"{beside}, {row}"]):
            with (
                pytest.raises(IntegrityError, match=rf"(?i)foreign key.*{name}"),
                connection.begin_nested(),
            ):
                connection.exec_driver_sql(f"INSERT INTO {table} VALUES {values}")


@pytest.mark.parametrize(("table", "row", "key"), ASTRAY)
def test_a_row_that_refers_to_nothing_is_refused(
    kept_catalog: Engine, table: str, row: str, key: str
) -> None:
    assert_astray(kept_catalog, table, row, key)


@pytest.mark.parametrize(("table", "row", "key"), ASTRAY)
def test_a_recorder_cannot_add_a_row_that_refers_to_nothing(
    kept_postgresql: Engine, connect_as: ConnectAs, table: str, row: str, key: str
) -> None:
    url = kept_postgresql.url.render_as_string(hide_password=False)
    assert_astray(connect_as(url, "recorder"), table, row, key)


def test_one_of_many_members_that_refers_to_nothing_is_found(kept_catalog: Engine) -> None:
    members = schema.metadata.tables["association_members"]
    rows = [(9, 1, at, "", "", "", None, 1, 1) for at in range(1, 2_000)]
    rows[1_500] = (9, 2, 1, "", "", "", None, 1, 1)
    with kept_catalog.connect() as connection:
        connection.exec_driver_sql(f"INSERT INTO associations VALUES {GOOD['associations']}")
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            insert_rows(connection, members, rows)


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("table", "row", "key"), [("", "", ""), *ASTRAY])
def test_what_is_added_unlooked_at_is_looked_through(
    full_catalog: Engine, table: str, row: str, key: str
) -> None:
    without_guards(full_catalog)
    astray = pytest.raises(IntegrityError, match=rf"FOREIGN KEY fk_{table}_{key} ")
    with transaction(full_catalog, writing=True, by_row=False) as connection:
        run = connection.execute(select(schema.record.runs)).mappings().first()
        later = {**(run or {}), "run_id": 9, "previous_digest": "8", "digest": "9"}
        connection.execute(schema.record.runs.insert(), later)
        for good, values in [*GOOD.items(), *([(table, row)] if table else [])]:
            connection.exec_driver_sql(f"INSERT INTO {good} VALUES {values}")
        with astray if table else nullcontext():
            check_references(connection, 9)


def test_every_key_that_a_trigger_looks_for_was_tried() -> None:
    keys = {
        (name, "_".join(key.column_keys))
        for name in guards.BULK
        for key in schema.metadata.tables[name].foreign_key_constraints
        if not key.deferrable
    }
    assert keys <= {(table, key) for table, _, key in ASTRAY}
    assert len(keys) == 6


def test_keys_are_declared_where_a_trigger_looks(kept_postgresql: Engine) -> None:
    found = inspect(kept_postgresql).get_foreign_keys("association_members")
    assert {(*key["constrained_columns"], key["referred_table"]) for key in found} == {
        ("run_id", "association", "associations"),
        ("pool_id", "exposure", "exposures"),
    }
