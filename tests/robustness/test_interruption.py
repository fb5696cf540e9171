"""Ctrl-C at the start, and while `generate` reads, writes or records.

Exit code 130, one line, and no trace.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from asnrules.catalog.open import connect_catalog
from cli.small_pools import nrc_image
from robustness.checking import number_of_runs

DEADLINE = 200.0
EXPOSURES = 5_000
"""So many that each stage takes longer than it takes to see that it has begun."""
OF_AN_OBSERVATION = 60


@pytest.fixture
def database(templates: Any, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(templates.seeded("sqlite"), tmp_path / "asnrules.db"))


def large_pool() -> Iterator[str]:
    exposure = nrc_image()
    yield "|".join(exposure) + "\n"
    for number in range(EXPOSURES):
        observation = number // OF_AN_OBSERVATION
        exposure["filename"] = f"jw00001{observation:03}001_02101_{number:05}_nrca1_uncal.fits"
        exposure["asn_candidate"] = f"[('o{observation:03}', 'observation')]"
        yield "|".join(exposure.values()) + "\n"


@contextmanager
def generating(pool: str, database: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start `generate` as the leader of a process group, as a shell does."""
    command = [sys.executable, "-m", "asnrules", "--database", str(database), "generate", pool]
    process = subprocess.Popen(
        [*command, "--output", "out"],
        cwd=database.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert process.poll() is None, "it ended before it could be interrupted"
        assert time.monotonic() < end, "it does not come to what is waited for"
        time.sleep(0.001)


def interrupt(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out, err


def assert_no_trace(result: tuple[int, bytes, bytes], database: Path) -> None:
    assert result == (130, b"", b"asnrules: interrupted; what was not finished is undone\n")
    output = database.parent / "out"
    assert not output.exists() or list(output.iterdir()) == []
    with closing_engine(database) as engine:
        assert number_of_runs(engine) == 0
        with engine.connect() as connection:
            left = connection.exec_driver_sql("SELECT count(*) FROM exposures").scalar_one()
    assert left == 0


@contextmanager
def closing_engine(database: Path) -> Iterator[Any]:
    engine = connect_catalog(str(database))
    yield engine
    engine.dispose()


def is_being_written(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False


def test_while_it_reads(database: Path) -> None:
    with generating("-", database) as process:
        assert process.stdin is not None
        # A pipe holds 64 KB or so: what is beyond that can be written once the other side reads.
        process.stdin.write("".join(large_pool()).encode()[:1_000_000])
        assert_no_trace(interrupt(process), database)


def test_while_it_writes(database: Path) -> None:
    pool = database.with_name("pool.csv")
    pool.write_text("".join(large_pool()))
    with generating(str(pool), database) as process:
        stages = database.parent / "out"
        wait_until(lambda: len(list(stages.glob(".asnrules-stage-*/*.json"))) > 10, process)
        assert_no_trace(interrupt(process), database)


def test_while_it_records(database: Path) -> None:
    pool = database.with_name("pool.csv")
    pool.write_text("".join(large_pool()))
    with generating(str(pool), database) as process:
        wait_until(lambda: is_being_written(database), process)
        assert_no_trace(interrupt(process), database)


@pytest.mark.parametrize(
    "module",
    ["typer.colors", "typer.models", "asnrules.cli", "asnrules.cli.classify", "asnrules.cli.app"],
)
def test_while_it_is_imported(module: str, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "asnrules"]
    process = subprocess.Popen(
        [*command, "--database", str(tmp_path / "asnrules.db"), "lookup"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    # Python writes a line for each module that it has imported.
    imported = (line.split("|")[-1].strip() for line in process.stderr)
    assert module in imported
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=DEADLINE)
    said = [line for line in err.splitlines() if not line.startswith("import time:")]
    assert (process.returncode, out, len(said)) == (130, "", 1)
    assert said[0].startswith("asnrules: interrupted")


EXECUTING = """
import sys
from asnrules.util.process import orderly_end, stopped
with orderly_end():
    try:
        exec("import os, signal; os.kill(os.getpid(), signal.SIGINT); [0 for _ in range(10**9)]")
    except KeyboardInterrupt:
        code = stopped()[1]
sys.exit(code)
"""


def test_while_python_executes_text(tmp_path: Path) -> None:
    """Python remembers it, as of a named tuple, and would end a module by the signal at last."""
    (tmp_path / "executing.py").write_text(EXECUTING)
    done = subprocess.run(
        [sys.executable, "-m", "executing"], check=False, capture_output=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (130, b"")
