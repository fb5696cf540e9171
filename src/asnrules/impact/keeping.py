"""Keep a report as a file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from asnrules.errors import OutputError
from asnrules.impact.report import Impact


def keep_report(path: Path, impact: Impact) -> None:
    """Write a report as JSON; the file is there whole, or not at all.

    Parameters
    ----------
    path : Path
        The file; one that is there is not replaced.
    impact : Impact
        The report.

    Raises
    ------
    OutputError
        If the file is there already, or cannot be written.
    """
    if path.exists():
        raise OutputError(f"{path}: is there already; name another file")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8") as stream:
            json.dump(impact.document(), stream, ensure_ascii=False, indent=2)
            stream.write("\n")
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: {os.strerror(error.errno or 0)}; name another file") from error
    finally:
        beside.unlink(missing_ok=True)
