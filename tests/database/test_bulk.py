"""Many rows at once: they come back as they were, in their order, all or none."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, select
from sqlalchemy.exc import IntegrityError

from asnrules.database import bulk
from asnrules.database.bulk import insert_rows, inserting
from asnrules.database.engines import transaction
from asnrules.database.types import Flag, Number

TEXTS = ["", "null", "\\", "\\N", "\\.", "a\tb\r\n\"c',d],[", "é\u2028\U0001f52d\x01\x7f", "NULL"]
MANY = [
    (number, -(2**63) + number, TEXTS[number % len(TEXTS)], None if number % 3 else number % 2)
    for number in range(2_000)
]


@pytest.fixture
def table(catalog: Engine) -> Table:
    made = Table(
        "many", MetaData(), Column("id", Integer, primary_key=True), Column("number", Number),
        Column("text", Text), Column("flag", Flag), sqlite_strict=True,
    )  # fmt: skip
    made.create(catalog)
    return made


def given(engine: Engine, count: int) -> list[tuple[object, ...]]:
    """Give rows as they are inserted: with flags as the database has them."""
    is_sqlite = engine.dialect.name == "sqlite"
    return [
        (*row, flag if flag is None or is_sqlite else bool(flag)) for *row, flag in MANY[:count]
    ]


def stored(engine: Engine, table: Table) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_234, 2_000])
def test_rows_come_back(catalog: Engine, table: Table, count: int) -> None:
    with transaction(catalog, writing=True) as connection:
        insert_rows(connection, table, given(catalog, count))
    assert stored(catalog, table) == MANY[:count]


def test_rows_are_in_when_the_connection_is_used(catalog: Engine, table: Table) -> None:
    rows = given(catalog, 1_234)
    with transaction(catalog, writing=True) as connection, inserting(connection) as inserts:
        inserts.add(table, rows[:600])
        inserts.add(table, rows[600:1_200])
        inserts.add(table, rows[1_200:])
        assert len(inserts.connection.execute(select(table)).all()) == 1_234
    assert stored(catalog, table) == MANY[:1_234]
    assert threading.active_count() == 1


@pytest.mark.parametrize("place", [0, 1_233])
def test_a_row_that_is_refused_leaves_none(catalog: Engine, table: Table, place: int) -> None:
    rows = given(catalog, 1_234)
    rows[place] = rows[600]
    with (
        pytest.raises(IntegrityError),
        transaction(catalog, writing=True) as connection,
        inserting(connection) as inserts,
    ):
        inserts.add(table, rows)
    assert stored(catalog, table) == []


def test_an_interrupt_leaves_none_and_does_not_wait(
    catalog: Engine, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def endless(connection: object, *_: object) -> None:
        begun.set()
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i)"
        connection.exec_driver_sql(f"{numbers} FROM n")  # type: ignore[attr-defined]

    with (  # noqa: PT012
        pytest.raises(KeyboardInterrupt),
        transaction(catalog, writing=True) as connection,
        inserting(connection) as inserts,
    ):
        inserts.add(table, given(catalog, 600))
        _ = inserts.connection
        monkeypatch.setattr(bulk, "insert_rows", endless)
        inserts.add(table, given(catalog, 600))
        assert begun.wait(60)
        raise KeyboardInterrupt
    assert stored(catalog, table) == []
