"""Where a database is, as far as that can be told without connecting to one."""

from __future__ import annotations

import re
from pathlib import Path

from asnrules.errors import UsageError


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
        raise UsageError("there is no home folder; name a database with --database") from error
    if not folder.is_absolute() or str(folder).startswith("~"):
        raise UsageError("there is no home folder; name a database with --database")
    return folder / "asnrules.db"


def is_url(database: str) -> bool:
    """Tell an SQLAlchemy URL from the path of an SQLite file."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+]*://", database) is not None
