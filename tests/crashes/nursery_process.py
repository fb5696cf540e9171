"""Run command lines in forked children, and cut them off when told to.

Started once, as importing the program takes longer than what is to be cut off. Each line of
standard input is a request, each line of standard output its answer; see `nursery`. Its arguments
are the folders of the rulesets that it ships, if not all.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import resource
import signal
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

IMPORTED_LATE = (
    "asnrules.__main__", "encodings.utf_8_sig",
    "alembic.command", "asnrules.record.write", "asnrules.catalog.open", "asnrules.cli.app",
    "asnrules.database.migrations", "asnrules.workflows.generate",
    "asnrules.workflows.import_associations", "psycopg", "sqlite3",
    "sqlalchemy.dialects.postgresql.psycopg", "tabulate",
)  # fmt: skip


STEPS = {
    "open", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect",
}  # fmt: skip
"""What the work of a process is told by, as Python tells of it."""


def main() -> None:
    for name in IMPORTED_LATE:
        import_module(name)
    if rulesets := {Path(folder).name: Path(folder) for folder in sys.argv[1:]}:
        import_module("asnrules.catalog.open")._seed_folders = lambda: rulesets
    # Each fork would make the tree of all commands.
    typer.main.get_command = functools.cache(typer.main.get_command)
    typer.main.get_command(import_module("asnrules.cli.app").app)
    gc.freeze()
    # It waits for the signal, so the signal has to stay pending.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        requests = json.loads(line)
        children = [_start(request) for request in requests]
        _kill(requests, children)
        answers = [_finish(*child) for child in zip(requests, children, strict=True)]
        print(json.dumps(answers), flush=True)


def _start(request: dict[str, Any]) -> tuple[int, float]:
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _run(request)
    return child, started


def _run(request: dict[str, Any]) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    for stream, name in ((sys.stdout, "out"), (sys.stderr, "err")):
        descriptor = os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, stream.fileno())
    if "file_size" in request:
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_size"], resource.RLIM_INFINITY))
    if "user" in request:
        os.setgid(request["user"])
        os.setuid(request["user"])
    if "stdout" in request:
        os.dup2(os.open(request["stdout"], os.O_WRONLY), sys.stdout.fileno())
    if "signal_at" in request:
        steps = set(request.get("steps", STEPS))
        _signal_at(request["signal_at"], request["signal"], steps)
    sys.argv = ["asnrules", *request["arguments"]]
    code: Any = 70
    try:
        import_module("asnrules.__main__").main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


def _signal_at(step: int, number: int, steps: set[str]) -> None:
    """Send a signal to this process at a step of its work, which begins with its stage."""
    left, has_begun = step, False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left, has_begun
        has_begun = has_begun or (event == "os.mkdir" and ".asnrules-" in str(arguments[0]))
        if has_begun and event in steps:
            if left == 0:
                os.kill(os.getpid(), number)
            left -= 1

    sys.addaudithook(watch)


def _kill(requests: list[dict[str, Any]], children: list[tuple[int, float]]) -> None:
    """Kill those that are to be killed, each at its time."""
    ends = [
        (started + request["kill_after"], number)
        for request, (number, started) in zip(requests, children, strict=True)
        if "kill_after" in request
    ]
    signal_of = {
        number: request.get("signal", signal.SIGKILL)
        for request, (number, _) in zip(requests, children, strict=True)
    }
    for end, number in sorted(ends):
        _wait(number, end)
        os.kill(number, signal_of[number])


def _finish(request: dict[str, Any], child: tuple[int, float]) -> dict[str, Any]:
    number, started = child
    if "lose_after" in request:
        _wait(number, started + request["lose_after"])
        _cut_connections(request["url"])
    _, status = os.waitpid(number, 0)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - started,
        "out": Path(request["out"]).read_text(),
        "err": Path(request["err"]).read_text(),
    }


def _wait(child: int, end: float) -> None:
    """Wait until the child has ended, or the time has come."""
    while (left := end - time.monotonic()) > 0:
        found = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if found is not None:
            return
        signal.sigtimedwait({signal.SIGCHLD}, left)


def _cut_connections(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


if __name__ == "__main__":
    main()
