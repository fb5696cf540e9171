"""The progress bar: drawn on a terminal only, and without a thread."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from asnrules.cli import messages
from asnrules.cli.messages import progress_bar
from cli.terminals import all_shown


def test_a_bar_shows_stage_and_share(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(messages, "_PATIENCE", 0)
    before = threading.enumerate()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress_bar() as show:
            assert show is not None
            show("candidates", 1, 4)
            # Beside a thread, no process could be forked to share the work.
            assert set(threading.enumerate()) <= set(before)
    shown = all_shown(ours).decode()
    assert "candidates" in shown
    assert "25%" in shown


def test_nothing_is_shown_where_nobody_looks() -> None:
    with progress_bar() as show:
        assert show is None
