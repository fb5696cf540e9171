"""The ledger of tests/recorded.py on PostgreSQL, as it is and in partitions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from asnrules.catalog.open import connect_catalog
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool
from recorded import fill_few_ledger

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def ledger_template(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    url: str = templates.get(
        "postgresql",
        "few ledger",
        lambda engine: fill_few_ledger(engine, tmp_path_factory.mktemp("pools")),
        empty=True,
    )
    return url


@pytest.fixture
def postgresql_ledger(postgresql_server: Any, ledger_template: str) -> Iterator[str]:
    """Give the URL of a ledger of five runs that a test may change."""
    url = postgresql_server.create(ledger_template)
    yield url
    postgresql_server.drop(url)


def divide(server: Any, url: str) -> None:
    """Put the ledger into partitions, as docs/operations.md says."""
    script = str(ROOT / "tools" / "partition.sql")
    options = ["--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--file", script]
    server.run("psql", url, *options)


def ask(engine: Engine, statement: str) -> Any:
    """Run a statement and commit it; give the first value, or None if there are no rows."""
    with engine.begin() as connection:
        found = connection.execute(text(statement))
        return found.scalar() if found.returns_rows else None


@pytest.fixture(scope="session")
def partitioned_template(
    postgresql_server: Any, ledger_template: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Give a ledger in two partitions: five runs and one."""
    url: str = postgresql_server.create(ledger_template)
    divide(postgresql_server, url)
    engine = connect_catalog(url)
    assert ask(engine, "SELECT asnrules_parts.cut()") == 6
    pool = tmp_path_factory.mktemp("pools") / "pool.csv"
    write_pool(pool, nrc_image(1), nrc_image(2, bkgdtarg="t"))
    assert generate(engine, [pool], Options()).run_id == 6
    return url


@pytest.fixture
def kept_parts(partitioned_template: str) -> Engine:
    """Give that one, for tests that change nothing."""
    return connect_catalog(partitioned_template)


@pytest.fixture
def parts_url(postgresql_server: Any, partitioned_template: str) -> Iterator[str]:
    """Give the URL of a copy that a test may change."""
    url = postgresql_server.create(partitioned_template)
    yield url
    postgresql_server.drop(url)
