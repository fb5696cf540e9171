"""Somebody's query, run so that it changes nothing and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading

import pytest
from sqlalchemy import Engine, text

from asnrules.database.engines import transaction
from asnrules.database.readonly import query
from asnrules.errors import UsageError
from seeds import connected

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"


@pytest.fixture
def engine(engine_name: str, templates: object) -> Engine:
    return connected(templates.seeded(engine_name))  # type: ignore[attr-defined]


def test_columns_and_rows(engine: Engine) -> None:
    with query(engine, "SELECT 1 AS one, 'two' AS two, NULL AS three") as (columns, rows):
        assert columns == ["one", "two", "three"]
        assert list(rows) == [(1, "two", None)]


def test_columns_of_one_name(engine: Engine) -> None:
    with query(engine, "SELECT 1 AS x, 2 AS x") as (columns, rows):
        assert (columns, list(rows)) == (["x", "x"], [(1, 2)])


def test_columns_are_known_though_there_are_no_rows(engine: Engine) -> None:
    with query(engine, "SELECT exp_type FROM v_exposure_modes WHERE 1 = 0") as (columns, rows):
        assert (columns, list(rows)) == (["exp_type"], [])


def test_rows_are_fetched_as_they_are_used(engine: Engine) -> None:
    # All of them at once would neither fit nor end.
    with query(engine, ENDLESS) as (_, rows):
        assert [next(rows) for _ in range(3)] == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    "statement",
    [
        f"{ENDLESS} WHERE x < 0",
        f"{ENDLESS} ORDER BY -x",
        "SELECT count(*) FROM v_rules a, v_rules b, v_rules c, v_rules d, v_rules e",
    ],
)
def test_a_query_that_gives_no_row_is_interrupted(engine: Engine, statement: str) -> None:
    # Datasette, once it is imported, has what callbacks raise printed.
    sqlite3.enable_callback_tracebacks(False)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt), query(engine, statement) as (_, rows):
            next(rows)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
    with query(engine, "SELECT 1") as (_, rows):
        assert list(rows) == [(1,)]


def test_the_error_of_a_row_is_an_error_of_the_query(engine: Engine, engine_name: str) -> None:
    failing = {"sqlite": "abs(-9223372036854775807 - x)", "postgresql": "1 / (1 - x)"}[engine_name]
    statement = f"WITH n(x) AS (SELECT 0 UNION ALL SELECT 1) SELECT {failing} FROM n"
    with pytest.raises(UsageError, match="sql: "), query(engine, statement) as (_, rows):
        list(rows)


def test_an_error_of_the_caller_passes_as_it_is(engine: Engine) -> None:
    def use() -> None:
        with query(engine, "SELECT 1"):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        use()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM keywords",
        "CREATE TABLE hubble (x integer)",
        "SELECT 1; DELETE FROM keywords",
        "COMMIT",
        "",
    ],
)
def test_what_is_no_query_is_refused(engine: Engine, statement: str) -> None:
    with pytest.raises(UsageError, match="one SELECT"), query(engine, statement):
        pass


def test_the_next_transaction_may_write_again(catalog: Engine) -> None:
    with query(catalog, "SELECT 1"):
        pass
    with pytest.raises(UsageError), query(catalog, "DELETE FROM keywords"):
        pass
    with transaction(catalog, writing=True) as connection:
        connection.execute(text("INSERT INTO instruments VALUES ('HST')"))
    with query(catalog, "SELECT instrument FROM instruments ORDER BY 1") as (_, rows):
        assert [name for (name,) in rows] == ["FGS", "HST", "MIRI", "NIRCAM", "NIRISS", "NIRSPEC"]


def test_a_function_that_would_load_code_is_refused(engine: Engine) -> None:
    with (
        pytest.raises(UsageError, match="sql: "),
        query(engine, "SELECT load_extension('hubble')") as (_, rows),
    ):
        list(rows)
