"""A progress bar on stderr, on a terminal, for what takes longer than a moment."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asnrules.cli import messages

_PATIENCE = 1.0
"""Seconds before a bar appears."""

_EVERY = 0.1
"""Seconds between two drawings."""


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function to be told the stage, what is done and all there is; None if nobody looks."""
    # A terminal that cannot go back on its line could only be filled with bars.
    is_told = messages.is_json() or not sys.stderr.isatty()
    if is_told or os.environ.get("TERM", "dumb") == "dumb":
        yield None
        return
    started = time.monotonic()
    bar = None
    drawn = 0.0
    tasks: dict[str, object] = {}

    def show(stage: str, done: int, total: int) -> None:
        nonlocal bar, drawn
        if bar is None:
            if time.monotonic() - started < _PATIENCE:
                return
            from rich.console import Console
            from rich.progress import Progress

            # Drawn here and not by a thread of its own: beside one, no process can be forked.
            bar = Progress(console=Console(stderr=True), transient=True, auto_refresh=False)
            bar.start()
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]
        if time.monotonic() - drawn >= _EVERY:
            bar.refresh()
            drawn = time.monotonic()

    try:
        yield show
    finally:
        if bar is not None:
            bar.stop()
