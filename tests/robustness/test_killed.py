"""A run that is killed at any moment: its files and its record are there, or neither."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from asnrules.catalog.open import connect_catalog
from asnrules.workflows.generate import Options, Report, generate
from cli.small_pools import nrc_image, write_pool
from crashes.nursery import KILLED, Nursery
from robustness.checking import number_of_runs

STEPS = ["os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect"]
NAMES = [f"jw00001-o001_image2_{number:05}_asn.json" for number in (1, 2)]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.end()


@pytest.fixture
def database(templates: Any, tmp_path: Path) -> Path:
    return Path(shutil.copyfile(templates.seeded("sqlite"), tmp_path / "asnrules.db"))


@pytest.fixture
def engine(database: Path) -> Iterator[Engine]:
    engine = connect_catalog(str(database))
    yield engine
    engine.dispose()


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return write_pool(tmp_path / "pool.csv", *[nrc_image(number) for number in (1, 2)])


@pytest.fixture
def next_pool(tmp_path: Path) -> str:
    row = nrc_image(4, program="2", filename="jw00002001001_02101_00001_nrca1_uncal.fits")
    return write_pool(tmp_path / "next.csv", row)


def killed(
    nursery: Nursery, moment: int, database: Path, pool: str, output: Path, *options: str
) -> bool:
    """Run `generate`, and kill it at a moment; tell whether it came so far."""
    command = ("--database", str(database), "generate", pool, "--output", str(output))
    at = {"signal": signal.SIGKILL, "signal_at": moment, "steps": STEPS}
    ended = nursery.run(*command, "--overwrite", *options, **at)
    assert ended.code in {0, KILLED}, ended.err
    return ended.code != 0


def fresh(output: Path) -> None:
    """Make the folder as it was before: with one file that the run replaces, and another."""
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    (output / NAMES[0]).write_text("before")
    (output / "other.txt").write_text("mine")


def left(output: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in output.iterdir()}


def next_run(engine: Engine, next_pool: str, output: Path) -> Report:
    return generate(engine, [next_pool], Options(output=output))


def forget_runs(database: Path, template: Path) -> None:
    for path in database.parent.glob(f"{database.name}*"):
        path.unlink()
    shutil.copyfile(template, database)


@pytest.mark.skipif(os.name == "nt", reason="without file locks nothing is settled")
@pytest.mark.parametrize("options", [(), ("--no-record",)], ids=["recorded", "not recorded"])
def test_killed_at_any_moment(
    options: tuple[str, ...], nursery: Nursery, database: Path, templates: Any, tmp_path: Path,
    pool: str, next_pool: str,
) -> None:  # fmt: skip
    output = tmp_path / "out"
    outcomes = []
    for moment in itertools.count():
        fresh(output)
        forget_runs(database, templates.seeded("sqlite"))
        if not killed(nursery, moment, database, pool, output, *options):
            break
        engine = connect_catalog(str(database))
        was_recorded = number_of_runs(engine) == 1
        report = next_run(engine, next_pool, output)
        (file,) = report.files
        files = left(output)
        assert files.pop("other.txt") == "mine"
        assert files.pop(Path(file).name)
        is_there = sorted(files) == NAMES
        if is_there:
            assert [json.loads(files[name])["program"] for name in NAMES] == ["00001"] * 2
        else:
            assert files == {NAMES[0]: "before"}
        if not options:
            assert is_there == was_recorded
        with engine.connect() as connection:
            told = connection.execute(text("SELECT diagnostics FROM runs ORDER BY run_id DESC"))
            assert json.loads(told.scalars().first() or "") == report.diagnostics
        engine.dispose()
        outcomes.append((is_there, len(report.diagnostics)))
    # Before anything is moved, while it is, and when the files stay.
    assert outcomes[0] == (False, 0)
    assert (False, 1) in outcomes
    assert outcomes[-1] == (True, 0)


@pytest.mark.skipif(os.name == "nt", reason="without file locks nothing is settled")
def test_another_database_is_not_asked(
    nursery: Nursery, database: Path, engine: Engine, templates: Any, tmp_path: Path,
    pool: str, next_pool: str,
) -> None:  # fmt: skip
    output = tmp_path / "out"
    moment = next(n for n in itertools.count() if _leaves_files(nursery, n, database, pool, output))
    assert moment > 0
    other = Path(shutil.copyfile(templates.seeded("sqlite"), tmp_path / "other.db"))
    command = [sys.executable, "-m", "asnrules", "--database", str(other)]
    refused = subprocess.run(
        [*command, "generate", next_pool, "--output", str(output)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode == 2
    assert str(database) in refused.stderr
    assert refused.stderr.count("\n") == 1
    report = next_run(engine, next_pool, output)
    assert "cut off" in report.diagnostics[0]
    assert sorted(left(output)) == sorted([NAMES[0], "other.txt", Path(report.files[0]).name])


def _leaves_files(nursery: Nursery, moment: int, database: Path, pool: str, output: Path) -> bool:
    fresh(output)
    assert killed(nursery, moment, database, pool, output)
    return (output / NAMES[-1]).exists()
