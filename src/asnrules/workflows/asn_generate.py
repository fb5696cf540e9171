"""The asn_generate of another environment: processes of its interpreter that answer for pools."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from threading import Event, Timer
from typing import Any, NamedTuple

from asnrules.associations.reader import ForeignAssociation, association_files, read_association
from asnrules.errors import AssociationFileError, UsageError
from asnrules.util.text import few, label

HOST = Path(__file__).with_name("asn_generate_host.py")
"""What the interpreter is told to run."""

_START = 300
"""Seconds in which it has to import jwst."""
_SECONDS = 120
"""Seconds that asn_generate may take for a pool."""
_MORE = 30
"""Seconds after these in which the process that ended it has to say so."""
_LONGEST = 10_000
"""No answer, and no last words on stderr, have more characters."""
_MEND = "give the Python of an environment that has jwst"


class Answer(NamedTuple):
    """What asn_generate made of a pool."""

    associations: Sequence[ForeignAssociation] = ()
    unread: Sequence[str] = ()
    """What is wrong with files that are no Stage 2 associations as this software knows them."""
    stopped: str | None = None
    """Why it stopped, if it did."""


class AsnGenerate:
    """The asn_generate of an environment, until it is closed.

    Parameters
    ----------
    python : str
        The path of its interpreter.
    asn_types : collection of str
        Types of Stage 2 associations.
    folder : Path
        Takes pools and what is made of them.
    workers : int
        How many processes may share the work; each imports jwst once.

    Raises
    ------
    UsageError
        Here, and while it answers: if there is no such interpreter, if it lacks jwst, or if it
        ends or says something else than an answer.
    """

    def __init__(
        self, python: str, asn_types: Collection[str], folder: Path, workers: int = 1
    ) -> None:
        self._python = python
        self._asn_types = asn_types
        self.folder = folder
        self._processes: list[subprocess.Popen[str]] = []
        try:
            for _ in range(workers):
                self._processes.append(self._started())
            self.release = self._release()
            """The release of jwst."""
        except BaseException:
            self.close()
            raise

    def answers(self, pools: Iterable[bytes]) -> Iterator[Answer]:
        """Answer for pools, each the text of a pool file, in their order."""
        waiting = iter(pools)
        while turn := list(islice(waiting, len(self._processes))):
            asked = []
            for process, content in zip(self._processes, turn, strict=False):
                folder = Path(tempfile.mkdtemp(dir=self.folder))
                (folder / "pool.csv").write_bytes(content)
                assert process.stdin is not None  # noqa: S101
                with suppress(BrokenPipeError):
                    process.stdin.write(f"{folder}\n")
                    process.stdin.flush()
                asked.append((process, folder))
            for process, folder in asked:
                stopped = self._answer(process, _SECONDS + _MORE).get("stopped")
                yield Answer(stopped=_told(stopped)) if stopped else self._read(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def _started(self) -> subprocess.Popen[str]:
        try:
            with (self.folder / "stderr").open("a") as stderr:
                # Isolated: what the shell or the folder says of Python is not for that environment.
                return subprocess.Popen(  # noqa: S603
                    [self._python, "-I", str(HOST), str(_SECONDS)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    encoding="utf-8",
                    errors="replace",
                    start_new_session=True,
                )
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise self._error(f"cannot be started: {reason}") from error

    def _release(self) -> str:
        """Give the release that the processes have imported."""
        told = [self._answer(process, _START) for process in self._processes]
        for one in told:
            if "release" not in one:
                problem = one.get("error", "it is no such interpreter")
                raise self._error(f"cannot run asn_generate: {_told(problem)}")
        first, *others = sorted({_told(one["release"]) for one in told})
        if others:
            raise self._error(f"is of several releases: {few([first, *others])}")
        return first

    def _answer(self, process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
        assert process.stdout is not None  # noqa: S101
        late = Event()

        def end() -> None:
            late.set()
            self._kill()

        timer = Timer(seconds, end)
        timer.start()
        try:
            line = process.stdout.readline(_LONGEST)
        finally:
            timer.cancel()
        if late.is_set():
            raise self._error(f"no answer within {seconds} s")
        if not line:
            process.wait()
            last = self._last_words() or "it says nothing"
            raise self._error(f"ended with code {process.returncode}: {_told(last)}")
        # Lists in lists, deeper than Python reads, are none either.
        with suppress(ValueError, RecursionError):
            answer = json.loads(line)
            if isinstance(answer, dict):
                return answer
        raise self._error(f"answers {label(line.strip())}")

    def _last_words(self) -> str:
        """Give the last line on stderr, or nothing."""
        with (self.folder / "stderr").open("rb") as stderr:
            stderr.seek(max(stderr.seek(0, os.SEEK_END) - _LONGEST, 0))
            lines = stderr.read().decode(errors="replace").split("\n")
        return next((one.strip() for one in reversed(lines) if one.strip()), "")

    def _read(self, folder: Path) -> Answer:
        found, unread = [], []
        for path in association_files([str(folder / "made")]):
            # Without associations the folder stands for itself.
            if path.endswith(".json"):
                try:
                    found.append(read_association(path, self._asn_types))
                except AssociationFileError as error:
                    unread.append(f"{Path(path).name}: {str(error).partition(': ')[2]}")
        return Answer(found, unread)

    def _error(self, problem: str) -> UsageError:
        return UsageError(f"--python {label(self._python, 200)}: {problem}; {_MEND}")

    def _kill(self) -> None:
        for process in self._processes:
            # With its copies; it is the first of its session.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End all processes."""
        self._kill()
        for process in self._processes:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):
                        stream.close()
            process.wait()


def _told(value: object) -> str:
    """Give what another environment says for a message."""
    return label(str(value), 200)
