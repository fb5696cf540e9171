"""The command line: each command parses, calls one library function, prints.

A command imports what it needs when it runs, so that a look-up waits for nothing else.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and turn our errors into one line and an exit code."""
    from asnrules.cli.app import app
    from asnrules.cli.output import printable
    from asnrules.errors import AsnrulesError

    try:
        app(prog_name="asnrules")
    except AsnrulesError as error:
        sys.stderr.write(f"asnrules: {printable(str(error))}\n")
        sys.exit(error.exit_code)
