"""`asnrules sql`: reading with SQL, and nothing but reading."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine, inspect, text

from cli.conftest import Command

IFU = (
    "SELECT position, member_type, special FROM v_exposure_modes "
    "WHERE exp_type = 'NRS_IFU' ORDER BY position"
)


def test_table(asnrules: Command) -> None:
    result = asnrules("sql", IFU)
    assert result.out.splitlines()[0].split() == ["position", "member_type", "special"]
    assert result.table == [
        ["64", "background", "BACKGROUND"],
        ["65", "imprint", "IMPRINT"],
        ["66", "science"],
    ]


def test_json(asnrules: Command) -> None:
    assert asnrules("sql", IFU, "--format", "json").json == [
        {"position": 64, "member_type": "background", "special": "BACKGROUND"},
        {"position": 65, "member_type": "imprint", "special": "IMPRINT"},
        {"position": 66, "member_type": "science", "special": None},
    ]


def test_jsonl(asnrules: Command) -> None:
    rows = asnrules("sql", IFU, "--format", "jsonl").jsonl
    assert [row["special"] for row in rows] == ["BACKGROUND", "IMPRINT", None]


def test_csv(asnrules: Command) -> None:
    assert asnrules("sql", IFU, "--format", "csv").out == (
        "position,member_type,special\n"
        "64,background,BACKGROUND\n"
        "65,imprint,IMPRINT\n"
        "66,science,\n"
    )  # fmt: skip


def test_no_rows(asnrules: Command) -> None:
    query = "SELECT exp_type FROM v_exposure_modes WHERE exp_type = 'HST'"
    assert asnrules("sql", query, "--format", "json").json == []
    assert asnrules("sql", query, "--format", "csv").out == "exp_type\n"


def test_the_views_count_right(asnrules: Command) -> None:
    query = (
        "SELECT ruleset, count(*) AS n FROM v_exposure_modes_history "
        "GROUP BY ruleset ORDER BY ruleset"
    )
    assert asnrules("sql", query, "--format", "json").json == [
        {"ruleset": "2020-12-07", "n": 74},
        {"ruleset": "2021-03-19", "n": 74},
        {"ruleset": "2021-06-15", "n": 74},
        {"ruleset": "2025-05-02", "n": 74},
        {"ruleset": "2026-01-23", "n": 74},
        {"ruleset": "2026-03-20", "n": 75},
    ]


def test_signs_that_drivers_give_a_meaning_are_plain(asnrules: Command) -> None:
    query = (
        "SELECT DISTINCT exp_type, '%s %(x)s :name ?' AS signs FROM v_exposure_modes "
        "WHERE exp_type LIKE 'NRS%IFU'"
    )
    assert asnrules("sql", query, "--format", "json").json == [
        {"exp_type": "NRS_IFU", "signs": "%s %(x)s :name ?"}
    ]


def test_a_common_table_expression_and_a_trailing_semicolon(asnrules: Command) -> None:
    query = "WITH one(x) AS (SELECT 1) SELECT x FROM one;"
    assert asnrules("sql", query, "--format", "json").json == [{"x": 1}]


def test_columns_of_one_name_keep_their_own_values(asnrules: Command) -> None:
    result = asnrules("sql", "SELECT 1 AS x, 2 AS x", "--format", "csv")
    assert result.out == "x,x\n1,2\n"


NOT_FINITE = {
    "sqlite": ("9e999 AS a, -9e999 AS b", ["inf", "-inf"]),
    "postgresql": ("'inf'::float AS a, ARRAY['nan'::float, 1] AS b", ["inf", ["nan", 1.0]]),
}


@pytest.mark.parametrize("output", ["json", "jsonl"])
def test_numbers_that_json_does_not_have_are_texts(
    asnrules: Command, engine_name: str, output: str
) -> None:
    columns, values = NOT_FINITE[engine_name]
    text = asnrules("sql", f"SELECT {columns}", "--format", output).out

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    found = json.loads(text, parse_constant=refuse)
    (row,) = [found] if output == "jsonl" else found
    assert list(row.values()) == values


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_no_control_character_is_printed(asnrules: Command, output: str) -> None:
    query = "SELECT 'red\x1b[31m\x9b' AS \"name\x1b[31m\x9b\""
    result = asnrules("sql", query, "--format", output)
    result.assert_fine()
    assert "red" in result.out
    assert not set(result.out) & {"\x1b", "\x9b"}


def test_without_a_query_it_lists_the_views_with_a_line_each(
    asnrules: Command, catalog: Engine
) -> None:
    views = asnrules("sql", "--format", "json").json
    assert sorted(view["view"] for view in views) == sorted(inspect(catalog).get_view_names())
    assert views[0] == {
        "view": "v_exposure_modes",
        "rows": "The table in force today, in the order of the published page",
    }
    lines = asnrules("sql").lines
    assert len(lines) == len(views)
    assert all(len(line.split()) >= 4 and len(line) <= 110 for line in lines)


# ------------------------------------------------------------------ what is refused


def everything(engine: Engine) -> object:
    """Give what statements of the tests below would change."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM keywords ORDER BY keyword")).all()
        labels = connection.execute(text("SELECT label FROM rulesets ORDER BY label")).all()
        inspector = inspect(connection)
        columns = [column["name"] for column in inspector.get_columns("keywords")]
        tables, views = inspector.get_table_names(), inspector.get_view_names()
    return rows, labels, columns, sorted(tables), sorted(views)


