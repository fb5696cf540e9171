"""The record as Parquet files: what is written, what stays, and the script that verifies it."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import Engine

from asnrules.catalog import store
from asnrules.catalog.entries import add_entries
from asnrules.catalog.open import connect_catalog
from asnrules.database.engines import transaction
from asnrules.database.guards import RECORDED
from asnrules.database.schema.all_tables import metadata
from asnrules.database.schema.catalog import instruments
from asnrules.database.schema.record import decisions
from asnrules.errors import OutputError
from asnrules.record import lake
from asnrules.record import parquet as written
from asnrules.record.lake import Exported, export_lake
from asnrules.record.write import writing_run
from asnrules.util.folders import held
from filled import IMPORTED, STARTED, _run, fill_catalog, seed_few
from record.tampering import Tampering, nonsense, unguarded, without_constraints
from record.test_export import SCRIPT, tool
from seeds import connected

__all__ = ["tool"]

STRIDE = 1 if "ASNRULES_TAMPERING" in os.environ else 67
"""Of the ways to change a file, each so many is tried."""
RUN_FILES = [
    f"{name}.parquet"
    for name in (
        "association_members", "associations", "decisions", "exposures", "imported_associations",
        "pools", "run_pools", "runs", "traces",
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def whole_lake(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "lake"
    export_lake(connected(templates.get("sqlite", "full", fill_catalog, empty=True)), folder)
    return folder


@pytest.fixture
def exported(whole_lake: Path, tmp_path: Path) -> Path:
    """Give the lake of two runs, for a test to change."""
    return Path(shutil.copytree(whole_lake, tmp_path / "lake"))


@pytest.fixture
def few_sqlite(templates: Any) -> Engine:
    """Give a catalog without runs."""
    return connected(templates.get("sqlite", "few", seed_few, empty=True))


def found(tool: ModuleType, folder: Path, known: str | None = None) -> list[str]:
    """Give what the script finds: what does not match, or why it is no ledger."""
    try:
        _, _, problems = tool.verify_lake(folder, known)
    except (ValueError, OSError) as error:
        return [str(error)]
    return list(problems)


def state(folder: Path) -> dict[str, Any]:
    """Give all files with what tells whether they were written again."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_ino, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if not path.is_dir() or path.is_symlink()
    }


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    parquet.write_table(change(parquet.read_table(path, partitioning=None)), path)


# ------------------------------------------------------------------ what is written


def test_each_run_has_a_folder_and_the_catalog_one(full_sqlite: Engine, tmp_path: Path) -> None:
    result = export_lake(full_sqlite, tmp_path / "lake")
    assert (result.runs, result.kept, result.problems, result.findings) == (2, 0, [], [])
    ledger = json.loads((tmp_path / "lake" / "_ledger.json").read_text())
    entries = ledger.pop("entries")
    assert ledger == {
        "format": "asnrules lake", "version": 1, "runs": 2, "head": result.head.digest,
    }  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "lake").iterdir())
    assert names == ["_ledger.json", f"catalog={entries}", "run_id=1", "run_id=2"]
    for number in (1, 2):
        folder = tmp_path / "lake" / f"run_id={number}"
        assert sorted(path.name for path in folder.iterdir()) == RUN_FILES
    members = parquet.read_table(
        tmp_path / "lake" / "run_id=1" / "association_members.parquet", partitioning=None
    )
    assert members.to_pylist() == [
        {
            "association": 1, "position": 1, "product": "jw1", "expname": "jw1_rate.fits",
            "exptype": "science", "exposerr": "null", "pool_id": 1, "exposure": 1,
        },
        {
            "association": 1, "position": 2, "product": "jw1", "expname": "jw1_cat.ecsv",
            "exptype": "sourcecat", "exposerr": None, "pool_id": None, "exposure": None,
        },
    ]  # fmt: skip


def test_moments_flags_and_numbers_have_their_types(exported: Path) -> None:
    runs = parquet.read_schema(exported / "run_id=1" / "runs.parquet")
    assert runs.field("started_at").type == pa.timestamp("us", "UTC")
    traces = parquet.read_schema(exported / "run_id=1" / "traces.parquet")
    assert traces.field("agrees").type == pa.bool_()
    assert traces.field("trace_id").type == pa.int64()


