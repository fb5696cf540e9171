"""Standard streams that are closed, full, or read by nobody any more."""

from __future__ import annotations

import os
import sys
from typing import IO, Any

_PLACES = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))


def open_closed() -> None:
    """Take the places of standard streams that were closed when the program was started.

    The next file to be opened would get the place, a database for one, and what is written to the
    stream would go there. Standard input is empty then, standard output refuses what is written
    to it, so that a command whose output is lost says so, and standard error loses it.
    """
    for number, (name, mode) in enumerate(_PLACES):
        if getattr(sys, name) is not None:
            continue
        found = os.open(os.devnull, mode)
        if found != number:
            os.dup2(found, number)
            os.close(found)
        setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def tell(text: str) -> None:
    """Write to standard error; where nobody can be told, the command goes on."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        discard(sys.stderr)


def settle() -> None:
    """Write what is left in the buffers, so that Python has nothing to fail with as it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            discard(stream)


def discard(stream: IO[Any]) -> None:
    """Lose what is left in the buffer of a stream, and whatever is written to it."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        # A stream of the program that called, or one that is closed.
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
