"""Limits: each stands in docs/limits.md, and what is beyond it is refused at once, in one line."""

from __future__ import annotations

import gzip
import inspect
import json
import mmap
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as parquet
import pytest

from asnrules.associations.reader import read_association
from asnrules.cli import main
from asnrules.errors import AsnrulesError, PoolError, RulesetError
from asnrules.pools import formats, read_pool
from asnrules.pools import text as stored
from asnrules.pools.tables import table_source
from asnrules.rules.page import read_page
from asnrules.rules.read import read_ruleset
from asnrules.util import limits
from asnrules.util.environment import shipped

DOCUMENT = Path(__file__).parents[2] / "docs" / "limits.md"
KEYWORDS = ("filename", "asn_candidate", "program")
HEADER = "filename,asn_candidate,program\n"
ROW = "a.fits,,1\n"
SECONDS = 30


def constants() -> list[tuple[str, int, str]]:
    """Give each constant with its value, and what is said of it."""
    lines = re.findall(r"^([A-Z_]+) = (.*)$", inspect.getsource(limits), re.M)
    return [(name, getattr(limits, name), line.partition("  # ")[2]) for name, line in lines]


def test_the_document_has_every_limit() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ")][1:]
    assert len(constants()) > 15
    assert rows == [
        f"| {said.partition('. ')[0].rstrip('.')} | {value:,} |" for _, value, said in constants()
    ]


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    """Give a function that reads a pool which is refused, and gives the message."""

    def read(content: bytes, name: str = "pool.csv") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return message(lambda: read_pool(path, KEYWORDS))

    return read


def message(read: Callable[[], object], kind: type[AsnrulesError] = PoolError) -> str:
    started = time.process_time()
    with pytest.raises(kind) as error:
        read()
    assert time.process_time() - started < SECONDS
    lines = [str(error.value), *error.value.details]
    assert all(line.isprintable() and len(line) < 600 for line in lines)
    return "; ".join(lines)


ENDLESS = b"x" * (20 << 20)


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("begin", "line"),
    [
        (HEADER + ROW, 3),
        (HEADER.replace(",", "|") + ROW.replace(",", "|"), 3),
        (HEADER + "# ", 2),
        (HEADER + '"', 2),
        (HEADER + '"a\n' * 2 + '"', 3),
        (HEADER + "," * 1000, 2),
        ("", 1),
        ("# ", 1),
    ],
)
def test_a_line_that_never_ends(
    refused: Callable[..., str], packed: Callable[[bytes], bytes], begin: str, line: int
) -> None:
    text = refused(packed(begin.encode() + ENDLESS))
    assert f"line {line}" in text or "field larger" in text


def test_a_row_of_many_lines_that_never_ends(refused: Callable[..., str]) -> None:
    text = refused(gzip.compress(HEADER.encode() + b'"a\n",' * 500_000))
    assert "row is longer" in text


def test_a_pool_that_never_ends(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "POOL_BYTES", 1 << 20)
    for content in (
        HEADER + "\n" * (2 << 20),
        HEADER + "# x\n" * (1 << 19),
        HEADER + ROW * 120_000,
    ):
        for separator in ",|":
            text = refused(gzip.compress(content.replace(",", separator).encode()))
            assert "1,048,576 bytes, unpacked; split the pool" in text


def test_a_pool_of_too_many_lines(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "POOL_LINES", 1_000)
    text = refused((HEADER + ROW * 50_000).replace(",", "|").encode())
    assert "more than 1,000 lines; split the pool" in text
    table = {"filename": ["a"] * 50_000, "asn_candidate": [""] * 50_000}
    assert "more than 1,000" in message(lambda: read_pool(table_source(table), KEYWORDS))


@pytest.mark.parametrize("count", [limits.POOL_COLUMNS, 100_000])
def test_a_pool_of_too_many_columns(
    refused: Callable[..., str], tmp_path: Path, count: int
) -> None:
    names = ["filename", "asn_candidate", *(f"k{number}" for number in range(count))]
    for separator in ",|":
        text = refused((separator.join(names) + "\n").encode())
        assert f"line 1: {count + 2:,} columns, more than 2,000" in text
    if count == limits.POOL_COLUMNS:
        path = tmp_path / "wide.parquet"
        parquet.write_table(pa.table({name: ["x"] for name in names}), path)
        assert "2,002 columns" in message(lambda: read_pool(path, KEYWORDS))


def test_a_cell_that_is_too_long(tmp_path: Path) -> None:
    long = "x" * (30 << 20)
    table = {"filename": ["a", long], "asn_candidate": ["", ""]}
    path = tmp_path / "long.parquet"
    parquet.write_table(pa.table(table), path)
    for source in (path, table_source(table)):
        text = message(lambda source=source: read_pool(source, KEYWORDS))  # type: ignore[misc]
        assert "row 2, column filename: text of more than 131,072 characters" in text


