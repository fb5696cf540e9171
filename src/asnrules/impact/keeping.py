"""Keep a report as a file."""

from __future__ import annotations

import json
from pathlib import Path

from asnrules.impact.report import Impact
from asnrules.util.atomic_files import whole_file


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
    with whole_file(path, mend="name another file") as stream:
        text = json.dumps(impact.document(), ensure_ascii=False, indent=2)
        stream.write(text.encode() + b"\n")
