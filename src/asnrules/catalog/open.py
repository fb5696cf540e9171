"""Open the catalog's database: made, migrated and seeded where that is allowed.

An SQLite file is looked after by whichever command opens it. A PostgreSQL database is changed
by `asnrules db upgrade` only.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from asnrules.database import migrations
from asnrules.database.engines import (
    database_url,
    make_parent_folder,
    open_engine,
    read_only,
    shown_url,
    transaction,
)
from asnrules.database.locks import take_schema
from asnrules.database.schema.catalog import rulesets
from asnrules.errors import DatabaseError
from asnrules.util.environment import paused_collector, shipped

_log = logging.getLogger(__name__)


def open_catalog(database: str | None = None, *, writing: bool = False) -> Engine:
    """Open the catalog; see `database_url` for what names it.

    Its schema is the one of this program, with the shipped rulesets. One that a newer program has
    made can be read as far as this one understands it, and is never written.

    Raises
    ------
    UsageError
        If the database is named in a way that is not understood.
    DatabaseError
        If it cannot be reached, or its schema is unknown, or older (PostgreSQL), or newer and it
        is to be written.
    """
    engine = connect_catalog(database)
    with transaction(engine) as connection:
        revision = migrations.current_revision(connection)
        is_ready = revision == migrations.HEAD and not _missing_seeds(connection)
    if is_ready:
        return engine
    _refuse_unknown(engine, revision)
    if migrations.is_newer(revision or ""):
        if writing:
            _refuse_newer(engine, revision)
        read_only(engine)
    elif engine.dialect.name == "sqlite":
        upgrade_catalog(engine)
    else:
        lacks = _state(revision) if revision != migrations.HEAD else "it lacks shipped rulesets"
        raise DatabaseError(f"{shown_url(engine.url)}: {lacks}; run asnrules db upgrade")
    return engine


def open_record(database: str | None = None) -> Engine:
    """Open the catalog as it is, without restoring anything, to verify it."""
    engine = connect_catalog(database)
    with transaction(engine) as connection:
        is_ready = migrations.current_revision(connection) == migrations.HEAD
    return engine if is_ready else open_catalog(database)


def connect_catalog(database: str | None = None) -> Engine:
    """Open the catalog's database as it is, whatever its schema; see `open_catalog`."""
    url = database_url(database)
    if url.get_backend_name() == "sqlite":
        make_parent_folder(url)
    return open_engine(url)


def upgrade_catalog(engine: Engine) -> tuple[str | None, str]:
    """Bring a database to the schema of this program and add the shipped rulesets it lacks.

    All of it is one transaction; of two processes, the second waits and finds it done.

    It gives the revisions before and after. It is a DatabaseError if the schema is newer than this
    program, or unknown.
    """
    with transaction(engine) as connection:
        # Before a writer leaves its marks on a file that is not ours.
        _refuse_unknown(engine, migrations.current_revision(connection))
    with transaction(engine, writing=True) as connection:
        take_schema(connection)
        before = migrations.current_revision(connection)
        _refuse_unknown(engine, before)
        if migrations.is_newer(before or ""):
            _refuse_newer(engine, before)
        if before != migrations.HEAD:
            migrations.upgrade(connection)
        added = _seed(connection)
    if added or before != migrations.HEAD:
        fields = {"before": before, "after": migrations.HEAD, "rulesets": added}
        _log.info("the database is upgraded", extra={"event": "upgraded", "fields": fields})
    return before, migrations.HEAD


def check_catalog(engine: Engine) -> list[str]:
    """Look for what is wrong with a database; give a line for each finding."""
    from asnrules.catalog import store
    from asnrules.catalog.entries import changed_rulesets
    from asnrules.database.guards import missing_guards

    with transaction(engine) as connection:
        revision = migrations.current_revision(connection)
        if revision != migrations.HEAD:
            return [f"{_state(revision)}; this program works with {migrations.HEAD}"]
        findings = [*migrations.schema_differences(connection), *missing_guards(connection)]
        keys = store.ruleset_ids(connection)
        stored = store.stored_rows(connection, keys.values())
        findings += [
            f"ruleset {label}: its rows do not match its checksum"
            for label, key in sorted(keys.items())
            if stored[key].checksums() != store.stored_checksums(connection, key)
        ]
        findings += [
            f"ruleset {label}: its title, source, dates or files are not those that were published"
            for label in changed_rulesets(connection)
        ]
    return findings


def _state(revision: str | None) -> str:
    if revision is None:
        return "no catalog yet"
    return describe_unknown(revision) or f"its schema is {revision}"


def describe_unknown(revision: str | None) -> str | None:
    """Say that a schema is neither one of this program nor of a newer one; None if it is."""
    if revision is None or revision == migrations.HEAD or migrations.is_newer(revision):
        return None
    if revision == migrations.UNNAMED:
        return "its schema is unknown, as it holds tables and says no version of them"
    # The migrations are looked at last, as that takes alembic.
    if migrations.is_known(revision):
        return None
    # Anything may stand there.
    return f"its schema is unknown: its version is said to be {revision[:40]!r}"


def _refuse_unknown(engine: Engine, revision: str | None) -> None:
    if unknown := describe_unknown(revision):
        raise DatabaseError(
            f"{shown_url(engine.url)}: {unknown}; name another with --database, or restore this "
            "one from a backup"
        )


def _refuse_newer(engine: Engine, revision: str | None) -> None:
    raise DatabaseError(
        f"{shown_url(engine.url)}: its schema, {revision}, is newer than this program, which may "
        "read it but not write it; upgrade asnrules"
    )


def _seed_folders() -> dict[str, Path]:
    return {path.name: path for path in (shipped("seed") / "rulesets").iterdir() if path.is_dir()}


def _missing_seeds(connection: Connection) -> set[str]:
    return set(_seed_folders()) - set(connection.scalars(select(rulesets.c.label)))


def _seed(connection: Connection) -> list[str]:
    """Publish the shipped rulesets that the catalog does not have; give their labels."""
    from asnrules.catalog import store
    from asnrules.catalog.vocabulary import seed_vocabulary
    from asnrules.rules.model import AnyRuleset
    from asnrules.rules.read import RulesetReader

    seed_vocabulary(connection)
    folders = _seed_folders()
    reader = RulesetReader()
    with paused_collector():
        waiting = {
            label: reader.read(folders[label]) for label in sorted(_missing_seeds(connection))
        }
        added: list[AnyRuleset] = []
        while waiting:
            # A ruleset comes after those that it implements and extends.
            ruleset = next(
                one
                for one in waiting.values()
                if waiting.keys().isdisjoint((one.implements, one.extends))
            )
            del waiting[ruleset.label]
            added.append(ruleset)
        if added:
            drafts = store.insert_drafts(connection, added)
            store.publish(connection, drafts, dt.datetime.now(dt.UTC))
    return [ruleset.label for ruleset in added]
