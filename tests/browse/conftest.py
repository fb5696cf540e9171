"""`asnrules browse` as a process."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from recorded import fill_ledger


class Site:
    """A catalog that is being served."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self._process = process
        line = process.stderr.readline()
        found = re.fullmatch(
            r"the catalog is at (http://127\.0\.0\.1:\d+)/; Ctrl-C ends it\n", line
        )
        assert found, line + process.stderr.read()
        self.address = found[1]

    def get(
        self,
        path: str = "",
        host: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> tuple[int, str]:
        """Give the status and the text of a page."""
        address = f"{self.address}/{path}" + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(address, headers=dict(headers or {}))
        if host is not None:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def rows(self, path: str, **query: str) -> list[dict[str, Any]]:
        status, text = self.get(f"catalog/{path}.json", _shape="array", **query)
        assert status == 200, text
        found: list[dict[str, Any]] = json.loads(text)
        return found

    @property
    def process_id(self) -> int:
        return self._process.pid

    def memory(self) -> int:
        """Give the most bytes that the process and those it has started have held, on Linux."""
        total, wanted = 0, {str(self._process.pid)}
        for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda folder: int(folder.name)):
            with contextlib.suppress(OSError):
                status = dict(
                    line.split(":\t", 1)
                    for line in (folder / "status").read_text().splitlines()
                    if ":\t" in line
                )
                if status["Pid"] in wanted or status["PPid"] in wanted:
                    wanted.add(status["Pid"])
                    total += int(status["VmHWM"].split()[0]) * 1024
        return total

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; give the exit code and what was said after the first line."""
        self._process.send_signal(signal.SIGINT)
        _, errors = self._process.communicate(timeout=60)
        return self._process.returncode, errors


Serve = Callable[..., AbstractContextManager[Site]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "asnrules", "browse", "--no-open", *arguments]


@contextlib.contextmanager
def _served(database: Path | str, **environment: str) -> Iterator[Site]:
    process = subprocess.Popen(
        command("--port", "0"),
        env={**os.environ, "ASNRULES_DATABASE": str(database), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Site(process)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def served() -> Serve:
    """Give a function that serves a catalog, for as long as the context lasts."""
    return _served


@pytest.fixture(scope="session")
def ledger_file(templates: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the catalog of tests/recorded.py, for tests that change nothing."""
    pools = tmp_path_factory.mktemp("pools")
    file: str = templates.get("sqlite", "ledger", lambda engine: fill_ledger(engine, pools))
    return file


@pytest.fixture(scope="session")
def site(ledger_file: str) -> Iterator[Site]:
    """Serve it."""
    with _served(ledger_file) as site:
        yield site


@pytest.fixture
def new_file(templates: Any, tmp_path: Path) -> Path:
    """Give a catalog of the test's own, in a file whose name is hard on addresses."""
    path = tmp_path / "my 100% catalog?#1.db"
    shutil.copyfile(templates.seeded("sqlite"), path)
    return path
