"""The record as a lake, asked with DuckDB as docs/operations.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from pyarrow import dataset

import lake_views
from asnrules.record.lake import export_lake
from cli.conftest import Command, command
from operations.conftest import ROOT
from operations.test_document import blocks
from recorded import fill_ledger
from seeds import connected
from test_questions import ANSWERS, QUESTIONS, answer

__all__ = ["command"]

HEADING = "Asking it"


@pytest.fixture(scope="module")
def database(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    name: str = templates.get(
        "sqlite", "ledger", lambda engine: fill_ledger(engine, tmp_path_factory.mktemp("pools"))
    )
    return name


@pytest.fixture(scope="module")
def lake(database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the lake of five runs, which tests only read."""
    folder = tmp_path_factory.mktemp("lake")
    assert export_lake(connected(database), folder).runs == 5
    return folder


@pytest.fixture(scope="module")
def asked(lake: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Give a function that asks the lake, opened as the document says."""
    (opening,) = blocks(HEADING, "python")
    for told, here in (("'lake'", f"'{lake}'"), ("tools/lake.sql", str(ROOT / "tools/lake.sql"))):
        assert told in opening
        opening = opening.replace(told, here)
    names: dict[str, Any] = {}
    exec(opening, names)
    connection: duckdb.DuckDBPyConnection = names["lake"]
    yield lambda query: connection.execute(query).fetchall()
    connection.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_has_the_answer_of_the_database(
    database: str, asked: Callable[[str], list[tuple[Any, ...]]], question: str
) -> None:
    found = asked(QUESTIONS[question])
    assert sorted(found, key=repr) == sorted(answer(connected(database), question), key=repr)
    if question in ANSWERS:
        assert sorted(found, key=repr) == sorted(ANSWERS[question], key=repr)


def test_the_document_asks_five_of_the_questions() -> None:
    *asked, _ = blocks(HEADING, "sql")
    assert len(asked) == 5
    assert set(asked) <= set(QUESTIONS.values())


def test_a_lake_is_asked_without_views(asked: Callable[[str], list[tuple[Any, ...]]]) -> None:
    *_, query = blocks(HEADING, "sql")
    assert asked(query) == [(2, 2, 0), (3, 6, 3)]


def test_the_views_are_those_of_the_database() -> None:
    assert lake_views.document() == lake_views.DOCUMENT.read_text()


def test_others_read_a_lake_in_place(lake: Path) -> None:
    found = pl.scan_parquet(str(lake / "run_id=*" / "decisions.parquet"), hive_partitioning=True)
    counts = found.group_by("run_id").len().sort("run_id").collect()
    assert counts.rows() == [(1, 6), (2, 2), (3, 6)]
    files = sorted(str(path) for path in lake.glob("run_id=*/decisions.parquet"))
    table = dataset.dataset(files, partitioning="hive").to_table()
    assert table.column_names == [
        "pool_id", "position", "trace_id", "association_count", "reason", "run_id",
    ]  # fmt: skip
    assert table.num_rows == 14


# ------------------------------------------------------------------ the command


def test_the_command_exports_what_is_new(
    database: str,
    command: Callable[[str | None], Command],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = blocks("The record as a lake", "sh")
    asnrules = command(database)
    done = asnrules(*line.split()[1:])
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("lake: 5 runs, 5 of them new, the last is ")
    assert asnrules("audit", "export", "--format", "parquet", "--output", "lake").err.startswith(
        "lake: 5 runs, 0 of them new, "
    )
    (tmp_path / "lake" / "run_id=3" / "decisions.parquet").unlink()
    done = asnrules("audit", "export", "--format", "parquet", "lake")
    assert done.code == 1
    assert "lake/run_id=3: it lacks decisions.parquet; it is left as it is" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "parquet"], "--output"),
        (["--format", "parquet", "lake", "--output", "other"], "--output"),
        (["--format", "parquet", "lake", "--overwrite"], "--overwrite"),
        (["--format", "parquet", "-"], "a folder"),
        (["--format", "parquet", "file"], "file: is not a folder"),
    ],
)
def test_the_command_refuses_what_is_no_place(
    database: str,
    command: Callable[[str | None], Command],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("mine")
    command(database)("audit", "export", *arguments).assert_error(2, said)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
