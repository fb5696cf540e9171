"""Stored values are untrusted: what cannot have been stored is told with its place."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asnrules.database.schema.catalog import rulesets
from asnrules.database.schema.record import exposures, pools, runs, traces
from asnrules.database.stored import read_stored
from asnrules.database.types import MOMENT
from asnrules.errors import StoredValueError


@given(st.datetimes(dt.datetime(1000, 1, 1)))
def test_moment_is_read_as_it_was_written(moment: dt.datetime) -> None:
    found = read_stored(runs.c.started_at, moment.strftime(MOMENT), "run 1")
    assert found == moment.replace(tzinfo=dt.UTC)


@given(st.dictionaries(st.text(), st.text()))
def test_keywords_are_read_as_they_were_written(values: dict[str, str]) -> None:
    assert read_stored(exposures.c.keyword_values, json.dumps(values), "pool 1") == values


@given(st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.booleans())
def test_anything_is_read_or_refused_in_one_line(value: Any) -> None:
    for table in (runs, rulesets, traces, exposures):
        for column in table.columns:
            try:
                read_stored(column, value, "run 7")
            except StoredValueError as error:
                line = str(error)
                assert f"run 7, table {table.name}, column {column.name}: " in line
                assert line.isascii()
                assert line.isprintable()
                assert len(line) < 300


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (runs.c.started_at, "2026-05-01T08:30:00+00:00"),
        (runs.c.started_at, "2026-05-01T08:30:00.0Z"),
        (runs.c.started_at, "infinity"),
        (rulesets.c.effective_from, "20260501"),
        (rulesets.c.effective_from, "2026-02-30"),
        (runs.c.options, "[]"),
        (runs.c.options, "[" * 100_000),
        (runs.c.diagnostics, f"[{'9' * 5000}]"),
        (runs.c.diagnostics, "[1]"),
        (pools.c.keywords, '{"a": "b"}'),
        (exposures.c.keyword_values, '{"a": 1}'),
        (exposures.c.filename, "\udcff"),
        (exposures.c.position, True),
        (traces.c.agrees, 2),
        (runs.c.operator, None),
        (runs.c.operator, b"x"),
    ],
)
def test_what_was_never_stored_is_refused(column: Any, value: Any) -> None:
    with pytest.raises(StoredValueError, match="asnrules audit verify"):
        read_stored(column, value, "run 1")
