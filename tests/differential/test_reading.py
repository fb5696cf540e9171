"""A pool file is read as jwst 3.0.0 reads it, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asnrules.pools import read_pool

pytest.importorskip("jwst", reason="jwst 3.0.0 is not installed beside asnrules")

from jwst.associations import AssociationPool

VARIED = ("exp_type", "band", "detector", "filter")
COLUMNS = ("filename", *VARIED, "asn_candidate")
CELLS = (
    "", " ", "null", "x", " x ", "10", "abc", "longer", '""', '"q"', '"a|b"', '"say ""hi"""',
    '" z "', 'a"b', '5" d', "#x", '"#y"', "'s'", "--", "N/A", "nan", "-1.5", "1e5", "é", "T",
    "a\\b", "\tt", "2001-01-01",
)  # fmt: skip
BETWEEN = ("", "   ", "# a comment", "#|||||")


@st.composite
def pool_texts(draw: st.DrawFn) -> str:
    cells = {
        column: draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4)) for column in VARIED
    }
    lines = ["|".join(COLUMNS)]
    for number in range(draw(st.integers(1, 6))):
        row = [draw(st.sampled_from(cells[column])) for column in VARIED]
        lines.append("|".join([f"F{number}.fits", *row, "[('o001', 'observation')]"]))
        lines += draw(st.lists(st.sampled_from(BETWEEN), max_size=1))
    return "\n".join([*lines, ""])


@settings(max_examples=200)
@given(text=pool_texts())
def test_reads_what_the_oracle_reads(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = Path(tmp_path_factory.getbasetemp() / "read.csv")
    path.write_text(text, encoding="utf-8")
    table = AssociationPool.read(path)
    expected = [tuple(str(row[column]) for column in COLUMNS) for row in table]
    assert read_pool(path, COLUMNS).rows == expected
