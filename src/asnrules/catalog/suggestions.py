"""Words for completion: EXP_TYPEs, labels of rulesets, numbers of runs and others.

A shell asks while the user is typing, so this is quick, quiet, and changes nothing. It reads the
database as it is, if there is one, without SQLAlchemy, whose import takes longer than all the
rest; what it cannot read there it takes from the shipped files.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import tomllib
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from asnrules.database.names import check_name, default_path, is_url, reading_uri
from asnrules.util.environment import shipped

MOST = 200
"""How many runs are suggested at most."""

_WIDEST = 70
"""Letters of a note."""

_SECONDS = 0.2
"""How long to wait for another process that writes to an SQLite file."""

_CONNECT_SECONDS = 2
"""The shortest that PostgreSQL's library waits for a server."""

_POSTGRESQL = b"""
    SET TimeZone = 'UTC'; SET statement_timeout = '1s'; SET default_transaction_read_only = on
"""

_WORDS = {
    "exp_types": "SELECT exp_type, instrument FROM exp_types ORDER BY exp_type",
    "instruments": "SELECT instrument, NULL FROM instruments ORDER BY instrument",
    "member_types": "SELECT member_type, description FROM member_types ORDER BY member_type",
    "specials": "SELECT special, keyword FROM specials ORDER BY position",
    "asn_types": "SELECT asn_type, pipeline FROM asn_types ORDER BY asn_type",
    "keywords": "SELECT keyword, description FROM keywords ORDER BY keyword",
}

_RULESETS = "SELECT ruleset, kind, status, title FROM v_rulesets ORDER BY kind DESC, ruleset"

_RUNS = f"""
    SELECT r.run_id, r.started_at, r.origin, p.name
    FROM runs r LEFT JOIN run_pools p ON p.run_id = r.run_id AND p.position = 1
    WHERE CAST(r.run_id AS TEXT) LIKE ? ORDER BY r.run_id DESC LIMIT {MOST}
"""  # noqa: S608 (a number of ours)


Suggestion = tuple[str, str]
"""A word, and what there is to say about it; '' for nothing."""


def words(database: str | None, name: str) -> list[Suggestion]:
    """Give the words of a table of the vocabulary; the database is as `open_catalog` takes it."""
    rows = _rows(database, _WORDS[name]) or _shipped_words(name)
    return _suggested((word, note or "") for word, note in rows)


def rulesets(
    database: str | None, *, kind: str | None = None, status: str | None = None
) -> list[Suggestion]:
    """Give the labels of rulesets, of a kind or status if one is named."""
    rows = _rows(database, _RULESETS) or _shipped_rulesets()
    return _suggested(
        (label, f"draft: {title}" if its_status == "draft" else title)
        for label, its_kind, its_status, title in rows
        if kind in {None, its_kind} and status in {None, its_status}
    )


def runs(database: str | None, start: str = "") -> list[Suggestion]:
    """Give the numbers of runs that start with some digits, the latest run first."""
    if not re.fullmatch("[0-9]*", start):
        return []
    return _suggested(
        (str(run_id), f"{str(started_at)[:19].replace('T', ' ')} {pool or origin}")
        for run_id, started_at, origin, pool in _rows(database, _RUNS, (f"{start}%",))
    )


def _suggested(pairs: Iterable[tuple[str, str]]) -> list[Suggestion]:
    """Leave out what a shell would not take as one word, and unprintable characters of notes."""
    return [
        (word, "".join(char for char in note if char.isprintable())[:_WIDEST])
        for word, note in pairs
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+/-]*", word)
    ]


def _rows(
    database: str | None, statement: str, values: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Ask the database; nothing where it is not there, not ours, or not to be read now."""
    try:
        name = check_name(database) if database else str(default_path())
        if is_url(name) and not name.startswith("sqlite"):
            return _postgresql_rows(name, statement, values)
        return _sqlite_rows(Path(re.sub(r"^sqlite(\+\w+)?:///", "", name)), statement, values)
    except Exception:
        return []


def _sqlite_rows(path: Path, statement: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    if not path.is_file():
        return []
    with closing(sqlite3.connect(reading_uri(path), uri=True, timeout=_SECONDS)) as connection:
        return connection.execute(statement, values).fetchall()


def _postgresql_rows(url: str, statement: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
    import psycopg

    conninfo = re.sub(r"^postgres(ql)?(\+\w+)?:", "postgresql:", url)
    with psycopg.connect(conninfo, connect_timeout=_CONNECT_SECONDS) as connection:
        connection.execute(_POSTGRESQL)
        return connection.execute(statement.replace("?", "%s").encode(), values).fetchall()


def _shipped_words(name: str) -> list[tuple[str, str]]:
    with (shipped("seed") / "vocabulary" / f"{name}.csv").open(encoding="utf-8") as stream:
        rows = [list(row) for row in csv.reader(stream)]
    return [(row[0], row[1] if len(row) > 1 else "") for row in rows[1:]]


def _shipped_rulesets() -> list[tuple[str, str, str, str]]:
    found = []
    for path in sorted((shipped("seed") / "rulesets").glob("*/ruleset.toml")):
        header = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append((header["label"], header["kind"], "published", header["title"]))
    return sorted(found, key=lambda one: (one[1] != "table", one[0]))