@pytest.mark.parametrize("magic", [b"PAR1", b"ARROW1", b"\xff\xff\xff\xff", b"# %ECSV 1.0\n"])
def test_a_table_that_is_too_big(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, magic: bytes
) -> None:
    monkeypatch.setattr(formats, "TABLE_BYTES", 1 << 20)
    assert "more than 1,048,576 bytes" in refused(gzip.compress(magic + bytes(20 << 20)))


def test_numbers_of_many_digits(tmp_path: Path) -> None:
    text = message(
        lambda: read_pool(
            table_source({"filename": ["a"], "asn_candidate": [""], "program": [10**5000]}),
            KEYWORDS,
        )
    )
    assert "column program" in text
    path = tmp_path / "pool.csv"
    path.write_text(HEADER + f"a.fits,,{'9' * 5000}\n")
    assert read_pool(path, KEYWORDS).rows == [("a.fits", "null", "9" * 5000)]


# ------------------------------------------------------------------------- rulesets


TOML = [
    "a" + ".a" * 50_000 + " = 1",
    "[" + "a." * 50_000 + "a]",
    "a = {" + "b." * 50_000 + "c = 1}",
    "a" + " . a" * 30_000 + " = 1",
    ("[" + "a." * 900 + "a]\n") * 100,
    "a = " + "[" * 100_000,
    "a = " + "{a = " * 50_000,
    "a = " + "[" * 50 + "]" * 50,
    "a.b.c" * 6 + ".a.b" * 20 + " = 1",
    "label = " + "9" * 5000,
    "label = " + "9" * 99_000,
    "x" * (limits.RULESET_FILE_BYTES + 1),
    "label = '" + "." * 2_000 + "'",
    'label = "' + "\\\\" * 40_000,
    "a" * 90_000 + " = 1",
    "".join(f"a{number} = 1\n" for number in range(5_000)),
    "[[a]]\n" * 16_000,
]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("ruleset.toml", text) for text in TOML),
        *(("conditions.toml", text) for text in TOML[::4]),
    ],
)
def test_toml_is_bounded(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(shipped("seed") / "rulesets" / "jwst-3.0.0", folder)
    path = folder / name
    # After what is right, so that the place of what is wrong is looked for.
    path.write_text(f"{path.read_text() if name == 'ruleset.toml' else ''}\n{text}\n")
    assert name in message(lambda: read_ruleset(folder), RulesetError)


def test_csv_of_a_ruleset_is_bounded(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(shipped("seed") / "rulesets" / "2026-03-20", folder)
    path = folder / "exposure_modes.csv"
    header = path.read_text().split("\n")[0]
    for text in (
        "," * 99_000,
        '"' + "x" * 99_000,
        header + "\n" + "x" * 90_000,
        "x\n" * 45_000,
    ):
        path.write_text(text)
        assert "exposure_modes.csv" in message(lambda: read_ruleset(folder), RulesetError)


@pytest.mark.parametrize(
    "text",
    [
        ".. list-table::\n\n" + "   * - a\n     - b\n" * 700,
        "".join(f".. |a{number}| replace:: |a{number + 1}|\n" for number in range(1_400)),
        ".. csv-table::\n\n" + "   a,b\n" * 1_400,
        "".join(" " * number + "a\n\n" for number in range(340)),
        ("+--" * 150 + "+\n" + "|  " * 150 + "|\n") * 60,
        "*" * 60_000,
        "a\n" * (limits.PAGE_LINES + 1),
        "x" * (limits.PAGE_BYTES + 1),
    ],
)
def test_a_page_is_bounded(tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.rst"
    path.write_text(text)
    assert "page.rst" in message(lambda: read_page(path), RulesetError)


# ------------------------------------------------------------------------- associations


def association(members: int, **fields: Any) -> str:
    return json.dumps(
        {
            "asn_type": "image2",
            "asn_rule": "candidate_Asn_Lv2Image",
            "asn_id": "o001",
            "program": "00001",
            "products": [
                {
                    "name": "one",
                    "members": [
                        {"expname": f"a{number}_rate.fits", "exptype": "science"}
                        for number in range(members)
                    ],
                }
            ],
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (association(20_001), "more than the 20,000 members"),
        ("[" * 1_000_000, "nested too deeply"),
        ('{"a":' * 1_000_000, "nested too deeply"),
        (association(1).replace('"00001"', "9" * 5000), "no JSON"),
        (association(1, target="x" * 10_000_000), "10,000,000 characters"),
        (" " * (limits.ASSOCIATION_BYTES + 1), "more than the 16,777,216"),
    ],
)
def test_an_association_is_bounded(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "one_asn.json"
    path.write_text(text)
    found = message(lambda: read_association(str(path), ["image2"]), AsnrulesError)
    assert word in found
    assert found.startswith(str(path))


# ------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "words",
    [
        ["classify", "EXP_TYPE=" + "9" * 5000],
        ["classify", "9" * 5000],
        ["generate", "9" * 5000],
        ["why", "9" * 5000, "a.fits"],
        ["audit", "import", "9" * 5000],
        ["rulesets", "import", "9" * 5000, "--label", "x"],
        ["pool", "make", "9" * 5000, "--output", "pool.csv"],
        ["--database", "9" * 5000, "lookup"],
    ],
)
def test_a_name_that_is_too_long_is_no_trouble_with_the_output(
    words: list[str], templates: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("ASNRULES_DATABASE", templates.seeded("sqlite"))
    monkeypatch.setattr("sys.argv", ["asnrules", *words])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code in {0, 2, 3, 4}
    error = capsys.readouterr().err
    assert "the output cannot" not in error
    assert len([line for line in error.splitlines() if line.startswith("asnrules")]) <= 1


def written(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet, or as an Arrow file or stream, by the name of the file."""
    if path.suffix == ".parquet":
        parquet.write_table(table, path, compression="zstd")
        return
    new = ipc.new_file if path.suffix == ".arrow" else ipc.new_stream
    with new(path, table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)


COLUMNAR = ["pool.parquet", "pool.arrow", "pool.arrows"]


@pytest.mark.parametrize("name", COLUMNAR)
def test_a_long_value_that_is_stored_once_for_many_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rows = pa.array([0] * 20_000, pa.int32())
    long = pa.DictionaryArray.from_arrays(rows, pa.array(["x" * (8 << 20)]))
    written(pa.table({"filename": long, "asn_candidate": [""] * len(rows)}), path)
    assert path.stat().st_size < 200_000
    text = message(lambda: read_pool(path, KEYWORDS))
    assert "row 1, column filename: text of more than 131,072 characters" in text


@pytest.mark.parametrize("name", COLUMNAR)
def test_a_table_that_is_small_only_as_it_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(formats, "TABLE_BYTES", 1 << 20)
    path = tmp_path / name
    texts = [f"{number}{'x' * 1_000}" for number in range(5_000)]
    written(pa.table({"filename": texts, "asn_candidate": [""] * len(texts)}), path)
    text = message(lambda: read_pool(path, KEYWORDS))
    assert "the table has more than 1,048,576 bytes, unpacked" in text


READING = """
import sys
from asnrules.errors import PoolError
from asnrules.pools import read_pool
try:
    read_pool(sys.argv[1], ("filename", "asn_candidate"))
except PoolError as error:
    [peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    print(error, peak.split()[1], sep="|")
"""


@pytest.mark.parametrize("name", ["pool.arrow", "pool.arrows"])
def test_a_packed_batch_takes_no_more_memory_than_a_table_may(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    # More than the memory that a batch may take; zeros take none until somebody writes to them.
    size = 3 << 29
    texts = pa.LargeStringArray.from_buffers(
        2, pa.array([0, size, size], pa.int64()).buffers()[1], zeros(size)
    )
    written(pa.table({"filename": texts, "asn_candidate": ["", ""]}), path)
    assert path.stat().st_size < 1 << 22
    # In a process of its own: this one has memory from writing that it may use again.
    done = subprocess.run(
        [sys.executable, "-c", READING, str(path)], capture_output=True, text=True, check=True
    )
    text, kibibytes = done.stdout.split("|")
    assert "the table has more than 268,435,456 bytes, unpacked" in text
    assert int(kibibytes) < 1 << 20


def zeros(size: int) -> pa.Buffer:
    return pa.py_buffer(mmap.mmap(-1, size))


def test_memory_is_bounded_while_a_block_runs() -> None:
    with pytest.raises(MemoryError), limits.bounded_memory(1 << 20):
        bytearray(1 << 30)
    assert len(bytearray(1 << 28)) == 1 << 28


@pytest.mark.parametrize("name", COLUMNAR)
@pytest.mark.parametrize(
    ("values", "kind"), [([["x"] * 9], "list"), ([{"a": 1}], "struct"), ([[None] * 9], "list")]
)
def test_a_column_of_lists(tmp_path: Path, name: str, values: list[Any], kind: str) -> None:
    path = tmp_path / name
    written(pa.table({"filename": ["a"], "asn_candidate": [""], "more": values}), path)
    assert f"column more holds values of type {kind}<" in message(lambda: read_pool(path, KEYWORDS))


@pytest.mark.parametrize("name", COLUMNAR)
def test_texts_of_every_type_are_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    types = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()]
    types += [pa.string_view()] if name != "pool.parquet" else []
    for kind in [*types, pa.dictionary(pa.int8(), pa.string())]:
        names = pa.array([f"f{number % 7}" for number in range(2_500)])
        table = pa.table({"filename": names.cast(kind), "asn_candidate": pa.nulls(2_500)})
        written(table, path)
        rows = read_pool(path, KEYWORDS).rows
        assert [row[0] for row in rows] == names.to_pylist()
