"""Ctrl-C while a command is still being imported, when there is nothing to undo."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from asnrules.cli.log_format import interrupted_line

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""


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
