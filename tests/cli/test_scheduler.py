"""`generate --scheduler`: one run, as one machine records it, or nothing at all."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dask
import pytest
from sqlalchemy import Engine, select

from asnrules.catalog.open import connect_catalog
from asnrules.database.schema.all_tables import metadata
from asnrules.errors import ClusterError
from asnrules.record.verify import verify
from asnrules.util import cluster as util_cluster
from asnrules.util.cluster import DaskCluster, run_errand
from asnrules.util.parallel import unpacked
from asnrules.workflows.generate import Options, Report, generate
from cli.conftest import Command, Result
from cli.small_pools import nrc_image, write_pool
from clusters import Cluster

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "jw04231_20261105t101500_pool.csv")
OF_A_RUN = (
    "runs", "run_pools", "decisions", "associations", "association_members", "pools", "exposures",
    "traces",
)  # fmt: skip
OF_A_MOMENT = ("started_at", "finished_at", "recorded_at", "digest")


def recorded(engine: Engine) -> dict[str, list[Any]]:
    """Give all rows of the record, but for when it was and what depends on that."""
    rows: dict[str, list[Any]] = {}
    with engine.connect() as connection:
        for name in OF_A_RUN:
            columns = metadata.tables[name].columns
            kept = [column for column in columns if column.name not in OF_A_MOMENT]
            rows[name] = [tuple(row) for row in connection.execute(select(*kept))]
    return rows


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_one_run_equal_to_the_byte(
    cluster: Cluster,
    catalog: Engine,
    database_url: str,
    engine_name: str,
    templates: Any,
    command: Callable[[str | None], Command],
    tmp_path: Path,
) -> None:
    alone = Options(output=tmp_path / "alone")
    here = templates.get(
        engine_name, "one machine", lambda engine: generate(engine, [EXAMPLE], alone)
    )
    result = command(database_url)(
        "generate", EXAMPLE, "--scheduler", cluster.address, "--output", str(tmp_path / "spread")
    )
    assert result.code == 0
    assert files(tmp_path / "spread") == files(tmp_path / "alone")
    rows = recorded(catalog)
    assert rows == recorded(connect_catalog(here))
    assert len(rows["associations"]) == len(files(tmp_path / "alone")) > 300
    assert verify(catalog).findings == []


def test_selected_candidates_and_older_rules(
    cluster: Cluster, command: Callable[[str | None], Command], kept_file: str
) -> None:
    for options in (
        ("--candidate", "o001", "--candidate", "o003", "--dms"),
        ("--ruleset", "jwst-1.10.0"),
        ("--merge", "--version-id", "v1"),
    ):
        asked = ("generate", EXAMPLE, "--dry-run", "--format", "json", *options)
        alone = command(kept_file)(*asked)
        assert command(kept_file)(*asked, "--scheduler", cluster.address) == alone


@pytest.fixture
def ledger_of_two(templates: Any) -> str:
    """Give a database that has two runs."""

    def fill(engine: Engine) -> None:
        generate(engine, [EXAMPLE], Options())
        generate(engine, [EXAMPLE], Options(candidates=["o001", "o003"]))

    return str(templates.get("sqlite", "two runs for a cluster", fill))


@pytest.fixture
def spread(
    ledger_of_two: str, command: Callable[[str | None], Command], cluster: Cluster
) -> Callable[..., Result]:
    """Give a function that runs a command on two runs, and again with the cluster: no difference.

    What takes time is left out of what is compared.
    """
    run = command(ledger_of_two)

    def both(*arguments: str) -> Result:
        alone, shared = run(*arguments), run(*arguments, "--scheduler", cluster.address)
        assert (shared.code, untimed(shared.out)) == (alone.code, untimed(alone.out))
        assert untimed(shared.err) == untimed(alone.err)
        return shared

    return both


def untimed(text: str) -> str:
    return re.sub(r"\d+\.\d+ s|\"seconds\": [\d.]+", "", text)


def test_impact_on_the_record(spread: Callable[..., Result]) -> None:
    found = spread("rulesets", "impact", "jwst-1.12.5", "--format", "json")
    assert found.code == 1
    assert len(found.out) > 1000


def test_runs_that_are_replayed(spread: Callable[..., Result]) -> None:
    assert spread("audit", "replay", "--all").code == 0
    found = spread("audit", "replay", "1", "2", "--ruleset", "jwst-1.17.0", "--format", "jsonl")
    assert found.code == 1
    assert len(found.out.splitlines()) == 2


def test_a_ledger_is_verified(
    spread: Callable[..., Result],
    ledger_of_two: str,
    cluster: Cluster,
    command: Callable[[str | None], Command],
    tmp_path: Path,
) -> None:
    assert spread("audit", "verify").code == 0
    shutil.copyfile(ledger_of_two, tmp_path / "tampered.db")
    with closing(sqlite3.connect(tmp_path / "tampered.db")) as raw:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in raw.execute(triggers).fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE decisions SET association_count = 99 WHERE run_id = 2 AND position = 3")
        raw.commit()
    verified = command(str(tmp_path / "tampered.db"))
    asked = ("audit", "verify", "--scheduler", cluster.address, "--format", "csv")
    found = verified(*asked)
    assert found.code == 1
    assert found.out.splitlines()[1:] == ["2,decisions,,a value of its rows was changed"]


def test_a_worker_that_dies_costs_a_retry_and_the_scheduler_the_run(
    clusters: Callable[[], Cluster],
    templates: Any,
    tmp_path: Path,
) -> None:
    doomed = clusters()
    workers = [doomed.worker()]
    shutil.copyfile(templates.seeded("sqlite"), tmp_path / "asnrules.db")
    engine = connect_catalog(str(tmp_path / "asnrules.db"))

    def replace_worker() -> None:
        if len(workers) == 1:
            workers[0].kill()
            workers.append(doomed.worker())

    def generated(die: Callable[[], None], **options: Any) -> Report:
        """Generate, and have something die when the first share is done, of at least four."""
        options["workers"] = DaskCluster(doomed.address)
        return generate(
            engine, [EXAMPLE], Options(**options),
            lambda stage, *_: die() if stage == "candidates" else None,
        )  # fmt: skip

    report = generated(replace_worker, record=False)
    assert len(workers) == 2
    assert report == generate(engine, [EXAMPLE], Options(record=False))

    with pytest.raises(ClusterError, match=f"scheduler at {doomed.address} was lost"):
        generated(doomed.scheduler.kill, output=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert recorded(engine)["runs"] == []


def test_without_workers_or_an_answer_it_gives_up(
    clusters: Callable[[], Cluster], kept_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    doomed = clusters()
    options = Options(record=False, workers=DaskCluster(doomed.address))
    engine = connect_catalog(kept_file)
    monkeypatch.setattr(util_cluster, "_PATIENCE", 0.5)
    with pytest.raises(ClusterError, match="the cluster has no workers; start some"):
        generate(engine, [EXAMPLE], options)
    # On a busy machine a worker may not answer within this time, which is told as well.
    monkeypatch.setattr(util_cluster, "_PATIENCE", 1.5)
    worker = doomed.worker()
    with pytest.raises(ClusterError, match=r"the cluster (has no workers|do not answer)"):
        generate(
            engine, [EXAMPLE], options,
            lambda stage, *_: worker.kill() if stage == "candidates" else None,
        )  # fmt: skip
    monkeypatch.setattr(util_cluster, "_FAREWELL", 0.1)
    doomed.worker()
    with pytest.raises(ClusterError, match=r"was lost|do not answer"):
        generate(
            engine, [EXAMPLE], options,
            lambda stage, *_: doomed.scheduler.freeze() if stage == "candidates" else None,
        )  # fmt: skip


def test_within_an_event_loop(cluster: Cluster, kept_file: str) -> None:
    engine = connect_catalog(kept_file)

    async def generated() -> Report:
        return generate(
            engine, [EXAMPLE], Options(record=False, workers=DaskCluster(cluster.address))
        )

    assert asyncio.run(generated()).associations == 344


def test_an_interrupt_within_an_event_loop_ends_it(cluster: Cluster, kept_file: str) -> None:
    seen: list[tuple[int, int]] = []
    is_interrupted = threading.Event()

    def interrupt(*_: object) -> None:
        is_interrupted.set()
        raise KeyboardInterrupt

    def told(stage: str, done: int, whole: int) -> None:
        if stage == "candidates":
            seen.append((done, whole))
            if len(seen) == 1:
                os.kill(os.getpid(), signal.SIGINT)
                assert is_interrupted.wait(60)

    async def generated() -> None:
        options = Options(record=False, workers=DaskCluster(cluster.address))
        generate(connect_catalog(kept_file), [EXAMPLE], options, told)

    before = signal.signal(signal.SIGINT, interrupt)
    loop = asyncio.new_event_loop()
    try:
        # As notebooks do it: asyncio.run takes interrupts itself.
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(generated())
    finally:
        loop.close()
        signal.signal(signal.SIGINT, before)
    assert seen[-1][0] < seen[-1][1]


@pytest.fixture
def asked(asnrules_on_file: Command, kept_file: str, tmp_path: Path) -> Iterator[Command]:
    """Give a function that generates by the workers of an address, which leaves nothing behind."""
    of_two = [nrc_image(one, asn_candidate=f"[('o00{one}', 'observation')]") for one in (1, 2)]
    pool = write_pool(tmp_path / "pool.csv", *of_two)
    into = str(tmp_path / "out")
    yield lambda address: asnrules_on_file(
        "generate", pool, "--scheduler", address, "--output", into
    )
    assert not (tmp_path / "out").exists()
    assert recorded(connect_catalog(kept_file))["runs"] == []


def test_a_worker_of_another_version_is_refused(
    cluster: Cluster, asked: Command, tmp_path: Path
) -> None:
    installed = tmp_path / "asnrules-0.0.9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: asnrules\nVersion: 0.0.9\n")
    other = cluster.worker(PYTHONPATH=str(tmp_path))
    try:
        asked(cluster.address).assert_error(
            4, f"{other.address} of the cluster has asnrules 0.0.9, and this is 0.1.0"
        )
    finally:
        other.kill()


def test_a_worker_that_comes_later_looks_itself() -> None:
    answer = run_errand("0.0.9", b"", {})
    with pytest.raises(ClusterError, match=r"has asnrules 0\.1\.0, and this is 0\.0\.9; install"):
        unpacked(answer)


@pytest.mark.parametrize(
    "address",
    ["", "nonsense", "threads", "10.0.0.7", "10.0.0.7:0", "10.0.0.7:65536", "tcp://:8786",
     "tcp://host:8786/path", "host:8786 ", "\x1b[31mhost:1"],
)  # fmt: skip
def test_what_is_no_address(asked: Command, address: str) -> None:
    result = asked(address)
    result.assert_error(2, "--scheduler", "is not an address", "tcp://10.0.0.7:8786")
    assert "\x1b" not in result.err


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "tcp://[::1]:1", "foo://127.0.0.1:1", "tls://127.0.0.1:1"]
)
def test_a_scheduler_that_is_not_there(asked: Command, address: str) -> None:
    with dask.config.set({"distributed.comm.timeouts.connect": "300ms"}):
        asked(address).assert_error(4, f"cannot reach a Dask scheduler at {address}", "start one")


def test_a_configuration_that_dask_cannot_read(asked: Command) -> None:
    with dask.config.set({"distributed.comm.timeouts.connect": "soon"}):
        asked("127.0.0.1:1").assert_error(4, "soon", "mend Dask's configuration")


def test_a_configuration_with_which_dask_does_not_start(
    asked: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "distributed.py").write_text("raise ValueError('dask.yaml is\\nmalformed')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "distributed")
    asked("127.0.0.1:1").assert_error(4, "dask.yaml is malformed", "mend Dask's configuration")


def test_it_is_asked_even_where_one_share_is_all(
    ledger_of_two: str, command: Callable[[str | None], Command], tmp_path: Path
) -> None:
    pool = write_pool(tmp_path / "pool.csv", nrc_image(1))
    with dask.config.set({"distributed.comm.timeouts.connect": "300ms"}):
        for asked in (
            ("rulesets", "impact", "jwst-1.12.5"),
            ("audit", "replay", "1"),
            ("audit", "verify"),
            ("generate", pool, "--dry-run"),
        ):
            result = command(ledger_of_two)(*asked, "--scheduler", "127.0.0.1:1")
            result.assert_error(4, "cannot reach a Dask scheduler at 127.0.0.1:1")


def test_the_library_is_named(asked: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if it were not installed: None in sys.modules is Python's own way to say so.
    monkeypatch.setitem(sys.modules, "distributed", None)
    asked("10.0.0.7:8786").assert_error(2, "need distributed", "pip install 'asnrules[dask]'")
