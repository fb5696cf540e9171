"""The form in which rows are digested: JSON in ASCII, whichever library writes it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.record.chain import RowsDigest

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.text(st.characters(codec="ascii")),
)


def digest(rows: list[tuple[Any, ...]]) -> list[int | str]:
    found = RowsDigest()
    found.add(rows)
    return found.finished()


def plainly(rows: list[tuple[Any, ...]]) -> list[int | str]:
    """Do what docs/audit.md says."""
    written = json.dumps(rows, separators=(",", ":")).encode("ascii")
    return [len(rows), hashlib.sha256(written).hexdigest()]


@settings(max_examples=30)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5))
def test_many_rows_are_digested_as_few(rows: list[tuple[Any, ...]]) -> None:
    many = rows * 500
    assert digest(many) == plainly(many)
    assert digest(rows) == plainly(rows)


@pytest.mark.parametrize(
    "cell", ['\x00\x1f\x7f\b\t\n\f\r"\\/', "\u2028", "é", "\U0001f52d", "\ud800", 2**64, -(2**63)]
)
def test_what_libraries_write_in_another_way(cell: str | int) -> None:
    rows = [(cell, number) for number in range(1_000)]
    assert digest(rows) == plainly(rows)
