"""The command line: each command parses, calls one library function, prints.

A command imports what it needs when it runs, so that a look-up waits for nothing else.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import cast

import typer
from typer.core import TyperGroup

from asnrules.cli import completion, messages
from asnrules.cli.help import App, path_of
from asnrules.database.names import check_words
from asnrules.errors import AsnrulesError
from asnrules.util.process import (
    INTERRUPTED,
    discard,
    flush_streams,
    open_closed_streams,
    orderly_end,
    stopped,
    tell,
)

LISTED = {
    "EXP_TYPE": ["asnrules lookup lists them"],
    "LABEL": ["asnrules rulesets list lists them"],
    "DRAFT": ["asnrules rulesets list lists them"],
    "RUN": ["asnrules audit runs lists them"],
}
"""Where to find what an argument takes."""

BEFORE = {"--database": "--database URL", "--log-format": "--log-format FORMAT"}
"""The options that all commands share, as they are written."""


def main() -> None:
    """Run the command line, and turn errors into one line and an exit code."""
    open_closed_streams()
    from asnrules.cli.app import app

    if completion.VARIABLE in os.environ:
        root = cast("TyperGroup", typer.main.get_command(app))
        with contextlib.suppress(OSError):
            sys.stdout.write(completion.answer(root, os.environ[completion.VARIABLE], sys.argv[1:]))
        flush_streams()
        return
    with messages.speaking():
        try:
            with orderly_end():
                code = _run(app)
        except KeyboardInterrupt:
            code = _interrupted()
    flush_streams()
    sys.exit(code)


def _run(app: App) -> int:
    # The base of typer's own errors, which it does not export by name.
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the terminal's encoding lacks is escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        check_words(sys.argv[1:])
        called = app.narrowed(sys.argv[1:], BEFORE)
        code = called(prog_name="asnrules", standalone_mode=False)
        sys.stdout.flush()
        # typer catches an interrupt itself.
        return _interrupted() if code == INTERRUPTED else messages.ended(code)
    except AsnrulesError as error:
        for detail in error.details:
            messages.refuse(detail)
        return messages.fail(str(error), error.exit_code)
    except usage_error as error:
        return _usage(error)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except SystemExit as error:
        # typer ends the program where nobody reads the output any more.
        if not isinstance(error.__context__, BrokenPipeError):
            raise
        return _unread()
    except OSError as error:
        # What is left in the buffer would fail again when Python closes the stream.
        discard(sys.stdout)
        if isinstance(error, BrokenPipeError):
            return _unread()
        return messages.fail(f"the output cannot be written: {error.strerror}", 2)
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> int:
    """End with what is wrong with the database, if it is damaged; otherwise it is a bug."""
    from asnrules.record.damage import damage_of

    # What cannot be decoded comes from the shell as lone surrogates; no database takes them.
    is_no_text = isinstance(error, UnicodeEncodeError)
    is_given = is_no_text and any(re.search("[\ud800-\udfff]", word) for word in sys.argv)
    may_be_damaged = messages.running.has_database and not is_given
    if may_be_damaged and (found := damage_of(messages.running.database)):
        return messages.fail(str(found), found.exit_code)
    if isinstance(error, UnicodeEncodeError):
        text = ascii(error.object)[:80]
        return messages.fail(f"{text}: this is no UTF-8 text; write it in UTF-8", 2)
    raise error


def _unread() -> int:
    """End a command whose output nobody reads: with an error only if it has changed something."""
    if messages.running.kept:
        return messages.fail("the output cannot be written: nobody reads it", 2)
    return messages.ended(0)


def _interrupted() -> int:
    how, code = stopped()
    undone = "" if messages.running.kept else "; what was not finished is undone"
    return messages.fail(f"{how}{undone}", code)


def _usage(error: typer.BadParameter) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        if messages.running.is_json:
            return messages.fail("no command is given; see asnrules --help", 2)
        tell(f"{error.format_message()}\n")
        return 2
    if error.ctx is not None and (command := path_of(error.ctx)):
        messages.running.common["command"] = command
    message = " ".join(error.format_message().split()).rstrip(".")
    return messages.fail(f"{message}; {_next_step(error)}", 2)


def _next_step(error: typer.BadParameter) -> str:
    """Say what to do about a wrong use."""
    if (option := getattr(error, "option_name", None)) in BEFORE:
        return f"it comes before the command, asnrules {BEFORE[option]} COMMAND"
    taken = str(getattr(error.param, "metavar", "")).strip("[].") if hasattr(error, "param") else ""
    command = error.ctx.command_path if error.ctx else "asnrules"
    return "; ".join([*LISTED.get(taken, ()), f"see {command} --help"])
