"""Databases that are written while somebody pulls the plug."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from asnrules.catalog.opening import connect_catalog, upgrade_catalog
from asnrules.database import migrations
from asnrules.database.engines import transaction
from asnrules.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from crashes.nursery import Nursery

ROUNDS = int(os.environ.get("ASNRULES_CRASH_ROUNDS", "50"))
BEFORE_THE_LEDGER = "0003"


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path_factory.mktemp("nursery"))
    yield nursery
    nursery.end()


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
    engine_name: str, templates: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], str]]:
    """Give a function that makes databases with runs in them, from before the ledger."""
    template = templates.get(engine_name, "older", lambda engine: _fill_older(engine, tmp_path))
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
        migrations.downgrade(connection, BEFORE_THE_LEDGER)


@pytest.fixture
def engine(database_url: str, catalog: Engine) -> Engine:
    return connect_catalog(database_url)
