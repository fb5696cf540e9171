"""Databases that are written while somebody pulls the plug."""

from __future__ import annotations

import os
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog import open as opening
from asnrules.catalog.open import connect_catalog, upgrade_catalog
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from crashes.nursery import Nursery
from record.tampering import few_folders

ROUNDS = int(os.environ.get("ASNRULES_CRASH_ROUNDS", "2"))
OF_A_SERIES = 50
"""Rounds with one database. Each round verifies all that came before it."""
SERIES = [
    (number, min(OF_A_SERIES, ROUNDS - start))
    for number, start in enumerate(range(0, ROUNDS, OF_A_SERIES))
]
"""The number of each series, and its rounds."""
MORE = 20
"""Rounds that may be added, on a machine that is faster or slower by then, to cut something off."""
OLDER = "0001"
"""The revision of a database that is upgraded."""


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery"), few_folders().values())
    yield nursery
    nursery.end()


@pytest.fixture(autouse=True)
def few_rulesets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ship few rulesets, as all are verified after each round."""
    monkeypatch.setattr(opening, "_seed_folders", few_folders)


@pytest.fixture
def catalog_template(few_rulesets: None, engine_name: str, templates: Any) -> str:
    found: str = templates.get(engine_name, "crashes", upgrade_catalog, empty=True)
    return found


@pytest.fixture(scope="session")
def counts_of() -> Iterator[Callable[[str], Counter[str]]]:
    """Give the counts of what became of a kind of rounds; all are printed at the end."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    yield counts.__getitem__
    for what, found in counts.items():
        print(f"\n{what}: " + ", ".join(f"{count} {how}" for how, count in sorted(found.items())))


def moments(rounds: int, draw: random.Random, is_met: Callable[[], bool]) -> Iterator[float]:
    """Give parts of the time that a command takes, one after the other; more until it is met."""
    for at in range(rounds + MORE):
        if at < rounds or not is_met():
            yield (at % rounds + draw.random()) / rounds


def pool_of(path: Path, number: int, exposures: int = 60) -> str:
    """Write a pool whose exposures no other number has; one in twenty is a background."""
    return write_pool(
        path,
        *[
            nrc_image(
                at,
                filename=f"jw{number:05}001001_02101_{at:05}_nrca1_uncal.fits",
                program=str(number),
                bkgdtarg="t" if at % 20 == 0 else "f",
            )
            for at in range(exposures)
        ],
    )


@pytest.fixture
def older_database(
    few_rulesets: None,
    engine_name: str,
    templates: Any,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Callable[[], str]]:
    """Give a function that makes databases of an older schema, with runs in them."""
    template = templates.get(
        engine_name, "older", lambda engine: _fill_older(engine, tmp_path), empty=True
    )
    made: list[str] = []

    def make() -> str:
        if engine_name == "sqlite":
            made.append(str(tmp_path / f"older{len(made)}.db"))
            shutil.copyfile(template, made[-1])
        else:
            made.append(request.getfixturevalue("postgresql_server").create(template))
        return made[-1]

    yield make
    if engine_name == "postgresql":
        for url in made:
            request.getfixturevalue("postgresql_server").drop(url)


def _fill_older(engine: Engine, folder: Path) -> None:
    upgrade_catalog(engine)
    for number in (1, 2, 3):
        pool = pool_of(folder / f"older{number}.csv", number, 200)
        generate(engine, [pool], Options())
    with transaction(engine, writing=True) as connection:
        migrations.downgrade(connection, OLDER)


@pytest.fixture
def seeded_file(few_rulesets: None, templates: Any, tmp_path: Path) -> Path:
    template = templates.get("sqlite", "crashes", upgrade_catalog, empty=True)
    return Path(shutil.copyfile(template, tmp_path / "asnrules.db"))


@pytest.fixture
def engine(database_url: str, catalog: Engine) -> Engine:
    return connect_catalog(database_url)