def test_script_verifies_the_lake(full_catalog: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    head = export_lake(full_catalog, folder).head.digest

    def script(*arguments: str) -> tuple[int, str]:
        # -I: nothing of this project but what is installed, of which it needs pyarrow.
        done = subprocess.run(
            [sys.executable, "-I", str(SCRIPT), str(folder), *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    assert script() == (0, f"2 runs match their digests; the last is {head}\n")
    assert script(head)[0] == 0
    assert script("0" * 64) == (1, f"no run has the digest {'0' * 64}\n")
    assert "import asnrules" not in SCRIPT.read_text()
    assert "from asnrules" not in SCRIPT.read_text()


def test_script_without_pyarrow_says_what_a_folder_needs(exported: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), str(exported)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install pyarrow" in done.stderr


def test_many_rows_come_in_row_groups(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Two rows a group: so no more are kept while they are written.

    monkeypatch.setattr(written, "_GROUP_ROWS", 2)
    columns = [column for column in decisions.columns if column.name != "run_id"]
    with (
        held(exported) as folder,
        written.parquet_file(folder, "few.parquet", columns) as add,
    ):
        for first in range(0, 6, 2):
            add([(1, first + at, 1, 1, None) for at in range(2)])
    metadata = parquet.read_metadata(exported / "few.parquet")
    assert (metadata.num_rows, metadata.num_row_groups) == (6, 3)


# ------------------------------------------------------------------ only what is new


def test_only_new_runs_and_entries_are_written(
    full_sqlite: Engine, tmp_path: Path, tool: ModuleType
) -> None:
    folder = tmp_path / "lake"
    export_lake(full_sqlite, folder)
    before = state(folder)
    again = export_lake(full_sqlite, folder)
    assert (again.runs, again.kept, again.problems) == (0, 2, [])
    assert state(folder) == before

    with transaction(full_sqlite, writing=True) as connection:
        connection.execute(instruments.insert().values(instrument="NEW"))
        add_entries(connection, instruments, ["NEW"])
        key = store.ruleset_ids(connection)["draft-modes"]
        assert key is not None
        store.publish(connection, [key], STARTED)
    record_runs_again(full_sqlite)
    later = export_lake(full_sqlite, folder)
    assert (later.runs, later.kept, later.problems, later.findings) == (1, 2, [], [])
    now = state(folder)
    changed = {name for name in before if before[name] != now.get(name)}
    assert changed == {"_ledger.json"}
    catalogs = sorted(
        (path for path in folder.glob("catalog=*")),
        key=lambda path: int(path.name.partition("=")[2]),
    )
    assert len(catalogs) == 2
    words = parquet.read_table(catalogs[1] / "instruments.parquet", partitioning=None)
    assert words.to_pylist() == [{"instrument": "NEW"}]
    labels = parquet.read_table(catalogs[1] / "rulesets.parquet", partitioning=None)["label"]
    assert labels.to_pylist() == ["draft-modes"]
    assert found(tool, folder) == []


def record_runs_again(engine: Engine) -> None:

    with transaction(engine, writing=True) as connection:
        rules = store.ruleset_ids(connection)["jwst-3.0.0"]
        assert rules is not None
        with writing_run(connection) as ledger:
            for table, rows in IMPORTED.items():
                ledger.add(metadata.tables[table], [(3, *row[1:]) for row in rows])
            ledger.seal(_run(rules, "imported"))


def test_a_ledger_without_runs_is_exported(
    few_sqlite: Engine, tmp_path: Path, tool: ModuleType
) -> None:
    result = export_lake(few_sqlite, tmp_path / "lake")
    assert (result.runs, result.head.run_id) == (0, 0)
    assert found(tool, tmp_path / "lake") == []


def test_a_folder_of_another_record_is_refused(
    full_sqlite: Engine, few_sqlite: Engine, exported: Path
) -> None:
    before = state(exported)
    with pytest.raises(OutputError, match="another record"):
        export_lake(few_sqlite, exported)
    with unguarded(full_sqlite) as connection:
        connection.exec_driver_sql(f"UPDATE runs SET digest = '{'0' * 64}' WHERE run_id = 2")
    with pytest.raises(OutputError, match="another record"):
        export_lake(full_sqlite, exported)
    assert state(exported) == before


@pytest.mark.parametrize(
    "content",
    ["", "[1]", "{}", '{"runs":1}', "[" * 9_000, '{"runs":1e999}', '{"runs":' + "9" * 5_000 + "}"],
)
def test_a_ledger_file_of_somebody_else_is_refused(
    kept_sqlite: Engine, tmp_path: Path, content: str
) -> None:
    (tmp_path / "_ledger.json").write_text(content)
    with pytest.raises(OutputError, match="is not what an export writes"):
        export_lake(kept_sqlite, tmp_path)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "_ledger.json"]


@pytest.mark.parametrize("name", ["notes.txt", ".notes", "run-1"])
def test_a_folder_of_other_things_is_refused(
    kept_sqlite: Engine, tmp_path: Path, name: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("mine")
    with pytest.raises(OutputError, match=f"mine: holds '{name}'.*choose another folder"):
        export_lake(kept_sqlite, tmp_path / "mine")
    assert [one.name for one in (tmp_path / "mine").iterdir()] == [name]


# ------------------------------------------------------------------ what is there and differs


def lose_a_file(folder: Path) -> None:
    (folder / "decisions.parquet").unlink()


def add_a_file(folder: Path) -> None:
    (folder / "more.parquet").write_text("mine")


def cut_a_file(folder: Path) -> None:
    path = folder / "decisions.parquet"
    path.write_bytes(path.read_bytes()[:-20])


def lose_a_row(folder: Path) -> None:
    rewrite(folder / "decisions.parquet", lambda table: table.slice(1))


def rename_a_column(folder: Path) -> None:
    rewrite(
        folder / "decisions.parquet",
        lambda table: table.rename_columns(["id", *table.column_names[1:]]),
    )


def change_the_header(folder: Path) -> None:
    rewrite(
        folder / "runs.parquet",
        lambda table: table.set_column(
            table.column_names.index("operator"),
            table.schema.field("operator"),
            pa.array(["somebody"]),
        ),
    )


def become_a_link(folder: Path) -> None:
    other = folder.with_name("other")
    folder.rename(other.parent.parent / "other")
    folder.symlink_to(other.parent.parent / "other")


def become_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("mine")


def hold_a_link(folder: Path) -> None:
    path = folder / "decisions.parquet"
    path.rename(folder.parent.parent / "decisions.parquet")
    path.symlink_to(folder.parent.parent / "decisions.parquet")


def hold_a_fifo(folder: Path) -> None:
    (folder / "decisions.parquet").unlink()
    os.mkfifo(folder / "decisions.parquet")


CHANGES = [
    lose_a_file, add_a_file, cut_a_file, lose_a_row, rename_a_column, change_the_header,
    become_a_link, become_a_file, hold_a_link, hold_a_fifo,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_run_that_is_there_and_differs_is_told_and_left_alone(
    kept_sqlite: Engine, exported: Path, tool: ModuleType, change: Callable[[Path], None]
) -> None:
    change(exported / "run_id=1")
    before = state(exported)
    result = export_lake(kept_sqlite, exported)
    (problem,) = result.problems
    assert problem.startswith(f"{exported / 'run_id=1'}: ")
    assert problem.isprintable()
    assert (result.runs, result.kept) == (0, 1)
    assert state(exported) == before
    assert found(tool, exported)


@pytest.mark.parametrize("change", [lose_a_file, add_a_file, become_a_link, become_a_file])
def test_entries_that_are_there_and_differ_are_told_and_left_alone(
    kept_sqlite: Engine, exported: Path, tool: ModuleType, change: Callable[[Path], None]
) -> None:
    (folder,) = exported.glob("catalog=*")
    if change is lose_a_file:
        (folder / "errata.parquet").unlink()
    else:
        change(folder)
    before = state(exported)
    (problem,) = export_lake(kept_sqlite, exported).problems
    assert problem.startswith(f"{folder}: ")
    assert state(exported) == before
    assert found(tool, exported)


def test_runs_and_entries_that_are_not_on_record_are_told(
    kept_sqlite: Engine, exported: Path, tool: ModuleType
) -> None:
    shutil.copytree(exported / "run_id=2", exported / "run_id=3")
    shutil.copytree(next(exported.glob("catalog=*")), exported / "catalog=100000")
    problems = export_lake(kept_sqlite, exported).problems
    assert [problem.split(": ")[0] for problem in problems] == [
        str(exported / "catalog=100000"), str(exported / "run_id=3"),
    ]  # fmt: skip
    assert found(tool, exported)


def test_a_run_that_is_gone_comes_again(
    kept_sqlite: Engine, exported: Path, tool: ModuleType
) -> None:
    shutil.rmtree(exported / "run_id=1")
    assert found(tool, exported)[:2] == [
        "run 1 is missing", "run 2: it does not follow the run before it",
    ]  # fmt: skip
    assert export_lake(kept_sqlite, exported).runs == 1
    assert found(tool, exported) == []


# ------------------------------------------------------------------ cut off


KILLED = """
import os, signal, sys
from pathlib import Path
import pyarrow.parquet
from asnrules.catalog.open import connect_catalog
from asnrules.record import lake
from asnrules.util import folders

database, place = sys.argv[1], Path(sys.argv[2])
# A kill loses nothing of what was written, whether it is on disk or not.
os.fsync = lambda _: None
count, last = 0, None

def counted(function):
    def call(*arguments, **named):
        global count
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        count += 1
        return function(*arguments, **named)
    return call

def export(name):
    lake.export_lake(connect_catalog(database), place / name)
    os._exit(0 if last is not None else count)

for name in ("create", "make", "move", "sync"):
    setattr(folders.Folder, name, counted(getattr(folders.Folder, name)))

def forked(name):
    process = os.fork()
    if not process:
        export(name)
    return os.waitpid(process, 0)[1]

# Once for all: it looks for pandas.
pyarrow.array([1])
steps = os.waitstatus_to_exitcode(forked("whole"))
for last in (1, 20, steps - 24, steps - 3, steps - 1):
    print(last, os.WTERMSIG(forked(str(last))))
"""


def test_a_killed_export_leaves_nothing_that_is_taken_for_a_run(
    kept_sqlite: Engine, tmp_path: Path, tool: ModuleType
) -> None:
    arguments = [sys.executable, "-c", KILLED, str(kept_sqlite.url.database), str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    ends = dict(line.split() for line in done.stdout.splitlines())
    assert len(ends) == 5
    assert set(ends.values()) == {str(int(signal.SIGKILL))}
    whole = tmp_path / "whole"
    wanted = {path.name for path in whole.iterdir()}
    for folder in map(tmp_path.joinpath, ends):
        for path in folder.glob("*=*"):
            files = [one.name for one in path.iterdir()]
            assert sorted(files) == sorted(one.name for one in (whole / path.name).iterdir())
        assert export_lake(kept_sqlite, folder).problems == []
        assert {path.name for path in folder.iterdir()} == wanted
        assert found(tool, folder) == []


def planted(folder: Path, what: str) -> Path:
    stage = folder / ".asnrules-folder-0123456789abcdef"
    if what == "a link":
        (folder.parent / "elsewhere").mkdir()
        (folder.parent / "elsewhere" / "decisions.parquet").write_text("mine")
        stage.symlink_to(folder.parent / "elsewhere")
        return stage
    if what == "a file":
        stage.write_text("mine")
        return stage
    stage.mkdir()
    (stage / "decisions.parquet").write_text("ours")
    if what == "a file of others":
        (stage / "mine.txt").write_text("mine")
    if what == "a link inside":
        (folder.parent / "mine.txt").write_text("mine")
        (stage / "runs.parquet").symlink_to(folder.parent / "mine.txt")
    if what == "a folder inside":
        (stage / "runs.parquet").mkdir()
    return stage


@pytest.mark.parametrize(
    "what", ["a link", "a file", "a file of others", "a link inside", "a folder inside"]
)
def test_what_others_planted_is_neither_followed_nor_removed(
    kept_sqlite: Engine, exported: Path, what: str
) -> None:
    stage = planted(exported, what)
    before = state(exported.parent)
    (problem,) = export_lake(kept_sqlite, exported).problems
    assert problem.startswith(f"{stage}: ")
    assert state(exported.parent) == before


def test_an_export_that_fails_in_a_run_leaves_no_trace_of_it(
    kept_sqlite: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lake, "section_rows", full)
    with pytest.raises(OutputError, match="No space left on device"):
        export_lake(kept_sqlite, tmp_path)
    assert [path.name.partition("=")[0] for path in tmp_path.iterdir()] == ["catalog"]


# ------------------------------------------------------------------ what does not match


def refused(engine: Engine, folder: Path, statement: str) -> Exported:
    with unguarded(engine) as connection:
        connection.exec_driver_sql(statement)
    return export_lake(engine, folder)


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        (
            "UPDATE decisions SET association_count = 7 WHERE position = 1",
            "decisions",
        ),
        ("UPDATE runs SET operator = 'other' WHERE run_id = 1", "runs"),
        ("UPDATE runs SET section_digests = '[]' WHERE run_id = 1", "runs"),
        (
            "DELETE FROM association_members WHERE run_id = 1 AND position = 2",
            "association_members",
        ),
    ],
)
def test_a_run_that_does_not_match_its_digest_is_not_written(
    full_sqlite: Engine, tmp_path: Path, statement: str, table: str
) -> None:
    folder = tmp_path / "lake"
    result = refused(full_sqlite, folder, statement)
    assert {(one.run_id, one.table) for one in result.findings} == {(1, table)}
    assert not (folder / "run_id=1").exists()
    assert (folder / "run_id=2").exists()
    assert not list(folder.glob(".*"))


def test_a_value_that_cannot_be_read_is_named(full_sqlite: Engine, tmp_path: Path) -> None:
    result = refused(
        full_sqlite,
        tmp_path / "lake",
        "UPDATE associations SET target = CAST(x'ff' AS TEXT) WHERE run_id = 1",
    )
    assert {(one.run_id, one.table, one.column) for one in result.findings} == {
        (1, "associations", None), (1, "associations", "target"),
    }  # fmt: skip


@pytest.fixture
def bare_sqlite(templates: Any, tmp_path: Path) -> Engine:
    """Give a catalog without guards and constraints."""

    def fill(engine: Engine) -> None:
        fill_catalog(engine)
        without_constraints(engine)

    path = tmp_path / "bare.db"
    shutil.copyfile(templates.get("sqlite", "bare", fill, empty=True), path)
    return connect_catalog(str(path))


@pytest.mark.parametrize("name", ["runs", *RECORDED, "catalog_entries"])
def test_nonsense_is_named_and_never_written(
    bare_sqlite: Engine, tmp_path: Path, name: str
) -> None:
    tampering = Tampering(bare_sqlite, metadata.tables[name])
    whole = tmp_path / "whole"
    export_lake(bare_sqlite, whole)
    for number in (1, 2):
        shutil.rmtree(whole / f"run_id={number}")
    row = tampering.rows[0]
    for at, column in enumerate(tampering.table.columns):
        values = nonsense(column, row._mapping[column.name], "sqlite")
        for value, _ in values if STRIDE == 1 else values[at % len(values) :][:1]:
            statement = f"UPDATE {name} SET {column.name} = {value} WHERE {tampering.where(row)}"
            folder = tmp_path / "tried"
            shutil.copytree(whole, folder)
            with tampering.changed(statement), suppress(OutputError):
                result = export_lake(bare_sqlite, folder)
                assert result.findings or result.problems, statement
                words = [*result.problems, *(one.words() for one in result.findings)]
                assert all(one.isprintable() and len(one) < 1_000 for one in words), words
                assert not (folder / "run_id=1").exists() or not (folder / "run_id=2").exists()
            assert not list(folder.glob(".*")), statement
            shutil.rmtree(folder)


def test_what_stands_for_the_number_of_a_run_is_no_path(
    bare_sqlite: Engine, tmp_path: Path
) -> None:
    columns = ", ".join(metadata.tables["runs"].columns.keys()[1:])
    with bare_sqlite.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE runs RENAME TO hidden")
        connection.exec_driver_sql(
            f"CREATE VIEW runs AS SELECT '../evil' AS run_id, {columns} FROM hidden "
            "WHERE run_id = 1"
        )
    before = sorted(tmp_path.iterdir())
    result = export_lake(bare_sqlite, tmp_path / "lake")
    assert result.runs == 0
    assert [one.finding for one in result.findings] == ["'../evil' is not the number of a run"]
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "lake"])
    assert not list((tmp_path / "lake").glob("run_id*"))


def test_a_changed_catalog_is_not_written(full_sqlite: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    result = refused(full_sqlite, folder, "UPDATE keywords SET description = 'other'")
    assert {one.table for one in result.findings} == {"keywords"}
    assert not list(folder.glob("catalog=*"))


# ------------------------------------------------------------------ tampering


def other_values(value: Any) -> list[Any]:
    """Give values of the same kind that a column can hold."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int):
        return [value + 1, None]
    if isinstance(value, str):
        return [value + "x", value.swapcase(), "", None]
    return ["other"] if value is None else [value + dt.timedelta(days=1), None]


def tampered(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Give a table with something changed, and what that is."""
    for at, name in enumerate(table.column_names):
        column, kind = table.column(at), table.schema.field(at).type
        yield f"without {name}", table.remove_column(at)
        yield (
            f"{name} renamed",
            table.rename_columns(
                [*table.column_names[:at], f"{name}_", *table.column_names[at + 1 :]]
            ),
        )
        yield f"{name} twice", table.append_column(name, column)
        values = column.to_pylist()
        for other in other_values(values[0]) if values else []:
            with suppress(pa.ArrowException):
                changed = pa.array([other, *values[1:]], kind)
                if changed.to_pylist() != values:
                    yield f"{name} {other!r}", table.set_column(at, name, changed)
        if kind == pa.int64():
            yield f"{name} as text", table.set_column(at, name, column.cast(pa.string()))
            yield f"{name} shorter", table.set_column(at, name, column.cast(pa.int32()))
    yield "a column more", table.append_column("more", pa.nulls(len(table), pa.string()))
    if table.num_columns > 1:
        yield "other order", table.select([*table.column_names[1:], table.column_names[0]])
    if len(table):
        yield "a row less", table.slice(1)
        yield "a row twice", pa.concat_tables([table, table.slice(0, 1)])
        if table.slice(0, 1) != table.slice(1, 1) and len(table) > 1:
            yield "rows in another order", table.take([*range(1, len(table)), 0])


def test_each_change_of_each_file_is_found(exported: Path, tool: ModuleType) -> None:
    assert found(tool, exported) == []
    count = 0
    for path in sorted(exported.glob("*/*.parquet")):
        content, table = path.read_bytes(), parquet.read_table(path, partitioning=None)
        has_digest = path.parent.name.startswith("run_id=") or path.stem == "catalog_entries"
        for what, changed in tampered(table):
            # Rows of the catalog are a set; columns of none are covered by nothing.
            if not has_digest and (what == "rows in another order" or len(table) == 0):
                continue
            if not has_digest and what == "other order" and path.stem not in tool.WORDS:
                continue
            count += 1
            if count % STRIDE:
                continue
            parquet.write_table(changed, path)
            assert found(tool, exported), (path, what)
        path.write_bytes(content)
    assert found(tool, exported) == []
    assert count > 800


def test_each_folder_and_file_that_is_gone_added_or_moved_is_found(
    exported: Path, tool: ModuleType
) -> None:
    for path in sorted(exported.glob("run_id=*")):
        for name in ("run_id=3", "run_id=01", "run_id=x", "Run_id=1", "mine"):
            path.rename(exported / name)
            assert found(tool, exported), (path, name)
            (exported / name).rename(path)
    for path in [*exported.iterdir(), *exported.glob("*/*")]:
        moved = exported.parent / "moved"
        path.rename(moved)
        assert found(tool, exported), path
        moved.rename(path)
    for folder in (exported, *exported.glob("*=*")):
        (folder / ".hidden").write_text("mine")
        assert found(tool, exported), folder
        (folder / ".hidden").unlink()
    for name in RUN_FILES:
        one, other = (exported / f"run_id={number}" / name for number in (1, 2))
        if one.read_bytes() != other.read_bytes():
            content = one.read_bytes()
            shutil.copyfile(other, one)
            assert found(tool, exported), name
            one.write_bytes(content)
    assert found(tool, exported) == []


def test_a_changed_end_is_found(exported: Path, tool: ModuleType) -> None:
    path = exported / "_ledger.json"
    ends = json.loads(path.read_text())
    others = [
        {**ends, "runs": 1}, {**ends, "head": "0" * 64}, {**ends, "entries": 1}, {**ends, "new": 1},
        {**ends, "version": 2}, {**ends, "format": "asnrules ledger"}, {**ends, "runs": "2"}, {},
    ]  # fmt: skip
    for other in others:
        path.write_text(json.dumps(other, separators=(",", ":"), sort_keys=True) + "\n")
        assert found(tool, exported), other
    path.write_text(json.dumps(ends) + "\n")
    assert found(tool, exported)


def test_bytes_that_are_damaged_never_end_the_script(exported: Path, tool: ModuleType) -> None:
    path = exported / "run_id=1" / "decisions.parquet"
    content = path.read_bytes()
    for at in range(0, len(content), 23 * STRIDE):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
        found(tool, exported)
    for end in range(0, len(content), 41 * STRIDE):
        path.write_bytes(content[:end])
        assert found(tool, exported)
