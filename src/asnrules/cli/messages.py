"""What the program says on stderr: lines for people, a progress bar, or a log as JSON Lines.

People are told what they have to know. The log has that too, and when a command began and ended,
what it recorded and what it upgraded.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from asnrules.database.names import check_words
from asnrules.util.process import tell, wants_json
from asnrules.util.text import printable

_INFO, _WARNING, _ERROR = 20, 30, 40
"""The levels of the module logging, which is imported for JSON only."""

_PATIENCE = 1.0  # Seconds before a progress bar appears
_ANSWER = 4096  # Bytes of an answer, as a terminal hands over a line
_EVERY = 0.1  # Seconds between two drawings of it


class Running:
    """What is known of the command that runs."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        self.started = time.monotonic()
        self.common: dict[str, Any] = {}
        """What every line of the log has."""
        self.kept: list[str] = []
        """What is done and stays, to be reported however the command ends."""
        self.has_database = False
        self.database: str | None = None
        """The database that the command was told to use, as it was told."""


running = Running(is_json=False)


@contextmanager
def speaking() -> Iterator[None]:
    """Have the program speak as the command line or the environment asks for."""
    global running
    running = Running(is_json=wants_json())
    if not running.is_json:
        yield
        return
    from asnrules.cli.json_log import installed

    with installed(running.common):
        yield
    # A program that called main() gets its next message as text.
    running = Running(is_json=False)


def about(database: str | None) -> None:
    """Have the log name the database in every line, without its password."""
    running.has_database, running.database = True, database
    if running.is_json:
        from asnrules.database.engines import database_url, shown_url
        from asnrules.errors import UsageError

        # The command says itself what is wrong with it.
        with suppress(UsageError):
            running.common["database"] = shown_url(database_url(database))


def begun(command: str) -> None:
    """Note that a command begins, all its options understood."""
    running.common["command"] = command
    note("started", f"{command} has started")


def ended(code: int | None) -> int:
    """Note that a command has ended in good order, whatever it found; give its exit code."""
    code = code or 0
    if command := running.common.get("command"):
        note("finished", f"{command} has finished", exit_code=code, seconds=_seconds())
    return code


def note(event: str, message: str, **fields: Any) -> None:
    """Put something into the log that people see for themselves."""
    if running.is_json:
        _log(_INFO, event, message, fields)


def say(message: str, **fields: Any) -> None:
    """Say the result of a command; the fields are the numbers in it, for the log."""
    note("summary", message, **fields)
    if not running.is_json:
        tell(f"{message}\n")


def warn(message: str, **fields: Any) -> None:
    """Warn the user of something; see `say`."""
    _speak(_WARNING, "diagnostic", message, fields)


def refuse(message: str) -> None:
    """Say what is wrong with one of several things; the command goes on, or sums up."""
    _speak(_ERROR, "refused", message, {})


def fail(message: str, code: int) -> int:
    """Say why the command ends with an error, and what stays all the same; give its exit code."""
    message = "; ".join([message, *running.kept])
    _speak(_ERROR, "error", message, {"exit_code": code, "seconds": _seconds()})
    return code


def can_ask() -> bool:
    """Whether somebody can answer a question."""
    return not running.is_json and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Ask the user on the terminal, and give the answer; '' at the end of input."""
    tell(f"{printable(question)} ")
    # Not as input() asks, which writes to stdout where that is no terminal.
    given = os.read(sys.stdin.fileno(), _ANSWER)
    if not given:
        tell("\n")
    check_words([answer := given.decode("utf-8", "replace").strip()])
    return printable(answer)


def _speak(level: int, event: str, message: str, fields: dict[str, Any]) -> None:
    if running.is_json:
        _log(level, event, message, fields)
    else:
        tell(f"asnrules: {printable(message)}\n")


def _seconds() -> float:
    return round(time.monotonic() - running.started, 3)


def _log(level: int, event: str, message: str, fields: dict[str, Any]) -> None:
    import logging

    logging.getLogger(__name__).log(level, message, extra={"event": event, "fields": fields})


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that draws a progress bar once work takes long; None without a terminal.

    It is called with the stage of work, how much is done and how much there is.
    """
    # A terminal that cannot go back on its line could only be filled with bars.
    is_unseen = running.is_json or not sys.stderr.isatty()
    if is_unseen or os.environ.get("TERM", "dumb") == "dumb":
        yield None
        return
    started = time.monotonic()
    bar = None
    drawn = 0.0
    tasks: dict[str, Any] = {}

    def show(stage: str, done: int, total: int) -> None:
        nonlocal bar, drawn
        if bar is None:
            if time.monotonic() - started < _PATIENCE:
                return
            from rich.console import Console
            from rich.progress import Progress

            # Drawn here and not by a thread: beside a thread no process can be forked.
            bar = Progress(console=Console(stderr=True), transient=True, auto_refresh=False)
            bar.start()
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done, total=total)
        if time.monotonic() - drawn >= _EVERY:
            bar.refresh()
            drawn = time.monotonic()

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()
