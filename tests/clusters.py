"""Dask clusters whose scheduler and workers are processes of their own, as people start them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

# A thread of numpy, which Dask imports, would keep this process from being forked for good.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

QUIET = {
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "60s",
    "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "5s",
}
"""Has programs of Dask take no time while they wait."""


class Started:
    """A program of Dask that is ready, and the address that it says it has."""

    def __init__(self, process: subprocess.Popen[str], said: str) -> None:
        self.process = process
        self.address = said.partition(" at:")[2].split()[0]

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def started(
    folder: Path, program: str, ready: str, *arguments: str, **variables: str
) -> Iterator[Started]:
    """Start a program of Dask, and wait until it says that it is ready."""
    command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *arguments]
    environment = {**os.environ, **QUIET, **variables}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = ""
        try:
            for line in process.stderr:
                said += line
                if ready in line:
                    break
            assert process.poll() is None, said
            yield Started(process, said)
        finally:
            process.kill()


class Cluster:
    """A scheduler, and workers that know no database."""

    def __init__(self, folder: Path, programs: ExitStack) -> None:
        self._folder = folder
        self._programs = programs
        options = ("--host", "127.0.0.1", "--port", "0")
        self.scheduler = programs.enter_context(
            started(folder, "dask_scheduler", "Scheduler at:", *options)
        )
        self.address = self.scheduler.address

    def worker(self, **variables: str) -> Started:
        options = (self.address, "--nthreads", "1", "--no-nanny", "--local-directory", "scratch")
        variables = {"ASNRULES_DATABASE": "sqlite:////nowhere/at/all.db", **variables}
        return self._programs.enter_context(
            started(self._folder, "dask_worker", "Registered to:", *options, **variables)
        )


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """Give a function that starts a cluster without workers."""
    with ExitStack() as programs:
        yield lambda: Cluster(tmp_path_factory.mktemp("cluster"), programs)


@pytest.fixture(scope="module")
def cluster(clusters: Callable[[], Cluster]) -> Cluster:
    """Give a cluster of two workers."""
    found = clusters()
    found.worker()
    found.worker()
    return found
