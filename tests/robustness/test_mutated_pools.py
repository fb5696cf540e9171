"""Whatever the file: associations and a run, or one line that says what is wrong, and nothing.

ASNRULES_MUTATIONS says how many cases there are, 50 by default.
"""

from __future__ import annotations

import functools
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog.open import connect_catalog
from asnrules.errors import AsnrulesError
from cli.small_pools import nrc_image, pool_text
from robustness.checking import check, check_message
from robustness.mutations import Case, mutated_pool

CASES = int(os.environ.get("ASNRULES_MUTATIONS", "50"))
AS_PROCESSES = max(CASES // 25, 1)
CASES_OF_A_CATALOG = 500

Catalogs = Callable[[int], Engine]


@pytest.fixture(scope="module")
def catalog_of(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    """Give the catalog of a case: many in turn share one, so that it stays small."""
    path = tmp_path_factory.mktemp("catalogs") / "asnrules.db"
    filled = -1

    def give(number: int) -> Engine:
        nonlocal filled
        if number // CASES_OF_A_CATALOG != filled:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            shutil.copyfile(templates.seeded("sqlite"), path)
            filled = number // CASES_OF_A_CATALOG
        return connect_catalog(str(path))

    return give


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutated") / "case"


@pytest.fixture(scope="module")
def tried(catalog_of: Catalogs, folder: Path) -> Callable[[int], AsnrulesError | None]:
    """Give a function that tries a case, once, and gives the error by which it is refused."""

    @functools.cache
    def outcome(number: int) -> AsnrulesError | None:
        case = mutated_pool(number)
        try:
            found = check(case, catalog_of(number), folder)
        except BaseException as error:
            error.add_note(f"case {number}, {len(case.content):,} bytes: {', '.join(case.steps)}")
            raise
        return found if isinstance(found, AsnrulesError) else None

    return outcome


@pytest.mark.parametrize("number", range(CASES))
def test_a_mutated_pool(number: int, tried: Callable[[int], AsnrulesError | None]) -> None:
    tried(number)


@pytest.mark.parametrize("number", range(AS_PROCESSES))
def test_a_mutated_pool_on_the_command_line(number: int, templates: Any, tmp_path: Path) -> None:
    case = mutated_pool(CASES + number)
    (tmp_path / case.name).write_bytes(case.content)
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / "asnrules.db")
    formats = ("table", "json", "jsonl", "csv")
    command = [sys.executable, "-m", "asnrules", "generate", str(tmp_path / case.name)]
    done = subprocess.run(
        [*command, "--output", "out", "--format", formats[number % len(formats)]],
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "ASNRULES_DATABASE": "asnrules.db", "NO_COLOR": "1"},
        check=False,
        timeout=120,
    )
    about = f"case {case.number}: {', '.join(case.steps)}"
    out, err = done.stdout.decode(), done.stderr.decode()
    assert done.returncode in {0, 2, 3}, f"{about}\n{err}"
    assert "Traceback" not in err, f"{about}\n{err}"
    assert all(line.isprintable() for line in err.split("\n")), about
    assert not any(map(_is_control, out)), about
    if done.returncode:
        assert err.startswith("asnrules: "), about
        assert err.endswith("\n"), about
        check_message(err[:-1])
        assert out == "", about


def _is_control(character: str) -> bool:
    return (character < " " and character != "\n") or "\x7f" <= character <= "\x9f"


def test_candidates_of_many_lengths(catalog_of: Catalogs, folder: Path) -> None:
    """A cell of 50 KB, which the reader takes, costs neither minutes nor gigabytes."""
    letters = random.Random(1)
    ids = ("".join(letters.choices("abcdefgh01234567", k=length)) for length in range(1, 300))
    cell = str([(one, "background") for one in ids])
    pool = pool_text(nrc_image(asn_candidate=cell))
    check(Case(0, (), "pool.csv", pool.encode()), catalog_of(0), folder, seconds=10)


def test_both_ends_are_met(tried: Callable[[int], AsnrulesError | None]) -> None:
    """Mutations that break every pool, or none, would test little."""
    refused = [error for error in map(tried, range(50)) if error is not None]
    assert 8 < len(refused) < 42
    assert len({str(error).partition(": ")[2] for error in refused}) > 8
