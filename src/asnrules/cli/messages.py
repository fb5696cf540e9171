"""What the program says on stderr: lines for people, or a log of JSON objects, one a line.

People are told what they have to know. The log has that too, and when a command began and ended,
what it recorded and what it upgraded.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from asnrules.cli.interrupts import plain_exit
from asnrules.cli.log_format import wants_json
from asnrules.cli.output import printable
from asnrules.cli.standard_streams import tell

_INFO, _WARNING, _ERROR = 20, 30, 40
"""The levels of the module logging, which is imported for JSON only."""


class _Process:
    """What is known of the command that runs."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        self.started = time.monotonic()
        self.common: dict[str, Any] = {}
        self.kept: list[str] = []
        self.has_database = False
        self.database: str | None = None


_process = _Process(is_json=False)


@contextmanager
def speaking() -> Iterator[None]:
    """Have the program speak as the command line or the environment asks for."""
    global _process
    _process = _Process(is_json=wants_json())
    if not _process.is_json:
        yield
        return
    with plain_exit():
        from asnrules.cli.json_log import installed

    with installed(_process.common):
        yield
    # Whoever calls main() from a program of their own gets the next message as people do.
    _process = _Process(is_json=False)


def is_json() -> bool:
    """Tell whether stderr is a log of JSON objects."""
    return _process.is_json


def has_database() -> bool:
    """Tell whether the command goes by a database."""
    return _process.has_database


def database() -> str | None:
    """Give the database that the command was told to use, as it was told."""
    return _process.database


def about(database: str | None) -> None:
    """Have the log name the database in every line, without its password."""
    _process.has_database, _process.database = True, database
    if _process.is_json:
        from asnrules.database.engines import database_url, shown_url
        from asnrules.errors import UsageError

        try:
            _process.common["database"] = shown_url(database_url(database))
        except UsageError:
            # The command says so itself.
            return


def named(command: str) -> None:
    """Have the log name the command in every line."""
    _process.common["command"] = command


def begun(command: str) -> None:
    """Note that a command begins, all its options understood."""
    named(command)
    note("started", f"{command} has started")


def ended(code: int | None) -> int:
    """Note that a command has ended in good order, whatever it found; give its exit code."""
    code = code or 0
    if command := _process.common.get("command"):
        note("finished", f"{command} has finished", exit_code=code, seconds=_seconds())
    return code


def note(event: str, message: str, **fields: Any) -> None:
    """Put something into the log that people see for themselves."""
    if _process.is_json:
        _log(_INFO, event, message, fields)


def keep(message: str) -> None:
    """Have whatever ends the command from now on say that something is done and stays."""
    _process.kept.append(message)


def has_kept() -> bool:
    """Tell whether something is done that stays."""
    return bool(_process.kept)


def say(message: str, **fields: Any) -> None:
    """Say what a command came to.

    Parameters
    ----------
    message : str
        For people, as it is.
    **fields : Any
        The numbers in it, for the log.
    """
    if _process.is_json:
        _log(_INFO, "summary", message, fields)
    else:
        tell(f"{message}\n")


def warn(message: str, **fields: Any) -> None:
    """Say something that whoever runs the command has to know; see `say`."""
    if _process.is_json:
        _log(_WARNING, "diagnostic", message, fields)
    else:
        tell(f"asnrules: {printable(message)}\n")


def refuse(message: str) -> None:
    """Say what is wrong with one of several things; the command goes on, or sums up."""
    if _process.is_json:
        _log(_ERROR, "refused", message, {})
    else:
        tell(f"asnrules: {printable(message)}\n")


def fail(message: str, code: int) -> int:
    """Say why the command ends with an error, and what stays all the same; give its exit code."""
    message = "; ".join([message, *_process.kept])
    if _process.is_json:
        _log(_ERROR, "error", message, {"exit_code": code, "seconds": _seconds()})
    else:
        tell(f"asnrules: {printable(message)}\n")
    return code


def _seconds() -> float:
    return round(time.monotonic() - _process.started, 3)


def _log(level: int, event: str, message: str, fields: dict[str, Any]) -> None:
    import logging

    logging.getLogger(__name__).log(level, message, extra={"event": event, "fields": fields})
