"""Run commands with standard streams that are closed, full or read by nobody.

A process of its own, which has imported the program and is forked for each case. A list of cases
comes in as JSON, with the rulesets that are shipped if not all are; what became of each goes out.
The streams of a fork are made as Python makes them when it starts, and written out as it does when
it ends.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import signal
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import typer

import asnrules.catalog.open
from asnrules.cli import main

LIBRARIES = ("alembic.command", "docutils.core", "jinja2", "sqlalchemy.dialects.sqlite", "tabulate")
PATIENCE = 60
"""Seconds after which a command hangs."""

FLUSH_FAILED = 120
"""The exit code that Python has for it."""


def run(case: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as kept:
        pid = os.fork()
        if pid == 0:
            _child(case, kept.fileno())
        _, status = os.waitpid(pid, 0)
        kept.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "err": kept.read().decode(errors="replace"),
        }


def _child(case: dict[str, Any], kept: int) -> None:
    code = 1
    signal.alarm(PATIENCE)
    try:
        os.chdir(case["folder"])
        os.environ["ASNRULES_DATABASE"] = case["database"]
        sys.argv = ["asnrules", *case["arguments"]]
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.dup2(kept, 2)
        _set_up(case["streams"])
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            setattr(sys, name, _as_python_does(number))
        code = _finished()
    finally:
        os._exit(code)


def _set_up(streams: dict[str, str]) -> None:
    for place, what in streams.items():
        number = int(place)
        if what == "closed":
            os.close(number)
        elif what == "full":
            os.dup2(os.open("/dev/full", os.O_WRONLY), number)
        else:
            reading, writing = os.pipe()
            os.close(reading)
            os.dup2(writing, number)


def _as_python_does(number: int) -> Any:
    try:
        os.fstat(number)
    except OSError:
        return None
    return open(number, "w" if number else "r", closefd=False)


def _finished() -> int:
    code = 0
    try:
        main()
    except SystemExit as done:
        code = int(done.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = FLUSH_FAILED
    return code


def import_all() -> None:
    """Import what commands import, once."""
    ours = (one.name for one in walk_packages(asnrules.__path__, "asnrules."))
    apart = ("asnrules.__main__", "asnrules.browse", "asnrules.workflows.asn_generate_host")
    for name in (*LIBRARIES, *ours):
        if not name.startswith(apart):
            import_module(name)
    # Each fork would make the tree of all commands, which takes longer than most of them.
    typer.main.get_command = functools.cache(typer.main.get_command)
    typer.main.get_command(import_module("asnrules.cli.app").app)
    # Each fork would look for garbage among all of it, where the program hardly looks for any.
    gc.freeze()
    gc.set_threshold(100_000)


if __name__ == "__main__":
    import_all()
    given = json.load(sys.stdin)
    if "rulesets" in given:
        folders = {label: Path(folder) for label, folder in given["rulesets"].items()}
        asnrules.catalog.open._seed_folders = lambda: folders
    json.dump([run(case) for case in given["cases"]], sys.stdout)
