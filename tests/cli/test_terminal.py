"""What a terminal gets, and what a pipe: no colour codes but in a progress bar on a terminal."""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Callable

import pytest

from cli.conftest import Process
from cli.terminals import all_shown

COLOUR = re.compile(rb"\x1b\[[0-9;:]*m")

BAR = """
from asnrules.cli import messages
messages._PATIENCE = -1
with messages.progress_bar() as show:
    for done in range(3):
        if show:
            show("stage", done, 2)
"""
TABLE = ["-m", "asnrules", "lookup", "NRS_IFU"]
HELP = ["-m", "asnrules", "audit", "--help"]
ERROR = ["-m", "asnrules", "lookup", "NRS_IFUU"]
WRONG_USE = ["-m", "asnrules", "lookup", "--nothing"]


@pytest.fixture
def terminal(kept_file: str) -> Callable[..., bytes]:
    """Give a function that runs Python on a terminal, and gives all that is printed there."""

    def run(*arguments: str, **environment: str) -> bytes:
        variables = {**os.environ, "ASNRULES_DATABASE": kept_file, "TERM": "xterm-256color"}
        for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
            variables.pop(name, None)
        child, terminal = pty.fork()
        if child == 0:
            os.execve(sys.executable, [sys.executable, *arguments], {**variables, **environment})
        printed = all_shown(terminal)
        os.waitpid(child, 0)
        return printed

    return run


@pytest.mark.parametrize("arguments", [TABLE, HELP, ERROR, WRONG_USE])
def test_no_colours_where_none_help(terminal: Callable[..., bytes], arguments: list[str]) -> None:
    printed = terminal(*arguments)
    assert b"NRS_IFU" in printed or b"asnrules" in printed
    assert b"\x1b" not in printed


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_table_fits_the_terminal(terminal: Callable[..., bytes], width: int) -> None:
    lines = terminal("-m", "asnrules", "lookup", "NRS", COLUMNS=str(width)).decode().splitlines()
    assert max(map(len, lines)) <= width
    assert any("NRS_IFU" in line for line in lines)


def test_a_progress_bar_has_colours(terminal: Callable[..., bytes]) -> None:
    printed = terminal("-c", BAR)
    assert b"stage" in printed
    assert COLOUR.search(printed)


@pytest.mark.parametrize("more", [{}, {"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}])
def test_no_color_leaves_them_out(terminal: Callable[..., bytes], more: dict[str, str]) -> None:
    printed = terminal("-c", BAR, NO_COLOR="1", **more)
    assert b"stage" in printed
    assert COLOUR.search(printed) is None


def test_a_dumb_terminal_gets_no_bar(terminal: Callable[..., bytes]) -> None:
    assert terminal("-c", BAR, TERM="dumb") == b""


@pytest.mark.parametrize("arguments", [TABLE, HELP, ERROR])
def test_no_codes_in_a_pipe_whatever_is_forced(process: Process, arguments: list[str]) -> None:
    result = process(*arguments[2:], NO_COLOR=None, FORCE_COLOR="1", CLICOLOR_FORCE="1")
    assert "\x1b" not in result.out + result.err