DELETE = "DELETE FROM keywords WHERE keyword = 'LAMP'"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO keywords VALUES ('HUBBLE', 'a telescope', '')",
        "INSERT INTO keywords VALUES ('HUBBLE', 'a telescope', '') RETURNING keyword",
        "UPDATE keywords SET description = 'x'",
        DELETE,
        f"{DELETE} RETURNING keyword",
        f"WITH gone AS ({DELETE} RETURNING keyword) SELECT keyword FROM gone",
        f"EXPLAIN ANALYZE {DELETE}",
        "DROP TABLE association_members",
        "DROP VIEW v_unassociated",
        "CREATE TABLE hubble (x integer)",
        "CREATE TEMPORARY TABLE hubble (x integer)",
        "CREATE TABLE hubble AS SELECT 1 AS x",
        "SELECT 1 AS x INTO hubble",
        "ALTER TABLE keywords ADD COLUMN hubble text",
        "TRUNCATE keywords",
        "VACUUM",
        "ATTACH ':memory:' AS other",
        "DETACH main",
        "PRAGMA user_version = 7",
        "PRAGMA writable_schema = ON",
        "PRAGMA query_only = OFF",
        "COPY keywords TO STDOUT",
        "SET search_path TO public",
        "SET TRANSACTION READ WRITE",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "LOCK TABLE keywords",
        f"DO $$ BEGIN {DELETE}; END $$",
        f"COMMIT; {DELETE}",
        f"SELECT 1; {DELETE}",
        f"SELECT 1; COMMIT; {DELETE}; BEGIN",
        f"SELECT 1; COMMIT; {DELETE} --",
        "SELECT 1; SELECT 2",
    ],
)
def test_what_is_no_single_query_is_refused_and_changes_nothing(
    asnrules_on_copy: Command, catalog: Engine, statement: str
) -> None:
    before = everything(catalog)
    asnrules_on_copy("sql", statement).assert_error(2, "sql: ")
    assert everything(catalog) == before


@pytest.mark.parametrize("query", ["", "   ", "/* nothing */", "-- nothing", ";"])
def test_no_query_is_refused(asnrules: Command, query: str) -> None:
    asnrules("sql", "--", query).assert_error(2, "one SELECT")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("SELEKT 1", "SELEKT"),
        ("SELECT exp_type\nFROM v_nothing\nWHERE 1 = 1", "v_nothing"),
        ("SELECT hubble FROM v_exposure_modes", "hubble"),
        ("SELECT 'not closed", "not closed"),
        ("SELECT hubble(1)", "hubble"),
    ],
)
def test_a_query_that_is_not_understood_is_one_line(
    asnrules: Command, query: str, word: str
) -> None:
    asnrules("sql", query).assert_error(2, "sql: ", word)


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("SELECT * FROM v_exposure_mode", "near it are v_exposure_modes, "),
        ("SELECT * FROM association_v", "association"),
        ("SELECT exp_typ FROM v_exposure_modes", "near it are exp_type, "),
        ("SELECT m.exp_typ FROM v_exposure_modes AS m", "near it are exp_type, "),
        ("SELECT asn_type FROM v_rules WHERE rulset = 'x'", "ruleset"),
    ],
)
def test_an_unknown_name_brings_the_nearest(asnrules: Command, query: str, near: str) -> None:
    asnrules("sql", query).assert_error(2, "sql: ", near, "asnrules sql lists the views")


def test_an_error_in_the_midst_of_the_rows_is_one_line(asnrules: Command, engine_name: str) -> None:
    # 1/0 is NULL on SQLite, whose abs() overflows.
    failing = {"sqlite": "abs(-9223372036854775807 - x)", "postgresql": "1 / (1 - x)"}[engine_name]
    query = f"WITH n(x) AS (SELECT 0 UNION ALL SELECT 1) SELECT {failing} AS y FROM n"
    asnrules("sql", query, "--format", "json").assert_error(2, "sql: ")
