"""Tables of other formats and libraries give what the '|' separated pool gives."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import math
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from astropy.table import Column, MaskedColumn, Table
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import ipc, parquet

from asnrules.errors import PoolError, UsageError
from asnrules.pools import PoolReader, read_pool
from asnrules.pools.tables import TableSource, cell_text, table_source

Columns = Mapping[str, Sequence[str]]

KEYWORDS = ("filename", "asn_candidate", "exp_type", "patt_num", "bkgdtarg")
COLUMNS: Columns = {
    "FILENAME": ["A_uncal.fits", "b|c.fits", '#d "e".fits'],
    "Asn_Candidate": ["[('o001', 'observation')]", "", "[('o002','observation')]"],
    "exp_type": ["NRC_IMAGE", " mir_mrs ", "null"],
    "bkgdtarg": ["t", "f", ""],
}
ROWS = [
    ("a_uncal.fits", "[('o001', 'observation')]", "nrc_image", None, "t"),
    ("b|c.fits", "null", "mir_mrs", None, "f"),
    ('#d "e".fits', "[('o002','observation')]", "null", None, "null"),
]


def as_bars(columns: Columns) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter="|", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    # Of a blank in this form jwst makes values, which other tables should not give.
    filled = (
        [whole(cell, name) if cell.strip() else "null" for cell in cells]
        for name, cells in columns.items()
    )
    writer.writerows(zip(*filled, strict=True))
    return text.getvalue().encode()


def whole(cell: str, name: str) -> str:
    """Write 1.0 as 1, and null for no value, as in other tables; names of files stay."""
    if cell.strip() in {"nan", "NaN", "None", "<NA>", "NaT", "#N/A", "-"}:
        return "null"
    number = re.fullmatch(r"\s*([+-]?[0-9]+)\.0*\s*", cell)
    return cell if name == "filename" or not number else number[1]


def as_commas(columns: Columns) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode()


def as_ecsv(columns: Columns) -> bytes:
    text = io.StringIO()
    # A list of no texts would be one of numbers.
    Table({name: Column(values, dtype=str) for name, values in columns.items()}).write(
        text, format="ascii.ecsv"
    )
    return text.getvalue().encode()


def as_parquet(columns: Columns) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(arrow_table(columns), sink, row_group_size=2)
    return sink.getvalue()


def as_arrow(columns: Columns) -> bytes:
    table = arrow_table(columns)
    sink = io.BytesIO()
    with ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def as_arrow_stream(columns: Columns) -> bytes:
    table = arrow_table(columns)
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def arrow_table(columns: Columns) -> Any:
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


FORMATS: dict[str, Callable[[Columns], bytes]] = {
    "commas": as_commas,
    "ecsv": as_ecsv,
    "parquet": as_parquet,
    "arrow": as_arrow,
    "arrow stream": as_arrow_stream,
}
LIBRARIES: dict[str, Callable[[Columns], Any]] = {
    "astropy": lambda columns: Table(
        {name: Column(values, dtype=str) for name, values in columns.items()}
    ),
    "pandas": lambda columns: pd.DataFrame(columns, dtype=str),
    "polars": lambda columns: pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)),
    "pyarrow": arrow_table,
    "mapping": dict,
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_a_stored_table(form: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    content = pack(FORMATS[form](COLUMNS))
    path = tmp_path / "pool.dat"
    path.write_bytes(content)
    pool = read_pool(path, KEYWORDS)
    assert pool.rows == ROWS
    assert pool.columns == ("filename", "asn_candidate", "exp_type", "bkgdtarg")
    assert pool.name == "pool.dat"
    assert pool.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("form", FORMATS)
def test_a_table_on_standard_input(form: str, tmp_path: Path) -> None:
    program = (
        "from asnrules.pools import read_pool\n"
        f"pool = read_pool('-', {KEYWORDS!r})\nprint(pool.rows, pool.sha256)"
    )
    content = FORMATS[form](COLUMNS)
    done = subprocess.run(
        [sys.executable, "-c", program], input=content, capture_output=True, check=True
    )
    assert done.stdout.decode() == f"{ROWS} {hashlib.sha256(content).hexdigest()}\n"


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_table_in_memory(library: str) -> None:
    pool = read_pool(table_source(LIBRARIES[library](COLUMNS)), KEYWORDS)
    assert pool.rows == ROWS
    assert pool.name == "table"


def test_the_digest_of_a_table_in_memory_is_that_of_the_pool_it_makes(tmp_path: Path) -> None:
    source = table_source(dict(COLUMNS))
    content = b"".join(source.blocks())
    (tmp_path / "pool.csv").write_bytes(content)
    written = read_pool(tmp_path / "pool.csv", KEYWORDS)
    assert written.rows == ROWS
    pool = read_pool(table_source(dict(COLUMNS)), KEYWORDS)
    assert pool.sha256 == written.sha256 == hashlib.sha256(content).hexdigest()


def outcome(source: Path | TableSource) -> object:
    """Give the rows, or that there are none."""
    try:
        pool = read_pool(source, KEYWORDS)
    except PoolError as error:
        return "refused" if str(error).isprintable() else error
    return pool.columns, pool.rows, pool.candidates


WHOLE = {
    **COLUMNS, "patt_num": ["1.0", "2.0", ""], "exp_type": ["1.5", "10.", "-0.00"],
}  # fmt: skip


def test_whole_numbers_with_a_point_are_whole_numbers_but_not_to_jwst(tmp_path: Path) -> None:
    expected = ["1", "2", "null"]
    for form, write in FORMATS.items():
        (tmp_path / form).write_bytes(write(WHOLE))
        rows = read_pool(tmp_path / form, KEYWORDS).rows
        assert [row[3] for row in rows] == expected, form
        assert [row[2] for row in rows] == ["1.5", "10", "-0"], form
    for make in LIBRARIES.values():
        assert [row[3] for row in read_pool(table_source(make(WHOLE)), KEYWORDS).rows] == expected
    floats = {**COLUMNS, "patt_num": [1.0, 2.0, math.nan]}
    for table in (pd.DataFrame(floats), Table(floats), pl.DataFrame(floats), pa.table(floats)):
        assert [row[3] for row in read_pool(table_source(table), KEYWORDS).rows] == expected
    (tmp_path / "bars").write_text("filename|asn_candidate|patt_num\na|null|1.0\nb|null|2\n")
    assert [row[3] for row in read_pool(tmp_path / "bars", KEYWORDS).rows] == ["1.0", "2"]


def test_truth_values_as_programs_write_them_are_flags_but_not_to_jwst(tmp_path: Path) -> None:
    columns = {**COLUMNS, "bkgdtarg": ["True", "FALSE", ""]}
    for form, write in FORMATS.items():
        (tmp_path / form).write_bytes(write(columns))
        rows = read_pool(tmp_path / form, KEYWORDS).rows
        assert [row[4] for row in rows] == ["t", "f", "null"], form
    pd.DataFrame({**COLUMNS, "bkgdtarg": [True, False, None]}).to_csv(tmp_path / "b", index=False)
    assert [row[4] for row in read_pool(tmp_path / "b", KEYWORDS).rows] == ["t", "f", "null"]
    (tmp_path / "bars").write_text("filename|asn_candidate|bkgdtarg\na|null|True\nb|null|t\n")
    assert [row[4] for row in read_pool(tmp_path / "bars", KEYWORDS).rows] == ["true", "t"]


def test_numbers_of_rows_that_pandas_writes_are_left_out(tmp_path: Path) -> None:
    frame = pd.DataFrame({**COLUMNS, "patt_num": [1, 2, None]})
    frame.to_csv(tmp_path / "numbered")
    frame.to_csv(tmp_path / "plain", index=False)
    numbered, plain = (read_pool(tmp_path / name, KEYWORDS) for name in ("numbered", "plain"))
    assert (numbered.columns, numbered.rows) == (plain.columns, plain.rows)
    assert [row[3] for row in numbered.rows] == ["1", "2", "null"]
    broken = (tmp_path / "numbered").read_text().splitlines()
    broken[2] = broken[2].rpartition(",")[0]
    (tmp_path / "broken").write_text("\n".join(broken))
    with pytest.raises(PoolError, match=r"line 3.* the row stops before 'patt_num'"):
        read_pool(tmp_path / "broken", KEYWORDS)


DIRTY = st.text(st.characters(codec="utf-8"), max_size=8)
CELLS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8),
    st.text("|\",'#\t\\ ab\u00e9\u0130", max_size=6),
    st.sampled_from(["t", "f", "null", "--", "N/A", "1", "01", "1.0", "nan", "None", "True"]),
)
CANDIDATES = st.sampled_from(["[('o001', 'observation')]", "null", "", "12", "(('c1','x'),)"])


@st.composite
def tables(draw: st.DrawFn) -> Columns:
    number = draw(st.integers(0, 4))
    is_dirty = draw(st.integers(1, 5)) == 5
    column = st.lists(CELLS | DIRTY if is_dirty else CELLS, min_size=number, max_size=number)
    names = draw(st.permutations(["filename", "asn_candidate", "exp_type", "patt_num"]))
    found = {name: draw(column) for name in names}
    found["filename"] = [f"{number}{name}" for number, name in enumerate(found["filename"])]
    found["asn_candidate"] = draw(st.lists(CANDIDATES, min_size=number, max_size=number))
    return found


@settings(max_examples=100)
@given(columns=tables())
def test_any_table_gives_what_the_pool_gives(columns: Columns, tmp_path: Path) -> None:
    bars = tmp_path / "bars"
    bars.write_bytes(as_bars(columns))
    expected = outcome(bars)
    forms = dict(FORMATS)
    if any(_is_lost_in_ecsv(cell) for column in columns.values() for cell in column):
        del forms["ecsv"]
    for form, write in forms.items():
        path = tmp_path / form
        path.write_bytes(write(columns))
        assert outcome(path) == expected, form
    for library, make in LIBRARIES.items():
        if library != "astropy" or not any("\0" in c for cells in columns.values() for c in cells):
            assert outcome(table_source(make(columns))) == expected, library


def _is_lost_in_ecsv(cell: str) -> bool:
    """Tell what astropy itself does not read again as it wrote it."""
    return not cell.isprintable() or cell != cell.strip() or cell.startswith("#")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (math.nan, ""), (np.float64("nan"), ""), (pd.NA, ""), (pd.NaT, ""),
        (np.ma.masked, ""), (True, "t"), (False, "f"), (np.True_, "t"), (3, "3"), (3.0, "3"),
        (-0.0, "0"), (2.5, "2.5"), (1e300, "1e+300"), (math.inf, "inf"), (np.float64(4), "4"),
        (Decimal("1.50"), "1.50"), (dt.date(2026, 1, 2), "2026-01-02"), (b" x ", "x"),
        (" x\ty ", "x\ty"), ("\u00a0", ""),
    ],
)  # fmt: skip
def test_values_of_other_types(value: object, text: str) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize("value", [[], {}, object(), ("o001", "observation"), 1j])
def test_values_that_no_cell_can_hold(value: object) -> None:
    table = {"filename": ["a", "b"], "asn_candidate": ["", ""], "lamp": ["", value]}
    with pytest.raises(PoolError) as caught:
        read_pool(table_source(table), KEYWORDS)
    assert str(caught.value).startswith("table, row 2, column lamp: a value of type ")


def test_columns_of_numbers_with_gaps_are_numbers_still() -> None:
    values = [1, None, 3]
    names = {"filename": ["a", "b", "c"], "asn_candidate": [""] * 3}
    frames: list[Any] = [
        pd.DataFrame({**names, "patt_num": values}),
        pd.DataFrame({**names, "patt_num": pd.array(values, dtype="Int64")}),
        pl.DataFrame({**names, "patt_num": values}),
        pa.table({**names, "patt_num": values}),
        Table({**names, "patt_num": MaskedColumn([1, 0, 3], mask=[False, True, False])}),
        {**names, "patt_num": np.array([1, math.nan, 3])},
    ]
    for frame in frames:
        pool = read_pool(table_source(frame), KEYWORDS)
        assert [row[3] for row in pool.rows] == ["1", "null", "3"], type(frame)


def test_categories_are_their_names() -> None:
    frame = pd.DataFrame({"filename": ["a", "b"], "asn_candidate": [None, None]})
    frame["exp_type"] = pd.Categorical(["NRC_IMAGE", "MIR_MRS"])
    assert [row[2] for row in read_pool(table_source(frame), KEYWORDS).rows] == [
        "nrc_image",
        "mir_mrs",
    ]


@pytest.mark.parametrize(
    "thing",
    [3, None, ["a"], object(), {"filename": "a", "asn_candidate": "b"}, {"a": [1], "b": []}],
)
def test_what_is_no_table(thing: object) -> None:
    with pytest.raises(UsageError):
        table_source(thing)


def refusal(content: bytes, folder: Path) -> str:
    path = folder / "pool.dat"
    path.write_bytes(content)
    with pytest.raises(PoolError) as caught:
        read_pool(path, KEYWORDS)
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(str(path))


@pytest.mark.parametrize("form", FORMATS)
def test_an_error_names_the_row(form: str, tmp_path: Path) -> None:
    where = ", line 3" if form == "commas" else ", row 2"
    columns = {**COLUMNS, "Asn_Candidate": ["", "[(o", ""]}
    message = refusal(FORMATS[form](columns), tmp_path)
    assert message.startswith(f"{where}, column asn_candidate: not a list of candidates")


def test_lines_of_commas_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    lines = ["\ufeff# a comment", "", "filename,asn_candidate", "a,", "# more", " ", "b,[("]
    assert refusal("\r\n".join(lines).encode(), tmp_path).startswith(", line 7, column asn_cand")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"filename,asn_candidate\na\n", "line 2, column filename: only 1 of 2 cells"),
        (b"filename,asn_candidate\na,b,c\n", "line 2, column asn_candidate: 3 cells"),
        (b'filename,asn_candidate\n"a', "not well formed"),
        (b'filename,asn_candidate\n"a\nb",\n', "column filename: control character '\\n'"),
        (b"filename,asn_candidate\n\xff,\n", "cannot be read: 'utf-8' codec"),
        (b"filename,asn_candidate\n" + b"x" * 140_000 + b",\n", "not well formed: field larger"),
        (b"filename,filename,asn_candidate\n", "a second column of the name 'filename'"),
        (b"PAR1 and no more", "not well formed"),
        (b"ARROW1\0\0 and no more", "not well formed"),
        (b"\xff\xff\xff\xff\x10\0\0\0", "not well formed"),
        (b"# %ECSV 1.0\n# ---\n# nothing\nfilename asn_candidate\n", "not well formed"),
        (as_parquet({"filename": ["a"]}), "no column asn_candidate"),
        (as_parquet(COLUMNS)[:-9], "not well formed"),
        (b"SIMPLE  =                    T", "a FITS file, not a pool"),
    ],
)
def test_tables_that_are_not_well_formed(content: bytes, words: str, tmp_path: Path) -> None:
    assert words in refusal(content, tmp_path)


@settings(max_examples=60)
@given(data=st.data(), form=st.sampled_from(sorted(FORMATS)))
def test_any_change_of_bytes_is_read_or_refused(
    data: st.DataObject, form: str, tmp_path: Path
) -> None:
    content = bytearray(FORMATS[form](COLUMNS))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content)))
        content[place : place + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    path = tmp_path / "pool.dat"
    path.write_bytes(content)
    outcome(path)


@pytest.mark.parametrize("form", ["arrow", "arrow stream"])
@pytest.mark.parametrize("damage", [0x7F, 0xFF])
def test_no_damaged_byte_ends_the_process(form: str, damage: int, tmp_path: Path) -> None:
    content = FORMATS[form](COLUMNS)
    path = tmp_path / "pool.dat"
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([damage]) + content[place + 1 :])
        outcome(path)


def test_a_list_in_a_column_is_refused(tmp_path: Path) -> None:
    table = pa.table({"filename": ["a"], "asn_candidate": [[["o001", "observation"]]]})
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    text = refusal(sink.getvalue(), tmp_path)
    assert text.startswith(": not well formed: column asn_candidate holds values of type list<")


def test_rows_of_a_table_are_read_as_a_stream(tmp_path: Path) -> None:
    names = [f"{number}.fits" for number in range(2500)]
    path = tmp_path / "pool.parquet"
    path.write_bytes(as_parquet({"filename": names, "asn_candidate": [""] * 2500}))
    with PoolReader(path, ("filename", "asn_candidate")) as reader:
        assert next(iter(reader)) == ("0.fits", "null")
        assert [row[0] for row in reader][-1] == "2499.fits"


@pytest.mark.parametrize(
    ("module", "form", "extra"),
    [
        ("astropy", "ecsv", "fits"),
        ("pyarrow", "parquet", "parquet"),
        ("pyarrow", "arrow", "parquet"),
    ],
)
def test_a_library_that_is_missing_is_named(
    module: str, form: str, extra: str, tmp_path: Path
) -> None:
    path = tmp_path / "pool.dat"
    path.write_bytes(FORMATS[form](COLUMNS))
    program = (
        "import sys\n"
        f"sys.modules[{module!r}] = None\n"
        "from asnrules.errors import UsageError\nfrom asnrules.pools import read_pool\n"
        f"try:\n    read_pool({str(path)!r}, {KEYWORDS!r})\n"
        "except UsageError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert f"need {module}, which is not installed; pip install 'asnrules[{extra}]'" in done.stdout
