"""Run the statements of visitors in other processes, which can be ended at any time.

SQLite looks at the clock between some steps of a statement, and a single step may take as long
as its arguments let it. So a process that does not answer in time is ended from outside.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import sqlite3
import time
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from asnrules.database.names import reading_uri

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

VALUE_BYTES = 1_000_000
ANSWER_BYTES = 20_000_000
MEMORY_BYTES = 256 << 20
"""What SQLite may take; the process as a whole may take twice as much, beside the program."""
GRACE_SECONDS = 1
"""How much longer than its time a statement may go on, until its process is ended."""

_START_SECONDS = 60
_PROGRAM_BYTES = 512 << 20
_STEPS = 1_000
"""Of SQLite's machine, between looks at the clock."""

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: VALUE_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


class Answer(NamedTuple):
    """What a statement gave."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    """At most as many as asked for."""
    truncated: bool


class Interrupted(sqlite3.OperationalError):
    """A statement that has taken too long."""


class Statements:
    """Processes that run statements on an SQLite file, as many as are wanted at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[_Worker] = []

    def run(self, sql: str, parameters: Any, rows: int | None, seconds: float) -> Answer:
        """Run a statement and wait for its answer: at most so many rows. Several threads may.

        It is Interrupted if it takes longer than its seconds; another sqlite3.OperationalError if
        SQLite refuses it, or it takes more memory than there is for it.
        """
        try:
            worker = self._idle.pop()
        except IndexError:
            worker = _Worker(self._path)
        try:
            answer = worker.ask((sql, parameters, rows, seconds), seconds + GRACE_SECONDS)
        except BaseException:
            worker.end()
            raise
        self._idle.append(worker)
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Worker:
    def __init__(self, path: Path) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(path, theirs), daemon=True)
        self._process.start()
        theirs.close()
        if not self._pipe.poll(_START_SECONDS):
            self.end()
            raise sqlite3.OperationalError("no process could be started for it")

    def ask(self, question: tuple[Any, ...], seconds: float) -> Answer | Exception:
        try:
            self._pipe.recv()
            self._pipe.send(question)
            if not self._pipe.poll(seconds):
                raise Interrupted("interrupted")
            answer: Answer | Exception = self._pipe.recv()
        except (EOFError, ConnectionError) as error:
            raise sqlite3.OperationalError("its process was ended") from error
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()


# ------------------------------------------------------------------------- in the other process


def _serve(path: Path, pipe: Connection) -> None:
    # Ctrl-C is for the server; when it ends, this pipe does, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ValueError, OSError):
        most = _PROGRAM_BYTES + 2 * MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    connection = _connect(path)
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            pipe.send("ready")
            pipe.send(_answered(connection, *pipe.recv()))


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(reading_uri(path), uri=True)
    connection.execute("PRAGMA query_only = ON")
    # What does not fit into memory would go to a disk, which has no limit.
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute(f"PRAGMA hard_heap_limit = {MEMORY_BYTES}")
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    return connection


def _answered(
    connection: sqlite3.Connection, sql: str, parameters: Any, rows: int | None, seconds: float
) -> Answer | Exception:
    end = time.monotonic() + seconds
    # If the server is gone, the system ends a statement that does not end.
    used, (_, most) = int(time.process_time() + seconds), resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + 2 + GRACE_SECONDS, most))
    connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        cursor = connection.execute(sql, parameters)
        found = _fetched(cursor, None if rows is None else rows + 1)
    except MemoryError:
        return sqlite3.OperationalError(f"it takes more than {MEMORY_BYTES >> 20} MB of memory")
    except (sqlite3.Error, sqlite3.Warning) as error:
        if time.monotonic() > end and str(error) == "interrupted":
            return Interrupted("interrupted")
        return sqlite3.OperationalError(str(error))
    columns = [column[0] for column in cursor.description or ()]
    return Answer(columns, found[:rows], rows is not None and len(found) > rows)


def _fetched(cursor: sqlite3.Cursor, most: int | None) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    size = 0
    for row in cursor:
        size += _size(row)
        if size > ANSWER_BYTES:
            raise sqlite3.OperationalError(
                f"its rows have more than {ANSWER_BYTES // 1_000_000} MB; ask for fewer"
            )
        rows.append(row)
        if len(rows) == most:
            break
    return rows


def _size(row: Sequence[Any]) -> int:
    return sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)
