"""Ctrl-C, and the signals by which a system ends programs.

While a command is still being imported, there is nothing to undo; afterwards all of them end it
by a KeyboardInterrupt, which undoes what was not finished.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from asnrules.cli.log_format import interrupted_line

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

_GRACE = 5.0
"""Seconds in which one more signal would only cut off what undoes things."""

_HOW = {
    getattr(signal, name): how
    for name, how in (
        ("SIGINT", "interrupted"), ("SIGTERM", "terminated"), ("SIGHUP", "hung up"),
    )
    if hasattr(signal, name)
}  # fmt: skip
_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


class _Stop:
    """The signal that came last, and when."""

    number = int(signal.SIGINT)
    moment = -_GRACE


def stopped() -> tuple[str, int]:
    """Say how the command was stopped, and give its exit code."""
    return _HOW[signal.Signals(_Stop.number)], 128 + _Stop.number


@contextmanager
def orderly_end() -> Iterator[None]:
    """Have a signal that ends programs raise a KeyboardInterrupt, once.

    One that is ignored, as under nohup, or that somebody else handles, is left as it is.
    """
    found = {one: signal.getsignal(one) for one in _HOW}
    ours = [one for one, handler in found.items() if handler in _DEFAULTS]
    try:
        for one in ours:
            signal.signal(one, _stop)
    except ValueError:
        # Only the main thread hears signals.
        yield
        return
    try:
        yield
    finally:
        for one in ours:
            signal.signal(one, found[one])


def _stop(number: int, _frame: FrameType | None) -> None:
    now = time.monotonic()
    if now - _Stop.moment < _GRACE:
        return
    _Stop.number, _Stop.moment = number, now
    raise KeyboardInterrupt


def ignore_signals() -> None:
    """Have nothing cut off a program that has said all it had to say."""
    for one in _HOW:
        signal.signal(one, signal.SIG_IGN)


@contextmanager
def plain_exit() -> Iterator[None]:
    """Have Ctrl-C end the process with one line, instead of an error wherever it happens to be."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    try:
        signal.signal(signal.SIGINT, _exit)
    except ValueError:
        # Only the main thread hears signals.
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _exit(_number: int, _frame: FrameType | None) -> None:
    with suppress(OSError):
        os.write(2, interrupted_line(INTERRUPTED))
    os._exit(INTERRUPTED)
