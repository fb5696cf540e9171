"""Whether a run was recorded is found out later, by what was known of it before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Engine, select

from asnrules.associations.journal import RunMark
from asnrules.database.engines import database_name
from asnrules.database.schema.record import runs
from asnrules.errors import OutputError
from asnrules.record.write import Run, RunRecorder
from asnrules.workflows.generate import Options, generate
from cli.small_pools import nrc_image, write_pool


@pytest.fixture
def mark(catalog: Engine, tmp_path: Path) -> RunMark:
    """Give the mark of a run that was recorded."""
    generate(catalog, [write_pool(tmp_path / "pool.csv", nrc_image())], Options())
    with catalog.connect() as connection:
        started_at, host = connection.execute(select(runs.c.started_at, runs.c.host)).one()
    return RunMark(database_name(catalog.url), started_at, host)


def test_a_run_is_found_by_its_mark(catalog: Engine, mark: RunMark) -> None:
    assert RunRecorder(catalog).has(mark)


@pytest.mark.parametrize(
    "changes",
    [{"host": "elsewhere"}, {"started_at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC)}],
)
def test_another_run_is_not(catalog: Engine, mark: RunMark, changes: dict[str, Any]) -> None:
    assert not RunRecorder(catalog).has(mark._replace(**changes))


def test_runs_a_microsecond_apart_are_told_apart(catalog: Engine, mark: RunMark) -> None:
    later = mark.started_at + dt.timedelta(microseconds=1)
    assert not RunRecorder(catalog).has(mark._replace(started_at=later))


def test_only_the_database_of_a_run_is_asked(catalog: Engine, mark: RunMark) -> None:
    with pytest.raises(OutputError) as caught:
        RunRecorder(catalog).has(mark._replace(database="/elsewhere/asnrules.db"))
    assert "/elsewhere/asnrules.db" in str(caught.value)
    assert "--database" in str(caught.value)


def test_before_it_is_recorded_a_run_is_not_asked_for(catalog: Engine, mark: RunMark) -> None:
    recorder = RunRecorder(catalog)
    run = SimpleNamespace(started_at=mark.started_at, host=mark.host)
    own = recorder.mark(cast("Run", run))
    # The database has a run of this mark, and is not asked.
    assert (own, recorder.has(own)) == (mark, False)
    assert recorder.has(mark._replace(host="elsewhere")) is False


def test_a_database_has_one_name_wherever_it_is_named_from(
    catalog: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = catalog.url
    if url.get_backend_name() == "sqlite":
        monkeypatch.chdir(tmp_path)
        other = url.set(database=Path(url.database or "").name)
    else:
        other = url.set(username="somebody", password="secret")
    assert other != url
    assert database_name(other) == database_name(url)
    assert "secret" not in database_name(other)
