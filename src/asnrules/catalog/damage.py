"""Tell a damaged database file from a bug, once something has gone wrong that nobody foresaw."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from asnrules.audit.verify import verify
from asnrules.catalog.opening import check_catalog
from asnrules.database.engines import database_url, open_engine, shown_url
from asnrules.database.places import reading_uri
from asnrules.errors import AsnrulesError, DatabaseError

_MEND = "the file is damaged; restore it from a backup, docs/operations.md tells how"


def damage_of(database: str | None) -> DatabaseError | None:
    """Look for damage of an SQLite file: of its pages, its schema, its rulesets, its record.

    Parameters
    ----------
    database : str or None
        As `open_catalog` takes it.

    Returns
    -------
    DatabaseError or None
        What is wrong with it; None if nothing is, or it is no SQLite file.
    """
    try:
        url = database_url(database)
    except AsnrulesError:
        return None
    if url.get_backend_name() != "sqlite":
        return None
    found = _damaged_pages(url.database or "")
    if found is None:
        engine = open_engine(url)
        try:
            findings = [*check_catalog(engine), *(one.finding for one in verify(engine).findings)]
            found = findings[0] if findings else None
        except Exception as error:
            # Whatever such a file makes the checks stumble over is the damage.
            found = type(error).__name__
        finally:
            engine.dispose()
    return DatabaseError(f"{shown_url(url)}: {found}; {_MEND}") if found else None


def _damaged_pages(path: str) -> str | None:
    try:
        with closing(sqlite3.connect(reading_uri(Path(path)), uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return " ".join(str(error).split())
    return None if found == "ok" else " ".join(str(found).split())
