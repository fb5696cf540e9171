"""The tables: their names, their words, their types, on both engines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, inspect, select, text
from sqlalchemy.exc import DBAPIError

from asnrules.database.schema.all_tables import metadata
from asnrules.database.types import Day, Flag, Number, UtcTime


def test_sqlite_tables_are_strict(kept_sqlite: Engine) -> None:
    with kept_sqlite.connect() as connection:
        listed = connection.execute(text("PRAGMA table_list")).mappings().all()
    strict = {row["name"]: row["strict"] for row in listed if row["type"] == "table"}
    assert {name: strict[name] for name in metadata.tables} == dict.fromkeys(metadata.tables, 1)


def test_sqlite_refuses_a_value_of_another_type(kept_sqlite: Engine) -> None:
    statement = "INSERT INTO pools VALUES ('one', 'ab', '[]', '[]', 1)"
    with pytest.raises(DBAPIError), kept_sqlite.begin() as connection:
        connection.exec_driver_sql(statement)


def test_instruments_have_their_exp_types(kept_catalog: Engine) -> None:
    query = "SELECT instrument, count(*) FROM exp_types GROUP BY instrument"
    with kept_catalog.connect() as connection:
        counts = dict(connection.execute(text(query)).all())
        of_miri = connection.execute(
            text("SELECT instrument FROM exp_types WHERE exp_type = 'MIR_WFSS'")
        ).scalar_one()
    assert counts == {"FGS": 11, "MIRI": 17, "NIRISS": 10, "NIRCAM": 13, "NIRSPEC": 18}
    assert of_miri == "MIRI"


def test_specials_are_in_the_order_in_which_they_count(kept_catalog: Engine) -> None:
    query = "SELECT special, keyword FROM specials ORDER BY position"
    with kept_catalog.connect() as connection:
        rows = connection.execute(text(query)).all()
    assert rows == [("PSF", "IS_PSF"), ("IMPRINT", "IS_IMPRT"), ("BACKGROUND", "BKGDTARG")]


def test_asn_types_have_the_pipeline_that_consumes_them(kept_catalog: Engine) -> None:
    with kept_catalog.connect() as connection:
        rows = connection.execute(text("SELECT asn_type, pipeline FROM asn_types")).all()
        assert dict(rows) == {
            "image2": "calwebb_image2",
            "spec2": "calwebb_spec2",
            "tso-image2": "calwebb_image2",
            "tso-spec2": "calwebb_spec2",
            "nrslamp-spec2": "calwebb_spec2",
            "wfs-image2": "calwebb_image2",
        }


def by_table(found: Mapping[Any, Any]) -> dict[str, Any]:
    """Give what was found of all tables, by their names."""
    return {name: one for (_, name), one in found.items() if name in metadata.tables}


def test_constraints_and_indexes_are_named_after_table_and_columns(kept_catalog: Engine) -> None:
    found = inspect(kept_catalog)
    keys = by_table(found.get_multi_pk_constraint())
    assert {table: key["name"] for table, key in keys.items()} == {
        table: f"pk_{table}" for table in metadata.tables
    }
    for kind, of_tables in (
        ("fk", found.get_multi_foreign_keys()),
        ("uq", found.get_multi_unique_constraints()),
    ):
        for table, constraints in by_table(of_tables).items():
            for constraint in constraints:
                columns = constraint.get("constrained_columns") or constraint["column_names"]
                assert constraint["name"] == "_".join([kind, table, *columns])
    for table, constraints in by_table(found.get_multi_check_constraints()).items():
        for constraint in constraints:
            assert str(constraint["name"]).startswith(f"ck_{table}_")
    # A unique constraint of PostgreSQL is listed as an index as well.
    for table, indexes in by_table(found.get_multi_indexes()).items():
        for index in indexes:
            if "duplicates_constraint" not in index:
                assert index["name"] == "_".join(["ix", table, *map(str, index["column_names"])])


def test_times_are_utc_and_days_are_days_in_both(kept_catalog: Engine) -> None:
    stored = by_table(inspect(kept_catalog).get_multi_columns())
    assert stored.keys() == metadata.tables.keys()
    sqlite = kept_catalog.dialect.name == "sqlite"
    for name, table in metadata.tables.items():
        types = {column["name"]: str(column["type"]) for column in stored[name]}
        for column in table.columns:
            if isinstance(column.type, UtcTime):
                assert types[column.name] == ("TEXT" if sqlite else "TIMESTAMP")
            elif isinstance(column.type, Day):
                assert types[column.name] == ("TEXT" if sqlite else "DATE")


PARIS = dt.timezone(dt.timedelta(hours=2))
MOMENTS = [
    (dt.datetime(2026, 3, 20, 12, 30, tzinfo=PARIS), "2026-03-20T10:30:00.000000Z"),
    (dt.datetime(2026, 1, 1, 0, 30, 0, 1, tzinfo=PARIS), "2025-12-31T22:30:00.000001Z"),
    (dt.datetime(2026, 10, 25, 1, 30, 59, 999999, tzinfo=dt.UTC), "2026-10-25T01:30:59.999999Z"),
]
DAYS = [(dt.date(2026, 3, 20), "2026-03-20"), (dt.date(1, 1, 1), "0001-01-01")]


@pytest.fixture
def typed(catalog: Engine) -> Table:
    table = Table(
        "typed", MetaData(), Column("id", Integer, primary_key=True), Column("moment", UtcTime),
        Column("day", Day), Column("number", Number), Column("flag", Flag), sqlite_strict=True,
    )  # fmt: skip
    table.create(catalog)
    return table


@pytest.mark.parametrize(("moment", "written"), MOMENTS)
def test_moment_comes_back_in_utc(
    catalog: Engine, typed: Table, moment: dt.datetime, written: str
) -> None:
    with catalog.begin() as connection:
        connection.execute(typed.insert().values(moment=moment))
        back = connection.execute(select(typed.c.moment)).scalar_one()
        raw = connection.execute(text("SELECT moment FROM typed")).scalar_one()
        found = connection.execute(select(typed.c.id).where(typed.c.moment == moment)).all()
    assert back == moment
    assert back.utcoffset() == dt.timedelta(0)
    assert len(found) == 1
    if catalog.dialect.name == "sqlite":
        assert raw == written


@pytest.mark.parametrize(("day", "written"), DAYS)
def test_day_comes_back(catalog: Engine, typed: Table, day: dt.date, written: str) -> None:
    with catalog.begin() as connection:
        connection.execute(typed.insert().values(day=day))
        back = connection.execute(select(typed.c.day)).scalar_one()
        raw = connection.execute(text("SELECT day FROM typed")).scalar_one()
    assert back == day
    assert type(back) is dt.date
    assert str(raw) == written


def test_nothing_comes_back_as_nothing(catalog: Engine, typed: Table) -> None:
    with catalog.begin() as connection:
        connection.execute(typed.insert().values(id=1))
        row = connection.execute(select(typed)).one()
    assert row == (1, None, None, None, None)


def test_moments_sort_in_time(catalog: Engine, typed: Table) -> None:
    with catalog.begin() as connection:
        connection.execute(typed.insert(), [{"moment": moment} for moment, _ in MOMENTS])
        ordered = connection.execute(select(typed.c.moment).order_by(typed.c.moment)).scalars()
        assert list(ordered) == sorted(moment for moment, _ in MOMENTS)


def test_number_holds_64_bits(catalog: Engine, typed: Table) -> None:
    with catalog.begin() as connection:
        connection.execute(typed.insert().values(number=2**63 - 1, flag=True))
        row = connection.execute(select(typed.c.number, typed.c.flag)).one()
    assert row == (2**63 - 1, True)


def test_each_exp_type_is_described(kept_catalog: Engine) -> None:
    query = "SELECT exp_type FROM exp_types WHERE description IS NULL OR trim(description) = ''"
    with kept_catalog.connect() as connection:
        assert connection.execute(text(query)).all() == []
