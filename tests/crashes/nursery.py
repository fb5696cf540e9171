"""Commands that run in processes of their own and can be cut off at any moment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

KILLED = -9


class Ended(NamedTuple):
    """How a command ended: exit code (`KILLED` if it was), seconds, and what it wrote."""

    code: int
    seconds: float
    out: str
    err: str

    @property
    def run_ids(self) -> set[int]:
        """The runs that it has acknowledged; none if it had not come to that."""
        try:
            document: dict[str, Any] = json.loads(self.out)
        except ValueError:
            return set()
        runs = [document, *document.get("runs", [])]
        return {run["run_id"] for run in runs if run.get("run_id") is not None}


class Nursery:
    """Runs commands in children of one process that has imported everything.

    It ships the rulesets of some folders, if there are any, or all.
    """

    def __init__(self, folder: Path, rulesets: Iterable[Path] = ()) -> None:
        self._folder = folder
        script = Path(__file__).with_name("nursery_process.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), *map(str, rulesets)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._answer() == "ready"

    def run(self, *arguments: str, **how: Any) -> Ended:
        """Run one command.

        `kill_after` and `lose_after` are seconds after which it is killed, or its connections to
        `url` are cut; `signal` is another than SIGKILL, which comes then, or, with `signal_at`, at
        a step of its own, one of the audit events `steps`; `stdout` is where it writes to;
        `file_size` is the largest file that it may write; `user` whom it runs as.
        """
        (ended,) = self.run_all([arguments], **how)
        return ended

    def run_all(
        self, commands: list[tuple[str, ...]], *, kill_at: Sequence[float] = (), **how: Any
    ) -> list[Ended]:
        """Run commands at the same time; `kill_at` has the seconds after which each is killed."""
        requests = [
            {
                "arguments": arguments,
                "out": str(self._folder / f"out{number}"),
                "err": str(self._folder / f"err{number}"),
                **how,
            }
            for number, arguments in enumerate(commands)
        ]
        for request, moment in zip(requests, kill_at, strict=bool(kill_at)):
            request["kill_after"] = moment
        assert self._process.stdin is not None
        print(json.dumps(requests), file=self._process.stdin, flush=True)
        found = [Ended(**one) for one in self._answer()]
        for ended in found:
            assert "Traceback" not in ended.err, ended.err
        return found

    def end(self) -> None:
        self._process.communicate(timeout=60)

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())
