"""Whether the log is JSON: known before anything can go wrong, so that no line is anything else."""

from __future__ import annotations

import os
import sys
import time

VARIABLE = "ASNRULES_LOG_FORMAT"
JSON = "json"
_OPTION = "--log-format"
_WITH_VALUE = frozenset({_OPTION, "--database"})


def wants_json() -> bool:
    """Tell whether the command line, or else the environment, asks for JSON.

    The option is among the words before the command. Whether its value is one that there is, the
    parser of options says later.
    """
    chosen = os.environ.get(VARIABLE)
    words = iter(sys.argv[1:])
    for word in words:
        if not word.startswith("-"):
            break
        name, separator, value = word.partition("=")
        if name in _WITH_VALUE and not separator:
            value = next(words, "")
        if name == _OPTION:
            chosen = value
    return chosen == JSON


def interrupted_line(code: int) -> bytes:
    """Give the line for an interrupt while modules are being imported, so made without any."""
    if not wants_json():
        return b"asnrules: interrupted\n"
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return (
        f'{{"time": "{moment}", "level": "error", "event": "error", "message": "interrupted", '
        f'"exit_code": {code}}}\n'
    ).encode()
