"""The log as JSON: the standard library's logging, with a formatter of ours.

structlog would do it as well, for a dependency more and an import of its own; logging is there
whenever SQLAlchemy is.
"""

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

BUG = 1
"""The exit code after an error that nobody has foreseen, as Python has it."""


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object in one line of ASCII.

    Parameters
    ----------
    common : mapping
        What every line has; looked at anew for each.
    """

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
        # In ASCII, whatever the encoding of stderr; JSON lets DEL through, which is ASCII too.
        return json.dumps(line, default=str).replace("\x7f", "\\u007f")


class _Stream(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of logging
        """Lose the line: stderr is the only place where it could be said that there is none."""


class _Written(io.TextIOBase):
    """Takes what others write to stderr, and logs it line by line."""

    def __init__(self) -> None:
        self._begun = ""

    def write(self, text: str) -> int:
        """Log the lines that are whole."""
        *lines, self._begun = f"{self._begun}{text}".split("\n")
        for line in filter(None, lines):
            logging.getLogger("stderr").warning(line)
        return len(text)


@contextmanager
def installed(common: Mapping[str, Any]) -> Iterator[None]:
    """Have stderr hold nothing but JSON: what is logged, warned of, or written there.

    An error that nobody has foreseen is one line as well, with its traceback in it.
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
        # Unforeseen, so that nothing is known of it but where it was.
        message = f"a bug in asnrules: {type(error).__name__}: {error}"
        ours.exception(message, extra={"event": "error", "fields": {"exit_code": BUG}})
        sys.exit(BUG)
    finally:
        sys.stderr = stderr
        logging.captureWarnings(False)
        ours.setLevel(logging.NOTSET)
        root.removeHandler(handler)
