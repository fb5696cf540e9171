"""The process that a command runs in: signals, standard streams, and the format of stderr.

It imports next to nothing, as all of this has to be settled before anything else is imported.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# The module typing would be imported before Ctrl-C is handled.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import IO, Any

INTERRUPTED = 130  # The exit code after Ctrl-C, as shells have it
_GRACE = 5.0  # Seconds in which another signal is ignored, as it would only cut off the clean-up
_HOW = {
    getattr(signal, name): how
    for name, how in (("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "hung up"))
    if hasattr(signal, name)
}
_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)

# ------------------------------------------------------------------------- signals


class _LastSignal:
    number = int(signal.SIGINT)
    moment = -_GRACE


def stopped() -> tuple[str, int]:
    """Say how the command was stopped, and give its exit code."""
    # An interrupt within an exec, such as that of a named tuple, would end the process by the
    # signal in spite of its exit code: Python remembers it until it evaluates text again.
    eval("None")  # noqa: S307
    return _HOW[signal.Signals(_LastSignal.number)], 128 + _LastSignal.number


def end_plainly() -> None:
    """Have Ctrl-C end the process with one line: while modules are imported, nothing is undone."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _exit)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Have the signals that end programs raise a KeyboardInterrupt, once.

    A signal that is ignored, as under nohup, or that the caller handles, is left as it is.
    """
    former = {}
    # Only the main thread may handle signals.
    with suppress(ValueError):
        for one in _HOW:
            if (handler := signal.getsignal(one)) in (*_DEFAULTS, _exit):
                former[one] = handler
                signal.signal(one, _stop)
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)


def ignore_signals() -> None:
    """Have nothing cut off a program that has said all it had to say."""
    for one in _HOW:
        signal.signal(one, signal.SIG_IGN)


def _stop(number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if now - _LastSignal.moment < _GRACE:
        return
    _LastSignal.number, _LastSignal.moment = number, now
    raise KeyboardInterrupt


def _exit(_number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, interrupted_line(INTERRUPTED))
    os._exit(INTERRUPTED)


# ------------------------------------------------------------------------- the format of stderr

LOG_FORMAT_VARIABLE = "ASNRULES_LOG_FORMAT"
_LOG_FORMAT_OPTION = "--log-format"


def wants_json() -> bool:
    """Tell whether the command line, or else the environment, asks for JSON on stderr.

    The option stands before the command. Whether its value is valid is for its parser to say.
    """
    chosen = os.environ.get(LOG_FORMAT_VARIABLE)
    words = iter(sys.argv[1:])
    for word in words:
        if not word.startswith("-"):
            break
        name, separator, value = word.partition("=")
        if name in {_LOG_FORMAT_OPTION, "--database"} and not separator:
            value = next(words, "")
        if name == _LOG_FORMAT_OPTION:
            chosen = value
    return chosen == "json"


def interrupted_line(code: int) -> bytes:
    """Give the line for an interrupt while modules are imported, so without any of them."""
    if not wants_json():
        return b"asnrules: interrupted\n"
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return (
        f'{{"time": "{moment}", "level": "error", "event": "error", "message": "interrupted", '
        f'"exit_code": {code}}}\n'
    ).encode()


# ------------------------------------------------------------------------- standard streams


def open_closed_streams() -> None:
    """Take the places of standard streams that were closed when the program was started.

    Otherwise the next file to be opened, a database for one, gets the place, and what is written
    to the stream. Standard input is empty then, standard output refuses what is written, so that a
    command says that its output is lost, and standard error loses it.
    """
    modes = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))
    for number, (name, mode) in enumerate(modes):
        if getattr(sys, name) is not None:
            continue
        found = os.open(os.devnull, mode)
        if found != number:
            os.dup2(found, number)
            os.close(found)
        setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115


def tell(text: str) -> None:
    """Write to standard error; if it cannot be written, the command goes on."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        discard(sys.stderr)


def flush_streams() -> None:
    """Write the buffers, so that Python does not fail on them as it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            discard(stream)


def discard(stream: IO[Any]) -> None:
    """Discard the buffer of a stream, and everything written to it from now on."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        # A stream of the caller, or one that is closed.
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
