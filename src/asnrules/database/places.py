"""Where a database is, as far as that can be told without connecting to one."""

from __future__ import annotations

import os
from pathlib import Path

from asnrules.errors import UsageError

_HOMELESS = (
    "there is no home folder to keep the database in; name a file for it: "
    "asnrules --database FILE ..., or ASNRULES_DATABASE"
)


def default_path() -> Path:
    """Give the SQLite file that is used where no database is named.

    Raises
    ------
    UsageError
        If there is no home folder to put it in.
    """
    from platformdirs import user_data_path

    try:
        folder = user_data_path("asnrules", appauthor=False)
    except RuntimeError as error:
        raise UsageError(_HOMELESS) from error
    if not folder.is_absolute() or str(folder).startswith("~"):
        raise UsageError(_HOMELESS)
    return folder / "asnrules.db"


def reading_uri(path: Path) -> str:
    """Give the URI by which an SQLite file is opened to be read only."""
    # In WAL mode even a reader makes files beside it, unless the file is declared to stay as it is.
    return f"{path.absolute().as_uri()}?{'immutable=1' if is_fixed(path) else 'mode=ro'}"


def is_fixed(path: Path) -> bool:
    """Tell whether a file is there, all in it that was written, in a folder we cannot write to."""
    try:
        real = path.resolve()
        there = real.is_file() and not Path(f"{real}-wal").exists()
        return there and not os.access(real.parent, os.W_OK)
    except (OSError, ValueError):
        # SQLite will say what is wrong with it.
        return False
