"""The log on stderr as JSON Lines, made by the standard library's logging."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

OURS = "asnrules"

BUG = 1  # The exit code after an unexpected error, as Python has it


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of ASCII: a JSON object with what is common to all lines."""

    def __init__(self, common: Mapping[str, Any]) -> None:
        super().__init__()
        self._common = common

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "log"),
            "message": record.getMessage(),
            **self._common,
            **getattr(record, "fields", {}),
        }
        if record.name.split(".")[0] != OURS:
            line["logger"] = record.name
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # JSON lets DEL through, which is ASCII too.
        return json.dumps(line, default=str).replace("\x7f", "\\u007f")


class _Stream(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of logging
        """Lose the line: there is no other place to report it."""


class _Written(io.TextIOBase):
    """Logs line by line what others write to stderr."""

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = f"{self._begun}{text}".split("\n")
        for line in filter(None, lines):
            logging.getLogger("stderr").warning(line)
        return len(text)


@contextmanager
def installed(common: Mapping[str, Any]) -> Iterator[None]:
    """Have stderr hold nothing but JSON: what is logged, warned of, or written there.

    An unexpected error is one line as well, with its traceback in it.
    """
    stderr = sys.stderr
    handler = _Stream(stderr)
    handler.setFormatter(JsonFormatter(common))
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    root.addHandler(handler)
    ours.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.stderr = cast("TextIO", _Written())
    try:
        yield
    except Exception as error:
        message = f"a bug in asnrules: {type(error).__name__}: {error}"
        ours.exception(message, extra={"event": "error", "fields": {"exit_code": BUG}})
        sys.exit(BUG)
    finally:
        sys.stderr = stderr
        logging.captureWarnings(False)
        ours.setLevel(logging.NOTSET)
        root.removeHandler(handler)
