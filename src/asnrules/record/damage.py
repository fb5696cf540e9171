"""Tell a database that was damaged or changed from a bug, once something has gone wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from asnrules.catalog.open import check_catalog
from asnrules.database.engines import DAMAGED, database_url, open_engine, shown_url
from asnrules.database.names import reading_uri
from asnrules.errors import AsnrulesError, DatabaseError
from asnrules.record.verify import verify


def damage_of(database: str | None) -> DatabaseError | None:
    """Look for what keeps a command from reading a database: damage, or a changed value.

    What is wrong with it is told in one line; it is None if nothing is, or there is no database.
    """
    try:
        url = database_url(database)
        if url.get_backend_name() == "sqlite" and (found := _damaged_pages(url)):
            return DatabaseError(f"{shown_url(url)}: {found}; {DAMAGED}")
        engine = open_engine(url)
    except AsnrulesError:
        return None
    try:
        found = _changed(engine)
    except Exception as error:
        if url.get_backend_name() != "sqlite":
            return None
        # Whatever such a file makes the checks stumble over is the damage.
        return DatabaseError(f"{shown_url(url)}: {type(error).__name__}; {DAMAGED}")
    finally:
        engine.dispose()
    return DatabaseError(f"{shown_url(url)}: {found}") if found else None


def _damaged_pages(url: URL) -> str | None:
    path = Path(url.database or "")
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(reading_uri(path), uri=True)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        return " ".join(str(error).split())
    return None if found == "ok" else " ".join(str(found).split())


def _changed(engine: Engine) -> str | None:
    """Say what was changed of the record or the rulesets, or else of the schema."""
    findings = verify(engine).findings
    if findings:
        # What cannot be read is what stood in the way, if there is any.
        first = next((one for one in findings if one.column is not None), findings[0])
        return (
            f"the database was changed by other means than asnrules: "
            f"{first.words()}; asnrules audit verify lists all ({len(findings)})"
        )
    if wrong := check_catalog(engine):
        return f"{wrong[0]}; asnrules db check lists all ({len(wrong)})"
    return None
